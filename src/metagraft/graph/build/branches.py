"""Branches of `Switch` and `Merge` nodes, in contexts that are stored with a graph.

Source: tensorflow python/ops/cond.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.build.array import identity
from metagraft.graph.build.math import cast
from metagraft.graph.build.switches import merge, switch
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.cond_context import CondContext
from metagraft.graph.flow import from_flow
from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import add_to_collection
from metagraft.graph.structure import check_same_structure, flatten, pack_like
from metagraft.graph.tensor import Tensor

__all__ = ["Branch", "branch_by_switches"]

Branch = Callable[[], Any]


def branch_by_switches(
    pred: Any, if_true: Branch, if_false: Branch, *, strict: bool = False
) -> Any:
    """Return `if_true()` or `if_false()`, whichever `pred` decides when the graph runs.

    Args:
        pred: A `bool` scalar.
        if_true: Makes the results of the branch taken if `pred` is true.
        if_false: Makes results of the same structure and types for the other branch.
        strict: Whether a list or tuple with one result stays one.

    Raises:
        TypeError: `pred` is a Python value, or the results are of different kinds.
        ValueError: The results differ in number or type, or there are none.
    """
    if isinstance(pred, bool):
        raise TypeError("'pred' must not be a Python bool.")
    on_false, on_true = switch(pred, pred)
    pivot_true = identity(on_true, name="switch_t")
    pivot_false = identity(on_false, name="switch_f")
    flag = identity(pred, name="pred_id")
    for tensor in (on_true, on_false, pivot_true, pivot_false, flag):
        tensor.graph.prevent_fetching(tensor.op)
    context_true = CondContext(flag, pivot_true, branch=1)
    true_value, true_results = _in_branch(context_true, if_true, "true_fn")
    context_false = CondContext(flag, pivot_false, branch=0)
    false_value, false_results = _in_branch(context_false, if_false, "false_fn")
    if not strict:
        true_value = _unpacked(true_value)
        false_value = _unpacked(false_value)
    true_results, false_results = _checked(
        true_value, false_value, true_results, false_results
    )
    merged = [merge(pair)[0] for pair in zip(false_results, true_results, strict=True)]
    # Contexts inside of others are stored in those.
    if context_true.outer_context is None:
        add_to_collection(GraphKeys.COND_CONTEXT, context_true)
        add_to_collection(GraphKeys.COND_CONTEXT, context_false)
    like = zip(flatten(true_value), merged, strict=True)
    packed = pack_like(true_value, [from_flow(value, flow) for value, flow in like])
    return packed if strict else _unpacked(packed)


def _in_branch(
    context: CondContext, function: Branch, argument: str
) -> tuple[Any, Any]:
    context.enter()
    try:
        value, results = context.build_branch(function)
        if value is None:
            raise ValueError(f"'{argument}' must have a return value.")
        context.exit_result(flatten(results))
        return value, results
    finally:
        context.exit()


def _unpacked(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and len(value) == 1:
        return value[0]
    return value


def _checked(
    true_value: Any, false_value: Any, true_results: Any, false_results: Any
) -> tuple[list[Tensor], list[Tensor]]:
    """Return the results of both branches as flat lists of the same types."""
    try:
        check_same_structure(true_value, false_value)
    except ValueError as error:
        if not _differ_inside(true_value, false_value):
            raise
        raise ValueError(
            f"Incompatible return values of 'true_fn' and 'false_fn': {error}"
        ) from None
    if _with_one_index_type(true_value, false_value)[0] is not true_value:
        true_results, false_results = _with_one_index_type(true_results, false_results)
    true_flat: list[Tensor] = flatten(true_results)
    false_flat: list[Tensor] = flatten(false_results)
    if not true_flat:
        raise ValueError("'true_fn' and 'false_fn' must return at least one result.")
    for x, y in zip(true_flat, false_flat, strict=True):
        if x.dtype.base_dtype != y.dtype.base_dtype:
            raise ValueError(
                "Outputs of 'true_fn' and 'false_fn' must have the same type(s). "
                f"Received {x.dtype.name} from 'true_fn' and {y.dtype.name} from "
                "'false_fn'."
            )
    return true_flat, false_flat


def _differ_inside(first: Any, second: Any) -> bool:
    """Whether two structures differ at most in what composite tensors consist of."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return set(first) == set(second) and all(
            _differ_inside(first[key], second[key]) for key in first
        )
    if isinstance(first, (list, tuple)) and type(first) is type(second):
        return len(first) == len(second) and all(
            _differ_inside(a, b) for a, b in zip(first, second, strict=True)
        )
    nested = (list, tuple, Mapping)
    return not isinstance(first, nested) and not isinstance(second, nested)


def _with_one_index_type(first: Any, second: Any) -> tuple[Any, Any]:
    """Widen indices of `IndexedSlices` whose twins have wider ones.

    Returns:
        The very same objects if nothing had to change.
    """
    if isinstance(first, (list, tuple)):
        pairs = [_with_one_index_type(a, b) for a, b in zip(first, second, strict=True)]
        if all(pair[0] is a for pair, a in zip(pairs, first, strict=True)):
            return first, second
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if not isinstance(first, IndexedSlices) or not isinstance(second, IndexedSlices):
        return first, second
    if first.indices.dtype == second.indices.dtype:
        return first, second
    return _widened(first), _widened(second)


def _widened(slices: IndexedSlices) -> IndexedSlices:
    indices = cast(slices.indices, dtypes.int64)
    return IndexedSlices(slices.values, indices, slices.dense_shape)
