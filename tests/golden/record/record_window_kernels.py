"""Records what TensorFlow's kernels of windows compute: convolution, pooling, dilation.

Odd strides, dilations and paddings; fused ops; values by their place in order.

Usage: python -m tests.golden.record.record_window_kernels
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from tests.golden.record.kernel_values import Case, run, write

OUT = Path(__file__).parents[1] / "network_kernels" / "windows.npz"
RNG = np.random.RandomState(23)


def normal(*shape: int, dtype: str = "float32") -> Any:
    """Return rounded normal numbers."""
    values = np.round(RNG.standard_normal(shape) * 2, 1)
    return values.astype(np.dtype(getattr(ml_dtypes, dtype, dtype)))


def dilations() -> Iterator[Case]:
    """Dilation2D and its gradients."""
    dtypes = ("float64", "float16", "bfloat16", "int32", "uint8", "int64")
    choices: list[tuple[str, list[int], list[int], str]] = [
        ("SAME", [1, 1, 1, 1], [1, 1, 1, 1], "float32"),
        ("VALID", [1, 2, 1, 1], [1, 2, 1, 1], "float32"),
        ("SAME", [1, 3, 2, 1], [1, 1, 3, 1], "float32"),
        *(("SAME", [1, 2, 2, 1], [1, 1, 2, 1], dtype) for dtype in dtypes),
    ]
    for padding, strides, rates, dtype in choices:
        attrs = {"strides": strides, "rates": rates, "padding": padding}
        image = np.abs(normal(2, 6, 7, 2).astype("float32"))
        given = {
            "input": np.round(image).astype(normal(1, dtype=dtype).dtype),
            "filter": np.round(np.abs(normal(2, 3, 2))).astype(
                normal(1, dtype=dtype).dtype
            ),
        }
        case = Case("dilation", "Dilation2D", attrs, given)
        yield case
        (output,) = run(case)
        dy = np.abs(normal(*output.shape)).astype(output.dtype)
        for name in ("Input", "Filter"):
            op = f"Dilation2DBackprop{name}"
            yield Case("dilation", op, attrs, {**given, "out_backprop": dy})


def fractional() -> Iterator[Case]:
    """Fractional pooling, whose sizes follow from the seeds."""
    for kind, pseudo, overlaps in itertools.product(
        ("Max", "Avg"), (False, True), (False, True)
    ):
        for dtype in ("float32", "int64") if pseudo else ("float64",):
            attrs = {
                "pooling_ratio": [1.0, 1.5, 1.75, 1.0],
                "pseudo_random": pseudo,
                "overlapping": overlaps,
                "deterministic": True,
                "seed": 5,
                "seed2": 7,
            }
            image = np.round(normal(2, 9, 11, 2)).astype(dtype)
            case = Case("fractional", f"Fractional{kind}Pool", attrs, {"value": image})
            yield case
            pooled, rows, columns = run(case)
            dy = np.round(normal(*pooled.shape)).astype(dtype)
            first = (
                {"orig_input": image, "orig_output": pooled}
                if kind == "Max"
                else {"orig_input_tensor_shape": np.array(image.shape, np.int64)}
            )
            yield Case(
                "fractional",
                f"Fractional{kind}PoolGrad",
                {"overlapping": overlaps},
                {
                    **first,
                    "out_backprop": dy,
                    "row_pooling_sequence": rows,
                    "col_pooling_sequence": columns,
                },
            )


CONVOLUTIONS: list[tuple[list[int], list[int], dict[str, Any]]] = [
    ([2, 7, 5, 2], [3, 2, 2, 3], {"strides": [1, 3, 2, 1], "padding": "SAME"}),
    ([1, 7, 6, 1], [2, 4, 1, 2], {"strides": [1, 4, 1, 1], "padding": "VALID"}),
    ([1, 4, 4, 2], [5, 5, 2, 1], {"strides": [1, 2, 2, 1], "padding": "SAME"}),
    (
        [1, 9, 8, 2],
        [2, 3, 2, 2],
        {
            "strides": [1, 2, 3, 1],
            "padding": "EXPLICIT",
            "explicit_paddings": [0, 0, 0, 3, 2, 0, 0, 0],
        },
    ),
    # What lies after the last window is in none.
    ([1, 8, 8, 1], [1, 2, 1, 2], {"strides": [1, 3, 3, 1], "padding": "VALID"}),
]


def convolutions() -> Iterator[Case]:
    """Two-dimensional convolutions and their gradients."""
    for number, (image_shape, kernel_shape, attrs) in enumerate(CONVOLUTIONS):
        for dtype in ("float32", "float64") if number == 0 else ("float32",):
            image, kernel = (
                normal(*shape, dtype=dtype) for shape in (image_shape, kernel_shape)
            )
            case = Case("conv", "Conv2D", attrs, {"input": image, "filter": kernel})
            yield case
            dy = normal(*run(case)[0].shape, dtype=dtype)
            yield Case(
                "conv",
                "Conv2DBackpropInput",
                attrs,
                {
                    "input_sizes": np.array(image_shape, np.int32),
                    "filter": kernel,
                    "out_backprop": dy,
                },
            )
            yield Case(
                "conv",
                "Conv2DBackpropFilter",
                attrs,
                {
                    "input": image,
                    "filter_sizes": np.array(kernel_shape, np.int32),
                    "out_backprop": dy,
                },
            )
    for number, data in enumerate(("int32", "bfloat16", "float16")):
        given = {
            "input": np.round(normal(1, 5, 5, 2)).astype(normal(1, dtype=data).dtype),
            "filter": np.round(normal(2, 2, 2, 2)).astype(normal(1, dtype=data).dtype),
        }
        attrs = {"strides": [1, 1 + number, 1, 1], "padding": "SAME"}
        if data == "int32":
            attrs = {**attrs, "dilations": [1, 2, 1, 1]}
        yield Case("conv", "Conv2D", attrs, given)


def volumes() -> Iterator[Case]:
    """Three-dimensional convolutions; gradients that take the image for its shape."""
    for strides, padding, dilations in (
        ([1, 2, 1, 3, 1], "SAME", [1, 1, 1, 1, 1]),
        ([1, 1, 2, 1, 1], "VALID", [1, 1, 1, 1, 1]),
        ([1, 1, 1, 1, 1], "SAME", [1, 2, 1, 2, 1]),
    ):
        attrs = {"strides": strides, "padding": padding}
        if max(dilations) > 1:
            continue
        image, kernel = normal(1, 4, 5, 6, 2), normal(2, 3, 2, 2, 2)
        case = Case("volume", "Conv3D", attrs, {"input": image, "filter": kernel})
        yield case
        dy = normal(*run(case)[0].shape)
        sizes = {
            "input_sizes": np.array(image.shape, np.int32),
            "filter_sizes": np.array(kernel.shape, np.int32),
        }
        yield Case(
            "volume",
            "Conv3DBackpropInputV2",
            attrs,
            {"input_sizes": sizes["input_sizes"], "filter": kernel, "out_backprop": dy},
        )
        yield Case(
            "volume",
            "Conv3DBackpropFilterV2",
            attrs,
            {"input": image, "filter_sizes": sizes["filter_sizes"], "out_backprop": dy},
        )


def general() -> Iterator[Case]:
    """`Conv` of any rank."""
    yield Case(
        "general",
        "Conv",
        {"strides": [1, 2, 1, 1], "padding": "SAME"},
        {"input": normal(2, 5, 6, 2), "filter": normal(3, 2, 2, 3)},
    )
    yield Case(
        "general",
        "Conv",
        {"strides": [1, 1, 1, 1], "padding": "VALID", "batch_dims": 2},
        {"input": normal(2, 3, 5, 6, 2), "filter": normal(3, 2, 2, 3)},
    )
    yield Case(
        "general",
        "Conv",
        {"strides": [1, 1, 2, 1, 1], "padding": "SAME"},
        {"input": normal(1, 3, 4, 4, 2), "filter": normal(2, 2, 2, 2, 2)},
    )


def depthwise() -> Iterator[Case]:
    """Depthwise convolutions with odd strides and paddings."""
    for strides, padding, explicit in (
        ([1, 2, 2, 1], "SAME", []),
        ([1, 3, 3, 1], "VALID", []),
        ([1, 1, 1, 1], "EXPLICIT", [0, 0, 2, 0, 1, 3, 0, 0]),
    ):
        attrs: dict[str, Any] = {"strides": strides, "padding": padding}
        if explicit:
            attrs["explicit_paddings"] = explicit
        image, kernel = normal(2, 7, 6, 2), normal(3, 2, 2, 3)
        yield from _depthwise(attrs, image, kernel)


def _depthwise(attrs: dict[str, Any], image: Any, kernel: Any) -> Iterator[Case]:
    case = Case(
        "depthwise", "DepthwiseConv2dNative", attrs, {"input": image, "filter": kernel}
    )
    yield case
    dy = normal(*run(case)[0].shape)
    yield Case(
        "depthwise",
        "DepthwiseConv2dNativeBackpropInput",
        attrs,
        {
            "input_sizes": np.array(image.shape, np.int32),
            "filter": kernel,
            "out_backprop": dy,
        },
    )
    yield Case(
        "depthwise",
        "DepthwiseConv2dNativeBackpropFilter",
        attrs,
        {
            "input": image,
            "filter_sizes": np.array(kernel.shape, np.int32),
            "out_backprop": dy,
        },
    )


def depthwise_of_tall_images() -> Iterator[Case]:
    """Depthwise convolutions of more rows than are taken at a time."""
    for strides, padding, explicit in (
        ([1, 1, 1, 1], "SAME", []),
        ([1, 2, 2, 1], "EXPLICIT", [0, 0, 3, 1, 4, 0, 0, 0]),
    ):
        attrs: dict[str, Any] = {"strides": strides, "padding": padding}
        if explicit:
            attrs["explicit_paddings"] = explicit
        rows = 61 * strides[1]
        yield from _depthwise(attrs, normal(2, rows, 3, 1), normal(3, 3, 1, 2))


def poolings() -> Iterator[Case]:
    """Pooling with windows smaller and larger than their steps."""
    for ksize, strides, padding in (
        ([1, 3, 1, 1], [1, 1, 2, 1], "SAME"),
        ([1, 2, 5, 1], [1, 3, 3, 1], "SAME"),
        ([1, 4, 2, 1], [1, 2, 3, 1], "VALID"),
    ):
        attrs = {"ksize": ksize, "strides": strides, "padding": padding}
        image = np.round(normal(2, 7, 8, 2))
        case = Case("pooling", "MaxPool", attrs, {"input": image})
        yield case
        (pooled,) = run(case)
        dy = normal(*pooled.shape)
        both = {"orig_input": image, "orig_output": pooled}
        yield Case("pooling", "MaxPoolGrad", attrs, {**both, "grad": dy})
        again = {**both, "grad": normal(*image.shape)}
        yield Case("pooling", "MaxPoolGradGrad", attrs, again)
        yield Case("pooling", "AvgPool", attrs, {"value": image})
        shape = np.array(image.shape, np.int32)
        given = {"orig_input_shape": shape, "grad": dy}
        yield Case("pooling", "AvgPoolGrad", attrs, given)
        sizes = {name: np.array(attrs[name], np.int32) for name in ("ksize", "strides")}
        only = {"padding": padding}
        yield Case("pooling", "MaxPoolV2", only, {"input": image, **sizes})
        yield Case("pooling", "MaxPoolGradV2", only, {**both, "grad": dy, **sizes})
        yield Case("pooling", "MaxPoolGradGradV2", only, {**again, **sizes})
    for padding in ("SAME", "VALID"):
        attrs = {
            "ksize": [1, 2, 3, 1, 1],
            "strides": [1, 2, 1, 3, 1],
            "padding": padding,
        }
        image = np.round(normal(1, 5, 4, 6, 2))
        case = Case("pooling", "MaxPool3D", attrs, {"input": image})
        yield case
        (pooled,) = run(case)
        dy = normal(*pooled.shape)
        both = {"orig_input": image, "orig_output": pooled}
        yield Case("pooling", "MaxPool3DGrad", attrs, {**both, "grad": dy})
        again = {**both, "grad": normal(*image.shape)}
        yield Case("pooling", "MaxPool3DGradGrad", attrs, again)
        yield Case("pooling", "AvgPool3D", attrs, {"input": image})
        shape = np.array(image.shape, np.int32)
        given = {"orig_input_shape": shape, "grad": dy}
        yield Case("pooling", "AvgPool3DGrad", attrs, given)


def largest_places() -> Iterator[Case]:
    """Gradients of pooling where a largest value is there twice, is NaN or endless."""
    windows: list[tuple[list[int], list[int], str, list[int]]] = [
        ([1, 3, 3, 1], [1, 1, 1, 1], "SAME", []),
        ([1, 2, 3, 1], [1, 3, 2, 1], "VALID", []),
        ([1, 9, 8, 1], [1, 2, 3, 1], "SAME", []),
        ([1, 3, 2, 1], [1, 2, 1, 1], "EXPLICIT", [0, 0, 2, 1, 0, 1, 0, 0]),
        ([1, 1, 1, 1], [1, 2, 3, 1], "SAME", []),
        ([1, 5, 6, 1], [1, 1, 1, 1], "VALID", []),
    ]
    for word, odd in (
        ("ties", ()),
        ("nan", (np.nan,)),
        ("lowest", (-np.inf, -np.inf, -np.inf)),
        ("any", (np.nan, np.inf, -np.inf)),
    ):
        for dtype in ("float32", "float16", "int32"):
            if dtype == "int32" and odd:
                continue
            for i, (ksize, strides, padding, explicit) in enumerate(windows):
                attrs = {"ksize": ksize, "strides": strides, "padding": padding}
                if explicit:
                    attrs["explicit_paddings"] = explicit
                image = np.round(normal(2, 5, 6, 2) / 2).astype(dtype)
                for value in odd:
                    image[RNG.rand(*image.shape) < 0.25] = value
                family = f"largest_{word}_{i // 2}"
                case = Case(family, "MaxPool", attrs, {"input": image})
                (pooled,) = run(case)
                dy = np.round(normal(*pooled.shape)).astype(dtype)
                given = {"orig_input": image, "orig_output": pooled, "grad": dy}
                yield Case(family, "MaxPoolGrad", attrs, given)


def fused() -> Iterator[Case]:
    """Convolutions and products with what follows them."""
    image, kernel, bias = normal(1, 5, 6, 2), normal(2, 3, 2, 4), normal(4)
    conv = {"strides": [1, 2, 1, 1], "padding": "SAME"}
    vectors = [normal(4), normal(4), normal(4), np.abs(normal(4))]
    for follows, args in (
        (["BiasAdd"], [bias]),
        (["BiasAdd", "Relu"], [bias]),
        (["BiasAdd", "Relu6"], [bias]),
        (["BiasAdd", "Elu"], [bias]),
        (["BiasAdd", "LeakyRelu"], [bias]),
        (["FusedBatchNorm"], vectors),
        (["FusedBatchNorm", "Relu"], vectors),
    ):
        yield Case(
            "fused",
            "_FusedConv2D",
            {"fused_ops": follows, "num_args": len(args), **conv},
            {"input": image, "filter": kernel, "args": args, "host_args": []},
        )
    for follows in (["BiasAdd"], ["BiasAdd", "Relu"], ["BiasAdd", "Tanh"]):
        yield Case(
            "fused",
            "_FusedMatMul",
            {"fused_ops": follows, "transpose_b": True},
            {"a": normal(3, 2), "b": normal(4, 2), "args": [bias]},
        )
    for mode in ("REFLECT", "SYMMETRIC"):
        yield Case(
            "fused",
            "FusedPadConv2D",
            {"mode": mode, "strides": [1, 1, 2, 1], "padding": "VALID"},
            {
                "input": image,
                "paddings": np.array([[0, 0], [1, 2], [2, 0], [0, 0]], np.int32),
                "filter": kernel,
            },
        )


def selections() -> Iterator[Case]:
    """Values by their place, isotonic regression, rows changed in place."""
    for dtype in ("float32", "float64", "float16", "bfloat16", "int32", "uint8"):
        values = np.round(np.abs(normal(2, 3, 6))).astype(normal(1, dtype=dtype).dtype)
        for reverse in (False, True):
            given = {"input": values, "n": np.int32(2)}
            yield Case("order", "NthElement", {"reverse": reverse}, given)
    yield Case("order", "ApproxTopK", {"k": 3}, {"input": normal(4, 7)})
    for dtype in ("float32", "float64", "int32"):
        kinds = {"output_dtype": np.float32 if dtype == "float32" else np.float64}
        values = np.round(normal(4, 8)).astype(dtype)
        yield Case("order", "IsotonicRegression", kinds, {"input": values})
    rows = {"i": np.array([1, -1, 5], np.int32), "v": normal(3, 2)}
    for op in ("InplaceAdd", "InplaceSub", "InplaceUpdate"):
        yield Case("order", op, {}, {"x": normal(4, 2), **rows})


def filters_of_many_channels() -> Iterator[Case]:
    """Gradients of filters that take more channels than there are filters."""
    for rank, padding, explicit in (
        (4, "SAME", []),
        (4, "VALID", []),
        (4, "EXPLICIT", [0, 0, 3, 1, 0, 4, 0, 0]),
        (5, "SAME", []),
        (5, "VALID", []),
    ):
        attrs: dict[str, Any] = {"strides": [1] * rank, "padding": padding}
        if explicit:
            attrs["explicit_paddings"] = explicit
        image = normal(2, *(4, 6, 5)[5 - rank :], 5)
        kernel = normal(*(2, 3, 2)[5 - rank :], 5, 2)
        kind = f"Conv{rank - 2}D"
        result = Case("filters", kind, attrs, {"input": image, "filter": kernel})
        operands = {
            "input": image,
            "filter_sizes": np.array(kernel.shape, np.int32),
            "out_backprop": normal(*run(result)[0].shape),
        }
        version = "V2" if rank == 5 else ""
        yield Case("filters", f"{kind}BackpropFilter{version}", attrs, operands)


def cases() -> Iterator[Case]:
    """Return all cases."""
    yield from dilations()
    yield from fractional()
    yield from convolutions()
    yield from volumes()
    yield from general()
    yield from depthwise()
    yield from poolings()
    yield from fused()
    yield from selections()
    yield from depthwise_of_tall_images()
    yield from filters_of_many_channels()
    yield from largest_places()


if __name__ == "__main__":
    write(OUT, cases())
