"""How many elements are zero (`tf.nn.zero_fraction`).

Source: tensorflow python/ops/nn_impl.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.cond import cond
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["zero_fraction"]


def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """Return the share of elements that are zero, as float32."""
    with name_scope(name, "zero_fraction", [value]):
        value = convert_to_tensor(value, name="value")
        size = array.size(value, out_type=dtypes.int64)
        # Counts in int32 where they fit: that is faster.
        nonzero = cond(
            size <= dtypes.int32.max,
            true_fn=lambda: cast(_nonzero(value, dtypes.int32), dtypes.int64),
            false_fn=lambda: _nonzero(value, dtypes.int64),
        )
        with name_scope("counts_to_fraction"):
            zeros = cast(size - nonzero, dtypes.float32)
            fraction = zeros / cast(size, dtypes.float32)
        result: Tensor = array.identity(fraction, "fraction")
        return result


def _nonzero(value: Tensor, dtype: DType) -> Tensor:
    with name_scope("count_nonzero", values=[value]):
        zero = array.zeros([], dtype=value.dtype)
        differs = cast(op("NotEqual", x=value, y=zero), dtype)
        return reduce_tensor("Sum", differs, name="nonzero_count")
