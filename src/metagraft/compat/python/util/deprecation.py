"""`tensorflow.python.util.deprecation`: what is to be used no more."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.api.decorators",
        "deprecated deprecated_arg_values deprecated_args deprecated_argument_lookup",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
