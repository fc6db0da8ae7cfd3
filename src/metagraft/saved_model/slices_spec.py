"""The type of an `IndexedSlices` as the message that SavedModels keep of it.

Source: tensorflow python/framework/indexed_slices.py IndexedSlicesSpec,
python/saved_model/nested_structure_coder.py.
"""

from __future__ import annotations

from typing import Final

from metagraft.errors import UnimplementedError
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor
from metagraft.proto import NoneValue, StructuredValue, TypeSpecProto

_CLASS_NAME: Final = "IndexedSlicesSpec"


def encode(slices: IndexedSlices) -> TypeSpecProto:
    """Return the type of a value: shape, types of its parts, shape of its indices."""
    parts = 2 if slices.dense_shape is None else 3
    spec = TypeSpecProto(
        type_spec_class=TypeSpecProto.INDEXED_SLICES_SPEC,
        type_spec_class_name=_CLASS_NAME,
        num_flat_components=parts,
    )
    shape = slices.values.shape if slices.dense_shape is None else slices.shape
    spec.type_state.tuple_value.values.extend(
        [
            shape_value(shape),
            type_value(slices.values),
            type_value(slices.indices),
            type_value(slices.dense_shape),
            shape_value(slices.indices.shape.with_rank(1)),
        ]
    )
    return spec


def check_is_slices(spec: TypeSpecProto) -> None:
    """Raise `UnimplementedError` unless `spec` is the type of an `IndexedSlices`."""
    if spec.type_spec_class != TypeSpecProto.INDEXED_SLICES_SPEC:
        name = spec.type_spec_class_name or TypeSpecProto.TypeSpecClass.Name(
            spec.type_spec_class
        )
        raise UnimplementedError(
            None, None, f"Values of type {name} cannot be made from a signature."
        )


def shape_value(shape: TensorShape) -> StructuredValue:
    """Return a shape as a message."""
    return StructuredValue(tensor_shape_value=shape.as_proto())


def type_value(tensor: Tensor | None) -> StructuredValue:
    """Return the type of a part as a message; of none that says so."""
    if tensor is None:
        return StructuredValue(none_value=NoneValue())
    return StructuredValue(tensor_dtype_value=tensor.dtype.as_datatype_enum)
