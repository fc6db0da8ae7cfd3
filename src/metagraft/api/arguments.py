"""Arguments that have two names, the older of which is still accepted."""

from __future__ import annotations

from typing import Any

__all__ = ["renamed_argument"]


def renamed_argument(
    new_name: str, new_value: Any, old_name: str, old_value: Any
) -> Any:
    """Return the value given under either name.

    Raises:
        ValueError: It is given under both.

    Source: tensorflow python/util/deprecation.py deprecated_argument_lookup.
    """
    if old_value is None:
        return new_value
    if new_value is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'.")
    return old_value
