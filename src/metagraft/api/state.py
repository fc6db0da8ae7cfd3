"""`tf.assign` and its siblings: changing variables, and asking whether they are set.

All take a variable of either kind, or a reference tensor.

Source: tensorflow python/ops/state_ops.py, python/ops/variables.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.api.resource_variable import ResourceVariable
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build import array, math
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "assign",
    "assign_add",
    "assign_sub",
    "batch_scatter_update",
    "count_up_to",
    "is_variable_initialized",
    "scatter_add",
    "scatter_div",
    "scatter_max",
    "scatter_min",
    "scatter_mul",
    "scatter_nd_add",
    "scatter_nd_sub",
    "scatter_nd_update",
    "scatter_sub",
    "scatter_update",
]


def assign(
    ref: Any,
    value: Any,
    validate_shape: bool | None = None,
    use_locking: bool | None = None,
    name: str | None = None,
) -> Any:
    """Set a variable.

    Returns:
        Something that holds the new value: the reference after the assignment, or a
        resource variable that reads after it.
    """
    if not ref.dtype.is_ref:
        return ref.assign(value, name=name)
    return apply_op(
        "Assign",
        ref=ref,
        value=value,
        use_locking=use_locking,
        validate_shape=validate_shape,
        name=name,
    )


def assign_add(
    ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None
) -> Any:
    """Add to a variable."""
    if not ref.dtype.is_ref:
        return ref.assign_add(value)
    return apply_op(
        "AssignAdd", ref=ref, value=value, use_locking=use_locking, name=name
    )


def assign_sub(
    ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None
) -> Any:
    """Subtract from a variable."""
    if not ref.dtype.is_ref:
        return ref.assign_sub(value)
    return apply_op(
        "AssignSub", ref=ref, value=value, use_locking=use_locking, name=name
    )


def count_up_to(ref: Any, limit: int, name: str | None = None) -> Tensor:
    """Return a scalar variable's value and add 1 to it, or fail at the limit."""
    count: Tensor
    if not ref.dtype.is_ref:
        count = apply_op(
            "ResourceCountUpTo",
            resource=ref.handle,
            limit=limit,
            T=ref.dtype,
            name=name,
        )
        return count
    count = apply_op("CountUpTo", ref=ref, limit=limit, name=name)
    return count


def is_variable_initialized(variable: Any, name: str | None = None) -> Tensor:
    """Return a tensor that says whether a variable has a value."""
    answer: Tensor
    if not variable.dtype.is_ref:
        answer = variable.is_initialized(name=name)
        return answer
    answer = apply_op("IsVariableInitialized", ref=variable, name=name)
    return answer


def _scatter(
    combine: str, ref: Any, indices: Any, updates: Any, locking: Any, name: str | None
) -> Any:
    if isinstance(ref, ResourceVariable):
        return ref.scatter_rows(combine, indices, updates, name)
    _demand_reference(ref)
    return apply_op(
        f"Scatter{combine}",
        ref=ref,
        indices=indices,
        updates=updates,
        use_locking=locking,
        name=name,
    )


def _demand_reference(ref: Any) -> None:
    """Refuse what is no variable in the class of TensorFlow's error.

    Raises:
        AttributeError: It has no reference.
    """
    if not getattr(getattr(ref, "dtype", None), "is_ref", False):
        raise AttributeError(
            f"{type(ref).__name__!r} object is no variable whose rows could be updated"
        )


def scatter_update(
    ref: Any,
    indices: Any,
    updates: Any,
    use_locking: bool = True,
    name: str | None = None,
) -> Any:
    """Replace rows of a variable."""
    return _scatter("Update", ref, indices, updates, use_locking, name)


def scatter_add(
    ref: Any,
    indices: Any,
    updates: Any,
    use_locking: bool = False,
    name: str | None = None,
) -> Any:
    """Add to rows of a variable; repeated indices accumulate."""
    return _scatter("Add", ref, indices, updates, use_locking, name)


def scatter_sub(
    ref: Any,
    indices: Any,
    updates: Any,
    use_locking: bool = False,
    name: str | None = None,
) -> Any:
    """Subtract from rows of a variable; repeated indices accumulate."""
    return _scatter("Sub", ref, indices, updates, use_locking, name)


