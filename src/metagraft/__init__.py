"""Metagraft opens TensorFlow MetaGraphs, and writes them, without TensorFlow.

Programs written for `tensorflow.compat.v1` use `metagraft.compat.v1`. Every name here
is loaded when it is first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from metagraft.lazy_names import lazy_names

__version__ = "0.1.0.dev0"

_NAMES = {
    "Graph": "metagraft.graph.graph:Graph",
    "Operation": "metagraft.graph.operation:Operation",
    "Session": "metagraft.runtime.session:Session",
    "Tensor": "metagraft.graph.tensor:Tensor",
    "array_namespace": "metagraft.kernels.namespace:namespace",
    "check": "metagraft.saved_model.readiness:check",
    "convert_checkpoint": "metagraft.formats.conversion:convert_checkpoint",
    "diff": "metagraft.meta_graph.comparison:diff",
    "errors": "metagraft.errors",
    "export_meta_graph": "metagraft.meta_graph.native_export:export_meta_graph",
    "export_weights": "metagraft.training.native_weights:export_weights",
    "import_meta_graph": (
        "metagraft.training.native_meta_graph_import:import_meta_graph"
    ),
    "import_weights": "metagraft.training.native_weights:import_weights",
    "newest_complete_checkpoint": (
        "metagraft.formats.checkpoint_paths:newest_complete_checkpoint"
    ),
    "recover_meta_graph": "metagraft.training.recovery.recover:recover_meta_graph",
    "register_op": "metagraft.runtime.registration:register_op",
    "restore": "metagraft.training.native_restore:restore",
    "repair_frozen_graph": ("metagraft.meta_graph.frozen_repair:repair_frozen_graph"),
    "salvage": "metagraft.formats.verification:salvage",
    "unregister_op": "metagraft.runtime.registration:unregister_op",
    "verify": "metagraft.formats.verification:verify",
}
__all__ = [*sorted(_NAMES), "__version__"]  # noqa: PLE0604 - all entries are text

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
