"""Operators on and below the diagonal, zeros above.

Source: tensorflow python/ops/linalg/linear_operator_block_lower_triangular.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from metagraft.api.array import adjoint as adjoint_matrix
from metagraft.api.linear_operators.batches import broadcast_batches
from metagraft.api.linear_operators.blocks import BlockOperator
from metagraft.api.linear_operators.hints import described, given, hints_of
from metagraft.api.linear_operators.identity import LinearOperatorScaledIdentity
from metagraft.api.linear_operators.joined import (
    batch_sizes_by_broadcasting,
    joint_batch_shape,
)
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.linear_operators.sums import add_operators, as_summand
from metagraft.api.math import exp
from metagraft.api.shape_checks import assert_proper_iterable
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import group
from metagraft.graph.build.math import cast
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorBlockLowerTriangular"]


class LinearOperatorBlockLowerTriangular(BlockOperator):
    """A square arrangement of operators without any above the diagonal."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"operators": 0}

    def __init__(
        self,
        operators: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorBlockLowerTriangular",
    ) -> None:
        """Arrange operators.

        Args:
            operators: Lists of operators: one, then two, then three, and so on.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes.

        Raises:
            TypeError: The operators have several types.
            ValueError: Rows have other lengths, sizes do not fit, or a hint cannot be.
        """
        parameters = given(locals())
        assert_proper_iterable(operators)
        for row in operators:
            assert_proper_iterable(row)
        rows = [list(row) for row in operators]
        if not rows:
            raise ValueError(
                "Argument `operators` must be a list of >=1 operators. Received:"
                f" {rows}."
            )
        self._operators: list[list[LinearOperator]] = rows
        self._diagonal_operators = [row[-1] for row in rows]
        dtype = rows[0][0].dtype
        _check_dtypes(rows, dtype)
        non_singular = _non_singular(self._diagonal_operators, is_non_singular)
        _check_lengths(rows)
        _check_sizes(rows)
        _check_square(self._diagonal_operators, is_square)
        told = described(parameters, is_non_singular=non_singular, is_square=True)
        with name_scope(name):
            super().__init__(dtype=dtype, **told)

    @property
    def operators(self) -> list[list[LinearOperator]]:
        """The blocks, row by row."""
        return self._operators

    def _flat(self) -> list[LinearOperator]:
        return [operator for row in self._operators for operator in row]

    def _shape(self) -> TensorShape:
        columns: Any = sum(self._columns_of_blocks())
        rows: Any = sum(self._rows_of_blocks())
        batch = joint_batch_shape(self._flat())
        return batch.concatenate(TensorShape([columns, rows]))

    def _shape_tensor(self) -> Tensor:
        if self.shape.is_fully_defined():
            sizes = self.shape.as_list()
            return convert_to_tensor(sizes, dtype=dtypes.int32, name="shape")
        columns = self._sum_of_columns()
        sides = array.stack([columns, self._sum_of_rows()])
        return array.concat((batch_sizes_by_broadcasting(self._flat()), sides), 0)

    # -- products and systems ------------------------------------------------------

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        parts = self._split(x, -1 if adjoint_arg else -2)
        count = len(self.operators)
        results = []
        for index in range(count):
            if adjoint:
                terms = [(self.operators[j][index], j) for j in range(index, count)]
            else:
                terms = [(self.operators[index][j], j) for j in range(index + 1)]
            result: Any = None
            for operator, j in terms:
                term = operator.matmul(
                    parts[j], adjoint=adjoint, adjoint_arg=adjoint_arg
                )
                result = term if result is None else result + term
            results.append(result)
        return results if isinstance(x, list) else self._joined(results)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        is_list = isinstance(rhs, list)
        if adjoint_arg and is_list:
            rhs = [adjoint_matrix(part) for part in rhs]
        elif adjoint_arg:
            rhs = adjoint_matrix(rhs)
        parts = self._split(rhs, -2)
        results = self._solved_adjoint(parts) if adjoint else self._solved(parts)
        return results if is_list else self._joined(results)

    def _solved(self, parts: Sequence[Any]) -> list[Any]:
        """From the top: a block of the solution, then what it leaves of the next."""
        solved: list[Any] = []
        for row, part in zip(self.operators, parts, strict=True):
            rest = part
            for operator, known in zip(row, solved, strict=False):
                rest = rest - operator.matmul(known)
            solved.append(row[-1].solve(rest))
        return solved

    def _solved_adjoint(self, parts: Sequence[Any]) -> list[Any]:
        """From the bottom, as the adjoint is upper triangular."""
        count = len(self.operators)
        solved: dict[int, Any] = {}
        for index in reversed(range(count)):
            rest = parts[index]
            for below in reversed(range(index + 1, count)):
                operator = self.operators[below][index]
                rest = rest - operator.matmul(solved[below], adjoint=True)
            solved[index] = self._diagonal_operators[index].solve(rest, adjoint=True)
        return [solved[index] for index in range(count)]

    # -- other operators -----------------------------------------------------------

    def _inverse(self) -> LinearOperator:
        hints = {**hints_of(self), "is_square": True}
        if len(self.operators) == 1:
            single = self.operators[0][0].inverse()
            return LinearOperatorBlockLowerTriangular([[single]], **hints)
        above: Any = LinearOperatorBlockLowerTriangular(self.operators[:-1]).inverse()
        corner = self.operators[-1][-1].inverse()
        columns = range(len(self.operators) - 1)
        row = [self._inverse_block(above.operators, corner, i) for i in columns]
        rows = [*above.operators, [*row, corner]]
        return LinearOperatorBlockLowerTriangular(rows, **hints)

    def _inverse_block(
        self,
        above: list[list[LinearOperator]],
        corner: LinearOperator,
        column: int,
    ) -> LinearOperator:
        """A block of the last row of the inverse."""
        bottom = self.operators[-1]
        products = [
            as_summand(bottom[j].matmul(above[j][column]))
            for j in range(column, len(above))
        ]
        block: LinearOperator = corner.matmul(add_operators(products))
        negative = LinearOperatorScaledIdentity(
            num_rows=corner.domain_dimension_tensor(),
            multiplier=cast(-1, dtype=block.dtype),
        )
        result: LinearOperator = negative.matmul(block)
        return result

    # -- numbers and tensors -------------------------------------------------------

    def _determinant(self) -> Tensor:
        if all(operator.is_positive_definite for operator in self._diagonal_operators):
            return exp(self._log_abs_determinant())
        return self._product_of_determinants()

    def _check_blocks_are_square(self, method: str) -> None:
        """They are: the constructor checks it."""

    def _to_dense(self) -> Tensor:
        count: Any = 0
        blocks = broadcast_batches([operator.to_dense() for operator in self._flat()])
        rows = []
        for index in range(len(self.operators)):
            begin = index * (index + 1) // 2
            row = blocks[begin : begin + index + 1]
            batch_and_rows = array.shape(row[0])[:-1]
            count += array.shape(row[-1])[-1]
            after = self.domain_dimension_tensor() - count
            sizes = array.concat([batch_and_rows, [after]], axis=-1)
            zeros = array.zeros(sizes, dtype=self.dtype)
            rows.append(array.concat([*row, zeros], axis=-1))
        matrix: Tensor = array.concat(rows, axis=-2)
        matrix.set_shape(self.shape)
        return matrix

    def _assert_non_singular(self) -> Operation:
        return group([o.assert_non_singular() for o in self._diagonal_operators])


