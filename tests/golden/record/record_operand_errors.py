"""Records what TensorFlow's kernels say to operands that do not fit.

And what they compute from empty and small ones.

Usage: python -m tests.golden.record.record_operand_errors
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.record.kernel_errors import write_errors
from tests.golden.record.kernel_values import Case, write

FOLDER = Path(__file__).parents[1] / "network_kernels"
IMAGE = np.arange(10, dtype=np.float32).reshape(2, 1, 1, 5)
VECTOR = np.linspace(0.5, 1.5, 5, dtype=np.float32)
EYE = np.eye(3)


def _refused(op: str, operands: dict[str, Any], **attrs: Any) -> Case:
    return Case("refused", op, attrs, operands, shapeless=True)


def _taken(op: str, operands: dict[str, Any], **attrs: Any) -> Case:
    return Case("small", op, attrs, operands, shapeless=True)


def batch_normalizations() -> Iterator[Case]:
    """Vectors that do not have a number for each channel."""
    names = ("scale", "offset", "mean", "variance")
    good = {"x": IMAGE, **dict.fromkeys(names, VECTOR)}
    op = "FusedBatchNormV3"
    yield _refused(op, {**good, "x": IMAGE[0]})
    for name in names:
        yield _refused(op, {**good, name: VECTOR[None]})
        yield _refused(op, {**good, name: VECTOR[:1]}, is_training=False)
    yield _refused(op, {**good, "mean": VECTOR[:1]}, exponential_avg_factor=0.5)
    good = {
        "y_backprop": IMAGE,
        "x": IMAGE,
        "scale": VECTOR,
        "reserve_space_1": VECTOR,
        "reserve_space_2": VECTOR,
        "reserve_space_3": VECTOR[:0],
    }
    op = "FusedBatchNormGradV3"
    yield _refused(op, {**good, "y_backprop": IMAGE[0]})
    yield _refused(op, {**good, "x": IMAGE[:1]})
    for name in ("scale", "reserve_space_1", "reserve_space_2"):
        yield _refused(op, {**good, name: VECTOR[:1]})
        yield _refused(op, {**good, name: VECTOR[None]})


def network_errors() -> Iterator[Case]:
    """Other operands of networks."""
    for number in (1, 17):
        yield _refused("FakeQuantWithMinMaxArgs", {"inputs": IMAGE}, num_bits=number)
    yield _refused("FakeQuantWithMinMaxArgs", {"inputs": IMAGE}, min=2.0, max=1.5)
    one = np.float32(1)
    limits: dict[str, Any] = {"inputs": IMAGE, "min": -one, "max": one}
    op = "FakeQuantWithMinMaxVars"
    yield _refused(op, {**limits, "max": VECTOR})
    yield _refused(f"{op}Gradient", {**limits, "gradients": VECTOR})
    yield _refused(f"{op}PerChannel", limits)
    each = {**limits, "min": -VECTOR, "max": VECTOR}
    yield _refused(f"{op}PerChannel", {**each, "max": VECTOR[:2]})
    yield _refused(f"{op}PerChannelGradient", {**each, "gradients": VECTOR})
    names = ("input_grads", "input_image", "output_image")
    good: dict[str, Any] = dict.fromkeys(names, IMAGE)
    yield _refused("LRNGrad", {**good, "output_image": IMAGE[:1]})
    yield _refused("LRNGrad", {**good, "input_grads": IMAGE[:1]})
    yield _refused("BiasAdd", {"value": VECTOR, "bias": VECTOR})
    yield _refused("BiasAdd", {"value": IMAGE, "bias": IMAGE})
    yield _refused("BiasAdd", {"value": IMAGE, "bias": VECTOR[:2]})
    yield _refused("BiasAddGrad", {"out_backprop": VECTOR})
    for op in ("RGBToHSV", "HSVToRGB"):
        yield _refused(op, {"images": IMAGE})
        yield _refused(op, {"images": VECTOR[0]})
    yield _refused(
        "AdjustSaturation", {"images": IMAGE[0, 0], "scale": np.float32(0.5)}
    )
    classes = {
        "true_classes": np.ones((2, 2), np.int64),
        "sampled_candidates": np.ones(3, np.int64),
    }
    drawn: dict[str, Any] = {"num_sampled": 4, "unique": True, "range_max": 9}
    for shape, options in (
        ((4,), {**drawn, "num_true": 2}),
        ((2, 1), {**drawn, "num_true": 2}),
        ((2, 2), {**drawn, "num_true": 2, "range_max": 3}),
        ((2, 2), {**drawn, "num_true": 2, "unique": False, "range_max": 1}),
    ):
        true = {"true_classes": np.ones(shape, np.int64)}
        yield _refused("LogUniformCandidateSampler", true, **options)
    op = "ComputeAccidentalHits"
    yield _refused(op, classes, num_true=3)
    several = {**classes, "sampled_candidates": np.ones((3, 1), np.int64)}
    yield _refused(op, several, num_true=2)
    image = np.ones((1, 1, 7, 2), np.float32)
    windows: dict[str, Any] = {"strides": [1, 1, 1, 1], "padding": "VALID"}
    for op, name in (("AvgPool", "value"), ("MaxPool", "input")):
        yield _refused(op, {name: image}, ksize=[1, 3, 2, 1], **windows)
    kernel = np.ones((3, 2, 2, 4), np.float32)
    yield _refused("Conv2D", {"input": image, "filter": kernel}, **windows)
    sizes = {"ksizes": [1, 2, 2, 1], "strides": [1, 1, 1, 1], "rates": [1, 1, 1, 1]}
    for name in sizes:
        attrs: dict[str, Any] = {**sizes, name: [1, 0, 2, 1], "padding": "SAME"}
        yield _refused("ExtractImagePatches", {"images": IMAGE}, **attrs)
    attrs = {**sizes, "padding": "SAME"}
    yield _refused("ExtractImagePatches", {"images": IMAGE[0]}, **attrs)
    pairs: dict[str, Any] = {
        f"{side}_{part}": value
        for side in ("hypothesis", "truth")
        for part, value in {
            "indices": np.zeros((1, 2), np.int64),
            "values": np.ones(1, np.int64),
            "shape": np.array([2, 2]),
        }.items()
    }
    yield _refused("EditDistance", {**pairs, "truth_shape": np.array([-1, 2])})
    yield _refused("EditDistance", {**pairs, "truth_shape": np.array([1, 2, 2])})
    weights = np.zeros(0, np.float32)
    negative = {"values": np.array([1, -2, 3]), "weights": weights}
    counted: dict[str, Any] = {"minlength": -1, "maxlength": -1, "binary_output": False}
    yield _refused("DenseCountSparseOutput", negative, **counted)


def matrix_errors() -> Iterator[Case]:
    """Matrices that do not belong together."""
    more = EYE[None]
    for op in ("MatrixSolve", "MatrixTriangularSolve"):
        yield _refused(op, {"matrix": EYE, "rhs": EYE[0]})
        stacks = {"matrix": np.ones((2, 3, 3)), "rhs": np.ones((3, 3, 3))}
        yield _refused(op, stacks)
        yield _refused(op, {"matrix": EYE[:, :2], "rhs": EYE})
    yield _refused("MatrixSolve", {"matrix": EYE, "rhs": more})
    yield _refused("BandedTriangularSolve", {"matrix": EYE[0], "rhs": EYE})
    yield _refused("BandedTriangularSolve", {"matrix": EYE, "rhs": EYE[0]})
    good = {"matrix": EYE, "rhs": EYE, "l2_regularizer": np.float64(0.1)}
    yield _refused("MatrixSolveLs", {**good, "l2_regularizer": np.array([0.1])})
    yield _refused("MatrixSolveLs", {**good, "rhs": more})
    yield _refused("CholeskyGrad", {"l": EYE, "grad": more})
    yield _refused("CholeskyGrad", {"l": EYE, "grad": EYE[:2, :2]})


def signal_errors() -> Iterator[Case]:
    """Transforms to another precision."""
    length = {"fft_length": np.array([4], np.int32)}
    real, half = np.ones((2, 4), np.float32), np.ones((2, 3), np.complex64)
    yield _refused("RFFT", {"input": real, **length}, Tcomplex="complex128")
    yield _refused("IRFFT", {"input": half, **length}, Treal="float64")


def window_errors() -> Iterator[Case]:
    """Convolutions and their gradients that do not fit."""
    image, kernel = np.ones((2, 3, 3, 1), np.float32), np.ones((2, 2, 1, 1), np.float32)
    plain: dict[str, Any] = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    for op in ("Conv2D", "DepthwiseConv2dNative"):
        both = {"input": image, "filter": kernel}
        yield _refused(op, both, strides=[2, 1, 1, 1], padding="SAME")
    sizes = np.array(image.shape, np.int32)
    good: dict[str, Any] = {
        "input_sizes": sizes,
        "filter": kernel,
        "out_backprop": image,
    }
    more = np.ones((2, 4, 3, 1), np.float32)
    for op in ("Conv2DBackpropInput", "DepthwiseConv2dNativeBackpropInput"):
        yield _refused(op, {**good, "out_backprop": more}, **plain)
        yield _refused(op, {**good, "out_backprop": image[:1]}, **plain)
        wide = np.ones((2, 3, 3, 2), np.float32)
        yield _refused(op, {**good, "out_backprop": wide}, **plain)
    good = {
        "input": image,
        "filter_sizes": np.array(kernel.shape, np.int32),
        "out_backprop": image,
    }
    for op in ("Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropFilter"):
        yield _refused(op, {**good, "out_backprop": more}, **plain)
        yield _refused(op, {**good, "out_backprop": image[:1]}, **plain)


def block_errors() -> Iterator[Case]:
    """Blocks, shapes and windows that do not fit."""
    image = np.ones((2, 3, 3, 3), np.float32)
    yield _refused("DepthToSpace", {"input": image}, block_size=2)
    yield _refused("SpaceToDepth", {"input": image}, block_size=2)
    for shape in ([3], [2, 2, 2, 2], [2, -1, 3, 3]):
        yield _refused("BroadcastTo", {"input": image, "shape": np.array(shape)})
    yield _refused("Bitcast", {"input": image}, type="float64")
    yield _refused("Bitcast", {"input": image[0, 0, 0, 0]}, type="float64")
    indices = np.array([[0, 0]])
    yield _refused("GatherNd", {"params": image, "indices": np.zeros((1, 5), np.int64)})
    yield _refused("GatherNd", {"params": image[:0], "indices": indices})


def values() -> Iterator[Case]:
    """Empty and small operands that TensorFlow takes."""
    empty = np.ones((0, 7, 7, 2), np.float32)
    low = np.ones((1, 2, 7, 2), np.float32)
    windows: dict[str, Any] = {"ksize": [1, 3, 2, 1], "padding": "VALID"}
    for image, stride in ((empty, 1), (empty, 3), (low, 3)):
        attrs: dict[str, Any] = {**windows, "strides": [1, stride, stride, 1]}
        yield _taken("AvgPool", {"value": image}, **attrs)
        if len(image) == 0:
            yield _taken("MaxPool", {"input": image}, **attrs)
    volume = {"input": np.ones((0, 3, 7, 7, 2), np.float32)}
    attrs = {"ksize": [1, 2, 2, 1, 1], "strides": [1, 2, 1, 3, 1], "padding": "VALID"}
    yield _taken("AvgPool3D", volume, **attrs)
    given = {
        "inputs": np.array([[b"a", b""], [b"c", b"d"], [b"", b"f"]], object),
        "segment_ids": np.array([2, 2, 0]),
        "num_segments": np.int32(4),
    }
    yield _taken("UnsortedSegmentJoin", given, separator=":")
    given = {"values": np.array([0, 3, 1, 3]), "weights": np.zeros(0, np.float32)}
    for most in (0, 2, -1):
        attrs = {"minlength": 1, "maxlength": most, "binary_output": False}
        yield _taken("DenseCountSparseOutput", given, **attrs)


def main() -> None:
    """Write tests/golden/network_kernels/small_operands.npz and operand_errors.json."""
    write(FOLDER / "small_operands.npz", values())
    refused = (
        batch_normalizations,
        network_errors,
        matrix_errors,
        signal_errors,
        window_errors,
        block_errors,
    )
    cases = [case for family in refused for case in family()]
    write_errors(FOLDER / "operand_errors.json", cases)


if __name__ == "__main__":
    main()
