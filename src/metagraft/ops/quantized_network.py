"""Networks of quantised numbers, each with a range; twin of the kernels.

Ranges are pairs of scalars: an operand's smallest and largest number. Results have a
range, too.

Source: tensorflow core/ops/nn_ops.cc, math_ops.cc, array_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import merge_dim, with_rank, with_rank_at_least
from metagraft.graph.shapes import Dims, broadcast_dims
from metagraft.ops.reshape import reshape_shape as plain_reshape_shape
from metagraft.ops.windows import CONV2D_WORDS, WindowAttrs, Words

__all__ = ["OPS", "QuantizedWindows"]

_SOURCE = "tensorflow core/ops/nn_ops.cc"


class QuantizedWindows:
    """Attributes of windows over quantised numbers.

    Attributes:
        windows: As of any window.
        attrs: All attributes.
    """

    __slots__ = ("attrs", "windows")

    def __init__(self, attrs: Mapping[str, Any], words: Words) -> None:
        """Read the attributes; `words` say which are too many."""
        self.attrs = attrs
        self.windows = WindowAttrs.read(attrs, words)


def _windows_of(words: Words) -> Callable[[Mapping[str, Any]], QuantizedWindows]:
    return lambda attrs: QuantizedWindows(attrs, words)


def _with_range(dims: Dims) -> Sequence[Dims]:
    return (dims, (), ())


def _check_limits(inputs: Sequence[Dims], first: int) -> None:
    """Refuse ends of ranges that are not scalars."""
    for limit in inputs[first:]:
        with_rank(limit, 0)


def convolution_shape(attrs: QuantizedWindows, inputs: Shapes) -> Sequence[Dims]:
    """Windows along the spatial axes, the filter's outputs as channels."""
    windows = attrs.windows
    image, kernel = with_rank(inputs[0], 4), with_rank(inputs[1], 4)
    depth, taken = image[3], kernel[2]
    if depth is not None and taken is not None and (not taken or depth % taken):
        raise ValueError(
            f"Depth of input ({depth}) is not a multiple of input depth of filter"
            f" ({taken})"
        )
    for place in range(2, 6):
        with_rank(inputs[place], 0)
    rows, columns = (
        windows.output_size(axis, image[axis], kernel[axis - 1]) for axis in (1, 2)
    )
    return _with_range((image[0], rows, columns, kernel[3]))


def pool_shape(attrs: QuantizedWindows, inputs: Shapes) -> Sequence[Dims]:
    """Windows along the spatial axes."""
    windows = attrs.windows
    image = with_rank(inputs[0], 4)
    _check_limits(inputs, 1)
    rows, columns = (
        windows.output_size(axis, image[axis], windows.window[axis]) for axis in (1, 2)
    )
    return _with_range((image[0], rows, columns, image[3]))


def pool_3d_shape(attrs: QuantizedWindows, inputs: Shapes) -> Sequence[Dims]:
    """Windows along the spatial axes of a volume."""
    windows = attrs.windows
    out = list(with_rank(inputs[0], 5))
    for place in (1, 2):
        with_rank(inputs[place], 0)
    for axis in windows.spatial:
        out[axis] = windows.output_size(axis, out[axis], windows.window[axis])
    return _with_range(tuple(out))


def product_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Rows of one factor, columns of the other."""
    a, b = with_rank(inputs[0], 2), with_rank(inputs[1], 2)
    a = a[::-1] if attrs["transpose_a"] else a
    b = b[::-1] if attrs["transpose_b"] else b
    merge_dim(a[1], b[0])
    _check_limits(inputs, 2)
    return _with_range((a[0], b[1]))


def same_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Like the first operand."""
    _check_limits(inputs, 1)
    return _with_range(inputs[0])


def instance_norm_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Like the images."""
    with_rank(inputs[0], 4)
    return same_shape(attrs, inputs)


def bias_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Like the first operand; the second has a number for each of its channels."""
    (channels,) = with_rank(inputs[1], 1)
    _check_limits(inputs, 2)
    value = with_rank_at_least(inputs[0], 2)
    if value is None:
        return _with_range(None)
    return _with_range((*value[:-1], merge_dim(value[-1], channels)))


def binary_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Operands broadcast."""
    return _with_range(broadcast_dims(inputs[0], inputs[1]))


def sum_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Operands broadcast."""
    _check_limits(inputs, 2)
    return binary_shape(attrs, inputs)


def concat_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """All parts, one after the other."""
    with_rank(inputs[0], 0)
    _check_limits(inputs, 1 + attrs["N"])
    return _joined(attrs["N"], inputs.value(0), inputs[1:])


def concat_v2_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As `concat_shape`, with the axis after the parts."""
    _check_limits(inputs, 1 + attrs["N"])
    return _joined(attrs["N"], inputs.value(attrs["N"]), inputs)


def _joined(count: int, axis: Any, operands: Sequence[Dims]) -> Sequence[Dims]:
    parts = operands[:count]
    known = [dims for dims in parts if dims is not None]
    if () in known:
        raise ValueError("Can't concatenate scalars (use tf.stack instead)")
    if not known or axis is None:
        return _with_range((None,) * len(known[0]) if known else None)
    rank = len(known[0])
    place = int(axis) % rank
    out: list[int | None] = [None] * rank
    for dims in known:
        for i, size in enumerate(with_rank(dims, rank)):
            if i != place:
                out[i] = merge_dim(out[i], size)
    sizes = [None if dims is None else dims[place] for dims in parts]
    out[place] = None if None in sizes else sum(s for s in sizes if s is not None)
    return _with_range(tuple(out))


def reshape_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As that of `Reshape`."""
    (dims,) = plain_reshape_shape(attrs, inputs)
    _check_limits(inputs, 2)
    return _with_range(dims)


def _row(name: str, shape: Any, attrs: Any = None) -> OpSpec:
    return OpSpec(name=name, attrs=attrs, shape=shape, source=_SOURCE)


OPS = (
    _row("QuantizedConv2D", convolution_shape, _windows_of(CONV2D_WORDS)),
    _row("QuantizedAvgPool", pool_shape, _windows_of(Words.of("AvgPool"))),
    _row("QuantizedMaxPool", pool_shape, _windows_of(Words.of("MaxPool"))),
    _row("_QuantizedMaxPool3D", pool_3d_shape, _windows_of(Words.of("Pool3D"))),
    _row("QuantizedMatMul", product_shape),
    _row("QuantizedBiasAdd", bias_shape),
    _row("QuantizedRelu", same_shape),
    _row("QuantizedRelu6", same_shape),
    _row("QuantizedReluX", same_shape),
    _row("QuantizedAdd", sum_shape),
    _row("QuantizedMul", binary_shape),
    _row("QuantizedConcat", concat_shape),
    _row("QuantizedConcatV2", concat_v2_shape),
    _row("QuantizedReshape", reshape_shape),
    _row("QuantizedInstanceNorm", instance_norm_shape),
)
