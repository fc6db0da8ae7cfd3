"""What goes to YNNPACK, by which XLA's CPU backend computes sums.

The options are in `runtime/compiler_options.py`; what an operation is beside decides,
too.
"""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import is_traced, jax_numpy, lax, load_jax

__all__ = ["kept_apart", "summed"]

# Bits of the exponent and the mantissa of types that YNNPACK convolves.
_PRECISIONS: Final = {"float32": (8, 23), "float64": (11, 52)}
# Sums of few numbers each, and of long rows added to each other, take many times as
# long there as in a loop of XLA's own (ms, 2 cores): 524,288x8 over the last axis 8.7
# and 0.9, 64x65,536 over the first 47 and 0.8, 4x1,474,560 of products 278 and 3.7. Of
# many numbers each, or of short rows, they do not: 64x16x16x128 over all but the last
# axis 0.4 and 20. Of a small array it makes no difference.
_FEW: Final = 16
_MANY: Final = 4096
_LONG_ROW: Final = 8192
_SMALL: Final = 4096


def summed(x: Array, axes: tuple[int, ...], dtype: Any, *, keep: bool = False) -> Array:
    """Return sums over axes, by what of XLA is fast for the shape.

    Args:
        x: An array on a device or traced.
        axes: Different axes, not negative.
        dtype: What is added, and the type of the sums.
        keep: Whether the axes stay, with one element each.
    """
    dtype = np.dtype(dtype)
    if (
        not is_traced(x)
        or dtype.name not in _PRECISIONS
        or not _is_slow_there(x.shape, axes)
    ):
        return jax_numpy().sum(x, axis=axes, dtype=dtype, keepdims=keep)
    found = lax().platform_dependent(
        x.astype(dtype),
        cpu=partial(_looped_sum(), axes),
        default=lambda x: jax_numpy().sum(x, axis=axes),
    )
    return jax_numpy().expand_dims(found, axes) if keep else found


def _is_slow_there(shape: tuple[int, ...], axes: tuple[int, ...]) -> bool:
    if not axes or math.prod(shape) < _SMALL:
        return False
    count = math.prod(shape[axis] for axis in axes)
    return 1 < count <= _FEW or (
        1 < count <= _MANY and math.prod(shape[max(axes) + 1 :]) >= _LONG_ROW
    )


@lru_cache(maxsize=1)
def _looped_sum() -> Any:
    """Return a function of axes and an array whose sums YNNPACK does not take.

    It lacks the operation, which changes nothing, that follows each addition.
    """

    @partial(load_jax().custom_jvp, nondiff_argnums=(0,))
    def looped(axes: tuple[int, ...], x: Array) -> Array:
        exponent, mantissa = _PRECISIONS[np.dtype(x.dtype).name]

        def add(a: Array, b: Array) -> Array:
            return lax().reduce_precision(lax().add(a, b), exponent, mantissa)

        return lax().reduce(x, np.dtype(x.dtype).type(0), add, axes)

    def derivative(axes: tuple[int, ...], primals: Any, tangents: Any) -> Any:
        return looped(axes, *primals), jax_numpy().sum(tangents[0], axis=axes)

    looped.defjvp(derivative)
    return looped


def kept_apart(result: Array) -> Array:
    """Keep a convolution out of what is made of the sums after it.

    Sums go to YNNPACK with all that leads to them, and it convolves more slowly. An
    operation that it lacks, and that changes nothing, ends what goes there (a ResNet
    of 18 layers, which ends in a mean, one image: 94 ms of CPU time, so 46).
    """
    if not is_traced(result) or np.dtype(result.dtype).name not in _PRECISIONS:
        return result
    exponent, mantissa = _PRECISIONS[np.dtype(result.dtype).name]
    return lax().platform_dependent(
        result,
        cpu=lambda x: lax().reduce_precision(x, exponent, mantissa),
        default=lambda x: x,
    )
