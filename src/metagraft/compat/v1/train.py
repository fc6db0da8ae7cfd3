"""`tf.train`: savers, checkpoints, optimizers, training sessions."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_TRAINING = "metagraft.training"

_NAMES = {
    # MetaGraphs, savers and checkpoints.
    "NewCheckpointReader": f"{_TRAINING}.checkpoint_reader:CheckpointReader",
    "Saver": f"{_TRAINING}.saver:Saver",
    "SaverDef": "metagraft.proto:SaverDef",
    "export_meta_graph": "metagraft.meta_graph.export:export_meta_graph",
    "import_meta_graph": f"{_TRAINING}.meta_graph_import:import_meta_graph",
    **from_module(
        f"{_TRAINING}.checkpoint_management",
        "checkpoint_exists generate_checkpoint_state_proto get_checkpoint_mtimes "
        "get_checkpoint_state latest_checkpoint remove_checkpoint "
        "update_checkpoint_state",
    ),
    **from_module(
        f"{_TRAINING}.checkpoint_reader",
        "list_variables load_checkpoint load_variable",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
