"""Calling a Python function to build the body of a traced function.

Source: tensorflow python/framework/func_graph.py func_graph_from_py_func.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from metagraft.api.variable_scope import get_variable_scope
from metagraft.graph.build.array import identity
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType
from metagraft.graph.effect_order import EffectOrder
from metagraft.graph.flow import FlowCarrier, from_flow, to_flow
from metagraft.graph.function_captures import keep_name
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.shapes import Dims, dims_to_proto
from metagraft.graph.structure import flatten, map_structure
from metagraft.graph.tensor import Tensor
from metagraft.graph.variable import GraphVariable
from metagraft.proto import AttrValue


def trace(
    graph: FunctionGraph,
    function: Callable[..., Any],
    arguments: Sequence[Any],
    *,
    for_operation: Any = None,
    in_order: bool | None = None,
) -> None:
    """Build a body: results and captured tensors become part of the graph.

    Args:
        graph: The body, in which the placeholders of arguments are already inputs.
        function: The Python function.
        arguments: What it is called with.
        for_operation: A tensor that stands for results that are operations; without
            it these are refused.
        in_order: Whether effects run in the order of the program; by default if they
            do in the graph around.

    Raises:
        TypeError: A result has no tensor form.
    """
    if in_order is None:
        outer = graph.outer_graph
        in_order = (
            isinstance(outer, FunctionGraph)
            and outer.has_automatic_control_dependencies
        )
    order = EffectOrder(graph) if in_order else None
    with graph.as_default(), _resource_variables():
        results = map_structure(
            lambda value: _result(function, value, for_operation, order),
            function(*arguments),
        )
        graph.structured_outputs = results
        graph.outputs.extend(graph.capture(tensor) for tensor in flat_tensors(results))
        if order is not None:
            order.finish()


@contextmanager
def _resource_variables() -> Iterator[None]:
    """Make variables inside of functions resource variables by default."""
    scope = get_variable_scope()
    before = scope.use_resource
    scope.set_use_resource(True)
    try:
        yield
    finally:
        scope.set_use_resource(before)


def _result(
    function: Callable[..., Any],
    value: Any,
    for_operation: Any,
    order: EffectOrder | None,
) -> Any:
    if value is None:
        return None
    if isinstance(function, partial):
        function = function.func
    if isinstance(value, GraphVariable):
        value = convert_to_tensor(value)
    if for_operation is not None and isinstance(value, Operation):
        with control_dependencies([value]):
            value = identity(for_operation)
    elif isinstance(value, FlowCarrier):
        return value if order is None else value.with_flow(order.returned(value.flow))
    else:
        try:
            value = convert_to_tensor(value)
        except (ValueError, TypeError):
            raise TypeError(
                "To be compatible with tf.function, Python functions must return zero "
                "or more Tensors or ExtensionTypes or None values; in compilation of "
                f"{function}, found return value of type {type(value).__name__}, which "
                "is not a Tensor or ExtensionType."
            ) from None
    return value if order is None else order.returned(value)


def flat_tensors(structure: Any) -> list[Tensor]:
    """Return the tensors of a structure."""
    return [to_flow(leaf) for leaf in flatten(structure) if leaf is not None]


def packed_like(structure: Any, tensors: Sequence[Tensor]) -> Any:
    """Return tensors in a structure, as `flat_tensors` took them out of one."""
    rest = iter(tensors)
    return map_structure(
        lambda leaf: None if leaf is None else from_flow(leaf, next(rest)), structure
    )


def add_placeholder(
    graph: FunctionGraph, dtype: DType, dims: Dims, name: str | None
) -> Tensor:
    """Append an argument to a body.

    Args:
        graph: The body.
        dtype: Its type.
        dims: Its shape.
        name: Its name, which is also noted as an attribute; None for no name.
    """
    attrs = {
        "dtype": AttrValue(type=dtype.base_dtype.as_datatype_enum),
        "shape": AttrValue(shape=dims_to_proto(dims)),
    }
    with graph.as_default():
        tensor = graph.create_op(
            "Placeholder", (), [dtype.base_dtype], name=name, attrs=attrs
        ).outputs[0]
    if name is not None:
        keep_name(tensor, name)
    graph.inputs.append(tensor)
    return tensor
