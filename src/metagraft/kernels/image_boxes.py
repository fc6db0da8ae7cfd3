"""Boxes around things in images; twin of `ops/image_boxes.py`.

Source: tensorflow core/kernels/image/draw_bounding_box_op.cc,
sample_distorted_bounding_box_op.cc, core/lib/random/simple_philox.h.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels import philox
from metagraft.kernels.kernel import Array, Kernel, RandomStream
from metagraft.kernels.namespace import jax_numpy, namespace
from metagraft.kernels.stateless_random import scrambled

_F = np.float32
# Yellow, blue, red, lime, purple, olive, maroon, navy, aqua, fuchsia.
_COLORS: Final = np.array(
    [
        [1, 1, 0, 1],
        [0, 0, 1, 1],
        [1, 0, 0, 1],
        [0, 1, 0, 1],
        [0.5, 0, 0.5, 1],
        [0.5, 0.5, 0, 1],
        [0.5, 0, 0, 1],
        [0, 0, 0.5, 1],
        [0, 1, 1, 1],
        [1, 0, 1, 1],
    ],
    _F,
)


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _check_drawing(images: Array, boxes: Array) -> None:
    if images.ndim != 4:
        raise _invalid("The rank of the images should be 4")
    if boxes.ndim != 3:
        raise _invalid("The rank of the boxes tensor should be 3")
    if images.shape[0] != boxes.shape[0]:
        raise _invalid("The batch sizes should be the same")
    if images.shape[3] not in (1, 3, 4):
        raise _invalid("Channel depth should be either 1 (GRY), 3 (RGB), or 4 (RGBA)")


def draw_bounding_boxes(_attrs: Any, images: Array, boxes: Array) -> tuple[Array]:
    """Draw lines of one pixel, in ten colours in turn."""
    _check_drawing(images, boxes)
    colors = _COLORS.copy()
    if images.shape[3] == 1:
        colors[:, 0] = 1
    return (_drawn(images, boxes, colors),)


def draw_bounding_boxes_v2(
    attrs: Any, images: Array, boxes: Array, colors: Array
) -> tuple[Array]:
    """The same in given colours."""
    _check_drawing(images, boxes)
    if colors.ndim != 2:
        raise _invalid(f"colors must be a 2-D matrix{show(colors.shape)}")
    if colors.shape[1] < images.shape[3]:
        raise _invalid(
            "colors must have equal or more channels than the image provided:"
            f" {show(colors.shape)}"
        )
    if not colors.shape[0] or not colors.shape[1]:
        return draw_bounding_boxes(attrs, images, boxes)
    return (_drawn(images, boxes, colors),)


def _corners(boxes: Array, images: Array) -> tuple[Array, Array]:
    """Return where boxes begin and end in pixels `[n, boxes, 4]`, and which count.

    The corners are whole, in `float32`: top, left, bottom and right; they may lie
    outside.
    """
    xp = namespace(boxes)
    sizes = np.array(images.shape[1:3], _F)
    corners = xp.trunc(boxes.astype(_F) * np.tile(sizes - _F(1), 2))
    low, high = corners[..., :2], corners[..., 2:]
    is_drawn = (low <= high) & (low < sizes) & (high >= 0)
    return corners, is_drawn.all(axis=-1)


def _drawn(images: Array, boxes: Array, colors: Array) -> Array:
    if not boxes.shape[1]:
        return images
    corners, is_drawn = _corners(boxes, images)
    table = colors[:, : images.shape[3]].astype(images.dtype)
    if namespace(images, boxes, colors) is np:
        return _drawn_on_host(images, corners, is_drawn, table)
    return _drawn_in_program(images, corners, is_drawn, table)


def _drawn_on_host(
    images: np.ndarray, corners: np.ndarray, is_drawn: np.ndarray, table: np.ndarray
) -> np.ndarray:
    out = images.copy()
    ends = np.tile(np.array(images.shape[1:3], _F) - _F(1), 2)
    inside = ((corners >= 0) & (corners <= ends))[is_drawn].tolist()
    lines = np.clip(corners[is_drawn], _F(0), ends).astype(np.int64).tolist()
    places = np.argwhere(is_drawn).tolist()
    for (image, number), sides, is_in in zip(places, lines, inside, strict=True):
        color, pixels = table[number % len(table)], out[image]
        top, left, bottom, right = sides
        rows, columns = slice(top, bottom + 1), slice(left, right + 1)
        for row, is_seen in ((top, is_in[0]), (bottom, is_in[2])):
            if is_seen:
                pixels[row, columns] = color
        for column, is_seen in ((left, is_in[1]), (right, is_in[3])):
            if is_seen:
                pixels[rows, column] = color
    return out


def _drawn_in_program(
    images: Array, corners: Array, is_drawn: Array, table: Array
) -> Array:
    """Find for every pixel the last box that it is an edge of."""
    xp = jax_numpy()
    count, boxes = corners.shape[:2]
    height, width = images.shape[1:3]
    numbers = xp.arange(1, boxes + 1, dtype=np.int32)[None, :, None]
    numbers = xp.where(is_drawn[..., None], numbers, np.int32(0))
    image = np.arange(count, dtype=np.int32)[:, None, None]
    last = xp.zeros((count, height, width), np.int32)
    ends = np.tile(np.array([height, width], _F), 2)
    # What is outside goes to a place that is dropped.
    lines = xp.where((corners >= 0) & (corners < ends), corners, ends).astype(np.int32)
    for axis, size in ((0, width), (1, height)):
        along = np.arange(size, dtype=_F)
        low, high = (corners[..., 1 - axis + at, None] for at in (0, 2))
        covered = xp.where((along >= low) & (along <= high), numbers, np.int32(0))
        places = np.arange(size, dtype=np.int32)
        for side in (axis, axis + 2):
            line = lines[..., side, None]
            where = (line, places) if axis == 0 else (places, line)
            last = last.at[(image, *where)].max(covered, mode="drop")
    color = xp.asarray(table)[(last - np.int32(1)) % np.int32(len(table))]
    return xp.where((last > 0)[..., None], color, images)


class _Box(NamedTuple):
    """A rectangle of whole pixels; the end is outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> Any:
        """How many pixels there are in it."""
        return _F((self.right - self.left) * (self.bottom - self.top))

    def shared_with(self, other: _Box) -> Any:
        """How many pixels are in both."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        if left > right or top > bottom:
            return _F(0)
        return _Box(left, top, right, bottom).area


class _Draws:
    """Numbers of a stream of Philox, one word after the other."""

    def __init__(self, key: Array, counter: Array) -> None:
        self._words = self._stream(key, counter)

    @staticmethod
    def _stream(key: Array, counter: Array) -> Iterator[int]:
        block = 0
        while True:
            lanes = philox.words(key, counter, np.array([block], np.uint64))
            yield from (int(lane[0]) for lane in lanes)
            block += 1

    def word(self) -> int:
        """The next 32 bits."""
        return next(self._words)

    def fraction(self) -> Any:
        """A number from 0 to 1 in `float32`, of 23 bits."""
        bits = np.uint32(self.word() & 0x7FFFFF | 127 << 23)
        return bits.view(_F) - _F(1)

    def below(self, n: int) -> int:
        """An integer below `n`, all as likely; one word is drawn for 0."""
        if n <= 0:
            self.word()
            return 0
        if n & (n - 1) == 0:
            return self.word() & (n - 1)
        remainder = 0xFFFFFFFF % n + 1
        while (word := self.word()) < remainder:
            pass
        return word % n


def _rounded(x: Any) -> int:
    return int(np.rint(_F(x)))


def _random_crop(
    width: int, height: int, areas: tuple[Any, Any], ratio: Any, draws: _Draws
) -> _Box | None:
    """Return a box of that ratio whose area is in limits, if there is one."""
    if areas[1] <= 0 or ratio <= 0 or width <= 0 or height <= 0 or areas[0] > areas[1]:
        return None
    least, most = (_F(a) * _F(width) * _F(height) for a in areas)
    own_height = _rounded(np.sqrt(least / ratio))
    limit = _rounded(np.sqrt(most / ratio))
    if _rounded(_F(limit) * ratio) > width:
        limit = int((width + 0.5 - float(_F(0.0000001))) / float(ratio))
    limit = min(limit, height)
    own_height = min(own_height, limit)
    if own_height < limit:
        own_height += draws.below(limit - own_height + 1)
    own_width = _rounded(_F(own_height) * ratio)
    for step in (1, -1):
        area = _F(own_width * own_height)
        if area < least if step > 0 else area > most:
            own_height += step
            own_width = _rounded(_F(own_height) * ratio)
    area = _F(own_width * own_height)
    is_inside = 0 < own_width <= width and 0 < own_height <= height
    if area < least or area > most or not is_inside:
        return None
    top = draws.below(height - own_height) if own_height < height else 0
    left = draws.below(width - own_width) if own_width < width else 0
    return _Box(left, top, left + own_width, top + own_height)


def _covers(crop: _Box, share: Any, boxes: list[_Box]) -> bool:
    """Whether the crop covers that share of one of the boxes."""
    if crop.area < 1:
        return False
    return any(
        crop.shared_with(box) / box.area >= share for box in boxes if box.area >= 1
    )


def _check_ranges(attrs: Any, share: Any) -> None:
    if share < 0:
        raise _invalid(f"Min object covered must be non-negative: {share}")
    ratios, areas = attrs["aspect_ratio_range"], attrs["area_range"]
    if len(ratios) != 2:
        raise _invalid("Aspect ratio range field must specify 2 dimensions")
    if min(ratios) <= 0:
        raise _invalid(
            f"Aspect ratio range must be non-negative: [{ratios[0]}, {ratios[1]}]"
        )
    if len(areas) != 2:
        raise _invalid("Area range field must specify 2 dimensions")
    if min(areas) <= 0:
        raise _invalid(f"Area range must be non-negative: [{areas[0]}, {areas[1]}]")
    if max(areas) > 1:
        raise _invalid(
            f"Area range must be less then or equal to 1.0: [{areas[0]}, {areas[1]}]"
        )
    if attrs["max_attempts"] <= 0:
        raise _invalid(f"Max attempts must be non-negative: {attrs['max_attempts']}")


def _image_size(image_size: Array) -> tuple[int, int]:
    if image_size.ndim != 1:
        raise _invalid(f"image_size must be 1-dimensional{show(image_size.shape)}")
    if image_size.shape[0] != 3:
        raise _invalid(f"image_size must contain 3 elements{show(image_size.shape)}")
    height, width = (int(v) for v in image_size[:2])
    for name, size in (("height", height), ("width", width)):
        if not 0 <= size < 2**31 - 1:
            raise _invalid(f"image {name} cannot be >= int32 max")
    return height, width


def _given_boxes(attrs: Any, boxes: Array, height: int, width: int) -> list[_Box]:
    if boxes.ndim != 3:
        raise _invalid(
            "input boxes must be 3-dimensional [batch, num_boxes, coords]:"
            f" {show(boxes.shape)}"
        )
    if boxes.shape[2] != 4:
        raise _invalid(
            f"bounding boxes must have shape [4] or [*, 4], got {show(boxes.shape)}"
        )
    rows = boxes.reshape(-1, 4)
    outside = rows[~((rows >= 0) & (rows <= 1))]
    if len(outside):
        raise _invalid(
            f"All bounding box coordinates must be in [0.0, 1.0]: {outside[0]}"
        )
    if len(rows):
        scaled = rows * np.array([height, width, height, width], _F)
        return [_Box(int(x0), int(y0), int(x1), int(y1)) for y0, x0, y1, x1 in scaled]
    if not attrs["use_image_if_no_bounding_boxes"]:
        raise _invalid(
            "No bounding boxes provided as input. One must enable"
            " use_image_if_no_bounding_boxes if you wish to not provide any bounding"
            " boxes."
        )
    return [_Box(0, 0, width, height)]


def _sample(
    attrs: Any, draws: _Draws, image_size: Array, boxes: Array, share: Any
) -> tuple[Array, Array, Array]:
    _check_ranges(attrs, share)
    height, width = _image_size(image_size)
    given = _given_boxes(attrs, boxes, height, width)
    low, high = (_F(v) for v in attrs["aspect_ratio_range"])
    areas = tuple(_F(v) for v in attrs["area_range"])
    crop = _Box(0, 0, width, height)
    for _ in range(attrs["max_attempts"]):
        ratio = draws.fraction() * (high - low) + low
        found = _random_crop(width, height, (areas[0], areas[1]), ratio, draws)
        if found is not None and _covers(found, _F(share), given):
            crop = found
            break
    dtype = image_size.dtype
    sizes = np.array([height, width, height, width], _F)
    corners = np.array([crop.top, crop.left, crop.bottom, crop.right], _F)
    with np.errstate(divide="ignore", invalid="ignore"):
        box = (corners / sizes).reshape(1, 1, 4)
    return (
        np.array([crop.top, crop.left, 0]).astype(dtype),
        np.array([crop.bottom - crop.top, crop.right - crop.left, -1]).astype(dtype),
        box,
    )


def sample_distorted_bounding_box(
    rng: RandomStream, attrs: Any, image_size: Array, bounding_boxes: Array
) -> tuple[Array, ...]:
    """A random part of an image that covers enough of one of the boxes."""
    draws = _Draws(*rng.reserve(attrs["max_attempts"]))
    share = _F(attrs["min_object_covered"])
    return _sample(attrs, draws, image_size, bounding_boxes, share)


def _checked_share(share: Array) -> Any:
    if share.ndim:
        raise _invalid(f"min_object_covered must be 0-D, got shape {show(share.shape)}")
    return share[()]


def sample_distorted_bounding_box_v2(
    rng: RandomStream,
    attrs: Any,
    image_size: Array,
    bounding_boxes: Array,
    min_object_covered: Array,
) -> tuple[Array, ...]:
    draws = _Draws(*rng.reserve(attrs["max_attempts"]))
    share = _checked_share(np.asarray(min_object_covered))
    return _sample(attrs, draws, image_size, bounding_boxes, share)


def stateless_sample_distorted_bounding_box(
    attrs: Any,
    image_size: Array,
    bounding_boxes: Array,
    min_object_covered: Array,
    seed: Array,
) -> tuple[Array, ...]:
    draws = _Draws(*scrambled(seed))
    share = _checked_share(np.asarray(min_object_covered))
    return _sample(attrs, draws, image_size, bounding_boxes, share)


KERNELS = {
    "DrawBoundingBoxes": Kernel(draw_bounding_boxes),
    "DrawBoundingBoxesV2": Kernel(draw_bounding_boxes_v2),
    "SampleDistortedBoundingBox": Kernel(
        sample_distorted_bounding_box, host=True, random=True
    ),
    "SampleDistortedBoundingBoxV2": Kernel(
        sample_distorted_bounding_box_v2, host=True, random=True
    ),
    "StatelessSampleDistortedBoundingBox": Kernel(
        stateless_sample_distorted_bounding_box, host=True
    ),
}
