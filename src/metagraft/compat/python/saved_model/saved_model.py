"""`tensorflow.python.saved_model.saved_model`: its modules in one."""

from __future__ import annotations

from metagraft.lazy_names import lazy_names

_NAMES = {
    **{
        name: f"metagraft.compat.python.saved_model.{name}"
        for name in (
            "builder",
            "constants",
            "loader",
            "main_op",
            "signature_constants",
            "signature_def_utils",
            "tag_constants",
            "utils",
        )
    },
    "simple_save": "metagraft.saved_model.builder:simple_save",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
