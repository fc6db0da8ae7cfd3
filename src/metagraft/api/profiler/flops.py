"""How many float operations a node takes, for the op types that TensorFlow counts.

Each row is a function of a graph and a node. Shapes must be fully known.

Source: tensorflow python/profiler/internal/flops_registry.py, python/ops/nn_ops.py.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from metagraft.graph.graph import Graph
from metagraft.proto import NodeDef

__all__ = ["FLOPS"]

Count = Callable[[Graph, NodeDef], float]


def _shape(graph: Graph, name: str) -> list[int]:
    """Return the shape of a tensor named as an input of a node is.

    Raises:
        ValueError: It is not fully known.
    """
    shape = graph.get_tensor_by_name(name if ":" in name else f"{name}:0").shape
    shape.assert_is_fully_defined()
    return [int(size) for size in shape]


def _of_input(graph: Graph, node: NodeDef, *, each: int) -> int:
    return math.prod(_shape(graph, node.input[0])) * each


def _of_output(graph: Graph, node: NodeDef, *, each: int) -> int:
    return math.prod(_shape(graph, node.name)) * each


def _l2_loss(graph: Graph, node: NodeDef) -> int:
    return math.prod(_shape(graph, node.input[0])) * 3 - 1


def _reduction(graph: Graph, node: NodeDef, *, last: int) -> int:
    """One operation for every element, and `last` for every one that remains."""
    taken = math.prod(_shape(graph, node.input[0]))
    return taken + math.prod(_shape(graph, node.name)) * (last - 1)


def _add_n(graph: Graph, node: NodeDef) -> int:
    if not node.input:
        return 0
    return math.prod(_shape(graph, node.input[0])) * (len(node.input) - 1)


def _matmul(graph: Graph, node: NodeDef, *, inner: int, transposed: int) -> int:
    axis = transposed if node.attr["transpose_a"].b else inner
    size = _shape(graph, node.input[0])[axis]
    return size * math.prod(_shape(graph, node.name)) * 2


def _convolution(graph: Graph, node: NodeDef, *, axes: int) -> int:
    """Two operations for each of the first `axes` dimensions of the filter."""
    _shape(graph, node.input[0])
    window = _shape(graph, node.input[1])[:axes]
    return math.prod(_shape(graph, node.name)) * math.prod(window) * 2


def _must_be_nhwc(node: NodeDef) -> None:
    if node.attr["data_format"].s != b"NHWC":
        raise ValueError("Only NHWC format is supported in flops computations")


def _pool(graph: Graph, node: NodeDef) -> int:
    _must_be_nhwc(node)
    return math.prod(node.attr["ksize"].list.i) * math.prod(_shape(graph, node.name))


def _average_pool_gradient(graph: Graph, node: NodeDef) -> int:
    _must_be_nhwc(node)
    window = math.prod(node.attr["ksize"].list.i)
    return window * math.prod(_shape(graph, node.input[1])) * 2


def _max_pool_gradient(graph: Graph, node: NodeDef) -> int:
    _must_be_nhwc(node)
    window = math.prod(node.attr["ksize"].list.i)
    return (window + 1) * math.prod(_shape(graph, node.input[1]))


def _convolution_gradient(graph: Graph, node: NodeDef, *, of_filter: bool) -> float:
    """From the image `[n, h, w, c]` and the filter, one of them the node's output."""
    _must_be_nhwc(node)
    image = _shape(graph, node.input[0] if of_filter else node.name)
    window = _shape(graph, node.name if of_filter else node.input[1])
    strides = node.attr["strides"].list.i
    places = image[-1] * strides[1] * strides[2]
    return 2 * math.prod(image) * math.prod(window) / places


# Op type -> operations for each element of the first input.
_OF_INPUT: Final = {
    **dict.fromkeys(
        ["AssignAdd", "AssignSub", "BiasAdd", "Log", "Neg", "Reciprocal", "Square"], 1
    ),
    "Rsqrt": 2,
    "Softmax": 5,
}
# Op type -> operations for each element of the output.
_OF_OUTPUT: Final = {
    **dict.fromkeys(
        [
            "Add",
            "AddV2",
            "Equal",
            "Greater",
            "GreaterEqual",
            "Less",
            "LessEqual",
            "Maximum",
            "Minimum",
            "Mul",
            "NotEqual",
            "Pow",
            "RealDiv",
            "Sub",
        ],
        1,
    ),
    "SquaredDifference": 2,
    "RsqrtGrad": 4,
}


def _rows() -> dict[str, Count]:
    rows: dict[str, Count] = {}
    for name, each in _OF_INPUT.items():
        rows[name] = functools.partial(_of_input, each=each)
    for name, each in _OF_OUTPUT.items():
        rows[name] = functools.partial(_of_output, each=each)
    for name in ["ArgMax", "ArgMin", "BiasAddGrad", "Sum"]:
        rows[name] = functools.partial(_reduction, last=0)
    rows["Mean"] = functools.partial(_reduction, last=1)
    for name in ["BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"]:
        rows[name] = functools.partial(_matmul, inner=-1, transposed=-2)
    rows["MatMul"] = functools.partial(_matmul, inner=1, transposed=0)
    for name, axes in {
        "Conv2D": 3,
        "Conv3D": 4,
        "DepthwiseConv2dNative": 2,
        "Dilation2D": 2,
    }.items():
        rows[name] = functools.partial(_convolution, axes=axes)
    return rows


# Op type -> number of float operations.
FLOPS: Final[Mapping[str, Count]] = MappingProxyType(
    {
        **_rows(),
        "AddN": _add_n,
        "AvgPool": _pool,
        "AvgPoolGrad": _average_pool_gradient,
        "Conv2DBackpropFilter": functools.partial(
            _convolution_gradient, of_filter=True
        ),
        "Conv2DBackpropInput": functools.partial(
            _convolution_gradient, of_filter=False
        ),
        "L2Loss": _l2_loss,
        "MaxPool": _pool,
        "MaxPoolGrad": _max_pool_gradient,
    }
)
