"""`tf.xla.experimental`: operations marked for TensorFlow's compiler.

Here all operations are compiled; the marks are kept for programs that read them.

Source: tensorflow python/compiler/xla/jit.py, xla.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from metagraft.api import logging, summary
from metagraft.api.decorators import deprecated
from metagraft.api.variable_scope import get_variable_scope
from metagraft.graph.apply_op import op
from metagraft.graph.build.array import identity
from metagraft.graph.build.control_flow import group, no_op
from metagraft.graph.compiled_context import CompiledContext
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import executing_eagerly, get_default_graph
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import (
    add_to_collection,
    control_dependencies,
    device,
    get_collection,
)
from metagraft.graph.structure import flatten, pack_like
from metagraft.graph.tensor import Tensor
from metagraft.proto import AttrValue

__all__ = ["compile", "jit_scope"]

# The collection that keeps how many scopes there were.
_KEY: Final = ("__xla_scope",)


@dataclass(slots=True)
class _Scopes:
    """How many scopes there were in a graph, and how many are open."""

    count: int = 0
    depth: int = 0


@contextmanager
def jit_scope(
    compile_ops: bool | Callable[[Any], bool] = True,
    separate_compiled_gradients: bool = False,
) -> Iterator[None]:
    """Mark the operations of a block to be compiled together by TensorFlow.

    Args:
        compile_ops: Whether they are to be, or a function of a node that says so.
        separate_compiled_gradients: Whether gradients are to be compiled apart.

    Raises:
        RuntimeError: There is no graph.
    """
    if executing_eagerly():
        raise RuntimeError(
            "xla.experimental.jit_scope is not supported when eager execution is"
            " enabled. Try use it inside tf.function."
        )
    attrs: dict[str, Any] = {
        "_XlaCompile": _marked(compile_ops),
        "_XlaSeparateCompiledGradients": AttrValue(b=bool(separate_compiled_gradients)),
    }
    kept = get_collection(_KEY)
    if kept:
        scopes = kept[0]
    else:
        scopes = _Scopes()
        add_to_collection(_KEY, scopes)
    if scopes.depth == 0:
        attrs["_XlaScope"] = AttrValue(s=f"jit_scope_{scopes.count}".encode())
        scopes.count += 1
    scopes.depth += 1
    with get_default_graph()._attr_scope(attrs):  # noqa: SLF001 - TensorFlow's name
        yield
    scopes.depth -= 1


def _marked(compile_ops: bool | Callable[[Any], bool]) -> Any:
    if not callable(compile_ops):
        return AttrValue(b=compile_ops)

    def marked(node: Any) -> AttrValue:
        return AttrValue(b=compile_ops(node))

    return marked


@deprecated(
    None,
    "xla.experimental.compile is deprecated. Consider using "
    "`@tf.function(jit_compile=True)`.",
)
def compile(computation: Callable[..., Any], inputs: Any = None) -> Any:
    """Add the operations of a function, marked to be compiled together.

    Args:
        computation: Returns tensors and, after them, operations; or a structure of
            tensors.
        inputs: A list of its arguments, each a structure of values.

    Returns:
        A list of the tensors, or the structure with them; an operation if there are
        none. With any of the tensors, the operations run.

    Raises:
        TypeError: `inputs` is no sequence.
        ValueError: What is returned is no tensor, is in another order, or there is an
            operation in a structure.
    """
    inputs = [] if inputs is None else inputs
    if not isinstance(inputs, Sequence):
        raise TypeError("inputs must be a list")
    taken = [convert_to_tensor(value) for value in flatten(inputs)]
    name = get_default_graph().unique_name("cluster")
    context = CompiledContext(name, no_op(name=f"{name}/pivot"))
    context.enter()
    try:
        taken = [identity(x, name=f"input_{i}") for i, x in enumerate(taken)]
        outputs = _called(computation, pack_like(inputs, taken))
        is_flat = _is_flat(outputs)
        tensors, operations = (_flat if is_flat else _nested)(outputs)
        context.exit_result(tensors)
    finally:
        _report(context)
        context.exit()
    if not tensors:
        return group(*operations, name="output_0")
    tensors = [
        op("XlaClusterOutput", input=x, name=f"output{i}")
        for i, x in enumerate(tensors)
    ]
    with control_dependencies(operations):
        tensors = [identity(x, name=f"output_{i}") for i, x in enumerate(tensors)]
    return tensors if is_flat else pack_like(outputs, tensors)


# What has no meaning in a compiled program.
_SUMMARIES: Final = frozenset(
    {
        "AudioSummary",
        "AudioSummaryV2",
        "HistogramSummary",
        "ImageSummary",
        "MergeSummary",
        "Print",
        "ScalarSummary",
        "TensorSummary",
        "TensorSummaryV2",
    }
)
_MOST_REPORTED: Final = 5


def _report(context: CompiledContext) -> None:
    """Tell of operations that TensorFlow's compiler does not take."""
    for one in context.operations:
        if one.type == "Placeholder":
            logging.error(
                "Operation of type %s (%s) is not supported in XLA. Execution will fail"
                " if this op is used in the graph. ",
                one.type,
                one.name,
            )
    lost = [one for one in context.operations if one.type in _SUMMARIES]
    if lost:
        shown = "\n".join(f"  {one.type} ({one.name})" for one in lost[:_MOST_REPORTED])
        logging.warning("%d unsupported operations found: \n%s", len(lost), shown)
        if len(lost) > _MOST_REPORTED:
            logging.warning("... and %d more", len(lost) - _MOST_REPORTED)


