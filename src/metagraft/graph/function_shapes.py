"""Static shapes of what a function returns, from its body.

Source: tensorflow core/common_runtime/shape_refiner.cc InferShapesForFunction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from metagraft.errors import OpError
from metagraft.graph.constant_value import variable_behind
from metagraft.graph.dtypes import DType, resource, string, variant
from metagraft.graph.folding import folded_value
from metagraft.graph.function_body import (
    function_graph_from_def,
    functions_called,
    reachable_functions,
)
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.shape_inference import infer_shapes
from metagraft.graph.shapes import Dims, num_elements
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_values import make_tensor_proto
from metagraft.proto import FunctionDef, TensorProto

# Bodies deeper inside of others are not looked into.
_DEEPEST: Final = 16
# As many numbers as shapes and axes may have.
_MOST: Final = 1024
_NOT_INFERRED: Final = "_disable_call_shape_inference"


def result_shapes(op: Operation, name: str, shapes: Sequence[Dims]) -> tuple[Dims, ...]:
    """Return the shapes of the results of a call; unknown where the body is no help.

    Args:
        op: The call.
        name: The function.
        shapes: The shapes of its arguments.

    Raises:
        ValueError: Shapes in the body do not fit together.
    """
    count = len(op.graph.output_dtypes(op))
    unknown: tuple[Dims, ...] = (None,) * count
    if op.attrs.get(_NOT_INFERRED, False):
        return unknown
    source: Graph | None = op.graph
    while source is not None and name not in source.functions:
        source = None if source.outside is None else source.outside.outer_graph
    if source is None or _depth(op.graph) > _DEEPEST:
        return unknown
    known = source.functions.result_shapes
    handles = tuple(
        variable_behind(t) if t.dtype == resource else None for t in op.inputs
    )
    values = {
        position: value
        for position, tensor in enumerate(op.inputs)
        if (value := _small_value(tensor)) is not None
    }
    told = tuple((i, v.SerializeToString()) for i, v in values.items())
    key = name, tuple(shapes), handles, told
    if key not in known:
        definition = source.functions.get(name)
        assert definition is not None
        known[key] = _inferred(source, definition, shapes, handles, values)
    found = known[key]
    return unknown if found is None or len(found) != count else found


def _inferred(
    source: Graph,
    definition: FunctionDef,
    shapes: Sequence[Dims],
    handles: Sequence[tuple[Dims, DType] | None],
    values: Mapping[int, TensorProto],
) -> tuple[Dims, ...] | None:
    called = functions_called(list(definition.node_def), source.functions)
    if definition.signature.name in reachable_functions(called, source.functions):
        return None  # it calls itself
    if len(definition.signature.attr) or len(definition.signature.input_arg) != len(
        shapes
    ):
        return None
    try:
        body = function_graph_from_def(
            definition,
            source,
            input_shapes=shapes,
            input_values=values,
        )
        body.functions.result_shapes = source.functions.result_shapes
        for tensor, behind in zip(body.inputs, handles, strict=False):
            if behind is not None:
                body.handles[tensor] = behind
    except (ValueError, KeyError, TypeError, OpError):
        return None  # running it says what is wrong
    for op in body.get_operations():
        infer_shapes(op, [tensor.dims for tensor in op.inputs])
    return tuple(tensor.dims for tensor in body.outputs)


def _small_value(tensor: Tensor) -> TensorProto | None:
    """Return the value of a tensor of numbers if it is constant and has few."""
    count = num_elements(tensor.dims)
    if tensor.dtype in (resource, variant, string) or count is None or count > _MOST:
        return None
    value = folded_value(tensor)
    return None if value is None else make_tensor_proto(value, tensor.dtype)


def _depth(graph: Graph) -> int:
    depth = 0
    while graph.outside is not None:
        graph = graph.outside.outer_graph
        depth += 1
    return depth
