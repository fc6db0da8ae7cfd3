"""Operators along the diagonal, zeros elsewhere.

Source: tensorflow python/ops/linalg/linear_operator_block_diag.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from metagraft.api.linear_operators.batches import broadcast_batches
from metagraft.api.linear_operators.blocks import BlockOperator
from metagraft.api.linear_operators.hints import described, given, hints_of
from metagraft.api.linear_operators.joined import (
    batch_sizes_by_adding,
    hints_that_all_share,
    joint_batch_shape,
    operators_of_one_dtype,
)
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import group
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorBlockDiag"]


def _message(_: str, word: str) -> str:
    word = word.replace("_", "-" if word != "positive_definite" else " ")
    return f"The direct sum of {word} operators is always {word}."


class LinearOperatorBlockDiag(BlockOperator):
    """The direct sum of operators."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"operators": 0}

    def __init__(
        self,
        operators: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        name: str | None = None,
    ) -> None:
        """Arrange operators.

        Args:
            operators: From the upper left to the lower right.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes; if None, the names joined by `_ds_`.

        Raises:
            TypeError: The operators have several types.
            ValueError: There are none, or a hint contradicts theirs.
        """
        parameters = given(locals())
        self._operators = operators_of_one_dtype(operators)
        self._diagonal_operators = list(self._operators)
        hints = hints_that_all_share(self._operators, parameters, _message)
        if name is None:
            name = "_ds_".join(operator.name for operator in self._operators)
        told = {**described(parameters), **hints, "name": name}
        with name_scope(name):
            super().__init__(dtype=self._operators[0].dtype, **told)

    @property
    def operators(self) -> list[LinearOperator]:
        """The blocks on the diagonal."""
        return self._operators

    def _shape(self) -> TensorShape:
        columns: Any = sum(self._columns_of_blocks())
        rows: Any = sum(self._rows_of_blocks())
        batch = joint_batch_shape(self.operators)
        return batch.concatenate(TensorShape([rows, columns]))

    def _shape_tensor(self) -> Tensor:
        if self.shape.is_fully_defined():
            sizes = self.shape.as_list()
            return convert_to_tensor(sizes, dtype=dtypes.int32, name="shape")
        columns = self._sum_of_columns()
        sides = array.stack([self._sum_of_rows(), columns])
        return array.concat((batch_sizes_by_adding(self.operators), sides), 0)

    def _adjoint(self) -> LinearOperator:
        parts = [operator.adjoint() for operator in self.operators]
        return LinearOperatorBlockDiag(parts, **{**hints_of(self), "is_square": True})

    def _inverse(self) -> LinearOperator:
        parts = [operator.inverse() for operator in self.operators]
        return LinearOperatorBlockDiag(parts, **{**hints_of(self), "is_square": True})

    def _cholesky(self) -> LinearOperator:
        parts = [operator.cholesky() for operator in self.operators]
        return LinearOperatorBlockDiag(parts, is_non_singular=True)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        parts = self._split(x, -1 if adjoint_arg else -2, by_rows=adjoint)
        results = [
            operator.matmul(part, adjoint=adjoint, adjoint_arg=adjoint_arg)
            for operator, part in zip(self.operators, parts, strict=True)
        ]
        return results if isinstance(x, list) else self._joined(results)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        parts = self._split(rhs, -1 if adjoint_arg else -2)
        results = [
            operator.solve(part, adjoint=adjoint, adjoint_arg=adjoint_arg)
            for operator, part in zip(self.operators, parts, strict=True)
        ]
        return results if isinstance(rhs, list) else self._joined(results)

    def _determinant(self) -> Tensor:
        return self._product_of_determinants()

    def _to_dense(self) -> Tensor:
        before: Any = 0
        rows = []
        blocks = [operator.to_dense() for operator in self.operators]
        for block in broadcast_batches(blocks):
            batch_and_rows = array.shape(block)[:-1]
            left = _zeros(batch_and_rows, before, block)
            before += array.shape(block)[-1]
            after = self.domain_dimension_tensor() - before
            right = _zeros(batch_and_rows, after, block)
            rows.append(array.concat([left, block, right], axis=-1))
        matrix: Tensor = array.concat(rows, axis=-2)
        matrix.set_shape(self.shape)
        return matrix

    def _assert_non_singular(self) -> Operation:
        return group([o.assert_non_singular() for o in self.operators])

    def _assert_self_adjoint(self) -> Operation:
        return group([o.assert_self_adjoint() for o in self.operators])

    def _assert_positive_definite(self) -> Operation:
        return group([o.assert_positive_definite() for o in self.operators])


def _zeros(batch_and_rows: Tensor, columns: Any, like: Tensor) -> Tensor:
    sizes = array.concat([batch_and_rows, [columns]], axis=-1)
    return array.zeros(sizes, dtype=like.dtype)
