"""Sparse tensors kept in a map of the session; twin of `ops/sparse_tensor_maps.py`.

Source: tensorflow core/kernels/sparse_tensors_map_ops.cc.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.formats.names import decode_name
from metagraft.kernels.kernel import Array, RunContext
from metagraft.kernels.session_resources import on_run

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

    def take(self, number: int) -> _Sparse:
        """Take a tensor out.

        Raises:
            InvalidArgumentError: There is none of that number.
        """
        with self._lock:
            tensor = self._tensors.pop(number, None)
        if tensor is None:
            raise InvalidArgumentError(
                None, None, f"Unable to find SparseTensor: {number} in map"
            )
        return tensor


def _map_of(run: RunContext, op: Operation) -> TensorMap:
    """Return the map that operations of one `shared_name` have together."""
    name = decode_name(op.attrs["shared_name"]) or op.name
    container = decode_name(op.attrs["container"]) or "localhost"
    found: TensorMap = run.store.create_resource(
        "sparse_tensor_map", container, name, TensorMap
    )
    return found


def add_sparse(
    run: RunContext, op: Operation, indices: Array, values: Array, shape: Array
) -> tuple[Array]:
    """Keep one tensor."""
    tensor = _Sparse(np.array(indices), np.array(values), np.array(shape))
    return (np.int64(_map_of(run, op).add(tensor)),)


def add_many_sparse(
    run: RunContext, op: Operation, indices: Array, values: Array, shape: Array
) -> tuple[Array]:
    """Keep the slices along the first axis, each as a tensor."""
    tensors = _map_of(run, op)
    slices = _slices(np.asarray(indices), np.asarray(values), np.asarray(shape))
    return (np.array([tensors.add(tensor) for tensor in slices], np.int64),)


def _slices(indices: Array, values: Array, shape: Array) -> Iterator[_Sparse]:
    if len(shape) < 2:
        raise InvalidArgumentError(
            None,
            None,
            f"Rank of input SparseTensor should be > 1, but saw rank: {len(shape)}",
        )
    rows = indices[:, 0]
    for row in range(int(shape[0])):
        chosen = rows == row
        yield _Sparse(indices[chosen, 1:], values[chosen], np.array(shape[1:]))


def take_many_sparse(
    run: RunContext, op: Operation, sparse_handles: Array
) -> tuple[Array, Array, Array]:
    """Take tensors out, put together along a new first axis."""
    tensors = _map_of(run, op)
    taken = [tensors.take(int(number)) for number in np.asarray(sparse_handles)]
    if not taken:
        raise InvalidArgumentError(
            None, None, "Must have at least one sparse_handle to take"
        )
    indices = np.concatenate(
        [
            np.concatenate([np.full((len(t.indices), 1), row), t.indices], axis=1)
            for row, t in enumerate(taken)
        ]
    )
    sizes = np.max([tensor.shape for tensor in taken], axis=0)
    dtype = op.attrs["dtype"].as_numpy_dtype
    values = np.concatenate([tensor.values for tensor in taken]).astype(dtype)
    shape = np.concatenate([[len(taken)], sizes]).astype(np.int64)
    return indices.astype(np.int64), values, shape


KERNELS = {
    "AddSparseToTensorsMap": on_run(add_sparse),
    "AddManySparseToTensorsMap": on_run(add_many_sparse),
    "TakeManySparseFromTensorsMap": on_run(take_many_sparse),
}
