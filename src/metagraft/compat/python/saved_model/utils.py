"""`tensorflow.python.saved_model.utils`: tensors as messages."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.saved_model.tensor_info",
    "build_tensor_info build_tensor_info_from_op get_element_from_tensor_info "
    "get_tensor_from_tensor_info",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
