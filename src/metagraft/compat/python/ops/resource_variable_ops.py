"""`tensorflow.python.ops.resource_variable_ops`: variables behind handles."""

from __future__ import annotations

from typing import Any

from metagraft.api.op_functions import positional_functions
from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.api.resource_variable", "ResourceVariable"),
    **from_module("metagraft.graph.build.resource_variable", "variable_shape"),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

_named, __dir__ = lazy_names(__name__, _NAMES)
_generated, _ = positional_functions(__name__, globals())


def __getattr__(name: str) -> Any:
    return _named(name) if name in _NAMES else _generated(name)
