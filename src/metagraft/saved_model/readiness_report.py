"""What `metagraft.check` found, in fields and in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

_SHOWN_NODES: Final = 3
_SHOWN_OUTPUTS: Final = 4
_SHOWN_REFUSALS: Final = 20


@dataclass(frozen=True, slots=True)
class MissingOp:
    """An op type that nothing here can run.

    Attributes:
        op_type: The op type.
        nodes: The names of its nodes; of those in functions, behind the function's.
        needed_by: The outputs that need one of them.
        origin: Where the op comes from, in words.
        signature: Its inputs, attributes and outputs, in one line.
        signature_source: Where the signature is from: `catalogue`, `file`, or `nodes`
            if it is guessed from what goes into them and comes out.
    """

    op_type: str
    nodes: tuple[str, ...]
    needed_by: tuple[str, ...]
    origin: str
    signature: str
    signature_source: str


@dataclass(frozen=True, slots=True)
class OutsideEffect:
    """An op type that reaches beyond the graph.

    Attributes:
        op_type: The op type.
        effect: What it does, such as `reads files`.
        nodes: The names of its nodes; of those in functions, behind the function's.
    """

    op_type: str
    effect: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A node that keeps its graph from being imported.

    Attributes:
        node: Its name; of one in a function, behind the function's.
        op_type: Its op type.
        reason: What is wrong with it.
    """

    node: str
    op_type: str
    reason: str


@dataclass(frozen=True, slots=True)
class GraphReadiness:
    """Whether one graph can run.

    Attributes:
        tags: The tags of the MetaGraph in its SavedModel.
        producer: The release of TensorFlow that wrote it; empty if it does not tell.
        node_count: The number of its nodes, those of functions included.
        op_types: Its op types, sorted.
        outputs: What is computed: outputs of signatures as `signature/output`, and
            without signatures the nodes whose results nothing else takes.
        missing: The op types that nothing here can run, sorted.
        refusals: The nodes that cannot be imported.
        effects: The op types that reach beyond the graph, sorted.
    """

    tags: tuple[str, ...]
    producer: str
    node_count: int
    op_types: tuple[str, ...]
    outputs: tuple[str, ...]
    missing: tuple[MissingOp, ...]
    refusals: tuple[Refusal, ...]
    effects: tuple[OutsideEffect, ...]

    @property
    def stopped_outputs(self) -> tuple[str, ...]:
        """The outputs that need an op that is missing."""
        stopped = {name for op in self.missing for name in op.needed_by}
        return tuple(name for name in self.outputs if name in stopped)

    @property
    def ready(self) -> bool:
        """Whether the graph can be imported and all outputs can be computed."""
        return not self.refusals and not self.stopped_outputs


