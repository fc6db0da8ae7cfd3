"""Images as files (`tf.image.decode_jpeg` and its kin; also in `tf.io`).

Source: tensorflow python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from typing import Any, Final

from metagraft.api.image_checks import is_symbolic
from metagraft.api.image_color import convert_image_dtype
from metagraft.api.strings import substr
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build.math import equal
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "adjust_jpeg_quality",
    "decode_and_crop_jpeg",
    "decode_bmp",
    "decode_gif",
    "decode_image",
    "decode_jpeg",
    "decode_jxl",
    "decode_png",
    "decode_webp",
    "encode_jpeg",
    "encode_png",
    "extract_jpeg_shape",
    "is_jpeg",
]

_JPEG_SIGNATURE: Final = b"\xff\xd8\xff"


def is_jpeg(contents: Any, name: str | None = None) -> Tensor:
    """Whether a string begins like a JPEG file."""
    with name_scope(name, "is_jpeg"):
        return equal(substr(contents, 0, 3), _JPEG_SIGNATURE, name=name)


def decode_image(
    contents: Any,
    channels: int | None = None,
    dtype: Any = dtypes.uint8,
    name: str | None = None,
    expand_animations: bool = True,
) -> Any:
    """Decode a BMP, GIF, JPEG or PNG file.

    Args:
        contents: The file, a string scalar.
        channels: How many channels the image gets; 0 or None for those of the file.
        dtype: Type of the image.
        name: Name of the scope.
        expand_animations: Whether a GIF becomes `[frames, h, w, 3]`, not `[h, w, 3]`
            of its first frame.
    """
    with name_scope(name, "decode_image"):
        channels = 0 if channels is None else channels
        decoded_as = dtype
        if dtype not in (dtypes.float32, dtypes.uint8, dtypes.uint16):
            decoded_as = dtypes.uint16
        image = op(
            "DecodeImage",
            contents=contents,
            channels=channels,
            expand_animations=expand_animations,
            dtype=decoded_as,
        )
        if decoded_as != dtype:
            image = convert_image_dtype(image, dtype)
        if not expand_animations:
            image.set_shape([None, None, channels or None])
        return image


def decode_jpeg(
    contents: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Tensor:
    """Decode a JPEG file to `uint8[height, width, channels]`.

    Args:
        contents: The file, a string scalar.
        channels: 1 or 3; 0 for those of the file.
        ratio: Divides height and width: 1, 2, 4 or 8.
        fancy_upscaling: Whether colours are interpolated, not copied.
        try_recover_truncated: Whether what is missing of the file is made up.
        acceptable_fraction: Which part of the lines must be there.
        dct_method: `INTEGER_FAST`, the default, or `INTEGER_ACCURATE`.
        name: Name of the operation.
    """
    result: Tensor = op(
        "DecodeJpeg",
        contents=contents,
        channels=channels,
        ratio=ratio,
        fancy_upscaling=fancy_upscaling,
        try_recover_truncated=try_recover_truncated,
        acceptable_fraction=acceptable_fraction,
        dct_method=dct_method,
        name=name,
    )
    return result


def decode_and_crop_jpeg(
    contents: Any,
    crop_window: Any,
    channels: int = 0,
    ratio: int = 1,
    fancy_upscaling: bool = True,
    try_recover_truncated: bool = False,
    acceptable_fraction: float = 1,
    dct_method: str = "",
    name: str | None = None,
) -> Tensor:
    """Decode a part of a JPEG file.

    Args:
        contents: The file, a string scalar.
        crop_window: Row and column where the part begins, its height and width.
        channels: As in `decode_jpeg`, like the arguments below.
        ratio: See there.
        fancy_upscaling: See there.
        try_recover_truncated: See there.
        acceptable_fraction: See there.
        dct_method: See there.
        name: Name of the operation.
    """
    result: Tensor = op(
        "DecodeAndCropJpeg",
        contents=contents,
        crop_window=crop_window,
        channels=channels,
        ratio=ratio,
        fancy_upscaling=fancy_upscaling,
        try_recover_truncated=try_recover_truncated,
        acceptable_fraction=acceptable_fraction,
        dct_method=dct_method,
        name=name,
    )
    return result


def extract_jpeg_shape(
    contents: Any, output_type: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """Return height, width and channels of a JPEG file without decoding it."""
    result: Tensor = op(
        "ExtractJpegShape", contents=contents, output_type=output_type, name=name
    )
    return result


def decode_png(
    contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None
) -> Tensor:
    """Decode a PNG file to `[height, width, channels]`.

    Args:
        contents: The file, a string scalar.
        channels: 1, 3 or 4; 0 for those of the file.
        dtype: `uint8` or `uint16`.
        name: Name of the operation.
    """
    result: Tensor = op(
        "DecodePng", contents=contents, channels=channels, dtype=dtype, name=name
    )
    return result


def decode_bmp(contents: Any, channels: int = 0, name: str | None = None) -> Tensor:
    """Decode a BMP file to `uint8[height, width, channels]`."""
    result: Tensor = op("DecodeBmp", contents=contents, channels=channels, name=name)
    return result


def decode_gif(contents: Any, name: str | None = None) -> Tensor:
    """Decode a GIF file to `uint8[frames, height, width, 3]`."""
    result: Tensor = op("DecodeGif", contents=contents, name=name)
    return result


def decode_webp(
    contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None
) -> Tensor:
    """Decode a WebP file to `uint8[frames, height, width, channels]`."""
    result: Tensor = op(
        "DecodeWebP", contents=contents, channels=channels, dtype=dtype, name=name
    )
    return result


def decode_jxl(
    contents: Any, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None
) -> Tensor:
    """Add an operation that decodes JPEG XL, which does not run here."""
    result: Tensor = op(
        "DecodeJxl", contents=contents, channels=channels, dtype=dtype, name=name
    )
    return result


def encode_jpeg(
    image: Any,
    format: str = "",
    quality: int = 95,
    progressive: bool = False,
    optimize_size: bool = False,
    chroma_downsampling: bool = True,
    density_unit: str = "in",
    x_density: int = 300,
    y_density: int = 300,
    xmp_metadata: str = "",
    name: str | None = None,
) -> Tensor:
    """Encode `uint8[height, width, channels]` as a JPEG file.

    Args:
        image: An image with one channel or three.
        format: `grayscale`, `rgb`, or nothing: what fits the channels.
        quality: From 0 to 100.
        progressive: Whether a coarse image comes first.
        optimize_size: Whether the code is fitted to the image.
        chroma_downsampling: Whether colours have half of the resolution.
        density_unit: `in` or `cm`.
        x_density: Pixels per unit.
        y_density: Pixels per unit.
        xmp_metadata: Metadata, XMP.
        name: Name of the operation.
    """
    result: Tensor = op(
        "EncodeJpeg",
        image=image,
        format=format,
        quality=quality,
        progressive=progressive,
        optimize_size=optimize_size,
        chroma_downsampling=chroma_downsampling,
        density_unit=density_unit,
        x_density=x_density,
        y_density=y_density,
        xmp_metadata=xmp_metadata,
        name=name,
    )
    return result


def encode_png(image: Any, compression: int = -1, name: str | None = None) -> Tensor:
    """Encode `[height, width, channels]`, `uint8` or `uint16`, as a PNG file.

    Args:
        image: An image with one to four channels.
        compression: From 0 to 9; -1 for what is usual.
        name: Name of the operation.
    """
    result: Tensor = op(
        "EncodePng",
        image=convert_to_tensor(image),
        compression=compression,
        name=name,
    )
    return result


def adjust_jpeg_quality(
    image: Any, jpeg_quality: Any, dct_method: str = "", name: str | None = None
) -> Any:
    """Encode an image as JPEG and decode it again.

    Args:
        image: `[height, width, channels]` of any type.
        jpeg_quality: From 0 to 100.
        dct_method: As in `decode_jpeg`.
        name: Name of the scope.
    """
    with name_scope(name, "adjust_jpeg_quality", [image]):
        image = convert_to_tensor(image, name="image")
        channels = image.shape.as_list()[-1]
        pixels = convert_image_dtype(image, dtypes.uint8, saturate=True)
        if not is_symbolic(jpeg_quality):
            jpeg_quality = convert_to_tensor(jpeg_quality, dtype=dtypes.int32)
        contents = op("EncodeJpegVariableQuality", images=pixels, quality=jpeg_quality)
        decoded = decode_jpeg(contents, channels=channels, dct_method=dct_method)
        return convert_image_dtype(decoded, image.dtype, saturate=True)
