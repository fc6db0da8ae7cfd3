"""`tf.saved_model`: SavedModels, built from graphs and loaded into sessions."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_SAVED_MODEL = "metagraft.saved_model"
_DIR = "metagraft.formats.saved_model_dir"

_NAMES = {
    "Builder": f"{_SAVED_MODEL}.builder:SavedModelBuilder",
    "simple_save": f"{_SAVED_MODEL}.builder:simple_save",
    "load": f"{_SAVED_MODEL}.loader:load",
    "load_v2": f"{_SAVED_MODEL}.object_models:load_v2",
    "save": f"{_SAVED_MODEL}.object_models:save",
    "Asset": "metagraft.api.asset:Asset",
    "LoadOptions": f"{_SAVED_MODEL}.options:LoadOptions",
    "SaveOptions": f"{_SAVED_MODEL}.options:SaveOptions",
    "contains_saved_model": f"{_DIR}:contains_saved_model",
    "maybe_saved_model_directory": f"{_DIR}:contains_saved_model",
    "main_op_with_restore": f"{_SAVED_MODEL}.main_op:main_op_with_restore",
    **from_module(
        f"{_SAVED_MODEL}.signatures",
        "build_signature_def classification_signature_def is_valid_signature "
        "predict_signature_def regression_signature_def",
    ),
    **from_module(
        f"{_SAVED_MODEL}.tensor_info",
        "build_tensor_info get_tensor_from_tensor_info",
    ),
    **from_module(
        f"{_SAVED_MODEL}.keys",
        "ASSETS_KEY CLASSIFY_INPUTS CLASSIFY_METHOD_NAME CLASSIFY_OUTPUT_CLASSES "
        "CLASSIFY_OUTPUT_SCORES DEFAULT_SERVING_SIGNATURE_DEF_KEY GPU "
        "LEGACY_INIT_OP_KEY MAIN_OP_KEY PREDICT_INPUTS PREDICT_METHOD_NAME "
        "PREDICT_OUTPUTS REGRESS_INPUTS REGRESS_METHOD_NAME REGRESS_OUTPUTS SERVING "
        "TPU TRAINING",
    ),
    **from_module(
        _DIR,
        "ASSETS_DIRECTORY DEBUG_DIRECTORY DEBUG_INFO_FILENAME_PB "
        "SAVED_MODEL_FILENAME_PB SAVED_MODEL_FILENAME_PBTXT "
        "SAVED_MODEL_SCHEMA_VERSION VARIABLES_DIRECTORY VARIABLES_FILENAME",
    ),
    **{
        name: f"metagraft.compat.v1.saved_model.{name}"
        for name in (
            "builder",
            "constants",
            "experimental",
            "loader",
            "main_op",
            "signature_constants",
            "signature_def_utils",
            "tag_constants",
            "utils",
        )
    },
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