@dataclass(frozen=True, slots=True, repr=False)
class ReadinessReport:
    """What `metagraft.check` found; `str` and `repr` tell it in words.

    Attributes:
        path: The file or, of a SavedModel, the folder.
        kind: `MetaGraph`, `GraphDef` or `SavedModel`.
        graphs: Its graphs: one but for SavedModels.
    """

    path: str
    kind: str
    graphs: tuple[GraphReadiness, ...]

    @property
    def ready(self) -> bool:
        """Whether all graphs are ready."""
        return all(graph.ready for graph in self.graphs)

    @property
    def missing(self) -> tuple[str, ...]:
        """The op types that nothing here can run, of all graphs, sorted."""
        return tuple(
            sorted({op.op_type for graph in self.graphs for op in graph.missing})
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the report as what JSON can hold."""
        found = asdict(self)
        for entry, graph in zip(found["graphs"], self.graphs, strict=True):
            entry["ready"] = graph.ready
        return {"ready": self.ready, **found}

    def __str__(self) -> str:
        """Return the report in words, at most some names of each kind."""
        return "\n".join(self.lines())

    __repr__ = __str__

    def lines(self, *, all_names: bool = False) -> Iterator[str]:
        """Yield the lines of the report.

        Args:
            all_names: Whether all nodes and outputs are named.
        """
        for graph in self.graphs:
            yield title(self, graph)
            yield verdict(graph)
            yield from map(printable, _details(graph, all_names))


def title(report: ReadinessReport, graph: GraphReadiness) -> str:
    """Return what a graph is, in one line."""
    tags = f" [{', '.join(graph.tags)}]" if graph.tags else ""
    origin = f" of TensorFlow {graph.producer}" if graph.producer else ""
    nodes = counted(graph.node_count, "node")
    op_types = counted(len(graph.op_types), "op type")
    text = f"{report.path}: {report.kind}{tags}{origin}, {nodes} of {op_types}"
    return printable(text)


def verdict(graph: GraphReadiness) -> str:
    """Return in one line whether a graph can run."""
    parts = []
    if graph.refusals:
        parts.append(f"{counted(len(graph.refusals), 'node')} cannot be imported")
    if graph.missing:
        verb = "has" if len(graph.missing) == 1 else "have"
        parts.append(f"{counted(len(graph.missing), 'op type')} {verb} no kernel")
        stopped, total = len(graph.stopped_outputs), len(graph.outputs)
        if stopped:
            parts.append(f"{stopped} of {counted(total, 'output')} cannot be computed")
        else:
            parts.append("no output needs it" if verb == "has" else "none is needed")
    if not parts:
        return "Ready: every op has a kernel."
    return f"{'Ready' if graph.ready else 'Not ready'}: {'; '.join(parts)}."


def _details(graph: GraphReadiness, all_names: bool) -> Iterator[str]:
    for op in graph.missing:
        yield ""
        yield f"{op.op_type}: {shown_nodes(op.nodes, all_names)}"
        yield f"  origin     {op.origin}"
        yield f"  signature  {shown_signature(op)}"
        yield f"  needed by  {shown_outputs(op.needed_by, graph, all_names)}"
    if graph.refusals:
        yield ""
        yield "Cannot be imported:"
        shown = len(graph.refusals) if all_names else _SHOWN_REFUSALS
        for refusal in graph.refusals[:shown]:
            yield f"  '{refusal.node}' ({refusal.op_type}): {refusal.reason}"
        if len(graph.refusals) > shown:
            yield f"  and {len(graph.refusals) - shown} more"
    if graph.effects:
        yield ""
        yield "Reaches beyond the graph:"
        for effect in graph.effects:
            nodes = shown_nodes(effect.nodes, all_names)
            yield f"  {effect.op_type} {effect.effect}: {nodes}"


def shown_nodes(nodes: Sequence[str], all_names: bool) -> str:
    """Return how many nodes there are, and the names of the first or of all."""
    return f"{counted(len(nodes), 'node')}: {_names(nodes, _SHOWN_NODES, all_names)}"


def shown_outputs(
    needed_by: Sequence[str], graph: GraphReadiness, all_names: bool
) -> str:
    """Return the names of outputs, the first or all."""
    if not needed_by:
        return "no output"
    if len(needed_by) == len(graph.outputs) > 1 and not all_names:
        return f"all {len(needed_by)} outputs"
    return _names(needed_by, _SHOWN_OUTPUTS, all_names)


def shown_signature(op: MissingOp) -> str:
    """Return a signature, and whether it is a guess."""
    if op.signature_source == "nodes":
        return f"{op.signature}, guessed from its nodes"
    return op.signature


def counted(count: int, noun: str) -> str:
    """Return a number and a noun, in the plural where there is not one."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def printable(text: str) -> str:
    """Return text with what would steer a terminal spelt out; names are anybody's."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _names(names: Sequence[str], shown: int, all_names: bool) -> str:
    if all_names:
        shown = len(names)
    text = ", ".join(f"'{name}'" for name in names[:shown])
    more = len(names) - shown
    return f"{text} and {more:,} more" if more > 0 else text
