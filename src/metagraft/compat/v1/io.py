"""`tf.io`: files, records, graphs as files."""

from __future__ import annotations

from metagraft.compat.v1.python_io import RECORD_FILES
from metagraft.lazy_names import lazy_names

_NAMES = {
    **RECORD_FILES,
    "gfile": "metagraft.compat.v1.io_gfile",
    "write_graph": "metagraft.meta_graph.files:write_graph",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
