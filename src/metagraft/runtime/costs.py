"""What a kernel call costs on the host, estimated the same way every time.

The estimate decides when a plan is worth compiling, so it must not depend on the
clock: a program that decides by time computes different last bits from run to run.

Measured on 2 cores of a 2.6 GHz Xeon: a call of a small kernel takes 1 to 4 us,
element-wise work about 0.5 ns an element, matrix products 30 to 100 GFLOP/s; a training
step of a small network compiles in about 0.1 s and 8 ms for each of its 50 nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from metagraft.runtime.plan import Node

_CALL_NS: Final = 2_500.0
_ELEMENT_NS: Final = 0.5
_FLOP_NS: Final = 0.03
# NumPy has no library for products of whole numbers.
_WHOLE_FLOP_NS: Final = 0.5
_WHOLE_NUMBERS: Final = (np.dtype(np.int32), np.dtype(np.int64))
# Ten rounds of the generator: 100 calls of NumPy, for few numbers as for many.
_DRAW_NS: Final = 100_000.0
_RANDOM_NS: Final = 20.0  # a random number
_ROW_NS: Final = 15_000.0  # a row of systems that LAPACK does not solve

# A kernel that has no NumPy form compiles and runs a small program of its own; more
# than one of them are better compiled together.
DEVICE_KERNEL_NS: Final = 40_000_000.0
DEVICE_KERNELS_MAX: Final = 1
# A convolution on the host: XLA's too, without the options that make it fast.
_PIECE_NS: Final = 20_000_000.0
# Calling a compiled program, and compiling one: a fixed part and a part per node.
DISPATCH_NS: Final = 40_000.0
COMPILE_NS: Final = 100_000_000.0
COMPILE_NODE_NS: Final = 8_000_000.0
COMPILE_RANDOM_NS: Final = 200_000_000.0  # the ten rounds of the generator
# These have them several times, for fewer and fewer numbers. It is less than half of
# what compiling takes: on the host they are the slowest of all, beside TensorFlow's.
COMPILE_REJECTION_NS: Final = 1_000_000_000.0
_REJECTING: Final = frozenset(
    {
        "RandomGamma",
        "RandomPoisson",
        "RandomPoissonV2",
        "StatefulRandomBinomial",
        "StatelessRandomBinomial",
        "StatelessRandomGammaV2",
        "StatelessRandomGammaV3",
        "StatelessRandomPoisson",
    }
)

_PRODUCTS: Final = frozenset({"MatMul", "BatchMatMul", "BatchMatMulV2", "Einsum"})
_CONVOLUTIONS: Final = frozenset(
    {
        "Conv2D",
        "Conv3D",
        "DepthwiseConv2dNative",
        "Conv2DBackpropInput",
        "Conv2DBackpropFilter",
        "Conv3DBackpropInputV2",
        "Conv3DBackpropFilterV2",
        "DepthwiseConv2dNativeBackpropInput",
        "DepthwiseConv2dNativeBackpropFilter",
    }
)

# Nanoseconds an element of kernels that pass over images many times, gather pixels,
# draw until they accept, sort, take steps of time, or that NumPy does not vectorise.
_PASSES_NS: Final = {
    "AdjustContrast": 6.0,
    "AdjustContrastv2": 6.0,
    "AdjustHue": 24.0,
    "AdjustSaturation": 12.0,
    "BlockLSTM": 20.0,
    "BlockLSTMGrad": 20.0,
    "BlockLSTMGradV2": 20.0,
    "BlockLSTMV2": 20.0,
    "CropAndResize": 5.0,
    "CropAndResizeGradBoxes": 5.0,
    "CropAndResizeGradImage": 20.0,
    "FloorMod": 3.0,
    "Dilation2D": 20.0,
    "Dilation2DBackpropFilter": 20.0,
    "Dilation2DBackpropInput": 20.0,
    "HSVToRGB": 2.0,
    "MaxPool": 2.0,
    "MaxPoolGrad": 1.5,
    "MaxPoolV2": 2.0,
    "Pow": 33.0,  # of negative numbers, 1 of others
    "RGBToHSV": 3.0,
    "RandomGamma": 250.0,
    "RandomPoisson": 250.0,
    "RandomPoissonV2": 250.0,
    "RandomShuffle": 40.0,
    "ResizeArea": 4.5,
    "ResizeBicubic": 3.0,
    "ResizeBicubicGrad": 3.0,
    "ResizeBilinear": 2.0,
    "ResizeBilinearGrad": 2.0,
    "ResizeNearestNeighborGrad": 1.5,
    "ScaleAndTranslate": 15.0,
    "StatefulRandomBinomial": 250.0,
    "StatelessRandomBinomial": 250.0,
    "StatelessRandomGammaV2": 250.0,
    "StatelessRandomGammaV3": 250.0,
    "StatelessRandomPoisson": 250.0,
    "TridiagonalSolve": 10.0,
}

# Of complex numbers NumPy's take 15 to 100 ns each, XLA's 3 to 20.
_COMPLEX_NS: Final = 20.0
_OF_COMPLEX: Final = frozenset(
    [
        "Acos",
        "Acosh",
        "Asin",
        "Asinh",
        "Atan",
        "Atanh",
        "Cos",
        "Cosh",
        "Exp",
        "Expm1",
        "Log",
        "Log1p",
        "Pow",
        "Rsqrt",
        "Sigmoid",
        "Sin",
        "Sinh",
        "Sqrt",
        "Tan",
        "Tanh",
    ]
)

# They hand a value on and touch none of its elements.
_HANDING_ON: Final = frozenset({"Assign", "AssignVariableOp", "Identity", "IdentityN"})


# Their outputs have as many elements as the values of their operands say.
_SIZED_BY_DATA: Final = frozenset(
    {"Unique", "UniqueV2", "UniqueWithCounts", "UniqueWithCountsV2"}
)


def call_ns(node: Node, inputs: list[Any], outputs: list[Any]) -> float:
    """Return the estimated time of one call in nanoseconds.

    What compiling cannot make faster counts as nothing: files, text and other work of
    the host, and handing values on.
    """
    if node.kernel.host or node.op.type in _HANDING_ON:
        return 0.0
    elements = sum(_size(value) for value in inputs) + sum(map(_size, outputs))
    cost = _CALL_NS + _PASSES_NS.get(node.op.type, _ELEMENT_NS) * elements
    if node.kernel.random:
        cost += _DRAW_NS + _RANDOM_NS * sum(map(_size, outputs))
    op_type = node.op.type
    if op_type in _OF_COMPLEX and np.iscomplexobj(inputs[0]):
        cost += _COMPLEX_NS * _size(inputs[0])
    if op_type in _PRODUCTS and len(inputs) == 2 and outputs:
        # [.., m, k] x [.., k, n]: sqrt(mk * kn * mn) is mnk for single matrices.
        sizes = _size(inputs[0]) * _size(inputs[1]) * _size(outputs[0])
        is_whole = getattr(outputs[0], "dtype", None) in _WHOLE_NUMBERS
        flop_ns = _WHOLE_FLOP_NS if is_whole else _FLOP_NS
        cost += flop_ns * 2.0 * float(np.sqrt(float(sizes)))
    elif op_type in _CONVOLUTIONS:
        largest = max((_size(v) for v in [*inputs, *outputs]), default=0)
        cost += _PIECE_NS + _FLOP_NS * 2.0 * largest * _window(inputs, outputs)
    elif op_type == "TridiagonalSolve":
        is_plain = node.attrs["partial_pivoting"] and not node.attrs["perturb_singular"]
        cost += 0.0 if is_plain else _ROW_NS * inputs[0].shape[-1]
    return cost


def compile_ns(nodes: Sequence[Node]) -> float:
    """Return the estimated time to compile a plan."""
    random_count = sum(node.random is not None for node in nodes)
    rejecting_count = sum(node.op.type in _REJECTING for node in nodes)
    return (
        COMPILE_NS
        + COMPILE_NODE_NS * len(nodes)
        + COMPILE_RANDOM_NS * random_count
        + COMPILE_REJECTION_NS * rejecting_count
    )


def recompile_ns(nodes: Sequence[Node]) -> float:
    """Return the estimated time to compile, in every run, what has new sizes there.

    A step that updates the rows of tables that a batch names has another number of
    them in every batch: what takes their numbers is compiled for that number alone.
    """
    if not any(node.kernel.in_place for node in nodes):
        return 0.0
    varying = {
        slot
        for node in nodes
        if node.op.type in _SIZED_BY_DATA
        for slot in node.outputs
    }
    takers = [node for node in nodes if not varying.isdisjoint(node.flat_inputs())]
    return (
        compile_ns([node for node in takers if not node.kernel.host]) if takers else 0
    )


def _size(value: Any) -> int:
    return int(getattr(value, "size", 1))


def _window(inputs: list[Any], outputs: list[Any]) -> int:
    """Multiplications per element: the size of the filter over its input channels."""
    filters = [v for v in [*inputs, *outputs] if np.ndim(v) >= 4]
    return min((_size(v) // max(v.shape[-2], 1) for v in filters), default=1)
