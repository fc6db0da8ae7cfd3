"""Which of its resource inputs an operation only reads.

Source: tensorflow python/framework/auto_control_deps_utils.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from metagraft.graph.dtypes import resource
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor
from metagraft.proto import AttrValue

READ_ONLY: Final = "_read_only_resource_inputs"
_READERS: Final = frozenset(
    {
        "ReadVariableOp",
        "VariableShape",
        "ResourceGather",
        "ResourceGatherNd",
        "_ReadVariablesOp",
    }
)


def mark_read_only_inputs(
    op: Operation, graphs: Iterable[FunctionGraph], offset: int = 0
) -> None:
    """Note which inputs of an operation its functions only read.

    Args:
        op: A call, branch or loop.
        graphs: The bodies of its functions, which all take the same arguments.
        offset: How many inputs come before these.
    """
    common = set(range(len(op.inputs) - offset))
    for graph in graphs:
        common &= {
            i
            for i, tensor in enumerate(graph.inputs)
            if tensor.dtype == resource and _is_only_read(tensor)
        }
    value = AttrValue()
    value.list.i.extend(i + offset for i in sorted(common))
    value.list.SetInParent()
    op._set_attr(READ_ONLY, value)  # noqa: SLF001 - TensorFlow's name for it


def _is_only_read(tensor: Tensor) -> bool:
    return all(tensor in read_only_inputs(op) for op in tensor.consumers())


def is_reader(op: Operation) -> bool:
    """Whether an operation does nothing but read resources."""
    return op.type in _READERS


def read_only_inputs(op: Operation) -> list[Tensor]:
    """Return the resource inputs that an operation only reads."""
    if op.type in _READERS:
        return [tensor for tensor in op.inputs if tensor.dtype == resource]
    marked = op.attrs.get(READ_ONLY) or []
    return [op.inputs[i] for i in marked if op.inputs[i].dtype == resource]
