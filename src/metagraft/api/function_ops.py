"""Operations that take functions made by `Defun`: `If`, `While`, `For`, calls.

Source: tensorflow python/ops/functional_ops.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from metagraft.api.defun import DefinedFunction, get_extra_args
from metagraft.graph import dtypes
from metagraft.graph.apply_op import apply_op, op
from metagraft.graph.build.math import cast
from metagraft.graph.dtypes import from_enum
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor
from metagraft.proto import AttrValue

__all__ = [
    "For",
    "Gradient",
    "If",
    "While",
    "partitioned_call",
    "remote_call",
    "symbolic_gradient",
]


def If(  # noqa: N802 - TensorFlow's name
    cond: Any,
    inputs: Sequence[Any],
    then_branch: DefinedFunction,
    else_branch: DefinedFunction,
    name: str | None = None,
) -> Any:
    """Call one of two functions, by a condition known when the graph runs.

    Args:
        cond: A scalar; a number counts if it is not zero, a text if it is not empty.
        inputs: The arguments.
        then_branch: The function called if it is true.
        else_branch: The other one, with the same types.
        name: Name of the node.

    Returns:
        The list of results; the operation if there are none.
    """
    return _results(
        apply_op(
            "If",
            cond=cond,
            input=list(inputs),
            Tout=_output_types(then_branch),
            then_branch=then_branch,
            else_branch=else_branch,
            name=name,
        )
    )


def _output_types(function: DefinedFunction) -> list[dtypes.DType]:
    return [from_enum(arg.type) for arg in function.definition.signature.output_arg]


def _results(made: Operation) -> Any:
    return list(made.outputs) or made


def Gradient(  # noqa: N802 - TensorFlow's name
    inputs: Sequence[Any], f: DefinedFunction, name: str | None = None
) -> Any:
    """Return the gradients of a function with respect to its arguments.

    Args:
        inputs: The arguments, then the gradients of the results.
        f: The function.
        name: Name of the node.
    """
    types = [from_enum(arg.type) for arg in f.definition.signature.input_arg]
    return symbolic_gradient(inputs, types, f, name)


def symbolic_gradient(
    input: Sequence[Any],
    Tout: Sequence[Any],  # noqa: N803 - TensorFlow's name
    f: DefinedFunction,
    name: str | None = None,
) -> Any:
    """Add a `SymbolicGradient` node; arguments as of `Gradient`."""
    return op("SymbolicGradient", input=list(input), Tout=list(Tout), f=f, name=name)


def While(  # noqa: N802 - TensorFlow's name
    input_: Sequence[Any],
    cond: DefinedFunction,
    body: DefinedFunction,
    name: str | None = None,
    hostmem: Sequence[int] | None = None,
) -> Any:
    """Call `body` on its own results as long as `cond` of them is true.

    Args:
        input_: The first values.
        cond: Returns a scalar; it uses nothing from outside.
        body: Returns the next values, of the same types.
        name: Name of the node.
        hostmem: Positions of values that TensorFlow keeps in host memory.

    Returns:
        The last values.

    Raises:
        ValueError: `cond` uses tensors from outside, or the types differ.
    """
    if cond.captured_inputs:
        raise ValueError(
            "The 'cond' argument can not have implicitly captured inputs. Received "
            f"captured_inputs: {cond.captured_inputs}"
        )
    cond_types, body_types = cond.declared_input_types, body.declared_input_types
    if cond_types != body_types:
        raise ValueError(
            "The 'cond' and 'body' signatures do not match. Received: "
            f"cond_input_types={cond_types}, body_input_types={body_types}"
        )
    captured = body.captured_inputs
    if not captured:
        made = apply_op("While", input=list(input_), cond=cond, body=body, name=name)
        _mark_host_memory(made, hostmem, first=0)
        return _results(made)
    types = [*body_types, *(tensor.dtype for tensor in captured)]

    def wrapped(*args: Tensor) -> Any:
        return cond(*args[: len(body_types)])

    made = apply_op(
        "While",
        input=[*input_, *captured],
        cond=_defined(wrapped, types, f"{cond.name}_Wrapper"),
        body=_with_captures(body),
        name=name,
    )
    _mark_host_memory(made, hostmem, first=0)
    return list(made.outputs)[: -len(captured)]


def _with_captures(function: DefinedFunction) -> DefinedFunction:
    """Return a function whose captured tensors are also its last results."""

    def wrapped(*args: Tensor) -> tuple[Any, ...]:
        result = function(*args)
        extra = tuple(get_extra_args())
        if isinstance(result, Operation):
            return extra
        listed = result if isinstance(result, tuple) else (result,)
        return (*listed, *extra)

    types = function.declared_input_types
    return _defined(wrapped, types, f"{function.name}_Wrapper")


# TF: describes such functions in words of its own.
def _defined(
    function: Callable[..., Any], types: Sequence[Any], name: str
) -> DefinedFunction:
    return DefinedFunction(
        function, [*inspect.getfullargspec(function).args], types, name
    )


def _mark_host_memory(
    made: Operation, positions: Sequence[int] | None, first: int
) -> None:
    if not positions:
        return
    for key, offset in (("_input_hostmem", first), ("_output_hostmem", 0)):
        value = AttrValue()
        value.list.i.extend(offset + position for position in positions)
        made._set_attr(key, value)  # noqa: SLF001 - TensorFlow's name for it


def For(  # noqa: N802 - TensorFlow's name
    start: Any,
    limit: Any,
    delta: Any,
    inputs: Sequence[Any],
    body: DefinedFunction,
    name: str | None = None,
    hostmem: Sequence[int] | None = None,
    rewrite_with_while: bool | None = None,
) -> Any:
    """Call `body(i, *values)` on its own results for every `i` of a range.

    Args:
        start: The first number, `int32`.
        limit: The end of the range, not part of it.
        delta: The step.
        inputs: The first values.
        body: Takes a number and the values, returns the next values.
        name: Name of the node.
        hostmem: Positions of values that TensorFlow keeps in host memory.
        rewrite_with_while: Whether a `While` node is used instead.

    Returns:
        The last values.
    """
    if rewrite_with_while:
        return _for_by_while(start, limit, delta, inputs, body, name, hostmem)
    captured = body.captured_inputs
    made = apply_op(
        "For",
        start=start,
        limit=limit,
        delta=delta,
        input=[*inputs, *captured],
        body=_with_captures(body) if captured else body,
        name=name,
    )
    # Start, limit and step come before the values.
    _mark_host_memory(made, hostmem, first=3)
    outputs = list(made.outputs)
    return outputs[: -len(captured)] if captured else _results(made)


def _for_by_while(
    start: Any,
    limit: Any,
    delta: Any,
    inputs: Sequence[Any],
    body: DefinedFunction,
    name: str | None,
    hostmem: Sequence[int] | None,
) -> list[Tensor]:
    step = abs(delta) if isinstance(delta, int) else op("Abs", x=delta)
    distance = abs(limit - start)
    whole = distance + step - 1
    count = cast(cast(whole, dtypes.float32) / cast(step, dtypes.float32), dtypes.int32)
    types = [dtypes.int32] * 4 + list(body.declared_input_types)[1:]

    def goes_on(i: Tensor, n: Tensor, *args: Tensor) -> Tensor:
        del args
        return i < n

    def iteration(
        i: Tensor, n: Tensor, start: Tensor, delta: Tensor, *args: Tensor
    ) -> tuple[Any, ...]:
        result = body(start + i * delta, *args)
        if isinstance(result, Operation):
            result = ()
        elif isinstance(result, Tensor):
            result = (result,)
        return (i + 1, n, start, delta, *result)

    moved = [0, 1, 2, 3] + [4 + position for position in hostmem or ()]
    results = While(
        [0, count, start, delta, *inputs],
        _defined(goes_on, types, f"{body.name}_Cond"),
        _defined(iteration, types, f"{body.name}_Body"),
        name,
        moved,
    )
    return list(results[4:])


def partitioned_call(
    args: Sequence[Any],
    f: DefinedFunction,
    tout: Sequence[Any] | None = None,
    name: str | None = None,
) -> Any:
    """Call a function by a `PartitionedCall`, stateful if the function is.

    Args:
        args: The arguments.
        f: The function.
        tout: The types of the results; by default those of the function.
        name: Name of the node.
    """
    stateful = f.definition.signature.is_stateful
    return _results(
        apply_op(
            "StatefulPartitionedCall" if stateful else "PartitionedCall",
            args=list(args),
            Tout=_output_types(f) if tout is None else list(tout),
            f=f,
            name=name,
        )
    )


def remote_call(
    target: Any,
    args: Sequence[Any],
    Tout: Sequence[Any],  # noqa: N803 - TensorFlow's name
    f: DefinedFunction,
    name: str | None = None,
) -> Any:
    """Call a function on a device named when the graph runs.

    Args:
        target: The device, a text.
        args: The arguments.
        Tout: The types of the results.
        f: The function.
        name: Name of the node.
    """
    return op(
        "RemoteCall", target=target, args=list(args), Tout=list(Tout), f=f, name=name
    )
