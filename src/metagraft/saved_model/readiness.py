"""`metagraft.check`: what of a model can run here, told from its messages alone.

Nothing is imported, let alone run, so a file from anybody can be looked at; and neither
NumPy nor JAX is loaded, so that the answer comes at once.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from metagraft.errors import InvalidArgumentError
from metagraft.graph import catalogue
from metagraft.graph.derived_definition import DerivedDefinitions
from metagraft.graph.outside_effects import OUTSIDE_EFFECTS
from metagraft.graph.registered_ops import registered
from metagraft.graph.signature_text import format_signature
from metagraft.meta_graph.model_files import SAVED_MODEL, Model, read_model
from metagraft.meta_graph.needed_ops import (
    OutputGroup,
    body_nodes,
    needing_outputs,
    sinks,
)
from metagraft.meta_graph.producer import TENSORFLOW_VERSION
from metagraft.meta_graph.refused_nodes import refused_nodes
from metagraft.proto import MetaGraphDef, NodeDef, OpDef, TensorInfo
from metagraft.runtime.op_support import supported_ops
from metagraft.saved_model import keys
from metagraft.saved_model.readiness_report import (
    GraphReadiness,
    MissingOp,
    OutsideEffect,
    ReadinessReport,
    Refusal,
)

_CURRENT: Final = "tf-"  # how the origin of signatures of the current release begins
_CONTRIB: Final = "contrib-"
_RELEASE: Final = re.compile(r"(\d+)\.(\d+)")
_LIBRARY_MARK: Final = ">"  # between the library and the op in names of custom ops
_WITHOUT_CONTRIB: Final = (2, 0)
_LOADING: Final = "loading"


def check(
    path: str | bytes | os.PathLike[str],
    *,
    outputs: Sequence[str] | None = None,
    feeds: Sequence[str] = (),
) -> ReadinessReport:
    """Say whether the graphs of a model can run, and if not, why.

    Args:
        path: A file with a MetaGraph, a `GraphDef` or a SavedModel, binary or text; the
            prefix of a checkpoint that has a `.meta` file; or a folder of one of these.
        outputs: The tensors or operations that shall be computed. Without them these
            are the outputs of the signatures, and without signatures the nodes whose
            results nothing else takes.
        feeds: With `outputs`: the tensors that will be fed.

    Returns:
        The ops without kernel, the nodes that cannot be imported, and the ops that
        reach beyond the graph; `print` it.

    Raises:
        NotFoundError: There is no such file.
        OSError: The file holds no graph, or is damaged.
        InvalidArgumentError: An output or feed is not in the graph.
    """
    model = read_model(path)
    graphs = [
        _Graph(model, meta_graph_def, outputs, feeds).readiness()
        for meta_graph_def in model.meta_graphs
    ]
    return ReadinessReport(model.path, model.kind, tuple(graphs))


class _Graph:
    """One MetaGraph while it is looked at."""

    def __init__(
        self,
        model: Model,
        meta_graph_def: MetaGraphDef,
        outputs: Sequence[str] | None,
        feeds: Sequence[str],
    ) -> None:
        self._model = model
        self._info = meta_graph_def.meta_info_def
        self._meta_graph_def = meta_graph_def
        self._graph_def = meta_graph_def.graph_def
        self._library = list(self._graph_def.library.function)
        self._function_names = {f.signature.name for f in self._library}
        self._listed = {op.name: op for op in self._info.stripped_op_list.op}
        self._groups = self._output_groups(outputs, feeds)

    def _nodes(self) -> Iterator[tuple[str, NodeDef]]:
        """Yield all nodes, those of functions with the function's name before it."""
        for node in self._graph_def.node:
            yield node.name, node
        yield from body_nodes(self._library)

    def readiness(self) -> GraphReadiness:
        """Return the answer."""
        counts = Counter(node.op for _, node in self._nodes())
        op_types = counts.keys() - self._function_names
        supported = supported_ops()
        missing = sorted(
            op_type
            for op_type in op_types
            if op_type not in supported and not _has_registered_kernel(op_type)
        )
        effects = sorted(op_types & OUTSIDE_EFFECTS.keys())
        names = self._names_of({*missing, *effects})
        needed = needing_outputs(self._graph_def, missing, self._groups)
        return GraphReadiness(
            tags=tuple(self._info.tags),
            producer=self._info.tensorflow_version,
            node_count=counts.total(),
            op_types=tuple(sorted(op_types)),
            outputs=tuple(name for group in self._groups for name in group.tensors),
            missing=tuple(
                self._missing(op_type, names[op_type], needed[op_type])
                for op_type in missing
            ),
            refusals=tuple(
                Refusal(name, node.op, reason)
                for name, node, reason in refused_nodes(self._nodes())
            ),
            effects=tuple(
                OutsideEffect(op_type, OUTSIDE_EFFECTS[op_type], names[op_type])
                for op_type in effects
            ),
        )

    # -- outputs -----------------------------------------------------------------------

    def _output_groups(
        self, outputs: Sequence[str] | None, feeds: Sequence[str]
    ) -> list[OutputGroup]:
        if outputs is not None:
            self._check_names([*outputs, *feeds])
            return [OutputGroup({name: (name,) for name in outputs}, feeds)]
        groups = [
            OutputGroup(
                {
                    f"{key}/{name}": _tensors(info)
                    for name, info in sorted(signature.outputs.items())
                },
                [t for info in signature.inputs.values() for t in _tensors(info)],
            )
            for key, signature in sorted(self._meta_graph_def.signature_def.items())
        ]
        if not groups:
            return [sinks(self._graph_def)]
        loading = self._loading() if self._model.kind == SAVED_MODEL else []
        return [*groups, OutputGroup({_LOADING: loading})] if loading else groups

    def _loading(self) -> list[str]:
        """Return the operations that run when a SavedModel is loaded."""
        found = [self._meta_graph_def.saver_def.restore_op_name]
        collections = self._meta_graph_def.collection_def
        for key in (keys.MAIN_OP_KEY, keys.LEGACY_INIT_OP_KEY):
            if key in collections:
                found += collections[key].node_list.value
        return [name for name in found if name]

    def _check_names(self, names: Iterable[str]) -> None:
        known = {node.name for node in self._graph_def.node}
        absent = [n for n in names if n.partition(":")[0] not in known]
        if absent:
            shown = ", ".join(f"'{name}'" for name in absent)
            raise InvalidArgumentError(
                None, None, f"{self._model.path}: the graph has no {shown}"
            )

    # -- ops ---------------------------------------------------------------------------

    def _names_of(self, op_types: set[str]) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {op_type: [] for op_type in op_types}
        if op_types:
            for name, node in self._nodes():
                if node.op in found:
                    found[node.op].append(name)
        return {op_type: tuple(names) for op_type, names in found.items()}

    def _missing(
        self, op_type: str, nodes: tuple[str, ...], needed_by: Sequence[str]
    ) -> MissingOp:
        definition, source = self._signature(op_type)
        return MissingOp(
            op_type=op_type,
            nodes=nodes,
            needed_by=tuple(needed_by),
            origin=_origin(op_type, self._info.tensorflow_version),
            signature=format_signature(definition),
            signature_source=source,
        )

    def _signature(self, op_type: str) -> tuple[OpDef, str]:
        known = catalogue.get(op_type)
        if known is not None:
            return known.to_proto(), "catalogue"
        if op_type in self._listed:
            return self._listed[op_type], "file"
        for nodes in (self._graph_def.node, *(f.node_def for f in self._library)):
            if any(node.op == op_type for node in nodes):
                derived = DerivedDefinitions(nodes, self._listed.get)
                return derived.derive(op_type), "nodes"
        raise AssertionError(op_type)


