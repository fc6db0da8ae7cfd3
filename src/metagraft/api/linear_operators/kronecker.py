"""Kronecker products of operators.

Source: tensorflow python/ops/linalg/linear_operator_kronecker.py; Gilles Pages 2002.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from metagraft.api.array import broadcast_static_shape
from metagraft.api.linear_operators.hints import described, given, hints_of
from metagraft.api.linear_operators.joined import (
    batch_sizes_by_broadcasting,
    hints_that_all_share,
    joint_batch_shape,
    operators_of_one_dtype,
)
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.errors import InvalidArgumentError
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import group
from metagraft.graph.build.math import cast, conj
from metagraft.graph.constant_value import constant_value
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import Dimension, TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorKronecker"]


def _message(name: str, word: str) -> str:
    word = word.replace("_", "-")
    return (
        f"The Kronecker product of {word} operators is always {word}. Expected argument"
        f" `{name}` to be True. Received: False."
    )


class LinearOperatorKronecker(LinearOperator):
    """The Kronecker product of operators."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"operators": 0}

    def __init__(
        self,
        operators: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        """Multiply operators.

        Args:
            operators: The factors, from left to right.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes; if None, the names joined by `_x_`.

        Raises:
            TypeError: The operators have several types.
            ValueError: There are none, or a hint contradicts theirs.
        """
        parameters = given(locals())
        if not list(operators):
            raise ValueError(
                "Argument `operators` must be a list of >=1 operators. Received:"
                f" {operators}."
            )
        self._operators = operators_of_one_dtype(operators)
        hints = hints_that_all_share(self._operators, parameters, _message)
        if name is None:
            name = "_x_".join(operator.name for operator in self._operators)
        told = {**described(parameters), **hints, "name": name}
        with name_scope(name):
            super().__init__(dtype=self._operators[0].dtype, **told)

    @property
    def operators(self) -> list[LinearOperator]:
        """The factors, from left to right."""
        return self._operators

    def _shape(self) -> TensorShape:
        columns: Any = Dimension(1)
        rows: Any = Dimension(1)
        for operator in self.operators:
            columns *= operator.domain_dimension
            rows *= operator.range_dimension
        batch = joint_batch_shape(self.operators)
        return batch.concatenate(TensorShape([rows, columns]))

    def _shape_tensor(self) -> Tensor:
        first, *others = self.operators
        columns = first.domain_dimension_tensor()
        for operator in others:
            columns = columns * operator.domain_dimension_tensor()
        rows = first.range_dimension_tensor()
        for operator in others:
            rows = rows * operator.range_dimension_tensor()
        batch = batch_sizes_by_broadcasting(self.operators)
        return array.concat((batch, [rows, columns]), 0)

    def _adjoint(self) -> LinearOperator:
        parts = [operator.adjoint() for operator in self.operators]
        return LinearOperatorKronecker(parts, **{**hints_of(self), "is_square": True})

    def _inverse(self) -> LinearOperator:
        parts = [operator.inverse() for operator in self.operators]
        return LinearOperatorKronecker(parts, **{**hints_of(self), "is_square": True})

    def _cholesky(self) -> LinearOperator:
        parts = [operator.cholesky() for operator in self.operators]
        return LinearOperatorKronecker(parts, is_non_singular=True, is_square=True)

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        return self._one_by_one("matmul", x, adjoint, adjoint_arg)

    def _solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        return self._one_by_one("solve", rhs, adjoint, adjoint_arg)

    def _one_by_one(
        self, method: str, x: Tensor, adjoint: bool, adjoint_arg: bool
    ) -> Tensor:
        """Apply a method of each factor to the columns, seen as matrices."""
        output = x
        if not adjoint_arg:
            output = array.matrix_transpose(output)
        elif self.dtype.is_complex:
            output = conj(output)
        for operator in reversed(self.operators):
            if adjoint:
                size = operator.range_dimension_tensor()
            else:
                size = operator.domain_dimension_tensor()
            output = array.reshape(output, _folded_shape(output, size))
            if self.dtype.is_complex:
                output = conj(output)
            applied = getattr(operator, method)
            output = applied(output, adjoint=adjoint, adjoint_arg=True)
        columns = _shape_of(x)[-2 if adjoint_arg else -1]
        if adjoint:
            rows = self.domain_dimension_tensor()
        else:
            rows = self.range_dimension_tensor()
        sizes = _joined_shape(_shape_of(output)[:-2], [rows, columns])
        output = array.reshape(output, sizes)
        if x.shape.is_fully_defined():
            count = x.shape[-2 if adjoint_arg else -1]
            side = self.domain_dimension if adjoint else self.range_dimension
            batch = broadcast_static_shape(x.shape[:-2], self.batch_shape)
            output.set_shape(batch.concatenate([side, count]))
        return output

    def _determinant(self) -> Tensor:
        total = self.domain_dimension_tensor()
        result: Any = 1.0
        for operator in self.operators:
            factor = operator.determinant()
            times = cast(total / operator.domain_dimension_tensor(), operator.dtype)
            result = result * factor**times
        return result

    def _log_abs_determinant(self) -> Tensor:
        total = self.domain_dimension_tensor()
        result: Any = 0.0
        for operator in self.operators:
            term = operator.log_abs_determinant()
            times = cast(total / operator.domain_dimension_tensor(), operator.dtype)
            result += term * times
        return result

    def _trace(self) -> Tensor:
        result: Any = 1.0
        for operator in self.operators:
            result = result * operator.trace()
        return result

    def _diag_part(self) -> Tensor:
        result = self.operators[0].diag_part()
        for operator in self.operators[1:]:
            result = result[..., :, None]
            result = _last_two_joined(result * operator.diag_part()[..., None, :])
        rows, columns = self.range_dimension, self.domain_dimension
        is_tall = rows > columns  # None if unknown: then the rows count
        shorter = columns if is_tall else rows
        result.set_shape(self.batch_shape.concatenate([shorter]))
        return result

    def _to_dense(self) -> Tensor:
        product = self.operators[0].to_dense()
        for operator in self.operators[1:]:
            product = product[..., :, None, :, None]
            product = product * operator.to_dense()[..., None, :, None, :]
            sizes = _shape_of(product)
            sides = [sizes[-4] * sizes[-3], sizes[-2] * sizes[-1]]
            product = array.reshape(product, _joined_shape(sizes[:-4], sides))
        product.set_shape(self.shape)
        return product

    def _eigvals(self) -> Tensor:
        first, *others = [operator.eigvals() for operator in self.operators]
        for values in others:
            first = first[..., None]
            first = _last_two_joined(first * values[..., None, :])
        first.set_shape(self.shape[:-1])
        return first

    def _all_square(self) -> None:
        if not all(operator.is_square for operator in self.operators):
            raise InvalidArgumentError(
                None,
                None,
                "All Kronecker factors must be square for the product to be invertible."
                " Expected hint `is_square` to be True for every operator in argument"
                " `operators`.",
            )

    def _assert_non_singular(self) -> Operation:
        self._all_square()
        return group([o.assert_non_singular() for o in self.operators])

    def _assert_self_adjoint(self) -> Operation:
        self._all_square()
        return group([o.assert_self_adjoint() for o in self.operators])


def _last_two_joined(x: Tensor) -> Tensor:
    return array.reshape(x, array.concat([array.shape(x)[:-2], [-1]], axis=0))


def _shape_of(x: Tensor) -> Any:
    return x.shape if x.shape.is_fully_defined() else array.shape(x)


def _joined_shape(first: Any, sizes: list[Any]) -> Any:
    known = [
        constant_value(size) if isinstance(size, Tensor) else size for size in sizes
    ]
    if isinstance(first, TensorShape) and None not in known:
        return first.concatenate([int(size) for size in known])
    return array.concat([first, sizes], axis=0)


def _folded_shape(output: Tensor, size: Tensor) -> Any:
    """The shape of `output` with rows of the given size."""
    shape = _shape_of(output)
    known = constant_value(size)
    if known is not None and isinstance(shape, TensorShape):
        sides = shape[-2].value * shape[-1].value // int(known)
        return _joined_shape(shape[:-2], [sides, int(known)])
    # TF: fails where a size of the argument alone is unknown.
    count = cast(shape[-2] * shape[-1] // size, dtype=dtypes.int32)
    return _joined_shape(shape[:-2], [count, size])
