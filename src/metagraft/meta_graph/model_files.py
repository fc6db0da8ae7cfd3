"""The MetaGraphs in whatever people have of a model, told apart by content."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from metagraft.errors import NotFoundError, OpError
from metagraft.formats import files
from metagraft.formats.saved_model_dir import (
    SAVED_MODEL_FILENAME_CPB,
    SAVED_MODEL_FILENAME_PB,
    SAVED_MODEL_FILENAME_PBTXT,
    contains_saved_model,
    path_in,
    read_saved_model,
)
from metagraft.meta_graph.files import read_graph_file
from metagraft.proto import MetaGraphDef, SavedModel
from metagraft.proto.text import parse_text

META_GRAPH: Final = "MetaGraph"
GRAPH_DEF: Final = "GraphDef"
SAVED_MODEL: Final = "SavedModel"

_SAVED_MODEL_FILES: Final = frozenset(
    {SAVED_MODEL_FILENAME_CPB, SAVED_MODEL_FILENAME_PB, SAVED_MODEL_FILENAME_PBTXT}
)
_GRAPH_SUFFIXES: Final = (".meta", ".pb", ".pbtxt")
_CHECKPOINT_SUFFIX: Final = re.compile(r"\.(index|data-\d+-of-\d+)$")
_SHARD_SUFFIX: Final = re.compile(r"-[\d?]+-of-\d+$")  # of version 1
_SHOWN_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Model:
    """The graphs of a model.

    Attributes:
        path: The file or, of a SavedModel, the folder that they are in.
        kind: `META_GRAPH`, `GRAPH_DEF` or `SAVED_MODEL`.
        meta_graphs: One, or those of the SavedModel; around a graph that is alone,
            one with nothing else.
    """

    path: str
    kind: str
    meta_graphs: tuple[MetaGraphDef, ...]


def read_model(path: str | bytes | os.PathLike[str]) -> Model:
    """Read the graphs of a model; nothing in them is run.

    Args:
        path: A file with a MetaGraph, a `GraphDef` or a `SavedModel`, binary or text;
            the prefix or a file of a checkpoint that has a `.meta` file; or a folder
            with a SavedModel, checkpoints, or one such file.

    Raises:
        NotFoundError: There is no such file, or none of a graph in the folder.
        OSError: The file holds no graph, or is damaged.
        OpError: It cannot be read; the class tells why.
    """
    found = locate(path)
    if files.is_folder(found):
        return _in_folder(found)
    return _in_file(found)


def locate(path: str | bytes | os.PathLike[str]) -> str:
    """Return the file of a graph, or the folder of a SavedModel, that a path means.

    Args:
        path: As for `read_model`.

    Raises:
        NotFoundError: There is none.
    """
    name = os.fsdecode(path)
    if files.is_folder(name):
        return name if contains_saved_model(name) else _graph_file_in(name)
    if files.exists(name) and not _CHECKPOINT_SUFFIX.search(name):
        folder, _, last = name.rpartition("/")
        if last in _SAVED_MODEL_FILES and _is_saved_model(folder or "."):
            return folder or "."
        # One that has such a file beside it is a checkpoint of version 1.
        return _meta_file_of(name) or name
    meta = _meta_file_of(_CHECKPOINT_SUFFIX.sub("", name))
    if meta is None:
        raise NotFoundError(
            None,
            None,
            f"There is no file {name}, and no "
            f"{_SHARD_SUFFIX.sub('', _CHECKPOINT_SUFFIX.sub('', name))}.meta",
        )
    return meta


def _meta_file_of(prefix: str) -> str | None:
    """Return the `.meta` file of a checkpoint, or of one shard of version 1."""
    for meta in (f"{prefix}.meta", f"{_SHARD_SUFFIX.sub('', prefix)}.meta"):
        if files.exists(meta):
            return meta
    return None


def _is_saved_model(folder: str) -> bool:
    """Whether the file of that name holds what the name says; some do not."""
    try:
        return len(read_saved_model(folder).meta_graphs) > 0
    except OSError:
        return False


def _in_folder(folder: str) -> Model:
    message = read_saved_model(folder)
    if not len(message.meta_graphs):
        raise OSError(f"{folder}: the SavedModel holds no MetaGraph.")
    return Model(folder, SAVED_MODEL, tuple(message.meta_graphs))


def _in_file(path: str) -> Model:
    try:
        meta_graph_def, is_more = read_graph_file(path)
        if len(meta_graph_def.graph_def.node):
            kind = META_GRAPH if is_more else GRAPH_DEF
            return Model(path, kind, (meta_graph_def,))
        problem = OSError(f"{path} holds no graph: it has no nodes.")
    except OpError:
        raise
    except OSError as error:
        problem = error
    # One that was given another name.
    message = _as_saved_model(files.read_bytes(path))
    if message is None:
        raise problem
    return Model(path, SAVED_MODEL, tuple(message.meta_graphs))


def _as_saved_model(content: bytes) -> SavedModel | None:
    try:
        message = SavedModel.FromString(content)
    except DecodeError:
        try:
            message = parse_text(content.decode(), SavedModel)
        except ValueError:
            return None
    has_nodes = any(len(graph.graph_def.node) for graph in message.meta_graphs)
    return message if has_nodes else None


def _graph_file_in(folder: str) -> str:
    """Return the `.meta` file of the newest checkpoint, or the one file of a graph."""
    from metagraft.formats.checkpoint_paths import checkpoint_prefix  # loads NumPy

    try:
        meta = _meta_file_of(checkpoint_prefix(folder))
    except (NotFoundError, ValueError):  # no checkpoint, or a state that names none
        meta = None
    if meta is not None:
        return meta
    found = sorted(n for n in files.list_folder(folder) if n.endswith(_GRAPH_SUFFIXES))
    if len(found) == 1:
        return path_in(folder, found[0])
    if not found:
        raise NotFoundError(
            None,
            None,
            f"{folder} holds no SavedModel, no checkpoint with a .meta file and no "
            "other file of a graph",
        )
    shown = ", ".join(found[:_SHOWN_MAX]) + (", ..." if len(found) > _SHOWN_MAX else "")
    raise NotFoundError(
        None, None, f"{folder} holds {len(found)} files of graphs; name one: {shown}"
    )
