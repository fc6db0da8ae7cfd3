"""Signatures of ops in one line, for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from metagraft.proto import AttrValue, DataType, OpDef

_UNKNOWN: Final = "?"


def format_signature(definition: OpDef) -> str:
    """Return `Name(input: type, ..., *, attribute: type = default) -> (output: type)`.

    A type that is not known is `?`.

    Args:
        definition: The signature.
    """
    inputs = [_arg(arg) for arg in definition.input_arg]
    attrs = [_attr(attr) for attr in definition.attr]
    given = [*inputs, *(["*"] if attrs else []), *attrs]
    outputs = ", ".join(_arg(arg) for arg in definition.output_arg)
    return f"{definition.name}({', '.join(given)}) -> ({outputs})"


def type_text(number: int) -> str:
    """Return the name of a `DataType` number, such as `float32`; `?` for none."""
    if number == DataType.DT_INVALID or number not in DataType.values():
        return _UNKNOWN
    name = DataType.Name(number).removeprefix("DT_").lower()
    is_reference = name.endswith("_ref")
    name = name.removesuffix("_ref")
    name = {"float": "float32", "double": "float64", "half": "float16"}.get(name, name)
    return f"ref {name}" if is_reference else name


def _arg(arg: OpDef.ArgDef) -> str:
    if arg.type_list_attr:
        text = f"*{arg.type_list_attr}"
    else:
        text = arg.type_attr or type_text(arg.type)
        if arg.number_attr:
            text = f"{arg.number_attr} * {text}"
    if arg.is_ref:
        text = f"ref {text}"
    return f"{arg.name}: {text}"


def _attr(attr: OpDef.AttrDef) -> str:
    text = f"{attr.name}: {_attr_type(attr)}"
    if attr.HasField("default_value"):
        text += f" = {_value(attr.default_value, attr.type)}"
    return text


def _attr_type(attr: OpDef.AttrDef) -> str:
    allowed = attr.allowed_values.list
    if len(allowed.type):
        return _choice(map(type_text, allowed.type), attr.type)
    if len(allowed.s):
        return _choice((repr(_text(item)) for item in allowed.s), attr.type)
    return attr.type


def _choice(values: Iterable[str], attr_type: str) -> str:
    text = " | ".join(values)
    return f"list({text})" if attr_type.startswith("list(") else text


def _value(value: AttrValue, attr_type: str) -> str:
    match attr_type:
        case "int":
            return str(value.i)
        case "float":
            return f"{value.f:.6g}"
        case "bool":
            return "true" if value.b else "false"
        case "string":
            return repr(_text(value.s))
        case "type":
            return type_text(value.type)
    return _list(value.list) if attr_type.startswith("list(") else "..."


def _list(listed: AttrValue.ListValue) -> str:
    items = [
        *map(str, listed.i),
        *("true" if item else "false" for item in listed.b),
        *(f"{item:.6g}" for item in listed.f),
        *(repr(_text(item)) for item in listed.s),
        *map(type_text, listed.type),
    ]
    if not items and listed.ListFields():
        return "..."
    return f"[{', '.join(items)}]"


def _text(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")
