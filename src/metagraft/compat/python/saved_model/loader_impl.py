"""`tensorflow.python.saved_model.loader_impl`: what loads SavedModels, in steps."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.saved_model.loader", "SavedModelLoader get_init_op get_train_op load"
    ),
    "get_asset_tensors": "metagraft.saved_model.assets:asset_feeds",
    "parse_saved_model": "metagraft.formats.saved_model_dir:read_saved_model",
    "contains_saved_model": "metagraft.formats.saved_model_dir:contains_saved_model",
    "maybe_saved_model_directory": (
        "metagraft.formats.saved_model_dir:contains_saved_model"
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
