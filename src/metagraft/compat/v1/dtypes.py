"""`tf.dtypes`: element types."""

from __future__ import annotations

from metagraft.api.ragged_dispatch import with_ragged
from metagraft.compat.v1 import _DTYPE_NAMES
from metagraft.lazy_names import lazy_names

_NAMES = {
    **{name: f"metagraft.graph.dtypes:{name}" for name in _DTYPE_NAMES},
    "experimental": "metagraft.compat.v1.dtypes_experimental",
    "DType": "metagraft.graph.dtypes:DType",
    "QUANTIZED_DTYPES": "metagraft.graph.dtypes:QUANTIZED_DTYPES",
    "as_string": "metagraft.api.strings:as_string",
    "as_dtype": "metagraft.graph.dtypes:as_dtype",
    "cast": "metagraft.api.casts:cast",
    "complex": "metagraft.graph.build.math:complex_number",
    "saturate_cast": "metagraft.api.casts:saturate_cast",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES, with_ragged)
