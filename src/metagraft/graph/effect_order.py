"""Keeping effects inside of a traced function in the order of the program.

Every operation with state runs, and those that use the same resource run one after
the other, where one of them writes.

Source: tensorflow python/framework/auto_control_deps.py.
"""

from __future__ import annotations

from typing import Any, Final

from metagraft.graph import catalogue
from metagraft.graph.apply_op import apply_op, op
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.dtypes import resource
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.operation import Operation
from metagraft.graph.read_only_resources import is_reader, read_only_inputs
from metagraft.graph.tensor import Tensor

# Their order does not matter, or is kept by other means.
_WITHOUT_ORDER: Final = frozenset(
    {
        *("CollectiveGather", "CollectiveReduce", "CollectiveBcastSend"),
        *("CollectiveBcastSendV2", "CollectiveBcastRecv", "CollectiveBcastRecvV2"),
        *("NcclAllReduce", "Recv", "CollectiveInitializeCommunicator"),
        "CollectiveAssignGroupV2",
        *("RandomUniform", "RandomUniformInt", "RandomStandardNormal"),
        *("ParameterizedTruncatedNormal", "TruncatedNormal", "RandomShuffle"),
        *("Multinomial", "RandomGamma", "RandomGammaGrad", "RandomPoisson"),
        "RandomPoissonV2",
        *("CudnnRNN", "CudnnRNNBackprop", "CudnnRNNV2", "CudnnRNNV3"),
        *("CudnnRNNBackpropV2", "CudnnRNNBackpropV3", "RestoreV2", "SaveV2"),
    }
)
_ORDERED_WITHOUT_STATE: Final = frozenset(
    {"AllToAll", "CrossReplicaSum", "CollectivePermute"}
)


def has_ordered_effect(operation: Operation) -> bool:
    """Whether an operation runs in every call, in its place."""
    if operation.type in _ORDERED_WITHOUT_STATE:
        return True
    return operation.is_stateful and operation.type not in _WITHOUT_ORDER


class EffectOrder:
    """Collects what one body returns and orders its effects at the end."""

    __slots__ = ("_graph", "_returned")

    def __init__(self, graph: FunctionGraph) -> None:
        """Start with an empty body."""
        self._graph = graph
        self._returned: list[Tensor] = []
        graph.has_automatic_control_dependencies = True

    def returned(self, value: Any) -> Any:
        """Return a copy of a tensor, which waits for all effects."""
        if isinstance(value, IndexedSlices):
            return IndexedSlices(
                self.returned(value.values),
                self.returned(value.indices),
                value.dense_shape,
            )
        copy: Tensor = op("Identity", input=value)
        self._returned.append(copy)
        return copy

    def finish(self) -> None:
        """Add the control edges, and name what every call runs."""
        graph = self._graph
        required: dict[Operation, None] = {}
        last: dict[Tensor | None, Operation] = {}
        reads: dict[Tensor, list[Operation]] = {}
        arguments = {tensor.op for tensor in graph.inputs}
        for operation in graph.get_operations():
            if operation in arguments:
                continue
            if _must_run(operation):
                required[operation] = None
            _order(operation, last, reads)
        outer = graph.outer_graph
        graph.has_automatic_control_dependencies = (
            isinstance(outer, FunctionGraph)
            and outer.has_automatic_control_dependencies
        )
        graph.control_outputs.extend(required)
        if required and self._returned:
            done = apply_op("NoOp")
            done._add_control_inputs(list(required))  # noqa: SLF001 - TensorFlow's name
            for tensor in self._returned:
                tensor.op._add_control_input(done)  # noqa: SLF001 - as above


def _must_run(operation: Operation) -> bool:
    if catalogue.get(operation.type) is None:
        return True
    if not has_ordered_effect(operation):
        return False
    return not is_reader(operation) or any(t.consumers() for t in operation.outputs)


def _order(
    operation: Operation,
    last: dict[Tensor | None, Operation],
    reads: dict[Tensor, list[Operation]],
) -> None:
    """Make an operation run after those whose effects it sees or changes."""
    before: dict[Operation, None] = {}
    read_only = {_behind(tensor) for tensor in read_only_inputs(operation)}
    used = dict.fromkeys(
        _behind(tensor) for tensor in operation.inputs if tensor.dtype == resource
    )
    for tensor in used:
        if tensor in last:
            before[last[tensor]] = None
        if tensor in read_only:
            reads.setdefault(tensor, []).append(operation)
        else:
            before.update(dict.fromkeys(reads.pop(tensor, ())))
            last[tensor] = operation
    if not used and has_ordered_effect(operation):
        if None in last:
            before[last[None]] = None
        last[None] = operation
    if before:
        operation._add_control_inputs(list(before))  # noqa: SLF001 - TensorFlow's name


def _behind(tensor: Tensor) -> Tensor:
    while tensor.op.type == "Identity":
        tensor = tensor.op.inputs[0]
    return tensor
