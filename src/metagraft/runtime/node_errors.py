"""Errors of a run: TensorFlow's class and text, and the place in the user's program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from metagraft import errors
from metagraft.graph.dtypes import DType, kernel_name, resource
from metagraft.graph.op_spec import Shapes, spec_for
from metagraft.graph.shapes import Dims, show
from metagraft.kernels.kernel import FIRST_INPUT

if TYPE_CHECKING:
    import numpy.typing as npt

    from metagraft.graph.operation import Operation

_LISTED_MAX: Final = 20


def missing_kernels(ops: Sequence[Operation]) -> errors.UnimplementedError:
    """Return one error for all operations that nothing can run."""
    by_type: dict[str, list[Operation]] = {}
    for op in sorted(ops, key=lambda op: op.op_id):
        by_type.setdefault(op.type, []).append(op)
    entries = [
        f"{op_type} ({_origin(nodes[0])}{len(nodes)} nodes, first '{nodes[0].name}')"
        if len(nodes) > 1
        else f"{op_type} ({_origin(nodes[0])}1 node, '{nodes[0].name}')"
        for op_type, nodes in sorted(by_type.items())
    ]
    shown = ", ".join(entries[:_LISTED_MAX])
    if len(entries) > _LISTED_MAX:
        shown += f", and {len(entries) - _LISTED_MAX} more"
    types = "op type has" if len(entries) == 1 else "op types have"
    return errors.UnimplementedError(
        None,
        None,
        f"{len(entries)} {types} no kernel: {shown}. Nothing was run.",
    )


def _origin(op: Operation) -> str:
    """Say where an op that TensorFlow does not have came from, if that is known."""
    if op.definition is None:
        return "not an op of TensorFlow; "
    module = op.definition.contrib_module
    return f"from tf.contrib.{module}; " if module else ""


def not_ordered(ops: Sequence[Operation]) -> errors.InvalidArgumentError:
    """Return the error for operations that wait for each other."""
    names = ", ".join(f"'{op.name}' ({op.type})" for op in ops[:_LISTED_MAX])
    return errors.InvalidArgumentError(
        ops[0].node_def,
        ops[0],
        f"The graph has a cycle: {len(ops)} operations wait for each other or for "
        f"one that does: {names}.",
    )


def placed(error: Exception, op: Operation, inputs: Sequence[Any]) -> errors.OpError:
    """Return `error` as the error of an operation.

    Args:
        error: What the kernel raised.
        op: The operation that failed.
        inputs: The values of its operands.
    """
    if isinstance(error, errors.OpError):
        if error.op is not None:
            return error
        cls: type[errors.OpError] = type(error)
        text = error.message
    else:
        cls = _error_class(error)
        known = _broadcast_text(error, inputs) or _text_of_shapes(op, inputs)
        text = known or str(error) or type(error).__name__
    if FIRST_INPUT in text:
        text = text.replace(FIRST_INPUT, op.node_def.input[0])
    operands = ", ".join(
        f"{tensor.name} {_describe(value)}"
        for tensor, value in zip(op.inputs, inputs, strict=False)
    )
    place = op.graph.creation_stack(op.op_id).place()
    message = f"{text}\n\t [[{{{{node {op.name}}}}}]]\nOperation '{op.name}'"
    message += f" (type {op.type}), inputs: {operands or 'none'}"
    if place:
        message += f"\nMade at {place}"
    # The classes of operations' errors take (node_def, op, message).
    make: Any = cls
    placed_error: errors.OpError = make(op.node_def, op, message)
    return placed_error


def _broadcast_text(error: Exception, inputs: Sequence[Any]) -> str | None:
    """Return TensorFlow's words for operands whose shapes do not fit."""
    text = str(error)
    if len(inputs) < 2 or not (
        "could not be broadcast together" in text
        or "incompatible shapes for broadcasting" in text
    ):
        return None
    first, second = (show(np.shape(value)) for value in inputs[:2])
    return f"Incompatible shapes: {first} vs. {second}"


class _ShapesOfRun(Shapes):
    """What a shape function is told of operands when their values are there."""

    values: Sequence[Any]

    def value(self, index: int) -> npt.NDArray[Any] | None:
        """The value of an operand, unless a program is being traced."""
        found = self.values[index]
        return found if isinstance(found, np.ndarray) else None

    def as_dims(self, index: int) -> Dims:
        """An operand read as a shape."""
        found = self.value(index)
        if found is None or found.ndim != 1:
            return super().as_dims(index)
        return tuple(None if size < 0 else size for size in found.tolist())


def _text_of_shapes(op: Operation, inputs: Sequence[Any]) -> str | None:
    """Return what the shape function says against the operands of a run.

    A kernel that stumbles over them knows less of what is wrong.
    """
    spec = spec_for(op.type)
    if spec is None or spec.shape is None or len(inputs) != len(op.inputs):
        return None
    shapes = _ShapesOfRun(
        () if tensor.dtype.base_dtype == resource else np.shape(value)
        for tensor, value in zip(op.inputs, inputs, strict=True)
    )
    shapes.op, shapes.values = op, inputs
    try:
        spec.shape(op.record, shapes)
    except ValueError as error:
        return str(error)
    except (ArithmeticError, AttributeError, LookupError, TypeError):
        return None
    return None


# How NumPy and XLA refuse arrays that no memory could hold.
_TOO_BIG = (
    "array is too big",
    "Maximum allowed dimension exceeded",
    "RESOURCE_EXHAUSTED",
)


def _error_class(error: Exception) -> type[errors.OpError]:
    if isinstance(error, NotImplementedError):
        return errors.UnimplementedError
    if isinstance(error, MemoryError) or str(error).startswith(_TOO_BIG):
        return errors.ResourceExhaustedError
    if isinstance(error, FileNotFoundError):
        return errors.NotFoundError
    if isinstance(error, PermissionError):
        return errors.PermissionDeniedError
    if isinstance(error, (ValueError, TypeError, IndexError, ArithmeticError)):
        return errors.InvalidArgumentError
    return errors.InternalError


def _describe(value: Any) -> str:
    if value is None:
        return "(no value)"
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return f"({type(value).__name__})"
    kind = "string" if dtype == np.dtype(object) else dtype
    return f"{kind}{list(np.shape(value))}"


def shown_type(dtype: DType) -> str:
    """Return the name of a type as errors of runs spell it, such as `half`."""
    return kernel_name(dtype)
