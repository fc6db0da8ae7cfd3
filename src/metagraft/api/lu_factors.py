"""What follows from LU factors (`tf.linalg.lu_solve`, `lu_reconstruct`).

Source: tensorflow python/ops/linalg/linalg_impl.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.checks import assert_equal
from metagraft.api.functional import map_fn
from metagraft.api.linear_algebra import matrix_triangular_solve
from metagraft.api.shape_checks import assert_rank, assert_rank_at_least
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.eye import eye
from metagraft.graph.build.math import number_range
from metagraft.graph.build.matmul import matmul
from metagraft.graph.build.matrix_diag import matrix_set_diag
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["lu_matrix_inverse", "lu_reconstruct", "lu_solve"]


def _unit_lower(factors: Tensor, shape: Tensor | None = None) -> Tensor:
    lower = op("MatrixBandPart", input=factors, num_lower=-1, num_upper=0)
    diagonal = array.shape(factors)[:-1] if shape is None else shape[:-1]
    return matrix_set_diag(lower, array.ones(diagonal, dtype=factors.dtype))


def lu_solve(
    lower_upper: Any,
    perm: Any,
    rhs: Any,
    validate_args: bool = False,
    name: str | None = None,
) -> Tensor:
    """Solve systems whose matrices are given by what `tf.linalg.lu` returns.

    Args:
        lower_upper: Both factors, `[..., n, n]`.
        perm: The order of the rows, `[..., n]`.
        rhs: Right sides `[..., n, k]`.
        validate_args: Whether what is only known when run is checked.
        name: Name of the scope.

    Raises:
        ValueError: The shapes do not fit.
    """
    with name_scope(name or "lu_solve"):
        factors, perm = _converted(lower_upper, perm)
        rhs = convert_to_tensor(rhs, preferred_dtype=factors.dtype, name="rhs")
        checks = _factor_checks(factors, perm, validate_args=validate_args)
        checks += _rhs_checks(factors, rhs, validate_args=validate_args)
        factors, perm, rhs = _after(checks, factors, perm, rhs)
        permuted = _permuted(rhs, perm)
        lower = _unit_lower(factors)
        return matrix_triangular_solve(
            factors, matrix_triangular_solve(lower, permuted), lower=False
        )


def _converted(lower_upper: Any, perm: Any) -> tuple[Tensor, Tensor]:
    factors = convert_to_tensor(
        lower_upper, preferred_dtype=dtypes.float32, name="lower_upper"
    )
    return factors, convert_to_tensor(perm, preferred_dtype=dtypes.int32, name="perm")


def _after(checks: list[Operation], *tensors: Tensor) -> list[Tensor]:
    if not checks:
        return list(tensors)
    with control_dependencies(checks):
        return [array.identity(tensor) for tensor in tensors]


def _permuted(rhs: Tensor, perm: Tensor) -> Tensor:
    if rhs.shape.rank == 2 and perm.shape.rank == 1:
        return array.gather(rhs, perm, axis=-2)
    shape = array.shape(rhs)
    batch = op("BroadcastArgs", s0=shape[:-2], s1=array.shape(perm)[:-1])
    rows, columns = shape[-2], shape[-1]
    spread_shape = array.concat([batch, [rows, columns]], axis=0)
    spread = op("BroadcastTo", input=rhs, shape=spread_shape)
    spread = array.reshape(spread, [-1, rows, columns])
    order = op("BroadcastTo", input=perm, shape=spread_shape[:-1])
    order = array.reshape(order, [-1, rows])
    places = _with_batch(order, reduce_tensor("Prod", batch), rows)
    permuted = op("GatherNd", params=spread, indices=places)
    return array.reshape(permuted, spread_shape)


def _with_batch(order: Tensor, count: Tensor, rows: Tensor) -> Tensor:
    """Put the number of the matrix before each row."""
    column = number_range(count)[:, None]
    batch = op("BroadcastTo", input=column, shape=[count, rows])
    return array.stack([batch, order], axis=-1)


def lu_matrix_inverse(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """The inverses of matrices given by their factors; see `lu_solve`."""
    with name_scope(name or "lu_matrix_inverse"):
        factors, perm = _converted(lower_upper, perm)
        checks = _factor_checks(factors, perm, validate_args=validate_args)
        factors, perm = _after(checks, factors, perm)
        shape = array.shape(factors)
        identity = eye(shape[-1], batch_shape=shape[:-2], dtype=factors.dtype)
        return lu_solve(factors, perm, rhs=identity, validate_args=False)


def lu_reconstruct(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """The matrices that factors came from; see `lu_solve`."""
    with name_scope(name or "lu_reconstruct"):
        factors, perm = _converted(lower_upper, perm)
        checks = _factor_checks(factors, perm, validate_args=validate_args)
        factors, perm = _after(checks, factors, perm)
        shape = array.shape(factors)
        lower = _unit_lower(factors, shape)
        upper = op("MatrixBandPart", input=factors, num_lower=0, num_upper=-1)
        x = matmul(lower, upper)
        if factors.shape.rank == 2:
            x = array.gather(x, op("InvertPermutation", x=perm))
        else:
            x = _unpermuted(x, perm, shape)
        x.set_shape(factors.shape)
        return x


def _unpermuted(x: Tensor, perm: Tensor, shape: Tensor) -> Tensor:
    count = reduce_tensor("Prod", shape[:-2])
    rows = shape[-1]
    x = array.reshape(x, [count, rows, rows])
    perm = array.reshape(perm, [count, rows])
    perm = map_fn(lambda order: op("InvertPermutation", x=order), perm)
    column = number_range(count)[:, None]
    batch = op("BroadcastTo", input=column, shape=[count, rows])
    places = array.stack([batch, perm], axis=-1)
    return array.reshape(op("GatherNd", params=x, indices=places), shape)


def _factor_checks(
    factors: Tensor, perm: Tensor, *, validate_args: bool
) -> list[Operation]:
    checks = []
    message = "Input `lower_upper` must have at least 2 dimensions."
    rank, perm_rank = factors.shape.rank, perm.shape.rank
    if rank is not None and rank < 2:
        raise ValueError(message)
    if validate_args:
        checks.append(assert_rank_at_least(factors, rank=2, message=message))
    message = "`rank(lower_upper)` must equal `rank(perm) + 1`"
    if rank is not None and perm_rank is not None:
        if rank != perm_rank + 1:
            raise ValueError(message)
    elif validate_args:
        wanted = array.rank(perm) + 1
        checks.append(assert_rank(factors, rank=wanted, message=message))
    message = "`lower_upper` must be square."
    if factors.shape[:-2].is_fully_defined():
        if factors.shape[-2] != factors.shape[-1]:
            raise ValueError(message)
    elif validate_args:
        m, n = array.split(array.shape(factors)[-2:], num_or_size_splits=2)
        checks.append(assert_equal(m, n, message=message))
    return checks


def _rhs_checks(
    factors: Tensor, rhs: Tensor, *, validate_args: bool
) -> list[Operation]:
    checks = []
    message = "Input `rhs` must have at least 2 dimensions."
    if rhs.shape.rank is not None:
        if rhs.shape.rank < 2:
            raise ValueError(message)
    elif validate_args:
        checks.append(assert_rank_at_least(rhs, rank=2, message=message))
    message = "`lower_upper.shape[-1]` must equal `rhs.shape[-1]`."
    if factors.shape[-1] is not None and rhs.shape[-2] is not None:
        if factors.shape[-1] != rhs.shape[-2]:
            raise ValueError(message)
    elif validate_args:
        pair = array.shape(factors)[-1], array.shape(rhs)[-2]
        checks.append(assert_equal(*pair, message=message))
    return checks
