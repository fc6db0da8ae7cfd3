"""Updates of single rows of a table: `table[i] = f(table[i], update)`.

An index may occur more than once. TensorFlow then applies the updates one after the
other, so the work is done in rounds: round k takes the k-th occurrence of every
index, and within a round all rows differ and are computed at once. Without repeated
indices, the usual case, there is exactly one round.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import jax_numpy, lax, namespace

# (rows of every table, rows of the updates) -> new rows of every table
RowFormula = Callable[[tuple[Array, ...], Array], tuple[Array, ...]]
OUTSIDE: Final = "indices{in_brackets} = {index} is not in [0, {limit})"
# Of tables that were changed in place: the table, the changed rows and what they held.
Undo = list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]]


def updated_rows(
    formula: RowFormula,
    tables: tuple[Array, ...],
    indices: Array,
    updates: Array,
    undo: Undo | None = None,
    outside: str = OUTSIDE,
) -> tuple[Array, ...]:
    """Return the tables with `formula` applied to the rows named by `indices`.

    Args:
        formula: New rows from old rows and the rows of `updates`.
        tables: Arrays of equal shape `[n, ...]`.
        indices: `[k]`, in any order, with or without repetition.
        updates: `[k, ...]`.
        undo: Given if the tables, which own their memory, are to be changed themselves;
            what they held is appended to it.
        outside: What to say of an index outside, see `check_indices`.

    Raises:
        InvalidArgumentError: (on the host) An index lies outside of the tables.
    """
    if indices.shape[0] == 0:
        return tables
    if namespace(*tables, indices, updates) is np:
        check_indices(indices, tables[0].shape[0], outside)
        return _updated_on_host(formula, tables, indices, updates, undo)
    return _updated_in_program(formula, tables, indices, updates)


def are_outside(
    indices: np.ndarray[Any, Any], limit: int
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which integers are not in `[0, limit)`, of the shape of `indices`."""
    # Without its sign, a negative number is larger than any limit.
    found: np.ndarray[Any, np.dtype[np.bool_]]
    found = indices.view(f"u{indices.dtype.itemsize}") >= limit
    return found


def check_indices(
    indices: np.ndarray[Any, Any], limit: int, text: str = OUTSIDE
) -> None:
    """Demand `0 <= index < limit` for all indices.

    Args:
        indices: Of any shape.
        limit: How many rows there are.
        text: What is said of the first that does not fit, with its `index`, its
            `place`, the same `in_brackets`, and the `limit`.

    Raises:
        InvalidArgumentError: One does not fit.
    """
    wrong = are_outside(indices, limit)
    if np.count_nonzero(wrong):
        bad = np.flatnonzero(wrong)
        place = ",".join(map(str, np.unravel_index(bad[0], indices.shape)))
        raise InvalidArgumentError(
            None,
            None,
            text.format(
                index=indices.flat[bad[0]],
                place=place,
                in_brackets=f"[{place}]" if indices.ndim else "",
                limit=limit,
            ),
        )


def _occurrences(xp: Any, indices: Array) -> Array:
    """Return for each index how often it occurs before: `[5, 3, 5]` -> `[0, 0, 1]`."""
    positions = xp.arange(indices.shape[0], dtype=np.int32)
    order = xp.argsort(indices, stable=True)
    ordered = indices[order]
    starts = xp.concatenate([np.ones(1, np.bool_), ordered[1:] != ordered[:-1]])
    first = xp.where(starts, positions, np.zeros((), np.int32))
    if xp is np:
        first = np.maximum.accumulate(first)
        result = np.empty_like(positions)
        result[order] = positions - first
        return result
    first = lax().cummax(first)
    return xp.zeros_like(positions).at[order].set(positions - first)


def take_back(undo: Undo) -> None:
    """Give tables that were changed in place what they held before."""
    while undo:
        table, rows, old = undo.pop()
        table.flags.writeable = True
        table[rows] = old
        table.flags.writeable = False


def _updated_on_host(
    formula: RowFormula,
    tables: tuple[Array, ...],
    indices: Array,
    updates: Array,
    undo: Undo | None,
) -> tuple[Array, ...]:
    if undo is None:
        tables = tuple(np.array(table) for table in tables)
    if not _has_repetitions(indices):
        _update_round(formula, tables, indices, updates, undo)
        return tables
    rounds = _occurrences(np, indices)
    for k in range(int(rounds.max()) + 1):
        chosen = rounds == k
        _update_round(formula, tables, indices[chosen], updates[chosen], undo)
    return tables


def _has_repetitions(indices: np.ndarray[Any, Any]) -> bool:
    if not np.count_nonzero(indices[1:] <= indices[:-1]):
        return False  # they rise
    ordered = np.sort(indices)
    return bool(np.count_nonzero(ordered[1:] == ordered[:-1]))


def _update_round(
    formula: RowFormula,
    tables: tuple[np.ndarray[Any, Any], ...],
    rows: np.ndarray[Any, Any],
    updates: np.ndarray[Any, Any],
    undo: Undo | None,
) -> None:
    """Change rows of which none occurs twice."""
    old_rows = tuple(table.take(rows, axis=0) for table in tables)
    new_rows = formula(old_rows, updates)
    for table, old, new in zip(tables, old_rows, new_rows, strict=True):
        if undo is None:
            table[rows] = new
            continue
        undo.append((table, rows, old))
        table.flags.writeable = True
        table[rows] = new
        table.flags.writeable = False


def _updated_in_program(
    formula: RowFormula, tables: tuple[Array, ...], indices: Array, updates: Array
) -> tuple[Array, ...]:
    jnp = jax_numpy()
    # A negative index would count from the end; like every index that is too large
    # it is sent past the end, where writing is dropped.
    outside = jnp.asarray(tables[0].shape[0], indices.dtype)
    indices = jnp.where(indices < 0, outside, indices)
    rounds = _occurrences(jnp, indices)
    last = rounds.max()

    def one_round(carried: tuple[Any, ...]) -> tuple[Any, ...]:
        k, current = carried
        rows = jnp.where(rounds == k, indices, outside)
        old = tuple(t.at[rows].get(mode="clip") for t in current)
        new = formula(old, updates)
        written = (
            t.at[rows].set(n, mode="drop") for t, n in zip(current, new, strict=True)
        )
        return k + np.int32(1), tuple(written)

    start = (jnp.zeros((), np.int32), tuple(jnp.asarray(t) for t in tables))
    _, result = lax().while_loop(lambda c: c[0] <= last, one_round, start)
    return tuple(result)
