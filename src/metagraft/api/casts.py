"""Changes of the element type (`tf.cast` and its kin).

Source: tensorflow python/ops/math_ops.py.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build.math import cast, real
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "cast",
    "saturate_cast",
    "to_bfloat16",
    "to_complex64",
    "to_complex128",
    "to_double",
    "to_float",
    "to_int32",
    "to_int64",
]


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Tensor:
    """Change the element type; what is out of its range becomes its nearest end."""
    with name_scope(name, "saturate_cast", [value]) as scope:
        value = convert_to_tensor(value, name="value")
        target = dtypes.as_dtype(dtype).base_dtype
        source = value.dtype
        if source.is_complex and target.is_complex:
            return _saturate_complex(value, target, scope)
        if source.is_complex:
            value = real(value)
            warnings.warn(
                "Casting complex to real discards imaginary part.", stacklevel=2
            )
            source = source.real_dtype
        low, high = _common_range(source, target.real_dtype)
        value = op(
            "ClipByValue",
            t=value,
            clip_value_min=convert_to_tensor(low, dtype=source),
            clip_value_max=convert_to_tensor(high, dtype=source),
            name="clamp",
        )
        result: Tensor = cast(value, target, name=scope)
        return result


def _saturate_complex(value: Tensor, target: DType, scope: str) -> Tensor:
    source_part, target_part = value.dtype.real_dtype, target.real_dtype
    if source_part.min < target_part.min or source_part.max > target_part.max:
        low = complex(target_part.min, target_part.min)
        high = complex(target_part.max, target_part.max)
        value = op(
            "ClipByValue",
            t=value,
            clip_value_min=convert_to_tensor(low, dtype=value.dtype),
            clip_value_max=convert_to_tensor(high, dtype=value.dtype),
            name="clamp",
        )
    result: Tensor = cast(value, target, name=scope)
    return result


def _common_range(source: DType, target: DType) -> tuple[Any, Any]:
    """The ends of the numbers that both types hold, as numbers of `source`."""
    kind = source.as_numpy_dtype
    try:
        wide: Any = np.promote_types(source.numpy_dtype, target.numpy_dtype)
    except TypeError:
        wide = np.dtype(float)
    with np.errstate(over="ignore"):
        low = kind(np.maximum(source.min, target.min))
    if np.array(low, wide) < np.array(target.min, wide):
        low = np.nextafter(low, kind(0), dtype=kind)
    with np.errstate(over="ignore"):
        high = kind(np.minimum(float(source.max), float(target.max)))
    if np.array(high, wide) > np.array(target.max, wide):
        high = np.nextafter(high, kind(0), dtype=kind)
    return low, high


def to_float(x: Any, name: str | None = "ToFloat") -> Any:
    """Cast to float32."""
    return cast(x, dtypes.float32, name=name)


def to_double(x: Any, name: str | None = "ToDouble") -> Any:
    """Cast to float64."""
    return cast(x, dtypes.float64, name=name)


def to_int32(x: Any, name: str | None = "ToInt32") -> Any:
    """Cast to int32."""
    return cast(x, dtypes.int32, name=name)


def to_int64(x: Any, name: str | None = "ToInt64") -> Any:
    """Cast to int64."""
    return cast(x, dtypes.int64, name=name)


def to_bfloat16(x: Any, name: str | None = "ToBFloat16") -> Any:
    """Cast to bfloat16."""
    return cast(x, dtypes.bfloat16, name=name)


def to_complex64(x: Any, name: str | None = "ToComplex64") -> Any:
    """Cast to complex64."""
    return cast(x, dtypes.complex64, name=name)


def to_complex128(x: Any, name: str | None = "ToComplex128") -> Any:
    """Cast to complex128."""
    return cast(x, dtypes.complex128, name=name)
