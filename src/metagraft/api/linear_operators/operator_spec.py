"""The spec of a linear operator: its form, and shapes and types of its tensors.

Source: tensorflow python/ops/linalg/linear_operator.py _LinearOperatorSpec.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from metagraft.api.linear_operators.parts import Made, OperatorParts
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor_spec import TensorSpec
from metagraft.graph.type_spec import CompositeSpec

__all__ = ["LinearOperatorSpec"]


class LinearOperatorSpec(CompositeSpec):
    """What is known of a linear operator."""

    __slots__ = ("_form", "_shapes_and_types")

    def __init__(self, form: Made, *shapes_and_types: Any) -> None:
        """Take the form, and a shape and a type for each tensor in turn."""
        self._form = form
        self._shapes_and_types = shapes_and_types

    @property
    def value_type(self) -> type:
        """The kind of operator."""
        return self._form.kind

    @classmethod
    def from_value(cls, value: OperatorParts) -> LinearOperatorSpec:
        """Return what is known of an operator."""
        parts = value.gradient_parts()
        known = ((TensorShape(p.shape), p.dtype.base_dtype) for p in parts)
        return cls(value.form(), *(each for pair in known for each in pair))

    def description(self) -> tuple[Any, ...]:
        """Return what it was made of."""
        return self._form, *self._shapes_and_types

    def flatten(self) -> list[TensorSpec]:
        """Return the specs of the tensors."""
        shapes, types = self._shapes_and_types[::2], self._shapes_and_types[1::2]
        return [TensorSpec(*pair) for pair in zip(shapes, types, strict=True)]

    def to_tensors(self, value: OperatorParts) -> list[Any]:
        """Return the tensors and variables of an operator."""
        return value.gradient_parts()

    def from_tensors(self, tensors: Iterable[Any]) -> Any:
        """Return an operator that is made of tensors."""
        return self._form.made_of(iter(tensors))

    def _spec_of(self, value: Any) -> Any:
        return self.from_value(value) if isinstance(value, OperatorParts) else None
