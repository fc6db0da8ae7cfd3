"""`tf.flags`: command-line flags, by absl.

A flag is read from the command line when the first one is asked for, also in programs
that do not start with `tf.app.run`.

Source: tensorflow python/platform/flags.py.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from absl import flags as absl_flags
from absl.flags import (
    DEFINE_alias,
    DEFINE_enum,
    DEFINE_list,
    DEFINE_multi_enum,
    DEFINE_multi_float,
    DEFINE_multi_integer,
    DEFINE_multi_string,
    DEFINE_spaceseplist,
    FlagValues,
    adopt_module_key_flags,
    declare_key_flag,
    mark_bool_flags_as_mutual_exclusive,
    mark_flag_as_required,
    mark_flags_as_mutual_exclusive,
    mark_flags_as_required,
    multi_flags_validator,
    register_validator,
    validator,
)

__all__ = [
    "FLAGS",
    "DEFINE_alias",
    "DEFINE_bool",
    "DEFINE_boolean",
    "DEFINE_enum",
    "DEFINE_float",
    "DEFINE_integer",
    "DEFINE_list",
    "DEFINE_multi_enum",
    "DEFINE_multi_float",
    "DEFINE_multi_integer",
    "DEFINE_multi_string",
    "DEFINE_spaceseplist",
    "DEFINE_string",
    "FlagValues",
    "adopt_module_key_flags",
    "declare_key_flag",
    "mark_bool_flags_as_mutual_exclusive",
    "mark_flag_as_required",
    "mark_flags_as_mutual_exclusive",
    "mark_flags_as_required",
    "multi_flags_validator",
    "register_validator",
    "validator",
]


class _ParsedOnUse:
    """absl's flags, parsed from the command line when the first is asked for."""

    def __getattr__(self, name: str) -> Any:
        if not absl_flags.FLAGS.is_parsed():
            absl_flags.FLAGS(sys.argv)
        return getattr(absl_flags.FLAGS, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(absl_flags.FLAGS, name, value)

    def __getitem__(self, name: str) -> Any:
        return absl_flags.FLAGS[name]

    def __contains__(self, name: str) -> bool:
        return name in absl_flags.FLAGS

    def __dir__(self) -> list[str]:
        return list(absl_flags.FLAGS)

    def __call__(self, argv: list[str], known_only: bool = False) -> list[str]:
        return absl_flags.FLAGS(argv, known_only)


FLAGS: Final = _ParsedOnUse()


# TensorFlow's own names of the arguments, which programs use as keywords.


def DEFINE_string(  # noqa: N802 - absl's name
    flag_name: str, default_value: str | None, docstring: str | None, **kwargs: Any
) -> Any:
    """Declare a flag that holds text."""
    return absl_flags.DEFINE_string(flag_name, default_value, docstring, **kwargs)


def DEFINE_integer(  # noqa: N802 - absl's name
    flag_name: str, default_value: int | None, docstring: str | None, **kwargs: Any
) -> Any:
    """Declare a flag that holds an integer."""
    return absl_flags.DEFINE_integer(flag_name, default_value, docstring, **kwargs)


def DEFINE_float(  # noqa: N802 - absl's name
    flag_name: str, default_value: float | None, docstring: str | None, **kwargs: Any
) -> Any:
    """Declare a flag that holds a number."""
    return absl_flags.DEFINE_float(flag_name, default_value, docstring, **kwargs)


def DEFINE_boolean(  # noqa: N802 - absl's name
    flag_name: str, default_value: bool | None, docstring: str | None, **kwargs: Any
) -> Any:
    """Declare a flag that is true or false."""
    return absl_flags.DEFINE_boolean(flag_name, default_value, docstring, **kwargs)


DEFINE_bool = DEFINE_boolean
