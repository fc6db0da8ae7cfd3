"""Messages from elsewhere: TensorFlow's own objects, and messages packed into `Any`.

A message of ours and TensorFlow's message of the same name have the same bytes, so one
becomes the other by serialising and parsing. Fields unknown to the receiver survive as
unknown fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError, Message

_M = TypeVar("_M", bound=Message)

_OURS = "metagraft."
_THEIRS = "tensorflow."
_URL_PREFIX = "type.googleapis.com/"
# Packages that do not follow the rule "metagraft.X is tensorflow.X".
_KERAS_OURS = "metagraft.keras."
_KERAS_THEIRS = "third_party.tensorflow.python.keras.protobuf."


def as_message(value: object, cls: type[_M]) -> _M:
    """Return `value` as a message of class `cls`.

    Args:
        value: A message of that class, returned as it is, or TensorFlow's message of
            the same name, which is re-parsed from its bytes.
        cls: A message class of `metagraft.proto`.

    Raises:
        TypeError: `value` is neither.
    """
    if isinstance(value, cls):
        return value
    if isinstance(value, Message):
        name = value.DESCRIPTOR.full_name
        if name == foreign_name(cls):
            message = cls()
            message.ParseFromString(value.SerializeToString())
            return message
        raise TypeError(f"expected a {cls.__name__} message, got a message {name}")
    raise TypeError(f"expected a {cls.__name__} message, got {type(value).__name__}")


@contextmanager
def edited(value: object, cls: type[_M]) -> Iterator[_M]:
    """Open a block that changes `value` through a message of class `cls`.

    Args:
        value: A message of that class, or TensorFlow's message of the same name, into
            which the changes are written back at the end.
        cls: A message class of `metagraft.proto`.

    Raises:
        TypeError: `value` is neither.
    """
    message = as_message(value, cls)
    yield message
    if message is not value:
        assert isinstance(value, Message)
        value.ParseFromString(message.SerializeToString())


def foreign_name(cls: type[Message]) -> str:
    """Return the full name that TensorFlow gives the message of class `cls`."""
    name: str = cls.DESCRIPTOR.full_name
    if name.startswith(_KERAS_OURS):
        return _KERAS_THEIRS + name.removeprefix(_KERAS_OURS)
    if name.startswith(_OURS):
        return _THEIRS + name.removeprefix(_OURS)
    return name


def pack(message: Message) -> AnyMessage:
    """Return `message` inside an `Any` whose type URL is TensorFlow's."""
    return AnyMessage(
        type_url=_URL_PREFIX + foreign_name(type(message)),
        value=message.SerializeToString(deterministic=True),
    )


def holds(packed: AnyMessage, cls: type[Message]) -> bool:
    """Return whether an `Any` holds a message of class `cls`."""
    return packed.type_url.rpartition("/")[2] in (
        foreign_name(cls),
        cls.DESCRIPTOR.full_name,
    )


def unpack(packed: AnyMessage, cls: type[_M]) -> _M:
    """Return the message of class `cls` that an `Any` holds.

    Raises:
        TypeError: The type URL names another message.
        ValueError: The bytes are not such a message.
    """
    if not holds(packed, cls):
        raise TypeError(
            f"expected a packed {foreign_name(cls)}, got type URL {packed.type_url!r}"
        )
    message = cls()
    try:
        message.ParseFromString(packed.value)
    except DecodeError as error:
        raise ValueError(
            f"the {len(packed.value)} bytes packed as {packed.type_url!r} are not a "
            f"{cls.__name__}: {error}"
        ) from error
    return message
