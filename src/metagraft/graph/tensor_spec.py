"""`TensorSpec`: the type and shape that a tensor must have.

Source: tensorflow python/framework/tensor.py TensorSpec.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from metagraft.graph.dtypes import DType, as_dtype, float32
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor


@dataclass(frozen=True, slots=True, init=False)
class TensorSpec:
    """Type, shape and, optionally, name of a tensor."""

    _dtype: DType
    _shape: TensorShape
    _name: str | None

    def __init__(self, shape: Any, dtype: Any = float32, name: str | None = None):
        """Take anything that has the form of a shape and of a type."""
        object.__setattr__(self, "_shape", TensorShape(shape))
        object.__setattr__(self, "_dtype", as_dtype(dtype))
        object.__setattr__(self, "_name", name)

    @classmethod
    def from_tensor(cls, tensor: Tensor, name: str | None = None) -> TensorSpec:
        """Return what a tensor is."""
        return cls(tensor.shape, tensor.dtype, name or tensor.op.name)

    @classmethod
    def from_spec(cls, spec: TensorSpec, name: str | None = None) -> TensorSpec:
        """Return a spec, with another name if one is given."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    @property
    def shape(self) -> TensorShape:
        """The shape."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @property
    def name(self) -> str | None:
        """The name."""
        return self._name

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        """Whether a tensor, or another spec, may have these."""
        tensor = spec_or_tensor
        if not isinstance(tensor, TensorSpec | Tensor):
            return False
        return self._dtype.is_compatible_with(
            tensor.dtype
        ) and self._shape.is_compatible_with(tensor.shape)

    @property
    def value_type(self) -> type:
        """The class of the values."""
        return Tensor

    def flatten(self) -> list[TensorSpec]:
        """Return the specs of the tensors of a value: this one."""
        return [self]

    def to_tensors(self, value: Any) -> list[Tensor]:
        """Return a tensor of this spec as a list.

        Raises:
            TypeError: The value is no such tensor.
        """
        if not isinstance(value, Tensor) or not self.is_compatible_with(value):
            raise TypeError(f"Can not cast {value} to {self}")
        return [value]

    def from_tensors(self, tensors: Iterable[Any]) -> Any:
        """Return the one tensor of a value."""
        return next(iter(tensors))

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every tensor of this spec is also one of the other."""
        return (
            isinstance(other, TensorSpec)
            and self._dtype == other.dtype
            and (not self._name or self._name == other.name)
            and self._shape.is_subtype_of(other.shape)
        )

    def most_specific_common_supertype(
        self, others: Iterable[Any]
    ) -> TensorSpec | None:
        """Return what all specs agree on; None if their types or names differ."""
        others = list(others)
        if any(
            not isinstance(one, TensorSpec)
            or (one.dtype, one.name) != (self._dtype, self._name)
            for one in others
        ):
            return None
        shape = self._shape.most_specific_common_supertype([o.shape for o in others])
        return TensorSpec(shape, self._dtype, self._name)

    def most_specific_compatible_type(self, other: Any) -> TensorSpec:
        """Return what this spec and another one agree on.

        Raises:
            ValueError: Their types or names differ.
        """
        found = self.most_specific_common_supertype([other])
        if found is None:
            raise ValueError(f"No TypeSpec is compatible with both {self} and {other}")
        return found

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        """Pickle by what it was made of."""
        return TensorSpec, (self._shape, self._dtype, self._name)

    def __eq__(self, other: object) -> bool:
        """Whether type, shape and name are the same."""
        if not isinstance(other, TensorSpec):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        """Agree with `==`."""
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return self._dtype, self._shape.dims_tuple, self._name

    def __repr__(self) -> str:
        """Format as TensorFlow does."""
        return (
            f"TensorSpec(shape={self._shape}, dtype={self._dtype!r}, "
            f"name={self._name!r})"
        )
