"""`tf.test.compute_gradient`: gradients held against differences.

Source: tensorflow python/ops/gradient_checker.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from metagraft.gradients import gradients
from metagraft.graph import dtypes
from metagraft.graph.build.array import identity
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import constant
from metagraft.graph.defaults import session_for
from metagraft.graph.tensor import Tensor

__all__ = ["compute_gradient", "compute_gradient_error"]

Array = npt.NDArray[Any]
Jacobians = tuple[Array, Array]
_CHECKED_DTYPES: Final = (
    dtypes.float16,
    dtypes.bfloat16,
    dtypes.float32,
    dtypes.float64,
    dtypes.complex64,
    dtypes.complex128,
)


def compute_gradient(
    x: Any,
    x_shape: Any,
    y: Tensor,
    y_shape: Sequence[int],
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Sequence[Any] | None = None,
    extra_feed_dict: Mapping[Any, Any] | None = None,
) -> Any:
    """Return dy/dx by the gradient rules and by differences, in the default session.

    Args:
        x: A tensor that can be fed, or a list of them.
        x_shape: Its shape, or the list of their shapes.
        y: A tensor that depends on `x`.
        y_shape: Its shape.
        x_init_value: The value of `x`, or the list of values; random by default.
        delta: How far `x` is moved to each side for the differences.
        init_targets: Operations to run first.
        extra_feed_dict: What is fed besides.

    Returns:
        Two arrays `[size of x, size of y]`, or a list of such pairs. A complex side
        counts twice: real and imaginary parts.

    Raises:
        TypeError: An element type has no gradient.
        ValueError: A value has another shape than `x_shape`; there is no session.
    """
    for target in init_targets or ():
        target.run()
    if not isinstance(x, list):
        return _Check(x, x_shape, y, y_shape, x_init_value, extra_feed_dict).run(delta)
    values = [None] * len(x) if x_init_value is None else x_init_value
    checks = [
        _Check(one, shape, y, y_shape, value, extra_feed_dict)
        for one, shape, value in zip(x, x_shape, values, strict=True)
    ]
    return [check.run(delta) for check in checks]


def compute_gradient_error(
    x: Any,
    x_shape: Any,
    y: Tensor,
    y_shape: Sequence[int],
    x_init_value: Any = None,
    delta: float = 1e-3,
    init_targets: Sequence[Any] | None = None,
    extra_feed_dict: Mapping[Any, Any] | None = None,
) -> float:
    """Return the largest difference of the two; arguments as `compute_gradient`."""
    found = compute_gradient(
        x, x_shape, y, y_shape, x_init_value, delta, init_targets, extra_feed_dict
    )
    pairs = found if isinstance(found, list) else [found]
    errors = [np.abs(by_rules - by_steps) for by_rules, by_steps in pairs]
    return float(max((error.max() for error in errors if error.size), default=0.0))


class _Check:
    """One tensor whose gradient is checked."""

    def __init__(
        self,
        x: Tensor,
        x_shape: Sequence[int],
        y: Tensor,
        y_shape: Sequence[int],
        value: Any,
        extra_feeds: Mapping[Any, Any] | None,
    ) -> None:
        """Add the nodes of the gradient."""
        for name, tensor in (("x", x), ("y", y)):
            if tensor.dtype.base_dtype not in _CHECKED_DTYPES:
                raise TypeError(f"Don't support type {tensor.dtype.name} for {name}")
        self._x, self._y = x, y
        self._y_shape = tuple(y_shape)
        self._value = _start(x, x_shape, value)
        self._extra_feeds = dict(extra_feeds or {})
        with x.graph.as_default():
            self._dy = constant(1.0, shape=y_shape, dtype=y.dtype)
            self._dx = gradients(y, x, identity(self._dy))[0]
        if self._dx is None:
            raise ValueError(f"{y.name} does not depend on {x.name}")
        self._session = session_for(None, x.graph, "check a gradient")

    def run(self, delta: float) -> Jacobians:
        """Return the two Jacobians."""
        return self._by_rules(), self._by_steps(delta)

    def _by_rules(self) -> Array:
        dy = self._zeros_like_y()
        flat = _real_view(dy)
        columns = []
        for position in range(flat.size):
            flat[position] = 1
            columns.append(self._gradient({self._dy: dy}))
            flat[position] = 0
        if columns:
            return np.stack(columns, axis=1)
        if np.any(self._gradient({self._dy: dy})):
            raise ValueError("Empty tensor with nonzero gradients")
        return np.zeros((_real_view(self._value).size, 0), flat.dtype)

    def _gradient(self, feeds: Mapping[Any, Any]) -> Array:
        """Return the gradient for one dy, flat, complex numbers as pairs."""
        feeds = {**self._extra_feeds, **feeds, self._x: self._value}
        if not isinstance(self._dx, IndexedSlices):
            return _real_view(np.asarray(self._session.run(self._dx, feeds))).copy()
        wanted = [self._dx.indices, self._dx.values]
        indices, values = self._session.run(wanted, feeds)
        dense = np.zeros_like(self._value)
        np.add.at(dense, indices, values)
        return _real_view(dense).copy()

    def _by_steps(self, delta: float) -> Array:
        count = _real_view(self._value).size
        rows = []
        for position in range(count):
            above, below = self._moved(position, delta), self._moved(position, -delta)
            step = np.asarray(2 * delta, _real_view(above).dtype)
            rows.append(_real_view((above - below) / step))
        if rows:
            return np.stack(rows)
        return np.zeros((0, _real_view(self._zeros_like_y()).size))

    def _zeros_like_y(self) -> Array:
        return np.zeros(self._y_shape, self._y.dtype.numpy_dtype)

    def _moved(self, position: int, delta: float) -> Array:
        moved = self._value.copy()
        _real_view(moved)[position] += delta
        feeds = {**self._extra_feeds, self._x: moved}
        found = np.asarray(self._session.run(self._y, feeds))
        is_small = found.dtype.itemsize < 4  # differences need more digits
        return found.astype(np.float32) if is_small else found


def _start(x: Tensor, shape: Sequence[int], value: Any) -> Array:
    numpy_dtype = x.dtype.numpy_dtype
    if value is None:
        made = np.random.random_sample(shape)  # noqa: NPY002 - follows users' seeds
        if x.dtype.is_complex:
            made = made + 1j * np.random.random_sample(shape)  # noqa: NPY002
        return np.asarray(made, numpy_dtype)
    given = np.array(value, numpy_dtype)
    if list(given.shape) != list(shape):
        raise ValueError(f"x_shape = {shape}, init_data shape = {list(given.shape)}")
    return given


def _real_view(array: Array) -> Array:
    """View an array as flat real numbers; writing to the view writes to the array."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(flat.real.dtype) if np.iscomplexobj(flat) else flat
