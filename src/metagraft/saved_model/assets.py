"""Files that a model needs: names of constant tensors, and copies in the SavedModel.

Source: tensorflow python/saved_model/builder_impl.py.
"""

from __future__ import annotations

import logging
import posixpath
from collections.abc import Iterable, Mapping
from typing import Any, Final

from google.protobuf.message import DecodeError

from metagraft.formats import files, folders
from metagraft.formats.saved_model_dir import (
    ASSETS_DIRECTORY,
    Folder,
    asset_path,
    path_in,
)
from metagraft.graph import dtypes
from metagraft.graph.scope_names import prepend_name_scope
from metagraft.graph.scopes import add_to_collection
from metagraft.graph.tensor import Tensor
from metagraft.proto import AssetFileDef, MetaGraphDef
from metagraft.proto.coercion import holds, pack
from metagraft.saved_model.keys import ASSETS_KEY

_log = logging.getLogger(__name__)

_NO_FILES: Final = ("", ".", "..")


def add_assets_to_graph(assets: Iterable[Any] | None) -> dict[str, str]:
    """List files in the default graph's collection of assets.

    Files of one name are one asset where their contents are the same.

    Args:
        assets: Constants that hold paths of files.

    Returns:
        The paths of the files by the names that they get in the SavedModel.

    Raises:
        TypeError: One is no constant, or holds no single text.
        ValueError: A path does not end with the name of a file.
    """
    paths: dict[str, str] = {}
    for tensor in assets or ():
        path = _path_of(tensor)
        name = posixpath.basename(path)
        if name in _NO_FILES:
            raise ValueError(f"Asset filepath tensor {tensor} is invalid: {path!r}.")
        name = _unique_name(name, path, paths)
        definition = AssetFileDef(filename=name)
        definition.tensor_info.name = tensor.name
        add_to_collection(ASSETS_KEY, pack(definition))
        paths[name] = path
    _log.info("Assets added to graph." if paths else "No assets to save.")
    return paths


def copy_assets(paths: Mapping[str, str], folder: Folder, copied: set[str]) -> None:
    """Copy files into a SavedModel; those that do not exist are passed over.

    Args:
        paths: The files by the names that they get.
        folder: The SavedModel.
        copied: Paths of copies that were made before; extended.
    """
    if not paths:
        _log.info("No assets to write.")
        return
    files.make_folders(path_in(folder, ASSETS_DIRECTORY))
    for name, source in paths.items():
        target = asset_path(folder, name)
        if source != target and target not in copied and files.exists(source):
            folders.copy(source, target, overwrites=True)
            copied.add(target)
    _log.info("Assets written to: %s", path_in(folder, ASSETS_DIRECTORY))


def asset_feeds(
    export_dir: Folder,
    meta_graph_def_to_load: MetaGraphDef,
    import_scope: str | None = None,
) -> dict[str, str]:
    """Return the paths of a loaded model's assets by the names of their tensors.

    Args:
        export_dir: The SavedModel.
        meta_graph_def_to_load: One of its MetaGraphs.
        import_scope: Scope that it was imported into.

    Raises:
        OSError: An entry is damaged.
        InvalidArgumentError: An asset lies outside the folder of assets.
    """
    return {
        prepend_name_scope(asset.tensor_info.name, import_scope): asset_path(
            export_dir, asset.filename
        )
        for asset in _listed(export_dir, meta_graph_def_to_load)
    }


def _listed(folder: Folder, meta_graph_def: MetaGraphDef) -> list[AssetFileDef]:
    if meta_graph_def.asset_file_def:
        return list(meta_graph_def.asset_file_def)
    if ASSETS_KEY not in meta_graph_def.collection_def:
        return []
    found = []
    packed_assets = meta_graph_def.collection_def[ASSETS_KEY].any_list.value
    for number, packed in enumerate(packed_assets):
        where = f"{path_in(folder)}: asset {number} of collection '{ASSETS_KEY}'"
        # TF: takes a message of another type for an asset without a name.
        if not holds(packed, AssetFileDef):
            raise OSError(f"{where} is of type {packed.type_url!r}.")
        try:
            found.append(AssetFileDef.FromString(packed.value))
        except DecodeError as error:
            raise OSError(f"{where} is damaged: {error}.") from error
    return found


def _path_of(tensor: Any) -> str:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"Asset path tensor {tensor} must be a Tensor.")
    if tensor.op.type != "Const":
        raise TypeError(
            f"Asset path tensor {tensor} must be of type constant. Has type "
            f"{tensor.op.type} instead."
        )
    if tensor.dtype != dtypes.string:
        raise TypeError(
            f"Asset path tensor {tensor} must be of dtype string. Has type "
            f"{tensor.dtype} instead."
        )
    values = tensor.op.node_def.attr["value"].tensor.string_val
    if len(values) != 1:
        raise TypeError(f"Asset path tensor {tensor} must be a scalar.")
    return values[0].decode()


def _unique_name(name: str, path: str, paths: Mapping[str, str]) -> str:
    known = paths.get(name)
    if known is None or known == path or _is_same_content(path, known):
        return name
    number = 1
    while f"{name}_{number}" in paths:
        number += 1
    return f"{name}_{number}"


def _is_same_content(first: str, second: str) -> bool:
    return files.size_bytes(first) == files.size_bytes(second) and files.read_bytes(
        first
    ) == files.read_bytes(second)
