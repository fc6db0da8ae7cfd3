"""Losses of examples scaled to those of a batch (`tf.nn.compute_average_loss`).

There is one replica: sessions that run on several devices divide the batch themselves.

Source: tensorflow python/ops/nn_impl_distribute.py, python/ops/losses/util.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from metagraft.api.checks import assert_greater_equal, assert_non_negative
from metagraft.api.cond import cond
from metagraft.api.reductions import reduce_sum
from metagraft.api.shape_checks import assert_integer, assert_scalar
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, div_no_nan, equal
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.tensor import Tensor

__all__ = ["compute_average_loss", "scale_regularization_loss"]

_REPLICAS = 1


def scale_regularization_loss(regularization_loss: Any) -> Tensor:
    """Return the sum of a regularization loss, for each replica its part."""
    return reduce_sum(regularization_loss) / _REPLICAS


def compute_average_loss(
    per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None
) -> Tensor:
    """Return the sum of losses divided by how many examples there are in all.

    Args:
        per_example_loss: `[batch, ...]`.
        sample_weight: Weights of the examples.
        global_batch_size: How many examples all replicas have; by default as many as
            there are here.

    Raises:
        ValueError: The loss is a scalar.
    """
    loss = convert_to_tensor(per_example_loss)
    kind = loss.dtype
    with _checked_rank(loss):
        if sample_weight is not None:
            loss = _weighted(loss, convert_to_tensor(sample_weight))
        loss = cast(loss, kind)
        if global_batch_size is None:
            global_batch_size = array.shape(loss)[0] * _REPLICAS
        assert_scalar(global_batch_size, message="global_batch_size must be scalar.")
        assert_integer(
            global_batch_size, message="global_batch_size must be an integer."
        )
        assert_non_negative(
            global_batch_size, message="global_batch_size must be non-negative."
        )
        total = reduce_sum(loss)
        return div_no_nan(total, cast(global_batch_size, kind))


@contextmanager
def _checked_rank(loss: Tensor) -> Iterator[None]:
    """Demand an axis of examples, now or when the graph runs."""
    message = (
        "Invalid value passed for `per_example_loss`. Expected a tensor with at least"
        " rank 1."
    )
    rank = loss.shape.ndims
    if rank == 0:
        raise ValueError(f"{message} Received per_example_loss={loss} with rank {rank}")
    if rank is not None:
        yield
        return
    found = array.rank(loss)
    one = cast(1, dtype=dtypes.int32)
    check = assert_greater_equal(found, one, message=message)
    with control_dependencies([check]):
        yield


def _weighted(loss: Tensor, weights: Tensor) -> Tensor:
    loss, weights = cast(loss, dtypes.float32), cast(weights, dtypes.float32)
    fitting = _of_same_rank(loss, weights)
    result: Tensor = op("Mul", x=loss, y=fitting)
    return result


def _of_same_rank(loss: Tensor, weights: Tensor) -> Tensor:
    """Drop the last axis of weights, or add one, if their rank is off by one."""
    rank, found = loss.shape.ndims, weights.shape.ndims
    if found == 0:
        return weights
    if rank is not None and found is not None:
        if found - rank == 1:
            return array.squeeze(weights, [-1])
        return array.expand_dims(weights, [-1]) if rank - found == 1 else weights
    found_rank = array.rank(weights)
    difference = found_rank - array.rank(loss)

    def expanded() -> Any:
        return cond(
            equal(difference, -1),
            lambda: array.expand_dims(weights, [-1]),
            lambda: weights,
        )

    def adjusted() -> Any:
        return cond(
            equal(difference, 1), lambda: array.squeeze(weights, [-1]), expanded
        )

    result: Tensor = cond(equal(found_rank, 0), lambda: weights, adjusted)
    return result
