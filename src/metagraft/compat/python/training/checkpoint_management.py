"""`tensorflow.python.training.checkpoint_management`: state files and checkpoints."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.training.checkpoint_management",
        "checkpoint_exists generate_checkpoint_state_proto get_checkpoint_mtimes "
        "get_checkpoint_state latest_checkpoint meta_graph_filename remove_checkpoint "
        "update_checkpoint_state",
    ),
    "CheckpointManager": "metagraft.training.checkpoint_rotation:CheckpointManager",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
