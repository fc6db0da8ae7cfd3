"""Random numbers that depend on their seeds alone; twin of `ops/stateless_random.py`.

Source: tensorflow core/kernels/stateless_random_ops.cc, stateless_random_ops_v2.cc.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels import distributions, philox
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.kernels.random import shuffled

__all__ = ["KERNELS", "numbers_of", "position_of", "scrambled", "words_of"]

_PHILOX = 1
_AUTO_SELECT = 3
_SCRAMBLING_KEY = np.array([0x3EC8F720, 0x02461E29], np.uint32)
_WORD = np.uint64(32)
_COUNTER_WORDS = 4


def words_of(wide: Array) -> Array:
    """Take 64-bit numbers apart, low words first."""
    xp = namespace(wide)
    unsigned = wide.astype(np.uint64)
    return xp.stack(
        [unsigned.astype(np.uint32), (unsigned >> _WORD).astype(np.uint32)], axis=1
    ).reshape(-1)


def numbers_of(words: Array) -> Array:
    """Put 64-bit numbers together from their words."""
    wide = words.astype(np.uint64)
    return wide[0::2] | wide[1::2] << _WORD


def scrambled(seed: Array) -> tuple[Array, Array]:
    """Return key and counter of two seeds; it does not matter which one varies."""
    if seed.shape != (2,):
        raise InvalidArgumentError(
            None, None, f"seed must have shape [2], not {show(seed.shape)}"
        )
    xp = namespace(seed)
    index = xp.zeros(1, np.uint64)
    mixed = philox.words(xp.asarray(_SCRAMBLING_KEY), words_of(seed), index)
    words = xp.concatenate(mixed)
    return words[:2], xp.concatenate([xp.zeros(2, np.uint32), words[2:]])


def position_of(key: Array, counter: Array, alg: Array) -> tuple[Array, Array]:
    """Read the operands of the second version of the ops.

    Args:
        key: `uint64[1]`.
        counter: `uint64[n]`, of which two count.
        alg: Which generator.

    Raises:
        InvalidArgumentError: One has another shape, or the generator is not known.
    """
    if alg.shape:
        raise InvalidArgumentError(
            None,
            None,
            f"input 3 (0-based) must have shape [], not {show(alg.shape)}",
        )
    if key.shape != (1,):
        raise InvalidArgumentError(
            None,
            None,
            f"key must have shape [1], not {show(key.shape)}. (Note that batched keys"
            " are not supported yet.)",
        )
    number = _PHILOX if int(alg) == _AUTO_SELECT else int(alg)
    # TF: takes the number of the generator for the length that it needs.
    if counter.ndim != 1 or counter.shape[0] < number:
        raise InvalidArgumentError(
            None,
            None,
            f"counter must be a vector with length at least {number}; got shape:"
            f" {show(counter.shape)}. (Note that batched counters are not supported"
            " yet.)",
        )
    if number != _PHILOX:
        # TF: knows ThreeFry (2) on accelerators.
        raise InvalidArgumentError(None, None, f"Unsupported algorithm id: {number}")
    # TF: reads what lies behind a counter of one number, which mostly is zero.
    words = words_of(counter)[:_COUNTER_WORDS]
    missing = _COUNTER_WORDS - words.shape[0]
    if missing:
        xp = namespace(words)
        words = xp.concatenate([words, xp.zeros(missing, np.uint32)])
    return words_of(key), words


def _fill(distribution: Any) -> tuple[Kernel, Kernel]:
    """Return the kernels of both versions of an op."""

    def fill(attrs: Any, shape: Array, seed: Array) -> tuple[Array]:
        dtype = np.dtype(attrs["dtype"].as_numpy_dtype)
        dims = distributions.sizes(shape)
        return (distribution(*scrambled(seed), dims, dtype),)

    def fill_v2(
        attrs: Any, shape: Array, key: Array, counter: Array, alg: Array
    ) -> tuple[Array]:
        dtype = np.dtype(attrs["dtype"].as_numpy_dtype)
        position = position_of(key, counter, alg)
        return (distribution(*position, distributions.sizes(shape), dtype),)

    return Kernel(fill, static=("shape",)), Kernel(fill_v2, static=("shape", "alg"))


def uniform_int(
    attrs: Any, shape: Array, seed: Array, minval: Array, maxval: Array
) -> tuple[Array]:
    return (_integers(attrs, shape, scrambled(seed), minval, maxval),)


def uniform_int_v2(
    attrs: Any,
    shape: Array,
    key: Array,
    counter: Array,
    alg: Array,
    minval: Array,
    maxval: Array,
) -> tuple[Array]:
    position = position_of(key, counter, alg)
    return (_integers(attrs, shape, position, minval, maxval),)


def _integers(
    attrs: Any,
    shape: Array,
    position: tuple[Array, Array],
    minval: Array,
    maxval: Array,
) -> Array:
    dims = distributions.sizes(shape)
    dtype = np.dtype(attrs["dtype"].as_numpy_dtype)
    if not math.prod(dims):
        return np.zeros(dims, dtype)  # whatever the bounds are
    distributions.check_range(1, minval, maxval)
    return distributions.integers(*position, dims, dtype, minval, maxval)


def multinomial(
    attrs: Any, logits: Array, num_samples: Array, seed: Array
) -> tuple[Array]:
    dtype = np.dtype(attrs["output_dtype"].as_numpy_dtype)
    position = scrambled(seed)
    distributions.check_logits(logits, int(num_samples))
    return (distributions.categories(*position, logits, int(num_samples), dtype),)


def shuffle(
    _attrs: Any, value: Array, key: Array, counter: Array, alg: Array
) -> tuple[Array]:
    position = position_of(key, counter, alg)
    if not value.ndim or value.shape[0] <= 1 or not math.prod(value.shape):
        return (value,)
    return (shuffled(*position, value),)


def get_key_counter(_attrs: Any, seed: Array) -> tuple[Array, Array]:
    key, counter = scrambled(seed)
    return numbers_of(key), numbers_of(counter)


def get_alg(_attrs: Any) -> tuple[Array]:
    return (np.int32(_PHILOX),)


def get_key_counter_alg(attrs: Any, seed: Array) -> tuple[Array, ...]:
    return (*get_key_counter(attrs, seed), *get_alg(attrs))


_FILLS = {
    "StatelessRandomUniform": _fill(distributions.uniform),
    "StatelessRandomNormal": _fill(distributions.normal),
    "StatelessTruncatedNormal": _fill(distributions.truncated_normal),
    "StatelessRandomUniformFullInt": _fill(distributions.full_integers),
}

KERNELS = {
    **{op_type: kernels[0] for op_type, kernels in _FILLS.items()},
    **{f"{op_type}V2": kernels[1] for op_type, kernels in _FILLS.items()},
    "StatelessRandomUniformInt": Kernel(uniform_int, static=("shape",)),
    "StatelessRandomUniformIntV2": Kernel(uniform_int_v2, static=("shape", "alg")),
    "StatelessMultinomial": Kernel(multinomial, static=("num_samples",)),
    "StatelessShuffle": Kernel(shuffle, static=("alg",)),
    "StatelessRandomGetKeyCounter": Kernel(get_key_counter),
    "StatelessRandomGetAlg": Kernel(get_alg),
    "StatelessRandomGetKeyCounterAlg": Kernel(get_key_counter_alg),
}
