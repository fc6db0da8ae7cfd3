"""`tensorflow.python.saved_model.loader`: what loads SavedModels."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.saved_model.loader", "load"),
    "maybe_saved_model_directory": (
        "metagraft.formats.saved_model_dir:contains_saved_model"
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
