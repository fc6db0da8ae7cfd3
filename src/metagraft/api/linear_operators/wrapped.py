"""Adjoints and inverses of other operators.

Source: tensorflow python/ops/linalg/linear_operator_adjoint.py,
linear_operator_inversion.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from metagraft.api.array import adjoint as adjoint_matrix
from metagraft.api.linear_operators.hints import (
    described,
    given,
    hint_of_inner,
)
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.graph.build import array
from metagraft.graph.build.math import conj
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorAdjoint", "LinearOperatorInversion"]


def _combined_hints(
    operator: LinearOperator, parameters: dict[str, Any], kind: str
) -> dict[str, Any]:
    """Hints of an operator for its adjoint or inverse, which share them all.

    Raises:
        ValueError: One contradicts what was given.
    """
    combined = {}
    for name in ("is_square", "is_non_singular", "is_self_adjoint"):
        word = name.removeprefix("is_").replace("_", "-")
        text = f"An operator is {word} if and only if its {kind} is {word}."
        combined[name] = hint_of_inner(operator, name, parameters[name], text)
    name = "is_positive_definite"
    text = f"An operator is positive-definite if and only if its {kind} is"
    combined[name] = hint_of_inner(
        operator, name, parameters[name], f"{text} positive-definite."
    )
    return combined


class _WrappedOperator(LinearOperator):
    """An operator made of another one that shares its hints."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"operator": 0}
    _operator: LinearOperator

    def _wrap(
        self,
        operator: LinearOperator,
        parameters: dict[str, Any],
        kind: str,
        suffix: str,
    ) -> None:
        """Do what the constructors of all kinds do.

        Args:
            operator: The operator.
            parameters: What the constructor was given.
            kind: What the operator is made into, for error texts.
            suffix: What the name of the operator gets if none is given.
        """
        self._operator = operator
        hints = _combined_hints(operator, parameters, kind)
        given_name = parameters["name"]
        name = f"{operator.name}{suffix}" if given_name is None else given_name
        told = {**described(parameters), **hints, "name": name}
        with name_scope(name):
            super().__init__(dtype=operator.dtype, **told)

    @property
    def operator(self) -> LinearOperator:
        """The operator that it was made of."""
        return self._operator

    def _assert_non_singular(self) -> Operation:
        return self.operator.assert_non_singular()

    def _assert_positive_definite(self) -> Operation:
        return self.operator.assert_positive_definite()

    def _assert_self_adjoint(self) -> Operation:
        return self.operator.assert_self_adjoint()

    def _cond(self) -> Tensor:
        return self.operator.cond()


class LinearOperatorAdjoint(_WrappedOperator):
    """The conjugate transpose of another operator."""

    def __init__(
        self,
        operator: LinearOperator,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        """Wrap an operator.

        Args:
            operator: The operator whose adjoint this is.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes; that of `operator` and `_adjoint` if None.

        Raises:
            ValueError: A hint contradicts one of `operator`.
        """
        self._wrap(operator, given(locals()), "adjoint", "_adjoint")

    def _adjoint(self) -> LinearOperator:
        return self.operator

    def _shape(self) -> TensorShape:
        shape = self.operator.shape
        return shape[:-2].concatenate([shape[-1], shape[-2]])

    def _shape_tensor(self) -> Tensor:
        sizes = self.operator.shape_tensor()
        return array.concat([sizes[:-2], [sizes[-1], sizes[-2]]], axis=-1)

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        return self.operator.matmul(x, adjoint=not adjoint, adjoint_arg=adjoint_arg)

    def _matvec(self, x: Tensor, adjoint: bool = False) -> Tensor:
        return self.operator.matvec(x, adjoint=not adjoint)

    def _solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        return self.operator.solve(rhs, adjoint=not adjoint, adjoint_arg=adjoint_arg)

    def _solvevec(self, rhs: Tensor, adjoint: bool = False) -> Tensor:
        return self.operator.solvevec(rhs, adjoint=not adjoint)

    def _determinant(self) -> Tensor:
        if self.is_self_adjoint:
            return self.operator.determinant()
        return conj(self.operator.determinant())

    def _log_abs_determinant(self) -> Tensor:
        return self.operator.log_abs_determinant()

    def _trace(self) -> Tensor:
        if self.is_self_adjoint:
            return self.operator.trace()
        return conj(self.operator.trace())

    def _to_dense(self) -> Tensor:
        if self.is_self_adjoint:
            return self.operator.to_dense()
        return adjoint_matrix(self.operator.to_dense())

    def _eigvals(self) -> Tensor:
        values = self.operator.eigvals()
        return values if self.operator.is_self_adjoint else conj(values)


class LinearOperatorInversion(_WrappedOperator):
    """The inverse of another operator."""

    def __init__(
        self,
        operator: LinearOperator,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        """Wrap an operator.

        Args:
            operator: The operator whose inverse this is.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes; that of `operator` and `_inv` if None.

        Raises:
            ValueError: `operator` is not square, or singular, or a hint contradicts it.
        """
        parameters = given(locals())
        for hint in ("is_non_singular", "is_square"):
            inner = getattr(operator, hint)
            if inner is False or parameters[hint] is False:
                raise ValueError(
                    f"Argument `{hint}` or argument `operator` must have supplied hint"
                    f" `{hint}` equal to `True` or `None`. Found `operator.{hint}`:"
                    f" {inner}, `{hint}`: {parameters[hint]}."
                )
        self._wrap(operator, parameters, "inverse", "_inv")

    def _inverse(self) -> LinearOperator:
        return self.operator

    def _shape(self) -> TensorShape:
        return self.operator.shape

    def _shape_tensor(self) -> Tensor:
        return self.operator.shape_tensor()

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        solved: Tensor = self.operator.solve(
            x, adjoint=adjoint, adjoint_arg=adjoint_arg
        )
        return solved

    def _solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        multiplied: Tensor = self.operator.matmul(
            rhs, adjoint=adjoint, adjoint_arg=adjoint_arg
        )
        return multiplied

    def _determinant(self) -> Tensor:
        return 1.0 / self.operator.determinant()

    def _log_abs_determinant(self) -> Tensor:
        return -1.0 * self.operator.log_abs_determinant()

    def _eigvals(self) -> Tensor:
        return 1.0 / self.operator.eigvals()
