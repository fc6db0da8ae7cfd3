"""Diagonal matrices.

Source: tensorflow python/ops/linalg/linear_operator_diag.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from metagraft.api.array import adjoint as adjoint_matrix
from metagraft.api.checks import assert_positive
from metagraft.api.linear_operators.batches import (
    assert_no_zeros,
    assert_real,
    tensor_or_variable,
)
from metagraft.api.linear_operators.hints import HINTS, described, given, hints_of
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.math import log, sqrt
from metagraft.graph.build import array
from metagraft.graph.build.math import absolute, cast, conj, real
from metagraft.graph.build.matrix_diag import (
    matrix_diag,
    matrix_diag_part,
    matrix_set_diag,
)
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorDiag"]


class LinearOperatorDiag(LinearOperator):
    """Square matrices that are zero but for the diagonal."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"diag": 1}

    def __init__(
        self,
        diag: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorDiag",
    ) -> None:
        """Make matrices of their diagonals.

        Args:
            diag: `[*batch, n]`.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes.

        Raises:
            ValueError: `diag` is a scalar, or a hint cannot be.
        """
        parameters = given(locals())
        with name_scope(name, values=[diag]):
            self._diag = tensor_or_variable(diag, name="diag")
            if self._diag.shape.ndims == 0:
                raise ValueError(
                    "Argument diag must have at least 1 dimension.  Found:"
                    f" {self._diag}"
                )
            if not self._diag.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError("A real diagonal operator is always self adjoint.")
                is_self_adjoint = True
            if is_square is False:
                raise ValueError("Only square diagonal operators currently supported.")
            told = described(
                parameters, is_self_adjoint=is_self_adjoint, is_square=True
            )
            super().__init__(dtype=self._diag.dtype, **told)

    @property
    def diag(self) -> Any:
        """The diagonals."""
        return self._diag

    def _shape(self) -> TensorShape:
        shape: TensorShape = self._diag.shape
        return shape.concatenate(shape[-1:])

    def _shape_tensor(self) -> Tensor:
        sizes = array.shape(self._diag)
        return array.concat((sizes, [sizes[-1]]), 0)

    def _hints(self) -> dict[str, Any]:
        return {**hints_of(self), "is_square": True}

    def _adjoint(self) -> LinearOperator:
        diag = conj(self.diag) if self.diag.dtype.is_complex else self.diag
        return LinearOperatorDiag(diag, **self._hints())

    def _inverse(self) -> LinearOperator:
        return LinearOperatorDiag(1.0 / self.diag, **self._hints())

    def _cholesky(self) -> LinearOperator:
        certain: dict[str, Any] = dict.fromkeys(HINTS, True)
        return LinearOperatorDiag(sqrt(self.diag), **certain)

    def _assert_non_singular(self) -> Operation:
        text = "Singular operator:  Diagonal contained zero values."
        return assert_no_zeros(self._diag, message=text)

    def _assert_positive_definite(self) -> Operation:
        if self.dtype.is_complex:
            text = "Diagonal operator had diagonal entries with non-positive real part"
        else:
            text = "Real diagonal operator had non-positive diagonal entries"
        text += ", thus was not positive definite."
        return assert_positive(real(self._diag), message=text)

    def _assert_self_adjoint(self) -> Operation:
        text = (
            "This diagonal operator contained non-zero imaginary values.   Thus it was"
            " not self-adjoint."
        )
        return assert_real(self._diag, message=text)

    def _term(self, adjoint: bool) -> Any:
        return conj(self._diag) if adjoint else self._diag

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        term = self._term(adjoint)
        x = adjoint_matrix(x) if adjoint_arg else x
        return array.expand_dims(term, -1) * x

    def _matvec(self, x: Tensor, adjoint: bool = False) -> Tensor:
        return self._term(adjoint) * x

    def _solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        term = self._term(adjoint)
        rhs = adjoint_matrix(rhs) if adjoint_arg else rhs
        return rhs * array.expand_dims(1.0 / term, -1)

    def _determinant(self) -> Tensor:
        return reduce_tensor("Prod", self._diag, axis=[-1])

    def _log_abs_determinant(self) -> Tensor:
        logs = log(absolute(self._diag))
        result = reduce_tensor("Sum", logs, axis=[-1])
        return cast(result, self.dtype) if self.dtype.is_complex else result

    def _to_dense(self) -> Tensor:
        return matrix_diag(self._diag)

    def _diag_part(self) -> Tensor:
        return self.diag

    def _add_to_tensor(self, x: Tensor) -> Tensor:
        return matrix_set_diag(x, self._diag + matrix_diag_part(x))

    def _eigvals(self) -> Tensor:
        return convert_to_tensor(self.diag)

    def _cond(self) -> Tensor:
        sizes = absolute(self.diag)
        largest = reduce_tensor("Max", sizes, axis=-1)
        return largest / reduce_tensor("Min", sizes, axis=-1)
