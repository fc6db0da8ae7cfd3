"""Strings to numbers of buckets; twin of `kernels/string_hash.py`.

Source: tensorflow core/ops/string_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """One bucket for each string."""
    return (inputs[0],)


def hash_bucket(name: str) -> OpSpec:
    """Return the row of an op that hashes strings."""
    return OpSpec(
        name=name,
        shape=unchanged_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/string_ops.cc",
    )


OPS = (
    hash_bucket("StringToHashBucket"),
    hash_bucket("StringToHashBucketFast"),
    hash_bucket("StringToHashBucketStrong"),
)
