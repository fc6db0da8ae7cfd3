"""`tf.sysconfig`: how a library of ops would be compiled."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.api.build_flags",
    "CXX11_ABI_FLAG CXX_VERSION MONOLITHIC_BUILD get_build_info get_compile_flags "
    "get_include get_lib get_link_flags",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
