"""Shapes of imported nodes against those that their ops give them.

Source: tensorflow core/common_runtime/graph_constructor.cc
GraphConstructor::ValidateShape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from metagraft.graph.import_explanations import shape_problem
from metagraft.graph.shape_inference import infer_shapes
from metagraft.graph.shapes import Dims, dims_from_proto, merge_dims, show
from metagraft.graph.store import OUTPUT_SHAPES
from metagraft.proto import AttrValue, NodeDef

if TYPE_CHECKING:
    from metagraft.graph.graph import Graph
    from metagraft.graph.operation import Operation

# TF: infers the shapes of every import, for 90 microseconds a node. Here larger files
# are trusted, and what they do not tell is inferred when somebody asks for it.
MOST_CHECKED: Final = 2000
"""Files of more nodes are not checked."""


def check_shapes(graph: Graph, positions: range) -> None:
    """Infer the shapes of imported nodes and compare them with stored ones.

    Args:
        graph: The graph that has the nodes.
        positions: Where it has them; no more than `MOST_CHECKED`.

    Raises:
        ValueError: Shapes of inputs do not fit together, or a stored shape contradicts
            what the op gives.
    """
    nodes = graph.stored_nodes
    for position in positions:
        node = nodes[position]
        op = graph.operation_at(position)
        stored = _checked_stored(node, len(graph.output_dtypes(op)))
        if node.op == "Const":
            _check_constant(node)
        graph.output_dims(op)  # read, or inferred
        if stored is not None:
            _compare(op, stored)


def _checked_stored(node: NodeDef, count: int) -> list[Dims] | None:
    """Return the stored shapes of `count` outputs, as far as there are any.

    Shapes of more outputs than there are mean nothing, as in TensorFlow.
    """
    if OUTPUT_SHAPES not in node.attr or not _holds_shapes(node.attr[OUTPUT_SHAPES]):
        return None
    shapes = node.attr[OUTPUT_SHAPES].list.shape
    if len(shapes) < count:
        raise ValueError(
            f"Node '{node.name}' has {count} outputs but the {OUTPUT_SHAPES} attribute "
            f"specifies shapes for {len(shapes)} outputs"
        )
    for number, shape in enumerate(shapes[:count]):
        problem = shape_problem(shape)
        if problem:
            raise ValueError(
                f"Node '{node.name}' has an invalid {OUTPUT_SHAPES} attribute (shape "
                f"#{number} error: '{problem}')"
            )
    return [dims_from_proto(shape) for shape in shapes[:count]]


def _holds_shapes(value: AttrValue) -> bool:
    """Whether an attribute is a list of shapes, or nothing, which is an empty one."""
    if value.WhichOneof("value") not in (None, "list"):
        return False
    return all(field.name == "shape" for field, _ in value.list.ListFields())


def _check_constant(node: NodeDef) -> None:
    shape = node.attr["value"].tensor.tensor_shape
    sizes = [dim.size for dim in shape.dim]
    problem = shape_problem(shape)
    if any(size < 0 for size in sizes):
        problem = f"Shape {show(tuple(sizes))} is not fully defined"
    if problem:
        raise ValueError(f"{problem} for '{{{{node {node.name}}}}} = Const'")


def _compare(op: Operation, stored: Sequence[Dims]) -> None:
    known = op.graph.output_dims(op)
    inferred = infer_shapes(op, [t.dims for t in op.inputs])
    for number, (found, given) in enumerate(zip(inferred, stored, strict=True)):
        try:
            merged = merge_dims(found, given)
        except ValueError as error:
            problem = str(error).partition(". Shapes are")[0]
            raise ValueError(
                f"Node '{op.name}' has an {OUTPUT_SHAPES} attribute inconsistent with "
                f"the GraphDef for output #{number}: {problem}"
            ) from error
        if merged != known[number]:
            op.graph.merge_output_shape(op, number, merged)
