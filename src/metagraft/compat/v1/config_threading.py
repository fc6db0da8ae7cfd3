"""`tf.config.threading`: how many threads run operations that run at once."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.api.process_options",
    "get_inter_op_parallelism_threads get_intra_op_parallelism_threads "
    "set_inter_op_parallelism_threads set_intra_op_parallelism_threads",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
