"""`tensorflow.python.ops.control_flow_ops`: branches, loops and order."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "Assert case cond group no_op switch_case tuple while_loop",
    ),
    **from_module("metagraft.graph.build.control_flow", "with_dependencies"),
    **from_module("metagraft.graph.build.switches", "merge switch"),
    **from_module("metagraft.graph.cond_context", "CondContext"),
    **from_module("metagraft.graph.control_flow_context", "ControlFlowContext"),
    **from_module("metagraft.graph.while_context", "WhileContext"),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
