"""`tensorflow.python.ops.variables`: variables."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "VariableAggregation VariableSynchronization all_variables "
        "assert_variables_initialized global_variables global_variables_initializer "
        "initialize_all_variables initialize_local_variables initialize_variables "
        "is_variable_initialized local_variables local_variables_initializer "
        "model_variables moving_average_variables report_uninitialized_variables "
        "trainable_variables variables_initializer",
    ),
    "PartitionedVariable": "metagraft.api.partitioned_variable:PartitionedVariable",
    "Variable": "metagraft.compat.v1:Variable",
    "VariableV1": "metagraft.compat.v1:Variable",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
