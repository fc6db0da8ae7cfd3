"""How positions and sizes of axes go from one layout to another.

Source: tensorflow core/kernels/data_format_ops.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace


def dim_map(attrs: Any, x: Array) -> tuple[Array]:
    """Return where each axis lies in the other layout."""
    source, target = _formats(attrs)
    xp = namespace(x)
    places = xp.asarray(
        np.array([target.index(letter) for letter in source]).astype(x.dtype)
    )
    # Axes are also counted from behind, and beyond the last one from the first.
    return (xp.take(places, (x + len(source)) % len(source)),)


def vector_permute(attrs: Any, x: Array) -> tuple[Array]:
    """Return sizes, or pairs of them, in the order of the other layout."""
    source, target = _formats(attrs)
    spatial = len(source) - 2
    _check_sizes(x.shape, spatial)
    if x.shape[0] == spatial:
        letters = "HW" if spatial == 2 else "DHW"
        if not set(letters) <= set(source):
            listed = " and ".join((", ".join(letters[:-1]), letters[-1]))
            raise _invalid(f"Format specifier must contain {listed} for 2D case")
        source, target = (
            "".join(letter for letter in layout if letter in letters)
            for layout in (source, target)
        )
    return (x[np.array([source.index(letter) for letter in target])],)


def _check_sizes(shape: tuple[int, ...], spatial: int) -> None:
    """Refuse what has neither a row for each axis nor one for each spatial axis."""
    rows = f"must be of size {spatial} or {spatial + 2}, but got shape {show(shape)}"
    if len(shape) not in (1, 2):
        raise _invalid(
            f"input must be a vector or 2D tensor, but got shape {show(shape)}"
        )
    if shape[0] not in (spatial, spatial + 2):
        which = "1D input" if len(shape) == 1 else "First dimension of 2D input"
        raise _invalid(f"{which} {rows}")
    if len(shape) == 2 and shape[1] != 2:
        raise _invalid(
            "Second dimension of 2D input must be of size 2, but got shape"
            f" {show(shape)}"
        )


def _formats(attrs: Any) -> tuple[str, str]:
    source, target = attrs["src_format"].decode(), attrs["dst_format"].decode()
    for which, side, layout in (
        ("Source", "src", source),
        ("Destination", "dst", target),
    ):
        if len(layout) not in (4, 5):
            raise _invalid(
                f"{which} format must be of length 4 or 5, received {side}_format = "
                f"{layout}"
            )
    if sorted(source) != sorted(target):
        raise _invalid(
            "Destination and source format must determine a permutation, got "
            f"{source} and {target}"
        )
    return source, target


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "DataFormatDimMap": Kernel(dim_map),
    "DataFormatVecPermute": Kernel(vector_permute),
}
