"""`tensorflow.python.saved_model.constants`: names of files and collections."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.saved_model.keys",
        "ASSETS_KEY INIT_OP_SIGNATURE_KEY LEGACY_INIT_OP_KEY MAIN_OP_KEY TRAIN_OP_KEY "
        "TRAIN_OP_SIGNATURE_KEY",
    ),
    **from_module(
        "metagraft.formats.saved_model_dir",
        "ASSETS_DIRECTORY DEBUG_DIRECTORY DEBUG_INFO_FILENAME_PB "
        "EXTRA_ASSETS_DIRECTORY FINGERPRINT_FILENAME SAVED_MODEL_FILENAME_CPB "
        "SAVED_MODEL_FILENAME_PB SAVED_MODEL_FILENAME_PBTXT "
        "SAVED_MODEL_FILENAME_PREFIX SAVED_MODEL_SCHEMA_VERSION VARIABLES_DIRECTORY "
        "VARIABLES_FILENAME",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
