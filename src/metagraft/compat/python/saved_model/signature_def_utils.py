"""`tensorflow.python.saved_model.signature_def_utils`: signatures."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.saved_model.signatures",
    "build_signature_def classification_signature_def is_valid_signature "
    "load_op_from_signature_def op_signature_def predict_signature_def "
    "regression_signature_def supervised_eval_signature_def "
    "supervised_train_signature_def",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
