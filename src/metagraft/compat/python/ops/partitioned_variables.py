"""`tensorflow.python.ops.partitioned_variables`: variables in parts."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "create_partitioned_variables fixed_size_partitioner "
        "min_max_variable_partitioner variable_axis_size_partitioner",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
