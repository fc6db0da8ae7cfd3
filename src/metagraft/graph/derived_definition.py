"""Signatures of ops that nobody declares, as far as the nodes tell.

Inputs have the types of what goes into them and outputs those of what takes them, where
that is known; an attribute that always names this type becomes the type's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, cast

from metagraft.graph import catalogue
from metagraft.graph.input_names import node_of_input
from metagraft.proto import AttrValue, DataType, NodeDef, OpDef

Declared = Callable[[str], OpDef | None]

_KINDS: Final = {
    "s": "string",
    "i": "int",
    "f": "float",
    "b": "bool",
    "type": "type",
    "shape": "shape",
    "tensor": "tensor",
    "func": "func",
}
_REF_OFFSET: Final = 100
_MOST_TENSORS: Final = 1000
_LONGEST_NUMBER: Final = 18


class DerivedDefinitions:
    """What the nodes of one graph, or of one function, tell about their ops."""

    def __init__(
        self, nodes: Iterable[NodeDef], declared: Declared | None = None
    ) -> None:
        """Look at nodes.

        Args:
            nodes: All nodes of the graph.
            declared: Returns signatures that the catalogue does not have.
        """
        self._nodes = list(nodes)  # damaged files have nodes of one name
        self._by_name = {node.name: node for node in self._nodes}
        self._declared = declared or (lambda _: None)
        self._takers: dict[str, list[tuple[NodeDef, int]]] | None = None

    def derive(self, op_type: str) -> OpDef:
        """Return the signature of an op that nobody declares.

        Args:
            op_type: The op type.

        Returns:
            The signature. Arguments are called `input_0`, `output_0`, ...; one of
            unknown type has `DT_INVALID`; outputs that nothing takes are missing, and
            attributes have no defaults.

        Raises:
            ValueError: The graph has no node of that type.
        """
        own = [node for node in self._nodes if node.op == op_type]
        if not own:
            raise ValueError(f"The graph has no node of type '{op_type}'.")
        definition = OpDef(name=op_type)
        attrs = _attrs(own)
        types: dict[str, set[int]] = {
            name: {node.attr[name].type for node in own}
            for name, kind in attrs.items()
            if kind == "type" and all(name in node.attr for node in own)
        }
        for position in range(max(len(data_inputs(node)) for node in own)):
            found = [self._type_into(node, position) for node in own]
            arg = definition.input_arg.add(name=f"input_{position}")
            _set_type(arg, found, own, types)
        taken = [self._types_out(node) for node in own]
        count = 1 + max((port for ports in taken for port in ports), default=-1)
        for position in range(count):
            found = [ports.get(position, 0) for ports in taken]
            arg = definition.output_arg.add(name=f"output_{position}")
            _set_type(arg, found, own, types)
        for name, kind in sorted(attrs.items()):
            definition.attr.add(name=name, type=kind)
        return definition

    def _type_into(self, node: NodeDef, position: int) -> int:
        """Return the type of what an input takes; 0 if it is not known."""
        inputs = data_inputs(node)
        if position >= len(inputs):
            return 0
        source = self._by_name.get(node_of_input(inputs[position]))
        definition = None if source is None else self._definition(source.op)
        if source is None or definition is None:
            return 0
        return _type_of_output(source, definition, inputs[position])

    def _types_out(self, node: NodeDef) -> dict[int, int]:
        """Return the types of the outputs that something takes, 0 if not known."""
        if self._takers is None:
            self._takers = self._all_takers()
        found: dict[int, int] = {}
        for taker, position in self._takers.get(node.name, ()):
            definition = self._definition(taker.op)
            number = 0
            if definition is not None:
                types = _types(taker, definition.input_arg)
                number = _base(types[position]) if position < len(types) else 0
            port = _port(data_inputs(taker)[position])
            if port < _MOST_TENSORS:
                found[port] = found.get(port) or number
        return found

    def _all_takers(self) -> dict[str, list[tuple[NodeDef, int]]]:
        """Return what takes the outputs of nodes that nobody declares."""
        known = {op: self._definition(op) for op in {n.op for n in self._nodes}}
        found: dict[str, list[tuple[NodeDef, int]]] = {
            node.name: [] for node in self._nodes if known[node.op] is None
        }
        for taker in self._nodes:
            for position, text in enumerate(data_inputs(taker)):
                takers = found.get(node_of_input(text))
                if takers is not None:
                    takers.append((taker, position))
        return found

    def _definition(self, op_type: str) -> OpDef | None:
        known = catalogue.get(op_type)
        return self._declared(op_type) if known is None else known.to_proto()


def _attrs(nodes: Sequence[NodeDef]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in nodes:
        for name, value in node.attr.items():
            if not name.startswith("_"):
                kind = _kind(value)
                if kind and (name not in found or found[name] == "list()"):
                    found[name] = kind
    # A list that is always empty does not tell of what.
    return {n: "list(int)" if k == "list()" else k for n, k in found.items()}


def _kind(value: AttrValue) -> str:
    field = value.WhichOneof("value")
    if field == "list":
        fields = [descriptor.name for descriptor, _ in value.list.ListFields()]
        return f"list({_KINDS[fields[0]]})" if fields else "list()"
    return "" if field is None else _KINDS.get(field, "")


def _set_type(
    arg: OpDef.ArgDef,
    found: Sequence[int],
    nodes: Sequence[NodeDef],
    types: Mapping[str, set[int]],
) -> None:
    """Write the type of an argument: an attribute's where several tell the same."""
    known = {number for number in found if number}
    for name, values in types.items():
        agrees = all(
            number in (0, node.attr[name].type)
            for number, node in zip(found, nodes, strict=True)
        )
        if known and agrees and (len(values) > 1 or known == values):
            arg.type_attr = name
            return
    if len(known) == 1:
        arg.type = cast("DataType", known.pop())
    elif len(types) == 1 and not known:
        arg.type_attr = next(iter(types))


def data_inputs(node: NodeDef) -> list[str]:
    """Return the inputs of a node without those that only order it."""
    return [text for text in node.input if text[:1] != "^"]


def _port(text: str) -> int:
    number = text.rpartition(":")[2]
    is_number = ":" in text and number.isascii() and number.isdecimal()
    # A damaged file may name any; Python refuses to read the longest.
    return int(number[:_LONGEST_NUMBER]) if is_number else 0


def _base(number: int) -> int:
    return number - _REF_OFFSET if number > _REF_OFFSET else number


def _type_of_output(source: NodeDef, definition: OpDef, text: str) -> int:
    """Return the type of an edge `node`, `node:1` or, in functions, `node:arg:1`."""
    args = list(definition.output_arg)
    name = text.split(":")[1] if text.count(":") > 1 else ""
    if name:
        args = [arg for arg in args if arg.name == name]
    types, port = _types(source, args), _port(text)
    return _base(types[port]) if port < len(types) else 0


def _types(node: NodeDef, args: Iterable[OpDef.ArgDef]) -> list[int]:
    found: list[int] = []
    for arg in args:
        if arg.type_list_attr:
            found += node.attr[arg.type_list_attr].list.type
            continue
        number: int = node.attr[arg.type_attr].type if arg.type_attr else arg.type
        count = node.attr[arg.number_attr].i if arg.number_attr else 1
        found += [number] * min(max(count, 0), _MOST_TENSORS)
    return found
