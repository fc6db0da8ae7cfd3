"""Messages of `tensorflow.core.framework.full_type_pb2`."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.proto.types_pb2",
    "FullTypeDef FullTypeId TFT_ANY TFT_ARRAY TFT_BFLOAT16 TFT_BOOL "
    "TFT_CALLABLE TFT_COMPLEX128 TFT_COMPLEX64 TFT_DATASET TFT_DOUBLE "
    "TFT_ENCODED TFT_FLOAT TFT_FOR_EACH TFT_HALF TFT_INT16 TFT_INT32 "
    "TFT_INT64 TFT_INT8 TFT_ITERATOR TFT_LEGACY_VARIANT TFT_LITERAL "
    "TFT_MUTEX_LOCK TFT_NAMED TFT_OPTIONAL TFT_PRODUCT TFT_RAGGED "
    "TFT_SHAPE_TENSOR TFT_STRING TFT_TENSOR TFT_UINT16 TFT_UINT32 "
    "TFT_UINT64 TFT_UINT8 TFT_UNSET TFT_VAR",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
