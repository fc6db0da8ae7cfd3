"""Lines of LIBSVM files; twin of `kernels/decode_libsvm.py`.

Source: tensorflow 1.15 contrib/libsvm/ops/libsvm_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def libsvm_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A label for each line, and as many features as a run finds."""
    return (inputs[0], (None, None), (None,), (None,))


OPS = (
    OpSpec(
        name="DecodeLibsvm",
        shape=libsvm_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow 1.15 contrib/libsvm/ops/libsvm_ops.cc",
    ),
)
