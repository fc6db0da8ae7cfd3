"""Summing the gradients that reach one tensor along several paths.

Source: tensorflow python/ops/gradients_util.py _AggregatedGrads, _MultiDeviceAddN;
python/eager/backprop_util.py AggregateIndexedSlicesGradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph import dtypes
from metagraft.graph.build.accumulation import add_n
from metagraft.graph.build.array import concat, gather
from metagraft.graph.build.math import cast
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import colocate_with, name_scope
from metagraft.graph.tensor import Tensor

Gradient = Tensor | IndexedSlices


class AggregationMethod:
    """How gradients of one tensor are summed.

    `ADD_N` adds all at once; the other two, which are the same, pair by pair.
    """

    ADD_N: Final = 0
    DEFAULT: Final = ADD_N
    EXPERIMENTAL_TREE: Final = 1
    EXPERIMENTAL_ACCUMULATE_N: Final = 2


_VALID: Final = (
    AggregationMethod.ADD_N,
    AggregationMethod.EXPERIMENTAL_TREE,
    AggregationMethod.EXPERIMENTAL_ACCUMULATE_N,
)


def check_aggregation_method(method: int | None) -> int:
    """Return the method, the default one for None.

    Raises:
        ValueError: There is no such method.
    """
    if method is None:
        return AggregationMethod.DEFAULT
    if method not in _VALID:
        raise ValueError(
            f"Invalid `aggregation_method` specified {method}. "
            f"Accepted values are {list(_VALID)}."
        )
    return method


def aggregated(op: Operation, grads: Sequence[Gradient], method: int) -> Gradient:
    """Return the sum of the gradients of one output of `op`."""
    if len(grads) == 1:
        return grads[0]
    if not all(isinstance(grad, Tensor) for grad in grads):
        return _sum_of_slices(grads)
    if method == AggregationMethod.ADD_N:
        return _add_by_device([grad for grad in grads if isinstance(grad, Tensor)])
    with name_scope(op.name + "_gradient_sum"):
        total = grads[0]
        for grad in grads[1:]:
            total = add_n([total, grad])
        return total


def _add_by_device(tensors: Sequence[Tensor]) -> Tensor:
    """Add those on one device first, then the sums."""
    by_device: dict[str, list[Tensor]] = {}
    for tensor in tensors:
        by_device.setdefault(tensor.device, []).append(tensor)
    sums = []
    for device in sorted(by_device):
        here = by_device[device]
        with colocate_with(here[0].op, ignore_existing=True):
            sums.append(add_n(here))
    total: Tensor = add_n(sums)
    return total


def _sum_of_slices(grads: Sequence[Gradient]) -> Gradient:
    """Put slices behind each other; a dense gradient among them makes the sum dense."""
    if any(isinstance(grad, Tensor) for grad in grads):
        dense: Tensor = add_n(grads)
        return dense
    slices = [_flat(s) for s in _with_one_index_type(grads)]
    return IndexedSlices(
        concat([s.values for s in slices], axis=0),
        concat([s.indices for s in slices], axis=0),
        slices[0].dense_shape,
    )


def _with_one_index_type(grads: Sequence[Any]) -> list[IndexedSlices]:
    narrow = [g.indices.dtype == dtypes.int32 for g in grads]
    if all(narrow) or not any(narrow):
        return list(grads)
    return [
        IndexedSlices(g.values, cast(g.indices, dtypes.int64), g.dense_shape)
        if is_narrow
        else g
        for g, is_narrow in zip(grads, narrow, strict=True)
    ]


def _flat(slices: IndexedSlices) -> IndexedSlices:
    """Resolve slices of slices."""
    if not isinstance(slices.values, IndexedSlices):
        return slices
    inner = _flat(slices.values)
    return IndexedSlices(
        inner.values, gather(slices.indices, inner.indices), inner.dense_shape
    )
