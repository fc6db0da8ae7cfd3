"""`tf.summary`: the ops that write events by themselves, as `tf.contrib.summary` made.

Source: tensorflow python/ops/summary_ops_v2.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import get_collection

__all__ = ["all_v2_summary_ops", "initialize"]


def all_v2_summary_ops() -> list[Any]:
    """Return the operations of the default graph that write summaries by themselves."""
    return get_collection(GraphKeys._SUMMARY_COLLECTION)  # noqa: SLF001 - its name


def initialize(graph: Any = None, session: Any = None) -> None:
    """Refuse: there is no writer of which the initializer could be run.

    Args:
        graph: A graph to write.
        session: What runs the initializer.

    Raises:
        RuntimeError: Always, as TensorFlow does without a writer.
    """
    del graph, session
    # TF: `tf.contrib.summary.create_file_writer(...).as_default()` sets one.
    raise RuntimeError("No default tf.contrib.summary.SummaryWriter found")
