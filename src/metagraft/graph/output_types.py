"""Element types of an operation's outputs, from its signature and attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metagraft.graph.catalogue import ArgDef
from metagraft.graph.dtypes import DType, from_enum, variant
from metagraft.graph.store import OUTPUT_SHAPES

if TYPE_CHECKING:
    from metagraft.graph.graph import Graph
    from metagraft.graph.operation import Operation

_MOST_OUTPUTS: Final = 2**31 - 1


def output_types(graph: Graph, op: Operation) -> tuple[DType, ...]:
    """Return the type of every output of `op`.

    An op that nobody declared has as many outputs as the graph uses or its recorded
    shapes tell; their type is not known and given as `variant`.
    """
    definition = op.definition
    if definition is None:
        return (variant,) * _output_count(graph, op)
    found: list[DType] = []
    for arg in definition.outputs:
        found.extend(arg_types(op, arg))
    return tuple(found)


def arg_types(op: Operation, arg: ArgDef) -> list[DType]:
    """Return the types of the tensors of one argument.

    Raises:
        ValueError: An attribute that the type depends on is missing.
    """
    attrs = op.attrs
    try:
        if arg.type_list_attr:
            types = list(attrs[arg.type_list_attr])
        else:
            dtype = attrs[arg.type_attr] if arg.type_attr else from_enum(arg.type)
            count = attrs[arg.number_attr] if arg.number_attr else 1
            if count > _MOST_OUTPUTS:
                raise ValueError(f"Number of outputs is too big: {count}")
            types = [dtype] * count
    except KeyError as error:
        raise ValueError(
            f"NodeDef '{op.name}' (op: {op.type}) missing attr {error}."
        ) from error
    return [t.as_ref for t in types] if arg.is_ref else types


def _output_count(graph: Graph, op: Operation) -> int:
    node = graph.stored_nodes[op.op_id]
    if OUTPUT_SHAPES in node.attr:
        return len(node.attr[OUTPUT_SHAPES].list.shape)
    name, count = op.name, 0
    for other in graph.stored_nodes:
        for text in other.input:
            source, _, port = text.partition(":")
            if source == name:
                count = max(count, int(port or 0) + 1)
    return count
