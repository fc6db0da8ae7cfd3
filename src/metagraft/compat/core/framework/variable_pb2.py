"""Messages of `tensorflow.core.framework.variable_pb2`."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.proto.variable_pb2",
    "SaveSliceInfoDef VARIABLE_AGGREGATION_MEAN VARIABLE_AGGREGATION_NONE "
    "VARIABLE_AGGREGATION_ONLY_FIRST_REPLICA VARIABLE_AGGREGATION_SUM "
    "VARIABLE_SYNCHRONIZATION_AUTO VARIABLE_SYNCHRONIZATION_NONE "
    "VARIABLE_SYNCHRONIZATION_ON_READ VARIABLE_SYNCHRONIZATION_ON_WRITE "
    "VariableAggregation VariableDef VariableSynchronization",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
