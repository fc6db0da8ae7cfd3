"""Where the rows of ragged tensors begin and end.

Source: tensorflow core/kernels/ragged_utils.h.
"""

from __future__ import annotations

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.sparse_indices import broken_rule

__all__ = ["check_row_splits"]


def check_row_splits(splits: Array, count: int | None) -> None:
    """Demand splits that begin at 0 and never fall.

    Args:
        splits: Where rows begin, and the end of the last one.
        count: Where the last row has to end; None if that is not known.

    Raises:
        InvalidArgumentError: The splits are no vector, empty, or others.
    """
    begin = "Invalid ragged splits:"
    if splits.ndim != 1:
        raise broken_rule(
            f"{begin} ragged splits must be rank 1 but is rank {splits.ndim}"
        )
    if not len(splits):
        raise broken_rule(
            f"{begin} ragged splits must have at least one splits, but is empty"
        )
    if splits[0] != 0:
        raise broken_rule(
            f"{begin} first element of ragged splits  must be 0 but is {splits[0]}"
        )
    for place in np.flatnonzero(splits[1:] < splits[:-1])[:1]:
        raise broken_rule(
            f"{begin} ragged splits must be monotonically increasing, but"
            f" ragged_splits[{place + 1}]={splits[place + 1]} is smaller than"
            f" row_splits[{place}]={splits[place]}"
        )
    if count is not None and splits[-1] != count:
        raise broken_rule(
            f"{begin} last element of ragged splits must be the number of ragged"
            f" values({count}) but is {splits[-1]}"
        )
