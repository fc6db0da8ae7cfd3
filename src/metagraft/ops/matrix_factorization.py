"""Parts of matrix factorizations; twin of `kernels/matrix_factorization.py`.

Source: tensorflow 1.15 contrib/factorization/ops/factorization_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE = "tensorflow 1.15 contrib/factorization/ops/factorization_ops.cc"


def unknown_shapes(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """TensorFlow tells no shapes."""
    return (None,) * len(inputs.op.outputs)


OPS = tuple(
    OpSpec(name=name, shape=unknown_shapes, source=_SOURCE)
    for name in ("MaskedMatmul", "WALSComputePartialLhsAndRhs")
)
