"""A part of the batch of an operator, by slicing the tensors that it is made of.

Source: tensorflow python/ops/linalg/slicing.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from metagraft.api.array import broadcast_dynamic_shape, broadcast_to
from metagraft.api.comparison import where
from metagraft.api.linear_operators.parts import OperatorParts
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import is_tensor
from metagraft.graph.tensor import Tensor

__all__ = ["batch_slice"]

Operator = TypeVar("Operator", bound=OperatorParts)


def batch_slice(operator: Operator, slices: Any) -> Operator:
    """The operator of the same kind whose batch is `[slices]` of this one's."""
    if not isinstance(slices, Sequence):
        slices = (slices,)
    changed: dict[str, Any] = {}
    if len(slices) != 1 or slices[0] is not Ellipsis:
        batch = _batch_of(operator)

        def part(value: Any, matrix_dims: int) -> Any:
            return _sliced(value, matrix_dims, slices, batch)

        changed = _changed(operator, part)
    return type(operator)(**{**operator.parameters, **changed})


def _batch_of(operator: Any) -> Tensor:
    sizes: Tensor = operator.batch_shape_tensor()
    return sizes


def _changed(operator: Any, change: Callable[[Any, int], Any]) -> dict[str, Any]:
    """The parts of an operator, each changed."""
    changed = {}
    for name, matrix_dims in operator.dims_of_parts().items():
        value = getattr(operator, name)
        if value is not None:
            changed[name] = _each_changed(value, matrix_dims, change)
    return changed


def _each_changed(value: Any, dims: int, change: Callable[[Any, int], Any]) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_each_changed(item, dims, change) for item in value)
    return change(value, dims)


def _sliced(value: Any, matrix_dims: int, slices: Sequence[Any], batch: Tensor) -> Any:
    value = _broadcast(value, matrix_dims, array.ones_like(batch))
    is_operator = isinstance(value, OperatorParts)
    sizes = _batch_of(value) if is_operator else array.shape(value)
    rank = array.size(sizes)
    sizes = sizes[: rank - matrix_dims]
    has_batch = constant_value(array.size(batch)) != 0
    if has_batch and constant_value(array.size(sizes)) == 0:
        return value
    own = _own_slices(slices, batch, sizes)
    if matrix_dims > 0:
        if Ellipsis not in [item for item in slices if not is_tensor(item)]:
            own.append(Ellipsis)
        own += [slice(None)] * matrix_dims
    return value[tuple(own)]


def _broadcast(value: Any, matrix_dims: int, batch: Any) -> Any:
    if isinstance(value, OperatorParts):

        def of_part(part: Any, part_dims: int) -> Any:
            return _broadcast(part, part_dims, batch)

        return type(value)(**{**value.parameters, **_changed(value, of_part)})
    ones = array.ones([matrix_dims], dtype=dtypes.int32)
    shape = array.concat([batch, ones], axis=0)
    return broadcast_to(value, broadcast_dynamic_shape(shape, array.shape(value)))


def _own_slices(slices: Sequence[Any], whole: Tensor, own: Tensor) -> list[Any]:
    """Slices for a tensor that is repeated along some dimensions of the batch.

    Raises:
        ValueError: There are several ellipses.
    """
    changed: list[Any] = []
    index = 0
    for position, item in enumerate(slices):
        if item is Ellipsis:
            if index < 0:
                raise ValueError(f"Found multiple `...` in slices {slices}")
            index = -sum(later is not None for later in slices[position + 1 :])
        elif item is not None:
            is_repeated = whole[index] > own[index]
            changed.append(_own_slice(item, is_repeated))
            index += 1
            continue
        changed.append(item)
    return changed


def _own_slice(item: Any, is_repeated: Tensor) -> Any:
    if not isinstance(item, slice):
        return _choice(is_repeated, 0, item)
    bounds = ((item.start, 0), (item.stop, 1), (item.step, 1))
    return slice(
        *(
            None if bound is None else _choice(is_repeated, repeated, bound)
            for bound, repeated in bounds
        )
    )


def _choice(condition: Tensor, x: Any, y: Any) -> Any:
    known = [
        constant_value(value) if isinstance(value, Tensor) else value
        for value in (condition, x, y)
    ]
    if None not in [None if value is None else 0 for value in known]:
        return np.where(*known)
    return where(condition, x, y)
