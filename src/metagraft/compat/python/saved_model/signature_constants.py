"""`tensorflow.python.saved_model.signature_constants`: names in signatures."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.saved_model.keys",
    "CLASSIFY_INPUTS CLASSIFY_METHOD_NAME CLASSIFY_OUTPUT_CLASSES "
    "CLASSIFY_OUTPUT_SCORES DEFAULT_EVAL_SIGNATURE_DEF_KEY "
    "DEFAULT_SERVING_SIGNATURE_DEF_KEY DEFAULT_TRAIN_SIGNATURE_DEF_KEY "
    "PREDICT_INPUTS PREDICT_METHOD_NAME PREDICT_OUTPUTS REGRESS_INPUTS "
    "REGRESS_METHOD_NAME REGRESS_OUTPUTS SUPERVISED_EVAL_METHOD_NAME "
    "SUPERVISED_TRAIN_METHOD_NAME",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
