"""Values of a run as JSON can hold them, with their types."""

from __future__ import annotations

from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Return arrays as type, shape and elements; structures keep their kind."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        kind = type(value).__name__
        return {"kind": kind, "items": [plain(item) for item in value]}
    array = np.asarray(value)
    elements = [_element(item) for item in array.reshape(-1)]
    kind = "array" if isinstance(value, np.ndarray) else "scalar"
    return {kind: str(array.dtype), "shape": list(array.shape), "elements": elements}


def _element(item: Any) -> Any:
    if isinstance(item, bytes):
        return item.decode("latin-1")
    if isinstance(item, str):
        return f"text {item}"
    return repr(item.item())
