"""`tf.profiler`: profiles of graphs."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.api.profiler.model_analyzer", "Profiler advise profile"),
    **from_module("metagraft.api.profiler.op_log", "write_op_log"),
    **from_module("metagraft.api.profiler.options", "ProfileOptionBuilder"),
    **from_module(
        "metagraft.proto", "AdviceProto GraphNodeProto MultiGraphNodeProto OpLogProto"
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
