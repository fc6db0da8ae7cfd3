"""`tensorflow.python.ops.special_math_ops`: special functions."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.compat.v1", "einsum lbeta"),
    **from_module("metagraft.compat.v1.math", "bessel_i0 bessel_i1"),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
