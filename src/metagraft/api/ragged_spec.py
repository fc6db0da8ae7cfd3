"""`tf.RaggedTensorSpec`: shape, type and ragged axes of a ragged tensor.

Source: tensorflow python/ops/ragged/ragged_tensor.py RaggedTensorSpec.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from metagraft.api.ragged_tensor import RaggedTensor, is_ragged
from metagraft.graph.dtypes import DType, as_dtype, float32, int64
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_spec import TensorSpec
from metagraft.graph.type_spec import CompositeSpec

__all__ = ["RaggedTensorSpec"]


class RaggedTensorSpec(CompositeSpec):
    """Shape, type and ragged axes of a ragged tensor."""

    __slots__ = ("_dtype", "_ragged_rank", "_row_splits_dtype", "_shape")

    def __init__(
        self,
        shape: Any = None,
        dtype: Any = float32,
        ragged_rank: int | None = None,
        row_splits_dtype: Any = int64,
        flat_values_spec: Any = None,
    ) -> None:
        """Take a shape and types.

        Args:
            shape: The shape; ragged axes are unknown.
            dtype: The type of the elements.
            ragged_rank: How many axes are ragged; all but the first by default.
            row_splits_dtype: int32 or int64.
            flat_values_spec: The spec of the innermost values: only for values that
                are no tensors, which there are not here.

        Raises:
            TypeError: `ragged_rank` is no integer.
            ValueError: The arguments do not go together.
        """
        if flat_values_spec is not None:
            raise ValueError("Customized value_type is not supported.")
        if dtype is None:
            raise ValueError(
                "At least one of dtype or flat_values_spec must be provided"
            )
        self._shape = TensorShape(shape)
        self._dtype = as_dtype(dtype)
        self._row_splits_dtype = as_dtype(row_splits_dtype)
        rank = self._shape.ndims
        if ragged_rank is None:
            if rank is None:
                raise ValueError(
                    "Must specify ragged_rank or a shape with a known rank."
                )
            ragged_rank = rank - 1
        if not isinstance(ragged_rank, int):
            raise TypeError(
                f"Argument `ragged_rank` must be an int. Received {ragged_rank}."
            )
        if rank is not None and ragged_rank >= rank:
            raise ValueError(
                f"Argument `ragged_rank` ({ragged_rank}) must be less than rank"
                f" ({rank})."
            )
        self._ragged_rank = ragged_rank

    @classmethod
    def from_value(cls, value: Any) -> RaggedTensorSpec:
        """Return what a ragged tensor is."""
        return cls(
            shape=value.shape,
            dtype=value.values.dtype,
            ragged_rank=value.ragged_rank,
            row_splits_dtype=value.row_splits.dtype,
        )

    @property
    def value_type(self) -> type:
        """The class of the values."""
        return RaggedTensor if self._ragged_rank > 0 else Tensor

    @property
    def shape(self) -> TensorShape:
        """The shape."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @property
    def ragged_rank(self) -> int:
        """How many axes are ragged."""
        return self._ragged_rank

    @property
    def row_splits_dtype(self) -> DType:
        """The type of the splits."""
        return self._row_splits_dtype

    @property
    def flat_values_spec(self) -> None:
        """None: the innermost values are tensors."""
        return None

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a value, or another spec, may have this spec."""
        if self._ragged_rank == 0 and isinstance(spec_or_value, Tensor | TensorSpec):
            spec = TensorSpec(self._shape, self._dtype)
            return spec.is_compatible_with(spec_or_value)
        return super().is_compatible_with(spec_or_value)

    def flatten(self) -> list[TensorSpec]:
        """Return the specs of the innermost values and of all splits."""
        if self._ragged_rank == 0:
            return [TensorSpec(self._shape, self._dtype)]
        inner = self._shape[self._ragged_rank + 1 :]
        flat = TensorShape([None]).concatenate(inner)
        rows = None if self._shape.ndims is None else self._shape[0].value
        outer = TensorSpec([None if rows is None else rows + 1], self._row_splits_dtype)
        others = [TensorSpec([None], self._row_splits_dtype)] * (self._ragged_rank - 1)
        return [TensorSpec(flat, self._dtype), outer, *others]

    def to_tensors(self, value: Any) -> list[Any]:
        """Return the innermost values and all splits."""
        if is_ragged(value):
            return [value.flat_values, *value.nested_row_splits]
        return [value]

    def from_tensors(self, tensors: Iterable[Any]) -> Any:
        """Return the ragged tensor that values and splits make up."""
        result, *nested = parts = list(tensors)
        if self._shape.ndims is not None:
            for part, spec in zip(parts, self.flatten(), strict=True):
                if isinstance(part, Tensor):
                    part.set_shape(spec.shape)
        for splits in reversed(nested):
            result = RaggedTensor.from_row_splits(result, splits, validate=False)
        return result

    def description(self) -> tuple[Any, ...]:
        """Return what it was made of."""
        return self._shape, self._dtype, self._ragged_rank, self._row_splits_dtype

    def _spec_of(self, value: Any) -> Any:
        return self.from_value(value) if is_ragged(value) else None
