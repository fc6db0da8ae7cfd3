"""From the values of a run to what `Session.run` gives out.

The caller may change a result freely, so it never shares memory with variables,
constants or feeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def result(value: Any, feeds: Sequence[Any]) -> Any:
    """Return a fetched value as a NumPy array, or as a scalar if its rank is 0."""
    if isinstance(value, np.generic):
        return value
    if not isinstance(value, np.ndarray):
        if not hasattr(value, "__array__"):
            return value  # a handle
        from metagraft.runtime.transfer import to_host

        value = to_host(value)
        return value[()] if value.ndim == 0 else value
    if value.ndim == 0:
        return value[()]
    flags = value.flags
    if not (flags.owndata and flags.writeable):
        return value.copy()
    for fed in feeds:
        if value is fed:
            return value.copy()
    return value
