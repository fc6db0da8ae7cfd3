"""Pooling over windows of random sizes (`tf.nn.fractional_max_pool` and its kin).

Source: tensorflow python/ops/nn_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.tensor import Tensor

__all__ = ["fractional_avg_pool", "fractional_max_pool"]

Pooled = tuple[Tensor, Tensor, Tensor]


def _pooled(
    op_type: str,
    value: Any,
    ratios: Sequence[float],
    choices: dict[str, Any],
    name: str | None,
) -> Pooled:
    pooled: Pooled = op(
        op_type, value=value, pooling_ratio=ratios, **choices, name=name
    )
    return pooled


def fractional_max_pool(
    value: Any,
    pooling_ratio: Sequence[float],
    pseudo_random: bool = False,
    overlapping: bool = False,
    deterministic: bool = False,
    seed: int = 0,
    seed2: int = 0,
    name: str | None = None,
) -> Pooled:
    """Return the largest value of every window.

    Args:
        value: `[n, h, w, c]`.
        pooling_ratio: How many values come to one, for each of the 4 axes; 1 for the
            first and the last.
        pseudo_random: Whether sizes are as even as can be, from a random start.
        overlapping: Whether windows share their borders.
        deterministic: Whether sizes are the same in every run.
        seed: First seed; only if `deterministic`.
        seed2: Second seed.
        name: Name of the operation.

    Returns:
        The pooled image, and where rows and columns of windows begin.
    """
    choices = {
        "pseudo_random": pseudo_random,
        "overlapping": overlapping,
        "deterministic": deterministic,
        "seed": seed,
        "seed2": seed2,
    }
    return _pooled("FractionalMaxPool", value, pooling_ratio, choices, name)


def fractional_avg_pool(
    value: Any,
    pooling_ratio: Sequence[float],
    pseudo_random: bool = False,
    overlapping: bool = False,
    deterministic: bool = False,
    seed: int = 0,
    seed2: int = 0,
    name: str | None = None,
) -> Pooled:
    """Return the average of every window; see `fractional_max_pool`."""
    choices = {
        "pseudo_random": pseudo_random,
        "overlapping": overlapping,
        "deterministic": deterministic,
        "seed": seed,
        "seed2": seed2,
    }
    return _pooled("FractionalAvgPool", value, pooling_ratio, choices, name)
