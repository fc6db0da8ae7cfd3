"""Attributes of operations: Python values <-> `AttrValue`."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from metagraft.graph import dtypes
from metagraft.graph.catalogue import OpDef
from metagraft.graph.shapes import as_dims, dims_from_proto, dims_to_proto
from metagraft.proto import AttrValue, NameAttrList, NodeDef, TensorProto
from metagraft.proto.coercion import as_message

_MISSING: Final = object()
_LIST_FIELDS: Final = ("s", "i", "f", "b", "type", "shape", "tensor", "func")


def decode(value: AttrValue) -> Any:
    """Return an attribute as a Python value.

    Types become `DType`, shapes `Dims`, strings bytes, lists Python lists; tensors and
    functions stay messages.
    """
    kind = value.WhichOneof("value")
    if kind == "list":
        listed = value.list
        for field in _LIST_FIELDS:
            items = getattr(listed, field)
            if len(items):
                return [_decode_one(field, item) for item in items]
        return []
    if kind is None:
        return None
    return _decode_one(kind, getattr(value, kind))


def _decode_one(kind: str, item: Any) -> Any:
    if kind == "type":
        return dtypes.from_enum(item)
    if kind == "shape":
        return dims_from_proto(item)
    return item


class Attrs(Mapping[str, Any]):
    """Read-only Python view of a node's attributes, defaults filled in."""

    __slots__ = ("_cache", "_node", "_op_def")

    def __init__(self, node: NodeDef, op_def: OpDef | None) -> None:
        """View the attributes of `node`, with the defaults of `op_def`."""
        self._node = node
        self._op_def = op_def
        self._cache: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return one attribute.

        Raises:
            KeyError: The node has no such attribute and the op no default for it.
        """
        found = self._cache.get(name, _MISSING)
        if found is not _MISSING:
            return found
        attr = self._node.attr
        if name in attr:
            try:
                value = decode(attr[name])
            except TypeError as error:
                raise TypeError(
                    f"Attribute '{name}' of node '{self._node.name}': {error}"
                ) from error
            if value is None and self._is_list(name):
                value = []  # as in TensorFlow, nothing is the empty list
        else:
            declared = self._op_def.attr(name) if self._op_def is not None else None
            if declared is None or not declared.has_default:
                raise KeyError(name)
            assert declared.default is not None
            value = decode(declared.default)
        self._cache[name] = value
        return value

    @property
    def node_name(self) -> str:
        """The name of the node, for messages."""
        return self._node.name

    def _is_list(self, name: str) -> bool:
        declared = None if self._op_def is None else self._op_def.attr(name)
        return declared is not None and declared.type.startswith("list(")

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, stored ones first."""
        stored = list(self._node.attr)
        yield from stored
        if self._op_def is not None:
            for declared in self._op_def.attrs:
                if declared.has_default and declared.name not in stored:
                    yield declared.name

    def __len__(self) -> int:
        """The number of attributes."""
        return sum(1 for _ in self)


def encode(value: Any, attr_type: str, name: str) -> AttrValue:
    """Return a Python value as an `AttrValue` of the declared type.

    Raises:
        TypeError: The value does not fit, worded as TensorFlow does.

    Source: tensorflow python/framework/op_def_library.py value_to_attr_value.
    """
    if attr_type.startswith("list("):
        if not isinstance(value, (list, tuple)):
            raise TypeError(
                f"Expected list for attr {name}, obtained {type(value).__name__}"
                " instead."
            )
        inner = attr_type[5:-1]
        result = AttrValue()
        result.list.SetInParent()
        field = getattr(result.list, FIELDS[inner])
        field.extend([_CONVERT[inner](item, name) for item in value])
        return result
    try:
        convert = _CONVERT[attr_type]
    except KeyError:
        raise TypeError(f"Unrecognized Attr type {attr_type} for {name}.") from None
    return AttrValue(**{FIELDS[attr_type]: convert(value, name)})


def _bytes(value: Any, name: str) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise _mismatch("string", name, value)


def _int(value: Any, name: str) -> int:
    if isinstance(value, str):
        raise _mismatch("int", name, value)
    try:
        return int(value)
    except (TypeError, ValueError):
        raise _mismatch("int", name, value) from None


def _float(value: Any, name: str) -> float:
    if not isinstance(value, (numbers.Real, np.integer, np.floating)):
        raise _mismatch("float", name, value)
    return float(value)


def _bool(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    raise _mismatch("bool", name, value)


def _type(value: Any, name: str) -> int:
    try:
        return dtypes.as_dtype(value).base_dtype.as_datatype_enum
    except TypeError:
        raise TypeError(
            f"Expected DataType for argument '{name}' not {value!r}."
        ) from None


def _shape(value: Any, name: str) -> Any:
    try:
        dims = as_dims(value)
    except (TypeError, ValueError) as error:
        text = f"Error converting {name} to a TensorShape: {error}."
        raise type(error)(text) from error
    sizes = value if isinstance(value, (list, tuple)) else [value]
    if any(isinstance(size, bool) for size in sizes):  # no number to a message
        raise TypeError(
            f"Error converting {sizes!r} (arg name = {name}) to a TensorShape: Field"
            " tensorflow.TensorShapeProto.Dim.size: Expected an int, got a boolean."
        )
    return dims_to_proto(dims)


def _tensor(value: Any, name: str) -> TensorProto:
    if hasattr(value, "tensor_shape"):
        return as_message(value, TensorProto)
    raise TypeError(
        f"Don't know how to convert {value!r} to a TensorProto for argument {name!r}."
    )


def _func(value: Any, name: str) -> NameAttrList:
    if isinstance(value, NameAttrList):
        return value
    if isinstance(value, (str, bytes)):
        return NameAttrList(name=value.decode() if isinstance(value, bytes) else value)
    if hasattr(value, "add_to_graph"):
        from metagraft.graph.defaults import get_default_graph

        value.add_to_graph(get_default_graph())
        return NameAttrList(name=value.name)
    raise TypeError(
        f"Don't know how to convert {value!r} to a func for argument {name}"
    )


def _mismatch(kind: str, name: str, value: Any) -> TypeError:
    return TypeError(f"Expected {kind} for argument '{name}' not {value!r}.")


# The field of an `AttrValue` that holds a value, by the kind of the attribute.
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
_CONVERT: Final[dict[str, Callable[[Any, str], Any]]] = {
    "string": _bytes,
    "int": _int,
    "float": _float,
    "bool": _bool,
    "type": _type,
    "shape": _shape,
    "tensor": _tensor,
    "func": _func,
}
