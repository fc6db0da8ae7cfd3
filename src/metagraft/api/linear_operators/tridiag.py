"""Tridiagonal matrices.

Source: tensorflow python/ops/linalg/linear_operator_tridiag.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from metagraft.api.array import adjoint as adjoint_matrix
from metagraft.api.array import (
    broadcast_dynamic_shape,
    broadcast_static_shape,
    broadcast_to,
    roll,
)
from metagraft.api.checks import assert_equal
from metagraft.api.linear_operators.batches import assert_real, tensor_or_variable
from metagraft.api.linear_operators.hints import described, given
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.tridiagonal import tridiagonal_matmul, tridiagonal_solve
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import group
from metagraft.graph.build.math import conj
from metagraft.graph.build.matrix_diag import matrix_diag_part
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorTridiag"]

_COMPACT, _MATRIX, _SEQUENCE = "compact", "matrix", "sequence"


class LinearOperatorTridiag(LinearOperator):
    """Square matrices with three diagonals: above, on and below the main one."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"diagonals": 2}

    def __init__(
        self,
        diagonals: Any,
        diagonals_format: str = _COMPACT,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorTridiag",
    ) -> None:
        """Make matrices of their diagonals.

        Args:
            diagonals: `[*batch, 3, n]`, or what `diagonals_format` says.
            diagonals_format: "compact"; "matrix" for `[*batch, n, n]`; "sequence" for
                a list of three tensors `[*batch, n]`.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes.

        Raises:
            ValueError: There is no such format.
        """
        parameters = given(locals())
        with name_scope(name, values=[diagonals]):
            if diagonals_format not in (_COMPACT, _MATRIX, _SEQUENCE):
                raise ValueError(
                    "Argument `diagonals_format` must be one of compact, matrix, or"
                    f" sequence. Received : {diagonals_format}."
                )
            self._format = diagonals_format
            self._diagonals: Any
            if diagonals_format == _SEQUENCE:
                self._diagonals = [
                    tensor_or_variable(diagonal, name=f"diag_{index}")
                    for index, diagonal in enumerate(diagonals)
                ]
            else:
                self._diagonals = tensor_or_variable(diagonals, name="diagonals")
            first = self._diagonals
            first = first[0] if diagonals_format == _SEQUENCE else first
            super().__init__(dtype=first.dtype, **described(parameters))

    @property
    def diagonals(self) -> Any:
        """The diagonals, as they were given."""
        return self._diagonals

    @property
    def diagonals_format(self) -> str:
        """How the diagonals are given."""
        return self._format

    def dims_of_parts(self) -> Mapping[str, int]:
        """How many dimensions of the diagonals are those of one matrix."""
        return {"diagonals": 1 if self._format == _SEQUENCE else 2}

    def _shape(self) -> TensorShape:
        diagonals = self.diagonals
        if self._format == _MATRIX:
            whole: TensorShape = diagonals.shape
            return whole
        if self._format == _COMPACT:
            shape = diagonals.shape[:-2].concatenate(diagonals.shape[-1:])
        else:
            batch = broadcast_static_shape(
                diagonals[0].shape[:-1], diagonals[1].shape[:-1]
            )
            batch = broadcast_static_shape(batch, diagonals[2].shape[:-1])
            shape = batch.concatenate(diagonals[1].shape[-1:])
        return shape.concatenate(shape[-1:])

    def _shape_tensor(self, diagonals: Any = None) -> Tensor:
        diagonals = self.diagonals if diagonals is None else diagonals
        if self._format == _MATRIX:
            return array.shape(diagonals)
        if self._format == _COMPACT:
            sizes = array.shape(diagonals[..., 0, :])
        else:
            own = self.diagonals
            first = array.shape(own[0])[:-1]
            batch = broadcast_dynamic_shape(first, array.shape(own[1])[:-1])
            batch = broadcast_dynamic_shape(batch, array.shape(own[2])[:-1])
            sizes = array.concat([batch, [array.shape(own[1])[-1]]], axis=0)
        return array.concat([sizes, [sizes[-1]]], axis=-1)

    def _assert_self_adjoint(self) -> Operation:
        if self._format == _MATRIX:
            turned = adjoint_matrix(self.diagonals)
            text = "Matrix was not equal to its adjoint."
            return group([assert_equal(self.diagonals, turned, message=text)])
        diagonals = self.diagonals
        is_compact = self._format == _COMPACT
        if is_compact:
            diagonals = convert_to_tensor(diagonals)
        text = (
            "This tridiagonal operator contained non-zero imaginary values on the"
            " diagonal."
        )
        middle = diagonals[..., 1, :] if is_compact else diagonals[1]
        checks = [assert_real(middle, message=text)]
        below = diagonals[..., 2, :] if is_compact else diagonals[2]
        below = conj(roll(below, shift=-1, axis=-1)[..., :-1])
        above = diagonals[..., 0, :-1] if is_compact else diagonals[0][..., :-1]
        text = (
            "This tridiagonal operator has non-conjugate subdiagonal and superdiagonal."
        )
        checks.append(assert_equal(below, above, message=text))
        return group(checks)

    def _adjoint_diagonals(self, diagonals: Any) -> Any:
        if self._format == _MATRIX:
            return adjoint_matrix(diagonals)
        if self._format == _SEQUENCE:
            above, middle, below = [conj(part) for part in reversed(diagonals)]
            above = roll(above, shift=-1, axis=-1)
            return [above, middle, roll(below, shift=1, axis=-1)]
        above, middle, below = array.unstack(conj(diagonals), num=3, axis=-2)
        new_above = roll(below, shift=-1, axis=-1)
        new_below = roll(above, shift=1, axis=-1)
        return array.stack([new_above, middle, new_below], axis=-2)

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        diagonals = self.diagonals
        if adjoint:
            diagonals = self._adjoint_diagonals(diagonals)
        x = adjoint_matrix(x) if adjoint_arg else x
        return tridiagonal_matmul(diagonals, x, diagonals_format=self._format)

    def _solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        diagonals = self.diagonals
        if adjoint:
            diagonals = self._adjoint_diagonals(diagonals)
        sizes = array.shape(rhs)
        n = self._shape_tensor(diagonals)[-1]
        own_batch = self._shape_tensor(diagonals)[:-2]
        batch = broadcast_dynamic_shape(own_batch, sizes[:-2])
        rhs = broadcast_to(rhs, array.concat([batch, sizes[-2:]], axis=-1))

        def spread(part: Any, *sides: Any) -> Tensor:
            return broadcast_to(part, array.concat([batch, list(sides)], axis=-1))

        if self._format == _MATRIX:
            diagonals = spread(diagonals, n, n)
        elif self._format == _COMPACT:
            diagonals = spread(diagonals, 3, n)
        else:
            diagonals = [spread(part, n) for part in diagonals]
        return tridiagonal_solve(
            diagonals,
            rhs,
            diagonals_format=self._format,
            transpose_rhs=adjoint_arg,
            conjugate_rhs=adjoint_arg,
        )

    def _diag_part(self) -> Tensor:
        if self._format == _MATRIX:
            return matrix_diag_part(self.diagonals)
        if self._format == _SEQUENCE:
            return broadcast_to(self.diagonals[1], self.shape_tensor()[:-1])
        return self.diagonals[..., 1, :]

    def _to_dense(self) -> Tensor:
        if self._format == _MATRIX:
            return self.diagonals
        diagonals = self.diagonals
        if self._format == _SEQUENCE:
            parts = [convert_to_tensor(part) for part in diagonals]
            diagonals = array.stack(parts, axis=-2)
        dense: Tensor = op(
            "MatrixDiagV3",
            diagonal=diagonals,
            k=(-1, 1),
            num_rows=-1,
            num_cols=-1,
            padding_value=0.0,
            align="LEFT_RIGHT",
        )
        return dense
