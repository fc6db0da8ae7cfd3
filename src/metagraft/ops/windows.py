"""Sliding windows: what convolution and pooling have in common.

The attributes of both are read into one record here, so that shape functions,
gradient rules and kernels agree on strides, paddings and the places of the axes.

Source: tensorflow core/framework/common_shape_fns.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from metagraft.errors import InvalidArgumentError

Pair = tuple[int, int]

SAME = "SAME"
VALID = "VALID"
EXPLICIT = "EXPLICIT"


@dataclass(frozen=True, slots=True)
class Words:
    """How an op says that an attribute has too many or too few values.

    Attributes:
        strides: What it says of strides, up to their number; `{}` is the layout.
        dilations: The same of dilations.
        window: The same of the sizes of the window.
    """

    strides: str
    dilations: str
    window: str

    @classmethod
    def of(cls, op: str, dilations: str = "dilation") -> Words:
        """Return the usual words of an op."""
        return cls(
            f"{op} requires the stride attribute",
            f"{op} requires the {dilations} attribute",
            f"{op} requires the ksize attribute",
        )


_ANY: Final = Words.of("Data format {}")
CONV2D_WORDS: Final = Words(
    "Conv2D on data format {} requires the stride attribute",
    "Conv2D requires the dilation attribute",
    "",
)
DEPTHWISE_WORDS: Final = Words.of("DepthwiseConv2D", dilations="dilations")


@dataclass(frozen=True, slots=True)
class WindowAttrs:
    """Attributes of an op that slides a window over an image.

    Attributes:
        rank: Dimensions of the image, batch and channels included.
        channels_first: Whether the channels are axis 1, not the last one.
        strides: Steps, for every axis.
        dilations: Distances between the taps of a window, for every axis.
        window: Sizes of the window, for every axis; empty where a filter or an
            operand gives them.
        padding: `SAME`, `VALID` or `EXPLICIT`.
        explicit: Paddings before and after every axis, for `EXPLICIT`.
        unfit: What does not fit together in the attributes of a gradient; "" if
            nothing. Whoever runs it has to `require_fit`.
    """

    rank: int
    channels_first: bool
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    window: tuple[int, ...]
    padding: str
    explicit: tuple[Pair, ...]
    unfit: str = ""

    @classmethod
    def read(cls, attrs: Mapping[str, Any], words: Words = _ANY) -> WindowAttrs:
        """Read the attributes of any op of these families.

        Only the strides and dilations of the spatial axes are checked here: whether a
        kernel can slide over others, and take a window of such sizes, it says itself.

        Raises:
            ValueError: The values do not fit together.
        """
        record = cls.read_lists(attrs, words)
        for axis in record.spatial:
            if record.strides[axis] <= 0:
                raise ValueError(f"Stride must be > 0, but got {record.strides[axis]}")
            if record.dilations[axis] <= 0:
                raise ValueError(
                    f"Dilation rate must be >= 1, but got {record.dilations[axis]}"
                )
        return record

    @classmethod
    def read_lists(cls, attrs: Mapping[str, Any], words: Words = _ANY) -> WindowAttrs:
        """As `read`, but check only how many values there are, not what they are.

        Raises:
            ValueError: There are too many or too few.
        """
        data_format = str(attrs.get("data_format", b"NHWC").decode())
        rank = len(data_format)
        padding = str(attrs["padding"].decode())
        dilations = _per_axis(words.dilations, attrs.get("dilations"), data_format)
        strides = _per_axis(words.strides, attrs.get("strides"), data_format)
        window = attrs.get("ksize")
        return cls(
            rank=rank,
            channels_first=data_format.startswith("NC"),
            strides=strides,
            dilations=dilations,
            window=()
            if window is None
            else _per_axis(words.window, window, data_format),
            padding=padding,
            explicit=explicit_pairs(
                attrs.get("explicit_paddings", ()), padding, data_format
            ),
        )

    @property
    def spatial(self) -> tuple[int, ...]:
        """The axes of height, width and so on."""
        first = 2 if self.channels_first else 1
        return tuple(range(first, first + self.rank - 2))

    @property
    def channels(self) -> int:
        """The axis of the channels."""
        return 1 if self.channels_first else self.rank - 1

    def with_window(self, window: Iterable[Any], strides: Iterable[Any]) -> WindowAttrs:
        """Return the record with sizes that came as operands."""
        return replace(
            self,
            strides=tuple(int(stride) for stride in strides),
            window=tuple(int(size) for size in window),
        )

    def require_fit(self) -> None:
        """Refuse to run a gradient whose attributes do not fit together.

        Raises:
            InvalidArgumentError: They do not.
        """
        if self.unfit:
            raise InvalidArgumentError(None, None, self.unfit)

    def output_size(self, axis: int, size: int | None, taps: int | None) -> int | None:
        """Return how many windows fit along an axis.

        Args:
            axis: The axis.
            size: Its size; None if unknown.
            taps: How many values the window takes along it; None if unknown.

        Raises:
            ValueError: The window is larger than what it slides over, or does not move.
        """
        stride = self.strides[axis]
        if stride <= 0:
            raise ValueError(f"Stride must be > 0, but got {stride}")
        if size is None:
            return None
        if self.padding == SAME:
            return -(-size // stride)
        if taps in (None, -1):  # TF: takes an attribute of -1 for what is not known
            return None
        assert taps is not None
        extent = (taps - 1) * self.dilations[axis] + 1
        if self.padding == EXPLICIT:
            size += sum(self.explicit[axis])
        if size < extent:
            raise ValueError(
                f"Negative dimension size caused by subtracting {extent} from {size}"
            )
        return (size - extent) // stride + 1

    def count(self, axis: int, size: int, taps: int) -> int:
        """Return how many windows a kernel puts along an axis.

        It takes more than shape functions: none fit into a little less than a window.

        Raises:
            InvalidArgumentError: The window is larger than what it slides over and one
                step, or it makes no steps.
        """
        stride = self.strides[axis]
        if stride <= 0:
            raise InvalidArgumentError(
                None, None, f"Stride must be > 0, but got {stride}"
            )
        if self.padding == SAME:
            return -(-size // stride)
        extent = (taps - 1) * self.dilations[axis] + 1
        padding = sum(self.explicit[axis]) if self.padding == EXPLICIT else 0
        room = size + padding - extent + stride
        if room <= -stride:
            raise InvalidArgumentError(
                None,
                None,
                f"Computed output size would be negative: {-(-room // stride)} "
                f"[input_size: {size}, effective_filter_size: {extent}, "
                f"stride: {stride}]",
            )
        return max(room // stride, 0)

    def pads(self, axis: int, size: int, taps: int) -> Pair:
        """Return the padding before and after an axis of known size."""
        if self.padding == VALID:
            return (0, 0)
        if self.padding == EXPLICIT:
            return self.explicit[axis]
        stride = self.strides[axis]
        extent = (taps - 1) * self.dilations[axis] + 1
        outputs = -(-size // stride)
        total = max((outputs - 1) * stride + extent - size, 0)
        return (total // 2, total - total // 2)


def windows_of(words: Words) -> Callable[[Mapping[str, Any]], WindowAttrs]:
    """Return a reader of attributes that says what is wrong in an op's words."""

    def read(attrs: Mapping[str, Any]) -> WindowAttrs:
        return WindowAttrs.read(attrs, words)

    return read


