"""Structures of Python as SavedModels keep them: arguments and results of functions.

Source: tensorflow python/saved_model/nested_structure_coder.py.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from metagraft.graph import dtypes
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor_spec import TensorSpec
from metagraft.graph.tensor_values import make_ndarray
from metagraft.proto import StructuredValue, TypeSpecProto

_SCALARS: Final = ("float64_value", "int64_value", "string_value", "bool_value")


@dataclass(frozen=True, slots=True)
class CompositeSpec:
    """The type of a value that consists of several tensors.

    Attributes:
        name: The name of its class, such as `SparseTensorSpec`.
        kind: The number of that class in the message.
        parts: How many tensors such a value consists of.
        state: What else is known of it, decoded.
    """

    name: str
    kind: int
    parts: int
    state: Any

    @property
    def is_sparse(self) -> bool:
        """Whether it is the type of a `SparseTensor`."""
        return self.kind == TypeSpecProto.SPARSE_TENSOR_SPEC

    @property
    def is_slices(self) -> bool:
        """Whether it is the type of an `IndexedSlices`."""
        return self.kind == TypeSpecProto.INDEXED_SLICES_SPEC

    @property
    def is_ragged(self) -> bool:
        """Whether it is the type of a `RaggedTensor`."""
        return self.kind == TypeSpecProto.RAGGED_TENSOR_SPEC


def decode(value: StructuredValue) -> Any:
    """Return the structure that a message holds.

    Returns:
        Lists, tuples, named tuples and dictionaries of scalars, shapes, types, arrays,
        `TensorSpec` and `CompositeSpec`; None for a message that holds nothing.
    """
    kind = value.WhichOneof("kind")
    if kind in (None, "none_value"):
        return None
    content = getattr(value, kind)
    if kind in _SCALARS:
        return content
    if kind in ("list_value", "tuple_value"):
        parts = map(decode, content.values)
        return list(parts) if kind == "list_value" else tuple(parts)
    if kind == "dict_value":
        return {key: decode(part) for key, part in content.fields.items()}
    if kind == "named_tuple_value":
        return _named_tuple(content)
    return _decode_leaf(kind, content)


def _decode_leaf(kind: str, content: Any) -> Any:
    if kind == "tensor_shape_value":
        return TensorShape(content)
    if kind == "tensor_dtype_value":
        return dtypes.as_dtype(content)
    if kind in ("tensor_spec_value", "bounded_tensor_spec_value"):
        shape, name = TensorShape(content.shape), content.name or None
        return TensorSpec(shape, dtypes.as_dtype(content.dtype), name=name)
    if kind == "type_spec_value":
        number = content.type_spec_class
        name = content.type_spec_class_name or f"number {number}"
        state = decode(content.type_state)
        parts = content.num_flat_components
        if number == TypeSpecProto.SPARSE_TENSOR_SPEC:
            parts = 3  # files before TensorFlow 2.4 do not say it
        return CompositeSpec(name, number, parts, state)
    return make_ndarray(content)


def _named_tuple(content: Any) -> Any:
    names = [pair.key for pair in content.values]
    values = [decode(pair.value) for pair in content.values]
    title = content.name if content.name.isidentifier() else "Fields"
    kind = namedtuple(title, names, rename=True)  # type: ignore[misc]
    return kind(*values)


def described(structure: Any) -> str:
    """Return a structure as text, its parts each as `repr` shows them."""
    if isinstance(structure, Mapping):
        parts = [f"{key!r}: {described(each)}" for key, each in structure.items()]
        return "{" + ", ".join(parts) + "}"
    if isinstance(structure, list | tuple):
        inner = ", ".join(map(described, structure))
        return f"[{inner}]" if isinstance(structure, list) else f"({inner})"
    return repr(structure)
