"""Limiting values and norms (`tf.clip_by_value` and its kin).

Source: tensorflow python/ops/clip_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, number_range, select
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import colocate_with, name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "clip_by_average_norm",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "global_norm",
]


def _values(t: Any, name: str) -> Tensor:
    """The numbers of a tensor, or of slices of one."""
    return convert_to_tensor(t.values if isinstance(t, IndexedSlices) else t, name=name)


def _like(t: Any, values: Tensor) -> Any:
    """Return `values` as slices if `t` are slices."""
    if isinstance(t, IndexedSlices):
        return IndexedSlices(values, t.indices, t.dense_shape)
    return values


def clip_by_value(
    t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None
) -> Any:
    """Limit every element to a range.

    Raises:
        ValueError: The limits would broadcast the tensor to another shape.
    """
    with name_scope(
        name, "clip_by_value", [t, clip_value_min, clip_value_max]
    ) as scope:
        values = _values(t, "t")
        at_most = op("Minimum", x=values, y=clip_value_max)
        values.shape.assert_is_compatible_with(at_most.shape)
        clipped = op("Maximum", x=at_most, y=clip_value_min, name=scope)
        values.shape.assert_is_compatible_with(clipped.shape)
        return _like(t, clipped)


def clip_by_norm(
    t: Any, clip_norm: Any, axes: Any = None, name: str | None = None
) -> Any:
    """Scale a tensor down to an L2 norm of at most `clip_norm`.

    Args:
        t: A tensor or slices.
        clip_norm: A number above 0, or a tensor that broadcasts to the norms.
        axes: The axes of each norm; None for one norm of all elements.
        name: Name of the operation.

    Raises:
        ValueError: `clip_norm` would broadcast the tensor to another shape.
    """
    with name_scope(name, "clip_by_norm", [t, clip_norm]) as scope:
        values = _values(t, "t")
        if np.isscalar(clip_norm):
            clip_norm = max(clip_norm, 0)  # type: ignore[type-var]
        else:
            clip_norm = cast(op("Maximum", x=clip_norm, y=0), dtype=values.dtype)
        square_sum = reduce_tensor("Sum", values * values, axes, keepdims=True)
        is_positive = square_sum > 0
        # The root of 0 has no gradient, so it is never taken.
        safe = select(is_positive, square_sum, array.ones_like(square_sum))
        norm = select(is_positive, op("Sqrt", x=safe), square_sum)
        scaled = values * clip_norm
        values.shape.assert_is_compatible_with(scaled.shape)
        larger = op("Maximum", x=norm, y=clip_norm)
        return _like(t, array.identity(scaled / larger, name=scope))


def _listed(t_list: Any) -> list[Any]:
    if not isinstance(t_list, Sequence) or isinstance(t_list, str):
        raise TypeError(
            f"`t_list` should be a sequence of tensors. Received {type(t_list)}."
        )
    return list(t_list)


def _all_values(t_list: list[Any]) -> list[Tensor | None]:
    return [None if t is None else _values(t, f"t_{i}") for i, t in enumerate(t_list)]


def global_norm(t_list: Any, name: str | None = None) -> Tensor:
    """The L2 norm of all elements of several tensors; None entries are left out.

    Raises:
        TypeError: `t_list` is not a sequence.
    """
    tensors = _listed(t_list)
    with name_scope(name, "global_norm", tensors):
        halves = []
        for values in _all_values(tensors):
            if values is not None:
                with colocate_with(values):
                    halves.append(op("L2Loss", t=values))
        half = reduce_tensor("Sum", array.stack(halves))
        two = array.constant(2.0, dtype=half.dtype)
        return op("Sqrt", x=half * two, name="global_norm")


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Tensor]:
    """Scale several tensors together to a common norm of at most `clip_norm`.

    Args:
        t_list: Tensors, slices and None.
        clip_norm: A number above 0.
        use_norm: The common norm, if it is known already.
        name: Name of the operations.

    Returns:
        The scaled tensors, and the norm they had. Infinite norms give NaN.

    Raises:
        TypeError: `t_list` is not a sequence.
    """
    tensors = _listed(t_list)
    norm = global_norm(tensors, name) if use_norm is None else use_norm
    with name_scope(name, "clip_by_global_norm", [*tensors, clip_norm]) as scope:
        inverse = 1.0 / norm
        limit = array.constant(1.0, dtype=norm.dtype) / clip_norm
        finite = clip_norm * op("Minimum", x=inverse, y=limit)
        scale = finite + (norm - norm)
        clipped: list[Any] = []
        for i, values in enumerate(_all_values(tensors)):
            if values is None:
                clipped.append(None)
                continue
            with colocate_with(values):
                scaled = values * cast(scale, values.dtype)
                clipped.append(array.identity(scaled, name=f"{scope}_{i}"))
        pairs = zip(tensors, clipped, strict=True)
        return [_like(t, values) for t, values in pairs], norm


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Tensor:
    """Scale a tensor down to an L2 norm per element of at most `clip_norm`."""
    with name_scope(name, "clip_by_average_norm", [t, clip_norm]) as scope:
        t = convert_to_tensor(t, name="t")
        count = cast(array.size(t), dtypes.float32)
        square_sum = reduce_tensor("Sum", t * t, number_range(array.rank(t)))
        inverse_norm = op("Rsqrt", x=square_sum)
        scaled = t * clip_norm
        per_element = inverse_norm * count
        limit = array.constant(1.0) / clip_norm
        factor = op("Minimum", x=per_element, y=limit)
        clipped: Tensor = array.identity(scaled * factor, name=scope)
        return clipped
