"""`tensorflow.python.ops.variable_scope`: variables shared by name."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "AUTO_REUSE VariableAggregation VariableScope VariableSynchronization "
        "disable_resource_variables enable_resource_variables get_local_variable "
        "get_variable get_variable_scope no_regularizer resource_variables_enabled "
        "variable_op_scope variable_scope",
    ),
    "_variable_v1": "metagraft.compat.v1:Variable",
    "variable": "metagraft.compat.v1:Variable",
    "variable_creator_scope_v1": "metagraft.compat.v1:variable_creator_scope",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
