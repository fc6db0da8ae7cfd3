"""How updates of parts of a variable run; twin of `ops/variable_scatter.py`.

`Scatter...` writes rows: `indices` holds row numbers. `ScatterNd...` writes slices:
the last axis of `indices` holds the coordinates of one slice. Repeated indices
accumulate; of repeated assignments the last one stays.

Source: tensorflow core/kernels/scatter_op.cc, scatter_nd_op.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.index_bounds import bad_index_vectors
from metagraft.kernels.kernel import Array, Kernel, KernelFunction
from metagraft.kernels.namespace import namespace
from metagraft.kernels.rows import check_indices

Attributes = Mapping[str, Any]
HostScatter = Callable[[Any, Any, Any], None]


def _set_at(table: Any, where: Any, updates: Any) -> None:
    table[where] = updates


def _divide_at(table: Any, where: Any, updates: Any) -> None:
    if not np.issubdtype(table.dtype, np.integer):
        np.true_divide.at(table, where, updates)
        return
    # Integers divide toward zero, one update after the other.
    divisors = np.ones_like(table)
    np.multiply.at(divisors, where, updates)
    quotients = np.abs(table) // np.abs(divisors)
    table[...] = quotients * np.sign(table) * np.sign(divisors)


# Name in the op type -> on the host (in place), method of `array.at[...]` in a program
_COMBINE: dict[str, tuple[HostScatter, str]] = {
    "Update": (_set_at, "set"),
    "Add": (np.add.at, "add"),
    "Sub": (np.subtract.at, "subtract"),
    "Mul": (np.multiply.at, "multiply"),
    "Div": (_divide_at, "divide"),
    "Min": (np.minimum.at, "min"),
    "Max": (np.maximum.at, "max"),
}


def _without_nan(combine: str, updates: Array) -> Array:
    """Return updates of which NaN changes no maximum and no minimum."""
    if combine not in ("Min", "Max") or updates.dtype.kind not in "fV":
        return updates
    number = updates.dtype.type(np.inf if combine == "Min" else -np.inf)
    return namespace(updates).where(updates != updates, number, updates)


def _scatter(combine: str, variable: Array, where: Any, updates: Array) -> Array:
    on_host, in_program = _COMBINE[combine]
    updates = _without_nan(combine, updates)
    if namespace(variable, where, updates) is np:
        result = np.array(variable)
        on_host(result, where, updates)
        return result
    jnp = namespace(variable, where, updates)
    variable = jnp.asarray(variable)
    if combine == "Div" and jnp.issubdtype(variable.dtype, jnp.integer):
        divisors = jnp.ones_like(variable).at[where].multiply(updates, mode="drop")
        quotients = jnp.abs(variable) // jnp.abs(divisors)
        return quotients * jnp.sign(variable) * jnp.sign(divisors)
    return getattr(variable.at[where], in_program)(updates, mode="drop")


def _past_the_end(index: Array, size: int) -> Array:
    """Send a negative index where writing is dropped: it must not wrap around."""
    xp = namespace(index)
    return xp.where(index < 0, np.full((), size, index.dtype), index)


def scatter_rows(combine: str) -> KernelFunction:
    """Return the kernel of `Scatter<combine>`."""

    def scatter(
        _: Attributes, variable: Array, indices: Array, updates: Array
    ) -> tuple[Array]:
        shape, expected = np.shape(variable), ()
        if not shape:
            raise InvalidArgumentError(
                None, None, "a variable to scatter into must have at least one axis"
            )
        expected = (*np.shape(indices), *shape[1:])
        if np.shape(updates) not in (expected, ()):
            raise InvalidArgumentError(
                None,
                None,
                "Must have updates.shape = indices.shape + params.shape[1:] or "
                f"updates.shape = [], got updates.shape {show(np.shape(updates))}, "
                f"indices.shape {show(np.shape(indices))}, "
                f"params.shape {show(shape)}",
            )
        if namespace(variable, indices, updates) is np:
            check_indices(np.asarray(indices), shape[0])
            if combine == "Div" and updates.dtype.kind in "iu" and not np.all(updates):
                # TF: for a variable of version 1 the process ends here.
                raise InvalidArgumentError(None, None, "updates must not contain 0")
        else:
            indices = _past_the_end(indices, shape[0])
        return (_scatter(combine, variable, indices, updates),)

    return scatter


def _check_slices(
    shape: tuple[int, ...], indices: tuple[int, ...], updates: tuple[int, ...]
) -> None:
    """Check that there is a slice for every index, of the shape of those indexed."""
    outer, depth = len(indices) - 1, indices[-1]
    for axis in range(outer):
        if axis >= len(updates) or updates[axis] != indices[axis]:
            found = updates[axis] if axis < len(updates) else "nothing"
            raise InvalidArgumentError(
                None,
                None,
                f"Dimensions [{axis},{axis + 1}) of indices[shape={show(indices)}] = "
                f"{indices[axis]} must match dimensions [{axis},{axis + 1}) of "
                f"updates[shape={show(updates)}] = {found}",
            )
    if depth > len(shape) or updates[outer:] != shape[depth:]:
        raise InvalidArgumentError(
            None,
            None,
            f"Dimensions [{depth},{len(shape)}) of input[shape={show(shape)}] must "
            f"match dimensions [{depth},{len(updates)}) of "
            f"updates[shape={show(updates)}]",
        )


def scatter_slices(combine: str) -> KernelFunction:
    """Return the kernel of `ScatterNd<combine>`."""

    def scatter(
        attrs: Attributes, variable: Array, indices: Array, updates: Array
    ) -> tuple[Array]:
        shape, depth = np.shape(variable), np.shape(indices)[-1]
        _check_slices(shape, np.shape(indices), np.shape(updates))
        on_host = namespace(variable, indices, updates) is np
        if on_host:
            ignore = attrs.get("bad_indices_policy") == b"IGNORE"
            indices = np.asarray(indices)
            bad = bad_index_vectors(indices, shape, ignore=ignore, what="shape")
            if np.any(bad):
                indices, updates = indices[~bad], np.asarray(updates)[~bad]
        axes = [indices[..., i] for i in range(depth)]
        if not on_host:
            axes = [_past_the_end(i, n) for i, n in zip(axes, shape, strict=False)]
        return (_scatter(combine, variable, tuple(axes), updates),)

    return scatter


KERNELS = {
    **{
        f"{prefix}Scatter{combine}": Kernel(
            scatter_rows(combine), updates=("resource" if prefix else "ref",)
        )
        for prefix in ("", "Resource")
        for combine in _COMBINE
    },
    **{
        f"{prefix}ScatterNd{combine}": Kernel(scatter_slices(combine), updates=("ref",))
        for prefix in ("", "Resource")
        for combine in ("Update", "Add", "Sub", "Min", "Max")
    },
}
