"""The tables that a native function is to restore: those that savers of a graph do.

The nodes of a saver that fill a table are run with other values than those that they
would read themselves, so that nothing is added to the graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from metagraft.formats.names import decode_name
from metagraft.graph.constant_value import constant_value
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor
from metagraft.training.restore_report import TensorOutline

_IMPORTS: Final = frozenset({"LookupTableImport", "LookupTableImportV2"})
_KEYS: Final = "-keys"


@dataclass(frozen=True, slots=True)
class WantedTable:
    """A table that a saver of the graph restores.

    Attributes:
        name: Its name in checkpoints.
        fill: The operation that fills it.
        feeds: The tensors that `fill` takes keys and values from.
        outlines: What a checkpoint has of it: keys and values.
    """

    name: str
    fill: Operation
    feeds: tuple[Tensor, Tensor]
    outlines: tuple[TensorOutline, TensorOutline]


def wanted_tables(graph: Graph) -> list[WantedTable]:
    """Return the tables that savers of a graph restore, each once."""
    found: dict[str, WantedTable] = {}
    for op in graph.get_operations():
        if op.type in _IMPORTS:
            for table in _of_saver(op):
                found.setdefault(op.inputs[0].name, table)
    return list(found.values())


def _of_saver(op: Operation) -> Iterator[WantedTable]:
    """Yield the table that an operation fills from a checkpoint, if it does."""
    keys, values = op.inputs[1], op.inputs[2]
    names = [_name_in_checkpoint(tensor) for tensor in (keys, values)]
    if names[0] is None or names[1] is None:
        return
    first, second = (
        TensorOutline(name, tensor.dtype.base_dtype, None)
        for name, tensor in ((names[0], keys), (names[1], values))
    )
    yield WantedTable(
        first.name.removesuffix(_KEYS), op, (keys, values), (first, second)
    )


def _name_in_checkpoint(tensor: Tensor) -> str | None:
    """Return what a tensor is called in the checkpoint that it is read from."""
    if tensor.op.type != "RestoreV2":
        return None
    names = constant_value(tensor.op.inputs[1])
    if names is None:
        return None
    return decode_name(np.ravel(names)[tensor.value_index])
