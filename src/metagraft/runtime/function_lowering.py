"""Functions of a library as plain nodes, before a run is planned.

Calls are replaced by the nodes of the function. Branches and loops over functions
become those of version 1: Switch and Merge, and frames. So whatever runs those, on the
host or in a program, runs functions as well, and only what a fetch needs is run.

A node `n` that is replaced has its outputs in `n/__output_0`, ... and stands for them
in control edges by `n/__done`. What it is made of is in the scope `n/__body`.

Source: tensorflow core/common_runtime/lower_functional_ops.cc,
inline_function_utils.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from metagraft.errors import InvalidArgumentError, NotFoundError, UnimplementedError
from metagraft.graph.function_body import CALLED, CALLS, Body, body_of, definitions_in
from metagraft.graph.graph import Graph
from metagraft.graph.import_graph_def import import_owned_graph_def
from metagraft.graph.store import OUTPUT_SHAPES
from metagraft.proto import (
    AttrValue,
    DataType,
    FunctionDef,
    GraphDef,
    NameAttrList,
    NodeDef,
)
from metagraft.runtime.conditional_effects import awaited
from metagraft.runtime.function_gradient import gradient_function
from metagraft.runtime.function_signature import ANY, check_signature
from metagraft.runtime.loop_lowering import Loop, Made, Maker, checked_start, unchanged
from metagraft.runtime.lowering_scope import FunctionCall, LoweringScope, in_frames
from metagraft.runtime.optional_lowering import HANDED_ON, HANDLED, Optionals, holds_one

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

_DEEPEST: Final = 100
_BOOL: Final = DataType.DT_BOOL
_INT32: Final = DataType.DT_INT32
_BRANCHES: Final = ("If", "StatelessIf", "XlaIf", "_If")
_LOOPS: Final = ("While", "StatelessWhile", "XlaWhile", "_While")
# They have state but change nothing; a call need not run them for their own sake.
_WITHOUT_EFFECT: Final = frozenset({"ReadVariableOp", "VarHandleOp", "Placeholder"})


def calls_functions(operations: Collection[Operation]) -> bool:
    """Whether any of the operations takes or is a function."""
    return any(op.type in CALLED or op.type in op.graph.functions for op in operations)


@dataclass(frozen=True, slots=True)
class Lowered:
    """A run of a graph without functions.

    Attributes:
        fetches: The tensors to return.
        targets: The operations to run besides.
        feeds: What stands for the fed tensors.
    """

    fetches: list[Tensor]
    targets: list[Operation]
    feeds: list[Tensor]


def lowered(
    needed: Collection[Operation],
    fetches: Sequence[Tensor],
    targets: Sequence[Operation],
    feeds: Sequence[Tensor],
) -> Lowered:
    """Return a run in which functions are replaced by their nodes.

    Args:
        needed: The operations of the run.
        fetches: The tensors to return.
        targets: The operations to run besides.
        feeds: The tensors whose values are given.

    Raises:
        NotFoundError: A function is not in the library.
        UnimplementedError: Functions call themselves.
        InvalidArgumentError: A function is malformed.
    """
    source = next(iter(needed)).graph
    work = _Lowering(source)
    scope = LoweringScope("")
    scope.fixed.update({_edge(tensor): f"feed/__{i}" for i, tensor in enumerate(feeds)})
    for i, tensor in enumerate(feeds):
        placeholder = work.add(f"feed/__{i}", "Placeholder", [])
        dtype = AttrValue(type=tensor.dtype.base_dtype.as_datatype_enum)
        placeholder.attr["dtype"].CopyFrom(dtype)
    operations = sorted(needed, key=lambda op: op.op_id)
    scope.framed = in_frames(operations)
    nodes = [op.node_def for op in operations]
    present = {node.name for node in nodes}
    for op, node in zip(operations, nodes, strict=True):
        edges = source.stored_nodes[op.op_id].input
        node.input[:] = [t for t in edges if t[0] != "^" or t[1:] in present]
    work.add_all(nodes, scope)
    graph = work.graph()
    by_edge = [graph.get_tensor_by_name(_full(scope.edge(_edge(t)))) for t in fetches]
    return Lowered(
        by_edge,
        [graph.operation_named(scope.edge(f"^{o.name}")[1:]) for o in targets],
        [graph.operation_named(f"feed/__{i}").outputs[0] for i in range(len(feeds))],
    )


def _edge(tensor: Tensor) -> str:
    return tensor._as_node_def_input()  # noqa: SLF001 - how inputs are stored


def _full(edge: str) -> str:
    return edge if ":" in edge else f"{edge}:0"


class _Lowering:
    """The nodes of the new graph while they are collected."""

    def __init__(self, source: Graph) -> None:
        self._source = source
        self._library = source.functions
        self._definition_of = definitions_in(source.functions, source)
        self._graph_def = GraphDef(versions=source.graph_def_versions)
        self._extra: dict[str, FunctionDef] = {}
        self._gradients: dict[str, str] = {}
        self._optionals = Optionals()

    def graph(self) -> Graph:
        """Return the nodes as a graph."""
        result = Graph()
        result.copy_definitions(self._source)
        with result.as_default():
            import_owned_graph_def(self._graph_def, name="")
        result.functions = self._library  # for kernels that call some
        return result

    def add(
        self,
        name: str,
        op_type: str,
        inputs: Sequence[str],
        dtype: DataType | None = None,
    ) -> NodeDef:
        """Append a node; control edges come last."""
        data = [text for text in inputs if text[0] != "^"]
        control = dict.fromkeys(text for text in inputs if text[0] == "^")
        if any(self._optionals.is_absent(text) for text in data):
            self._optionals.leave_out(name)
            node = self._graph_def.node.add(name=name, op="NoOp", input=list(control))
            self._optionals.note(name, op_type, inputs, node)
            return node
        if dtype == DataType.DT_VARIANT and any(map(self._optionals.is_unclear, data)):
            return self._optionals.add_each(self.add, name, op_type, inputs)
        node = self._graph_def.node.add(name=name, op=op_type, input=[*data, *control])
        if dtype is not None:
            node.attr["T"].type = dtype
        if dtype == DataType.DT_VARIANT and self._optionals.is_held(data[0]):
            self._optionals.pass_on(data[0], node)
            self._optionals.note(name, op_type, node.input, node)
        return node

    def add_all(self, nodes: Sequence[NodeDef], scope: LoweringScope) -> None:
        """Append copies of nodes, functions replaced."""
        scope.replaced.update(
            n.name for n in nodes if n.op in CALLED or n.op in self._library
        )
        for node in nodes:
            if node.name in scope.replaced:
                self._replace(node, scope)
            elif node.op in HANDLED and holds_one(node):
                self._unwrap(node, scope)
            elif node.op in HANDED_ON and self._is_held(node, scope):
                self._hand_on(node, scope)
            else:
                self._copy(node, scope)

    def _hand_on(self, node: NodeDef, scope: LoweringScope) -> None:
        """Do with the values of optionals what is done with these."""
        inputs = [scope.edge(text) for text in node.input]
        name = scope.prefix + node.name
        made = self.add(name, node.op, inputs, DataType.DT_VARIANT)
        if "N" in node.attr:
            made.attr["N"].CopyFrom(node.attr["N"])

    def _is_held(self, node: NodeDef, scope: LoweringScope) -> bool:
        return self._optionals.is_held(scope.edge(node.input[0]))

    def _copy(self, node: NodeDef, scope: LoweringScope) -> None:
        copy = self._graph_def.node.add()
        copy.CopyFrom(node)
        copy.name = scope.prefix + node.name
        inputs = [self._kept(scope.edge(text)) for text in node.input]
        if scope.pivot is not None and not any(t[0] != "^" for t in inputs):
            inputs.append(scope.pivot)
        copy.input[:] = inputs
        copy.attr.pop("_class", None)  # it may name a node that is replaced
        if scope.path:
            copy.attr.pop(OUTPUT_SHAPES, None)

    def _unwrap(self, node: NodeDef, scope: LoweringScope) -> None:
        """Put the value in the place of an optional."""
        name = scope.prefix + node.name
        inputs = [scope.edge(text) for text in node.input]
        if node.op == "OptionalNone":
            made = self.add(name, "NoOp", inputs)
            self._optionals.leave_out(name)
            if scope.pivot is not None:
                inputs.append(scope.pivot)
            self._optionals.note(name, node.op, inputs, made)
        elif node.op == "OptionalFromValue":
            dtype = node.attr["Toutput_types"].list.type[0]
            made = self.add(name, "Identity", inputs, dtype)
            self._optionals.hold(made, inputs[0])
            self._optionals.note(name, node.op, inputs, node)
        elif self._is_held(node, scope):
            self._take_out(node, scope, inputs)
        else:
            self._copy(node, scope)

    def _take_out(
        self, node: NodeDef, scope: LoweringScope, inputs: Sequence[str]
    ) -> None:
        optionals, name = self._optionals, scope.prefix + node.name
        choices = optionals.giving(inputs[0], node.attr["output_types"].list.type[0])
        if not choices:  # never live
            self._copy(node, scope)
            return
        names = optionals.names_of(name, choices)
        for each, optional in zip(names, choices, strict=True):
            inside = optionals.type_of(optional)
            made = self.add(each, "Identity", [optional, *inputs[1:]], inside)
            optionals.take_out(made, optional)
        optionals.note(name, node.op, inputs, node)

    # -- what replaces a node ----------------------------------------------------------

    def _replace(self, node: NodeDef, scope: LoweringScope) -> None:
        call = self._started(node, scope)
        rule = _RULES.get(node.op, _Lowering._by_name)
        results, types, effects = rule(self, call)
        done = list(effects)
        for i, (edge, dtype) in enumerate(zip(results, types, strict=True)):
            output = f"{call.name}/__output_{i}"
            self.add(output, "Identity", [edge, *effects], dtype)
            if not self._optionals.is_held(output):  # it may be dead
                done.append(f"^{output}")
        if call.pivot is not None:
            done.append(call.pivot)
        self.add(f"{call.name}/__done", "NoOp", done)

    def _started(self, node: NodeDef, scope: LoweringScope) -> FunctionCall:
        name = scope.prefix + node.name
        edges = [scope.edge(text) for text in node.input]
        control = [text for text in edges if text[0] == "^"]
        inputs = [text for text in edges if text[0] != "^"]
        if self._has_effect(node):
            # Nothing happens before all arguments are there.
            control += [f"^{text.partition(':')[0]}" for text in inputs]
        if not control and inputs and node.name in scope.framed:
            control = [f"^{inputs[0].partition(':')[0]}"]  # constants belong there, too
        pivot = scope.pivot
        if control:
            pivot = f"^{name}/__start"
            before = control if scope.pivot is None else [*control, scope.pivot]
            self.add(pivot[1:], "NoOp", before)
            types = self._input_types(node)
            for i, (edge, dtype) in enumerate(zip(inputs, types, strict=True)):
                inputs[i] = f"{name}/__input_{i}"
                self.add(inputs[i], "Identity", [edge, *control], dtype)
        return FunctionCall(node, name, inputs, scope, pivot)

    def _input_types(self, node: NodeDef) -> list[DataType]:
        attr = node.attr
        if node.op in self._library:
            return [a.type for a in self._function(node.op).signature.input_arg]
        keys = ("Tin", "Tcaptured", "T", "Tconstants", "Targs")
        types = [t for key in keys if key in attr for t in attr[key].list.type]
        if "Nresources" in attr:
            types += [DataType.DT_RESOURCE] * attr["Nresources"].i
        first: dict[str, list[DataType]] = {
            **{name: [attr["Tcond"].type] for name in _BRANCHES},
            "Case": [_INT32],
            "StatelessCase": [_INT32],
            "RemoteCall": [DataType.DT_STRING],
            "For": [_INT32] * 3,
        }
        return first.get(node.op, []) + types

    # -- functions ---------------------------------------------------------------------

    def _function(self, name: str) -> FunctionDef:
        found = self._extra.get(name) or self._library.get(name)
        if found is None:
            raise NotFoundError(
                None, None, f"Function {name} is not in the library of the graph."
            )
        return found

    def _inline(
        self,
        function: NameAttrList,
        call: FunctionCall,
        label: str,
        given: Sequence[DataType],
        wanted: Sequence[DataType] | None,
    ) -> tuple[Maker, list[DataType]]:
        """Return what puts a function's nodes into the graph, and its result types."""
        definition = self._function(function.name)
        path = (*call.scope.path, function.name)
        if function.name in call.scope.path or len(path) > _DEEPEST:
            raise UnimplementedError(
                call.node,
                None,
                f"'{call.name}' ({call.node.op}): functions that call themselves "
                f"cannot run: {' calls '.join(path[-5:])}",
            )
        body = body_of(definition, function.attr, self._definition_of)
        types = [arg.type for arg in definition.signature.output_arg]
        check_signature(call, function.name, body.types, types, given, wanted)
        scope = LoweringScope(f"{call.name}/__{label}/", path=path)

        def make(inputs: Sequence[str], pivot: str | None) -> Made:
            scope.fixed.update(zip(body.arguments, inputs, strict=True))
            scope.pivot = pivot
            self.add_all(body.nodes, scope)
            names, loose = awaited(definition.node_def, self._effects(definition))
            effects = [scope.edge(f"^{name}") for name in names]
            if loose:
                trigger = f"{scope.prefix}__effects"
                edges = [scope.edge(f"^{name}") for name in loose]
                self.add(trigger, "ControlTrigger", edges)
                effects.append(f"^{trigger}")
            return [scope.edge(text) for text in body.results], effects

        return make, types

    def _effects(self, definition: FunctionDef) -> list[str]:
        """Return the nodes that every call runs, used or not."""
        if definition.control_ret:
            return sorted(definition.control_ret.values())
        return [node.name for node in definition.node_def if self._has_effect(node)]

    def _has_effect(self, node: NodeDef) -> bool:
        if node.op in _WITHOUT_EFFECT:
            return False
        function = self._library.get(node.op)
        if function is not None:
            return function.signature.is_stateful
        known = self._definition_of(node.op)
        return known is not None and known.is_stateful

    # -- rules: results, their types, and effects --------------------------------------

    def _by_name(self, call: FunctionCall) -> _Replacement:
        function = NameAttrList(name=call.node.op)
        for key, value in call.node.attr.items():
            function.attr[key].CopyFrom(value)
        return self._called(function, call)

    def _partitioned_call(self, call: FunctionCall) -> _Replacement:
        (function,) = CALLED[call.node.op]
        return self._called(call.node.attr[function].func, call)

    def _remote_call(self, call: FunctionCall) -> _Replacement:
        return self._called(call.node.attr["f"].func, call, first=1)

    def _symbolic_gradient(self, call: FunctionCall) -> _Replacement:
        """Differentiate a function, unless the library names its gradient."""
        function = call.node.attr["f"].func
        known = self._library.gradient_of(function.name)
        if known is not None:
            expected = len(call.node.attr["Tout"].list.type)
            got = len(self._function(known).signature.output_arg)
            if got != expected:
                raise InvalidArgumentError(
                    call.node,
                    None,
                    f"SymGrad expects to return {expected} tensor(s), but get {got} "
                    "tensor(s) instead.",
                )
            return self._called(NameAttrList(name=known), call)
        name = self._gradients.get(function.name)
        if name is None:
            definition = self._function(function.name)
            made = gradient_function(definition, self._source)
            self._extra.update({one.signature.name: one for one in made})
            name = self._gradients[function.name] = made[0].signature.name
        return self._called(NameAttrList(name=name), call)

    def _called(
        self, function: NameAttrList, call: FunctionCall, first: int = 0
    ) -> _Replacement:
        attr = call.node.attr
        given = self._input_types(call.node)[first:]
        wanted = attr["Tout"].list.type if "Tout" in attr else None
        make, types = self._inline(function, call, "body", given, wanted)
        results, effects = make(call.inputs[first:], call.pivot)
        return results, types, effects

    def _if(self, call: FunctionCall) -> _Replacement:
        attr = call.node.attr
        kinds = self._input_types(call.node)[1:], attr["Tout"].list.type
        then, types = self._inline(attr["then_branch"].func, call, "then", *kinds)
        other, _ = self._inline(attr["else_branch"].func, call, "else", *kinds)
        flag = self._as_bool(f"{call.name}/__flag", call.inputs[0], attr["Tcond"].type)
        return self._branch(
            call.name, flag, call, call.inputs[1:], (then, other), types
        )

    def _case(self, call: FunctionCall) -> _Replacement:
        """Nest branches: the first, or else the second; the last is the default."""
        branches = list(call.node.attr["branches"].list.func)
        kinds = self._input_types(call.node)[1:], call.node.attr["Tout"].list.type
        makers = [
            self._inline(function, call, f"branch_{i}", *kinds)
            for i, function in enumerate(branches)
        ]
        types = makers[0][1]
        make = makers[-1][0]
        for i in reversed(range(len(makers) - 1)):
            make = self._one_of(i, call, makers[i][0], make, types)
        results, effects = make(call.inputs[1:], call.pivot)
        return results, types, effects

    def _one_of(
        self,
        i: int,
        call: FunctionCall,
        then: Maker,
        other: Maker,
        types: list[DataType],
    ) -> Maker:
        def make(inputs: Sequence[str], pivot: str | None) -> Made:
            name = f"{call.name}/__case_{i}"
            before = [] if pivot is None else [pivot]
            number = self.add(f"{name}/number", "Const", before)
            number.attr["dtype"].type = _INT32
            number.attr["value"].tensor.dtype = _INT32
            number.attr["value"].tensor.int_val.append(i)
            number.attr["value"].tensor.tensor_shape.SetInParent()
            equal = [call.inputs[0], f"{name}/number"]
            self.add(f"{name}/flag", "Equal", equal, _INT32)
            results, _, effects = self._branch(
                name, f"{name}/flag", call, inputs, (then, other), types
            )
            return results, effects

        return make

    def _branch(
        self,
        name: str,
        flag: str,
        call: FunctionCall,
        inputs: Sequence[str],
        makers: tuple[Maker, Maker],
        types: list[DataType],
    ) -> _Replacement:
        kinds = self._input_types(call.node)[1:]
        switches = []
        for i, (edge, dtype) in enumerate(zip(inputs, kinds, strict=True)):
            switches.append(f"{name}/__switch_{i}")
            self.add(switches[-1], "Switch", [edge, flag], dtype)
        before = [] if call.pivot is None else [call.pivot]
        self.add(f"{name}/__pivot", "Switch", [flag, flag, *before], _BOOL)
        ends, made = [], []
        for port, maker in ((1, makers[0]), (0, makers[1])):
            pivot = f"{name}/__pivot_{port}"
            self.add(pivot, "Identity", [f"{name}/__pivot:{port}"], _BOOL)
            taken = [f"{edge}:{port}" if port else edge for edge in switches]
            results, effects = maker(taken, f"^{pivot}")
            made.append(results)
            last = f"{name}/__end_{port}"
            self.add(last, "Identity", [pivot, *effects], _BOOL)
            ends.append((last, bool(effects)))
        merged = [
            self._merged(name, i, [made[1][i], made[0][i]], dtype)
            for i, dtype in enumerate(types)
        ]
        if not any(has_effects for _, has_effects in ends):
            return merged, types, []
        end = self.add(f"{name}/__end", "Merge", [e for e, _ in reversed(ends)], _BOOL)
        end.attr["N"].i = 2
        return merged, types, [f"^{name}/__end"]

    def _merged(
        self, name: str, i: int, results: Sequence[str], dtype: DataType
    ) -> str:
        """Return the result of the branch that was taken, of two."""
        optionals = self._optionals
        if not all(optionals.is_held(text) for text in results):
            results = [self._kept(text) for text in results]
        edges = []
        # A result that is no node of the branch still belongs to the branch.
        for port, result in enumerate(results):
            edges.append(f"{name}/__result_{i}_{port}")
            pivot = f"^{name}/__pivot_{port}"
            self.add(edges[-1], "Identity", [result, pivot], dtype)
        merged = f"{name}/__merge_{i}"
        present = [e for e in edges if not optionals.is_absent(e)]
        held = all(optionals.is_held(e) for e in present)
        if len(present) == 2 and held and not optionals.are_alike(present):
            optionals.add_each(self.add, merged, "Merge", present)
        elif len(present) == 2:
            self.add(merged, "Merge", edges, dtype).attr["N"].i = 2
        else:
            node = self.add(merged, "Identity", (present or edges)[:1], dtype)
            optionals.note(merged, "Merge", edges, node)
        return merged

    def _kept(self, text: str) -> str:
        """Return an edge with an optional as it is, any other unchanged."""
        if self._optionals.is_held(text):
            return self._optionals.kept(text, self._graph_def)
        return text

    def _as_bool(self, name: str, edge: str, dtype: DataType) -> str:
        if dtype == _BOOL:
            return edge
        self.add(name, "ToBool", [edge], dtype)
        return name

    def _while(self, call: FunctionCall) -> _Replacement:
        attr = call.node.attr
        types = list(attr["T"].list.type)
        step, _ = self._inline(attr["body"].func, call, "body", types, types)
        test, kinds = self._inline(attr["cond"].func, call, "cond", types, [ANY])
        inputs = [self._optionals.clear(t, self._graph_def) for t in call.inputs]
        same = unchanged(self._body(attr["body"].func))
        loop = Loop(self.add, call.name, inputs, types, same)

        def condition(values: Sequence[str], pivot: str | None) -> str:
            (edge,), _ = test(values, pivot)
            return self._as_bool(f"{call.name}/__flag", edge, kinds[0])

        results = loop.build(condition, step, call.pivot)
        return results, types, []

    def _body(self, function: NameAttrList) -> Body:
        definition = self._function(function.name)
        return body_of(definition, function.attr, self._definition_of)

    def _for(self, call: FunctionCall) -> _Replacement:
        """Count in a loop; the sign of the step says in which direction."""
        name = call.name
        start, limit, delta, *values = call.inputs
        start = checked_start(self.add, name, start, limit, delta)
        kinds = list(call.node.attr["T"].list.type)
        types = [_INT32, _INT32, _INT32, *kinds]
        body = call.node.attr["body"].func
        step, _ = self._inline(body, call, "body", types[2:], kinds)

        def condition(inside: Sequence[str], pivot: str | None) -> str:
            del pivot
            i, end, by = inside[:3]
            self.add(f"{name}/__sign", "Sign", [by], _INT32)
            self.add(f"{name}/__here", "Mul", [i, f"{name}/__sign"], _INT32)
            self.add(f"{name}/__there", "Mul", [end, f"{name}/__sign"], _INT32)
            ends = [f"{name}/__here", f"{name}/__there"]
            self.add(f"{name}/__flag", "Less", ends, _INT32)
            return f"{name}/__flag"

        def iteration(inside: Sequence[str], pivot: str | None) -> Made:
            i, end, by, *rest = inside
            results, effects = step([i, *rest], pivot)
            self.add(f"{name}/__following", "Add", [i, by], _INT32)
            return [f"{name}/__following", end, by, *results], effects

        inputs = [start, limit, delta, *values]
        same = [False, True, True, *unchanged(self._body(body), 1)]
        loop = Loop(self.add, name, inputs, types, same)
        return loop.build(condition, iteration, call.pivot)[3:], kinds, []


_Replacement = tuple[list[str], list[DataType], list[str]]

_RULES: Final[Mapping[str, Callable[[_Lowering, FunctionCall], _Replacement]]] = {
    **dict.fromkeys(CALLS, _Lowering._partitioned_call),  # noqa: SLF001 - its own rules
    "RemoteCall": _Lowering._remote_call,  # noqa: SLF001
    "SymbolicGradient": _Lowering._symbolic_gradient,  # noqa: SLF001
    **dict.fromkeys(_BRANCHES, _Lowering._if),  # noqa: SLF001
    **dict.fromkeys(("Case", "StatelessCase"), _Lowering._case),  # noqa: SLF001
    **dict.fromkeys(_LOOPS, _Lowering._while),  # noqa: SLF001
    "For": _Lowering._for,  # noqa: SLF001
}
