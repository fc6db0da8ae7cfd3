"""How accumulators of gradients run; twin of `ops/accumulators.py`.

Source: tensorflow core/kernels/conditional_accumulator_base.cc,
conditional_accumulator.h, sparse_conditional_accumulator.h.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

import numpy as np

from metagraft.errors import (
    CancelledError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
)
from metagraft.graph.dtypes import DType, as_dtype, kernel_name
from metagraft.graph.shapes import Dims, dims_compatible, show
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.session_resources import behind, kept, on_run

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor


class _Slices(NamedTuple):
    """Slices that were added up, in the order in which they came.

    Attributes:
        indices: `[n]`: where in the gradient they belong.
        values: `[n, ...]`: their sums.
        counts: `[n]`: of how many gradients each is the sum.
    """

    indices: Array
    values: Array
    counts: Array

    def with_others(self, indices: Array, values: Array) -> _Slices:
        """Return these and the slices of another gradient.

        Both are gone through side by side, as if they were sorted; neither need be.
        """
        own, other = self.indices.tolist(), indices.tolist()
        places: list[tuple[int, int]] = []
        i = j = 0
        while i < len(own) and j < len(other):
            is_own, is_other = own[i] <= other[j], own[i] >= other[j]
            places.append((i if is_own else -1, j if is_other else -1))
            i, j = i + is_own, j + is_other
        places += [(k, -1) for k in range(i, len(own))]
        places += [(-1, k) for k in range(j, len(other))]
        mine, theirs = np.array(places, np.int64).reshape(-1, 2).T
        result = _Slices(
            np.zeros(len(places), self.indices.dtype),
            np.zeros((len(places), *values.shape[1:]), values.dtype),
            np.zeros(len(places), np.int64),
        )
        is_mine, is_theirs = mine >= 0, theirs >= 0
        result.indices[is_theirs] = indices[theirs[is_theirs]]
        result.indices[is_mine] = self.indices[mine[is_mine]]
        result.values[is_mine] = self.values[mine[is_mine]]
        result.values[is_theirs] += values[theirs[is_theirs]]
        result.counts[is_mine] = self.counts[mine[is_mine]]
        result.counts[is_theirs] += 1
        return result


class Accumulator:
    """Adds up gradients until they are taken.

    A sparse one adds up slices by their index, and averages each over the gradients
    that have it.

    Attributes:
        dims: What is known of the shape of a gradient.
        is_sparse: Whether it adds up slices.
        dtype: NumPy type of the gradients.
        count: How many gradients were added since the last were taken.
    """

    def __init__(
        self, dtype: Any, dims: Dims, *, averages: bool, is_sparse: bool
    ) -> None:
        """Start empty.

        Args:
            dtype: NumPy type of the gradients.
            dims: What is known of their shape.
            averages: Whether what is taken is the average, not the sum.
            is_sparse: Whether gradients come as slices.
        """
        self.dims = dims
        self.is_sparse = is_sparse
        self.count = 0
        self.dtype = dtype
        self._averages = averages
        self._step = 0
        self._changed = threading.Condition()
        self._sum: Any = None
        self._slices: _Slices | None = None

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
            if self._slices is None:
                ones = np.ones(len(indices), np.int64)
                self._slices = _Slices(indices.copy(), values.copy(), ones)
            else:
                self._slices = self._slices.with_others(indices, values)
            self.count += 1
            self._changed.notify_all()

    def _check_values(self, values: Array) -> None:
        """Compare slices with those that are there, the first with what is known."""
        if self._slices is not None:
            _check_alike(self._slices.values, values)
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
            self._check_taken(is_sparse=False)
            total, self._sum = self._sum, None
            return self._divided(total, self._taken())

    def take_slices(self, run: RunContext, required: int) -> tuple[Array, Array]:
        """Return indices and slices, waiting until enough gradients were added."""
        with self._changed:
            self._wait(run, required)
            self._check_taken(is_sparse=True)
            slices, self._slices = self._slices, None
            self._taken()
            assert slices is not None
            counts = slices.counts.reshape((-1,) + (1,) * (slices.values.ndim - 1))
            return slices.indices, self._divided(slices.values, counts)

    def _wait(self, run: RunContext, required: int) -> None:
        if required < 1:
            raise InvalidArgumentError(
                None,
                None,
                f"Argument num_required must be positive, but was {required}",
            )
        if not run.waits.wait(self._changed, lambda: self.count >= required):
            raise CancelledError(None, None, "TakeGrad operation was cancelled")

    def _check_taken(self, *, is_sparse: bool) -> None:
        # TF: its process ends where slices are taken for a whole gradient.
        if is_sparse != self.is_sparse:
            raise InternalError(
                None, None, "Output 0 does not match declared output type"
            )

    def _taken(self) -> int:
        """Start anew, at the next step; return how many gradients there were."""
        count, self.count = self.count, 0
        self._step += 1
        return count

    def _divided(self, total: Array, count: Any) -> Array:
        if not self._averages:
            return total
        return np.asarray(total / np.asarray(count, self.dtype)).astype(self.dtype)


def make(run: RunContext, op: Operation) -> tuple[Array]:
    """The accumulator, made when it is first used."""
    attrs = op.attrs
    dtype = attrs["dtype"].as_numpy_dtype
    averages = attrs["reduction_type"] == b"MEAN"
    return kept(
        run,
        op,
        "accumulator",
        lambda _: Accumulator(
            dtype,
            attrs["shape"],
            averages=averages,
            is_sparse=op.type == "SparseConditionalAccumulator",
        ),
    )


def apply_gradient(
    run: RunContext, op: Operation, handle: Array, local_step: Array, gradient: Array
) -> tuple[()]:
    """Add a gradient."""
    del run
    accumulator: Accumulator = behind(handle, Accumulator, op)
    value, step = np.asarray(gradient), _number(local_step, "local_step")
    _check_type(accumulator, op, op.inputs[2])
    if accumulator.is_old(step):
        return ()
    if accumulator.is_sparse:
        raise NotFoundError(None, None, "No attr named 'has_known_shape' in NodeDef:")
    _check_shape(accumulator.dims, value)
    accumulator.add(step, value)
    return ()


def _check_type(accumulator: Accumulator, op: Operation, gradient: Tensor) -> None:
    """Check that what is added or taken is of the accumulator's type.

    # TF: its process ends at some of these mistakes.
    """
    if gradient.dtype.as_numpy_dtype == accumulator.dtype:
        return

    def signature(dtype: DType) -> str:
        inputs, outputs = (
            ", ".join(
                kernel_name(dtype if tensor is gradient else tensor.dtype)
                for tensor in tensors
            )
            for tensors in (op.inputs, op.outputs)
        )
        return f"{inputs}->{outputs}"

    _refuse(
        f"Signature mismatch, have: {signature(gradient.dtype)} expected:"
        f" {signature(as_dtype(accumulator.dtype))}"
    )


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
    accumulator: Accumulator = behind(handle, Accumulator, op)
    rows, slices = np.asarray(indices), np.asarray(values)
    step = _number(local_step, "local_step")
    _check_type(accumulator, op, op.inputs[3])
    if accumulator.is_old(step):
        return ()
    if not accumulator.is_sparse:
        _refuse("Unknown input name: gradient")
    if rows.ndim != 1:
        dims = show(rows.shape)
        _refuse(f"Input indices should be vector but received shape: {dims}")
    if not slices.ndim:
        _refuse("Values cannot be 0-dimensional.")
    if len(rows) != len(slices):
        _refuse(f"Expected {len(rows)} non-empty input values, got {len(slices)}")
    if op.attrs["has_known_shape"]:
        _check_known(accumulator.dims or (), np.ravel(shape).tolist(), "shape", 0)
    _check_rows(accumulator, rows)
    accumulator.add_slices(step, rows, slices)
    return ()


def _number(operand: Array, name: str) -> int:
    if np.ndim(operand):
        _refuse(
            f"Argument {name} must be scalar, but had bad shape "
            f"{show(np.shape(operand))}"
        )
    return int(operand)


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


def _check_alike(present: Array, values: Array) -> None:
    """Check that further slices have the shape of those that are there."""
    if present.ndim != values.ndim:
        _refuse(
            f"Shape mismatch: expected values rank {present.ndim}, got {values.ndim}"
        )
    _check_known(present.shape[1:], values.shape[1:], "values", 1)


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
    accumulator: Accumulator = behind(handle, Accumulator, op)
    _check_type(accumulator, op, op.outputs[0])
    return (accumulator.take(run, _number(num_required, "num_required")),)


def take_sparse_gradient(
    run: RunContext, op: Operation, handle: Array, num_required: Array
) -> tuple[Array, Array, Array]:
    """Return indices, slices and the shape of the average or the sum."""
    accumulator: Accumulator = behind(handle, Accumulator, op)
    _check_type(accumulator, op, op.outputs[1])
    required = _number(num_required, "num_required")
    indices, values = accumulator.take_slices(run, required)
    rows = accumulator.dims[0] if accumulator.dims else None
    shape = np.array([-1 if rows is None else rows, *values.shape[1:]], np.int64)
    return indices, values, shape


def num_accumulated(run: RunContext, op: Operation, handle: Array) -> tuple[Array]:
    """How many gradients were added since the last were taken."""
    del run
    accumulator: Accumulator = behind(handle, Accumulator, op)
    return (np.int32(accumulator.count),)


def set_global_step(
    run: RunContext, op: Operation, handle: Array, new_global_step: Array
) -> tuple[()]:
    """Drop older gradients from now on."""
    del run
    accumulator: Accumulator = behind(handle, Accumulator, op)
    # The name is TensorFlow's.
    accumulator.set_step(_number(new_global_step, "num_required"))
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
