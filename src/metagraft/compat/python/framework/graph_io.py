"""`tensorflow.python.framework.graph_io`: graphs as files."""

from __future__ import annotations

from metagraft.lazy_names import lazy_names

_NAMES = {"write_graph": "metagraft.meta_graph.files:write_graph"}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
