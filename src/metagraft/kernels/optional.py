"""Optionals as values; twin of `ops/optional.py`.

An optional is a tuple of arrays, or None, in an array of objects without axes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel


def optional_of(value: tuple[Array | None, ...] | None) -> Array:
    """Return an optional of arrays, or without values if `value` is None."""
    handle = np.empty((), object)
    handle[()] = value
    return handle


def is_optional(value: Array) -> bool:
    """Whether a value is an optional."""
    if not isinstance(value, np.ndarray) or value.ndim or value.dtype.kind != "O":
        return False
    return value[()] is None or isinstance(value[()], tuple)


def from_value(attrs: Any, components: tuple[Array, ...]) -> tuple[Array]:
    """Make an optional that has values."""
    del attrs
    return (optional_of(tuple(components)),)


def none(attrs: Any) -> tuple[Array]:
    """Make an optional without values."""
    del attrs
    return (optional_of(None),)


def has_value(attrs: Any, optional: Array) -> tuple[Array]:
    """Whether an optional has values."""
    del attrs
    return (np.bool_(optional[()] is not None),)


def get_value(attrs: Any, optional: Array) -> tuple[Array, ...]:
    """Return the values of an optional."""
    del attrs
    found: tuple[Array, ...] | None = optional[()]
    if found is None:
        raise InvalidArgumentError(
            None, None, "The given optional does not have a value."
        )
    return found


KERNELS = {
    "OptionalFromValue": Kernel(from_value, host=True),
    "OptionalGetValue": Kernel(get_value, host=True),
    "OptionalHasValue": Kernel(has_value, host=True),
    "OptionalNone": Kernel(none, host=True),
}
