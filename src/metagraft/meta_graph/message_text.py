"""Messages and their fields as short text, for reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf import text_format
from google.protobuf.message import Message

from metagraft.meta_graph.differences import FieldChange
from metagraft.proto import AttrValue, DataType

_LONGEST_VALUE: Final = 100


def shown(value: Any) -> str:
    """Return a value in at most 100 letters; "" for None."""
    if value is None:
        return ""
    if isinstance(value, AttrValue) and value.WhichOneof("value") == "type":
        is_known = value.type in DataType.values()
        text = DataType.Name(value.type) if is_known else str(value.type)
        text = text.removeprefix("DT_").lower()
    elif isinstance(value, Message):
        text = _one_line(value)
    elif isinstance(value, bytes):
        text = value.decode("utf-8", "backslashreplace")
    else:
        text = str(value)
    if len(text) > _LONGEST_VALUE:
        return f"{text[: _LONGEST_VALUE - 3]}..."
    return text


def compare_fields(
    before: Message, after: Message, prefix: str = ""
) -> list[FieldChange]:
    """Return the fields in which two messages of one class differ.

    Fields that are messages are compared inside; lists and maps are values.

    Args:
        before: The first.
        after: The second.
        prefix: Put in front of the names of fields.
    """
    return list(_field_changes(before, after, prefix))


def _field_changes(
    before: Message, after: Message, prefix: str
) -> Iterator[FieldChange]:
    # The types of fields are those of the messages, hence `Any`.
    first: Mapping[str, Any] = {f.name: value for f, value in before.ListFields()}
    second: Mapping[str, Any] = {f.name: value for f, value in after.ListFields()}
    for field in before.DESCRIPTOR.fields:
        name = field.name
        if name not in first and name not in second:
            continue
        value, other = getattr(before, name), getattr(after, name)
        if value == other:
            continue
        if isinstance(value, Message):
            yield from _field_changes(value, other, f"{prefix}{name}.")
        elif _is_map(value):
            yield from _map_changes(value, other, f"{prefix}{name}")
        else:
            yield FieldChange(f"{prefix}{name}", _field_text(value), _field_text(other))


def _is_map(value: Any) -> bool:
    return hasattr(value, "keys")


def _map_changes(value: Any, other: Any, name: str) -> Iterator[FieldChange]:
    for key in sorted({*value.keys(), *other.keys()}, key=str):
        first, second = value.get(key), other.get(key)
        if first != second:
            yield FieldChange(f"{name}[{key}]", shown(first), shown(second))


def _field_text(value: Any) -> str:
    if isinstance(value, (str, bytes, int, float, bool)):
        return shown(value)
    return shown(", ".join(shown(item) for item in value))


def _one_line(value: Message) -> str:
    if value.ByteSize() > 1 << 16:
        return f"{value.DESCRIPTOR.name} of {value.ByteSize()} bytes"
    return text_format.MessageToString(value, as_one_line=True)
