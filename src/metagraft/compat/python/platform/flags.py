"""`tensorflow.python.platform.flags`: flags."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.api.flags",
        "DEFINE_alias DEFINE_bool DEFINE_boolean DEFINE_enum DEFINE_float "
        "DEFINE_integer DEFINE_list DEFINE_multi_enum DEFINE_multi_float "
        "DEFINE_multi_integer DEFINE_multi_string DEFINE_spaceseplist DEFINE_string "
        "FLAGS FlagValues adopt_module_key_flags declare_key_flag "
        "mark_bool_flags_as_mutual_exclusive mark_flag_as_required "
        "mark_flags_as_mutual_exclusive mark_flags_as_required multi_flags_validator "
        "register_validator validator",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
