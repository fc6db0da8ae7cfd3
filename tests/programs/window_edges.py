"""Windows of odd sizes, steps and rates, over operands that do not quite fit them."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

import numpy as np

_RANDOM: Final = np.random.RandomState(0)
_SAME: Final[dict[str, Any]] = {"padding": "SAME"}
_VALID: Final[dict[str, Any]] = {"padding": "VALID"}


def _whole(*dims: int) -> Any:
    return _RANDOM.randint(-4, 5, dims).astype(np.float32)


IMAGE: Final = _whole(2, 5, 6, 4)
VOLUME: Final = _whole(1, 4, 6, 4, 2)
_HOLED: Final = np.where(np.arange(6)[:, None] < 3, np.nan, IMAGE).astype(np.float32)

# Op, operands, attributes.
Program = tuple[str, dict[str, Any], dict[str, Any]]


def _dilations() -> Iterator[tuple[str, Program]]:
    """Rates of zero or less, and windows of which nothing counts."""
    for rates in ((0, 1), (-1, 2), (7, 7), (2, 2)):
        for padding in (_SAME, _VALID) if max(rates) < 3 else (_SAME,):
            attrs = {"strides": [1, 2, 1, 1], "rates": [1, *rates, 1], **padding}
            sizes = (3, 6)
            if padding is _VALID:
                extents = (1 + rates[0], 1 + rates[1])
                sizes = ((5 - extents[0]) // 2 + 1, 6 - extents[1] + 1)
            dy = _whole(2, *sizes, 4)
            for word, image in (("", IMAGE), ("_nan", _HOLED)):
                given = {"input": image, "filter": _whole(2, 2, 4)}
                name = f"dilation{word}_{rates[0]}_{rates[1]}_{padding['padding']}"
                yield name, ("Dilation2D", given, attrs)
                for side in ("Input", "Filter"):
                    op = f"Dilation2DBackprop{side}"
                    yield f"{name}_{side}", (op, {**given, "out_backprop": dy}, attrs)


def _depthwise_gradients() -> Iterator[tuple[str, Program]]:
    """Dilations that gradients of depthwise convolutions do not look at."""
    random = np.random.RandomState(7)  # those above keep their numbers
    image, kernel, dy = (
        random.randint(-3, 4, dims).astype(np.float32)
        for dims in ((1, 5, 5, 2), (2, 2, 2, 1), (1, 4, 4, 2))
    )
    for rates in ([1, 2, 3, 1], [2, 1, 1, 1], [1, 0, 1, 1], [1, 1], [1, 9, 9, 1]):
        attrs = {"strides": [1] * 4, "dilations": rates, **_VALID}
        name = "depthwise_" + "_".join(map(str, rates))
        sizes = np.array(image.shape, np.int32)
        given = {"input_sizes": sizes, "filter": kernel, "out_backprop": dy}
        yield f"{name}_Input", ("DepthwiseConv2dNativeBackpropInput", given, attrs)
        sizes = np.array(kernel.shape, np.int32)
        given = {"input": image, "filter_sizes": sizes, "out_backprop": dy}
        yield f"{name}_Filter", ("DepthwiseConv2dNativeBackpropFilter", given, attrs)


def _steps_over_channels() -> Iterator[tuple[str, Program]]:
    """Steps over channels of windows that take one, which no kernel makes."""
    for step in (2, 7):
        attrs = {"ksize": [1, 2, 2, 1], "strides": [1, 1, 1, step], **_SAME}
        yield f"pool_every_{step}", ("MaxPool", {"input": IMAGE}, attrs)
        yield f"places_every_{step}", ("MaxPoolWithArgmax", {"input": IMAGE}, attrs)
    attrs = {"ksize": [1, 1, 1, 2], "strides": [1, 1, 1, 2], **_SAME}
    yield "places_of_pairs", ("MaxPoolWithArgmax", {"input": IMAGE}, attrs)
    attrs = {"ksize": [1, 2, 2, 1], "strides": [1, 1, 1, 0], **_SAME}
    places = _RANDOM.randint(0, 120, IMAGE.shape).astype(np.int64)
    given = {"input": IMAGE, "grad": IMAGE, "argmax": places}
    yield "places_without_steps", ("MaxPoolGradWithArgmax", given, attrs)


def _gradients_of_pools() -> Iterator[tuple[str, Program]]:
    """Gradients of more or fewer windows, of none, and of what was not pooled."""
    attrs = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 1, 1], **_SAME}
    shape = np.array(IMAGE.shape, np.int32)
    for dims in ((2, 2, 6, 4), (2, 3, 2, 4), (1, 3, 6, 4), (2, 3, 6, 2)):
        word = "_".join(map(str, dims))
        given = {"orig_input_shape": shape, "grad": _whole(*dims)}
        yield f"averages_of_{word}", ("AvgPoolGrad", given, attrs)
    given = {"orig_input_shape": shape, "grad": _whole(2, 3, 6, 4)}
    none = {**attrs, "ksize": [1, 0, -2, 1]}
    yield "averages_of_nothing", ("AvgPoolGrad", given, none)
    given = {"orig_input_shape": shape * 0, "grad": _whole(2, 3, 6, 4)}
    yield "averages_for_nothing", ("AvgPoolGrad", given, attrs)
    volume = {"ksize": [1, 2, 1, 2, 1], "strides": [1, 1, 2, 1, 1], **_SAME}
    shape = np.array(VOLUME.shape, np.int32)
    for dims in ((1, 4, 2, 4, 2), (1, 4, 4, 4, 2), (1, 1, 3, 4, 2)):
        word = "_".join(map(str, dims))
        given = {"orig_input_shape": shape, "grad": _whole(*dims)}
        yield f"averages_of_{word}", ("AvgPool3DGrad", given, volume)
    other, dy = _whole(2, 3, 6, 4), _whole(2, 3, 6, 4)
    given = {"orig_input": IMAGE, "orig_output": other, "grad": dy}
    yield "largest_of_others", ("MaxPoolGrad", given, attrs)
    pooled, dy = np.ones((1, 4, 3, 4, 2), np.float32), _whole(1, 4, 3, 4, 2)
    near = 1 + VOLUME * np.float32(4e-6)
    given = {"orig_input": near, "orig_output": pooled, "grad": dy}
    yield "nearly_the_largest", ("MaxPool3DGrad", given, volume)
    endless = np.where(VOLUME > 2, np.inf, VOLUME).astype(np.float32)
    given = {"orig_input": endless, "orig_output": pooled * np.inf, "grad": dy}
    yield "infinitely_large", ("MaxPool3DGrad", given, volume)


_PLAIN: Final[dict[str, Any]] = {"strides": [1, 1, 1, 1], **_SAME}
_LONGER: Final[dict[str, Any]] = {"strides": [1, 1, 1, 1, 1], **_SAME}
_KERNEL: Final = _whole(2, 2, 4, 1)
_CUBE: Final = _whole(2, 2, 2, 2, 3)


def _empty_ones() -> Iterator[tuple[str, Program]]:
    """Filters and images of no size."""
    for word, image, kernel in (
        ("filter", IMAGE, _KERNEL[:0]),
        ("image", IMAGE[:0], _KERNEL),
        ("both", IMAGE[:0], _KERNEL[:0]),
    ):
        given = {"input": image, "filter": kernel}
        yield f"depthwise_empty_{word}", ("DepthwiseConv2dNative", given, _PLAIN)
        if word != "filter":
            yield f"convolved_empty_{word}", ("Conv2D", given, _PLAIN)
    given = {"input": IMAGE[:, :0], "filter": _KERNEL}
    yield "any_convolved_empty_rows", ("Conv", given, _PLAIN)
    dy = _whole(1, 4, 6, 4, 3)
    sizes = np.array(VOLUME.shape, np.int32)
    given = {"input_sizes": sizes, "filter": _CUBE[:0], "out_backprop": dy}
    yield "volume_of_empty_filter", ("Conv3DBackpropInputV2", given, _LONGER)
    sizes = np.array([0, 2, 2, 2, 3], np.int32)
    given = {"input": VOLUME, "filter_sizes": sizes, "out_backprop": dy}
    yield "empty_filter_of_volume", ("Conv3DBackpropFilterV2", given, _LONGER)


def _patches() -> Iterator[tuple[str, Program]]:
    """Patches of volumes that are further apart than large."""
    for step in (3, 5):
        attrs = {"ksizes": [1, 1, 2, 1, 1], "strides": [1, 2, step, 4, 1], **_SAME}
        yield (
            f"patches_every_{step}",
            ("ExtractVolumePatches", {"input": VOLUME}, attrs),
        )


def programs() -> Iterator[tuple[str, Program]]:
    """All that have a value."""
    yield from _dilations()
    yield from _depthwise_gradients()
    yield from _steps_over_channels()
    yield from _gradients_of_pools()
    yield from _empty_ones()
    yield from _patches()


def _not_taken() -> Iterator[Program]:
    """Operands that only a kernel refuses."""
    for op in ("Conv", "Conv2D"):
        yield op, {"input": IMAGE, "filter": _KERNEL[:0]}, _PLAIN
    yield "Conv3D", {"input": VOLUME, "filter": _CUBE[:0]}, _LONGER
    yield "Conv3D", {"input": VOLUME[..., :0], "filter": _CUBE}, _LONGER
    given = {"input_sizes": np.array([5, 6], np.int32), "filter": _KERNEL}
    given["out_backprop"] = IMAGE
    yield "DepthwiseConv2dNativeBackpropInput", given, _PLAIN
    window = {"ksize": [1, 2, 2, 1], **_PLAIN}
    yield "MaxPoolWithArgmax", {"input": IMAGE[:0]}, window
    ratios = {"pooling_ratio": [1.0, 1.5, 1.5, 1.0]}
    yield "FractionalMaxPool", {"value": IMAGE[:0]}, ratios
    yield "FractionalAvgPool", {"value": IMAGE[:0]}, ratios


def _unfit() -> Iterator[Program]:
    """Gradients whose attributes nobody looks at before they run."""
    image, volume = IMAGE, VOLUME
    shape, cube = np.array(image.shape, np.int32), np.array(volume.shape, np.int32)
    for name, value in (
        ("strides", [1, 0, 1, 1]),
        ("strides", [1, -1, 1, 1]),
        ("ksize", [1, 2, 2, 1, 1]),
        ("strides", [1, 2, 2, 1, 1]),
    ):
        plain = {"ksize": [1, 2, 2, 1], "strides": [1] * 4, **_SAME, name: value}
        given = {"orig_input": image, "orig_output": image, "grad": image}
        if value != [1, 0, 1, 1] and value != [1, -1, 1, 1]:
            yield "MaxPoolGrad", given, plain
            places = np.zeros(image.shape, np.int64)
            given = {"input": image, "grad": image, "argmax": places}
            yield "MaxPoolGradWithArgmax", given, plain
        yield "AvgPoolGrad", {"orig_input_shape": shape, "grad": image}, plain
    for steps in ([1, 0, 1, 1, 1], [1, 1, 1, 1, 1, 1]):
        longer = {"ksize": [1, 2, 2, 2, 1], "strides": steps, **_SAME}
        given = {"orig_input": volume, "orig_output": volume, "grad": volume}
        yield "MaxPool3DGrad", given, longer
        yield "AvgPool3DGrad", {"orig_input_shape": cube, "grad": volume}, longer
    for steps in ([1, -1, 1, 1], [1, 1, 1]):
        kernel = np.ones((2, 2, 4, 4), np.float32)
        given = {"input_sizes": shape, "filter": kernel, "out_backprop": image}
        yield "Conv2DBackpropInput", given, {"strides": steps, **_SAME}
        rates = {"strides": steps, "rates": [1] * 4, **_SAME}
        given = {"input": image, "filter": kernel[..., 0], "out_backprop": image}
        yield "Dilation2DBackpropInput", given, rates


def refused(tf: ModuleType) -> list[tuple[str, str, str]]:
    """Return when what does not fit is refused, and the class of the error."""
    found = []
    for op, operands, attrs in (*_not_taken(), *_unfit()):
        hidden = {n: tf.placeholder_with_default(x, None) for n, x in operands.items()}
        try:
            made = getattr(tf.raw_ops, op)(**hidden, **attrs)
        except ValueError as error:
            found.append((op, "build", type(error).__name__))
            continue
        with tf.Session() as session:
            try:
                session.run(made)
                found.append((op, "run", ""))
            except tf.errors.OpError as error:
                found.append((op, "run", type(error).__name__))
    return found
