"""How updates of parts of a variable run; twin of `ops/variable_scatter.py`.

`Scatter...` writes rows: `indices` holds row numbers. `ScatterNd...` writes slices:
the last axis of `indices` holds the coordinates of one slice. Repeated indices
accumulate; of repeated assignments the last one stays.

Source: tensorflow core/kernels/scatter_op.cc, scatter_nd_op.cc.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.index_bounds import bad_index_vectors
from metagraft.kernels.kernel import Array, Kernel, KernelFunction
from metagraft.kernels.namespace import namespace
from metagraft.kernels.rows import check_indices
from metagraft.kernels.scatter_checks import check_variable, ignores_bad_indices

Attributes = Mapping[str, Any]
HostScatter = Callable[[Any, Any, Any], None]


def _set_at(table: Any, where: Any, updates: Any) -> None:
    table[where] = updates


def _subtract_at(table: Any, where: Any, updates: Any) -> None:
    ufunc = np.logical_xor if table.dtype == bool else np.subtract
    ufunc.at(table, where, updates)


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
    "Sub": (_subtract_at, "subtract"),
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


def scatter_rows(combine: str, *, is_resource: bool) -> KernelFunction:
    """Return the kernel of `Scatter<combine>`, or of the one of resources."""

    def scatter(
        _: Attributes, variable: Array, indices: Array, updates: Array
    ) -> tuple[Array]:
        shape, expected = np.shape(variable), ()
        if not shape:
            raise InvalidArgumentError(
                None, None, "params must be at least 1-D, got shape []"
            )
        expected = (*np.shape(indices), *shape[1:])
        if np.shape(updates) not in (expected, ()):
            raise _misfit(np.shape(indices), np.shape(updates), shape, is_resource)
        if namespace(variable, indices, updates) is np:
            check_indices(np.asarray(indices), shape[0])
            kinds = "iufV" if is_resource else "iu"
            divides = combine == "Div" and updates.dtype.kind in kinds
            if divides and np.size(indices) and not np.all(updates):
                # TF: for integers in a variable of version 1 the process ends here.
                raise InvalidArgumentError(None, None, "updates must not contain 0")
        else:
            indices = _past_the_end(indices, shape[0])
        return (_scatter(combine, variable, indices, updates),)

    return scatter


def _misfit(
    indices: tuple[int, ...],
    updates: tuple[int, ...],
    variable: tuple[int, ...],
    is_resource: bool,
) -> InvalidArgumentError:
    """Return the error for updates of a wrong shape."""
    has_rank = len(updates) == len(indices) + len(variable) - 1
    if is_resource and has_rank and updates[: len(indices)] != indices:
        text = (
            f"The shape of indices ({show(indices)}) must be a prefix of the shape of "
            f"updates ({show(updates)})"
        )
    else:
        # TF: of resources it reads on behind updates that are too few.
        text = (
            "Must have updates.shape = indices.shape + params.shape[1:] or "
            f"updates.shape = [], got updates.shape {show(updates)}, indices.shape "
            f"{show(indices)}, params.shape {show(variable)}"
        )
    return InvalidArgumentError(None, None, text)


def scatter_slices(combine: str) -> KernelFunction:
    """Return the kernel of `ScatterNd<combine>`."""

    def scatter(
        attrs: Attributes, variable: Array, indices: Array, updates: Array
    ) -> tuple[Array]:
        ignore = ignores_bad_indices(attrs)
        shape = np.shape(variable)
        check_variable(shape, np.shape(indices), np.shape(updates))
        if not math.prod(np.shape(indices)):
            return (variable,)
        if np.ndim(indices) == 1:
            # Of a vector, which counts as [n, 1], TensorFlow takes the first index.
            indices, updates = indices[:1, None], updates[:1]
        depth = np.shape(indices)[-1]
        on_host = namespace(variable, indices, updates) is np
        if on_host:
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
            scatter_rows(combine, is_resource=bool(prefix)),
            updates=("resource" if prefix else "ref",),
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
