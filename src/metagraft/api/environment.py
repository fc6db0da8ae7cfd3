"""What no tensor says: the time (`tf.timestamp`), a fact (`tf.user_ops.my_fact`).

Source: tensorflow python/ops/logging_ops.py, python/user_ops/user_ops.py.
"""

from __future__ import annotations

from metagraft.graph.apply_op import op
from metagraft.graph.tensor import Tensor

__all__ = ["my_fact", "timestamp"]


def timestamp(name: str | None = None) -> Tensor:
    """The seconds since 1970 at the time the operation runs."""
    seconds: Tensor = op("Timestamp", name=name)
    return seconds


def my_fact() -> Tensor:
    """An example of an operation of one's own."""
    text: Tensor = op("Fact")
    return text
