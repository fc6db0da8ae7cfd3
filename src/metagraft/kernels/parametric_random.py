"""Random numbers whose distribution is an operand; twin of the ops of it.

Source: tensorflow core/kernels/random_op.cc, random_poisson_op.cc,
parameterized_truncated_normal_op.cc, stateless_random_gamma_op.cc,
stateless_random_ops.cc, random_binomial_op.cc.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels import distributions, rejection
from metagraft.kernels.distributions import RESERVED_PER_OUTPUT, Dims
from metagraft.kernels.element_counts import check_product
from metagraft.kernels.kernel import Array, Kernel, RandomStream
from metagraft.kernels.namespace import namespace
from metagraft.kernels.stateless_random import position_of, scrambled
from metagraft.kernels.truncation import Bounds, TruncatedStream

__all__ = ["KERNELS", "drawn_binomials"]

_DOUBLE = np.dtype(np.float64)
# Rows of a truncated normal distribution whose bounds are all the same.
_ROW = 100

Sampler = Callable[[Array, Array, Array], Array]


def _of_each(
    key: Array, counter: Array, parameter: Array, samples: int, sampler: Sampler
) -> Array:
    """Draw `samples` numbers for each parameter; returns `[samples, parameters]`."""
    xp = namespace(parameter, key)
    flat = xp.asarray(parameter).reshape(-1).astype(_DOUBLE)
    drawn = sampler(key, counter, xp.repeat(flat, samples))
    return drawn.reshape(flat.shape[0], samples).T


def _converted(values: Array, dtype: np.dtype) -> Array:
    with np.errstate(all="ignore"):
        return values.astype(dtype)


def _highest(dtype: np.dtype) -> float:
    limits = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype)
    return float(limits.max)


def _poisson(dtype: np.dtype) -> Sampler:
    def sampler(key: Array, counter: Array, rate: Array) -> Array:
        drawn = rejection.poisson(key, counter, rate, _highest(dtype))
        if dtype.kind not in "iu":
            return drawn
        # Integers have no infinity; TensorFlow gives what C++ has for it.
        return namespace(drawn).where(drawn == np.inf, 0, drawn)

    return sampler


def _stateful(
    rng: RandomStream, shape: Array, parameter: Array, sampler: Sampler, dtype: Any
) -> tuple[Array]:
    dims = distributions.sizes(shape)
    samples, count = math.prod(dims), math.prod(parameter.shape)
    whole = dims + tuple(parameter.shape)
    check_product(whole)
    if not samples * count:
        return (np.zeros(whole, dtype),)
    key, counter = rng.reserve(samples * count * RESERVED_PER_OUTPUT)
    drawn = _of_each(key, counter, parameter, samples, sampler)
    return (_converted(drawn, dtype).reshape(whole),)


def random_gamma(
    rng: RandomStream, _attrs: Any, shape: Array, alpha: Array
) -> tuple[Array]:
    return _stateful(rng, shape, alpha, rejection.gamma, alpha.dtype)


def random_poisson(
    rng: RandomStream, attrs: Any, shape: Array, rate: Array
) -> tuple[Array]:
    dtype = np.dtype(attrs["dtype"].as_numpy_dtype)
    return _stateful(rng, shape, rate, _poisson(dtype), dtype)


def _stateless(
    where: tuple[Array, Array],
    dims: Dims,
    parameter: Array,
    sampler: Sampler,
    dtype: np.dtype,
) -> tuple[Array]:
    """The shape of the samples ends with that of the parameters."""
    _check_end(dims, tuple(parameter.shape))
    size = math.prod(dims)
    if not size:
        return (np.zeros(dims, dtype),)
    samples = size // math.prod(parameter.shape)
    drawn = _of_each(*where, parameter, samples, sampler)
    return (_converted(drawn, dtype).reshape(dims),)


def _check_end(dims: Dims, end: Dims) -> None:
    if dims[len(dims) - len(end) :] != end:
        raise InvalidArgumentError(
            None, None, "Shape passed in must end with broadcasted shape."
        )


def stateless_gamma(
    _attrs: Any, shape: Array, seed: Array, alpha: Array
) -> tuple[Array]:
    dims = distributions.sizes(shape)
    where = scrambled(seed)
    return _stateless(where, dims, alpha, rejection.gamma, alpha.dtype)


def stateless_gamma_at(
    _attrs: Any, shape: Array, key: Array, counter: Array, alg: Array, alpha: Array
) -> tuple[Array]:
    where = position_of(key, counter, alg)
    dims = distributions.sizes(shape)
    return _stateless(where, dims, alpha, rejection.gamma, alpha.dtype)


def stateless_poisson(
    attrs: Any, shape: Array, seed: Array, lam: Array
) -> tuple[Array]:
    dims = distributions.sizes(shape)
    dtype = np.dtype(attrs["dtype"].as_numpy_dtype)
    return _stateless(scrambled(seed), dims, lam, _poisson(dtype), dtype)


def drawn_binomials(
    where: tuple[Array, Array],
    dims: Dims,
    counts: Array,
    probs: Array,
    dtype: np.dtype,
) -> Array:
    """Draw binomial numbers of shape `dims`, which ends with that of the operands."""
    xp = namespace(counts, probs, *where)
    try:
        counts, probs = xp.broadcast_arrays(counts, probs)
    except ValueError as error:
        raise InvalidArgumentError(
            None,
            None,
            "counts and probs must have compatible batch dimensions:"
            f" {list(counts.shape)} vs. {list(probs.shape)}",
        ) from error
    _check_end(dims, tuple(counts.shape))
    size = math.prod(dims)
    if not size:
        return np.zeros(dims, dtype)
    batch = math.prod(counts.shape)
    samples = size // batch
    flat = [xp.repeat(x.reshape(-1), samples) for x in (counts, probs)]
    drawn = rejection.binomial(*where, *flat).reshape(batch, samples).T
    return _converted(drawn, dtype).reshape(dims)


def stateless_binomial(
    attrs: Any, shape: Array, seed: Array, counts: Array, probs: Array
) -> tuple[Array]:
    dims = distributions.sizes(shape)
    dtype = np.dtype(attrs["dtype"].as_numpy_dtype)
    return (drawn_binomials(scrambled(seed), dims, counts, probs, dtype),)


def parameterized_truncated_normal(
    rng: RandomStream, _attrs: Any, shape: Array, *parameters: Array
) -> tuple[Array]:
    dims = distributions.sizes(shape)
    dtype = parameters[0].dtype
    size, rows = math.prod(dims), dims[0] if dims else 1
    values = [_of_rows(x, rows) for x in parameters]
    are_same = all(x.size == 1 for x in parameters)
    are_same = are_same and not any(x.ndim for x in parameters[2:])
    if not size:
        return (np.zeros(dims, dtype),)
    row = _ROW if are_same else size // rows
    count = -(-size // row)
    # TF: with a margin, so that rows in shards never meet.
    reserved = count * 2 * _MOST_ITERATIONS * (row + 3) // 4
    stream = TruncatedStream(*rng.reserve(reserved), dtype)
    bounds = Bounds(*(np.broadcast_to(x, count) for x in values))
    return (stream.take_rows(bounds, row, size).reshape(dims),)


_MOST_ITERATIONS = 1000


def _of_rows(parameter: Array, rows: int) -> Array:
    if parameter.ndim > 1:
        raise InvalidArgumentError(
            None,
            None,
            "Input parameters should be scalars or vectors, got shape:"
            f" {list(parameter.shape)}",
        )
    if parameter.ndim and parameter.size not in (1, rows):
        raise InvalidArgumentError(
            None,
            None,
            "Input parameters should have length 1 or shape[0], got shape:"
            f" {list(parameter.shape)}",
        )
    return parameter.reshape(-1)


def stateless_truncated_normal(
    _attrs: Any, shape: Array, seed: Array, *parameters: Array
) -> tuple[Array]:
    dims = distributions.sizes(shape)
    dtype = parameters[0].dtype
    try:
        parameters = tuple(np.broadcast_arrays(*parameters))
    except ValueError as error:
        raise InvalidArgumentError(
            None,
            None,
            "means, stddevs, minvals, maxvals must have compatible batch dimensions:"
            + " vs. ".join(str(list(x.shape)) for x in parameters),
        ) from error
    _check_end(dims, parameters[0].shape)
    size = math.prod(dims)
    if not size:
        return (np.zeros(dims, dtype),)
    flat = [x.reshape(-1) for x in parameters]
    batch = flat[0].size
    stream = TruncatedStream(*scrambled(seed), dtype)
    drawn = stream.take_rows(Bounds(*flat), size // batch, size)
    return (drawn.reshape(batch, -1).T.reshape(dims),)


_SHAPED = ("shape",)
KERNELS = {
    "ParameterizedTruncatedNormal": Kernel(
        parameterized_truncated_normal, host=True, random=True
    ),
    "RandomGamma": Kernel(random_gamma, static=_SHAPED, random=True),
    "RandomPoisson": Kernel(random_poisson, static=_SHAPED, random=True),
    "RandomPoissonV2": Kernel(random_poisson, static=_SHAPED, random=True),
    "StatelessParameterizedTruncatedNormal": Kernel(
        stateless_truncated_normal, host=True
    ),
    "StatelessRandomBinomial": Kernel(stateless_binomial, static=_SHAPED),
    "StatelessRandomGammaV2": Kernel(stateless_gamma, static=_SHAPED),
    "StatelessRandomGammaV3": Kernel(stateless_gamma_at, static=("shape", "alg")),
    "StatelessRandomPoisson": Kernel(stateless_poisson, static=_SHAPED),
}
