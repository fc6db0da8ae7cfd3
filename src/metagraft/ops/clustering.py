"""Where clusters begin; twin of `kernels/clustering.py`.

Source: tensorflow core/ops/clustering_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE: Final = "tensorflow core/ops/clustering_ops.cc"


def samples_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """TensorFlow tells no shape."""
    return (None,)


def index_shape(_attrs: Any, _inputs: Shapes) -> Sequence[Dims]:
    """One place."""
    return ((),)


OPS = (
    OpSpec(name="KMC2ChainInitialization", shape=index_shape, source=_SOURCE),
    OpSpec(name="KmeansPlusPlusInitialization", shape=samples_shape, source=_SOURCE),
)
