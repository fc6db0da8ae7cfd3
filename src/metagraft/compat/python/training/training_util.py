"""`tensorflow.python.training.training_util`: steps."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.compat.v1.io", "write_graph"),
    **from_module(
        "metagraft.compat.v1.train",
        "assert_global_step create_global_step get_global_step "
        "get_or_create_global_step global_step",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
