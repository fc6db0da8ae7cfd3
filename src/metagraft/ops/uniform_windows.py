"""Windows of convolutions of uniformly quantised numbers.

They are those of XLA: any order of axes, gaps between the pixels of the image, groups.

Source: tensorflow core/util/quantization/uniform_quant_ops_params.cc.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError

from metagraft.ops.windows import EXPLICIT, SAME, VALID
from metagraft.proto import UniformQuantizedConvolutionDimensionNumbersAttr as Numbers

__all__ = ["PlacedWindows", "UniformWindows"]

Sizes = tuple[int, ...]


def _dilated(size: int, step: int) -> int:
    return 0 if size == 0 else (size - 1) * step + 1


@dataclass(frozen=True, slots=True)
class PlacedWindows:
    """Windows over an image of known shape.

    Attributes:
        image: Its axes: batch, channels, spatial ones.
        kernel: The axes of the filter: outputs, channels, spatial ones.
        output: The axes of the result: batch, channels, spatial ones.
        strides: Steps along the spatial axes.
        gaps: Distances between pixels of the image.
        dilations: Distances between the taps of a window.
        pads: What is added before and after the spatial axes.
        output_shape: The shape of the result.
    """

    image: Sizes
    kernel: Sizes
    output: Sizes
    strides: Sizes
    gaps: Sizes
    dilations: Sizes
    pads: tuple[tuple[int, int], ...]
    output_shape: Sizes


@dataclass(frozen=True, slots=True)
class UniformWindows:
    """Attributes of the windows.

    Attributes:
        strides: Steps along the spatial axes; empty for 1.
        gaps: Distances between pixels of the image; empty for 1.
        dilations: Distances between the taps of a window; empty for 1.
        padding: `SAME`, `VALID` or `EXPLICIT`.
        explicit: What is added before and after the spatial axes, for `EXPLICIT`.
        numbers: The message with the order of the axes, or nothing.
        feature_groups: Groups of channels that have filters of their own.
        batch_groups: Groups of images that have filters of their own.
    """

    strides: Sizes
    gaps: Sizes
    dilations: Sizes
    padding: str
    explicit: Sizes
    numbers: bytes
    feature_groups: int
    batch_groups: int

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> UniformWindows:
        """Read the attributes."""
        return cls(
            strides=tuple(attrs["window_strides"]),
            gaps=tuple(attrs["lhs_dilation"]),
            dilations=tuple(attrs["rhs_dilation"]),
            padding=attrs["padding"].decode(),
            explicit=tuple(attrs["explicit_padding"]),
            numbers=attrs["dimension_numbers"],
            feature_groups=attrs["feature_group_count"],
            batch_groups=attrs["batch_group_count"],
        )

    def placed(self, image: Sizes, kernel: Sizes) -> PlacedWindows:
        """Return the windows over an image of this shape.

        Raises:
            ValueError: The shapes and attributes do not fit together.
        """
        self._check_padding()
        numbers = self._numbers()
        if len(image) != len(kernel):
            raise ValueError(
                "lhs and rhs must have same dims. Given lhs and rhs of shapes:"
                f" {_shown(image)}{_shown(kernel)}"
            )
        rank = len(image)
        if rank <= 2:
            raise ValueError(
                f"lhs and rhs shape dims must be at least 3. Given: {rank}"
            )
        strides = _steps("window_strides", self.strides, rank)
        gaps = _steps("lhs_dilation", self.gaps, rank)
        dilations = _steps("rhs_dilation", self.dilations, rank)
        axes = _axes(numbers, rank)
        self._check_channels([image[i] for i in axes[0]], [kernel[i] for i in axes[1]])
        sizes = [_dilated(image[i], g) for i, g in zip(axes[0][2:], gaps, strict=True)]
        taps = [
            _dilated(kernel[i], d) for i, d in zip(axes[1][2:], dilations, strict=True)
        ]
        pads = self._pads(rank, sizes, taps, strides)
        shape = [0] * rank
        shape[axes[2][0]] = image[axes[0][0]] // self.batch_groups
        shape[axes[2][1]] = kernel[axes[1][0]]
        for i, axis in enumerate(axes[2][2:]):
            room = sizes[i] + sum(pads[i]) - taps[i] + 1
            shape[axis] = -(-room // strides[i])
        if min(shape) < 0:
            raise ValueError(
                f"Expected shape dimensions to be non-negative, got {min(shape)}"
            )
        return PlacedWindows(*axes, strides, gaps, dilations, pads, tuple(shape))

    def _check_padding(self) -> None:
        if self.padding not in (EXPLICIT, SAME, VALID):
            raise ValueError(
                "padding Attr must be one of [EXPLICIT | SAME | VALID], but given:"
                f" {self.padding}"
            )
        if self.padding != EXPLICIT and self.explicit:
            raise ValueError(
                "If padding Attr is not 'EXPLICIT', explicit_padding Attr must be"
                f" empty. Given padding {self.padding} and explicit_padding of size"
                f" {len(self.explicit)}"
            )

    def _numbers(self) -> Numbers:
        try:
            return Numbers.FromString(self.numbers)
        except DecodeError as error:
            raise ValueError("Error parsing convolution dimension numbers.") from error

    def _check_channels(self, image: Sequence[int], kernel: Sequence[int]) -> None:
        """Check batch and channels of image and filter against the groups."""
        groups, channels, taken, outputs = (
            self.feature_groups,
            image[1],
            kernel[1],
            kernel[0],
        )
        if groups <= 0:
            raise ValueError(
                f"feature_group_count must be a positive integer, given: {groups}"
            )
        if channels % groups:
            raise ValueError(
                "feature_group_count must divide lhs feature dimension size, but"
                f" {groups} does not divide {channels}"
            )
        if taken == 0 or channels % taken:
            raise ValueError(
                "rhs input feature dimension must divide lhs feature dimension size,"
                f" but {taken} does not divide {channels}"
            )
        if channels // groups != taken:
            raise ValueError(
                "lhs feature dimension size divided by feature_group_count must equal"
                " the rhs input feature dimension size, but"
                f" {channels} / {groups} != {taken}"
            )
        _check_outputs("feature_group_count", groups, outputs)
        if self.batch_groups <= 0:
            raise ValueError(
                "batch_group_count Attr must be a positive integer. Given:"
                f" {self.batch_groups}"
            )
        if image[0] % self.batch_groups:
            raise ValueError(
                "batch_group_count must divide lhs batch dimension size, but"
                f" {self.batch_groups} does not divide {image[0]}"
            )
        _check_outputs("batch_group_count", self.batch_groups, outputs)

    def _pads(
        self, rank: int, sizes: Sequence[int], taps: Sequence[int], strides: Sizes
    ) -> tuple[tuple[int, int], ...]:
        if self.padding == VALID:
            return ((0, 0),) * (rank - 2)
        if self.padding == EXPLICIT:
            given = self.explicit
            if len(given) != 2 * (rank - 2):
                raise ValueError(
                    "Size of explicit_padding Attr must be 2 * (rank - 2). Given rank"
                    f" {rank} and explicit_padding of size {len(given)}"
                )
            if min(given) < 0:
                raise ValueError(
                    f"All explicit_padding elems must be >= 0, Given {_listed(given)}"
                )
            return tuple(zip(given[::2], given[1::2], strict=True))
        pads = []
        for size, extent, stride in zip(sizes, taps, strides, strict=True):
            windows = -(-size // stride)
            total = max((windows - 1) * stride + extent - size, 0)
            pads.append((total // 2, total - total // 2))
        return tuple(pads)


def _check_outputs(name: str, groups: int, outputs: int) -> None:
    if outputs % groups:
        raise ValueError(
            f"rhs output dimension size must be a multiple of {name}, but {outputs} is"
            f" not a multiple of {groups}"
        )


def _shown(sizes: Sizes) -> str:
    return f"[{','.join(map(str, sizes))}]"


def _listed(values: Iterable[int]) -> str:
    return ", ".join(map(str, values))


def _steps(name: str, values: Sizes, rank: int) -> Sizes:
    if not values:
        return (1,) * (rank - 2)
    if len(values) != rank - 2:
        raise ValueError(f"Size of {name} Attr must be dims - 2.")
    if min(values) < 1:
        raise ValueError(
            f"All elements of {name} must be >= 1. Given {_listed(values)}"
        )
    return values


def _axes(numbers: Numbers, rank: int) -> tuple[Sizes, Sizes, Sizes]:
    """Return the axes of image, filter and result, the spatial ones last."""
    if not numbers.input_spatial_dimensions:
        usual = tuple(range(rank))
        return usual, usual, usual
    image = (numbers.input_batch_dimension, numbers.input_feature_dimension)
    kernel = (
        numbers.kernel_output_feature_dimension,
        numbers.kernel_input_feature_dimension,
    )
    output = (numbers.output_batch_dimension, numbers.output_feature_dimension)
    return (
        _checked(image, numbers.input_spatial_dimensions, rank),
        _checked(kernel, numbers.kernel_spatial_dimensions, rank),
        _checked(output, numbers.output_spatial_dimensions, rank),
    )


def _checked(first: Sizes, spatial: Sequence[int], rank: int) -> Sizes:
    if len(spatial) != rank - 2:
        raise ValueError(
            f"Spatial dimensions size must be rank - 2. Given rank {rank} and spatial"
            f" dimensions size {len(spatial)}"
        )
    axes = (*first, *spatial)
    for axis in axes:
        if not 0 <= axis < rank:
            raise ValueError(
                "Each dimension number must be in region [0, rank). Given rank"
                f" {rank} and dimension number value {axis}"
            )
    return axes
