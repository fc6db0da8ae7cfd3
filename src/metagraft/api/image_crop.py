"""Parts of images, and images with a margin (`tf.image.central_crop` and its kin).

Source: tensorflow python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.image_checks import (
    as_batch,
    at_least_3d,
    checks_of_at_least_3d,
    demand,
    is_symbolic,
    larger,
    sizes_of,
    smaller,
)
from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import cast, equal
from metagraft.graph.build.pad import pad
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "central_crop",
    "crop_and_resize",
    "crop_to_bounding_box",
    "extract_glimpse",
    "pad_to_bounding_box",
    "resize_image_with_crop_or_pad",
]


def central_crop(image: Any, central_fraction: Any) -> Any:
    """Take the middle of `[h, w, c]` or of each of `[n, h, w, c]`.

    Args:
        image: One image or a batch.
        central_fraction: Which part of height and width, above 0, at most 1.

    Raises:
        ValueError: The fraction is out of range, or the rank is not 3 or 4.
    """
    with name_scope(None, "central_crop", [image]):
        image = convert_to_tensor(image, name="image")
        known = _known_fraction(central_fraction)
        if known is None:
            checks = demand(
                op("LogicalOr", x=central_fraction > 0.0, y=central_fraction <= 1.0),
                "central_fraction must be within (0, 1]",
            )
            image = with_dependencies(checks, image)
        elif known <= 0.0 or known > 1.0:
            raise ValueError("central_fraction must be within (0, 1]")
        elif known == 1.0:
            return image
        at_least_3d(image)
        rank = image.get_shape().ndims
        if rank not in (3, 4):
            raise ValueError(
                "`image` should either be a Tensor with rank = 3 or rank = 4. Had rank"
                f" = {rank}."
            )
        return _middle(image, rank - 3, central_fraction, known)


def _known_fraction(fraction: Any) -> Any:
    return constant_value(fraction) if isinstance(fraction, Tensor) else fraction


def _middle(image: Tensor, first: int, fraction: Any, known: Any) -> Tensor:
    """Cut the middle out along the axes `first` and the one after it."""
    shape = image.get_shape().as_list()
    sizes = [
        (shape[axis], False)
        if shape[axis] is not None
        else (array.shape(image)[axis], True)
        for axis in (first, first + 1)
    ]
    starts = [
        _margin_of(size, is_fed or known is None, fraction, known)
        for size, is_fed in sizes
    ]
    lengths = [size - start * 2 for (size, _), start in zip(sizes, starts, strict=True)]
    batch = [0] * first, [-1] * first
    begin = array.stack([*batch[0], *starts, 0])
    size = array.stack([*batch[1], *lengths, -1])
    result = array.slice_(image, begin, size)
    known_lengths = [
        None if is_fed or known is None else length
        for (_, is_fed), length in zip(sizes, lengths, strict=True)
    ]
    result.set_shape([*shape[:first], *known_lengths, shape[first + 2]])
    return result


def _margin_of(size: Any, is_fed: bool, fraction: Any, known: Any) -> Any:
    if not is_fed:
        whole = float(size)
        return int((whole - whole * known) / 2)
    wide = cast(size, dtypes.float64)
    rest = wide - wide * cast(fraction, dtypes.float64)
    return cast(rest / 2, dtypes.int32)


def pad_to_bounding_box(
    image: Any,
    offset_height: Any,
    offset_width: Any,
    target_height: Any,
    target_width: Any,
) -> Any:
    """Put an image or each of a batch on a larger ground of zeros.

    Args:
        image: `[h, w, c]` or `[n, h, w, c]`.
        offset_height: Rows above it.
        offset_width: Columns left of it.
        target_height: Rows of the ground.
        target_width: Columns of the ground.

    Raises:
        ValueError: It does not fit there, or has neither rank.
    """
    with name_scope(None, "pad_to_bounding_box", [image]):
        image, is_batch = as_batch(convert_to_tensor(image, name="image"))
        batch, height, width, depth = sizes_of(image, 4)
        right = target_width - offset_width - width
        below = target_height - offset_height - height
        checks = checks_of_at_least_3d(image)
        checks += demand(offset_height >= 0, "offset_height must be >= 0")
        checks += demand(offset_width >= 0, "offset_width must be >= 0")
        checks += demand(right >= 0, "width must be <= target - offset")
        checks += demand(below >= 0, "height must be <= target - offset")
        image = with_dependencies(checks, image)
        widths = [0, 0, offset_height, below, offset_width, right, 0, 0]
        padded = pad(image, array.reshape(array.stack(widths), [4, 2]))
        return _shaped(padded, (batch, target_height, target_width, depth), is_batch)


def _shaped(image: Tensor, sizes: tuple[Any, ...], is_batch: bool) -> Tensor:
    """Tell what is known of the shape, and drop the batch that was added."""
    image.set_shape([None if is_symbolic(size) else size for size in sizes])
    return image if is_batch else array.squeeze(image, axis=[0])


def crop_to_bounding_box(
    image: Any,
    offset_height: Any,
    offset_width: Any,
    target_height: Any,
    target_width: Any,
) -> Any:
    """Cut a box out of an image or of each of a batch.

    Args:
        image: `[h, w, c]` or `[n, h, w, c]`.
        offset_height: Rows above the box.
        offset_width: Columns left of it.
        target_height: Rows of the box.
        target_width: Columns of the box.

    Raises:
        ValueError: The box is not inside, or the image has neither rank.
    """
    with name_scope(None, "crop_to_bounding_box", [image]):
        image, is_batch = as_batch(convert_to_tensor(image, name="image"))
        checks = checks_of_at_least_3d(image)
        batch, height, width, depth = sizes_of(image, 4)
        checks += demand(offset_width >= 0, "offset_width must be >= 0.")
        checks += demand(offset_height >= 0, "offset_height must be >= 0.")
        checks += demand(target_width > 0, "target_width must be > 0.")
        checks += demand(target_height > 0, "target_height must be > 0.")
        checks += demand(
            width >= target_width + offset_width, "width must be >= target + offset."
        )
        checks += demand(
            height >= target_height + offset_height,
            "height must be >= target + offset.",
        )
        image = with_dependencies(checks, image)
        begin = array.stack([0, offset_height, offset_width, 0])
        size = array.stack(
            [
                array.shape(image)[0],
                target_height,
                target_width,
                array.shape(image)[3],
            ]
        )
        cropped = array.slice_(image, begin, size)
        return _shaped(cropped, (batch, target_height, target_width, depth), is_batch)


def resize_image_with_crop_or_pad(
    image: Any, target_height: Any, target_width: Any
) -> Any:
    """Cut the margins of images off, or add some, so that they have a size.

    Raises:
        ValueError: A size is not positive, or the image has neither three nor four
            dimensions.
    """
    with name_scope(None, "resize_image_with_crop_or_pad", [image]):
        image, is_batch = as_batch(convert_to_tensor(image, name="image"))
        checks = checks_of_at_least_3d(image)
        checks += demand(target_width > 0, "target_width must be > 0.")
        checks += demand(target_height > 0, "target_height must be > 0.")
        image = with_dependencies(checks, image)
        if is_symbolic(target_height):
            target_height = with_dependencies(checks, target_height)
        if is_symbolic(target_width):
            target_width = with_dependencies(checks, target_width)
        resized = _cropped_and_padded(image, target_height, target_width)
        return resized if is_batch else array.squeeze(resized, axis=[0])


def _cropped_and_padded(image: Tensor, height: Any, width: Any) -> Any:
    _, own_height, own_width, _ = sizes_of(image, 4)
    missing = width - own_width
    crop_left, pad_left = larger(-missing // 2, 0), larger(missing // 2, 0)
    missing = height - own_height
    crop_top, pad_top = larger(-missing // 2, 0), larger(missing // 2, 0)
    cropped = crop_to_bounding_box(
        image,
        crop_top,
        crop_left,
        smaller(height, own_height),
        smaller(width, own_width),
    )
    resized = pad_to_bounding_box(cropped, pad_top, pad_left, height, width)
    _, new_height, new_width, _ = sizes_of(resized, 4)
    checks = demand(_same(new_height, height), "resized height is not correct.")
    checks += demand(_same(new_width, width), "resized width is not correct.")
    return with_dependencies(checks, resized)


def _same(x: Any, y: Any) -> Any:
    return equal(x, y) if is_symbolic(x) or is_symbolic(y) else x == y


def crop_and_resize(
    image: Any,
    boxes: Any,
    box_ind: Any = None,
    crop_size: Any = None,
    method: str = "bilinear",
    extrapolation_value: float = 0,
    name: str | None = None,
    box_indices: Any = None,
) -> Tensor:
    """Cut boxes out of images and bring them to one size.

    Args:
        image: `[batch, height, width, depth]`.
        boxes: `[boxes, 4]`: y1, x1, y2, x2, where 1 is the last row or column.
        box_ind: The older name of `box_indices`.
        crop_size: Height and width of the result.
        method: `bilinear` or `nearest`.
        extrapolation_value: What stands outside of the image.
        name: Name of the operation.
        box_indices: `[boxes]`: which image each box is in.
    """
    indices = renamed_argument("box_indices", box_indices, "box_ind", box_ind)
    result: Tensor = op(
        "CropAndResize",
        image=image,
        boxes=boxes,
        box_ind=indices,
        crop_size=crop_size,
        method=method,
        extrapolation_value=extrapolation_value,
        name=name,
    )
    return result


def extract_glimpse(
    input: Any,
    size: Any,
    offsets: Any,
    centered: bool = True,
    normalized: bool = True,
    uniform_noise: bool = True,
    name: str | None = None,
) -> Tensor:
    """Take a part of each image, with noise where it reaches over the edge.

    Args:
        input: `[batch, height, width, channels]`.
        size: Height and width of the part.
        offsets: `[batch, 2]`: y and x of its centre.
        centered: Whether 0 is the centre of the image, not its corner.
        normalized: Whether 1 is the edge, not one pixel.
        uniform_noise: Whether the noise is uniform, not normal.
        name: Name of the operation.
    """
    result: Tensor = op(
        "ExtractGlimpse",
        input=input,
        size=size,
        offsets=offsets,
        centered=centered,
        normalized=normalized,
        uniform_noise=uniform_noise,
        name=name,
    )
    return result
