"""Random numbers of generators, whose state is a variable; twin of the ops of it.

The state is the counter, two numbers of 64 bits, lower one first, and the key.

Source: tensorflow core/kernels/stateful_random_ops.cc, stateful_random_ops_cpu_gpu.h.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.kernels import distributions, philox
from metagraft.kernels.distributions import RESERVED_PER_OUTPUT, Dims
from metagraft.kernels.kernel import Array, Kernel, KernelFunction
from metagraft.kernels.namespace import namespace
from metagraft.kernels.parametric_random import drawn_binomials
from metagraft.kernels.stateless_random import numbers_of, words_of

__all__ = ["KERNELS"]

_PHILOX, _THREEFRY, _AUTO_SELECT = 1, 2, 3
_COUNTER_SIZE = 2
_STATE_SIZE = 3
_STATE_DTYPE = np.dtype(np.int64)

Where = tuple[Array, Array]
Draw = Callable[[Where, Dims, np.dtype], Array]


def _check_algorithm(algorithm: Array) -> None:
    if algorithm.shape:
        raise InvalidArgumentError(
            None,
            None,
            "input 1 (0-based) must have shape [], not"
            f" [{','.join(map(str, algorithm.shape))}]",
        )
    number = int(algorithm)
    if number == _THREEFRY:
        raise UnimplementedError(
            None, None, "Non-XLA devices don't support the ThreeFry algorithm."
        )
    if number not in (_PHILOX, _AUTO_SELECT):
        raise InvalidArgumentError(None, None, f"Unsupported algorithm id: {number}")


def _check_state(state: Array, size: int = _STATE_SIZE) -> None:
    if state.dtype != _STATE_DTYPE:
        raise InvalidArgumentError(
            None,
            None,
            f"dtype of RNG state variable must be int64, not {state.dtype.name}",
        )
    if state.ndim != 1:
        raise InvalidArgumentError(
            None,
            None,
            f"RNG state must have one and only one dimension, not {state.ndim}",
        )
    if state.shape[0] < size:
        raise InvalidArgumentError(
            None,
            None,
            "For the Philox algorithm, the size of state must be at least"
            f" {size}; got {state.shape[0]}",
        )


def _where(state: Array) -> Where:
    """Return key and counter of a state."""
    counter, key = state[:_COUNTER_SIZE], state[_COUNTER_SIZE:_STATE_SIZE]
    return words_of(key), words_of(counter)


def _skipped(state: Array, outputs: Array | int) -> Array:
    """Return the state after so many outputs."""
    xp = namespace(state, outputs)
    _, counter = _where(state)
    blocks = xp.asarray(outputs).astype(np.uint64) * np.uint64(RESERVED_PER_OUTPUT)
    moved = numbers_of(philox.skip(counter, blocks)).astype(_STATE_DTYPE)
    return xp.concatenate([moved, state[_COUNTER_SIZE:]])


def _fill(distribution: Any) -> KernelFunction:
    def fill(
        attrs: Any, state: Array, algorithm: Array, shape: Array
    ) -> tuple[Array, Array]:
        _check_algorithm(algorithm)
        _check_state(state)
        dims = distributions.sizes(shape)
        dtype = np.dtype(attrs["dtype"].as_numpy_dtype)
        drawn = distribution(*_where(state), dims, dtype)
        return _skipped(state, math.prod(dims)), drawn

    return fill


def standard_normal_v1(attrs: Any, state: Array, shape: Array) -> tuple[Array, Array]:
    """The algorithm is the first number of the state, which lives on the host."""
    _check_state(state, _STATE_SIZE + 1)
    _check_algorithm(state[0])
    fill = _fill(distributions.normal)
    moved, drawn = fill(attrs, state[1:], state[0], shape)
    return np.concatenate([state[:1], moved]), drawn


def uniform_int(
    attrs: Any,
    state: Array,
    algorithm: Array,
    shape: Array,
    minval: Array,
    maxval: Array,
) -> tuple[Array, Array]:
    _check_algorithm(algorithm)
    _check_state(state)
    dims = distributions.sizes(shape)
    distributions.check_range(math.prod(dims) or 1, minval, maxval)
    dtype = np.dtype(attrs["dtype"].as_numpy_dtype)
    drawn = distributions.integers(*_where(state), dims, dtype, minval, maxval)
    return _skipped(state, math.prod(dims)), drawn


def random_binomial(
    attrs: Any,
    state: Array,
    algorithm: Array,
    shape: Array,
    counts: Array,
    probs: Array,
) -> tuple[Array, Array]:
    _check_algorithm(algorithm)
    _check_state(state)
    dims = distributions.sizes(shape)
    dtype = np.dtype(attrs["dtype"].as_numpy_dtype)
    drawn = drawn_binomials(_where(state), dims, counts, probs, dtype)
    rank = max(counts.ndim, probs.ndim)
    # TF: loses the update while the variable shares memory with its initial value.
    samples = math.prod(dims[: len(dims) - rank])
    batch = math.prod(dims[len(dims) - rank :])
    return _skipped(state, batch * 2 * 100 * (samples + 3) // 4), drawn


def rng_skip(_attrs: Any, state: Array, algorithm: Array, delta: Array) -> tuple[Array]:
    _check_algorithm(algorithm)
    _check_state(state)
    return (_skipped(state, delta),)


def rng_read_and_skip(
    _attrs: Any, state: Array, algorithm: Array, delta: Array
) -> tuple[Array, Array]:
    _check_algorithm(algorithm)
    _check_state(state)
    return _skipped(state, delta), state[:_STATE_SIZE]


def non_deterministic_ints(attrs: Any, shape: Array) -> tuple[Array]:
    if shape.dtype not in (np.int32, np.int64):
        raise InvalidArgumentError(
            None, None, "shape must be a vector of {int32,int64}."
        )
    dims = distributions.sizes(shape)
    dtype = np.dtype(attrs["dtype"].as_numpy_dtype)
    if dtype.kind not in "iu" or dtype.itemsize < np.dtype(np.int32).itemsize:
        raise InvalidArgumentError(None, None, f"Unsupported dtype: {dtype.name}")
    drawn = np.frombuffer(secrets.token_bytes(8 * math.prod(dims)), np.uint64)
    return (drawn.astype(dtype).reshape(dims),)


_RESOURCE = ("resource",)


def _row(function: KernelFunction) -> Kernel:
    return Kernel(function, static=("algorithm", "shape"), updates=_RESOURCE)


KERNELS = {
    "NonDeterministicInts": Kernel(non_deterministic_ints, host=True),
    "RngReadAndSkip": Kernel(rng_read_and_skip, static=("alg",), updates=_RESOURCE),
    "RngSkip": Kernel(rng_skip, static=("algorithm",), updates=_RESOURCE),
    "StatefulRandomBinomial": _row(random_binomial),
    "StatefulStandardNormal": Kernel(standard_normal_v1, host=True, updates=_RESOURCE),
    "StatefulStandardNormalV2": _row(_fill(distributions.normal)),
    "StatefulTruncatedNormal": _row(_fill(distributions.truncated_normal)),
    "StatefulUniform": _row(_fill(distributions.uniform)),
    "StatefulUniformFullInt": _row(_fill(distributions.full_integers)),
    "StatefulUniformInt": _row(uniform_int),
}
