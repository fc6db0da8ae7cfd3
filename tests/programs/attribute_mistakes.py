"""Nodes with one attribute or input that does not fit, of every op of a catalogue.

The same nodes are made from TensorFlow's signatures and from Metagraft's. Each operand
is a placeholder of unknown shape, or a variable where the op takes a reference.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

FIELDS: Final = {
    "string": "s",
    "int": "i",
    "float": "f",
    "bool": "b",
    "type": "type",
    "shape": "shape",
    "tensor": "tensor",
    "func": "func",
}
FLOAT: Final = 1
_REF_OFFSET: Final = 100
_NUMBERS: Final = (-2, -1, 0, 2, 3, 33)
_LENGTHS: Final = (0, 1, 3, 4, 5, 6, 8)
_SHAPES: Final = ((), (-1,), (-2,), (2, 3), (1 << 40, 1 << 40))
_TYPES: Final = ((), (7,), (1, 7), (0,), (101,))


@dataclass(frozen=True)
class Messages:
    """The classes of messages of a library, and a message of the number 1."""

    graph: Callable[[], Any]
    attr: Callable[..., Any]
    one: Any


def _plain(kind: str, declared: Any, messages: Messages) -> Any:
    """Return a value of a kind that the signature allows."""
    value = messages.attr()
    allowed = declared.allowed_values.list
    if kind == "type":
        types = list(allowed.type)
        value.type = FLOAT if not types or FLOAT in types else types[0]
    elif kind == "int":
        value.i = max(declared.minimum, 1) if declared.has_minimum else 1
    elif kind == "float":
        value.f = 0.5
    elif kind == "bool":
        value.b = True
    elif kind == "string":
        value.s = allowed.s[0] if allowed.s else b"x"
    elif kind == "shape":
        value.shape.unknown_rank = True
    elif kind == "tensor":
        value.tensor.CopyFrom(messages.one)
    else:
        value.func.name = "f"
    return value


def _fitting(declared: Any, messages: Messages) -> Any:
    """Return the default of an attribute, or another value that fits it."""
    if declared.HasField("default_value"):
        return declared.default_value
    if not declared.type.startswith("list("):
        return _plain(declared.type, declared, messages)
    kind = declared.type[len("list(") : -1]
    count = max(declared.minimum, 1) if declared.has_minimum else 1
    item = _plain(kind, declared, messages)
    return _listed(kind, [item] * (max(count, 4) if kind == "int" else count), messages)


def _listed(kind: str, items: list[Any], messages: Messages) -> Any:
    value = messages.attr()
    value.list.SetInParent()
    getattr(value.list, FIELDS[kind]).extend([getattr(i, FIELDS[kind]) for i in items])
    return value


def _shape(sizes: tuple[int, ...], messages: Messages) -> Any:
    value = messages.attr()
    value.shape.SetInParent()
    for size in sizes:
        value.shape.dim.add(size=size)
    return value


def _wrong(declared: Any, messages: Messages) -> Iterator[tuple[str, Any]]:
    """Yield values of another kind, by a word; None for no value."""
    if not declared.HasField("default_value"):
        yield "missing", None
    kind = {"s": b"1"} if "int" in declared.type else {"i": 3}
    yield "other", messages.attr(**kind)
    yield "empty", messages.attr()


def _others(declared: Any, messages: Messages) -> Iterator[tuple[str, Any]]:
    """Yield values of an attribute that may not fit, by a word."""
    attr = messages.attr
    if declared.type.startswith("list("):
        yield from _other_lists(declared.type, messages)
    elif declared.type == "int":
        for number in _NUMBERS:
            yield str(number), attr(i=number)
    elif declared.type == "string":
        for text in (b"", b"BAD"):
            yield repr(text), attr(s=text)
    elif declared.type == "type":
        for number in (0, 3, 7, 101):
            yield str(number), attr(type=number)
    elif declared.type == "shape":
        for sizes in _SHAPES:
            yield str(sizes), _shape(sizes, messages)


def _other_lists(kind: str, messages: Messages) -> Iterator[tuple[str, Any]]:
    attr = messages.attr
    if kind == "list(int)":
        for count, number in itertools.product(_LENGTHS, (1, 0, -1)):
            items = [attr(i=number)] * count
            yield f"{count}x{number}", _listed("int", items, messages)
    elif kind == "list(type)":
        for types in _TYPES:
            items = [attr(type=number) for number in types]
            yield str(types), _listed("type", items, messages)
    elif kind == "list(shape)":
        for count in (0, 2):
            items = [_shape((2,), messages)] * count
            yield str(count), _listed("shape", items, messages)


def _input_types(definition: Any, attrs: Mapping[str, Any]) -> Iterator[int]:
    for arg in definition.input_arg:
        if arg.type_list_attr:
            found = attrs.get(arg.type_list_attr)
            yield from () if found is None else found.list.type
            continue
        count = 1
        if arg.number_attr:
            count = attrs[arg.number_attr].i if arg.number_attr in attrs else 1
        given = attrs.get(arg.type_attr)
        kind = arg.type or (FLOAT if given is None else given.type)
        for _ in range(min(max(count, 0), 50)):
            yield kind + _REF_OFFSET if arg.is_ref and kind else kind


def _graph(definition: Any, attrs: Mapping[str, Any], messages: Messages) -> Any:
    graph = messages.graph()
    graph.versions.producer = 2000
    names = []
    for number, kind in enumerate(_input_types(definition, attrs)):
        operand = graph.node.add(name=f"i{number}", op="Placeholder")
        operand.attr["dtype"].type = kind or FLOAT
        if kind > _REF_OFFSET:
            operand.op = "VariableV2"
            operand.attr["dtype"].type = kind - _REF_OFFSET
            operand.attr["shape"].shape.unknown_rank = True
        names.append(operand.name)
    node = graph.node.add(name="n", op=definition.name, input=names)
    for name, value in attrs.items():
        node.attr[name].CopyFrom(value)
    return graph


def graphs(definition: Any, messages: Messages) -> Iterator[tuple[str, Any]]:
    """Yield graphs whose last node is one of an op, by what may not fit in it."""
    fitting = {a.name: _fitting(a, messages) for a in definition.attr}
    for declared in definition.attr:
        others = itertools.chain(
            _wrong(declared, messages), _others(declared, messages)
        )
        for word, value in others:
            attrs = {**fitting, declared.name: value}
            if value is None:
                del attrs[declared.name]
            yield f"{declared.name} {word}", _graph(definition, attrs, messages)
    names = ("no_input", "more_inputs", "control_first", "unknown_input", "cycle")
    for name in names:
        graph = _graph(definition, fitting, messages)
        if _spoil(graph, name):
            yield name, graph


def _spoil(graph: Any, how: str) -> bool:
    """Change the inputs of the last node; return whether it has any."""
    node = graph.node[-1]
    if not node.input:
        return False
    if how == "no_input":
        del node.input[-1]
    elif how == "more_inputs":
        node.input.append("i0")
    elif how == "control_first":
        graph.node.add(name="c", op="NoOp")
        node.input.insert(0, "^c")
    elif how == "unknown_input":
        node.input[0] = "missing"
    else:
        node.input[0] = "n"
    return True


WIDE: Final = 1 << 31


def wide_graphs(definition: Any, messages: Messages) -> Iterator[tuple[str, Any]]:
    """Yield graphs with a number of more than 32 bits, by the attribute that has it."""
    fitting = {a.name: _fitting(a, messages) for a in definition.attr}
    wide, one = messages.attr(i=WIDE), messages.attr(i=1)
    for declared in definition.attr:
        values = []
        if declared.type == "int":
            values = [wide]
        elif declared.type == "list(int)":
            before = [[one] * count for count in (3, 4, 0, 7)]
            values = [_listed("int", [*ones, wide], messages) for ones in before]
        for value in values:
            attrs = {**fitting, declared.name: value}
            yield declared.name, _graph(definition, attrs, messages)


def reader(tf: Any, graph: Any) -> str:
    """Return what finds the number too wide: `shape`, `kernel` or, if nothing, "".

    Operands are numbers: kernels read attributes before they look at any.
    """
    with tf.Graph().as_default() as built:
        try:
            tf.import_graph_def(graph, name="")
        except Exception as error:  # noqa: BLE001 - of any class
            return "shape" if _TOO_WIDE in str(error) else ""
        node = built.get_operation_by_name("n")
        feeds = {
            tensor: b"" if tensor.dtype == "string" else _nothing(tensor.dtype)
            for tensor in node.inputs
            if tensor.op.type == "Placeholder" and tensor.dtype not in _UNFED
        }
        with tf.Session() as session:
            try:
                session.run(node, feeds)
            except Exception as error:  # noqa: BLE001 - of any class
                return "kernel" if _TOO_WIDE in str(error) else ""
    return ""


def _nothing(dtype: Any) -> Any:
    return np.zeros((), dtype.as_numpy_dtype)


_TOO_WIDE: Final = "out of range for an int32"
_UNFED: Final = ("resource", "variant")
