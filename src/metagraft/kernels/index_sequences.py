"""Sequences that only look random; twin of `ops/index_sequences.py`.

Source: tensorflow core/kernels/random_index_shuffle.cc, sobol_op.cc; the Simon cipher
(Beaulieu et al., ePrint 2013/404); Sobol sequences with the numbers of Joe and Kuo.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import repeat_while

__all__ = ["KERNELS"]

_ROUND_CONSTANTS = 0x7369F885192C0EF5
_KEY_CONSTANT = 0xFFFFFFFC
_LEAST_BLOCK = 16  # bits
_MOST_BLOCK = 64
_SEED_SIZE = 3
_MOST_DIMENSIONS = 21200


def _block_bits(largest: int) -> int:
    """How many bits the cipher permutes, an even number."""
    bits = math.ceil(math.log2(largest)) if largest else 0
    return min(max(bits + bits % 2, _LEAST_BLOCK), _MOST_BLOCK)


class _Simon:
    """The Simon cipher on words of any size up to 32 bits, on arrays of words."""

    def __init__(self, word_bits: int, key: np.ndarray, rounds: int) -> None:
        self._bits = np.uint64(word_bits)
        self._mask = np.uint64((1 << word_bits) - 1)
        keys = [column & self._mask for column in key.astype(np.uint64).T]
        constant = np.uint64(_KEY_CONSTANT) & self._mask
        bits = _ROUND_CONSTANTS & int(self._mask)
        for i in range(_SEED_SIZE, rounds):
            step = constant ^ np.uint64(bits & 1)
            last = self._right(keys[i - 1], 3) ^ self._right(keys[i - 1], 4)
            keys.append(step ^ keys[i - _SEED_SIZE] ^ last)
            bits >>= 1
        self._keys = keys

    def _left(self, x: np.ndarray, by: int) -> np.ndarray:
        up, down = np.uint64(by), self._bits - np.uint64(by)
        return (x << up | x >> down) & self._mask

    def _right(self, x: np.ndarray, by: int) -> np.ndarray:
        return self._left(x, int(self._bits) - by)

    def _mixed(self, x: np.ndarray) -> np.ndarray:
        return self._left(x, 1) & self._left(x, 8) ^ self._left(x, 2)

    def encrypted(self, value: np.ndarray) -> np.ndarray:
        left, right = value >> self._bits & self._mask, value & self._mask
        for first, second in zip(self._keys[0::2], self._keys[1::2], strict=True):
            left = left ^ self._mixed(right) ^ first
            right = right ^ self._mixed(left) ^ second
        return left << self._bits | right

    def tabled(self) -> Callable[[np.ndarray], np.ndarray]:
        """Return `encrypted` as a table: among few indices the walk is long."""
        size = 1 << 2 * int(self._bits)
        table = self.encrypted(np.arange(size, dtype=np.uint64))

        def looked_up(value: np.ndarray) -> np.ndarray:
            found: np.ndarray = table[value & np.uint64(size - 1)]
            return found

        return looked_up


def random_index_shuffle(
    attrs: Any, index: Array, seed: Array, max_index: Array
) -> tuple[Array]:
    outputs = max(index.size, max_index.size, seed.size // _SEED_SIZE)
    _check_vectors(index, seed, max_index, outputs)
    _check_indices(index, max_index)
    is_scalar = not index.ndim and seed.ndim == 1 and not max_index.ndim
    indices = np.broadcast_to(index.astype(np.uint64), (outputs,))
    limits = np.broadcast_to(max_index.astype(np.uint64), (outputs,))
    keys = np.broadcast_to(seed.astype(np.uint32), (outputs, _SEED_SIZE))
    result = np.zeros(outputs, np.uint64)
    bits = np.array([_block_bits(int(limit)) for limit in np.unique(limits)])
    widths = bits[np.searchsorted(np.unique(limits), limits)]
    for width in np.unique(widths):
        chosen = (widths == width) & (limits > 0)
        key = keys[:1] if seed.ndim == 1 else keys[chosen]
        cipher = _Simon(int(width) // 2, key, attrs["rounds"])
        is_small = seed.ndim == 1 and width == _LEAST_BLOCK
        encrypted = cipher.tabled() if is_small else cipher.encrypted
        result[chosen] = _walked(encrypted, indices[chosen], limits[chosen])
    shuffled = result.astype(index.dtype)
    return (shuffled.reshape(()) if is_scalar else shuffled,)


def _walked(
    encrypted: Callable[[np.ndarray], np.ndarray], index: np.ndarray, limit: np.ndarray
) -> np.ndarray:
    """Encrypt until the result is an index again."""

    def turn(state: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        value, outside = state
        value = np.where(outside, encrypted(value), value)
        return value, outside & (value > limit)

    state = index, np.ones(index.shape, bool)
    value: np.ndarray = repeat_while(lambda state: state[1].any(), turn, state)[0]
    return value


def _check_vectors(index: Array, seed: Array, max_index: Array, outputs: int) -> None:
    if index.shape not in ((), (outputs,)):
        raise InvalidArgumentError(None, None, "Index bust be a scalar or vector.")
    if seed.shape not in ((_SEED_SIZE,), (outputs, _SEED_SIZE)):
        raise InvalidArgumentError(
            None,
            None,
            "Seed must be a vector of size [3] or a matrix of size"
            f" [{outputs}, 3] but got [{','.join(map(str, seed.shape))}].",
        )
    if max_index.shape not in ((), (outputs,)):
        raise InvalidArgumentError(
            None,
            None,
            "Maxval must be a scalar or a vector of the same size as index but got"
            f" [{','.join(map(str, max_index.shape))}]",
        )


def _check_indices(index: Array, max_index: Array) -> None:
    for name, values in (("index", index), ("max_index", max_index)):
        if values.size and values.min() < 0:
            raise InvalidArgumentError(
                None, None, f"{name} must be >= 0 but was {values.min()}"
            )
    indices, limits = np.broadcast_arrays(index, max_index)
    wrong = np.flatnonzero(limits < indices)
    if wrong.size:
        limit, found = limits.reshape(-1)[wrong[0]], indices.reshape(-1)[wrong[0]]
        raise InvalidArgumentError(
            None, None, f"max_index must be >= index, but {limit} < {found}"
        )


def sobol_sample(
    attrs: Any, dim: Array, num_results: Array, skip: Array
) -> tuple[Array]:
    dimensions, results, skipped = int(dim), int(num_results), int(skip)
    _check_sizes(dimensions, results, skipped)
    # JAX depends on SciPy, whose table of direction numbers is TensorFlow's.
    from scipy.stats import qmc  # type: ignore[import-untyped]

    sequence = qmc.Sobol(dimensions, scramble=False, bits=_SOBOL_BITS)
    # The point at the origin is left out.
    sequence.fast_forward(skipped + 1)
    points = sequence.random(results)
    return (points.astype(np.dtype(attrs["dtype"].as_numpy_dtype)),)


_SOBOL_BITS = 32


def _check_sizes(dimensions: int, results: int, skipped: int) -> None:
    largest = np.iinfo(np.int32).max
    conditions = (
        (dimensions >= 1, "dim must be at least one"),
        (dimensions <= _MOST_DIMENSIONS, f"dim must be at most {_MOST_DIMENSIONS}"),
        (results >= 1, "num_results must be at least one"),
        (skipped >= 0, "skip must be non-negative"),
        (
            results < largest - skipped,
            f"num_results+skip must be less than {largest}",
        ),
        (
            results * dimensions < largest,
            f"num_results*dim must be less than {largest}",
        ),
    )
    for holds, message in conditions:
        if not holds:
            raise InvalidArgumentError(None, None, message)


KERNELS = {
    "RandomIndexShuffle": Kernel(random_index_shuffle, host=True),
    "SobolSample": Kernel(sobol_sample, host=True),
}
