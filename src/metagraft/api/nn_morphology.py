"""Dilation and erosion of images (`tf.nn.dilation2d`, `tf.nn.erosion2d`).

Source: tensorflow python/ops/nn_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph.apply_op import op
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["dilation2d", "erosion2d"]


def dilation2d(
    input: Any,
    filter: Any = None,
    strides: Sequence[int] | None = None,
    rates: Sequence[int] | None = None,
    padding: str | None = None,
    name: str | None = None,
    filters: Any = None,
    dilations: Sequence[int] | None = None,
) -> Tensor:
    """Return the largest sum of image and filter in each window.

    Args:
        input: `[n, h, w, c]`.
        filter: `[h, w, c]`.
        strides: Steps, for each of the 4 axes.
        rates: Distances between the values of a window, for each of the 4 axes.
        padding: `SAME` or `VALID`.
        name: Name of the operation.
        filters: Another name of `filter`.
        dilations: Another name of `rates`.

    Raises:
        ValueError: An argument is given under both names.
    """
    result: Tensor = op(
        "Dilation2D",
        input=input,
        filter=renamed_argument("filter", filter, "filters", filters),
        strides=strides,
        rates=renamed_argument("rates", rates, "dilations", dilations),
        padding=padding,
        name=name,
    )
    return result


def erosion2d(
    value: Any,
    kernel: Any,
    strides: Sequence[int],
    rates: Sequence[int],
    padding: str,
    name: str | None = None,
) -> Tensor:
    """Return the smallest difference of image and mirrored kernel in each window.

    Args:
        value: `[n, h, w, c]`.
        kernel: `[h, w, c]`.
        strides: Steps, for each of the 4 axes.
        rates: Distances between the values of a window, for each of the 4 axes.
        padding: `SAME` or `VALID`.
        name: Name of the operation.
    """
    with name_scope(name, "erosion2d", [value, kernel]) as scope:
        image = op("Neg", x=value)
        mirrored = op("ReverseV2", tensor=kernel, axis=[0, 1])
        dilated = op(
            "Dilation2D",
            input=image,
            filter=mirrored,
            strides=strides,
            rates=rates,
            padding=padding,
            name=scope,
        )
        eroded: Tensor = op("Neg", x=dilated)
        return eroded
