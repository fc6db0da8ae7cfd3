"""Gradients of calls of functions that were traced here.

The function is called anew as a forward function, which also returns what the gradient
needs from inside; a backward function takes that and the gradients of the results.

Source: tensorflow python/eager/polymorphic_function/concrete_function.py
_DelayedRewriteGradientFunctions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from metagraft.gradients.differentiable import is_differentiable
from metagraft.graph.build.traced_calls import add_call, type_list
from metagraft.graph.built_function import BuiltFunction, FunctionPair, numbered_name
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.effect_order import EffectOrder
from metagraft.graph.function_captures import copy_handle
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.operation import Operation
from metagraft.graph.structure import flatten, map_structure, pack_like
from metagraft.graph.tensor import Tensor
from metagraft.proto import AttrValue


def traced_call_gradient(
    function: BuiltFunction, op: Operation, *grads: Any
) -> list[Any]:
    """Return the gradients of the inputs of a call.

    Args:
        function: The function that is called.
        op: The call; it is made a call of the forward function.
        *grads: The gradients of its results.
    """
    pair = gradient_pair(function, len(grads))
    if not pair.backward.outputs:
        return list(pair.results)
    _call_forward(op, pair.forward)
    outputs = dict(zip(pair.forward.outputs, op.outputs, strict=True))
    given = [
        convert_to_tensor(grad)
        for grad, output in zip(grads, pair.forward.outputs, strict=False)
        if is_differentiable(output)
    ]
    captured = [outputs.get(t, t) for t in pair.backward.graph.external_captures]
    made = add_call(pair.backward, [*given, *captured])
    outputs_of_backward = iter(made.outputs)
    return [
        None if result is None else _taken(result, outputs_of_backward)
        for result in pair.results
    ]


def gradient_pair(function: BuiltFunction, count: int) -> FunctionPair:
    """Return the functions that compute the gradient of a function.

    Args:
        function: The function.
        count: How many of its results are differentiated.
    """
    pair = function.pairs.get(count)
    if pair is None:
        pair = function.pairs[count] = _forward_and_backward(function, count)
    return pair


def _taken(result: Any, outputs: Iterator[Tensor]) -> Any:
    """Return a gradient made of as many outputs as it has parts."""
    return pack_like(result, [next(outputs) for _ in flatten(result)])


def _forward_and_backward(function: BuiltFunction, count: int) -> FunctionPair:
    from metagraft.gradients.backward import gradients

    body = function.graph
    wanted = [t for t in body.outputs[:count] if is_differentiable(t)]
    with body.as_default():
        graph = FunctionGraph(
            numbered_name(f"__backward_{body.name}"),
            collections=body.collection_lists,
        )
    order = EffectOrder(graph)
    with graph.as_default():
        given = [_argument(graph, tensor) for tensor in wanted]
        graph.inputs.extend(given)
        found = gradients(wanted, list(body.inputs), given) if wanted else []
        found = found or [None] * len(body.inputs)
        results = [
            None if grad is None else map_structure(order.returned, grad)
            for grad in found
        ]
        graph.outputs = [
            part for result in results if result is not None for part in flatten(result)
        ]
        order.finish()
    known = set(body.outputs)
    for tensor in graph.external_captures:
        if tensor.graph is body and tensor not in known:
            known.add(tensor)
            body.outputs.append(tensor)
    return _named_pair(function, graph, results)


def _argument(graph: FunctionGraph, like: Tensor) -> Tensor:
    from metagraft.graph.function_captures import add_argument

    return add_argument(graph, like, None)


def _named_pair(
    function: BuiltFunction, graph: FunctionGraph, results: Sequence[Any]
) -> FunctionPair:
    body = function.graph
    forward_name = numbered_name(f"__forward_{body.name}")
    backward = BuiltFunction(
        graph,
        {
            "forward_function_name": AttrValue(s=forward_name.encode()),
            **function.shared_attrs,
        },
        name=numbered_name(f"__inference_{graph.name}"),
    )
    forward = BuiltFunction(
        body,
        {
            "backward_function_name": AttrValue(s=backward.name.encode()),
            **function.shared_attrs,
        },
        name=forward_name,
    )
    # The gradient of the forward function is that of the function itself.
    forward.pairs = function.pairs
    forward.shared_attrs = function.shared_attrs
    return FunctionPair(forward, backward, list(results))


def _call_forward(op: Operation, forward: BuiltFunction) -> None:
    """Make a call one of the forward function, with more results."""
    forward.add_to_graph(op.graph)
    called = AttrValue()
    called.func.name = forward.name
    op._set_attr("f", called)  # noqa: SLF001 - TensorFlow's name for it
    op._set_attr("Tout", type_list(forward.outputs))  # noqa: SLF001 - as above
    added = forward.outputs[len(op.outputs) :]
    if added:
        op.graph.extend_outputs(op, [t.dtype for t in added], [t.dims for t in added])
    for result, inside in zip(op.outputs, forward.outputs, strict=True):
        copy_handle(inside, result)
