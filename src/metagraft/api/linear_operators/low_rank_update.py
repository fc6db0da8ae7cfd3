"""An operator plus a product of low rank: `L + U D V^H`.

Source: tensorflow python/ops/linalg/linear_operator_low_rank_update.py; the formula
of Woodbury for systems, the matrix determinant lemma for determinants.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from metagraft.api.array import broadcast_dynamic_shape, broadcast_static_shape
from metagraft.api.linear_algebra import cholesky, matrix_determinant
from metagraft.api.linear_operators.batches import (
    solve_with_broadcast,
    tensor_or_variable,
)
from metagraft.api.linear_operators.diag import LinearOperatorDiag
from metagraft.api.linear_operators.hints import HINTS, described, given
from metagraft.api.linear_operators.identity import LinearOperatorIdentity
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.math import exp, log
from metagraft.graph.build import array
from metagraft.graph.build.gramian import cholesky_solve
from metagraft.graph.build.math import absolute, cast, conj
from metagraft.graph.build.matmul import matmul
from metagraft.graph.build.matrix_diag import matrix_diag_part
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape, dimension_at_index
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorLowRankUpdate"]


class LinearOperatorLowRankUpdate(LinearOperator):
    """`L + U D V^H` with an operator `L` and tall `U` and `V`."""

    matrix_dims: ClassVar[Mapping[str, int]] = {
        "base_operator": 0,
        "u": 2,
        "diag_update": 1,
        "v": 2,
    }

    def __init__(
        self,
        base_operator: LinearOperator,
        u: Any,
        diag_update: Any = None,
        v: Any = None,
        is_diag_update_positive: bool | None = None,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorLowRankUpdate",
    ) -> None:
        """Update an operator.

        Args:
            base_operator: `L`, `[*batch, rows, columns]`.
            u: `U`, `[*batch, rows, rank]`.
            diag_update: The diagonal of `D`, `[*batch, rank]`; ones if None.
            v: `V`, `[*batch, columns, rank]`; `U` if None.
            is_diag_update_positive: Whether `diag_update` is real and positive.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes.

        Raises:
            ValueError: Shapes do not fit, or hints contradict each other.
        """
        parameters = given(locals())
        if diag_update is None:
            if is_diag_update_positive is False:
                raise ValueError(
                    "Default diagonal is the identity, which is positive.  However,"
                    " user set 'is_diag_update_positive' to False."
                )
            is_diag_update_positive = True
        is_symmetric = v is None and base_operator.is_self_adjoint
        self._use_cholesky = bool(
            base_operator.is_positive_definite
            and is_symmetric
            and is_diag_update_positive
        )
        hints = self._concluded(
            parameters, bool(is_symmetric and not base_operator.dtype.is_complex)
        )
        with name_scope(name):
            self._u = tensor_or_variable(u, name="u")
            self._v = self._u if v is None else tensor_or_variable(v, name="v")
            self._diag_update = tensor_or_variable(diag_update, name="diag_update")
            self._base_operator = base_operator
            told = described(parameters, **hints)
            super().__init__(dtype=base_operator.dtype, **told)
            self._is_diag_update_positive = is_diag_update_positive
            self._diag_operator = self._middle()
            self._check_shapes()

    def _concluded(
        self, parameters: dict[str, Any], is_real_symmetric: bool
    ) -> dict[str, Any]:
        """Hints, with what follows from the parts."""
        hints = {name: parameters[name] for name in HINTS}
        if is_real_symmetric:
            if hints["is_self_adjoint"] is False:
                raise ValueError(
                    "A = L + UDU^H, with L self-adjoint and D real diagonal.  Since"
                    " UDU^H is self-adjoint, this must be a self-adjoint operator."
                )
            hints["is_self_adjoint"] = True
        if self._use_cholesky:
            named = ("is_positive_definite", "is_self_adjoint", "is_non_singular")
            if any(hints[name] is False for name in named):
                raise ValueError(
                    "Arguments imply this is self-adjoint positive-definite operator."
                )
            hints["is_positive_definite"] = hints["is_self_adjoint"] = True
        return hints

    def _middle(self) -> LinearOperator:
        """`D` as an operator."""
        if self._diag_update is not None:
            positive = self._is_diag_update_positive
            return LinearOperatorDiag(self._diag_update, is_positive_definite=positive)
        known = self.u.shape[-1].value
        rank = array.shape(self.u)[-1] if known is None else known
        return LinearOperatorIdentity(num_rows=rank, dtype=self.dtype)

    def _check_shapes(self) -> None:
        outer = broadcast_static_shape(self.u.shape, self.v.shape)
        batch = broadcast_static_shape(self.base_operator.batch_shape, outer[:-2])
        columns = self.base_operator.domain_dimension
        columns.assert_is_compatible_with(outer[-2])
        if self._diag_update is not None:
            shape = self._diag_update.shape
            rank = dimension_at_index(outer, -1)
            rank.assert_is_compatible_with(shape[-1])
            broadcast_static_shape(batch, shape[:-1])

    @property
    def u(self) -> Any:
        """`U`."""
        return self._u

    @property
    def v(self) -> Any:
        """`V`."""
        return self._v

    @property
    def is_diag_update_positive(self) -> bool | None:
        """Whether the diagonal of `D` is real and positive."""
        return self._is_diag_update_positive

    @property
    def diag_update(self) -> Any:
        """The diagonal of `D`, or None."""
        return self._diag_update

    @property
    def diag_operator(self) -> LinearOperator:
        """`D`."""
        return self._diag_operator

    @property
    def base_operator(self) -> LinearOperator:
        """`L`."""
        return self._base_operator

    def _assert_self_adjoint(self) -> Operation:
        if self.u is self.v and self.diag_update is None:
            return self.base_operator.assert_self_adjoint()
        # TF: the public method, which calls this one without end.
        return super()._assert_self_adjoint()

    def _shape(self) -> TensorShape:
        batch = broadcast_static_shape(
            self.base_operator.batch_shape, self.diag_operator.batch_shape
        )
        for outer in (self.u, self.v):
            batch = broadcast_static_shape(batch, outer.shape[:-2])
        return batch.concatenate(self.base_operator.shape[-2:])

    def _shape_tensor(self) -> Tensor:
        base = self.base_operator.batch_shape_tensor()
        batch = broadcast_dynamic_shape(base, self.diag_operator.batch_shape_tensor())
        for outer in (self.u, self.v):
            batch = broadcast_dynamic_shape(batch, array.shape(outer)[:-2])
        return array.concat([batch, self.base_operator.shape_tensor()[-2:]], axis=0)

    def _outer(self) -> tuple[Tensor, Tensor]:
        u = convert_to_tensor(self.u)
        return u, u if self.v is self.u else convert_to_tensor(self.v)

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        u, v = self._outer()
        if adjoint:
            u, v = v, u
        leading = self.base_operator.matmul(x, adjoint=adjoint, adjoint_arg=adjoint_arg)
        inner = matmul(v, x, adjoint_a=True, adjoint_b=adjoint_arg)
        inner = self.diag_operator.matmul(inner, adjoint=adjoint)
        result: Tensor = leading + matmul(u, inner)
        return result

    def _determinant(self) -> Tensor:
        if self.is_positive_definite:
            return exp(self.log_abs_determinant())
        of_capacitance = matrix_determinant(self._capacitance(*self._outer()))
        of_middle = self.diag_operator.determinant()
        of_base = self.base_operator.determinant()
        return of_capacitance * of_middle * of_base

    def _log_abs_determinant(self) -> Tensor:
        u, v = self._outer()
        of_middle = self.diag_operator.log_abs_determinant()
        of_base = self.base_operator.log_abs_determinant()
        if self._use_cholesky:
            diagonal = matrix_diag_part(cholesky(self._capacitance(u, v)))
            of_capacitance = 2 * reduce_tensor("Sum", log(diagonal), axis=[-1])
        else:
            found = matrix_determinant(self._capacitance(u, v))
            of_capacitance = log(absolute(found))
            if self.dtype.is_complex:
                of_capacitance = cast(of_capacitance, dtype=self.dtype)
        return of_capacitance + of_middle + of_base

    def _diag_part(self) -> Tensor:
        u, v = self._outer()
        products = u * conj(v)
        if self.diag_update is not None:
            products *= array.expand_dims(self.diag_update, axis=-2)
        added = reduce_tensor("Sum", products, axis=-1)
        return added + self.base_operator.diag_part()

    def _solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        base = self.base_operator
        if base.is_non_singular is False:
            raise ValueError(
                "Solve not implemented unless this is a perturbation of a non-singular"
                " LinearOperator."
            )
        u, v = self._outer()
        capacitance = self._capacitance(u, v)
        if adjoint:
            u, v = v, u
        of_base = base.solve(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)
        inner = matmul(v, of_base, adjoint_a=True)
        if self._use_cholesky:
            inner = cholesky_solve(cholesky(capacitance), inner)
        else:
            inner = solve_with_broadcast(capacitance, inner, adjoint=adjoint)
        correction = base.solve(matmul(u, inner), adjoint=adjoint)
        result: Tensor = of_base - correction
        return result

    def _capacitance(self, u: Tensor, v: Tensor) -> Tensor:
        """`D^-1 + V^H L^-1 U`."""
        inner = matmul(v, self.base_operator.solve(u), adjoint_a=True)
        return self._diag_operator.inverse().add_to_tensor(inner)