def _has_registered_kernel(op_type: str) -> bool:
    found = registered(op_type)
    return found is not None and found.kernel is not None


def _tensors(info: TensorInfo) -> list[str]:
    """Return the tensors that a signature names for one input or output."""
    encoding = info.WhichOneof("encoding")
    if encoding == "coo_sparse":
        sparse = info.coo_sparse
        return [
            sparse.values_tensor_name,
            sparse.indices_tensor_name,
            sparse.dense_shape_tensor_name,
        ]
    if encoding == "composite_tensor":
        parts = info.composite_tensor.components
        return [text for part in parts for text in _tensors(part)]
    return [info.name] if info.name else []


def _origin(op_type: str, producer: str) -> str:
    """Say where an op comes from."""
    definition = catalogue.get(op_type)
    if definition is None:
        return _foreign_origin(op_type, producer)
    if definition.origin.startswith(_CURRENT):
        kernel = "" if "cpu" in definition.kernels else ", which cannot run it on CPUs"
        return f"TensorFlow {definition.origin.removeprefix(_CURRENT)}{kernel}"
    if definition.origin.startswith(_CONTRIB):
        return f"tf.contrib.{definition.contrib_module or 'unknown'} of TensorFlow 1"
    return f"removed from TensorFlow before {TENSORFLOW_VERSION}"


def _foreign_origin(op_type: str, producer: str) -> str:
    library, mark, _ = op_type.partition(_LIBRARY_MARK)
    if mark:
        return f"custom, of the library '{library}'"
    ours, theirs = (_RELEASE.match(text) for text in (TENSORFLOW_VERSION, producer))
    if ours and theirs and _numbers(theirs) > _numbers(ours):
        return f"custom, or new in TensorFlow after {TENSORFLOW_VERSION}"
    if theirs and _numbers(theirs) >= _WITHOUT_CONTRIB:
        return "custom: TensorFlow does not have it"
    return "custom, or of tf.contrib: TensorFlow's core does not have it"


def _numbers(release: re.Match[str]) -> tuple[int, ...]:
    return tuple(map(int, release.groups()))
