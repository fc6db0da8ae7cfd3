"""Random numbers that depend on their seeds alone (`tf.random.stateless_uniform`).

Source: tensorflow python/ops/stateless_random_ops.py, random_ops_util.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.random import shape_tensor
from metagraft.api.random_algorithms import position
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import add
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor
from metagraft.graph.value_as_shape import narrow_by_value

__all__ = [
    "fold_in",
    "split",
    "stateless_categorical",
    "stateless_multinomial",
    "stateless_normal",
    "stateless_shuffle",
    "stateless_truncated_normal",
    "stateless_uniform",
]

_UNSIGNED = (dtypes.uint32, dtypes.uint64)
_UNIFORM_DTYPES = (
    dtypes.float16,
    dtypes.bfloat16,
    dtypes.float32,
    dtypes.float64,
    dtypes.int32,
    dtypes.int64,
    *_UNSIGNED,
)


def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Tensor:
    """Draw from a normal distribution.

    Args:
        shape: Shape of the result.
        seed: Two integers; the same ones give the same numbers.
        mean: The mean.
        stddev: The standard deviation.
        dtype: A floating-point type.
        name: Name of the operation.
        alg: `philox`, `threefry` or `auto_select`, which is Philox where it runs here.
    """
    return _scaled(
        "StatelessRandomNormalV2",
        "stateless_random_normal",
        (shape, seed, mean, stddev, dtype, name, alg),
    )


def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Tensor:
    """As `stateless_normal`, without what is 2 deviations or more from the mean."""
    return _scaled(
        "StatelessTruncatedNormalV2",
        "stateless_truncated_normal",
        (shape, seed, mean, stddev, dtype, name, alg),
    )


def _scaled(op_type: str, scope_name: str, arguments: tuple[Any, ...]) -> Tensor:
    shape, seed, mean, stddev, dtype, name, alg = arguments
    with name_scope(name, scope_name, [shape, seed, mean, stddev]) as scope:
        sizes = shape_tensor(shape)
        mean = convert_to_tensor(mean, dtype=dtype, name="mean")
        stddev = convert_to_tensor(stddev, dtype=dtype, name="stddev")
        standard = op(op_type, shape=sizes, **position(seed, alg), dtype=dtype)
        result: Tensor = add(standard * stddev, mean, name=scope)
        narrow_by_value(result, shape)
        return result


def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = dtypes.float32,
    name: str | None = None,
    alg: Any = "auto_select",
) -> Tensor:
    """Draw from a uniform distribution over `[minval, maxval)`.

    Args:
        shape: Shape of the result.
        seed: Two integers; the same ones give the same numbers.
        minval: The lower bound; None with integers for the whole range of the type.
        maxval: The upper bound; 1 if None, for floating-point types.
        dtype: Type of the result.
        name: Name of the operation.
        alg: `philox`, `threefry` or `auto_select`, which is Philox where it runs here.

    Raises:
        ValueError: The type or the bounds do not fit.
    """
    wanted = as_dtype(dtype)
    maxval = _checked_limit(wanted, minval, maxval)
    with name_scope(
        name, "stateless_random_uniform", [shape, seed, minval, maxval]
    ) as scope:
        sizes = shape_tensor(shape)
        drawn: Tensor
        if wanted.is_integer and minval is None:
            drawn = op(
                "StatelessRandomUniformFullIntV2",
                shape=sizes,
                **position(seed, alg),
                dtype=wanted,
                name=scope,
            )
            narrow_by_value(drawn, shape)
            return drawn
        low = convert_to_tensor(minval, dtype=wanted, name="min")
        high = convert_to_tensor(maxval, dtype=wanted, name="max")
        where = position(seed, alg)
        if wanted.is_integer:
            drawn = op(
                "StatelessRandomUniformIntV2",
                shape=sizes,
                **where,
                minval=low,
                maxval=high,
                name=scope,
            )
        else:
            drawn = op("StatelessRandomUniformV2", shape=sizes, **where, dtype=wanted)
            drawn = add(drawn * (high - low), low, name=scope)
        narrow_by_value(drawn, shape)
        return drawn


def _checked_limit(dtype: dtypes.DType, minval: Any, maxval: Any) -> Any:
    if dtype not in _UNIFORM_DTYPES:
        raise ValueError(
            f"Argument `dtype` got invalid value {dtype}. Accepted dtypes are"
            f" {_UNIFORM_DTYPES}."
        )
    if not dtype.is_integer:
        return 1 if maxval is None else maxval
    if (minval is None) != (maxval is None):
        raise ValueError(
            f"For integer `dtype` argument {dtype}, argument `minval` and `maxval` must"
            f" be both None or not None. Got `minval`={minval} and `maxval`={maxval}."
        )
    if minval is not None and dtype in _UNSIGNED:
        raise ValueError(
            f"Argument `dtype` got invalid value {dtype} when argument `minval` is not"
            " None. Please don't use unsigned integers in this case."
        )
    return maxval


def split(seed: Any, num: int = 2, alg: Any = "auto_select") -> Tensor:
    """Make `num` seeds, `[num, 2]`, out of one."""
    seed = convert_to_tensor(seed)
    return stateless_uniform(
        [num, 2], seed, minval=None, maxval=None, dtype=seed.dtype, alg=alg
    )


def fold_in(seed: Any, data: Any, alg: Any = "auto_select") -> Tensor:
    """Make a seed out of a seed and an integer."""
    data = convert_to_tensor(data)
    first = stateless_uniform(
        [], seed, minval=None, maxval=None, dtype=data.dtype, alg=alg
    )
    return array.stack([first, data])


def stateless_multinomial(
    logits: Any,
    num_samples: Any,
    seed: Any,
    output_dtype: Any = dtypes.int64,
    name: str | None = None,
) -> Tensor:
    """Draw classes, given unnormalized log-probabilities `[batch, classes]`."""
    with name_scope(name, "stateless_multinomial", [logits, seed]):
        return _drawn_classes(logits, num_samples, output_dtype, seed)


def stateless_categorical(
    logits: Any,
    num_samples: Any,
    seed: Any,
    dtype: Any = dtypes.int64,
    name: str | None = None,
) -> Tensor:
    """As `stateless_multinomial`, under its newer name."""
    with name_scope(name, "stateless_categorical", [logits, seed]):
        return _drawn_classes(logits, num_samples, dtype, seed)


def _drawn_classes(logits: Any, num_samples: Any, dtype: Any, seed: Any) -> Tensor:
    logits = convert_to_tensor(logits, name="logits")
    wanted = as_dtype(dtype or dtypes.int64)
    if wanted not in (dtypes.int32, dtypes.int64):
        raise ValueError(
            f"Argument `dtype` got invalid value {wanted}. Accepted dtypes are"
            f" {(dtypes.int32, dtypes.int64)}."
        )
    drawn: Tensor = op(
        "StatelessMultinomial",
        logits=logits,
        num_samples=num_samples,
        seed=seed,
        output_dtype=wanted,
    )
    return drawn


def stateless_shuffle(
    value: Any, seed: Any, alg: Any = "auto_select", name: str | None = None
) -> Tensor:
    """Permute the first dimension."""
    with name_scope(name, "stateless_shuffle", [value, seed]):
        shuffled: Tensor = op("StatelessShuffle", value=value, **position(seed, alg))
        return shuffled
