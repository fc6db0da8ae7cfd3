"""Why a checkpoint cannot be restored: which tensors do not fit the graph."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import cast

from metagraft.errors import OpError
from metagraft.graph.constant_value import constant_value
from metagraft.graph.dtypes import DType
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor
from metagraft.training.checkpoint_reader import CheckpointReader

_LISTED_MAX = 20
_ASSIGNMENTS = ("Assign", "AssignVariableOp")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A tensor that a restore asks for; its shape where that is known and kept."""

    name: str
    dtype: DType
    shape: list[int] | None


def mismatches(graph: Graph, restore_op_name: str, prefix: str) -> str:
    """Return lines about all tensors that a restore asks for in vain.

    Args:
        graph: The graph that has the restore.
        restore_op_name: Name of its last operation.
        prefix: The checkpoint.

    Returns:
        Names that are missing, have other types, or other shapes, and those in the
        checkpoint that nobody asks for; empty if the checkpoint cannot be read or
        has all that is wanted.
    """
    try:
        reader = CheckpointReader(prefix)
        shapes = reader.get_variable_to_shape_map()
        dtypes = reader.get_variable_to_dtype_map()
    except OpError:
        return ""
    wanted = list(_wanted(graph.get_operation_by_name(restore_op_name)))
    found = [each for each in wanted if each.name in shapes]
    names = {each.name for each in wanted}
    lines = {
        "missing in the checkpoint": names - shapes.keys(),
        "of another type": {
            f"{each.name} (in the checkpoint {dtypes[each.name].name}, in the graph "
            f"{each.dtype.name})"
            for each in found
            if dtypes[each.name] != each.dtype
        },
        "of another shape": {
            f"{each.name} (in the checkpoint {shapes[each.name]}, in the graph "
            f"{each.shape})"
            for each in found
            if each.shape is not None and each.shape != shapes[each.name]
        },
    }
    if not any(lines.values()):
        return ""
    lines["in the checkpoint and not used"] = shapes.keys() - names
    told = [
        f"{len(each)} {kind}: {_listed(each)}." for kind, each in lines.items() if each
    ]
    return "\n\n" + "\n".join(told)


def _wanted(last: Operation) -> Iterator[_Wanted]:
    """Yield what the `RestoreV2` operations before `last` ask for."""
    waiting, seen = [last], {last}
    while waiting:
        op = waiting.pop()
        if op.type == "RestoreV2":
            names, specs = constant_value(op.inputs[1]), constant_value(op.inputs[2])
            if names is not None and specs is not None:
                rows = zip(names.ravel(), specs.ravel(), op.outputs, strict=True)
                for name, spec, tensor in rows:
                    shape = None if spec else _assigned_shape(tensor)
                    yield _Wanted(name.decode(), tensor.dtype, shape)
            continue
        sources = [*op.control_inputs, *(tensor.op for tensor in op.inputs)]
        for source in sources:
            if source not in seen:
                seen.add(source)
                waiting.append(source)


def _assigned_shape(tensor: Tensor) -> list[int] | None:
    """Return the shape of the variable that takes a tensor as it is, if known."""
    for op in tensor.consumers():
        if op.type == "Identity":
            return _assigned_shape(op.outputs[0])
        if op.type not in _ASSIGNMENTS:
            continue
        variable = op.inputs[0]
        shape = variable.shape
        if op.type == "AssignVariableOp":
            shape = TensorShape(variable.op.attrs.get("shape"))
        if op.attrs.get("validate_shape", True) or op.type == "AssignVariableOp":
            if not shape.is_fully_defined():
                return None
            return cast("list[int]", shape.as_list())
    return None


def _listed(names: AbstractSet[str]) -> str:
    shown = sorted(names)[:_LISTED_MAX]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
