"""Reflections: `I - 2 v v^H`.

Source: tensorflow python/ops/linalg/linear_operator_householder.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from metagraft.api.array import adjoint as adjoint_matrix
from metagraft.api.linear_operators.batches import tensor_or_variable
from metagraft.api.linear_operators.hints import described, given
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.nn_normalization import l2_normalize
from metagraft.errors import InvalidArgumentError
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import no_op
from metagraft.graph.build.math import cast, conj
from metagraft.graph.build.matmul import matmul
from metagraft.graph.build.matrix_diag import matrix_diag_part, matrix_set_diag
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorHouseholder"]


class LinearOperatorHouseholder(LinearOperator):
    """Reflections at the planes through the origin that are normal to an axis."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"reflection_axis": 1}

    def __init__(
        self,
        reflection_axis: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorHouseholder",
    ) -> None:
        """Make reflections.

        Args:
            reflection_axis: `[*batch, n]`, of any length but zero.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes.

        Raises:
            ValueError: `reflection_axis` is a scalar, or a hint cannot be.
        """
        parameters = given(locals())
        with name_scope(name, values=[reflection_axis]):
            self._reflection_axis = tensor_or_variable(
                reflection_axis, name="reflection_axis"
            )
            if self._reflection_axis.shape.ndims == 0:
                raise ValueError(
                    "Argument reflection_axis must have at least 1 dimension.  Found:"
                    f" {self._reflection_axis}"
                )
            for is_wrong, text in (
                (is_self_adjoint is False, "self adjoint"),
                (is_positive_definite is True, "non-positive definite"),
                (is_square is False, "square"),
            ):
                if is_wrong:
                    raise ValueError(f"A Householder operator is always {text}.")
            told = described(
                parameters,
                is_self_adjoint=True,
                is_positive_definite=False,
                is_square=True,
            )
            super().__init__(dtype=self._reflection_axis.dtype, **told)

    @property
    def reflection_axis(self) -> Any:
        """The axes."""
        return self._reflection_axis

    def _shape(self) -> TensorShape:
        shape: TensorShape = self._reflection_axis.shape
        return shape.concatenate(shape[-1:])

    def _shape_tensor(self) -> Tensor:
        sizes = array.shape(self._reflection_axis)
        return array.concat((sizes, [sizes[-1]]), 0)

    def _adjoint(self) -> LinearOperator:
        return self

    def _inverse(self) -> LinearOperator:
        return self

    def _assert_non_singular(self) -> Operation:
        return no_op("assert_non_singular")

    def _assert_positive_definite(self) -> Operation:
        raise InvalidArgumentError(
            None, None, "Householder operators are always non-positive definite."
        )

    def _assert_self_adjoint(self) -> Operation:
        return no_op("assert_self_adjoint")

    def _unit_axis(self) -> Tensor:
        return l2_normalize(convert_to_tensor(self.reflection_axis), axis=-1)

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        x = adjoint_matrix(x) if adjoint_arg else x
        axis = self._unit_axis()[..., None]
        along = matmul(axis, x, adjoint_a=True)
        return x - 2 * axis * along

    def _solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        return self._matmul(rhs, adjoint, adjoint_arg)

    def _trace(self) -> Tensor:
        sizes = self.shape_tensor()
        sides = cast(self._domain_dimension_tensor(shape=sizes) - 2, self.dtype)
        batch = self._batch_shape_tensor(shape=sizes)
        return sides * array.ones(batch, dtype=self.dtype)

    def _determinant(self) -> Tensor:
        return -array.ones(self.batch_shape_tensor(), dtype=self.dtype)

    def _log_abs_determinant(self) -> Tensor:
        return array.zeros(self.batch_shape_tensor(), dtype=self.dtype)

    def _to_dense(self) -> Tensor:
        axis = self._unit_axis()[..., None]
        matrix = -2 * matmul(axis, axis, adjoint_b=True)
        return matrix_set_diag(matrix, 1.0 + matrix_diag_part(matrix))

    def _diag_part(self) -> Tensor:
        axis = self._unit_axis()
        return 1.0 - 2 * axis * conj(axis)

    def _eigvals(self) -> Tensor:
        sizes = array.shape(self.reflection_axis)
        count = sizes[-1]
        others = array.concat([sizes[:-1], [count - 1]], axis=-1)
        single = array.concat([sizes[:-1], [1]], axis=-1)
        ones = array.ones(others, dtype=self.dtype)
        values: Tensor = array.concat(
            [-array.ones(single, dtype=self.dtype), ones], axis=-1
        )
        return values

    def _cond(self) -> Tensor:
        return array.ones(self.batch_shape_tensor(), dtype=self.dtype)
