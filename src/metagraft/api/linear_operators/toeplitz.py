"""Toeplitz matrices: every diagonal holds one value.

Source: tensorflow python/ops/linalg/linear_operator_toeplitz.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from metagraft.api.array import adjoint as adjoint_matrix
from metagraft.api.array import (
    broadcast_dynamic_shape,
    broadcast_static_shape,
    broadcast_to,
    reverse,
)
from metagraft.api.checks import assert_equal
from metagraft.api.gather import gather
from metagraft.api.linear_operators.batches import tensor_or_variable
from metagraft.api.linear_operators.circulant import (
    LinearOperatorCirculant,
    to_complex,
)
from metagraft.api.linear_operators.hints import described, given
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.signal_fourier import fft
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, mod, number_range
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorToeplitz"]


class LinearOperatorToeplitz(LinearOperator):
    """Square matrices given by their first column and row."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"col": 1, "row": 1}

    def __init__(
        self,
        col: Any,
        row: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorToeplitz",
    ) -> None:
        """Make matrices.

        Args:
            col: The first columns, `[*batch, n]`.
            row: The first rows, `[*batch, n]`; they begin as the columns do.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes.

        Raises:
            ValueError: One is a scalar, they differ in length, or a hint cannot be.
        """
        parameters = given(locals())
        with name_scope(name, values=[row, col]):
            self._row = tensor_or_variable(row, name="row")
            self._col = tensor_or_variable(col, name="col")
            for word, tensor in (("row", self._row), ("col", self._col)):
                if tensor.shape.ndims == 0:
                    raise ValueError(
                        f"Argument {word} must have at least 1 dimension.  Found:"
                        f" {tensor}"
                    )
            if (self._row.shape[-1] != self._col.shape[-1]) is True:
                raise ValueError(
                    "Expected square matrix, got row and col with mismatched"
                    " dimensions."
                )
            if is_square is False:
                raise ValueError("Only square Toeplitz operators currently supported.")
            told = described(parameters, is_square=True)
            super().__init__(dtype=self._row.dtype, **told)

    @property
    def col(self) -> Any:
        """The first columns."""
        return self._col

    @property
    def row(self) -> Any:
        """The first rows."""
        return self._row

    def _shape(self) -> TensorShape:
        shape = broadcast_static_shape(self.row.shape, self.col.shape)
        return shape.concatenate(shape[-1:])

    def _shape_tensor(self, row: Any = None, col: Any = None) -> Tensor:
        row = self.row if row is None else row
        col = self.col if col is None else col
        sizes = broadcast_dynamic_shape(array.shape(row), array.shape(col))
        return array.concat((sizes, [sizes[-1]]), 0)

    def _assert_self_adjoint(self) -> Operation:
        text = "row and col are not the same, and so this operator is not self-adjoint."
        return assert_equal(self.row, self.col, message=text)

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        x = adjoint_matrix(x) if adjoint_arg else x
        padded = array.concat([x, array.zeros_like(x)], axis=-2)
        col, row = convert_to_tensor(self.col), convert_to_tensor(self.row)
        middle = array.zeros_like(col[..., 0:1])
        end = reverse(row[..., 1:], axis=[-1])
        whole_column = array.concat([col, middle, end], axis=-1)
        circulant = LinearOperatorCirculant(
            fft(to_complex(whole_column)), input_output_dtype=row.dtype
        )
        result = circulant.matmul(padded, adjoint=adjoint, adjoint_arg=False)
        sizes = self._shape_tensor(row=row, col=col)
        count = self._domain_dimension_tensor(shape=sizes)
        return cast(result[..., :count, :], self.dtype)

    def _trace(self) -> Tensor:
        side = cast(self.domain_dimension_tensor(), dtype=self.dtype)
        return side * self.col[..., 0]

    def _diag_part(self) -> Tensor:
        value = self.col[..., 0:1]
        return value * array.ones([self.domain_dimension_tensor()], self.dtype)

    def _to_dense(self) -> Tensor:
        row, col = convert_to_tensor(self.row), convert_to_tensor(self.col)
        sizes = broadcast_dynamic_shape(array.shape(row), array.shape(col))
        n = array.shape(row)[-1]
        row, col = broadcast_to(row, sizes), broadcast_to(col, sizes)
        flipped = reverse(col, axis=[-1])
        elements = array.concat([flipped, row[..., 1:]], axis=-1)
        along = number_range(0, n)
        places = along + number_range(n - 1, -1, -1)[..., None]
        return gather(elements, mod(places, 2 * n - 1), axis=-1)
