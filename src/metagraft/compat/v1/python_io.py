"""`tf.python_io`: record files."""

from __future__ import annotations

from typing import Final

from metagraft.lazy_names import from_module, lazy_names

RECORD_FILES: Final = from_module(
    "metagraft.api.record_files",
    "TFRecordCompressionType TFRecordOptions TFRecordWriter tf_record_iterator",
)
__all__ = sorted(RECORD_FILES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, RECORD_FILES)
