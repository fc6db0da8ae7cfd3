"""Random numbers of distributions that depend on their seeds alone.

Source: tensorflow python/ops/stateless_random_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.api.random import shape_tensor
from metagraft.api.random_algorithms import position
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.pad import pad
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor
from metagraft.graph.value_as_shape import narrow_by_value

__all__ = [
    "index_shuffle",
    "random_index_shuffle",
    "stateless_binomial",
    "stateless_gamma",
    "stateless_parameterized_truncated_normal",
    "stateless_poisson",
]

_INDEX_SEED = 498247692  # the third seed of permuted indices


def index_shuffle(index: Any, seed: Any, max_index: Any) -> Tensor:
    """Return where a permutation of `[0, max_index]` takes an index.

    Args:
        index: A scalar or a vector.
        seed: Two integers, or `[n, 2]`: a permutation for each index.
        max_index: The largest index, a scalar or a vector.
    """
    seed = convert_to_tensor(seed)
    rank = seed.shape.rank
    rest = [] if rank is None else (rank - 1) * [[0, 0]]
    seed = pad(seed, [[1, 0], *rest], constant_values=_INDEX_SEED)
    return random_index_shuffle(index, seed, max_index)


def random_index_shuffle(
    index: Any, seed: Any, max_index: Any, rounds: int = 4, name: str | None = None
) -> Tensor:
    """As `index_shuffle`, with three integers as seed.

    Args:
        index: A scalar or a vector.
        seed: Three integers, or `[n, 3]`: a permutation for each index.
        max_index: The largest index, a scalar or a vector.
        rounds: How often the indices are mixed, an even number.
        name: Name of the operation.
    """
    shuffled: Tensor = op(
        "RandomIndexShuffle",
        index=index,
        seed=seed,
        max_index=max_index,
        rounds=rounds,
        name=name,
    )
    return shuffled


def stateless_binomial(
    shape: Any,
    seed: Any,
    counts: Any,
    probs: Any,
    output_dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:
    """Draw how many of `counts` trials succeed, each with probability `probs`.

    Args:
        shape: Shape of the result; ends with that of the parameters together.
        seed: Two integers; the same ones give the same numbers.
        counts: How many trials.
        probs: The probability of success.
        output_dtype: Type of the result.
        name: Name of the scope.
    """
    with name_scope(name, "stateless_random_binomial", [shape, seed, counts, probs]):
        sizes = shape_tensor(shape)
        probs = convert_to_tensor(probs, preferred_dtype=dtypes.float32, name="probs")
        counts = convert_to_tensor(counts, preferred_dtype=probs.dtype, name="counts")
        drawn: Tensor = op(
            "StatelessRandomBinomial",
            shape=sizes,
            seed=seed,
            counts=counts,
            probs=probs,
            dtype=output_dtype,
        )
        narrow_by_value(drawn, shape)
        return drawn


def stateless_gamma(
    shape: Any,
    seed: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Draw from gamma distributions.

    Args:
        shape: Shape of the result; ends with that of the parameters together.
        seed: Two integers; the same ones give the same numbers.
        alpha: Shape parameters; broadcast with `beta`.
        beta: Inverse scales; 1 if None.
        dtype: A floating-point type.
        name: Name of the scope.
    """
    with name_scope(name, "stateless_random_gamma", [shape, seed, alpha, beta]):
        sizes = shape_tensor(shape)
        alpha = convert_to_tensor(alpha, dtype=dtype, name="alpha")
        beta = convert_to_tensor(1 if beta is None else beta, name="beta", dtype=dtype)
        together = op("BroadcastArgs", s0=array.shape(alpha), s1=array.shape(beta))
        spread = op("BroadcastTo", input=alpha, shape=together)
        where = position(seed, "auto_select")
        drawn = op("StatelessRandomGammaV3", shape=sizes, **where, alpha=spread)
        tiny = np.finfo(alpha.dtype.as_numpy_dtype).tiny
        result: Tensor = op("Maximum", x=tiny, y=drawn / beta)
        narrow_by_value(result, shape)
        return result


def stateless_poisson(
    shape: Any, seed: Any, lam: Any, dtype: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """Draw from Poisson distributions of rate `lam`, with whose shape `shape` ends."""
    with name_scope(name, "stateless_random_poisson", [shape, seed, lam]):
        sizes = shape_tensor(shape)
        drawn: Tensor = op(
            "StatelessRandomPoisson", shape=sizes, seed=seed, lam=lam, dtype=dtype
        )
        narrow_by_value(drawn, shape)
        return drawn


def stateless_parameterized_truncated_normal(
    shape: Any,
    seed: Any,
    means: Any = 0.0,
    stddevs: Any = 1.0,
    minvals: Any = -2.0,
    maxvals: Any = 2.0,
    name: str | None = None,
) -> Tensor:
    """Draw from normal distributions cut at given values.

    Args:
        shape: Shape of the result; ends with that of the parameters together.
        seed: Two integers; the same ones give the same numbers.
        means: The means of the uncut distributions.
        stddevs: Their standard deviations.
        minvals: The lower bounds.
        maxvals: The upper bounds.
        name: Name of the scope.
    """
    values = {"means": means, "stddevs": stddevs, "minvals": minvals}
    values["maxvals"] = maxvals
    scope_name = "stateless_parameterized_truncated_normal"
    with name_scope(name, scope_name, [shape, *values.values()]):
        sizes = shape_tensor(shape)
        tensors: dict[str, Any] = {
            k: convert_to_tensor(v, name=k) for k, v in values.items()
        }
        drawn: Tensor = op(
            "StatelessParameterizedTruncatedNormal", shape=sizes, seed=seed, **tensors
        )
        narrow_by_value(drawn, shape)
        return drawn
