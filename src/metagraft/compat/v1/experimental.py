"""`tf.experimental`: optionals, shapes of ragged tensors, and rare types."""

from __future__ import annotations

from metagraft.compat.v1.dtypes_experimental import NARROW
from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.api.optional", "Optional"),
    **from_module("metagraft.api.ragged_shape", "DynamicRaggedShape"),
    **from_module("metagraft.api.row_partition", "RowPartition"),
    **from_module("metagraft.graph.dtypes", NARROW),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
