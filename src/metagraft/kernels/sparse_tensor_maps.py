"""Sparse tensors kept in a map of the session; twin of `ops/sparse_tensor_maps.py`.

Source: tensorflow core/kernels/sparse_tensors_map_ops.cc.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metagraft.formats.names import decode_name
from metagraft.graph.dtypes import DType, as_dtype, kernel_name
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.session_resources import on_run
from metagraft.kernels.sparse_indices import (
    broken_rule,
    check_ranks,
    check_valid,
    shown_dims,
)

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation


@dataclass(frozen=True, slots=True)
class _Sparse:
    """A sparse tensor.

    Attributes:
        indices: `int64[count, rank]`.
        values: `[count]`.
        shape: `int64[rank]`.
    """

    indices: Array
    values: Array
    shape: Array


class TensorMap:
    """Sparse tensors by number; each is taken out once."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._tensors: dict[int, _Sparse] = {}
        self._numbers = itertools.count()

    def add(self, tensor: _Sparse) -> int:
        """Keep a tensor and return its number."""
        with self._lock:
            number = next(self._numbers)
            self._tensors[number] = tensor
            return number

    def take(self, number: int, name: str) -> _Sparse:
        """Take a tensor out.

        Args:
            number: Its number.
            name: The name of the map.

        Raises:
            InvalidArgumentError: There is none of that number.
        """
        with self._lock:
            tensor = self._tensors.pop(number, None)
        if tensor is None:
            raise broken_rule(f"Unable to find SparseTensor: {number} in map: {name}")
        return tensor


def _name_of(op: Operation) -> str:
    return decode_name(op.attrs["shared_name"]) or op.name


def _map_of(run: RunContext, op: Operation) -> TensorMap:
    """Return the map that operations of one `shared_name` have together."""
    container = decode_name(op.attrs["container"]) or "localhost"
    found: TensorMap = run.store.create_resource(
        "sparse_tensor_map", container, _name_of(op), TensorMap
    )
    return found


def add_sparse(
    run: RunContext, op: Operation, indices: Array, values: Array, shape: Array
) -> tuple[Array]:
    """Keep one tensor."""
    tensor = _Sparse(np.array(indices), np.array(values), np.array(shape))
    check_ranks(tensor.indices, tensor.values, tensor.shape)
    for size in tensor.shape.tolist():
        if size < 0:
            raise broken_rule(f"Dimension {size} must be >= 0")
    count, rank = tensor.indices.shape
    if count != len(tensor.values):
        raise broken_rule(
            "indices and values rows (indexing dimension) must match. (indices = "
            f"{count}, values = {len(tensor.values)})"
        )
    if rank != len(tensor.shape):
        raise broken_rule("Order length must be SparseTensor rank.")
    return (np.int64(_map_of(run, op).add(tensor)),)


def add_many_sparse(
    run: RunContext, op: Operation, indices: Array, values: Array, shape: Array
) -> tuple[Array]:
    """Keep the slices along the first axis, each as a tensor."""
    indices, values, shape = np.asarray(indices), np.asarray(values), np.asarray(shape)
    _check_slices(indices, values, shape)
    tensors = _map_of(run, op)
    rows = indices[:, 0]
    numbers = np.empty(int(shape[0]), np.int64)
    filled = np.unique(rows)
    # Slices of nothing get their numbers last.
    for row in (*filled, *np.setdiff1d(np.arange(len(numbers)), filled)):
        chosen = rows == row
        numbers[row] = tensors.add(
            _Sparse(indices[chosen, 1:], values[chosen], np.array(shape[1:]))
        )
    return (numbers,)


def _check_slices(indices: Array, values: Array, shape: Array) -> None:
    check_ranks(indices, values, shape)
    dims = shown_dims(indices.shape)
    if len(values) != len(indices):
        raise broken_rule(
            "Number of values must match first dimension of indices. Got "
            f"{len(values)} values, indices shape: {dims}"
        )
    if len(shape) != indices.shape[1]:
        raise broken_rule(
            "Number of dimensions must match second dimension of indices. Got "
            f"{len(shape)} dimensions, indices shape: {dims}"
        )
    if len(shape) < 2:
        raise broken_rule(
            f"Rank of input SparseTensor should be > 1, but saw rank: {len(shape)}"
        )
    for size in shape.tolist():
        if size < 0:
            raise broken_rule(
                f"Expected shape dimensions to be non-negative, got {size}"
            )
    check_valid(indices, shape)


def take_many_sparse(
    run: RunContext, op: Operation, sparse_handles: Array
) -> tuple[Array, Array, Array]:
    """Take tensors out, put together along a new first axis."""
    handles = np.asarray(sparse_handles)
    if handles.ndim != 1:
        raise broken_rule(
            "sparse_handles should be a vector but received shape "
            f"{shown_dims(handles.shape)}"
        )
    if not handles.size:
        raise broken_rule(
            "Must have at least 1 serialized SparseTensor, but input matrix has 0 rows"
        )
    tensors = _map_of(run, op)
    taken = [tensors.take(number, _name_of(op)) for number in handles.tolist()]
    _check_alike(taken, op.attrs["dtype"])
    indices = np.concatenate(
        [
            np.concatenate([np.full((len(t.indices), 1), row), t.indices], axis=1)
            for row, t in enumerate(taken)
        ]
    )
    sizes = np.max([tensor.shape for tensor in taken], axis=0)
    values = np.concatenate([tensor.values for tensor in taken])
    shape = np.concatenate([[len(taken)], sizes]).astype(np.int64)
    return indices.astype(np.int64), values, shape


def _check_alike(taken: Sequence[_Sparse], dtype: DType) -> None:
    for number, tensor in enumerate(taken):
        if tensor.values.dtype != dtype.numpy_dtype:
            found = kernel_name(as_dtype(tensor.values.dtype))
            raise broken_rule(
                f"Requested SparseTensor of type {kernel_name(dtype)} but SparseTensor"
                f"[{number}].values.dtype() == {found}"
            )
    rank = len(taken[0].shape) + 1
    for number, tensor in enumerate(taken):
        if len(tensor.shape) + 1 != rank:
            raise broken_rule(
                "Inconsistent rank across SparseTensors: rank prior to SparseTensor"
                f"[{number}] was: {rank} but rank of SparseTensor[{number}] is: "
                f"{len(tensor.shape) + 1}"
            )


KERNELS = {
    "AddSparseToTensorsMap": on_run(add_sparse),
    "AddManySparseToTensorsMap": on_run(add_many_sparse),
    "TakeManySparseFromTensorsMap": on_run(take_many_sparse),
}
