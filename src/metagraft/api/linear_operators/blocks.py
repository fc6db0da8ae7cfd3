"""What block operators share: arguments and results block by block.

Where an argument may be one tensor, it may also be a list with one for each block;
then the result is such a list, too.

Source: tensorflow python/ops/linalg/linear_operator_block_diag.py,
linear_operator_util.py arg_is_blockwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from metagraft.api.linear_operators.batches import broadcast_batches
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.graph.build import array
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.shapes import Dimension
from metagraft.graph.tensor import Tensor

__all__ = ["BlockOperator"]


class BlockOperator(LinearOperator):
    """A square arrangement of operators; those on the diagonal tell its size."""

    _diagonal_operators: list[LinearOperator]

    def _rows_of_blocks(self) -> list[Dimension]:
        return [operator.range_dimension for operator in self._diagonal_operators]

    def _columns_of_blocks(self) -> list[Dimension]:
        return [operator.domain_dimension for operator in self._diagonal_operators]

    def _sum_of_rows(self) -> Tensor:
        sizes: list[Any] = [
            o.range_dimension_tensor() for o in self._diagonal_operators
        ]
        return sum(sizes)

    def _sum_of_columns(self) -> Tensor:
        sizes: list[Any] = [
            o.domain_dimension_tensor() for o in self._diagonal_operators
        ]
        return sum(sizes)

    # -- arguments -----------------------------------------------------------------

    def _operand(self, value: Any, name: str, own_axis: int, axis: int) -> Any:
        """An argument as a tensor, or as a list of tensors, one for each block."""
        sizes = self._rows_of_blocks() if own_axis == -2 else self._columns_of_blocks()
        if not _is_blockwise(sizes, value, axis):
            return super()._operand(value, name, own_axis, axis)
        return [
            self._block(part, size, axis)
            for part, size in zip(value, sizes, strict=True)
        ]

    def _block(self, part: Any, size: Dimension, axis: int) -> Any:
        if isinstance(part, LinearOperator):
            return part
        tensor = convert_to_tensor(part)
        self._check_input_dtype(tensor)
        size.assert_is_compatible_with(tensor.shape[axis])
        return tensor

    def _split(self, value: Any, axis: int, *, by_rows: bool = False) -> list[Any]:
        """The parts of an argument for each block."""
        if isinstance(value, list):
            return value
        dims = self._rows_of_blocks() if by_rows else self._columns_of_blocks()
        sizes: list[Any] = [dim.value for dim in dims]
        if None in sizes and by_rows:
            sizes = [
                operator.range_dimension_tensor()
                for operator in self._diagonal_operators
            ]
        elif None in sizes:
            sizes = [
                operator.domain_dimension_tensor()
                for operator in self._diagonal_operators
            ]
        return array.split(value, sizes, axis=axis)

    @staticmethod
    def _joined(parts: list[Any]) -> Tensor:
        """The parts of a result below each other."""
        joined: Tensor = array.concat(broadcast_batches(parts), axis=-2)
        return joined

    def _matvec(self, x: Any, adjoint: bool = False) -> Any:
        columns = _for_each(lambda part: part[..., None], x)
        return _for_each(_without_column, self.matmul(columns, adjoint=adjoint))

    def _solvevec(self, rhs: Any, adjoint: bool = False) -> Any:
        columns = _for_each(lambda part: array.expand_dims(part, axis=-1), rhs)
        return _for_each(_without_column, self.solve(columns, adjoint=adjoint))

    # -- numbers -------------------------------------------------------------------

    def _product_of_determinants(self) -> Tensor:
        result = self._diagonal_operators[0].determinant()
        for operator in self._diagonal_operators[1:]:
            result *= operator.determinant()
        return result

    def _log_abs_determinant(self) -> Tensor:
        result = self._diagonal_operators[0].log_abs_determinant()
        for operator in self._diagonal_operators[1:]:
            result += operator.log_abs_determinant()
        return result

    def _check_blocks_are_square(self, method: str) -> None:
        if not all(operator.is_square for operator in self._diagonal_operators):
            raise NotImplementedError(
                f"`{method}` not implemented for an operator whose blocks are not"
                " square."
            )

    def _diag_part(self) -> Tensor:
        self._check_blocks_are_square("diag_part")
        return self._joined_vectors(
            [o.diag_part()[..., None] for o in self._diagonal_operators]
        )

    def _eigvals(self) -> Tensor:
        self._check_blocks_are_square("eigvals")
        return self._joined_vectors(
            [o.eigvals()[..., None] for o in self._diagonal_operators]
        )

    def _joined_vectors(self, columns: list[Tensor]) -> Tensor:
        return array.squeeze(self._joined(columns), axis=-1)

    def _trace(self) -> Tensor:
        self._check_blocks_are_square("trace")
        result = self._diagonal_operators[0].trace()
        for operator in self._diagonal_operators[1:]:
            result += operator.trace()
        return result


def _without_column(value: Tensor) -> Tensor:
    return array.squeeze(value, axis=-1)


def _for_each(function: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, list):
        return [function(part) for part in value]
    return function(value)


def _is_blockwise(block_dims: Sequence[Dimension], value: Any, axis: int) -> bool:
    """Whether a value is a list with a tensor for each block.

    Raises:
        ValueError: It could be either a list of tensors or one written as lists, or
            it is neither.
    """
    is_list = isinstance(value, tuple | list)
    if not is_list or len(value) != len(block_dims):
        return False
    if not any(isinstance(part, tuple | list | dict) for part in value):
        return True
    found = [convert_to_tensor(part).shape[axis].value for part in value]
    own = [dim.value for dim in block_dims]
    if all(size is None for size in own):
        if len(found) == 1:
            return False
        if len(set(found)) > 1:
            return True
        raise ValueError(
            "Parsing of the input structure is ambiguous. Please input a blockwise"
            " iterable of `Tensor`s or a single `Tensor`."
        )
    if all(size in (None, part) for size, part in zip(own, found, strict=True)):
        return True
    known = sum(size for size in own if size is not None)
    if len(set(found)) == 1 and found[0] is not None and found[0] >= known:
        return False
    raise ValueError("Input dimension does not match operator dimension.")
