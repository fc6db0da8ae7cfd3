"""`tf.linalg.experimental`: systems solved step by step."""

from __future__ import annotations

from metagraft.lazy_names import lazy_names

_NAMES = {
    "conjugate_gradient": (
        "metagraft.api.linear_operators.conjugate_gradient:conjugate_gradient"
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
