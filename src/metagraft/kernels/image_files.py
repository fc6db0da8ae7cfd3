"""Images as files; twin of `ops/image_files.py`.

Source: tensorflow core/kernels/image/decode_image_op.cc, encode_*_op.cc.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from metagraft.errors import InternalError, InvalidArgumentError, UnimplementedError
from metagraft.graph.shapes import show
from metagraft.kernels import bmp_files, gif_files, jpeg_files, png_files, webp_files
from metagraft.kernels.encoded_media import png
from metagraft.kernels.jpeg_files import JpegFormat, JpegOptions
from metagraft.kernels.kernel import Array, Kernel

_JPEG_SIGNATURE: Final = b"\xff\xd8\xff"
_JXL_SIGNATURES: Final = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _contents(operand: Array) -> bytes:
    if operand.ndim:
        raise _invalid(f"`contents` must be scalar but got shape{show(operand.shape)}")
    contents: bytes = operand.item()
    if not contents:
        raise _invalid("Input is empty.")
    return contents


def _format_of(contents: bytes) -> str:
    if contents.startswith(_JPEG_SIGNATURE):
        return "JPEG"
    if contents.startswith(png_files.SIGNATURE):
        return "PNG"
    if contents.startswith(gif_files.SIGNATURE):
        return "GIF"
    if contents.startswith(bmp_files.SIGNATURE):
        return "BMP"
    if webp_files.is_webp(contents):
        return "WebP"
    if contents.startswith(_JXL_SIGNATURES):
        raise UnimplementedError(None, None, "Decoding JPEG XL is not built.")
    raise _invalid(
        "Unknown image file format. One of JPEG, JPEG XL, PNG, GIF, BMP, WebP required."
    )


def _check_channels(attrs: Any) -> int:
    channels = int(attrs["channels"])
    if channels not in (0, 1, 3, 4):
        raise _invalid(f"`channels` must be 0, 1, 3 or 4 but got {channels}")
    return channels


def _jpeg_options(attrs: Any, channels: int) -> JpegOptions:
    ratio, method = int(attrs["ratio"]), attrs["dct_method"]
    if ratio not in (1, 2, 4, 8):
        raise _invalid(f"ratio must be 1, 2, 4, or 8, got {ratio}")
    if method not in (b"", b"INTEGER_FAST", b"INTEGER_ACCURATE"):
        raise _invalid(
            "dct_method must be one of {'', 'INTEGER_FAST', 'INTEGER_ACCURATE'}"
        )
    return JpegOptions(
        channels,
        ratio,
        is_fancy=bool(attrs["fancy_upscaling"]),
        is_fast=method != b"INTEGER_ACCURATE",
        recovers=bool(attrs["try_recover_truncated"]),
    )


def _jpeg(contents: bytes, options: JpegOptions) -> Array:
    if options.channels == 4:
        raise _invalid("JPEG does not support 4 channels")
    image = jpeg_files.decoded(contents, options)
    if image is None:
        raise _invalid("jpeg::Uncompress failed. Invalid JPEG data or crop window.")
    return image


def _checked(result: Array | str) -> Array:
    if isinstance(result, str):
        raise _invalid(result)
    return result


def _gif(contents: bytes, channels: int) -> Array:
    if channels in (1, 4):
        raise _invalid(f"`channels` must be 0 or 3 for GIF, but got {channels}")
    return _checked(gif_files.decoded(contents))


def _in_type(image: Array, dtype: Any) -> Array:
    """Bring bytes, or numbers of 16 bits, to the type that is asked for."""
    if image.dtype == dtype:
        return image
    if dtype == np.uint16:
        return image.astype(np.uint16) * np.uint16(256)
    return image.astype(np.float32) * np.float32(1.0 / np.iinfo(image.dtype).max)


def _png(contents: bytes, channels: int, dtype: Any) -> Array:
    bits = 8 if dtype == np.uint8 else 16
    return _in_type(_checked(png_files.decoded(contents, channels, bits)), dtype)


def _decoded(
    op_type: str, contents: bytes, options: JpegOptions, dtype: Any = np.uint8
) -> Array:
    """Decode for an op that is not about animations, whatever the file is."""
    kind = _format_of(contents)
    if kind == "JPEG":
        return _in_type(_jpeg(contents, options), dtype)
    if kind == "PNG":
        return _png(contents, options.channels, dtype)
    if kind == "GIF":
        frames = _gif(contents, options.channels)
        if len(frames) != 1:
            raise _invalid(
                f"Got {len(frames)} frames, but animated gifs can only be decoded by"
                " tf.io.decode_gif or tf.io.decode_image"
            )
        return _in_type(frames[0], dtype)
    if kind == "WebP":
        _webp(contents, 0, dtype)  # TF: looks at the header first
    raise _wrong_op(kind, op_type)


def _wrong_op(kind: str, op_type: str) -> InvalidArgumentError:
    function = {"BMP": "decode_bmp", "WebP": "decode_webp"}[kind]
    return _invalid(
        f"Trying to decode {kind} format using a wrong op. Use `{function}` or"
        f" `decode_image` instead. Op used: {op_type}"
    )


def decode_jpeg(attrs: Any, contents: Array) -> tuple[Array]:
    options = _jpeg_options(attrs, _check_channels(attrs))
    return (_decoded("DecodeJpeg", _contents(contents), options),)


def decode_and_crop_jpeg(
    attrs: Any, contents: Array, crop_window: Array
) -> tuple[Array]:
    options = _jpeg_options(attrs, _check_channels(attrs))
    data = _contents(contents)
    kind = _format_of(data)
    if kind != "JPEG":
        raise _invalid(
            f"DecodeAndCropJpeg operation can run on JPEG only, but detected {kind}."
        )
    if crop_window.ndim != 1:
        raise _invalid(f"crop_window must be 1-D, got shape {show(crop_window.shape)}")
    if len(crop_window) != 4:
        raise _invalid(f"crop_size must have four elements {show(crop_window.shape)}")
    # TF: decodes the window alone, whose edges may differ by a few levels.
    image = _jpeg(data, options)
    top, left, height, width = (int(v) for v in crop_window)
    is_inside = (
        height > 0
        and width > 0
        and 0 <= top <= image.shape[0] - height
        and 0 <= left <= image.shape[1] - width
    )
    if not is_inside:
        raise _invalid("jpeg::Uncompress failed. Invalid JPEG data or crop window.")
    return (image[top : top + height, left : left + width],)


def decode_png(attrs: Any, contents: Array) -> tuple[Array]:
    options = JpegOptions(_check_channels(attrs))
    dtype = attrs["dtype"].numpy_dtype
    return (_decoded("DecodePng", _contents(contents), options, dtype),)


def decode_gif(_attrs: Any, contents: Array) -> tuple[Array]:
    data = _contents(contents)
    kind = _format_of(data)
    if kind == "GIF":
        return (_gif(data, 0),)
    if kind == "JPEG":
        return (_jpeg(data, JpegOptions(3))[None],)
    if kind == "PNG":
        return (_png(data, 3, np.uint8)[None],)
    raise _wrong_op(kind, "DecodeGif")


def decode_bmp(attrs: Any, contents: Array) -> tuple[Array]:
    channels = _check_channels(attrs)
    if channels == 1:
        raise _invalid("`channels` must be 0, 3 or 4 for BMP, but got 1")
    data = _contents(contents)
    kind = _format_of(data)
    if kind != "BMP":
        function = f"decode_{kind.lower()}"
        raise _invalid(
            f"Trying to decode {kind} format using DecodeBmp op. Use `{function}` or"
            " `decode_image` instead."
        )
    return (_checked(bmp_files.decoded(data, channels)),)


def decode_webp(attrs: Any, contents: Array) -> tuple[Array]:
    channels = _check_channels(attrs)
    data = _contents(contents)
    kind = _format_of(data)
    if kind == "GIF":
        raise _invalid("Bad op type DecodeWebP")
    if kind != "WebP":
        dtype = attrs["dtype"].numpy_dtype
        return (_decoded("DecodeWebP", data, JpegOptions(channels), dtype),)
    return (_webp(data, channels, attrs["dtype"].numpy_dtype),)


def _webp(data: bytes, channels: int, dtype: Any) -> Array:
    if channels == 1:
        raise _invalid("`channels` must be 0, 3 or 4 for WebP, but got 1")
    if dtype != np.uint8:
        raise _invalid("WebP only supports uint8 for dtype")
    return _checked(webp_files.decoded(data, channels))


def decode_image(attrs: Any, contents: Array) -> tuple[Array]:
    channels = _check_channels(attrs)
    dtype = attrs["dtype"].numpy_dtype
    data = _contents(contents)
    kind = _format_of(data)
    if kind == "JPEG":
        return (_in_type(_jpeg(data, JpegOptions(channels)), dtype),)
    if kind == "PNG":
        return (_png(data, channels, dtype),)
    if kind == "BMP":
        return (_in_type(_checked(bmp_files.decoded(data, channels)), dtype),)
    is_gif = kind == "GIF"
    frames = _gif(data, channels) if is_gif else _webp(data, channels, dtype)
    if not attrs["expand_animations"]:
        frames = frames[0]
    return (_in_type(frames, dtype),)


def extract_jpeg_shape(attrs: Any, contents: Array) -> tuple[Array]:
    if contents.ndim:
        raise _invalid(f"contents must be scalar, got shape {show(contents.shape)}")
    data: bytes = contents.item()
    shape = jpeg_files.shape_of(data)
    if shape is None:
        raise _invalid(f"Invalid JPEG data, size {len(data)}")
    return (np.array(shape, attrs["output_type"].numpy_dtype),)


def _check_jpeg(image: Array, quality: int) -> None:
    if not 0 <= quality <= 100:
        raise _invalid(f"quality must be in [0,100], got {quality}")
    if image.ndim != 3:
        raise _invalid(f"image must be 3-dimensional{show(image.shape)}")
    shape = "[" + ",".join(map(str, image.shape)) + "]"
    if image.shape[2] not in (1, 3):
        raise _invalid(f"image must have 1 or 3 channels, got {shape}")
    if not image.size:
        raise InternalError(None, None, "JPEG encoding failed")


def _text(contents: bytes) -> tuple[Array]:
    return (np.array(contents, object),)


def encode_jpeg(attrs: Any, image: Array) -> tuple[Array]:
    wanted = {b"grayscale": 1, b"rgb": 3}.get(attrs["format"])
    if wanted is not None and image.ndim == 3 and image.shape[2] != wanted:
        shape = "[" + ",".join(map(str, image.shape)) + "]"
        raise _invalid(
            f"format {attrs['format'].decode()} expects {wanted} channels, got {shape}"
        )
    _check_jpeg(image, attrs["quality"])
    chosen = JpegFormat(
        attrs["quality"],
        bool(attrs["progressive"]),
        bool(attrs["optimize_size"]),
        bool(attrs["chroma_downsampling"]),
        attrs["density_unit"].decode(),
        attrs["x_density"],
        attrs["y_density"],
        attrs["xmp_metadata"],
    )
    return _text(jpeg_files.encoded(image, chosen))


def encode_jpeg_variable_quality(
    _attrs: Any, images: Array, quality: Array
) -> tuple[Array]:
    if quality.ndim:
        raise _invalid(f"quality must be scalar: {show(quality.shape)}")
    _check_jpeg(images, int(quality))
    return _text(jpeg_files.encoded(images, JpegFormat(int(quality))))


def encode_png(attrs: Any, image: Array) -> tuple[Array]:
    """Encode every image of a batch."""
    level = int(attrs["compression"])
    if not -1 <= level <= 9:
        raise _invalid(f"compression should be in [-1,9], got {level}")
    if image.ndim < 3:
        raise _invalid(f"images must be at least rank 3{show(image.shape)}")
    if not 1 <= image.shape[-1] <= 4:
        raise _invalid(f"image must have 1, 2, 3, or 4 channels, got {image.shape[-1]}")
    batch, size = image.shape[:-3], image.shape[-3:]
    flat = image.reshape(-1, *size) if image.size else image.reshape(0, *size)
    if not image.size and 0 not in batch:
        raise InternalError(None, None, "PNG encoding failed")
    contents = np.empty(len(flat), object)
    contents[:] = [png(one, level) for one in flat]
    return (contents.reshape(batch),)


KERNELS = {
    "DecodeAndCropJpeg": Kernel(decode_and_crop_jpeg, host=True),
    "DecodeBmp": Kernel(decode_bmp, host=True),
    "DecodeGif": Kernel(decode_gif, host=True),
    "DecodeImage": Kernel(decode_image, host=True),
    "DecodeJpeg": Kernel(decode_jpeg, host=True),
    "DecodePng": Kernel(decode_png, host=True),
    "DecodeWebP": Kernel(decode_webp, host=True),
    "EncodeJpeg": Kernel(encode_jpeg, host=True),
    "EncodeJpegVariableQuality": Kernel(encode_jpeg_variable_quality, host=True),
    "EncodePng": Kernel(encode_png, host=True),
    "ExtractJpegShape": Kernel(extract_jpeg_shape, host=True),
}
