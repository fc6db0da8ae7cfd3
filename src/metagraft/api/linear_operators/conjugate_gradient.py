"""Systems solved by the method of conjugate gradients.

Source: tensorflow python/ops/linalg/sparse/conjugate_gradient.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from metagraft.api.array import broadcast_dynamic_shape, broadcast_to
from metagraft.api.comparison import logical_and
from metagraft.api.linear_algebra import norm
from metagraft.api.linear_operators.dispatch import matvec
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.while_loop import while_loop
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import constant
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["CGState", "conjugate_gradient"]


class CGState(NamedTuple):
    """Where the method is.

    Attributes:
        i: How many steps were made.
        x: The solutions so far, `[*batch, n]`.
        r: What they leave of the right-hand sides.
        p: The directions of the next step.
        gamma: The products of `r` with itself, preconditioned.
    """

    i: Any
    x: Any
    r: Any
    p: Any
    gamma: Any


def conjugate_gradient(
    operator: LinearOperator,
    rhs: Any,
    preconditioner: LinearOperator | None = None,
    x: Any = None,
    tol: Any = 1e-5,
    max_iter: Any = 20,
    name: str = "conjugate_gradient",
) -> CGState:
    """Solve systems of a self-adjoint, positive definite operator.

    Args:
        operator: `[*batch, n, n]`.
        rhs: The right-hand sides, `[*batch, n]`.
        preconditioner: An operator near the inverse of `operator`.
        x: Where to begin; at zero if None.
        tol: How large a residual may be, in lengths of its right-hand side.
        max_iter: The most steps.
        name: Name of the scope.

    Raises:
        ValueError: It is not known that the operator is as it must be.
    """
    if not (operator.is_self_adjoint and operator.is_positive_definite):
        raise ValueError("Expected a self-adjoint, positive definite operator.")
    with name_scope(name):
        batch = broadcast_dynamic_shape(
            array.shape(rhs)[:-1], operator.batch_shape_tensor()
        )
        if preconditioner is not None:
            own_batch = preconditioner.batch_shape_tensor()
            batch = broadcast_dynamic_shape(batch, own_batch)
        sizes = array.concat([batch, [array.shape(rhs)[-1]]], axis=-1)
        residual = broadcast_to(rhs, sizes)
        tol *= norm(residual, axis=-1)
        if x is None:
            x = array.zeros(sizes, dtype=rhs.dtype.base_dtype)
        else:
            residual = rhs - matvec(operator, x)
        direction = residual
        if preconditioner is not None:
            direction = matvec(preconditioner, residual)
        gamma = _dot(residual, direction)
        begin = constant(0, dtype=dtypes.int32)
        state = CGState(begin, x, residual, direction, gamma)

        def is_far(i: Any, state: CGState) -> Tensor:
            is_left = i < max_iter
            is_large = norm(state.r, axis=-1) > tol
            return logical_and(is_left, reduce_tensor("Any", is_large))

        def step(i: Any, state: CGState) -> tuple[Any, CGState]:
            following = _step(operator, preconditioner, state)
            return i + 1, following._replace(i=i + 1)

        _, state = while_loop(is_far, step, [begin, state])
        return CGState(*state)


def _dot(x: Any, y: Any) -> Tensor:
    return array.squeeze(matvec(x[..., None], y, adjoint_a=True), axis=-1)


def _step(
    operator: LinearOperator, preconditioner: LinearOperator | None, state: CGState
) -> CGState:
    """The state after a step, but for its number."""
    z = matvec(operator, state.p)
    alpha = state.gamma / _dot(state.p, z)
    x = state.x + alpha[..., None] * state.p
    r = state.r - alpha[..., None] * z
    q = r if preconditioner is None else preconditioner.matvec(r)
    gamma = _dot(r, q)
    beta = gamma / state.gamma
    p = q + beta[..., None] * state.p
    return CGState(state.i, x, r, p, gamma)
