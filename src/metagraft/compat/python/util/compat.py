"""`tensorflow.python.util.compat`: text and bytes."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.compat",
        "as_bytes as_str as_str_any as_text bytes_or_text_types complex_types "
        "forward_compatible integral_types path_to_str real_types",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
