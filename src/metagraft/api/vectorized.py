"""`tf.vectorized_map`: a function of every row.

Source: tensorflow python/ops/parallel_for/control_flow_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from metagraft.api import mapped_parts, nest
from metagraft.api.array import tile
from metagraft.api.constants import placeholder
from metagraft.api.functional import map_fn
from metagraft.api.gather import gather
from metagraft.api.ragged_tensor import is_ragged
from metagraft.api.reductions import reduce_max
from metagraft.api.sequences import range as range_
from metagraft.graph import dtypes
from metagraft.graph.build.array import shape, stack
from metagraft.graph.build.math import cast
from metagraft.graph.composite import CompositeTensor, SparseTensor
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.tensor import Tensor
from metagraft.graph.variable import with_values

__all__ = ["vectorized_map"]


def vectorized_map(
    fn: Callable[[Any], Any],
    elems: Any,
    fallback_to_while_loop: bool = True,
    warn: bool = True,
) -> Any:
    """Apply a function to every row and stack what it returns.

    Args:
        fn: Takes a row of each of the elements, and returns tensors, linear operators,
            operations, None or nested structures of them.
        elems: Tensors of as many rows, nested as you like. A single row is used with
            every row of the others.
        fallback_to_while_loop: Whether a loop may be built. It is always built.
        warn: Not used: nothing falls back.

    Returns:
        What the function returns, with one more axis; an operation that runs those of
            all rows.

    Raises:
        ValueError: The numbers of rows differ.
    """
    # TF: makes the body of the loop work on all rows at once, in other nodes. Here the
    # loop stays in the graph, and its steps are independent.
    del fallback_to_while_loop, warn
    values = [mapped_parts.as_elem(value) for value in nest.flatten(with_values(elems))]
    count = _static_count(values)
    rows = nest.pack_sequence_as(elems, _of_equal_length(values, count))
    results, types = _traced(fn, elems, values)
    mapped = map_fn(
        lambda row: [_in_tensors(value) for value in nest.flatten(fn(row))],
        rows,
        dtype=types,
        parallel_iterations=count or 10,
    )
    pairs = zip(nest.flatten(results), mapped, strict=True)
    return nest.pack_sequence_as(results, [_in_form(*pair) for pair in pairs])


def _static_count(values: Sequence[Any]) -> int | None:
    """Return the number of rows, if known.

    Raises:
        ValueError: The values differ in it, and not by having one row.
    """
    rows = [_static_rows(value) for value in values]
    several = {n for n in rows if n not in (None, 1)}
    if len(several) > 1:
        raise ValueError(
            "All elements must have the same first dimension, or a first dimension of"
            f" 1. Received {rows}."
        )
    if several:
        return several.pop()
    return None if None in rows else 1


def _static_rows(value: Any) -> int | None:
    dims = value.shape.dims
    size: int | None = None if dims is None else dims[0].value
    return size


def _of_equal_length(values: Sequence[Any], count: int | None) -> list[Any]:
    """Repeat single rows, among them those that only the run knows to be single."""
    if len(values) == 1:
        return list(values)
    if count is None:
        sizes = [shape(value)[0] for value in values if isinstance(value, Tensor)]
        return [_repeated(value, reduce_max(stack(sizes))) for value in values]
    # Where all have the number that is known, nothing is added.
    return [
        value if _static_rows(value) == count else _repeated(value, constant(count))
        for value in values
    ]


def _repeated(value: Any, count: Tensor) -> Any:
    """Repeat a dense tensor's row if it is a single one."""
    if not isinstance(value, Tensor):
        return value
    if _static_rows(value) == 1:
        return tile(value, stack([count, *[1] * (len(value.shape) - 1)]))
    # Rows of another number than all have are refused as indices that are outside.
    several = cast(shape(value)[0] > 1, dtypes.int32)
    return gather(value, range_(count) * several)


def _traced(fn: Callable[[Any], Any], elems: Any, values: Any) -> tuple[Any, Any]:
    """Return what a function returns in a graph of its own, and the types of that."""
    with FunctionGraph("vectorized_map").as_default():
        rows = []
        for spec in map(mapped_parts.spec_of, values):
            sizes = mapped_parts.element_shape(spec)
            element = placeholder(
                mapped_parts.element_dtype(spec), None if sizes is None else sizes[1:]
            )
            rows.append(mapped_parts.part_of(spec, element))
        results = fn(nest.pack_sequence_as(elems, rows))
        kept = [_in_tensors(value) for value in nest.flatten(results)]
        return results, nest.map_structure(_type_of, kept)


def _is_operator(value: Any) -> bool:
    return isinstance(value, CompositeTensor) and not is_ragged(value)


def _in_tensors(value: Any) -> Any:
    """Return what the loop keeps of a result: tensors, or values that have a spec."""
    if value is None:
        return []
    if isinstance(value, Operation):
        with control_dependencies([value]):
            return constant(True)
    return list(value.component_tensors()) if _is_operator(value) else value


def _in_form(traced: Any, mapped: Any) -> Any:
    """Return a result in the form that it had when it was traced."""
    if traced is None:
        return None
    if isinstance(traced, Operation):
        return mapped.op
    return traced.with_component_tensors(mapped) if _is_operator(traced) else mapped


def _type_of(result: Any) -> Any:
    """Return the type of a dense tensor, the spec of another."""
    if is_ragged(result) or isinstance(result, SparseTensor):
        return mapped_parts.spec_of(result)
    return convert_to_tensor(result).dtype
