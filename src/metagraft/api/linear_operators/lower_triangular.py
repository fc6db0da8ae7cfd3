"""Lower triangular matrices.

Source: tensorflow python/ops/linalg/linear_operator_lower_triangular.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from metagraft.api.array import adjoint as adjoint_matrix
from metagraft.api.linear_algebra import matrix_triangular_solve
from metagraft.api.linear_operators.batches import assert_no_zeros, tensor_or_variable
from metagraft.api.linear_operators.hints import described, given
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.math import log
from metagraft.api.matrix_diag import matrix_band_part
from metagraft.graph.build import array
from metagraft.graph.build.math import absolute
from metagraft.graph.build.matmul import matmul
from metagraft.graph.build.matrix_diag import matrix_diag_part
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorLowerTriangular"]


class LinearOperatorLowerTriangular(LinearOperator):
    """Square matrices that are zero above the diagonal."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"tril": 2}

    def __init__(
        self,
        tril: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorLowerTriangular",
    ) -> None:
        """Make matrices of what a tensor has on and below the diagonal.

        Args:
            tril: `[*batch, n, n]`; what is above the diagonal does not matter.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes.

        Raises:
            ValueError: `tril` has fewer than two dimensions, or is not to be square.
        """
        parameters = given(locals())
        if is_square is False:
            raise ValueError(
                "Only square lower triangular operators supported at this time."
            )
        with name_scope(name, values=[tril]):
            self._tril = tensor_or_variable(tril, name="tril")
            rank = self._tril.shape.ndims
            if rank is not None and rank < 2:
                raise ValueError(
                    "Argument tril must have at least 2 dimensions.  Found:"
                    f" {self._tril}"
                )
            told = described(parameters, is_square=True)
            super().__init__(dtype=self._tril.dtype, **told)

    @property
    def tril(self) -> Any:
        """The elements, those above the diagonal as they were given."""
        return self._tril

    def _lower(self) -> Tensor:
        return matrix_band_part(self._tril, -1, 0)

    def _diagonal(self) -> Tensor:
        return matrix_diag_part(self._tril)

    def _shape(self) -> TensorShape:
        shape: TensorShape = self._tril.shape
        return shape

    def _shape_tensor(self) -> Tensor:
        return array.shape(self._tril)

    def _assert_non_singular(self) -> Operation:
        text = "Singular operator:  Diagonal contained zero values."
        return assert_no_zeros(self._diagonal(), message=text)

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        return matmul(self._lower(), x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def _solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        rhs = adjoint_matrix(rhs) if adjoint_arg else rhs
        return matrix_triangular_solve(self._lower(), rhs, lower=True, adjoint=adjoint)

    def _determinant(self) -> Tensor:
        return reduce_tensor("Prod", self._diagonal(), axis=[-1])

    def _log_abs_determinant(self) -> Tensor:
        return reduce_tensor("Sum", log(absolute(self._diagonal())), axis=[-1])

    def _to_dense(self) -> Tensor:
        return self._lower()

    def _eigvals(self) -> Tensor:
        return self._diagonal()
