"""Finding tensors and operations of a graph by object or name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor

if TYPE_CHECKING:
    from metagraft.graph.graph import Graph


def as_graph_element(
    graph: Graph, obj: Any, allow_tensor: bool, allow_operation: bool
) -> Tensor | Operation:
    """Return the tensor or operation that `obj` is, holds or names.

    Source: tensorflow python/framework/ops.py Graph.as_graph_element.
    """
    if not allow_tensor and not allow_operation:
        raise ValueError("allow_tensor and allow_operation can't both be False.")
    wanted = _wanted(allow_tensor, allow_operation)
    converted = getattr(obj, "_as_graph_element", None)
    if converted is not None:
        obj = converted()
    if isinstance(obj, bytes):
        obj = obj.decode()
    if isinstance(obj, str):
        return _named(graph, obj, allow_tensor, allow_operation)
    if isinstance(obj, Tensor) and allow_tensor:
        if obj.graph is not graph:
            raise ValueError(f"Tensor {obj} is not an element of this graph.")
        return obj
    if isinstance(obj, Operation) and allow_operation:
        if obj.graph is not graph:
            raise ValueError(f"Operation {obj!r} is not an element of this graph.")
        return obj
    raise TypeError(f"Can not convert a {type(obj).__name__} into a {wanted}.")


def _wanted(allow_tensor: bool, allow_operation: bool) -> str:
    if allow_tensor and allow_operation:
        return "Tensor or Operation"
    return "Tensor" if allow_tensor else "Operation"


def _named(
    graph: Graph, name: str, allow_tensor: bool, allow_operation: bool
) -> Tensor | Operation:
    if ":" in name:
        if not allow_tensor:
            raise ValueError(
                f"Name {name!r} appears to refer to a Tensor, not a Operation."
            )
        return _tensor_named(graph, name)
    if not graph.has_operation(name):
        if allow_operation:
            raise KeyError(
                f"The name {name!r} refers to an Operation not in the graph."
            )
    elif allow_operation:
        return graph.operation_named(name)
    if graph.has_operation(name):
        raise ValueError(
            f"The name {name!r} refers to an Operation, not a Tensor. Tensor names"
            ' must be of the form "<op_name>:<output_index>".'
        )
    raise ValueError(
        f"The name {name!r} looks like an (invalid) Operation name, not a Tensor."
        ' Tensor names must be of the form "<op_name>:<output_index>".'
    )


def _tensor_named(graph: Graph, name: str) -> Tensor:
    op_name, _, port = name.partition(":")
    # TF: takes `x:-1` for the last output, which nobody asked it to.
    if not port.isdigit():
        raise ValueError(
            f"The name {name!r} looks a like a Tensor name, but is not a valid one."
            ' Tensor names must be of the form "<op_name>:<output_index>".'
        )
    if not graph.has_operation(op_name):
        raise KeyError(
            f"The name {name!r} refers to a Tensor which does not exist. The"
            f" operation, {op_name!r}, does not exist in the graph."
        )
    outputs = graph.operation_named(op_name).outputs
    if int(port) >= len(outputs):
        raise KeyError(
            f"The name {name!r} refers to a Tensor which does not exist. The"
            f" operation, {op_name!r}, exists but only has {len(outputs)} outputs."
        )
    return outputs[int(port)]
