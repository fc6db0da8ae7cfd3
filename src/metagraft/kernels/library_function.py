"""Small functions of a graph's library, called by kernels: reductions, comparisons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from metagraft.errors import NotFoundError, UnimplementedError
from metagraft.graph.argument_lists import split_by_argument
from metagraft.graph.attrs import Attrs
from metagraft.graph.function_body import function_graph_from_def
from metagraft.graph.tensor_values import make_ndarray
from metagraft.kernels.kernel import Array

if TYPE_CHECKING:
    from metagraft.graph.function_graph import FunctionGraph
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["LibraryFunction", "library_function", "named_function"]

_FORWARDING = frozenset({"Identity", "IdentityN", "StopGradient"})
_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})


class LibraryFunction:
    """A function without state, called with arrays."""

    def __init__(self, body: FunctionGraph) -> None:
        """Wrap the graph of a function."""
        self._body = body

    def __call__(self, *arguments: Array) -> list[Array]:
        """Return the results for some arguments."""
        found = dict(zip(self._body.inputs, arguments, strict=True))
        return [self._value(tensor, found) for tensor in self._body.outputs]

    @property
    def only_op(self) -> str:
        """The type of the op that is all of a function of two arguments; or nothing.

        Its operands are the arguments in their order, its output is the result. A
        function that returns its second argument is `Second`.
        """
        if len(self._body.inputs) != 2 or len(self._body.outputs) != 1:
            return ""
        result = _origin(self._body.outputs[0])
        if result is self._body.inputs[1]:
            return "Second"
        operands = [_origin(tensor) for tensor in result.op.inputs]
        return result.op.type if operands == list(self._body.inputs) else ""

    def _value(self, tensor: Tensor, found: dict[Tensor, Array]) -> Array:
        if tensor not in found:
            op = tensor.op
            values = {one: self._value(one, found) for one in op.inputs}
            results = _results(op, values)
            found.update(zip(op.outputs, results, strict=True))
        return found[tensor]


def library_function(op: Operation, attr: str) -> LibraryFunction:
    """Return the function that an attribute of an operation names.

    Raises:
        NotFoundError: It is not in the library.
    """
    return named_function(op, op.attrs[attr].name, op.attrs[attr].attr)


def named_function(op: Operation, name: str, attrs: Any) -> LibraryFunction:
    """Return a function of the library of an operation's graph.

    Args:
        op: The operation.
        name: The name of the function.
        attrs: Values for attributes of its signature.

    Raises:
        NotFoundError: It is not in the library.
    """
    definition = op.graph.functions.get(name)
    if definition is None:
        raise NotFoundError(
            None, None, f"Function {name} is not in the library of the graph."
        )
    return LibraryFunction(function_graph_from_def(definition, op.graph, attrs=attrs))


def _origin(tensor: Tensor) -> Tensor:
    while tensor.op.type in _FORWARDING:
        tensor = tensor.op.inputs[tensor.value_index]
    return tensor


def _results(op: Operation, values: dict[Tensor, Array]) -> Sequence[Array]:
    from metagraft.kernels import kernel_for

    if op.type == "Const":
        return [make_ndarray(op.attrs["value"])]
    operands: list[Any] = [values[tensor] for tensor in op.inputs]
    if op.type in _FORWARDING:
        return operands
    if op.type in _CALLS:
        function = op.attrs["f"]
        return named_function(op, function.name, function.attr)(*operands)
    if op.type in op.graph.functions:
        return named_function(op, op.type, op.node_def.attr)(*operands)
    kernel = kernel_for(op.type)
    if kernel is None or kernel.on_run or kernel.random or kernel.host:
        raise UnimplementedError(
            None, None, f"{op.type} cannot run in a function that an operation calls."
        )
    definition = op.definition
    assert definition is not None
    operands = []
    for arg, tensors in split_by_argument(op.inputs, definition.inputs, op.attrs):
        found = tuple(values[tensor] for tensor in tensors)
        operands.append(found if arg.is_list else found[0])
    function_: Callable[..., Sequence[Array]] = kernel.fn
    attrs: Attrs | Any = op if kernel.takes_op else op.record
    return function_(attrs, *operands)
