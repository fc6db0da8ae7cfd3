"""Morphological dilation and its gradients; twin of `kernels/dilation.py`.

Images are `[n, h, w, c]`, filters `[h, w, c]`.

Source: tensorflow core/ops/nn_ops.cc, python/ops/nn_grad.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from metagraft.errors import InvalidArgumentError
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.shape_checks import merge_dim, with_rank
from metagraft.graph.shapes import Dims
from metagraft.ops.windows import WindowAttrs, Words, windows_of_gradient

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/nn_ops.cc"


_WORDS = Words.of("Dilation2D", dilations="rates")


def _read(attrs: Mapping[str, Any], words: Words = _WORDS) -> WindowAttrs:
    """Read the attributes; rates are dilations of the window, and may be any number."""
    lists = {
        "strides": attrs["strides"],
        "dilations": attrs["rates"],
        "padding": attrs["padding"],
    }
    return WindowAttrs.read_lists(lists, words)


_read_of_gradient = windows_of_gradient(_WORDS, _read)


def dilation_shape(attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Windows along the spatial axes; each channel has a filter of its own."""
    batch, rows, columns, channels = with_rank(inputs[0], 4)
    filter_rows, filter_columns, depth = with_rank(inputs[1], 3)
    if rows is None or columns is None or filter_rows is None or filter_columns is None:
        return ((batch, None, None, depth),)
    merge_dim(channels, depth)
    try:
        counts = (
            attrs.count(1, rows, filter_rows),
            attrs.count(2, columns, filter_columns),
        )
    except InvalidArgumentError as error:
        raise ValueError(error.message) from None
    return ((batch, *counts, depth),)


def input_shape(_attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The gradient has the shape of the image."""
    return (inputs[0],)


def filter_shape(_attrs: WindowAttrs, inputs: Shapes) -> Sequence[Dims]:
    """The gradient has the shape of the filter."""
    return (inputs[1],)


def dilation_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Tensor]:
    """Goes where the largest sums came from, in the image and in the filter."""
    image, kernel = op.inputs
    attrs: dict[str, Any] = {
        name: op.get_attr(name) for name in ("strides", "rates", "padding")
    }
    given: dict[str, Any] = {"input": image, "filter": kernel, "out_backprop": dy}
    return (
        g.op("Dilation2DBackpropInput", **given, **attrs),
        g.op("Dilation2DBackpropFilter", **given, **attrs),
    )


OPS = (
    OpSpec(
        name="Dilation2D",
        attrs=_read,
        shape=dilation_shape,
        gradient=dilation_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="Dilation2DBackpropInput",
        attrs=_read_of_gradient,
        shape=input_shape,
        source=_SOURCE,
    ),
    OpSpec(
        name="Dilation2DBackpropFilter",
        attrs=_read_of_gradient,
        shape=filter_shape,
        source=_SOURCE,
    ),
)
