"""Images as files; kernels in `kernels/image_files.py`."""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import NoGradient, OpSpec, ShapeFunction, Shapes
from metagraft.graph.shape_checks import with_rank, with_rank_at_least, with_size
from metagraft.graph.shapes import Dims


def _channels(attrs: Attrs) -> int | None:
    channels = int(attrs["channels"])
    if channels < 0:
        raise ValueError(f"channels must be non-negative, got {channels}")
    return channels or None


def decode_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[height, width, channels]`."""
    with_rank(inputs[0], 0)
    return ((None, None, _channels(attrs)),)


def decode_image_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Of any rank, as a file may have many frames; else as `decode_shape`."""
    with_rank(inputs[0], 0)
    channels = _channels(attrs)
    if attrs["expand_animations"]:
        return (None,)
    return ((None, None, channels),)


def decode_gif_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[frames, height, width, 3]`."""
    with_rank(inputs[0], 0)
    return ((None, None, None, 3),)


def decode_webp_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[frames, height, width, channels]`."""
    with_rank(inputs[0], 0)
    return ((None, None, None, _channels(attrs)),)


def decode_and_crop_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[height, width, channels]` of the window."""
    with_rank(inputs[0], 0)
    channels = _channels(attrs)
    (four,) = with_rank(inputs[1], 1)
    with_size(four, 4)
    window = inputs.value(1)
    if window is None:
        return ((None, None, channels),)
    return ((int(window[2]), int(window[3]), channels),)


def extract_shape_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Three numbers."""
    with_rank(inputs[0], 0)
    return ((3,),)


def encode_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A scalar."""
    with_rank(inputs[0], 3)
    return ((),)


def encode_png_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """`[..., height, width, channels]` -> `[...]`."""
    dims = with_rank_at_least(inputs[0], 3)
    return (None if dims is None else dims[:-3],)


_SOURCE = "tensorflow core/ops/image_ops.cc"


def _file_op(name: str, shape: ShapeFunction) -> OpSpec:
    return OpSpec(
        name=name,
        shape=shape,
        gradient=NoGradient("TensorFlow registers none"),
        source=_SOURCE,
    )


OPS = (
    _file_op("DecodeAndCropJpeg", decode_and_crop_shape),
    _file_op("DecodeBmp", decode_shape),
    _file_op("DecodeGif", decode_gif_shape),
    _file_op("DecodeImage", decode_image_shape),
    _file_op("DecodeJpeg", decode_shape),
    _file_op("DecodePng", decode_shape),
    _file_op("DecodeWebP", decode_webp_shape),
    _file_op("EncodeJpeg", encode_shape),
    _file_op("EncodeJpegVariableQuality", encode_shape),
    _file_op("EncodePng", encode_png_shape),
    _file_op("ExtractJpegShape", extract_shape_shape),
)
