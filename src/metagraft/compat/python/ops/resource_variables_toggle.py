"""`tensorflow.python.ops.resource_variables_toggle`: the kind of variables made."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "disable_resource_variables enable_resource_variables "
        "resource_variables_enabled",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
