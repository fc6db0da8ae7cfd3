"""Inferring static shapes with the shape functions of `ops/`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from metagraft.graph.narrow_attrs import check_widths
from metagraft.graph.op_spec import Shapes, spec_for
from metagraft.graph.shape_checks import check_ranks
from metagraft.graph.shapes import Dims, show

_UNFORESEEN: Final = (ArithmeticError, AttributeError, LookupError, TypeError)

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation


def infer_shapes(op: Operation, given: Sequence[Dims]) -> tuple[Dims, ...]:
    """Return the shape of every output of one operation.

    An op without shape function has outputs of unknown shape.

    Args:
        op: The operation.
        given: The shapes of its inputs.

    Raises:
        ValueError: The shapes of the inputs do not fit together.
    """
    count = len(op.graph.output_dtypes(op))
    spec = spec_for(op.type)
    has_rule = spec is not None and (spec.shape is not None or spec.ranks != "")
    if count == 0 and not has_rule:
        return ()
    if spec is None or not has_rule:
        if op.type in op.graph.functions:
            from metagraft.graph.function_shapes import result_shapes

            return result_shapes(op, op.type, given)
        return (None,) * count
    inputs = Shapes(given)
    inputs.op = op
    try:
        if spec.ranks:
            check_ranks(spec.ranks, inputs)
        found: Sequence[Dims] = (None,) * count
        if spec.shape is not None:
            check_widths(op)
            found = spec.shape(op.record, inputs)
    except ValueError as error:
        shapes = ", ".join(show(d) for d in inputs)
        raise ValueError(
            f"{error} for '{op.name}' (op: '{op.type}') with input shapes: {shapes}."
        ) from error
    # What attributes and constants of a damaged file bring about.
    except _UNFORESEEN as error:
        raise ValueError(
            f"The shapes of '{op.name}' (op: '{op.type}') cannot be inferred: {error!r}"
        ) from error
    if len(found) != count:
        raise AssertionError(
            f"shape function of {op.type} gave {len(found)} shapes for {count} outputs"
        )
    return tuple(found)