def _called(computation: Callable[..., Any], inputs: Any) -> Any:
    """Call a function with resource variables and without summaries."""
    scope = get_variable_scope()
    uses_resources = scope.use_resource
    scope.set_use_resource(True)
    token = summary.are_skipped.set(True)
    try:
        outputs = computation(*inputs)
    finally:
        summary.are_skipped.reset(token)
    scope.set_use_resource(uses_resources)
    return outputs


def _is_nested(value: Any) -> bool:
    return isinstance(value, (Sequence, Mapping)) or hasattr(
        type(value), "__attrs_attrs__"
    )


def _is_flat(outputs: Any) -> bool:
    """Whether outputs are one value, or a list of values."""
    if isinstance(outputs, Sequence):
        return not any(_is_nested(one) for one in outputs)
    return not _is_nested(outputs)


def _flat(outputs: Any) -> tuple[list[Tensor], list[Operation]]:
    """Return tensors and operations, of which there is at least one."""
    values = outputs if isinstance(outputs, Sequence) else (outputs,)
    values = [] if outputs is None else list(values)
    found = _converted([*values, no_op()])
    operations = [one for one in found if isinstance(one, Operation)]
    tensors = [one for one in found if not isinstance(one, Operation)]
    if any(isinstance(one, Operation) for one in found[: len(tensors)]):
        raise ValueError(
            "XLA computation function must return zero or more Tensor values followed "
            "by zero or more Operations."
        )
    return [_here(one) for one in tensors], operations


def _nested(outputs: Any) -> tuple[list[Tensor], list[Operation]]:
    """Return the tensors of a structure, which has no operations."""
    tensors = []
    for value in flatten(outputs):
        if isinstance(value, Operation):
            raise ValueError(  # noqa: TRY004 - TensorFlow's class
                "xla.compile does not support Operation as return value in non-flat "
                "output structure. You can set returned Operations as control "
                "dependencies of returned Tensors so Operations are triggered when "
                f'Tensors are evaluated. Operation found: "{value.name}"'
            )
        tensors.append(_here(_converted([value])[0]))
    return tensors, []


def _converted(values: list[Any]) -> list[Any]:
    try:
        return [
            one if isinstance(one, Operation) else convert_to_tensor(one)
            for one in values
        ]
    except Exception as error:
        raise ValueError(
            "XLA computation function return values must all either be Operations or "
            f'convertible to Tensors. Got error: "{error}"'
        ) from error


def _here(tensor: Tensor) -> Tensor:
    with device(tensor.device or ""):
        found: Tensor = identity(tensor)
        return found
