"""Adding a node whose op type is a function of the library.

Source: tensorflow python/framework/function.py _call, _parse_kwargs_as_attrs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.defaults import get_default_graph
from metagraft.graph.dtypes import from_enum
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor
from metagraft.proto import AttrValue, OpDef


def call_by_name(
    signature: OpDef, inputs: Sequence[Tensor], name: str | None = None, **options: Any
) -> tuple[Any, Operation]:
    """Add a call to the default graph, which holds the function.

    Args:
        signature: The function's signature.
        inputs: The arguments, captured ones last.
        name: Name of the node; by default that of the function.
        **options: As of `call_attrs`.

    Returns:
        The result, a tuple of several, or the operation if there is none; and the
        operation.

    Raises:
        ValueError: The number of arguments differs, or a type.
    """
    expected = signature.input_arg
    if len(inputs) != len(expected):
        raise ValueError(f"Expected {len(expected)} arguments, got {len(inputs)}.")
    graph = get_default_graph()
    op_name = signature.name if name is None else name
    for arg, tensor in zip(expected, inputs, strict=True):
        if tensor.dtype.base_dtype.as_datatype_enum != arg.type:
            raise ValueError(
                f"Input '{arg.name}' passed {tensor.dtype.base_dtype.name} expected "
                f"{_short(arg.type)} while building NodeDef "
                f"'{graph.unique_name(op_name, mark_as_used=False)}' using "
                f"Op<name={signature.name}; signature={_shown(signature)}>"
            )
    op = graph.create_op(
        signature.name,
        inputs,
        [from_enum(arg.type) for arg in signature.output_arg],
        name=op_name,
        attrs=call_attrs(signature.name, **options),
    )
    if not op.outputs:
        return op, op
    return op.outputs[0] if len(op.outputs) == 1 else tuple(op.outputs), op


def _short(dtype: int) -> str:
    return {1: "float", 2: "double"}.get(dtype) or from_enum(dtype).name


def _shown(signature: OpDef) -> str:
    sides = [
        ", ".join(f"{arg.name}:{_short(arg.type)}" for arg in args)
        for args in (signature.input_arg, signature.output_arg)
    ]
    return " -> ".join(sides)


def call_attrs(
    function_name: str,
    *,
    noinline: bool | None = None,
    compiled: bool | None = None,
    separate_compiled_gradients: bool | None = None,
    **options: Any,
) -> dict[str, AttrValue]:
    """Return what the options of a function, or of a call, mean as attributes.

    Args:
        function_name: The function's name.
        noinline: Whether it stays a function when the graph runs.
        compiled: Whether TensorFlow compiles it.
        separate_compiled_gradients: Whether its gradients are compiled apart.
        **options: `_implements`, `_reference` and names that start with
            `experimental_`.

    Raises:
        ValueError: An option is unknown, or its value is of a wrong type.
    """
    # Calls of this kind have results of unknown shape.
    attrs = {"_disable_call_shape_inference": AttrValue(b=True)}
    if noinline is not None:
        attrs["_noinline"] = AttrValue(b=bool(noinline))
    if compiled is not None:
        attrs["_XlaCompile"] = AttrValue(b=bool(compiled))
        separate = AttrValue(b=bool(separate_compiled_gradients))
        attrs["_XlaSeparateCompiledGradients"] = separate
        scope = get_default_graph().scopes.attributes.get("_XlaScope")
        if not isinstance(scope, AttrValue):
            scope = AttrValue(s=f"function_{function_name}".encode())
        attrs["_XlaScope"] = scope
    unknown = [
        key
        for key in options
        if not key.startswith("experimental_")
        and key not in ("_implements", "_reference")
    ]
    if unknown:
        raise ValueError(f"Unknown keyword arguments: {unknown}.")
    for key, value in options.items():
        attrs[key] = _encoded(key, value)
    return attrs


def _encoded(name: str, value: Any) -> AttrValue:
    if isinstance(value, str):
        return AttrValue(s=value.encode())
    if not name.startswith("experimental_"):
        raise ValueError(f"Attribute {name} must be str. Got {type(value)}.")
    if isinstance(value, bool):
        return AttrValue(b=value)
    if isinstance(value, int):
        return AttrValue(i=value)
    if isinstance(value, float):
        return AttrValue(f=value)
    raise ValueError(
        f"Attribute {name} must be bool, int, float, or str. Got {type(value)}."
    )