def _check_dtypes(rows: list[list[LinearOperator]], dtype: Any) -> None:
    for index, row in enumerate(rows):
        if any(operator.dtype != dtype for operator in row):
            found = [str((operator.name, operator.dtype)) for operator in row]
            raise TypeError(
                f"Expected all operators to have the same dtype.  Found {found} in row"
                f" {index} and {dtype} in row 0."
            )


def _non_singular(diagonal: Sequence[LinearOperator], hint: bool | None) -> bool | None:
    """What the diagonal says of the whole.

    Raises:
        ValueError: The contrary was said.
    """
    found: bool | None = None
    if all(operator.is_non_singular for operator in diagonal):
        found, word = True, "non-singular"
    elif any(operator.is_non_singular is False for operator in diagonal):
        found, word = False, "singular"
    if found is not None and hint is (not found):
        article = "non-singular operators" if found else "a singular operator"
        raise ValueError(
            f"A blockwise lower-triangular operator with {article} on the main diagonal"
            f" is always {word}. Expected argument `is_non_singular` to be {found}."
            f" Received: {hint}."
        )
    return found


def _check_lengths(rows: list[list[LinearOperator]]) -> None:
    for index, row in enumerate(rows):
        if len(row) != index + 1:
            raise ValueError(
                f"Argument `operators[{index}]` must contain `{index + 1}` blocks."
                f" Received: {len(row)} blocks."
            )


def _check_sizes(rows: list[list[LinearOperator]]) -> None:
    """Raise `ValueError` if blocks differ in width from those above, or in height."""
    for i in range(1, len(rows)):
        for j in range(i):
            for side, k, m in (
                ("domain_dimension", i - 1, j),
                ("range_dimension", i, j + 1),
            ):
                own, other = getattr(rows[i][j], side), getattr(rows[k][m], side)
                if (own != other) is True:
                    raise ValueError(
                        f"Argument `operators[{i}][{j}].{side}` ({own}) must be the"
                        f" same as `operators[{k}][{m}].{side}` ({other})."
                    )


def _check_square(diagonal: Sequence[LinearOperator], hint: bool | None) -> None:
    if hint is False:
        raise ValueError(
            "`LinearOperatorBlockLowerTriangular` must be square. Expected argument"
            " `is_square` to be True. Received: False."
        )
    for index, operator in enumerate(diagonal):
        if operator.is_square is False:
            raise ValueError(
                "Matrices on the diagonal (the final elements of each row-partition in"
                " the `operators` list) must be square. Expected argument"
                f" `operators[{index}][-1].is_square` to be True. Received: False."
            )