def scatter_mul(
    ref: Any,
    indices: Any,
    updates: Any,
    use_locking: bool = False,
    name: str | None = None,
) -> Any:
    """Multiply rows of a variable."""
    return _scatter("Mul", ref, indices, updates, use_locking, name)


def scatter_div(
    ref: Any,
    indices: Any,
    updates: Any,
    use_locking: bool = False,
    name: str | None = None,
) -> Any:
    """Divide rows of a variable."""
    return _scatter("Div", ref, indices, updates, use_locking, name)


def scatter_min(
    ref: Any,
    indices: Any,
    updates: Any,
    use_locking: bool = False,
    name: str | None = None,
) -> Any:
    """Take the minimum of rows of a variable and updates."""
    return _scatter("Min", ref, indices, updates, use_locking, name)


def scatter_max(
    ref: Any,
    indices: Any,
    updates: Any,
    use_locking: bool = False,
    name: str | None = None,
) -> Any:
    """Take the maximum of rows of a variable and updates."""
    return _scatter("Max", ref, indices, updates, use_locking, name)


def _scatter_nd(
    combine: str, ref: Any, indices: Any, updates: Any, locking: Any, name: str | None
) -> Any:
    if isinstance(ref, ResourceVariable):
        method = getattr(ref, f"scatter_nd_{combine.lower()}")
        return method(indices, updates, name=name)
    _demand_reference(ref)
    return apply_op(
        f"ScatterNd{combine}",
        ref=ref,
        indices=indices,
        updates=updates,
        use_locking=locking,
        name=name,
    )


def scatter_nd_update(
    ref: Any,
    indices: Any,
    updates: Any,
    use_locking: bool = True,
    name: str | None = None,
) -> Any:
    """Replace slices of a variable."""
    return _scatter_nd("Update", ref, indices, updates, use_locking, name)


def scatter_nd_add(
    ref: Any,
    indices: Any,
    updates: Any,
    use_locking: bool = False,
    name: str | None = None,
) -> Any:
    """Add to slices of a variable."""
    return _scatter_nd("Add", ref, indices, updates, use_locking, name)


def scatter_nd_sub(
    ref: Any,
    indices: Any,
    updates: Any,
    use_locking: bool = False,
    name: str | None = None,
) -> Any:
    """Subtract from slices of a variable."""
    return _scatter_nd("Sub", ref, indices, updates, use_locking, name)


def batch_scatter_update(
    ref: Any,
    indices: Any,
    updates: Any,
    use_locking: bool = True,
    name: str | None = None,
) -> Any:
    """Replace rows of every batch entry of a variable.

    Args:
        ref: A variable of shape `[*batch, n, ...]`.
        indices: Row numbers `[*batch, k]`.
        updates: New rows `[*batch, k, ...]`.
        use_locking: Whether to lock the variable.
        name: Name scope.

    Raises:
        ValueError: The rank of `indices` is not known.
    """
    with name_scope(name):
        indices = convert_to_tensor(indices, name="indices")
        sizes = array.shape(indices)
        if indices.dims is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        rows = array.expand_dims(indices, axis=-1)
        coordinates = [
            _batch_coordinate(rows, sizes[axis], axis)
            for axis in range(len(indices.dims) - 1)
        ]
        where = array.concat([*coordinates, rows], axis=-1)
        return scatter_nd_update(ref, where, updates, use_locking=use_locking)


def _batch_coordinate(rows: Tensor, size: Tensor, axis: int) -> Tensor:
    """The position along a batch axis, for every row."""
    shape: Sequence[Any] = [1] * len(rows.dims or ())
    shape = [*shape[:axis], size, *shape[axis + 1 :]]
    numbers = apply_op("Range", start=0, limit=size, delta=1)
    positions = array.reshape(numbers, shape)
    if positions.dtype != rows.dtype:
        positions = math.cast(positions, rows.dtype)
    coordinate: Tensor = positions * array.ones_like(rows)
    return coordinate
