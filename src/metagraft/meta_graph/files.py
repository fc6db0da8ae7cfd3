"""MetaGraph files: binary or text, told apart by their content, written atomically."""

from __future__ import annotations

import os
from typing import Any

from google.protobuf.message import DecodeError, Message

from metagraft.errors import FailedPreconditionError, OpError
from metagraft.formats import files
from metagraft.formats.message_damage import damage_of
from metagraft.proto import GraphDef, MetaGraphDef
from metagraft.proto.text import format_text, parse_text


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
            damage = damage_of(content, MetaGraphDef)
            raise OSError(f"Cannot parse file {path}: {damage}.") from error
        return _from_text(text, path), len(content)
    # Text can pass for a message of unknown fields.
    if content and not message.ListFields():
        text = _as_text(content)
        if text is not None:
            return _from_text(text, path), len(content)
    return message, len(content)


def read_graph_file(
    filename: str | bytes | os.PathLike[str],
) -> tuple[MetaGraphDef, bool]:
    """Return the MetaGraph that a file holds, or one around the graph that it holds.

    Args:
        filename: Path of the file; its extension says nothing.

    Returns:
        The MetaGraph, and whether it is more than a graph.

    Raises:
        OSError: The file does not exist, or holds neither.
        FailedPreconditionError: It is a directory.
    """
    try:
        meta_graph_def = read_meta_graph_file(filename)
    except (OpError, FileNotFoundError):
        raise
    except OSError:
        graph_def = _read_graph(filename)
        if graph_def is None:
            raise
        return around(graph_def), False
    if not len(meta_graph_def.graph_def.node):
        graph_def = _read_graph(filename)
        if graph_def is not None and any(node.op for node in graph_def.node):
            return around(graph_def), False
    return meta_graph_def, True


def around(graph_def: GraphDef) -> MetaGraphDef:
    """Return a MetaGraph that has nothing but a graph."""
    meta_graph_def = MetaGraphDef()
    meta_graph_def.graph_def.CopyFrom(graph_def)
    return meta_graph_def


def write_message(message: Message, path: str, *, as_text: bool) -> None:
    """Write a message atomically; the same message gives the same bytes.

    A file that holds it already stays as it is.

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
    files.write_changed_bytes(path, content)


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
    from metagraft.graph.graph import Graph  # files are read without it, and faster

    message = (
        graph_or_graph_def.as_graph_def()
        if isinstance(graph_or_graph_def, Graph)
        else graph_or_graph_def
    )
    folder = os.fspath(logdir)
    path = f"{folder.rstrip('/')}/{name}" if folder not in ("", "/") else folder + name
    write_message(message, path, as_text=as_text)
    return path


def _read_graph(filename: str | bytes | os.PathLike[str]) -> GraphDef | None:
    path = os.fsdecode(filename)
    if not files.exists(path):
        return None
    content = files.read_bytes(path)
    try:
        return GraphDef.FromString(content)
    except DecodeError:
        pass
    try:
        return parse_text(content.decode(), GraphDef)
    except ValueError:
        return None


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
