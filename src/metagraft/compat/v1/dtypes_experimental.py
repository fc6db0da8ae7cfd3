"""`tf.dtypes.experimental`: element types of few bits."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

NARROW = (
    "float4_e2m1fn float8_e4m3b11fnuz float8_e4m3fn float8_e4m3fnuz float8_e5m2 "
    "float8_e5m2fnuz int2 int4 uint2 uint4"
)
_NAMES = from_module("metagraft.graph.dtypes", NARROW)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
