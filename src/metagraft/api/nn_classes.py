"""The most probable classes (`tf.nn.top_k` and its kin).

Source: tensorflow python/ops/nn_ops.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["TopKV2", "approx_max_k", "approx_min_k", "in_top_k", "top_k"]


class TopKV2(NamedTuple):
    """The largest values along the last axis, and where they are."""

    values: Tensor
    indices: Tensor


def top_k(
    input: Any,
    k: Any = 1,
    sorted: bool = True,
    index_type: Any = dtypes.int32,
    name: str | None = None,
) -> TopKV2:
    """Return the k largest values of the last axis, and their indices.

    Args:
        input: Numbers, with at least one dimension.
        k: How many.
        sorted: Whether they come in descending order.
        index_type: Type of the indices.
        name: Name of the operation.
    """
    return TopKV2(
        *op("TopKV2", input=input, k=k, sorted=sorted, index_type=index_type, name=name)
    )


def in_top_k(predictions: Any, targets: Any, k: Any, name: str | None = None) -> Tensor:
    """Whether a class is among the k most probable ones.

    Args:
        predictions: `[batch, classes]`.
        targets: `[batch]`, numbers of classes.
        k: How many.
        name: Name of the scope.
    """
    with name_scope(name, "in_top_k"):
        result: Tensor = op(
            "InTopKV2", predictions=predictions, targets=targets, k=k, name=name
        )
        return result


def approx_max_k(
    operand: Any,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> Any:
    """Return the k largest values and their places; some may be missed.

    Args:
        operand: The values.
        k: How many.
        reduction_dimension: Along which axis.
        recall_target: Which share has to be found.
        reduction_input_size_override: How many values there are in all, if these are
            a part.
        aggregate_to_topk: Whether to return k, not more candidates.
        name: Name of the operation.
    """
    return op(
        "ApproxTopK",
        input=operand,
        k=k,
        reduction_dimension=reduction_dimension,
        recall_target=recall_target,
        is_max_k=True,
        reduction_input_size_override=reduction_input_size_override,
        aggregate_to_topk=aggregate_to_topk,
        name=name,
    )


def approx_min_k(
    operand: Any,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> Any:
    """Return the k smallest values and their places; see `approx_max_k`."""
    return op(
        "ApproxTopK",
        input=operand,
        k=k,
        reduction_dimension=reduction_dimension,
        recall_target=recall_target,
        is_max_k=False,
        reduction_input_size_override=reduction_input_size_override,
        aggregate_to_topk=aggregate_to_topk,
        name=name,
    )
