"""The identity and its multiples.

Source: tensorflow python/ops/linalg/linear_operator_identity.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from metagraft.api.array import adjoint as adjoint_matrix
from metagraft.api.checks import assert_equal, assert_positive
from metagraft.api.linear_operators.batches import (
    check_not_variable,
    tensor_or_variable,
)
from metagraft.api.linear_operators.hints import HINTS, described, given, hints_of
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.linear_operators.sized import SizedOperator, check_hints_hold
from metagraft.api.math import log, sqrt
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import no_op
from metagraft.graph.build.math import (
    absolute,
    cast,
    conj,
    equal,
    imag,
    real,
    select_v2,
)
from metagraft.graph.build.matrix_diag import matrix_diag_part, matrix_set_diag
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorIdentity", "LinearOperatorScaledIdentity"]

_CERTAIN: dict[str, Any] = dict.fromkeys(HINTS, True)


class _IdentityLike(SizedOperator):
    """A square matrix with one value on the diagonal, zero elsewhere."""

    def _ones_on_diagonal(self) -> Tensor:
        return array.ones(self._diagonal_sizes(), dtype=self.dtype)

    def _ones(self) -> Tensor:
        """A one for every matrix."""
        return array.ones(self._known_or_dynamic_batch(), dtype=self.dtype)


class LinearOperatorIdentity(_IdentityLike):
    """Identity matrices."""

    def __init__(
        self,
        num_rows: Any,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: bool | None = True,
        is_self_adjoint: bool | None = True,
        is_positive_definite: bool | None = True,
        is_square: bool | None = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorIdentity",
    ) -> None:
        """Make an identity matrix, or a batch of them.

        Args:
            num_rows: How many rows and columns.
            batch_shape: How many matrices; one if None.
            dtype: Type of the elements; float32 if None.
            is_non_singular: True, as the other hints.
            is_self_adjoint: True.
            is_positive_definite: True.
            is_square: True.
            assert_proper_shapes: Whether runs check sizes.
            name: The scope of its nodes.

        Raises:
            TypeError: A size is no integer, or a variable.
            ValueError: A size is negative or not a scalar, or a hint is not True.
        """
        parameters = given(locals())
        self._assert_proper_shapes = assert_proper_shapes
        with name_scope(name):
            wanted = dtypes.as_dtype(dtype or dtypes.float32)
            held = {
                "self adjoint": is_self_adjoint,
                "non-singular": is_non_singular,
                "positive-definite": is_positive_definite,
                "square": is_square,
            }
            check_hints_hold("An identity", held)
            super().__init__(dtype=wanted, **described(parameters))
            check_not_variable(num_rows, "num_rows")
            check_not_variable(batch_shape, "batch_shape")
            self._take_rows(num_rows)
            self._take_batch(batch_shape)

    def _adjoint(self) -> LinearOperator:
        return self

    def _inverse(self) -> LinearOperator:
        return self

    def _cholesky(self) -> LinearOperator:
        batch, dtype = self.batch_shape, self.dtype
        return LinearOperatorIdentity(self._num_rows, batch, dtype, **_CERTAIN)

    def _assert_non_singular(self) -> Operation:
        return no_op("assert_non_singular")

    def _assert_positive_definite(self) -> Operation:
        return no_op("assert_positive_definite")

    def _assert_self_adjoint(self) -> Operation:
        return no_op("assert_self_adjoint")

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        x = adjoint_matrix(x) if adjoint_arg else x
        return self._with_batch(self._after_size_check(x))

    def _solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        return self._matmul(rhs, adjoint_arg=adjoint_arg)

    def _determinant(self) -> Tensor:
        return array.ones(self.batch_shape_tensor(), dtype=self.dtype)

    def _log_abs_determinant(self) -> Tensor:
        return array.zeros(self.batch_shape_tensor(), dtype=self.dtype)

    def _trace(self) -> Tensor:
        ones, side = self._ones(), self._shorter_side()
        if side is not None:
            return side * ones
        return cast(self._shorter_side_tensor(), self.dtype) * ones

    def _diag_part(self) -> Tensor:
        return self._ones_on_diagonal()

    def add_to_tensor(self, mat: Any, name: str = "add_to_tensor") -> Tensor:
        """The sum with matrices of the same shape."""
        with self._name_scope(name):
            mat = convert_to_tensor(mat, name="mat")
            return matrix_set_diag(mat, 1 + matrix_diag_part(mat))

    def _eigvals(self) -> Tensor:
        return self._ones_on_diagonal()

    def _cond(self) -> Tensor:
        return array.ones(self.batch_shape_tensor(), dtype=self.dtype)


class LinearOperatorScaledIdentity(_IdentityLike):
    """Identity matrices times a number each."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"multiplier": 0}

    def __init__(
        self,
        num_rows: Any,
        multiplier: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorScaledIdentity",
    ) -> None:
        """Make a multiple of the identity matrix, or a batch of them.

        Args:
            num_rows: How many rows and columns.
            multiplier: `[*batch]`, the numbers on the diagonals.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            assert_proper_shapes: Whether runs check sizes.
            name: The scope of its nodes.

        Raises:
            TypeError: `num_rows` is no integer, or a variable.
            ValueError: `num_rows` is negative or no scalar, or a hint cannot be.
        """
        parameters = given(locals())
        self._assert_proper_shapes = assert_proper_shapes
        with name_scope(name, values=[multiplier, num_rows]):
            self._multiplier = tensor_or_variable(multiplier, name="multiplier")
            if not self._multiplier.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError("A real diagonal operator is always self adjoint.")
                is_self_adjoint = True
            if not is_square:
                raise ValueError("A ScaledIdentity operator is always square.")
            check_not_variable(num_rows, "num_rows")
            told = described(parameters, is_self_adjoint=is_self_adjoint)
            super().__init__(dtype=self._multiplier.dtype.base_dtype, **told)
            self._take_rows(num_rows)
            self._rows_as_power = cast(self._num_rows, self.dtype)
            self._rows_as_factor = cast(self._num_rows, self.dtype.real_dtype)

    @property
    def multiplier(self) -> Any:
        """The numbers on the diagonals."""
        return self._multiplier

    def _shape(self) -> TensorShape:
        batch: TensorShape = self.multiplier.shape
        return batch.concatenate(self._matrix_shape())

    def _shape_tensor(self) -> Tensor:
        sizes = self._matrix_sizes()
        return array.concat((array.shape(self.multiplier), sizes), 0)

    def _of(self, multiplier: Any, **hints: Any) -> LinearOperator:
        return LinearOperatorScaledIdentity(self._num_rows, multiplier, **hints)

    def _adjoint(self) -> LinearOperator:
        number = self.multiplier
        number = conj(number) if number.dtype.is_complex else number
        return self._of(number, **{**hints_of(self), "is_square": True})

    def _cholesky(self) -> LinearOperator:
        return self._of(sqrt(self.multiplier), **_CERTAIN)

    def _inverse(self) -> LinearOperator:
        # TF: the inverse of a complex multiple is said to be self-adjoint, too.
        certain = {"is_square": True, "is_self_adjoint": True}
        return self._of(1.0 / self.multiplier, **{**hints_of(self), **certain})

    def _assert_non_singular(self) -> Operation:
        size = absolute(self.multiplier)
        return assert_positive(size, message="LinearOperator was singular")

    def _assert_positive_definite(self) -> Operation:
        text = "LinearOperator was not positive definite."
        return assert_positive(real(self.multiplier), message=text)

    def _assert_self_adjoint(self) -> Operation:
        part = imag(self.multiplier)
        text = "LinearOperator was not self-adjoint"
        return assert_equal(array.zeros_like(part), part, message=text)

    def _as_matrix(self, conjugate: bool) -> Tensor:
        matrix = array.expand_dims(array.expand_dims(self.multiplier, -1), -1)
        return conj(matrix) if conjugate else matrix

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        x = self._after_size_check(adjoint_matrix(x) if adjoint_arg else x)
        return x * self._as_matrix(conjugate=adjoint)

    def _solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        rhs = self._after_size_check(adjoint_matrix(rhs) if adjoint_arg else rhs)
        return rhs / self._as_matrix(conjugate=adjoint)

    def _determinant(self) -> Tensor:
        return self.multiplier**self._rows_as_power

    def _log_abs_determinant(self) -> Tensor:
        return self._rows_as_factor * log(absolute(self.multiplier))

    def _trace(self) -> Tensor:
        ones, side = self._ones(), self._shorter_side()
        if side is not None:
            return self.multiplier * side * ones
        sides = cast(self._shorter_side_tensor(), self.dtype)
        return self.multiplier * sides * ones

    def _diag_part(self) -> Tensor:
        return self._ones_on_diagonal() * self.multiplier[..., None]

    def add_to_tensor(self, mat: Any, name: str = "add_to_tensor") -> Tensor:
        """The sum with matrices of the same shape."""
        with self._name_scope(name):
            numbers = array.expand_dims(self.multiplier, -1)
            mat = convert_to_tensor(mat, name="mat")
            return matrix_set_diag(mat, numbers + matrix_diag_part(mat))

    def _eigvals(self) -> Tensor:
        return self._ones_on_diagonal() * self.multiplier[..., None]

    def _cond(self) -> Tensor:
        is_zero = equal(self._multiplier, 0.0)
        undefined = cast(np.nan, dtype=self.dtype)
        return select_v2(is_zero, undefined, cast(1.0, dtype=self.dtype))
