"""Dense matrices.

Source: tensorflow python/ops/linalg/linear_operator_full_matrix.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from metagraft.api.linear_operators.batches import tensor_or_variable
from metagraft.api.linear_operators.hints import described, given
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.matmul import matmul
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorFullMatrix"]

_DTYPES = [
    dtypes.float16,
    dtypes.float32,
    dtypes.float64,
    dtypes.complex64,
    dtypes.complex128,
]


class LinearOperatorFullMatrix(LinearOperator):
    """Matrices given element by element."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"matrix": 2}

    def __init__(
        self,
        matrix: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorFullMatrix",
    ) -> None:
        """Wrap a tensor.

        Args:
            matrix: `[*batch, rows, columns]`.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes.

        Raises:
            TypeError: The elements are not floating-point or complex numbers.
            ValueError: `matrix` has fewer than two dimensions.
        """
        parameters = given(locals())
        with name_scope(name, values=[matrix]):
            self._matrix = tensor_or_variable(matrix, name="matrix")
            _check(self._matrix)
            super().__init__(dtype=self._matrix.dtype, **described(parameters))

    @property
    def matrix(self) -> Any:
        """The elements."""
        return self._matrix

    def _shape(self) -> TensorShape:
        shape: TensorShape = self._matrix.shape
        return shape

    def _shape_tensor(self) -> Tensor:
        return array.shape(self._matrix)

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        return matmul(self._matrix, x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def _to_dense(self) -> Tensor:
        return self._matrix


def _check(matrix: Any) -> None:
    tensor = convert_to_tensor(matrix, name="matrix")
    if tensor.dtype not in _DTYPES:
        raise TypeError(
            f"Argument `matrix` must have dtype in {_DTYPES}. Received: {tensor.dtype}."
        )
    if tensor.shape.ndims is not None and tensor.shape.ndims < 2:
        raise ValueError(
            f"Argument `matrix` must have at least 2 dimensions. Received: {tensor}."
        )
