"""Rows that are computed on in batches; twin of `ops/batching.py`.

# TF: a batch unites what several runs bring at one time; here each run has its own, so
# no run waits for others, and nothing but the batch's size is seen of it.

Source: tensorflow core/kernels/batch_kernels.cc.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.kernel import Array, Kernel

# Each batch has a number of its own.
_numbers: Final = itertools.count(1)


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def batch(attrs: Attrs, in_tensors: Sequence[Array]) -> tuple[Array, ...]:
    rows = _rows(attrs, in_tensors)
    sizes = [size for size in attrs["allowed_batch_sizes"] if size >= rows]
    missing = sizes[0] - rows if sizes else 0
    # TF: what fills a batch up are copies of its first row.
    batched = [
        np.concatenate([x, np.repeat(x[:1], missing, axis=0)]) if missing else x
        for x in map(np.asarray, in_tensors)
    ]
    number = next(_numbers)
    index = np.array([[number, 0, rows]], np.int64)
    return (*batched, index, np.int64(number))


def _rows(attrs: Attrs, tensors: Sequence[Array]) -> int:
    """Return how many rows the tensors have.

    Raises:
        InvalidArgumentError: Attributes or tensors do not fit.
    """
    most, allowed = attrs["max_batch_size"], attrs["allowed_batch_sizes"]
    if any(a >= b for a, b in itertools.pairwise(allowed)):
        raise _invalid("allowed_batch_sizes entries must be monotonically increasing")
    if allowed and allowed[-1] != most:
        raise _invalid("final entry in allowed_batch_sizes must equal max_batch_size")
    if any(not np.ndim(x) for x in tensors):
        raise _invalid("Batching input tensors must have at least one dimension")
    counts = {int(np.shape(x)[0]) for x in tensors}
    if len(counts) > 1:
        raise _invalid(
            "Batching input tensors supplied in a given op invocation must have equal "
            "0th-dimension size"
        )
    (rows,) = counts
    if rows > most:
        raise _invalid(
            f"Task size {rows} is larger than maximum input batch size {most}"
        )
    return rows


def unbatch(
    attrs: Attrs, batched_tensor: Array, batch_index: Array, id: Array
) -> tuple[Array]:
    del attrs
    x = np.asarray(batched_tensor)
    if x.ndim < 1:
        raise _invalid("Unbatching data tensor must have at least one dimension")
    for number, start, end in _index(batch_index):
        if end > x.shape[0] or start < 0 or start > end:
            raise _invalid(
                f"Unbatching rows {start} to {end} of a batch of {x.shape[0]} rows"
            )
        if number == _one_number(id):
            return (x[start:end],)
    raise _missing(id)


def unbatch_grad(
    attrs: Attrs, original_input: Array, batch_index: Array, grad: Array, id: Array
) -> tuple[Array]:
    del attrs
    parts = _index(batch_index)
    if not parts:  # the batch is another run's
        return (np.zeros((0, *np.shape(grad)[1:]), np.asarray(grad).dtype),)
    if not np.ndim(original_input) or not np.ndim(grad):
        raise _invalid("A batch and its gradient must have at least one dimension")
    if [number for number, *_ in parts] != [_one_number(id)]:
        raise _missing(id)
    return (np.asarray(grad),)


def _index(batch_index: Array) -> list[tuple[int, int, int]]:
    if np.ndim(batch_index) != 2 or np.shape(batch_index)[1] != 3:
        raise _invalid(
            "batch_index must be a matrix of three columns, got shape "
            f"{list(np.shape(batch_index))}"
        )
    return [(int(a), int(b), int(c)) for a, b, c in np.asarray(batch_index)]


def _one_number(id: Array) -> int:
    if np.size(id) != 1:
        raise _invalid(f"id must be a scalar, got {np.shape(id)}")
    return int(np.reshape(id, -1)[0])


def _missing(id: Array) -> InvalidArgumentError:
    return _invalid(f"Batch {_one_number(id)} is not that of this run.")


KERNELS = {
    "Batch": Kernel(batch, host=True),
    "Unbatch": Kernel(unbatch, host=True),
    "UnbatchGrad": Kernel(unbatch_grad, host=True),
}
