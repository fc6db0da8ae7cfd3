"""How accumulators of gradients run; twin of `ops/accumulators.py`.

Source: tensorflow core/kernels/conditional_accumulator_base.cc,
conditional_accumulator.h, sparse_conditional_accumulator.h.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np

from metagraft.errors import CancelledError, InvalidArgumentError
from metagraft.graph.shapes import Dims, dims_compatible, show
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.session_resources import behind, kept, on_run

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation


class Accumulator:
    """Adds up gradients until they are taken.

    A sparse one adds up slices by their index, and averages each over the gradients
    that have it.

    Attributes:
        dims: What is known of the shape of a gradient.
        count: How many gradients were added since the last were taken.
    """

    def __init__(self, dtype: Any, dims: Dims, *, averages: bool) -> None:
        """Start empty.

        Args:
            dtype: NumPy type of the gradients.
            dims: What is known of their shape.
            averages: Whether what is taken is the average, not the sum.
        """
        self.dims = dims
        self.count = 0
        self._dtype = dtype
        self._averages = averages
        self._step = 0
        self._changed = threading.Condition()
        self._sum: Any = None
        # Of slices: the sum and the number of gradients, by index.
        self._slices: dict[int, tuple[Array, int]] = {}

    def set_step(self, step: int) -> None:
        """Drop gradients that were computed before a step from now on."""
        with self._changed:
            self._step = step

    def is_old(self, step: int) -> bool:
        """Whether a gradient that was computed at a step is dropped."""
        return step < self._step

    def add(self, step: int, gradient: Array) -> None:
        """Add a gradient that was computed at a step."""
        with self._changed:
            if self.is_old(step):
                return
            if self._sum is None:
                self._sum = gradient.copy()
            else:
                _check_shape(self._sum.shape, gradient)
                self._sum = self._sum + gradient
            self.count += 1
            self._changed.notify_all()

    def add_slices(self, step: int, indices: Array, values: Array) -> None:
        """Add the slices of a gradient that was computed at a step."""
        with self._changed:
            if self.is_old(step):
                return
            self._check_values(values)
            for index, value in zip(indices.tolist(), values, strict=True):
                before, count = self._slices.get(index, (0, 0))
                self._slices[index] = (before + value, count + 1)
            self.count += 1
            self._changed.notify_all()

    def _check_values(self, values: Array) -> None:
        """Compare slices with those that are there, the first with what is known."""
        if self.count:
            _check_alike(self._slices, values)
            return
        known = self.dims or ()
        if len(known) > values.ndim:
            _refuse(
                f"Shape mismatch: expected values rank at least {len(known)}, got "
                f"{values.ndim}"
            )
        _check_known(known[1:], values.shape[1:], "values", 1)

    def take(self, run: RunContext, required: int) -> Array:
        """Return the sum or average, waiting until enough gradients were added."""
        with self._changed:
            self._wait(run, required)
            total, self._sum = self._sum, None
            return self._divided(total, self._taken())

    def take_slices(self, run: RunContext, required: int) -> tuple[Array, Array]:
        """Return indices and slices, waiting until enough gradients were added."""
        with self._changed:
            self._wait(run, required)
            slices, self._slices = self._slices, {}
            self._taken()
            indices = np.array(sorted(slices), np.int64)
            rows = [self._divided(*slices[int(index)]) for index in indices]
            return indices, np.stack(rows).astype(self._dtype)

    def _wait(self, run: RunContext, required: int) -> None:
        if required < 1:
            raise InvalidArgumentError(
                None,
                None,
                f"Argument num_required must be positive, but was {required}",
            )
        if not run.waits.wait(self._changed, lambda: self.count >= required):
            raise CancelledError(None, None, "TakeGrad operation was cancelled")

    def _taken(self) -> int:
        """Start anew, at the next step; return how many gradients there were."""
        count, self.count = self.count, 0
        self._step += 1
        return count

    def _divided(self, total: Array, count: int) -> Array:
        if not self._averages:
            return total
        return np.asarray(total / np.asarray(count, self._dtype)).astype(self._dtype)


def make(run: RunContext, op: Operation) -> tuple[Array]:
    """The accumulator, made when it is first used."""
    attrs = op.attrs
    dtype = attrs["dtype"].as_numpy_dtype
    averages = attrs["reduction_type"] == b"MEAN"
    return kept(
        run,
        op,
        "accumulator",
        lambda _: Accumulator(dtype, attrs["shape"], averages=averages),
    )


def apply_gradient(
    run: RunContext, op: Operation, handle: Array, local_step: Array, gradient: Array
) -> tuple[()]:
    """Add a gradient."""
    del run, op
    accumulator: Accumulator = behind(handle, Accumulator)
    value = np.asarray(gradient)
    if accumulator.is_old(int(local_step)):
        return ()
    _check_shape(accumulator.dims, value)
    accumulator.add(int(local_step), value)
    return ()


def _check_shape(expected: Dims, gradient: Array) -> None:
    if not dims_compatible(expected, gradient.shape):
        raise InvalidArgumentError(
            None,
            None,
            f"Shape mismatch: expected {show(expected)}, got {show(gradient.shape)}",
        )


def apply_sparse_gradient(
    run: RunContext,
    op: Operation,
    handle: Array,
    local_step: Array,
    indices: Array,
    values: Array,
    shape: Array,
) -> tuple[()]:
    """Add slices of a gradient."""
    del run
    accumulator: Accumulator = behind(handle, Accumulator)
    rows, slices = np.asarray(indices), np.asarray(values)
    if accumulator.is_old(int(local_step)):
        return ()
    if rows.ndim != 1:
        dims = show(rows.shape)
        _refuse(f"Input indices should be vector but received shape: {dims}")
    if not slices.ndim:
        _refuse("Values cannot be 0-dimensional.")
    if len(rows) != len(slices):
        _refuse(f"Expected {len(rows)} non-empty input values, got {len(slices)}")
    if op.attrs["has_known_shape"]:
        _check_known(accumulator.dims or (), np.asarray(shape).tolist(), "shape", 0)
    _check_rows(accumulator, rows)
    accumulator.add_slices(int(local_step), rows, slices)
    return ()


def _refuse(text: str) -> NoReturn:
    raise InvalidArgumentError(None, None, text)


def _check_known(
    expected: Sequence[int | None], found: Sequence[int], what: str, first: int
) -> None:
    """Check sizes; no sizes say that nothing is known."""
    if len(expected) > len(found):
        _refuse(
            f"Shape mismatch: expected {what} rank at least {len(expected)}, got "
            f"{len(found)}"
        )
    for axis, (size, given) in enumerate(zip(expected, found, strict=False), first):
        if size is not None and size != given:
            _refuse(
                f"Shape mismatch: expected {what} dim {axis} to be {size}, got {given}"
            )


def _check_alike(slices: Mapping[int, tuple[Array, int]], values: Array) -> None:
    """Check that further slices have the shape of those that are there."""
    for value, _ in slices.values():
        if np.ndim(value) != values.ndim - 1:
            _refuse(
                f"Shape mismatch: expected values rank {np.ndim(value) + 1}, got "
                f"{values.ndim}"
            )
        _check_known(np.shape(value), values.shape[1:], "values", 1)
        return


def _check_rows(accumulator: Accumulator, rows: Array) -> None:
    limit = accumulator.dims[0] if accumulator.dims else None
    for position, row in enumerate(rows.tolist() if limit is not None else ()):
        if row >= limit:
            raise InvalidArgumentError(
                None,
                None,
                f"Shape mismatch: index of slice {position} exceeded limits of shape; "
                f"index is {row} exceeded {limit}",
            )


def take_gradient(
    run: RunContext, op: Operation, handle: Array, num_required: Array
) -> tuple[Array]:
    """Return the average or the sum."""
    del op
    accumulator: Accumulator = behind(handle, Accumulator)
    return (accumulator.take(run, int(num_required)),)


def take_sparse_gradient(
    run: RunContext, op: Operation, handle: Array, num_required: Array
) -> tuple[Array, Array, Array]:
    """Return indices, slices and the shape of the average or the sum."""
    del op
    accumulator: Accumulator = behind(handle, Accumulator)
    indices, values = accumulator.take_slices(run, int(num_required))
    rows = accumulator.dims[0] if accumulator.dims else None
    shape = np.array([-1 if rows is None else rows, *values.shape[1:]], np.int64)
    return indices, values, shape


def num_accumulated(run: RunContext, op: Operation, handle: Array) -> tuple[Array]:
    """How many gradients were added since the last were taken."""
    del run, op
    accumulator: Accumulator = behind(handle, Accumulator)
    return (np.int32(accumulator.count),)


def set_global_step(
    run: RunContext, op: Operation, handle: Array, new_global_step: Array
) -> tuple[()]:
    """Drop older gradients from now on."""
    del run, op
    accumulator: Accumulator = behind(handle, Accumulator)
    accumulator.set_step(int(new_global_step))
    return ()


_BOTH_KINDS: Final = {
    "ApplyGradient": on_run(apply_gradient),
    "NumAccumulated": on_run(num_accumulated),
    "SetGlobalStep": on_run(set_global_step),
    "TakeGradient": on_run(take_gradient, waits=True),
}

KERNELS = {
    "ConditionalAccumulator": on_run(make),
    "ResourceConditionalAccumulator": on_run(make),
    "SparseConditionalAccumulator": on_run(make),
    **{f"Accumulator{name}": kernel for name, kernel in _BOTH_KINDS.items()},
    **{f"ResourceAccumulator{name}": kernel for name, kernel in _BOTH_KINDS.items()},
    "SparseAccumulatorApplyGradient": on_run(apply_sparse_gradient),
    "SparseAccumulatorTakeGradient": on_run(take_sparse_gradient, waits=True),
}
