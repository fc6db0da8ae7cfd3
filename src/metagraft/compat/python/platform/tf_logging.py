"""`tensorflow.python.platform.tf_logging`: the log."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.api.logging",
        "TaskLevelStatusMessage debug error fatal flush get_verbosity info log "
        "log_every_n log_first_n log_if set_verbosity vlog warn warning",
    ),
    **from_module("metagraft.compat.v1", "get_logger"),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
