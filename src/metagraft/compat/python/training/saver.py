"""`tensorflow.python.training.saver`: savers, and what builds and extends them."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_TRAINING = "metagraft.training"

_NAMES = {
    "Saver": f"{_TRAINING}.saver:Saver",
    **from_module(f"{_TRAINING}.saver_ops", "BaseSaverBuilder BulkSaverBuilder"),
    "export_meta_graph": "metagraft.meta_graph.export:export_meta_graph",
    "import_meta_graph": f"{_TRAINING}.meta_graph_import:import_meta_graph",
    **from_module(
        f"{_TRAINING}.checkpoint_management",
        "checkpoint_exists generate_checkpoint_state_proto get_checkpoint_mtimes "
        "get_checkpoint_state latest_checkpoint remove_checkpoint "
        "update_checkpoint_state",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
