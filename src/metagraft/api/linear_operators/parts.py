"""The tensors that a linear operator is made of, and operators made of others.

With them an operator passes through branches, loops, functions and runs.

Source: tensorflow python/ops/linalg/linear_operator.py _LinearOperatorSpec.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

from metagraft.graph.composite import CompositeTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.tensor import Tensor
from metagraft.graph.variable import GraphVariable

__all__ = ["OperatorParts"]


class OperatorParts(CompositeTensor):
    """A value made of the tensors among the arguments of its constructor.

    `matrix_dims` names these arguments and says how many dimensions of each are those
    of one matrix, not of the batch; an argument may be an operator or a list of them.
    """

    matrix_dims: ClassVar[Mapping[str, int]] = {}

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments that it was made with."""
        raise NotImplementedError

    def dims_of_parts(self) -> Mapping[str, int]:
        """`matrix_dims` of this operator."""
        return self.matrix_dims

    @property
    def variables(self) -> tuple[Any, ...]:
        """The variables that it is made of, each once."""
        found = [
            variable
            for name in self.matrix_dims
            for variable in _variables(getattr(self, name))
        ]
        return tuple({id(variable): variable for variable in found}.values())

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Those of the variables that are trained."""
        return tuple(variable for variable in self.variables if variable.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Any, ...]:
        """Those of the variables that are not trained."""
        return tuple(variable for variable in self.variables if not variable.trainable)

    @property
    def submodules(self) -> tuple[Any, ...]:
        """The operators that it is made of, and those that they are made of."""
        found: dict[int, Any] = {}
        for name in sorted(vars(self)):
            value = vars(self)[name]
            parts = value if isinstance(value, list | tuple) else [value]
            found.update((id(p), p) for p in parts if isinstance(p, OperatorParts))
        for operator in list(found.values()):
            found.update((id(inner), inner) for inner in operator.submodules)
        return tuple(found.values())

    def component_tensors(self) -> list[Tensor]:
        """Return the tensors that it is made of."""
        return [
            tensor
            for name in self.matrix_dims
            for tensor in _tensors(getattr(self, name))
        ]

    def with_component_tensors(self, tensors: Sequence[Any]) -> Self:
        """Return an operator of the same kind that is made of other tensors."""
        return self._made_of(iter(tensors))

    def _made_of(self, tensors: Iterator[Any]) -> Self:
        changed = {
            name: _replaced(getattr(self, name), tensors) for name in self.matrix_dims
        }
        return type(self)(**{**self.parameters, **changed})

    def component_value(self, arrays: Sequence[Any]) -> Self:
        """Return an operator made of the arrays of a run."""
        return self.with_component_tensors(arrays)

    def component_feeds(self, value: Any) -> Sequence[Any]:
        """Return what its tensors are fed: the arrays that `value` lists."""
        return list(value)


def _variables(value: Any) -> list[Any]:
    if isinstance(value, GraphVariable):
        return [value]
    if isinstance(value, OperatorParts):
        return list(value.variables)
    if isinstance(value, list | tuple):
        return [variable for item in value for variable in _variables(item)]
    return []


def _tensors(value: Any) -> list[Tensor]:
    if value is None:
        return []
    if isinstance(value, OperatorParts):
        return value.component_tensors()
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in _tensors(item)]
    return [convert_to_tensor(value)]


def _replaced(value: Any, tensors: Iterator[Any]) -> Any:
    if value is None:
        return None
    if isinstance(value, OperatorParts):
        return value._made_of(tensors)  # noqa: SLF001 - of this very class
    if isinstance(value, list | tuple):
        return type(value)(_replaced(item, tensors) for item in value)
    return next(tensors)
