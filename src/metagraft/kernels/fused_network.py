"""Convolutions and products with what follows them; twin of `ops/fused_network.py`.

Each is its parts, one after the other; XLA fuses them again.

Source: tensorflow core/kernels/conv_ops_fused_impl.h, matmul_op_fused.cc.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.kernels import activation, convolution, normalization
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.kernels.special_functions import erf
from metagraft.ops.fused_network import FusedAttrs, FusedNormAttrs
from metagraft.ops.normalization import FusedBatchNormAttrs

__all__ = ["ACTIVATIONS", "KERNELS"]


def _tanh(x: Array) -> Array:
    return namespace(x).tanh(x)


def _sigmoid(x: Array) -> Array:
    one = x.dtype.type(1)
    return one / (one + namespace(x).exp(-x))


def _gelu_by_tanh(x: Array) -> Array:
    kind = x.dtype.type
    inner = kind(math.sqrt(2 / math.pi)) * (x + kind(0.044715) * x * x * x)
    return kind(0.5) * x * (kind(1) + _tanh(inner))


def _gelu(x: Array) -> Array:
    kind = x.dtype.type
    (error,) = erf({}, x * kind(math.sqrt(0.5)))
    return kind(0.5) * x * (kind(1) + error)


ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "Relu": lambda x: activation.relu({}, x)[0],
    "Relu6": lambda x: activation.relu6({}, x)[0],
    "Elu": lambda x: activation.elu({}, x)[0],
    "Tanh": _tanh,
    "Sigmoid": _sigmoid,
    "GeluApproximate": _gelu_by_tanh,
    "GeluExact": _gelu,
}


def _normalized(attrs: FusedAttrs, x: Array, vectors: Iterator[Array]) -> Array:
    """Normalize with given moments."""
    scale, offset, mean, variance = (
        _along_channels(attrs, next(vectors)) for _ in range(4)
    )
    one = variance.dtype.type(1)
    spread = namespace(variance).sqrt(variance + variance.dtype.type(attrs.epsilon))
    return (x - mean) * (one / spread) * scale + offset


def _along_channels(attrs: FusedAttrs, vector: Array) -> Array:
    """Lay a vector along the channels of an image."""
    if attrs.windows is None or not attrs.windows.channels_first:
        return vector
    return vector.reshape(-1, *(1,) * (attrs.windows.rank - 2))


def _followed(attrs: FusedAttrs, x: Array, args: Sequence[Array]) -> tuple[Array]:
    """Apply what follows."""
    given = iter(args)
    dtype = x.dtype
    for name in attrs.follows:
        if name == "BiasAdd":
            x = x + _along_channels(attrs, next(given))
        elif name == "Add":
            x = x + next(given)
        elif name == "FusedBatchNorm":
            x = _normalized(attrs, x, given)
        elif name == "LeakyRelu":
            (x,) = activation.leaky_relu({"alpha": attrs.alpha}, x)
        elif name in ACTIVATIONS:
            x = ACTIVATIONS[name](x)
        else:
            raise UnimplementedError(
                None, None, f"Fusion is not implemented: {list(attrs.follows)}"
            )
    return (x.astype(dtype),)


def _with_outputs_last(attrs: FusedAttrs, kernel: Array) -> Array:
    """Return a filter whose axes are in the usual order."""
    if attrs.filter_format == "HWIO":
        return kernel
    if attrs.filter_format == "OIHW":
        return kernel.transpose(2, 3, 1, 0)
    raise UnimplementedError(
        None, None, f"Filters of format {attrs.filter_format} are not built."
    )


def fused_conv_2d(
    attrs: FusedAttrs,
    image: Array,
    kernel: Array,
    args: tuple[Array, ...],
    host_args: tuple[Array, ...],
) -> tuple[Array]:
    if host_args:
        raise UnimplementedError(
            None, None, "Fused convolutions of quantized numbers are not built."
        )
    return fused_convolution(attrs, image, _with_outputs_last(attrs, kernel), args)


def fused_convolution(
    attrs: FusedAttrs, image: Array, kernel: Array, args: tuple[Array, ...]
) -> tuple[Array]:
    assert attrs.windows is not None
    (result,) = convolution.convolution(attrs.windows, image, kernel)
    return _followed(attrs, result, args)


def fused_depthwise(
    attrs: FusedAttrs, image: Array, kernel: Array, args: tuple[Array, ...]
) -> tuple[Array]:
    assert attrs.windows is not None
    (result,) = convolution.depthwise(attrs.windows, image, kernel)
    return _followed(attrs, result, args)


def fused_mat_mul(
    attrs: FusedAttrs, a: Array, b: Array, args: tuple[Array, ...]
) -> tuple[Array]:
    a, b = (
        x.T if transposed else x
        for x, transposed in zip((a, b), attrs.transposes, strict=True)
    )
    if a.shape[1] != b.shape[0]:
        raise InvalidArgumentError(
            None,
            None,
            f"Matrix size-incompatible: In[0]: {list(a.shape)}, In[1]: {list(b.shape)}",
        )
    return _followed(attrs, a @ b, args)


def fused_batch_norm(
    attrs: FusedNormAttrs, image: Array, *operands: Any
) -> tuple[Array, ...]:
    *vectors, sides = operands
    record = FusedBatchNormAttrs.read(attrs.normalization)
    y, *moments = normalization.fused_batch_norm_v3(record, image, *vectors)
    for side in sides:
        y = y + side
    if attrs.activation == "Relu":
        (y,) = activation.relu({}, y)
    elif attrs.activation != "Identity":
        raise UnimplementedError(
            None, None, f"Unsupported activation mode: {attrs.activation}"
        )
    return (y, *moments)


KERNELS = {
    "_FusedConv2D": Kernel(fused_conv_2d),
    "_FusedConv3D": Kernel(fused_convolution),
    "_FusedDepthwiseConv2dNative": Kernel(fused_depthwise),
    "_FusedMatMul": Kernel(fused_mat_mul),
    "_FusedBatchNormEx": Kernel(fused_batch_norm),
}
