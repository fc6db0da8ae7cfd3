"""Ragged tensors of the type that SavedModels keep of them.

Source: tensorflow python/ops/ragged/ragged_tensor.py RaggedTensorSpec.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor
from metagraft.proto import StructuredValue, TypeSpecProto
from metagraft.saved_model.slices_spec import shape_value, type_value

_CLASS_NAME: Final = "RaggedTensorSpec"


def encode(ragged: RaggedTensor) -> TypeSpecProto:
    """Return the type: shape, element type, ragged dimensions, type of the splits."""
    spec = TypeSpecProto(
        type_spec_class=TypeSpecProto.RAGGED_TENSOR_SPEC,
        type_spec_class_name=_CLASS_NAME,
        num_flat_components=1 + ragged.ragged_rank,
    )
    spec.type_state.tuple_value.values.extend(
        [
            shape_value(ragged.shape),
            type_value(ragged.flat_values),
            StructuredValue(int64_value=ragged.ragged_rank),
            type_value(ragged.row_splits),
        ]
    )
    return spec


def from_parts(state: Any, parts: Sequence[Tensor]) -> RaggedTensor | Tensor:
    """Return a ragged tensor, given its innermost values and all splits.

    Args:
        state: What is known of its type: shape, element type, number of ragged
            dimensions, type of the splits; None if nothing is.
        parts: The values, and the splits from the outermost on.

    Returns:
        The ragged tensor; of no ragged dimension, the values.
    """
    values, *splits = parts
    shape = state[0] if isinstance(state, tuple) and state else None
    if isinstance(shape, TensorShape) and shape.rank is not None:
        _set_shapes(shape, values, splits)
    if not splits:
        return values
    found: RaggedTensor = RaggedTensor.from_nested_row_splits(
        values, splits, validate=False
    )
    return found


def _set_shapes(shape: TensorShape, values: Tensor, splits: Sequence[Tensor]) -> None:
    """Note what the shape of the whole says of the shapes of its parts."""
    sizes = shape.as_list()
    if not splits:
        values.set_shape(sizes)
        return
    values.set_shape([None, *sizes[len(splits) + 1 :]])
    if sizes[0] is not None:
        splits[0].set_shape([sizes[0] + 1])
