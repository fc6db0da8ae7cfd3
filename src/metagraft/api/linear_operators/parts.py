"""The tensors that a linear operator is made of, and operators made of others.

With them an operator passes through branches, loops, functions and runs.

Source: tensorflow python/ops/linalg/linear_operator.py _LinearOperatorSpec.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from metagraft.api.linear_operators.hints import HINTS
from metagraft.api.module import Module
from metagraft.graph.build import array
from metagraft.graph.composite import CompositeTensor
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType
from metagraft.graph.tensor import Tensor
from metagraft.graph.variable import GraphVariable

__all__ = ["Constant", "Made", "OperatorParts", "Place", "Row"]


@dataclass(frozen=True, slots=True)
class Constant:
    """An argument that is no tensor."""

    value: Any

    def made_of(self, tensors: Iterator[Any]) -> Any:
        """Return the argument; it takes no tensor."""
        del tensors
        return self.value


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tensor goes."""

    def made_of(self, tensors: Iterator[Any]) -> Any:
        """Return the next tensor."""
        return next(tensors)


@dataclass(frozen=True, slots=True)
class Row:
    """A list, or a tuple, of arguments."""

    kind: type
    items: tuple[Any, ...]

    def made_of(self, tensors: Iterator[Any]) -> Any:
        """Return the list of what the items are made of the tensors."""
        return self.kind(item.made_of(tensors) for item in self.items)


@dataclass(frozen=True, slots=True)
class Made:
    """An operator: its kind, and the forms of its arguments by their names."""

    kind: type
    parts: tuple[tuple[str, Any], ...]

    def made_of(self, tensors: Iterator[Any]) -> Any:
        """Return an operator of this form; it has the name that its kind has."""
        return self.kind(**{name: part.made_of(tensors) for name, part in self.parts})


class OperatorParts(Module, CompositeTensor):
    """A value made of the tensors among the arguments of its constructor.

    `matrix_dims` names these arguments and says how many dimensions of each are those
    of one matrix, not of the batch; an argument may be an operator or a list of them.
    """

    matrix_dims: ClassVar[Mapping[str, int]] = {}

    @property
    def dtype(self) -> DType:
        """The type of its elements."""
        raise NotImplementedError

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments that it was made with."""
        raise NotImplementedError

    def dims_of_parts(self) -> Mapping[str, int]:
        """`matrix_dims` of this operator."""
        return self.matrix_dims

    def tracked(self) -> dict[str, Any]:
        """Return what belongs to it in checkpoints of objects: its attributes."""
        # The arguments are what it was made with, not what it is made of.
        return {k: v for k, v in super().tracked().items() if k != "_parameters"}

    def component_tensors(self) -> list[Tensor]:
        """Return the tensors that it is made of, by the names of the arguments."""
        return [convert_to_tensor(value) for value in self.gradient_parts()]

    def with_component_tensors(self, tensors: Sequence[Any]) -> Any:
        """Return an operator of the same kind that is made of other tensors."""
        return self.form().made_of(iter(tensors))

    def gradient_parts(self) -> list[Any]:
        """Return the tensors and variables that it is made of."""
        return self._taken_apart()[1]

    def with_gradients(self, grads: Sequence[Any]) -> Any:
        """Return an operator made of gradients, None if there are none.

        Where one part of several has no gradient, it is zeros.
        """
        if all(grad is None for grad in grads):
            return None
        parts = zip(grads, self.gradient_parts(), strict=True)
        return self.with_component_tensors(
            [
                array.zeros_like(part, dtype=self.dtype) if grad is None else grad
                for grad, part in parts
            ]
        )

    def form(self) -> Made:
        """Return what it is but for its tensors."""
        return self._taken_apart()[0]

    def _taken_apart(self) -> tuple[Made, list[Any]]:
        parts, tensors = [], []
        for name in sorted(self.parameters.keys() - {"name"}):
            form, found = _taken_apart(self._argument(name))
            parts.append((name, form))
            tensors += found
        return Made(type(self), tuple(parts)), tensors

    def _argument(self, name: str) -> Any:
        """Return the argument of the constructor as the operator has it."""
        if name in self.matrix_dims or name in HINTS or name == "dtype":
            return getattr(self, name)
        value = self.parameters[name]
        known = constant_value(value) if isinstance(value, Tensor) else value
        if known is None and value is not None:
            return value
        if isinstance(known, np.ndarray | np.generic):
            known = known.tolist()
        return Constant(_as_tuple(known))

    def component_value(self, arrays: Sequence[Any]) -> Any:
        """Return an operator made of the arrays of a run."""
        return self.with_component_tensors(arrays)

    def component_feeds(self, value: Any) -> Sequence[Any]:
        """Return what its tensors are fed: the arrays that `value` lists."""
        return list(value)


def _as_tuple(value: Any) -> Any:
    """Make lists tuples, which can be compared and hashed."""
    return tuple(map(_as_tuple, value)) if isinstance(value, list | tuple) else value


def _taken_apart(value: Any) -> tuple[Any, list[Any]]:
    """Return the form of an argument, and the tensors in it."""
    if isinstance(value, OperatorParts):
        return value._taken_apart()  # noqa: SLF001 - of this very class
    if isinstance(value, Tensor | GraphVariable):
        return Place(), [value]
    if isinstance(value, list | tuple):
        pairs = [_taken_apart(item) for item in value]
        forms = tuple(form for form, _ in pairs)
        return Row(type(value), forms), [t for _, found in pairs for t in found]
    return value if isinstance(value, Constant) else Constant(value), []
