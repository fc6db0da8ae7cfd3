"""What all linear operators share.

A kind of operator says what its shape is and how it multiplies (`_shape`,
`_shape_tensor`, `_matmul`) and whatever it does better than with a dense matrix.
What two kinds make together is in `products.py`.

Source: tensorflow python/ops/linalg/linear_operator.py.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np

from metagraft.api import array as api_array
from metagraft.api.checks import assert_equal, assert_less, assert_positive
from metagraft.api.linear_algebra import (
    cholesky,
    matrix_determinant,
    self_adjoint_eigvals,
    slogdet,
    svd,
)
from metagraft.api.linear_operators.batches import solve_with_broadcast
from metagraft.api.linear_operators.description import DescribedOperator
from metagraft.api.linear_operators.slicing import batch_slice
from metagraft.api.math import exp, log
from metagraft.graph.build import array
from metagraft.graph.build.eye import eye
from metagraft.graph.build.gramian import cholesky_solve
from metagraft.graph.build.math import absolute, cast
from metagraft.graph.build.matrix_diag import matrix_diag_part
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import dimension_at_index
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperator"]

Hint = bool | None


class LinearOperator(DescribedOperator):
    """A matrix `[*batch, rows, columns]` that need not be dense.

    Hints are promises of the program: methods choose by them and do not check them.
    """

    # -- checks --------------------------------------------------------------------

    def _assert_non_singular(self) -> Operation:
        if self._can_use_cholesky():
            return self.assert_positive_definite()
        values = svd(self.to_dense(), compute_uv=False)
        largest = reduce_tensor("Max", values, axis=-1)
        condition = largest / reduce_tensor("Min", values, axis=-1)
        return assert_less(
            condition,
            self._largest_condition(),
            message="Singular matrix up to precision epsilon.",
        )

    def _largest_condition(self) -> Tensor:
        """The condition number from which on a matrix counts as singular."""
        with name_scope("max_nonsingular_condition_number"):
            rows = cast(self.range_dimension_tensor(), self.dtype)
            columns = cast(self.domain_dimension_tensor(), self.dtype)
            size = reduce_tensor("Max", [100.0, rows, columns])
            epsilon = np.finfo(self.dtype.as_numpy_dtype).eps
            return 1.0 / (cast(size, self.dtype) * epsilon)

    def assert_non_singular(self, name: str = "assert_non_singular") -> Operation:
        """Add a check that it has an inverse."""
        with self._name_scope(name):
            return self._assert_non_singular()

    def _assert_positive_definite(self) -> Operation:
        if self.is_self_adjoint:
            diagonal = matrix_diag_part(cholesky(self.to_dense()))
            return assert_positive(
                diagonal, message="Matrix was not positive definite."
            )
        raise NotImplementedError("assert_positive_definite is not implemented.")

    def assert_positive_definite(
        self, name: str = "assert_positive_definite"
    ) -> Operation:
        """Add a check that it is positive definite."""
        with self._name_scope(name):
            return self._assert_positive_definite()

    def _assert_self_adjoint(self) -> Operation:
        dense = self.to_dense()
        text = "Matrix was not equal to its adjoint."
        return assert_equal(dense, api_array.adjoint(dense), message=text)

    def assert_self_adjoint(self, name: str = "assert_self_adjoint") -> Operation:
        """Add a check that it equals its conjugate transpose."""
        with self._name_scope(name):
            return self._assert_self_adjoint()

    def _check_input_dtype(self, argument: Any) -> None:
        if argument.dtype.base_dtype != self.dtype:
            raise TypeError(
                f"Expected argument to have dtype {self.dtype}.  Found:"
                f" {argument.dtype} in tensor {argument}"
            )

    def _operand(self, value: Any, name: str, own_axis: int, axis: int) -> Tensor:
        """An argument as a tensor whose axis fits one of the operator's.

        Raises:
            TypeError: Its type is not the operator's.
            ValueError: Its size does not fit.
        """
        tensor = convert_to_tensor(value, name=name)
        self._check_input_dtype(tensor)
        own = dimension_at_index(self.shape, own_axis)
        own.assert_is_compatible_with(tensor.shape[axis])
        return tensor

    # -- products and systems ------------------------------------------------------

    @abstractmethod
    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        raise NotImplementedError("_matmul is not implemented.")

    def matmul(
        self,
        x: Any,
        adjoint: bool = False,
        adjoint_arg: bool = False,
        name: str = "matmul",
    ) -> Any:
        """Multiply matrices from the left.

        Args:
            x: `[..., columns, k]`, or another operator.
            adjoint: Whether the operator's adjoint multiplies.
            adjoint_arg: Whether the adjoint of `x` is multiplied.
            name: Name of the scope.

        Returns:
            `[..., rows, k]`, or an operator if `x` is one.

        Raises:
            TypeError: `x` has another type.
            ValueError: Its size does not fit.
        """
        if isinstance(x, LinearOperator):
            from metagraft.api.linear_operators.products import product

            left, right = self._fitting(x, adjoint, adjoint_arg, "x")
            with self._name_scope(name):
                return product(left, right)
        with self._name_scope(name):
            own_axis, axis = (-2 if adjoint else -1), (-1 if adjoint_arg else -2)
            tensor = self._operand(x, "x", own_axis, axis)
            return self._matmul(tensor, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _fitting(
        self, other: LinearOperator, adjoint: bool, adjoint_arg: bool, name: str
    ) -> tuple[LinearOperator, LinearOperator]:
        left = self.adjoint() if adjoint else self
        right = other.adjoint() if adjoint_arg else other
        if (right.range_dimension != left.domain_dimension) is True:
            raise ValueError(
                f"Operators are incompatible. Expected `{name}` to have dimension"
                f" {left.domain_dimension} but got {right.range_dimension}."
            )
        return left, right

    def __matmul__(self, other: Any) -> Any:
        """Multiply from the left; see `matmul`."""
        return self.matmul(other)

    def _matvec(self, x: Tensor, adjoint: bool = False) -> Tensor:
        column = array.expand_dims(x, axis=-1)
        return array.squeeze(self.matmul(column, adjoint=adjoint), axis=-1)

    def matvec(self, x: Any, adjoint: bool = False, name: str = "matvec") -> Tensor:
        """Multiply vectors `[..., columns]` from the left; see `matmul`."""
        with self._name_scope(name):
            tensor = self._operand(x, "x", -2 if adjoint else -1, -1)
            return self._matvec(tensor, adjoint=adjoint)

    def _dense_solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        if self.is_square is False:
            raise NotImplementedError(
                "Solve is not yet implemented for non-square operators."
            )
        rhs = api_array.adjoint(rhs) if adjoint_arg else rhs
        if self._can_use_cholesky():
            return cholesky_solve(cholesky(self.to_dense()), rhs)
        return solve_with_broadcast(self.to_dense(), rhs, adjoint=adjoint)

    def _solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        return self._dense_solve(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def solve(
        self,
        rhs: Any,
        adjoint: bool = False,
        adjoint_arg: bool = False,
        name: str = "solve",
    ) -> Any:
        """Solve systems exactly.

        Args:
            rhs: `[..., rows, k]`, or another operator.
            adjoint: Whether the systems are of the operator's adjoint.
            adjoint_arg: Whether the adjoint of `rhs` is meant.
            name: Name of the scope.

        Returns:
            `[..., columns, k]`, or an operator if `rhs` is one.

        Raises:
            NotImplementedError: The operator is not square, or singular.
            TypeError: `rhs` has another type.
            ValueError: Its size does not fit.
        """
        unlike = "singular" if self.is_non_singular is False else None
        if unlike is None and self.is_square is False:
            unlike = "not be square"
        if unlike is not None:
            raise NotImplementedError(
                "Exact solve not implemented for an operator that is expected to"
                f" {'be singular' if unlike == 'singular' else unlike}."
            )
        if isinstance(rhs, LinearOperator):
            from metagraft.api.linear_operators.products import solution

            left, right = self._fitting(rhs, adjoint, adjoint_arg, "rhs")
            with self._name_scope(name):
                return solution(left, right)
        with self._name_scope(name):
            own_axis, axis = (-1 if adjoint else -2), (-1 if adjoint_arg else -2)
            tensor = self._operand(rhs, "rhs", own_axis, axis)
            return self._solve(tensor, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _solvevec(self, rhs: Tensor, adjoint: bool = False) -> Tensor:
        column = array.expand_dims(rhs, axis=-1)
        return array.squeeze(self.solve(column, adjoint=adjoint), axis=-1)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: str = "solve") -> Tensor:
        """Solve systems of right-hand sides `[..., rows]`; see `solve`."""
        with self._name_scope(name):
            tensor = self._operand(rhs, "rhs", -1 if adjoint else -2, -1)
            return self._solvevec(tensor, adjoint=adjoint)

    # -- other operators -----------------------------------------------------------

    def adjoint(self, name: str | None = "adjoint") -> LinearOperator:
        """The conjugate transpose."""
        if self.is_self_adjoint is True:
            return self
        with self._name_scope(name):
            return self._adjoint()

    H = property(adjoint, None)

    def _adjoint(self) -> LinearOperator:
        from metagraft.api.linear_operators.products import adjoint_operator

        return adjoint_operator(self)

    def inverse(self, name: str | None = "inverse") -> LinearOperator:
        """The inverse.

        Raises:
            ValueError: The operator is not square, or singular.
        """
        for hint, kind in (
            (self.is_square, "non square"),
            (self.is_non_singular, "singular"),
        ):
            if hint is False:
                raise ValueError(
                    f"Cannot take the Inverse: This operator represents a {kind}"
                    " matrix."
                )
        with self._name_scope(name):
            return self._inverse()

    def _inverse(self) -> LinearOperator:
        from metagraft.api.linear_operators.products import inverse_operator

        return inverse_operator(self)

    def cholesky(self, name: str | None = "cholesky") -> LinearOperator:
        """The lower triangular operator whose product with its adjoint this is.

        Raises:
            ValueError: The operator is not known to be self-adjoint and positive.
        """
        if not self._can_use_cholesky():
            raise ValueError(
                "Cannot take the Cholesky decomposition: Not a positive definite self"
                " adjoint matrix."
            )
        with self._name_scope(name):
            return self._cholesky()

    def _cholesky(self) -> LinearOperator:
        from metagraft.api.linear_operators.products import dense_cholesky

        return dense_cholesky(self)

    def _can_use_cholesky(self) -> Hint:
        return self.is_self_adjoint and self.is_positive_definite

    # -- numbers and tensors -------------------------------------------------------

    def _check_square_for_determinant(self) -> None:
        if self.is_square is False:
            raise NotImplementedError(
                "Determinant not implemented for an operator that is expected to not be"
                " square."
            )

    def _determinant(self) -> Tensor:
        if self._can_use_cholesky():
            return exp(self.log_abs_determinant())
        return matrix_determinant(self.to_dense())

    def determinant(self, name: str | None = "det") -> Tensor:
        """The determinants `[*batch]`.

        Raises:
            NotImplementedError: The operator is not square.
        """
        self._check_square_for_determinant()
        with self._name_scope(name):
            return self._determinant()

    def _log_abs_determinant(self) -> Tensor:
        if self._can_use_cholesky():
            diagonal = matrix_diag_part(cholesky(self.to_dense()))
            return 2 * reduce_tensor("Sum", log(diagonal), axis=[-1])
        return slogdet(self.to_dense())[1]

    def log_abs_determinant(self, name: str | None = "log_abs_det") -> Tensor:
        """The logarithms of the absolute values of the determinants.

        Raises:
            NotImplementedError: The operator is not square.
        """
        self._check_square_for_determinant()
        with self._name_scope(name):
            return self._log_abs_determinant()

    def _to_dense(self) -> Tensor:
        batch = self._known_or_dynamic_batch()
        known = self.domain_dimension.value
        count = self.domain_dimension_tensor() if known is None else known
        return self.matmul(eye(count, batch_shape=batch, dtype=self.dtype))

    def to_dense(self, name: str = "to_dense") -> Tensor:
        """The matrices as a tensor."""
        with self._name_scope(name):
            return self._to_dense()

    def _diag_part(self) -> Tensor:
        return matrix_diag_part(self.to_dense())

    def diag_part(self, name: str | None = "diag_part") -> Tensor:
        """The diagonals `[*batch, min(rows, columns)]`."""
        with self._name_scope(name):
            return self._diag_part()

    def _trace(self) -> Tensor:
        return reduce_tensor("Sum", self.diag_part(), axis=-1)

    def trace(self, name: str | None = "trace") -> Tensor:
        """The sums of the diagonals."""
        with self._name_scope(name):
            return self._trace()

    def _add_to_tensor(self, x: Tensor) -> Tensor:
        return self.to_dense() + x

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Tensor:
        """The sum with matrices of the same shape.

        Raises:
            TypeError: `x` has another type.
        """
        with self._name_scope(name):
            tensor = convert_to_tensor(x, name="x")
            self._check_input_dtype(tensor)
            return self._add_to_tensor(tensor)

    def _eigvals(self) -> Tensor:
        return self_adjoint_eigvals(self.to_dense())

    def eigvals(self, name: str = "eigvals") -> Tensor:
        """The eigenvalues `[*batch, rows]`.

        Raises:
            NotImplementedError: The operator is not known to be self-adjoint.
        """
        if not self.is_self_adjoint:
            raise NotImplementedError("Only self-adjoint matrices are supported.")
        with self._name_scope(name):
            return self._eigvals()

    def _cond(self) -> Tensor:
        if self.is_self_adjoint:
            values = absolute(self._eigvals())
        else:
            values = svd(self.to_dense(), compute_uv=False)
        return _ratio_of_extremes(values)

    def __getitem__(self, slices: Any) -> Self:
        """Take a part of the batch."""
        return batch_slice(self, slices)

    def cond(self, name: str = "cond") -> Tensor:
        """The condition numbers: largest by smallest singular value."""
        with self._name_scope(name):
            return self._cond()


def _ratio_of_extremes(values: Tensor) -> Tensor:
    largest = reduce_tensor("Max", values, axis=-1)
    return largest / reduce_tensor("Min", values, axis=-1)
