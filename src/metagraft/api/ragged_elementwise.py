"""Functions of elements, of ragged tensors.

Source: tensorflow python/ops/ragged/ragged_dispatch.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from metagraft.api.ragged_broadcast import broadcast, broadcast_shape, rows_of
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_tensor import RaggedTensor, is_ragged
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies, name_scope

__all__ = ["asserted", "binary", "combined", "same_splits_type", "unary"]

Function = Callable[..., Any]


def unary(function: Function, *args: Any, **kwargs: Any) -> Any:
    """Apply a function of one tensor, its first argument, to all values."""
    (x,), given = _split(function, 1, args, kwargs)
    with _scope(given):
        return _mapped(lambda values: function(values, **given), as_values(x))


def _mapped(function: Function, x: Any) -> Any:
    if not isinstance(x, RaggedTensor):
        return function(x)
    return x.with_values(_mapped(function, x.values))


def binary(function: Function, *args: Any, **kwargs: Any) -> Any:
    """Apply a function of two tensors, its first arguments, to all values."""
    (x, y), given = _split(function, 2, args, kwargs)
    with _scope(given):
        return combined(lambda a, b: function(a, b, **given), x, y)


def asserted(function: Function, *args: Any, **kwargs: Any) -> Any:
    """Check all values of two tensors, the first arguments, and return the check."""
    (x, y), given = _split(function, 2, args, kwargs)
    with _scope(given):
        return _applied(lambda a, b: function(a, b, **given), x, y)[1]


def _split(
    function: Function, count: int, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Return the first arguments, and all others by name."""
    names = list(inspect.signature(function).parameters)
    given = dict(zip(names, args, strict=False)) | kwargs
    return [given.pop(name) for name in names[:count]], given


def _scope(given: dict[str, Any]) -> AbstractContextManager[Any]:
    """Return the scope of a name that is given, which is then taken away."""
    name = given.pop("name", None)
    return nullcontext() if name is None else name_scope(name)


def combined(function: Function, x: Any, y: Any) -> Any:
    """Apply a function to the values of two tensors, of which one is ragged at least.

    The tensors broadcast: rows of one element become as long as those of the other.

    Raises:
        ValueError: The rank of one is not known, or their shapes do not fit.
    """
    ragged, values = _applied(function, x, y)
    return ragged.with_flat_values(values)


def _applied(function: Function, x: Any, y: Any) -> tuple[RaggedTensor, Any]:
    """Return a tensor that has the rows, and what the function made of the values."""
    x, y = _converted(x, y)
    checks: list[Any] = []
    ragged = [value for value in (x, y) if isinstance(value, RaggedTensor)]
    if len(ragged) == 2:
        x, y = same_splits_type(x, y)
        if _have_same_rows(x, y):
            # The sizes of values are found, as TensorFlow does, and not needed.
            for value in (x, y):
                cast(array.shape(value.flat_values), value.row_splits.dtype)
            return x, function(x.flat_values, y.flat_values)
        x, y = _with_dense_rows(x, y)
        ragged = [value for value in (x, y) if isinstance(value, RaggedTensor)]
    # TF: finds the common shape in other nodes.
    if len(ragged) == 2 or _reaches_into_rows(ragged[0], y if ragged[0] is x else x):
        dtype = (x if isinstance(x, RaggedTensor) else y).row_splits.dtype
        shape = broadcast_shape(rows_of(x, dtype), rows_of(y, dtype))
        x = broadcast(x, shape, inner=False)
        y = broadcast(y, shape, inner=False)
        checks = shape.checks
    flat = [v.flat_values if isinstance(v, RaggedTensor) else v for v in (x, y)]
    with control_dependencies(checks):
        values = function(*flat)
    return (x if isinstance(x, RaggedTensor) else y), values


def _have_same_rows(x: RaggedTensor, y: RaggedTensor) -> bool:
    """Whether both are divided by the same partitions, which one was made with."""
    pairs = zip(x.levels(), y.levels(), strict=False)
    return x.ragged_rank == y.ragged_rank and all(
        one.row_partition is other.row_partition for one, other in pairs
    )


def _with_dense_rows(x: RaggedTensor, y: RaggedTensor) -> tuple[Any, Any]:
    """Make innermost rows that are equally long an axis of the values."""
    dense = _dense_rows(x), _dense_rows(y)
    return dense if any(isinstance(value, RaggedTensor) for value in dense) else (x, y)


def _dense_rows(value: Any) -> Any:
    if not isinstance(value, RaggedTensor):
        return value
    inner = _dense_rows(value.values)
    length = value.uniform_row_length
    if isinstance(inner, RaggedTensor) or length is None:
        return value.with_values(inner)
    shape = array.shape(inner, out_type=length.dtype)
    whole = array.concat([array.stack([value.nrows(), length]), shape[1:]], axis=0)
    return array.reshape(inner, whole)


def _converted(x: Any, y: Any) -> tuple[Any, Any]:
    preferred = y.dtype if is_ragged(y) else None
    x = as_values(x, name=None) if is_ragged(x) else _tensor(x, preferred)
    y = as_values(y, name=None) if is_ragged(y) else _tensor(y, x.dtype)
    return x, y


def _tensor(value: Any, preferred: Any) -> Any:
    return convert_to_tensor(value, preferred_dtype=preferred)


def _reaches_into_rows(ragged: RaggedTensor, dense: Any) -> bool:
    ranks = ragged.flat_values.shape.ndims, dense.shape.ndims
    if None in ranks:
        raise ValueError("Unable to broadcast: unknown rank")
    return bool(ranks[0] <= ranks[1])


def same_splits_type(*values: Any) -> tuple[Any, ...]:
    """Return the tensors as they are.

    Raises:
        ValueError: Their splits have two types.
    """
    found = {v.row_splits.dtype for v in values if isinstance(v, RaggedTensor)}
    if len(found) > 1:
        raise ValueError(
            "Input RaggedTensors have mismatched row_splits dtypes; use"
            " RaggedTensor.with_row_splits_dtype() to convert them to compatible"
            " dtypes."
        )
    return values
