"""What ops that write slices by index check before they do.

Source: tensorflow core/kernels/scatter_nd_op.cc ScatterNdOp, TensorScatterOp,
ValidateScatterNdUpdateShape, core/util/bad_indices_policy.cc.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NoReturn

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show

__all__ = [
    "check_copy",
    "check_new",
    "check_variable",
    "ignores_bad_indices",
]

Shape = tuple[int, ...]
_POLICIES = frozenset({b"", b"DEFAULT", b"ERROR", b"IGNORE"})


def _refuse(text: str) -> NoReturn:
    raise InvalidArgumentError(None, None, text)


def ignores_bad_indices(attrs: Mapping[str, Any]) -> bool:
    """Whether what is to be written outside is left out.

    Raises:
        InvalidArgumentError: The attribute says neither this nor the opposite.
    """
    policy: bytes = attrs.get("bad_indices_policy", b"")
    if policy not in _POLICIES:
        _refuse(f"Unknown bad indices handling attribute: {policy.decode()}")
    return policy == b"IGNORE"


def _check_ranks(indices: Shape, updates: Shape) -> None:
    for name, shape in (("Indices", indices), ("Updates", updates)):
        if not shape:
            _refuse(f"{name} shape must have rank at least one. Found:{show(shape)}")


def _check_not_empty(size: int, indices: Shape, updates: Shape) -> None:
    """Check that all is empty or nothing is; the target alone may have elements."""
    sizes = math.prod(indices), math.prod(updates)
    if any(sizes) and not (size and all(sizes)):
        _refuse("Indices and updates specified for empty output shape")


def check_new(target: Shape, indices: Shape, updates: Shape) -> None:
    """Check what is written into zeros.

    Raises:
        InvalidArgumentError: A shape does not fit.
    """
    _check_ranks(indices, updates)
    for size in target:
        if size < 0:
            _refuse(f"Dimension {size} must be >= 0")
    # It is the number of axes that counts here.
    _check_not_empty(len(target), indices, updates)
    outer, depth = len(indices) - 1, indices[-1]
    given = f"updates[shape={show(updates)}]"
    if updates[:outer] != indices[:-1]:
        _refuse(
            f"Dimensions [0,{outer}) of indices[shape={show(indices)}] must match "
            f"dimensions [0,{outer}) of {given}"
        )
    if updates[outer:] != target[depth:] or depth > len(target):
        _refuse(
            f"Dimensions [{depth},{len(target)}) of input[shape={show(target)}] must "
            f"match dimensions [{outer},{len(updates)}) of {given}"
        )


def check_copy(target: Shape, indices: Shape, updates: Shape) -> None:
    """Check what is written into a copy of a tensor.

    Raises:
        InvalidArgumentError: A shape does not fit.
    """
    _check_ranks(indices, updates)
    _check_not_empty(math.prod(target), indices, updates)
    outer, depth = len(indices) - 1, indices[-1]
    if updates[:outer] != indices[:-1]:
        _refuse(
            "Outer dimensions of indices and update must match. Indices shape: "
            f"{show(indices)}, updates shape:{show(updates)}"
        )
    if len(updates) - outer != len(target) - depth:
        _refuse(
            "Inner dimensions of output shape must match inner dimensions of updates "
            f"shape. Output: {show(target)} updates: {show(updates)}"
        )
    if updates[outer:] != target[depth:]:
        _refuse(
            f"The inner {len(target) - depth} dimensions of output.shape="
            f"{show(target)} must match the inner {len(updates) - outer} dimensions "
            f"of updates.shape={show(updates)}"
        )


def check_variable(target: Shape, indices: Shape, updates: Shape) -> None:
    """Check what is written into a variable.

    Args:
        target: Shape of the variable.
        indices: `[..., depth]`; a vector counts as `[n, 1]`.
        updates: Shape of the updates.

    Raises:
        InvalidArgumentError: A shape does not fit.
    """
    if not target:
        _refuse("Output must be at least 1-D, got shape: []")
    sizes = math.prod(indices), math.prod(updates)
    if any(sizes) and not (math.prod(target) and all(sizes)):
        _refuse(
            "Indices and updates specified for empty output.  indices shape: "
            f"{show(indices)}"
        )
    outer = max(len(indices) - 1, 1)
    depth = indices[-1] if len(indices) > 1 else 1
    for axis in range(outer):
        if axis >= len(updates) or updates[axis] != indices[axis]:
            found = updates[axis] if axis < len(updates) else "nothing"
            _refuse(
                f"Dimensions [{axis},{axis + 1}) of indices[shape={show(indices)}] = "
                f"{indices[axis]} must match dimensions [{axis},{axis + 1}) of "
                f"updates[shape={show(updates)}] = {found}"
            )
    if depth > len(target) or updates[outer:] != target[depth:]:
        _refuse(
            f"Dimensions [{depth},{len(target)}) of input[shape={show(target)}] must "
            f"match dimensions [{depth},{len(updates)}) of "
            f"updates[shape={show(updates)}]"
        )
