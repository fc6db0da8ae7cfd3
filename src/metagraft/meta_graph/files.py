"""MetaGraph files: binary or text, told apart by their content, written atomically."""

from __future__ import annotations

import os
from typing import Any, Final

from google.protobuf.message import DecodeError, Message

from metagraft.errors import FailedPreconditionError
from metagraft.formats import files
from metagraft.graph.graph import Graph
from metagraft.proto import MetaGraphDef
from metagraft.proto.text import format_text, parse_text

# A longer one does not fit 64 bits.
_LONGEST_VARINT_BYTES: Final = 10


def read_meta_graph_file(filename: str | bytes | os.PathLike[str]) -> MetaGraphDef:
    """Return the MetaGraph that a file holds, binary or text.

    Args:
        filename: Path of the file; its extension says nothing.

    Raises:
        OSError: The file does not exist, or holds no MetaGraph.
        FailedPreconditionError: It is a directory.
        TypeError: `filename` is no path.

    Source: tensorflow python/framework/meta_graph.py read_meta_graph_file.
    """
    return read_measured(filename)[0]


def read_measured(
    filename: str | bytes | os.PathLike[str],
) -> tuple[MetaGraphDef, int]:
    """Return the MetaGraph that a file holds, and the size of the file in bytes."""
    path = os.fsdecode(filename)
    if files.is_folder(path):
        raise FailedPreconditionError(None, None, f"{path} is a directory")
    if not files.exists(path):
        raise OSError(f"File does not exist. Received: {path}.")
    content = files.read_bytes(path)
    message = MetaGraphDef()
    try:
        message.ParseFromString(content)
    except DecodeError as error:
        text = _as_text(content)
        if text is None:
            raise OSError(f"Cannot parse file {path}: {_damage(content)}.") from error
        return _from_text(text, path), len(content)
    # Text can pass for a message of unknown fields.
    if content and not message.ListFields():
        text = _as_text(content)
        if text is not None:
            return _from_text(text, path), len(content)
    return message, len(content)


def write_message(message: Message, path: str, *, as_text: bool) -> None:
    """Write a message atomically; the same message gives the same bytes.

    Args:
        message: Any message.
        path: The file; folders that are missing are made.
        as_text: Text format instead of binary.
    """
    if as_text:
        content = format_text(message).encode()
    else:
        content = message.SerializeToString(deterministic=True)
    folder, slash, _ = path.rpartition("/")
    if folder:
        files.make_folders(folder + slash)
    files.write_bytes(path, content)


def write_graph(
    graph_or_graph_def: Any, logdir: str, name: str, as_text: bool = True
) -> str:
    """Write a graph, or any message, and return the path of the file.

    Args:
        graph_or_graph_def: A graph, a `GraphDef`, or another message.
        logdir: Folder of the file; made if it does not exist.
        name: Name of the file.
        as_text: Text format instead of binary.

    Source: tensorflow python/framework/graph_io.py write_graph.
    """
    message = (
        graph_or_graph_def.as_graph_def()
        if isinstance(graph_or_graph_def, Graph)
        else graph_or_graph_def
    )
    folder = os.fspath(logdir)
    path = f"{folder.rstrip('/')}/{name}" if folder not in ("", "/") else folder + name
    write_message(message, path, as_text=as_text)
    return path


def _from_text(text: str, path: str) -> MetaGraphDef:
    try:
        return parse_text(text, MetaGraphDef)
    except ValueError as error:
        raise OSError(f"Cannot parse file {path}: {error}.") from error


def _as_text(content: bytes) -> str | None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _damage(content: bytes) -> str:
    """Say at which byte a binary file stops being a message."""
    position = 0
    while position < len(content):
        end = _end_of_field(content, position)
        if end is None:
            return f"the field at byte {position} has no valid tag or length"
        if end > len(content):
            return (
                f"the field at byte {position} reaches to byte {end}, the file ends at "
                f"byte {len(content)}"
            )
        position = end
    return f"{len(content)} bytes are no MetaGraphDef"


def _end_of_field(content: bytes, position: int) -> int | None:
    tag, position = _varint(content, position)
    if tag is None:
        return None
    match tag & 7:
        case 0:
            value, position = _varint(content, position)
            return None if value is None else position
        case 1:
            return position + 8
        case 2:
            length, position = _varint(content, position)
            return None if length is None else position + length
        case 5:
            return position + 4
    return None


def _varint(content: bytes, position: int) -> tuple[int | None, int]:
    value = 0
    for shift in range(_LONGEST_VARINT_BYTES):
        if position >= len(content):
            break
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, position
    return None, position
