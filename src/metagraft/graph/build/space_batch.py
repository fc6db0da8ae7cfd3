"""Nodes that move blocks of pixels between space and batch.

Source: tensorflow python/ops/array_ops.py space_to_batch, batch_to_space.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.graph.apply_op import op
from metagraft.graph.tensor import Tensor


def _square(block_size: int) -> Any:
    return np.array([block_size, block_size], dtype=np.int64)


def space_to_batch(
    input: Any, paddings: Any, block_size: int, name: str | None = None
) -> Tensor:
    """Move square blocks of `[n, h, w, c]` into the batch."""
    result: Tensor = op(
        "SpaceToBatchND",
        input=input,
        block_shape=_square(block_size),
        paddings=paddings,
        name=name,
    )
    result.set_shape(result.shape.with_rank(4))
    return result


def batch_to_space(
    input: Any, crops: Any, block_size: int, name: str | None = None
) -> Tensor:
    """Move parts of the batch into square blocks of `[n, h, w, c]`."""
    result: Tensor = op(
        "BatchToSpaceND",
        input=input,
        block_shape=_square(block_size),
        crops=crops,
        name=name,
    )
    result.set_shape(result.shape.with_rank(4))
    return result
