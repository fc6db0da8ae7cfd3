"""How ops on the value of one variable run.

Twin of `ops/state.py` and `ops/resource_variable.py`.

Creating a variable, giving it a value and asking whether it has one act on the
session's store, not on arrays: `metagraft.runtime` does that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError, OutOfRangeError
from metagraft.graph.shapes import show
from metagraft.kernels.index_bounds import bad_index_vectors
from metagraft.kernels.kernel import Array, Kernel, KernelFunction
from metagraft.kernels.namespace import namespace
from metagraft.kernels.rows import check_indices

Attributes = Mapping[str, Any]


def _assign(ufunc: str, *, is_resource: bool) -> KernelFunction:
    """Return the kernel that combines a variable with a value."""

    def assign(_: Attributes, variable: Array, value: Array) -> tuple[Array]:
        shapes = np.shape(variable), np.shape(value)
        if shapes[0] != shapes[1]:
            text = "Parameters and update must be the same size"
            if is_resource:
                text = (
                    f"Cannot update variable with shape {show(shapes[0])} using a "
                    f"Tensor with shape {show(shapes[1])}, shapes must be equal."
                )
            raise InvalidArgumentError(None, None, text)
        # `np.add`, not `+`: a scalar stays an array of its dtype, and bytes are joined.
        return (getattr(namespace(variable, value), ufunc)(variable, value),)

    return assign


def count_up_to(attrs: Attributes, variable: Array) -> tuple[Array, Array]:
    limit = attrs["limit"]
    if np.shape(variable) != ():
        raise InvalidArgumentError(
            None, None, f"input is not a scalar: {list(np.shape(variable))}"
        )
    if variable >= limit:
        raise OutOfRangeError(None, None, f"Reached limit of {limit}")
    return variable + np.ones((), variable.dtype), variable


def read(_: Attributes, value: Array) -> tuple[Array]:
    return (value,)


def variable_shape(attrs: Attributes, value: Array) -> tuple[Array]:
    return (np.array(np.shape(value), attrs["out_type"].numpy_dtype),)


def resource_gather(attrs: Attributes, value: Array, indices: Array) -> tuple[Array]:
    """Rows of a variable: `value[..., indices, ...]` behind the batch axes."""
    batch_dims = attrs["batch_dims"]
    if batch_dims < 0:
        batch_dims += np.ndim(indices)
    xp = namespace(value, indices)
    if xp is np:
        check_indices(np.asarray(indices), value.shape[batch_dims])
    index: list[Array] = [
        xp.arange(size, dtype=indices.dtype).reshape(
            (-1,) + (1,) * (np.ndim(indices) - axis - 1)
        )
        for axis, size in enumerate(value.shape[:batch_dims])
    ]
    index.append(indices)
    return (value[tuple(index)],)


def resource_gather_nd(_: Attributes, value: Array, indices: Array) -> tuple[Array]:
    xp = namespace(value, indices)
    axes = tuple(indices[..., i] for i in range(indices.shape[-1]))
    if len(axes) > value.ndim:
        raise InvalidArgumentError(
            None,
            None,
            "index innermost dimension length must be <= params rank; saw: "
            f"{len(axes)} vs. {value.ndim}",
        )
    if xp is np:
        bad_index_vectors(np.asarray(indices), value.shape, ignore=False)
    if not axes:
        return (xp.broadcast_to(value, (*indices.shape[:-1], *value.shape)),)
    return (value[axes],)


KERNELS = {
    "AssignAdd": Kernel(_assign("add", is_resource=False), updates=("ref",)),
    "AssignSub": Kernel(_assign("subtract", is_resource=False), updates=("ref",)),
    "AssignAddVariableOp": Kernel(
        _assign("add", is_resource=True), updates=("resource",)
    ),
    "AssignSubVariableOp": Kernel(
        _assign("subtract", is_resource=True), updates=("resource",)
    ),
    "CountUpTo": Kernel(count_up_to, host=True, updates=("ref",)),
    "ResourceCountUpTo": Kernel(count_up_to, host=True, updates=("resource",)),
    "ReadVariableOp": Kernel(read, reads=("resource",)),
    "VariableShape": Kernel(variable_shape, reads=("input",)),
    "ResourceGather": Kernel(resource_gather, reads=("resource",)),
    "ResourceGatherNd": Kernel(resource_gather_nd, reads=("resource",)),
}
