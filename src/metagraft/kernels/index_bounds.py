"""Checks of indices on the host, where every value is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show


def check_indices(indices: np.ndarray[Any, Any], size: int) -> None:
    """Check that all `indices` are in `[0, size)`.

    Raises:
        InvalidArgumentError: One is not; the first is named.
    """
    if indices.size and (indices.min() < 0 or indices.max() >= size):
        place = np.argwhere((indices < 0) | (indices >= size))[0]
        value = int(indices[tuple(place)])
        raise InvalidArgumentError(
            None, None, f"indices{_brackets(place)} = {value} is not in [0, {size})"
        )


def bad_index_vectors(
    indices: np.ndarray[Any, Any],
    dims: tuple[int, ...],
    *,
    ignore: bool,
    what: str = "param shape",
    owner: str = "",
) -> np.ndarray[Any, Any]:
    """Tell which index vectors `indices[..., :]` point outside `dims`.

    Args:
        indices: `[..., depth]`; each vector indexes the first `depth` dimensions.
        dims: The shape indexed into.
        ignore: Whether such vectors are to be passed over.
        what: What an error calls `dims`.
        owner: The operation that an error names; "" for none.

    Raises:
        InvalidArgumentError: There is one and they are not to be ignored.
    """
    limits = np.array(dims[: indices.shape[-1]], indices.dtype)
    bad: np.ndarray[Any, Any] = np.any((indices < 0) | (indices >= limits), axis=-1)
    if not ignore and np.any(bad):
        place = np.argwhere(bad)[0]
        values = ", ".join(str(int(v)) for v in indices[tuple(place)])
        named = f", node name: {owner}" if owner else ""
        raise InvalidArgumentError(
            None,
            None,
            f"indices{_brackets(place)} = [{values}] does not index into {what} "
            f"{show(dims)}{named}",
        )
    return bad


def _brackets(place: np.ndarray[Any, Any]) -> str:
    """A position as TensorFlow writes it: `[1,2]`, nothing for a scalar."""
    return "[" + ",".join(str(int(p)) for p in place) + "]" if len(place) else ""
