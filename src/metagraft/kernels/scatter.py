"""Writing slices by index into a copy; twin of `ops/scatter.py`.

On the host an index out of bounds raises; in a compiled program it is left out, as
in TensorFlow on a GPU.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.element_counts import check_count
from metagraft.kernels.index_bounds import bad_index_vectors
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace
from metagraft.kernels.scatter_checks import (
    check_copy,
    check_new,
    check_variable,
    ignores_bad_indices,
)

Change = Literal["set", "add", "min", "max"]


def scatter_nd(
    attrs: Attrs, indices: Array, updates: Array, shape: Array
) -> tuple[Array]:
    dims = tuple(int(d) for d in np.ravel(shape))
    check_count(dims)
    check_new(dims, np.shape(indices), np.shape(updates))
    if np.ndim(shape) != 1:
        raise InvalidArgumentError(None, None, "Shape must be a vector")
    ignores_bad_indices(attrs)
    dtype = attrs["T"].numpy_dtype
    if not math.prod(dims):
        if math.prod(np.shape(indices)) and math.prod(np.shape(updates)):
            raise InvalidArgumentError(
                None,
                None,
                "Indices and updates specified for empty output.  indices shape:"
                f" {show(np.shape(indices))}",
            )
        return (np.full(dims, b"" if dtype == np.dtype(object) else 0, dtype),)
    if namespace(indices, updates) is np:
        zero: Any = b"" if dtype == np.dtype(object) else 0
        start = np.full(dims, zero, dtype)
    else:
        start = namespace(indices, updates).zeros(dims, dtype)
    # Texts at one place are joined, and it is true if one of those put there is.
    change: Change = "max" if dtype == np.dtype(bool) else "add"
    return (_scatter(attrs, start, indices, updates, change),)


def tensor_scatter_update(
    attrs: Attrs, tensor: Array, indices: Array, updates: Array
) -> tuple[Array]:
    check_copy(np.shape(tensor), np.shape(indices), np.shape(updates))
    return (_scatter(attrs, tensor, indices, updates, "set"),)


def tensor_scatter_add(
    attrs: Attrs, tensor: Array, indices: Array, updates: Array
) -> tuple[Array]:
    check_copy(np.shape(tensor), np.shape(indices), np.shape(updates))
    return (_scatter(attrs, tensor, indices, updates, "add"),)


def tensor_scatter_sub(
    attrs: Attrs, tensor: Array, indices: Array, updates: Array
) -> tuple[Array]:
    check_copy(np.shape(tensor), np.shape(indices), np.shape(updates))
    return (_scatter(attrs, tensor, indices, -updates, "add"),)


def tensor_scatter_min(
    attrs: Attrs, tensor: Array, indices: Array, updates: Array
) -> tuple[Array]:
    check_copy(np.shape(tensor), np.shape(indices), np.shape(updates))
    return (_scatter(attrs, tensor, indices, updates, "min"),)


def tensor_scatter_max(
    attrs: Attrs, tensor: Array, indices: Array, updates: Array
) -> tuple[Array]:
    check_copy(np.shape(tensor), np.shape(indices), np.shape(updates))
    return (_scatter(attrs, tensor, indices, updates, "max"),)


def _scatter(
    attrs: Attrs, tensor: Array, indices: Array, updates: Array, change: Change
) -> Array:
    # Nothing to write, perhaps nowhere to write it.
    if not math.prod(np.shape(indices)):
        return tensor
    check_variable(np.shape(tensor), np.shape(indices), np.shape(updates))
    if np.ndim(indices) == 1:  # of these, too, the first
        indices, updates = indices[:1, None], updates[:1]
    if change in ("min", "max") and updates.dtype.kind in "fV":
        # A NaN among the updates changes nothing.
        neutral = updates.dtype.type(np.inf if change == "min" else -np.inf)
        updates = namespace(updates).where(updates != updates, neutral, updates)
    xp = namespace(tensor, indices, updates)
    if xp is np:
        ignore = ignores_bad_indices(attrs)
        found = _scatter_on_host(tensor, indices, updates, change, ignore)
    else:
        found = _scatter_traced(tensor, indices, updates, change)
    if change in ("min", "max") and updates.dtype.kind in "fV":
        return xp.where(found == tensor, tensor, found)  # the sign of a zero stays
    return found


def _scatter_traced(
    tensor: Array, indices: Array, updates: Array, change: Change
) -> Array:
    jax_lax: Any = lax()
    xp = namespace(tensor, indices, updates)
    depth, outer = np.shape(indices)[-1], len(np.shape(indices)) - 1
    functions = {
        "set": jax_lax.scatter,
        "add": jax_lax.scatter_add,
        "min": jax_lax.scatter_min,
        "max": jax_lax.scatter_max,
    }
    return functions[change](
        xp.asarray(tensor),
        xp.asarray(indices),
        xp.asarray(updates),
        jax_lax.ScatterDimensionNumbers(
            update_window_dims=tuple(range(outer, len(np.shape(updates)))),
            inserted_window_dims=tuple(range(depth)),
            scatter_dims_to_operand_dims=tuple(range(depth)),
        ),
        mode=jax_lax.GatherScatterMode.FILL_OR_DROP,
    )


def _scatter_on_host(
    tensor: Array, indices: Array, updates: Array, change: Change, ignore: bool
) -> Array:
    out = np.array(tensor)
    indices, updates = np.asarray(indices), np.asarray(updates)
    bad = bad_index_vectors(indices, out.shape, ignore=ignore, what="shape")
    if np.any(bad):
        indices, updates = indices[~bad], updates[~bad]
    where_to: Any = tuple(np.moveaxis(indices, -1, 0))
    if change == "set":
        out[where_to] = updates
    else:
        _UFUNCS[change].at(out, where_to, updates)
    return out


_UFUNCS: dict[str, Any] = {"add": np.add, "min": np.minimum, "max": np.maximum}


KERNELS = {
    "ScatterNd": Kernel(scatter_nd, static=("shape",)),
    "ScatterNdNonAliasingAdd": Kernel(tensor_scatter_add),
    "TensorScatterUpdate": Kernel(tensor_scatter_update),
    "TensorScatterAdd": Kernel(tensor_scatter_add),
    "TensorScatterSub": Kernel(tensor_scatter_sub),
    "TensorScatterMin": Kernel(tensor_scatter_min),
    "TensorScatterMax": Kernel(tensor_scatter_max),
}
