"""Why a checkpoint cannot be restored: which names and shapes do not fit the graph."""

from __future__ import annotations

from collections.abc import Iterator

from metagraft.errors import OpError
from metagraft.graph.constant_value import constant_value
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.training.checkpoint_reader import CheckpointReader

_LISTED_MAX = 20


def missing_names(graph: Graph, restore_op_name: str, prefix: str) -> str:
    """Return a line about all tensors that a restore asks for in vain.

    Args:
        graph: The graph that has the restore.
        restore_op_name: Name of its last operation.
        prefix: The checkpoint.

    Returns:
        The names, and those in the checkpoint that nobody asks for; empty if the
        checkpoint cannot be read or has all of them.
    """
    try:
        stored = set(CheckpointReader(prefix).get_variable_to_shape_map())
    except OpError:
        return ""
    wanted = set(_restored_names(graph.get_operation_by_name(restore_op_name)))
    missing = wanted - stored
    if not missing:
        return ""
    text = f"\n\n{len(missing)} missing in the checkpoint: {_listed(missing)}."
    unused = stored - wanted
    if unused:
        text += f"\n{len(unused)} in the checkpoint and not used: {_listed(unused)}."
    return text


def _restored_names(last: Operation) -> Iterator[str]:
    """Yield the names that the `RestoreV2` operations before `last` ask for."""
    waiting, seen = [last], {last}
    while waiting:
        op = waiting.pop()
        if op.type == "RestoreV2":
            names = constant_value(op.inputs[1])
            if names is not None:
                for name in names.ravel():
                    yield name.decode()
            continue
        sources = [*op.control_inputs, *(tensor.op for tensor in op.inputs)]
        for source in sources:
            if source not in seen:
                seen.add(source)
                waiting.append(source)


def _listed(names: set[str]) -> str:
    shown = sorted(names)[:_LISTED_MAX]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
