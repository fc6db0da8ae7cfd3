"""Gradients of calls of functions.

Source: tensorflow python/ops/gradients_util.py _SymGrad.
"""

from __future__ import annotations

from typing import Any, Final

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build.array import zeros, zeros_like
from metagraft.graph.constant_value import variable_behind
from metagraft.graph.dtypes import DType
from metagraft.graph.functions import LibraryFunction
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor
from metagraft.proto import NameAttrList

_CALLS: Final = ("PartitionedCall", "StatefulPartitionedCall")


def called_function(op: Operation) -> LibraryFunction | None:
    """Return the function that an operation calls, None if it is no call.

    The library of the graph is asked, then those of the graphs around it.
    """
    name = op.attrs["f"].name if op.type in _CALLS else op.type
    return find_function(op.graph, name)


def find_function(graph: Graph | None, name: str) -> LibraryFunction | None:
    """Return a function of a graph or of the graphs around it."""
    while graph is not None:
        found = graph.functions.function(name)
        if found is not None:
            return found
        graph = None if graph.outside is None else graph.outside.outer_graph
    return None


def symbolic_gradient(op: Operation, *out_grads: Any) -> list[Any]:
    """The gradient of a call: an op that differentiates the function when it runs."""
    function = NameAttrList(name=op.type)
    if op.type in _CALLS:
        function.name = op.attrs["f"].name
    for key, value in op.node_def.attr.items():
        function.attr[key].CopyFrom(value)
    inputs: list[Any] = list(op.inputs)
    for output, grad in zip(op.outputs, out_grads, strict=True):
        inputs.append(zeros_for_output(output) if grad is None else grad)
    in_types = [_type_of_gradient(tensor) for tensor in op.inputs]
    result: list[Any] = apply_op(
        "SymbolicGradient", input=inputs, Tout=in_types, f=function
    )
    return result


def _type_of_gradient(tensor: Tensor) -> DType:
    behind = variable_behind(tensor) if tensor.dtype == dtypes.resource else None
    return tensor.dtype if behind is None else behind[1]


def zeros_for_output(tensor: Tensor) -> Tensor | None:
    """Return the gradient of an output that nothing depends on."""
    if tensor.dtype != dtypes.resource:
        return zeros_like(tensor, optimize=False)
    behind = variable_behind(tensor)
    if behind is None:
        return None
    return zeros(apply_op("VariableShape", input=tensor), dtype=behind[1])
