"""Resizing of images (`tf.image.resize` and its kin).

Source: tensorflow python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from metagraft.api.image_checks import (
    as_batch,
    checks_of_at_least_3d,
    demand,
    larger,
    sizes_of,
)
from metagraft.api.image_crop import pad_to_bounding_box
from metagraft.api.math import floor
from metagraft.api.math import round as rounded
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import cast
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.folding import constant_value_as_dims
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "ResizeMethod",
    "resize_area",
    "resize_bicubic",
    "resize_bilinear",
    "resize_image_with_pad",
    "resize_images",
    "resize_nearest_neighbor",
]


class ResizeMethod:
    """How the pixels of a resized image are made."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


_OP_TYPES: Final = {
    ResizeMethod.BILINEAR: "ResizeBilinear",
    "bilinear": "ResizeBilinear",
    ResizeMethod.NEAREST_NEIGHBOR: "ResizeNearestNeighbor",
    "nearest": "ResizeNearestNeighbor",
    ResizeMethod.BICUBIC: "ResizeBicubic",
    "bicubic": "ResizeBicubic",
    ResizeMethod.AREA: "ResizeArea",
    "area": "ResizeArea",
}


def resize_images(
    images: Any,
    size: Any,
    method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
    preserve_aspect_ratio: bool = False,
    name: str | None = None,
) -> Any:
    """Bring an image or each of a batch to a size.

    Args:
        images: `[h, w, c]` or `[n, h, w, c]`.
        size: New height and width.
        method: One of `ResizeMethod`, or its name in small letters.
        align_corners: Whether the centres of the corner pixels stay where they are.
        preserve_aspect_ratio: Whether the size is a limit that the image is fitted
            into.
        name: Name of the scope.

    Returns:
        `float32`, but of the type of `images` for the nearest neighbour, and if the
        image is known to have the size.

    Raises:
        ValueError: The rank or the size is not as above, or there is no such method.
    """
    with name_scope(name, "resize", [images, size]):
        images = convert_to_tensor(images, name="images")
        images, is_batch = _batch_of(images)
        sizes = _checked_size(size)
        if preserve_aspect_ratio:
            sizes = _fitted(images, sizes)
        # TensorFlow does not follow what it computed from the aspect ratio.
        wanted = None if preserve_aspect_ratio else constant_value_as_dims(sizes)
        new_height, new_width = (None, None) if wanted is None else wanted
        _, height, width, _ = images.get_shape().as_list()
        is_known = None not in (new_height, new_width, height, width)
        if not (is_known and (width, height) == (new_width, new_height)):
            images = _resized(method, images, sizes, align_corners)
            images.set_shape([None, new_height, new_width, None])
        return images if is_batch else array.squeeze(images, axis=[0])


def _batch_of(images: Tensor) -> tuple[Tensor, bool]:
    rank = images.get_shape().ndims
    if rank is None:
        raise ValueError("'images' contains no shape.")
    if rank == 3:
        return array.expand_dims(images, 0), False
    if rank != 4:
        raise ValueError("'images' must have either 3 or 4 dimensions.")
    return images, True


def _checked_size(size: Any) -> Tensor:
    try:
        sizes = convert_to_tensor(size, dtypes.int32, name="size")
    except (TypeError, ValueError):
        raise ValueError("'size' must be a 1-D int32 Tensor") from None
    if not sizes.get_shape().is_compatible_with([2]):
        raise ValueError(
            "'size' must be a 1-D Tensor of 2 elements: new_height, new_width"
        )
    return sizes


def _fitted(images: Tensor, size: Tensor) -> Tensor:
    """Return the largest size inside `size` with the proportions of the images."""
    _, height, width, _ = sizes_of(images, 4)
    factors = []
    for place, own in enumerate((height, width)):
        wanted = cast(size[place], dtypes.float32)
        factors.append(wanted / cast(own, dtypes.float32))
    factor = op("Minimum", x=factors[0], y=factors[1])
    scaled = [
        cast(rounded(factor * cast(own, dtypes.float32)), dtypes.int32)
        for own in (height, width)
    ]
    return convert_to_tensor(scaled, dtypes.int32, name="size")


