"""`tf.flags`: command-line flags, by absl.

A flag is read from the command line when the first one is asked for, also in programs
that do not start with `tf.app.run`.

Source: tensorflow python/platform/flags.py.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

from absl import flags as absl_flags
from absl.flags import (
    DEFINE,
    ArgumentParser,
    ArgumentSerializer,
    BaseListParser,
    BooleanFlag,
    BooleanParser,
    CantOpenFlagFileError,
    CsvListSerializer,
    DEFINE_alias,
    DEFINE_enum,
    DEFINE_enum_class,
    DEFINE_flag,
    DEFINE_list,
    DEFINE_multi,
    DEFINE_multi_enum,
    DEFINE_multi_enum_class,
    DEFINE_multi_float,
    DEFINE_multi_integer,
    DEFINE_multi_string,
    DEFINE_spaceseplist,
    DuplicateFlagError,
    EnumClassFlag,
    EnumClassListSerializer,
    EnumClassParser,
    EnumClassSerializer,
    EnumFlag,
    EnumParser,
    Error,
    Flag,
    FlagHolder,
    FlagNameConflictsWithMethodError,
    FlagValues,
    FloatParser,
    IllegalFlagValueError,
    IntegerParser,
    ListParser,
    ListSerializer,
    MultiEnumClassFlag,
    MultiFlag,
    UnparsedFlagAccessError,
    UnrecognizedFlagError,
    ValidationError,
    WhitespaceSeparatedListParser,
    adopt_module_key_flags,
    declare_key_flag,
    disclaim_key_flags,
    doc_to_help,
    flag_dict_to_args,
    get_help_width,
    mark_bool_flags_as_mutual_exclusive,
    mark_flag_as_required,
    mark_flags_as_mutual_exclusive,
    mark_flags_as_required,
    multi_flags_validator,
    override_value,
    register_multi_flags_validator,
    register_validator,
    set_default,
    text_wrap,
    validator,
)

__all__ = [
    "DEFINE",
    "FLAGS",
    "ArgumentParser",
    "ArgumentSerializer",
    "BaseListParser",
    "BooleanFlag",
    "BooleanParser",
    "CantOpenFlagFileError",
    "CsvListSerializer",
    "DEFINE_alias",
    "DEFINE_bool",
    "DEFINE_boolean",
    "DEFINE_enum",
    "DEFINE_enum_class",
    "DEFINE_flag",
    "DEFINE_float",
    "DEFINE_integer",
    "DEFINE_list",
    "DEFINE_multi",
    "DEFINE_multi_enum",
    "DEFINE_multi_enum_class",
    "DEFINE_multi_float",
    "DEFINE_multi_integer",
    "DEFINE_multi_string",
    "DEFINE_spaceseplist",
    "DEFINE_string",
    "DuplicateFlagError",
    "EnumClassFlag",
    "EnumClassListSerializer",
    "EnumClassParser",
    "EnumClassSerializer",
    "EnumFlag",
    "EnumParser",
    "Error",
    "Flag",
    "FlagHolder",
    "FlagNameConflictsWithMethodError",
    "FlagValues",
    "FloatParser",
    "IllegalFlagValueError",
    "IntegerParser",
    "ListParser",
    "ListSerializer",
    "MultiEnumClassFlag",
    "MultiFlag",
    "UnparsedFlagAccessError",
    "UnrecognizedFlagError",
    "ValidationError",
    "WhitespaceSeparatedListParser",
    "adopt_module_key_flags",
    "declare_key_flag",
    "disclaim_key_flags",
    "doc_to_help",
    "flag_dict_to_args",
    "get_help_width",
    "mark_bool_flags_as_mutual_exclusive",
    "mark_flag_as_required",
    "mark_flags_as_mutual_exclusive",
    "mark_flags_as_required",
    "multi_flags_validator",
    "override_value",
    "register_multi_flags_validator",
    "register_validator",
    "set_default",
    "text_wrap",
    "validator",
]


class _ParsedOnUse:
    """absl's flags, parsed from the command line when the first is asked for."""

    def __getattr__(self, name: str) -> Any:
        if not hasattr(FlagValues, name) and not absl_flags.FLAGS.is_parsed():
            absl_flags.FLAGS(sys.argv)
        return getattr(absl_flags.FLAGS, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(absl_flags.FLAGS, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(absl_flags.FLAGS, name)

    def __getitem__(self, name: str) -> Any:
        return absl_flags.FLAGS[name]

    def __setitem__(self, name: str, flag: Any) -> None:
        absl_flags.FLAGS[name] = flag

    def __contains__(self, name: str) -> bool:
        return name in absl_flags.FLAGS

    def __len__(self) -> int:
        return len(absl_flags.FLAGS)

    def __iter__(self) -> Iterator[str]:
        return iter(absl_flags.FLAGS)

    def __str__(self) -> str:
        return str(absl_flags.FLAGS)

    def __dir__(self) -> list[str]:
        return list(absl_flags.FLAGS)

    def __call__(self, argv: list[str], known_only: bool = False) -> list[str]:
        return absl_flags.FLAGS(argv, known_only)


FLAGS: Final = _ParsedOnUse()


# TensorFlow's own names of arguments, which older programs use as keywords.
_RENAMED: Final = {"flag_name": "name", "default_value": "default", "docstring": "help"}


def _with_old_names(define: Callable[..., Any]) -> Any:
    """Let a function that declares a flag take arguments under their older names."""

    @functools.wraps(define)
    def renamed(*args: Any, **kwargs: Any) -> Any:
        found = {_RENAMED.get(name, name): value for name, value in kwargs.items()}
        return define(*args, **found)

    return renamed


DEFINE_string = _with_old_names(absl_flags.DEFINE_string)
DEFINE_integer = _with_old_names(absl_flags.DEFINE_integer)
DEFINE_float = _with_old_names(absl_flags.DEFINE_float)
DEFINE_boolean = _with_old_names(absl_flags.DEFINE_boolean)
DEFINE_bool = DEFINE_boolean
