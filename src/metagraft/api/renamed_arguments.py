"""Arguments that TensorFlow renamed and still takes under the old name."""

from __future__ import annotations

from typing import Any

__all__ = ["renamed_argument"]


def renamed_argument(new_name: str, new: Any, old_name: str, old: Any) -> Any:
    """Return the value of an argument, whichever name it came under.

    Raises:
        ValueError: It is given under both names.

    Source: tensorflow python/util/deprecation.py deprecated_argument_lookup.
    """
    if old is None:
        return new
    if new is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'.")
    return old
