"""Records of text; twin of `kernels/decode_csv.py`.

Source: tensorflow core/ops/parsing_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank_at_most
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/parsing_ops.cc"


def decode_csv_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Every column has the shape of the records."""
    for dims in inputs[1:]:
        default = with_rank_at_most(dims, 1)
        if default and (default[0] or 0) > 1:
            raise ValueError(
                "Shape of a default must be a length-0 or length-1 vector, or a scalar."
            )
    return (inputs[0],) * (len(inputs) - 1)


def decode_json_example_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Every string becomes one."""
    return (inputs[0],)


OPS = (
    OpSpec(name="DecodeCSV", shape=decode_csv_shape, source=_SOURCE),
    OpSpec(name="DecodeJSONExample", shape=decode_json_example_shape, source=_SOURCE),
)
