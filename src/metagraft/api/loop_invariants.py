"""The shapes that the variables of a loop keep through all iterations.

Source: tensorflow python/ops/control_flow_ops.py _shape_invariant_to_type_spec.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from metagraft.graph.composite import CompositeTensor, IndexedSlices, SparseTensor
from metagraft.graph.folding import constant_value_as_dims
from metagraft.graph.shapes import Dims, TensorShape, as_dims, merge_dims
from metagraft.graph.structure import flatten
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_spec import TensorSpec
from metagraft.graph.type_spec import TypeSpec


def loop_invariants(
    loop_vars: Any, values: Sequence[Tensor], shape_invariants: Any
) -> list[Dims]:
    """Return what is known of the shape of every tensor that a loop carries.

    Args:
        loop_vars: The variables in the structure that the program gave.
        values: Their tensors, in order.
        shape_invariants: A shape or `TensorSpec` for each variable, in the same
            structure, or None: the shapes that they have. Of slices it is that of the
            rows, of sparse tensors that of their shape.

    Raises:
        TypeError: An invariant is no shape, or a `TensorSpec` of something else.
        ValueError: A shape does not fit what it is for, or there are more or fewer
            than loop variables.
    """
    return list(_dims_of(loop_vars, iter(values), shape_invariants))


def _dims_of(item: Any, values: Iterator[Tensor], shape: Any) -> Iterator[Dims]:
    if isinstance(item, list | tuple):
        shapes = [None] * len(item) if shape is None else shape
        _check_count(item, shapes)
        for part, one in zip(item, shapes, strict=True):
            yield from _dims_of(part, values, one)
    elif isinstance(item, dict):
        for key in sorted(item):
            one = None if shape is None else shape[key]
            yield from _dims_of(item[key], values, one)
    elif isinstance(shape, list | tuple | dict):
        raise _other_structure(item, shape)
    else:
        parts = [next(values) for _ in _parts_of(item)]
        if isinstance(shape, TypeSpec):
            yield from _of_spec(item, parts, shape)
        else:
            yield from _of_shape(item, parts, _given(shape))


def _of_spec(item: Any, parts: Sequence[Tensor], spec: TypeSpec) -> Sequence[Dims]:
    # A composite is named in the error as the program has it, a tensor as one.
    given = item if len(parts) > 1 else parts[0]
    if not spec.is_compatible_with(given):
        raise TypeError(f"TypeSpec {spec!r} is not compatible with {given!r}")
    if isinstance(spec, TensorSpec):
        return [_of_tensor(parts[0], spec.shape)]
    components: Any = spec
    return [part.shape.dims_tuple for part in components.flatten()]


def _of_shape(
    item: Any, parts: Sequence[Tensor], shape: TensorShape | None
) -> Sequence[Dims]:
    if isinstance(item, SparseTensor):
        return _of_sparse_tensor(parts, shape)
    if isinstance(item, IndexedSlices):
        return _of_slices(parts, shape)
    if isinstance(item, CompositeTensor):
        return _of_composite(item, shape)
    return [_of_tensor(parts[0], shape)]


def _parts_of(item: Any) -> Sequence[Any]:
    """Return the tensors that a loop variable consists of."""
    if isinstance(item, (SparseTensor, IndexedSlices)):
        return flatten(item)
    if isinstance(item, CompositeTensor):
        return list(item.component_tensors())
    return [item]


def _check_count(item: Sequence[Any], shapes: Any) -> None:
    if not isinstance(shapes, list | tuple) or len(shapes) != len(item):
        raise _other_structure(item, shapes)


def _other_structure(item: Any, shapes: Any) -> ValueError:
    return ValueError(
        "The two structures don't have the same nested structure.\n\n"
        f"First structure: {item}\n\nSecond structure: {shapes}"
    )


def _given(shape: Any) -> TensorShape | None:
    if shape is None or isinstance(shape, TensorShape):
        return shape
    raise TypeError(
        f"'shape' must be one of TypeSpec, TensorShape or None. Received: {type(shape)}"
    )


def _of_tensor(tensor: Tensor, shape: TensorShape | None) -> Dims:
    if shape is None:
        return tensor.dims
    dims = as_dims(shape)
    # TF: builds the loop, whose values then contradict the shapes of its results.
    if not is_less_specific(tensor.dims, dims):
        raise ValueError(
            f"The shape invariant specified for {tensor.name} is not compatible "
            f"with the initial shape of the loop variable. It enters the loop with "
            f"shape {tensor.shape}, but the specified shape invariant is {shape}."
        )
    return dims


def is_less_specific(dims: Dims, general: Dims) -> bool:
    """Whether every shape that fits `dims` also fits `general`."""
    if general is None:
        return True
    if dims is None or len(dims) != len(general):
        return False
    return all(b is None or a == b for a, b in zip(dims, general, strict=True))


def _of_sparse_tensor(parts: Sequence[Tensor], shape: TensorShape | None) -> list[Dims]:
    """Leave open how many elements are stored."""
    sizes = parts[2].dims if shape is None else as_dims(shape)
    if sizes is not None and len(sizes) != 1:
        raise ValueError(
            f"Expected a shape with 1 dimension. Obtained: {shape} which has "
            f"{len(sizes)} dimensions."
        )
    rank = None if sizes is None else sizes[0]
    return [(None, rank), (None,), (rank,)]


def _of_composite(item: CompositeTensor, shape: TensorShape | None) -> list[Dims]:
    """Return the shapes of the parts of a ragged tensor, or of an operator."""
    from metagraft.api.type_specs import spec_of_composite

    spec: Any = spec_of_composite(item)
    if shape is not None:
        _, *others = spec.description()
        spec = type(spec)(shape, *others)
    return [part.shape.dims_tuple for part in spec.flatten()]


def _of_slices(parts: Sequence[Tensor], shape: TensorShape | None) -> list[Dims]:
    if shape is not None:
        rows = as_dims(shape)
        count: Dims = None if rows is None else rows[:1]
    else:
        rows = parts[0].dims
        count = merge_dims(parts[1].dims, None if rows is None else rows[:1])
        if rows is not None and count is not None:
            known = constant_value_as_dims(parts[2]) if len(parts) > 2 else None
            whole = merge_dims((None, *rows[1:]), known)
            rows = (*count, *(whole or ())[1:])
    rank = None if rows is None else len(rows)
    return [rows, count, (rank,)][: len(parts)]
