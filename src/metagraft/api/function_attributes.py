"""The attributes that `tf.function` notes in the definition of a function.

Source: tensorflow python/eager/polymorphic_function/attributes.py and
polymorphic_function.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import text_format

from metagraft.proto import AttrValue

__all__: list[str] = []

IMPLEMENTS: Final = "_implements"
IS_UNORDERED: Final = "_disable_acd"

_ALLOWED: Final = frozenset(
    {
        "api_implements",
        "api_preferred_device",
        IS_UNORDERED,
        "disable_summaries_at_runtime",
        "go_backwards",
        IMPLEMENTS,
        "experimental_ints_on_device",
        "_noinline",
        "function_runs_at_most_once",
        "runtime_constant_optimization",
        "_tf_data_function",
        "time_major",
        "_OutputsOnOpDevice",
    }
)


def function_attributes(
    jit_compile: bool | None,
    implements: str | None,
    attributes: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the attributes of a function, by name, as Python values or messages.

    Args:
        jit_compile: Whether it is to be compiled as a whole; None says nothing of it.
        implements: What it computes: a name, or the text of a `NameAttrList`.
        attributes: Those that the user gives.

    Raises:
        ValueError: An attribute is none that users give.
    """
    found: dict[str, Any] = {}
    if isinstance(implements, str):
        found[IMPLEMENTS] = _implemented(implements)
    found.update(attributes or {})
    for name in found:
        if name not in _ALLOWED:
            raise ValueError(
                f"`{name} is not supported by tf.function as an attribute."
            )
    if jit_compile is not None:
        found["_XlaMustCompile"] = bool(jit_compile)
        if jit_compile:
            found["_noinline"] = True
    return found


def attribute_values(attributes: Mapping[str, Any]) -> dict[str, AttrValue]:
    """Return attributes as messages.

    Raises:
        ValueError: A value is of a type that no attribute has.
    """
    return {name: _value(name, value) for name, value in attributes.items()}


def _implemented(text: str) -> Any:
    value = AttrValue()
    try:
        text_format.Merge(text, value.func)
    except text_format.ParseError:
        return text
    value.func.SetInParent()
    return value


def _value(name: str, value: Any) -> AttrValue:
    found = AttrValue()
    if isinstance(value, AttrValue):
        found.CopyFrom(value)
    elif isinstance(value, list):
        found.list.SetInParent()
        for item in value:
            field = _field(item)
            if field is None:
                raise ValueError(
                    f"Attributes for {name} must be bool, int, float, or string. "
                    f"Got {type(item)}."
                )
            getattr(found.list, field).append(_encoded(item))
    elif (field := _field(value)) is not None:
        setattr(found, field, _encoded(value))
    else:
        raise ValueError(
            f"Attribute {name} must be bool, int, float, string, list, or AttrValue. "
            f"Got {type(value)}."
        )
    return found


def _field(value: Any) -> str | None:
    # A truth value is also an integer to Python, so it comes first.
    fields = ((bool, "b"), (int, "i"), (float, "f"), ((str, bytes), "s"))
    return next((field for kind, field in fields if isinstance(value, kind)), None)


def _encoded(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value
