"""`tensorflow.python.ops.random_ops`: random numbers."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "multinomial random_crop random_gamma random_normal random_poisson "
        "random_shuffle random_uniform truncated_normal",
    ),
    **from_module("metagraft.compat.v1.random", "categorical"),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
