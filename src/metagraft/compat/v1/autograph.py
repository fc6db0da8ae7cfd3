"""`tf.autograph`: what programs say about rewriting Python."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.api.autograph", "set_verbosity trace"),
    "experimental": "metagraft.compat.v1.autograph_experimental",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
