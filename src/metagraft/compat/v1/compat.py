"""`tf.compat`: text and bytes, sizes, and this namespace itself as `tf.compat.v1`."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.api.text",
        "as_bytes as_str_any as_text bytes_or_text_types complex_types "
        "integral_types path_to_str real_types",
    ),
    "as_str": "metagraft.api.text:as_text",
    **from_module(
        "metagraft.api.compatibility_window",
        "forward_compatibility_horizon forward_compatible",
    ),
    **from_module("metagraft.graph.shapes", "dimension_at_index dimension_value"),
    "v1": "metagraft.compat.v1",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
