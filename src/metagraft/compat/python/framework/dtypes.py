"""`tensorflow.python.framework.dtypes`: types of elements."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "DType QUANTIZED_DTYPES as_dtype bfloat16 bool complex128 complex64 double "
        "float16 float32 float64 half int16 int32 int64 int8 qint16 qint32 qint8 "
        "quint16 quint8 resource string uint16 uint32 uint64 uint8 variant",
    ),
    "bfloat16_ref": "metagraft.graph.dtypes:bfloat16.as_ref",
    "bool_ref": "metagraft.graph.dtypes:bool.as_ref",
    "complex128_ref": "metagraft.graph.dtypes:complex128.as_ref",
    "complex64_ref": "metagraft.graph.dtypes:complex64.as_ref",
    "float16_ref": "metagraft.graph.dtypes:float16.as_ref",
    "float32_ref": "metagraft.graph.dtypes:float32.as_ref",
    "float64_ref": "metagraft.graph.dtypes:float64.as_ref",
    "half_ref": "metagraft.graph.dtypes:half.as_ref",
    "int16_ref": "metagraft.graph.dtypes:int16.as_ref",
    "int32_ref": "metagraft.graph.dtypes:int32.as_ref",
    "int64_ref": "metagraft.graph.dtypes:int64.as_ref",
    "int8_ref": "metagraft.graph.dtypes:int8.as_ref",
    "qint16_ref": "metagraft.graph.dtypes:qint16.as_ref",
    "qint32_ref": "metagraft.graph.dtypes:qint32.as_ref",
    "qint8_ref": "metagraft.graph.dtypes:qint8.as_ref",
    "quint16_ref": "metagraft.graph.dtypes:quint16.as_ref",
    "quint8_ref": "metagraft.graph.dtypes:quint8.as_ref",
    "resource_ref": "metagraft.graph.dtypes:resource.as_ref",
    "string_ref": "metagraft.graph.dtypes:string.as_ref",
    "uint16_ref": "metagraft.graph.dtypes:uint16.as_ref",
    "uint32_ref": "metagraft.graph.dtypes:uint32.as_ref",
    "uint64_ref": "metagraft.graph.dtypes:uint64.as_ref",
    "uint8_ref": "metagraft.graph.dtypes:uint8.as_ref",
    "variant_ref": "metagraft.graph.dtypes:variant.as_ref",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