def windows_of_gradient(
    words: Words, reader: Callable[..., WindowAttrs] = WindowAttrs.read
) -> Callable[[Mapping[str, Any]], WindowAttrs]:
    """Return a reader that leaves it to the run to refuse what does not fit."""

    def read(attrs: Mapping[str, Any]) -> WindowAttrs:
        try:
            return reader(attrs, words)
        except ValueError as error:
            return replace(
                WindowAttrs.read_lists({**attrs, **_NO_STEPS}), unfit=str(error)
            )

    return read


# Stand for attributes that do not fit.
_NO_STEPS: Final = {
    "strides": None,
    "dilations": None,
    "ksize": None,
    "explicit_paddings": (),
    "padding": VALID.encode(),
}


def _per_axis(
    words: str, values: Sequence[int] | None, data_format: str
) -> tuple[int, ...]:
    rank = len(data_format)
    if values is None:
        return (1,) * rank
    if len(values) != rank:
        raise ValueError(
            f"{words.format(data_format)} to contain {rank} values, but got:"
            f" {len(values)}"
        )
    return tuple(values)


def explicit_pairs(
    values: Sequence[int], padding: str, data_format: str
) -> tuple[Pair, ...]:
    """Return paddings before and after every axis; none if `padding` says so.

    Raises:
        ValueError: There are too many or too few, or some that no kernel adds.
    """
    rank = len(data_format)
    if padding != EXPLICIT:
        if values:
            raise ValueError(
                "explicit_paddings attribute must be empty if the padding attribute"
                " is not EXPLICIT"
            )
        return ()
    if len(values) != 2 * rank:
        raise ValueError(
            f"explicit_paddings attribute must contain {2 * rank} values, but got:"
            f" {len(values)}"
        )
    if min(values) < 0:
        raise ValueError("All elements of explicit_paddings must be nonnegative")
    pairs = tuple(zip(values[::2], values[1::2], strict=True))
    if any(pairs[data_format.index(letter)] != (0, 0) for letter in "NC"):
        raise ValueError(
            "Nonzero explicit padding in the batch or depth dimensions is not supported"
        )
    return pairs
