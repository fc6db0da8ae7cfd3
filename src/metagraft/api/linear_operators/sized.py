"""What operators share that are made of sizes: identities and zeros.

Source: tensorflow python/ops/linalg/linear_operator_identity.py,
linear_operator_zeros.py.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from metagraft.api.array import broadcast_static_shape
from metagraft.api.checks import assert_equal, assert_non_negative
from metagraft.api.linear_operators.batches import shape_tensor
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.shape_checks import assert_rank
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.constant_value import constant_value
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["SizedOperator", "check_hints_hold"]


def check_hints_hold(kind: str, hints: dict[str, Any]) -> None:
    """Raise `ValueError` for the first hint that is not true."""
    for property_name, hint in hints.items():
        if not hint:
            raise ValueError(f"{kind} operator is always {property_name}.")


class SizedOperator(LinearOperator):
    """A matrix made of its sizes: checks them, and spreads tensors over its batch."""

    _assert_proper_shapes: bool
    _num_rows: Tensor
    _num_columns: Tensor
    _known_rows: Any
    _known_columns: Any
    _batch_sizes: Tensor | None = None
    _known_batch: Any = None

    def _checked(self, sizes: Tensor, name: str, rank: int = 0) -> Tensor:
        """Sizes after a check when they are run, if that is wanted.

        Raises:
            TypeError: They are no integers.
        """
        if self._assert_proper_shapes:
            text = f"Argument {name} must be"
            checks = [
                assert_rank(sizes, rank, message=f"{text} a {rank}-D Tensor."),
                assert_non_negative(sizes, message=f"{text} non-negative."),
            ]
            sizes = with_dependencies(checks, sizes)
        if not sizes.dtype.is_integer:
            raise TypeError(f"Argument {name} must be integer type.  Found: {sizes}")
        return sizes

    def _take_batch(self, batch_shape: Any) -> None:
        if batch_shape is None:
            return
        sizes = shape_tensor(batch_shape, name="batch_shape_arg")
        self._known_batch = constant_value(sizes)
        self._batch_sizes = self._checked(sizes, "batch_shape", rank=1)
        _check_known(self._known_batch, "batch_shape", rank=1)

    def _take_rows(self, num_rows: Any) -> None:
        """Take one size for rows and columns."""
        sizes = shape_tensor(num_rows, name="num_rows")
        self._known_rows = self._known_columns = constant_value(sizes)
        self._num_rows = self._num_columns = self._checked(sizes, "num_rows")
        _check_known(self._known_rows, "num_rows")

    def _take_rows_and_columns(self, num_rows: Any, num_columns: Any) -> None:
        rows = shape_tensor(num_rows, name="num_rows")
        self._known_rows = constant_value(rows)
        columns = num_rows if num_columns is None else num_columns
        columns = shape_tensor(columns, name="num_columns")
        self._known_columns = constant_value(columns)
        self._num_rows = self._checked(rows, "num_rows")
        self._num_columns = self._checked(columns, "num_columns")
        _check_known(self._known_rows, "num_rows")
        _check_known(self._known_columns, "num_columns")

    def _matrix_shape(self) -> TensorShape:
        return TensorShape((self._known_rows, self._known_columns))

    def _shape(self) -> TensorShape:
        if self._batch_sizes is None:
            return self._matrix_shape()
        return TensorShape(self._known_batch).concatenate(self._matrix_shape())

    def _matrix_sizes(self) -> Tensor:
        return array.stack((self._num_rows, self._num_columns), axis=0)

    def _shape_tensor(self) -> Tensor:
        sizes = self._matrix_sizes()
        if self._batch_sizes is None:
            return sizes
        return array.concat((self._batch_sizes, sizes), 0)

    def _after_size_check(self, x: Tensor) -> Tensor:
        """`x` after a check that the operator can multiply it, if that is wanted."""
        if not self._assert_proper_shapes:
            return x
        check = assert_equal(
            array.shape(x)[-2],
            self.domain_dimension_tensor(),
            message=(
                "Dimensions are not compatible.  shape[-2] of argument to be the same"
                " as this operator"
            ),
        )
        checked: Tensor = with_dependencies([check], x)
        return checked

    def _with_batch(self, x: Tensor) -> Tensor:
        """`x` repeated for every matrix of the batch."""
        if self._batch_sizes is None:
            return x
        needed = self.batch_shape.concatenate([1, 1])
        joint = broadcast_static_shape(x.shape, needed)
        if needed.is_fully_defined():
            if joint == x.shape:
                return x
            return x + array.zeros(needed, dtype=self.dtype)
        sizes = array.concat((self.batch_shape_tensor(), [1, 1]), 0)
        return x + array.zeros(sizes, dtype=self.dtype)

    def _shorter_side(self) -> int | None:
        sides = self.domain_dimension.value, self.range_dimension.value
        return (
            None if None in sides else min(side for side in sides if side is not None)
        )

    def _shorter_side_tensor(self) -> Tensor:
        return reduce_tensor("Min", self.shape_tensor()[-2:])

    def _diagonal_sizes(self) -> Any:
        if self.shape.is_fully_defined():
            return self.batch_shape.concatenate([self._shorter_side()])
        batch = self.batch_shape_tensor()
        return array.concat([batch, [self._shorter_side_tensor()]], axis=0)

    def __getitem__(self, slices: Any) -> Self:
        """Take a part of the batch."""
        if self._batch_sizes is None:
            return super().__getitem__(slices)
        batch = array.shape(array.ones(self._batch_sizes)[slices])
        return type(self)(**{**self.parameters, "batch_shape": batch})


def _check_known(value: Any, name: str, rank: int = 0) -> None:
    if value is None:
        return
    if np.ndim(value) != rank:
        raise ValueError(f"Argument {name} must be a {rank}-D Tensor.  Found: {value}")
    if np.any(np.asarray(value) < 0):
        raise ValueError(f"Argument {name} must be non-negative.  Found: {value}")
