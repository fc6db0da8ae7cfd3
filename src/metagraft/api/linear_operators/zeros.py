"""Matrices of zeros.

Source: tensorflow python/ops/linalg/linear_operator_zeros.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.array import adjoint as adjoint_matrix
from metagraft.api.linear_operators.batches import check_not_variable
from metagraft.api.linear_operators.hints import described, given
from metagraft.api.linear_operators.sized import SizedOperator
from metagraft.errors import InvalidArgumentError
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import no_op
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorZeros"]


class LinearOperatorZeros(SizedOperator):
    """Matrices of zeros."""

    def __init__(
        self,
        num_rows: Any,
        num_columns: Any = None,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: bool | None = False,
        is_self_adjoint: bool | None = True,
        is_positive_definite: bool | None = False,
        is_square: bool | None = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorZeros",
    ) -> None:
        """Make a matrix of zeros, or a batch of them.

        Args:
            num_rows: How many rows.
            num_columns: How many columns; as many as rows if None.
            batch_shape: How many matrices; one if None.
            dtype: Type of the elements; float32 if None.
            is_non_singular: False.
            is_self_adjoint: True, if it is square.
            is_positive_definite: False.
            is_square: Whether it has as many rows as columns.
            assert_proper_shapes: Whether runs check sizes.
            name: The scope of its nodes.

        Raises:
            TypeError: A size is no integer, or a variable.
            ValueError: A size is negative or not a scalar, or a hint cannot be.
        """
        parameters = given(locals())
        self._assert_proper_shapes = assert_proper_shapes
        with name_scope(name):
            wanted = dtypes.as_dtype(dtype or dtypes.float32)
            if not is_self_adjoint and is_square:
                raise ValueError("A zero operator is always self adjoint.")
            if is_non_singular:
                raise ValueError("A zero operator is always singular.")
            if is_positive_definite:
                raise ValueError("A zero operator is always not positive-definite.")
            super().__init__(dtype=wanted, **described(parameters))
            for argument in ("num_rows", "num_columns", "batch_shape"):
                check_not_variable(parameters[argument], argument)
            self._take_rows_and_columns(num_rows, num_columns)
            if is_square and not self._may_be_square():
                raise ValueError(
                    "LinearOperatorZeros initialized as is_square=True, but got"
                    f" num_rows({self._known_rows}) !="
                    f" num_columns({self._known_columns})"
                )
            self._take_batch(batch_shape)

    def _may_be_square(self) -> bool:
        known = self._known_rows, self._known_columns
        return None in known or known[0] == known[1]

    def _assert_non_singular(self) -> Operation:
        raise InvalidArgumentError(
            None, None, "Zero operators are always non-invertible."
        )

    def _assert_positive_definite(self) -> Operation:
        raise InvalidArgumentError(
            None, None, "Zero operators are always non-positive definite."
        )

    def _assert_self_adjoint(self) -> Operation:
        return no_op("assert_self_adjoint")

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        if self._assert_proper_shapes:
            x = self._after_size_check(adjoint_matrix(x) if adjoint_arg else x)
        if self.is_square and not adjoint_arg:
            sizes = array.shape(x)
        elif self.is_square:
            batch = array.shape(x)[:-2]
            last, before = array.shape(x)[-1], array.shape(x)[-2]
            sizes = array.concat([batch, [last, before]], axis=0)
        else:
            whole = array.shape(x)
            rows = self._num_columns if adjoint else self._num_rows
            columns = whole[-2] if adjoint_arg else whole[-1]
            sizes = array.concat([whole[:-2], [rows, columns]], axis=0)
        return self._with_batch(array.zeros(sizes, dtype=x.dtype))

    def _zeros(self) -> Tensor:
        return array.zeros(self._known_or_dynamic_batch(), dtype=self.dtype)

    def _determinant(self) -> Tensor:
        return self._zeros()

    def _trace(self) -> Tensor:
        return self._zeros()

    def _zeros_on_diagonal(self) -> Tensor:
        return array.zeros(self._diagonal_sizes(), dtype=self.dtype)

    def _diag_part(self) -> Tensor:
        return self._zeros_on_diagonal()

    def add_to_tensor(self, mat: Any, name: str = "add_to_tensor") -> Tensor:
        """The sum with matrices of the same shape."""
        return self._with_batch(mat)

    def _eigvals(self) -> Tensor:
        return self._zeros_on_diagonal()