def _resized(method: Any, images: Tensor, size: Any, align_corners: bool) -> Tensor:
    if method not in _OP_TYPES:
        raise ValueError(f"Resize method is not implemented: {method}")
    result: Tensor = op(
        _OP_TYPES[method], images=images, size=size, align_corners=align_corners
    )
    return result


def resize_image_with_pad(
    image: Any,
    target_height: Any,
    target_width: Any,
    method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
) -> Any:
    """Fit an image or each of a batch into a size, with margins of zeros.

    The arguments are those of `resize_images`.

    Raises:
        ValueError: A size is not positive, or the rank is neither 3 nor 4.
    """
    return _with_pad(
        image,
        (target_height, target_width),
        lambda batch, size: resize_images(
            batch, size, method, align_corners=align_corners
        ),
    )


def _with_pad(
    image: Any, target: tuple[Any, Any], resize: Callable[[Tensor, Any], Any]
) -> Any:
    target_height, target_width = target
    with name_scope(None, "resize_image_with_pad", [image]):
        image, is_batch = as_batch(convert_to_tensor(image, name="image"))
        checks = checks_of_at_least_3d(image)
        checks += demand(target_width > 0, "target_width must be > 0.")
        checks += demand(target_height > 0, "target_height must be > 0.")
        image = with_dependencies(checks, image)
        _, height, width, _ = sizes_of(image, 4)
        own_height, own_width, wanted_height, wanted_width = (
            cast(size, dtype=dtypes.float32)
            for size in (height, width, target_height, target_width)
        )
        ratio = larger(own_width / wanted_width, own_height / wanted_height)
        new_height, new_width = own_height / ratio, own_width / ratio
        sizes = [_whole(new_height), _whole(new_width)]
        margins = (wanted_height - new_height) / 2, (wanted_width - new_width) / 2
        floors = floor(margins[0]), floor(margins[1])
        top, left = (larger(0, cast(margin, dtype=dtypes.int32)) for margin in floors)
        resized = resize(image, sizes)
        padded = pad_to_bounding_box(resized, top, left, target_height, target_width)
        # TF: asks for the sizes and does not use them.
        sizes_of(padded, 4)
        return padded if is_batch else array.squeeze(padded, axis=[0])


def _whole(size: Tensor) -> Any:
    return cast(floor(size), dtype=dtypes.int32)


def _by_op(op_type: str, arguments: dict[str, Any], name: str | None) -> Tensor:
    result: Tensor = op(op_type, **arguments, name=name)
    return result


def resize_bilinear(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """Resize `[n, h, w, c]`, interpolating between neighbours.

    Args:
        images: The images.
        size: New height and width.
        align_corners: Whether the centres of the corner pixels stay where they are.
        name: Name of the operation.
        half_pixel_centers: Whether centres of pixels are at 0.5, not at 0.
    """
    arguments = {
        "images": images,
        "size": size,
        "align_corners": align_corners,
        "half_pixel_centers": half_pixel_centers,
    }
    return _by_op("ResizeBilinear", arguments, name)


def resize_nearest_neighbor(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """Resize `[n, h, w, c]`, copying pixels; see `resize_bilinear`."""
    arguments = {
        "images": images,
        "size": size,
        "align_corners": align_corners,
        "half_pixel_centers": half_pixel_centers,
    }
    return _by_op("ResizeNearestNeighbor", arguments, name)


def resize_bicubic(
    images: Any,
    size: Any,
    align_corners: bool = False,
    name: str | None = None,
    half_pixel_centers: bool = False,
) -> Tensor:
    """Resize `[n, h, w, c]` by cubics through pixels; see `resize_bilinear`."""
    arguments = {
        "images": images,
        "size": size,
        "align_corners": align_corners,
        "half_pixel_centers": half_pixel_centers,
    }
    return _by_op("ResizeBicubic", arguments, name)


def resize_area(
    images: Any, size: Any, align_corners: bool = False, name: str | None = None
) -> Tensor:
    """Resize `[n, h, w, c]` to means of areas; see `resize_bilinear`."""
    arguments = {"images": images, "size": size, "align_corners": align_corners}
    return _by_op("ResizeArea", arguments, name)
