"""Values chosen by flags, of ragged tensors.

Source: tensorflow python/ops/ragged/ragged_where_op.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.api import comparison
from metagraft.api.ragged import map_flat_values
from metagraft.api.ragged_broadcast import broadcast, broadcast_shape, rows_of
from metagraft.api.ragged_elementwise import same_splits_type
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_gather import gather
from metagraft.api.ragged_stack import concat
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.graph.build import array
from metagraft.graph.build.math import number_range
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["where", "where_v2"]

_Choice = Callable[[Any, Any, Any], Any]


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """Return the places of true flags, or choose values or rows by flags.

    Raises:
        ValueError: Only one of `x` and `y` is given, or the rows do not fit.
    """
    return _where(condition, x, y, name, _by_same_rows)


def where_v2(
    condition: Any, x: Any = None, y: Any = None, name: str | None = None
) -> Any:
    """As `where`, but the three operands broadcast."""
    return _where(condition, x, y, name, _by_broadcast)


def _where(condition: Any, x: Any, y: Any, name: str | None, choose: _Choice) -> Any:
    if (x is None) != (y is None):
        raise ValueError("x and y must be either both None or both non-None")
    # TF: the name given is the one that is used if there is no other.
    with name_scope("RaggedWhere", name, [condition, x, y]):
        flags = as_values(condition, name="condition")
        if x is None:
            return _places(flags)
        x, y = as_values(x, name="x"), as_values(y, name="y")
        return choose(*same_splits_type(flags, x, y))


def _by_same_rows(flags: Any, x: Any, y: Any) -> Any:
    are_ragged = [isinstance(value, RaggedTensor) for value in (flags, x, y)]
    if all(are_ragged):
        return map_flat_values(comparison.where, flags, x, y)
    if are_ragged[0]:
        raise ValueError("Input shapes do not match.")
    flags.shape.assert_has_rank(1)
    both = concat([x, y], axis=0)
    first = _row_count(x, both.row_splits.dtype)
    second = _row_count(y, both.row_splits.dtype)
    rows = comparison.where(flags, number_range(first), first + number_range(second))
    return gather(both, rows, axis=0)


def _by_broadcast(flags: Any, x: Any, y: Any) -> Any:
    shape = broadcast_shape(rows_of(flags), broadcast_shape(rows_of(x), rows_of(y)))
    operands = [broadcast(value, shape) for value in (flags, x, y)]
    return map_flat_values(comparison.where_v2, *operands)


def _row_count(value: Any, dtype: Any) -> Any:
    if isinstance(value, RaggedTensor):
        return value.nrows(out_type=dtype)
    return array.shape(value, out_type=dtype)[0]


def _places(flags: Any) -> Tensor:
    """Return where flags are on: row, place in the row, and so on."""
    if not isinstance(flags, RaggedTensor):
        return comparison.where(flags)
    inner = _places(flags.values)
    flags = flags.with_row_splits_dtype(inner.dtype)
    first = inner[:, 0]
    rows = array.gather(flags.value_rowids(), first)
    starts = array.gather(flags.row_splits, rows)
    columns = first - starts
    parts = [array.expand_dims(rows, 1), array.expand_dims(columns, 1), inner[:, 1:]]
    result: Tensor = array.concat(parts, axis=1)
    return result
