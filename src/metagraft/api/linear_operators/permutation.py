"""Permutations of rows.

Source: tensorflow python/ops/linalg/linear_operator_permutation.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from metagraft.api.array import adjoint as adjoint_matrix
from metagraft.api.array import broadcast_dynamic_shape, broadcast_to
from metagraft.api.gather import gather
from metagraft.api.linear_operators.batches import tensor_or_variable
from metagraft.api.linear_operators.hints import described, given
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.sorting import argsort
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import no_op
from metagraft.graph.build.math import cast, equal, number_range
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorPermutation"]


class LinearOperatorPermutation(LinearOperator):
    """Matrices with one 1 in each row and each column."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"perm": 1}

    def __init__(
        self,
        perm: Any,
        dtype: Any = dtypes.float32,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorPermutation",
    ) -> None:
        """Make permutations.

        Args:
            perm: `[*batch, n]`, integers: which row comes to each place.
            dtype: Type of the elements.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes.

        Raises:
            TypeError: `perm` is not of integers.
            ValueError: It is no permutation, or a hint cannot be.
        """
        parameters = given(locals())
        with name_scope(name, values=[perm]):
            self._perm = tensor_or_variable(perm, name="perm")
            _check(self._perm)
            for hint, word in (
                ("is_non_singular", "non-singular"),
                ("is_square", "square"),
            ):
                if parameters[hint] is False:
                    raise ValueError(
                        f"A Permutation operator is always {word}. Expected argument"
                        f" `{hint}` to be True. Received: False."
                    )
            super().__init__(**described(parameters, dtype=dtype, is_square=True))

    @property
    def perm(self) -> Any:
        """Which row comes to each place."""
        return self._perm

    def _shape(self) -> TensorShape:
        shape: TensorShape = self._perm.shape
        return shape.concatenate(shape[-1:])

    def _shape_tensor(self) -> Tensor:
        sizes = array.shape(self._perm)
        return array.concat((sizes, [sizes[-1]]), 0)

    def _domain_dimension_tensor(self, shape: Tensor | None = None) -> Tensor:
        return array.shape(self.perm)[-1] if shape is None else shape[-1]

    def _assert_non_singular(self) -> Operation:
        return no_op("assert_non_singular")

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        order = convert_to_tensor(self.perm)
        if adjoint and not self.is_self_adjoint:
            order = argsort(order, axis=-1)
        x = adjoint_matrix(x) if adjoint_arg else x
        rows = broadcast_dynamic_shape(array.shape(x)[:-1], array.shape(order))
        columns = array.shape(x)[-1]
        whole = array.concat([rows, [columns]], axis=-1)
        x = broadcast_to(x, whole)
        order = broadcast_to(order, rows)
        count = array.shape(x)[-2]
        x = array.reshape(x, [-1, count, columns])
        order = array.reshape(order, [-1, count])
        return array.reshape(gather(x, order, axis=-2, batch_dims=1), whole)

    def _solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        return self._matmul(rhs, adjoint=not adjoint, adjoint_arg=adjoint_arg)

    def _log_abs_determinant(self) -> Tensor:
        return array.zeros(self.batch_shape_tensor(), dtype=self.dtype)

    def _to_dense(self) -> Tensor:
        order = convert_to_tensor(self.perm)
        columns = number_range(0, array.shape(order)[-1])
        return cast(equal(columns, order[..., None]), self.dtype)

    def _diag_part(self) -> Tensor:
        order = convert_to_tensor(self.perm)
        columns = number_range(0, array.shape(order)[-1])
        return cast(equal(columns, order), self.dtype)

    def _cond(self) -> Tensor:
        return array.ones(self.batch_shape_tensor(), dtype=self.dtype)


def _check(perm: Any) -> None:
    if perm.shape.ndims == 0:
        raise ValueError(
            f"Argument `perm` must have at least 1 dimension. Received: {perm}."
        )
    if not perm.dtype.is_integer:
        raise TypeError(f"Argument `perm` must be integer dtype. Received: {perm}.")
    known = constant_value(perm) if isinstance(perm, Tensor) else None
    if known is None:
        return
    count = known.shape[-1]
    if np.any(np.sort(known, axis=-1) != np.arange(count)):
        raise ValueError(
            "Argument `perm` must be a vector of unique integers from 0 to"
            f" {count - 1}."
        )
