"""Adding a bias to every channel; twin of `ops/bias.py`."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.narrow_reduction import MANY_STEPS, one_by_one

__all__ = ["KERNELS"]


def _channel_axis(attrs: Any, rank: int) -> int:
    """Axis 1 of an image with channels first, which has at least three axes."""
    return 1 if attrs["data_format"] == b"NCHW" and rank >= 3 else rank - 1


def _check_rank(value: Array) -> None:
    if value.ndim < 2:
        raise InvalidArgumentError(
            None, None, f"Input tensor must be at least 2D: {show(value.shape)}"
        )


def _add(value: Array, bias: Array, axis: int) -> tuple[Array]:
    _check_rank(value)
    if bias.ndim != 1:
        raise InvalidArgumentError(None, None, f"Biases must be 1D: {show(bias.shape)}")
    if bias.shape[0] != value.shape[axis]:
        raise InvalidArgumentError(
            None,
            None,
            "Must provide as many biases as the last dimension of the input tensor: "
            f"{show(bias.shape)} vs. {show(value.shape)}",
        )
    shape = [1] * value.ndim
    shape[axis] = -1
    return (value + bias.reshape(shape),)


def bias_add(attrs: Any, value: Array, bias: Array) -> tuple[Array]:
    return _add(value, bias, _channel_axis(attrs, value.ndim))


def bias_add_v1(_attrs: Any, value: Array, bias: Array) -> tuple[Array]:
    return _add(value, bias, value.ndim - 1)


def bias_add_grad(attrs: Any, dy: Array) -> tuple[Array]:
    _check_rank(dy)
    channels = _channel_axis(attrs, dy.ndim)
    axes = tuple(axis for axis in range(dy.ndim) if axis != channels)
    if dy.size == dy.shape[channels]:
        return (dy.reshape(-1),)  # of -0 the sign stays
    if is_host(dy) and dy.dtype == ml_dtypes.bfloat16 and 0 < dy.size <= MANY_STEPS:
        rows = np.moveaxis(dy, channels, -1).reshape(-1, dy.shape[channels])
        return (one_by_one(np.add, rows),)
    # Half precision is summed in single precision, as in TensorFlow, which rounds sums
    # of bfloat16 at every step.
    wide = np.dtype(np.float32) if dy.dtype.itemsize == 2 else dy.dtype
    return (namespace(dy).sum(dy, axis=axes, dtype=wide).astype(dy.dtype),)


KERNELS = {
    "BiasAdd": Kernel(bias_add),
    "BiasAddV1": Kernel(bias_add_v1),
    "BiasAddGrad": Kernel(bias_add_grad),
}
