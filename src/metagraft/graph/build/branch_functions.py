"""The `If` and `Case` operations of branches that are built as functions.

Source: tensorflow python/ops/cond_v2.py _build_cond, _build_case.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.apply_op import apply_op, op
from metagraft.graph.built_function import BuiltFunction, is_stateful
from metagraft.graph.function_captures import copy_handle
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.operation import Operation
from metagraft.graph.read_only_resources import mark_read_only_inputs
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor
from metagraft.proto import AttrValue


def match_inputs(
    graphs: Sequence[FunctionGraph], taken: Sequence[Sequence[Tensor]]
) -> list[Tensor]:
    """Make branches take the same arguments and return what these are.

    Args:
        graphs: The branches.
        taken: For each branch, what its arguments stand for.
    """
    inputs = list(dict.fromkeys(tensor for tensors in taken for tensor in tensors))
    for graph, tensors in zip(graphs, taken, strict=True):
        known = dict(zip(tensors, graph.inputs, strict=True))
        for tensor in inputs:
            if tensor not in known:
                with graph.as_default():
                    known[tensor] = op(
                        "Placeholder", dtype=tensor.dtype, shape=tensor.dims
                    )
        graph.inputs = [known[tensor] for tensor in inputs]
        graph.captured.replace(inputs, graph.inputs)
    return inputs


def add_branch_op(
    selector: Tensor,
    graphs: Sequence[FunctionGraph],
    inputs: Sequence[Tensor],
    *,
    is_case: bool,
    name: str | None,
) -> Operation:
    """Add the operation that calls one of several branches.

    Args:
        selector: A `bool` scalar for two branches, or a number.
        graphs: The branches; for a `bool`, that of true comes first.
        inputs: The arguments.
        is_case: Whether a number chooses.
        name: Name of the operation; with a slash at its end, the open scope.
    """
    arguments: dict[str, Any] = {
        "input": list(inputs),
        "Tout": [tensor.dtype for tensor in graphs[0].outputs],
        "output_shapes": common_shapes(graphs),
        "name": name,
    }
    with control_dependencies([o for graph in graphs for o in graph.captured.control]):
        kind = "" if any(is_stateful(graph) for graph in graphs) else "Stateless"
        functions = [BuiltFunction(graph) for graph in graphs]
        if is_case:
            made = apply_op(
                f"{kind}Case", branch_index=selector, branches=functions, **arguments
            )
        else:
            then, other = functions
            made = apply_op(
                f"{kind}If",
                cond=selector,
                then_branch=then,
                else_branch=other,
                **arguments,
            )
    for tensor, source in zip(made.outputs, graphs[0].outputs, strict=True):
        copy_handle(source, tensor)
    made._set_attr("_lower_using_switch_merge", AttrValue(b=True))  # noqa: SLF001
    mark_read_only_inputs(made, graphs, offset=1)
    made.graph.prevent_fetching(made)
    return made


def common_shapes(graphs: Sequence[FunctionGraph]) -> list[Dims]:
    """Return what the results of branches have in common."""
    found = []
    for tensors in zip(*(graph.outputs for graph in graphs), strict=True):
        dims = tensors[0].dims
        for tensor in tensors[1:]:
            dims = _common(dims, tensor.dims)
        found.append(dims)
    return found


def _common(a: Dims, b: Dims) -> Dims:
    if a is None or b is None or len(a) != len(b):
        return None
    return tuple(x if x == y else None for x, y in zip(a, b, strict=True))
