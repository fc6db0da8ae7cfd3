"""SavedModels as objects: `tf.saved_model.load_v2`.

What is loaded are the graph, the variables, and the signatures and other functions. Of
the tree of Python objects that TensorFlow 2 saves, variables, assets, functions, lists,
dictionaries and plain objects come back.

Source: tensorflow python/saved_model/load.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NoReturn

from metagraft.api.asset import Asset
from metagraft.api.variables import Variable
from metagraft.errors import UnimplementedError
from metagraft.formats import files
from metagraft.formats.bundle.format import index_path
from metagraft.formats.saved_model_dir import (
    Folder,
    read_saved_model,
    variables_prefix,
)
from metagraft.graph.conversion import constant
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.graph import Graph
from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import add_to_collection
from metagraft.graph.tensor import Tensor
from metagraft.proto import MetaGraphDef, SavedModel, TrackableObjectGraph
from metagraft.saved_model import keys
from metagraft.saved_model.assets import asset_feeds
from metagraft.saved_model.function_names import without_conflicts
from metagraft.saved_model.loaded_objects import LoadedObject, ObjectTree
from metagraft.saved_model.loaded_resources import Resources
from metagraft.saved_model.loaded_variables import (
    Stored,
    add_initializers,
    add_table_initializers,
    stored_state,
)
from metagraft.saved_model.loader import init_op_name
from metagraft.saved_model.options import LoadOptions, SaveOptions
from metagraft.saved_model.signature_calls import SavedSignature
from metagraft.training.checkpoint_reader import CheckpointReader
from metagraft.training.native_meta_graph_import import Import, import_meta_graph
from metagraft.training.object_checkpoint import stored_objects

_SCOPE: Final = "saved_model"
_RESERVED: Final = (keys.INIT_OP_SIGNATURE_KEY, keys.TRAIN_OP_SIGNATURE_KEY)


class LoadedModel(LoadedObject):
    """A loaded model; the parts of its root object are attributes, too.

    Parts that have the name of one of these attributes are not.

    Attributes:
        signatures: The signatures by name; each is called to add its nodes.
        variables: The variables; `tf.global_variables_initializer` gives them the
            values that they were saved with.
        graph: The graph that it was loaded into.
        asset_paths: The tensors that hold the paths of its assets.
        tensorflow_version: Who saved it.
        tensorflow_git_version: The same.
    """

    signatures: Mapping[str, SavedSignature]
    variables: list[Variable]
    graph: Graph
    asset_paths: list[Tensor]
    tensorflow_version: str
    tensorflow_git_version: str


def load_v2(
    export_dir: Folder,
    tags: str | Iterable[str] | None = None,
    options: LoadOptions | None = None,
) -> LoadedModel:
    """Load a SavedModel of either TensorFlow into the default graph.

    Its initial values are those that it was saved with: run
    `tf.global_variables_initializer` and `tf.tables_initializer`. Models that are
    loaded twice share nothing.

    # TF: puts the nodes in no scope.

    Args:
        export_dir: The folder.
        tags: The tags of the MetaGraph, if there is more than one.
        options: `LoadOptions`.

    Raises:
        OSError: There is no SavedModel, or it is damaged.
        ValueError: There is no such MetaGraph, or the tags do not say which.
        UnimplementedError: An option is not built, or the model restores more than
            variables and tables; load it with `tf.saved_model.load`.
    """
    options = LoadOptions() if options is None else options
    options.refuse_unsupported()
    folder = os.fsdecode(export_dir)
    meta_graph_def = without_conflicts(
        _with_tags(read_saved_model(folder), tags, folder), get_default_graph()
    )
    prefix = variables_prefix(folder)
    has_values = files.exists(index_path(prefix))
    stored = stored_state(meta_graph_def) if has_values else Stored()
    paths = {
        name: constant(path, name="asset_path")
        for name, path in asset_feeds(folder, meta_graph_def).items()
    }
    model = import_meta_graph(meta_graph_def, scope=_SCOPE, input_map=paths)
    if options.experimental_skip_checkpoint:
        stored = Stored()
    variables = add_initializers(model, stored.variables, prefix)
    add_table_initializers(model, stored.tables, prefix)
    loaded = LoadedModel()
    if meta_graph_def.HasField("object_graph_def"):
        names = [asset.tensor_info.name for asset in meta_graph_def.asset_file_def]
        pairs = zip(stored.variables, variables, strict=True)
        by_key = {where.key: variable for where, variable in pairs}
        assets = [Asset(paths[name]) for name in names]
        tree = _objects_in(prefix) if has_values else TrackableObjectGraph()
        saved = meta_graph_def.object_graph_def
        resources = Resources(meta_graph_def, model)
        ObjectTree(
            saved,
            tree,
            by_key,
            asset_of=assets.__getitem__,
            resource_of=resources.handle_of,
            constant_of=resources.tensor,
        ).fill(loaded)
    loaded.signatures = MappingProxyType(
        {
            name: SavedSignature(name, signature, model.scope)
            for name, signature in sorted(meta_graph_def.signature_def.items())
            if name not in _RESERVED
        }
    )
    loaded.variables = variables
    loaded.graph = model.graph
    loaded.asset_paths = list(paths.values())
    info = meta_graph_def.meta_info_def
    loaded.tensorflow_version = info.tensorflow_version
    loaded.tensorflow_git_version = info.tensorflow_git_version
    _prepare(meta_graph_def, model, loaded.asset_paths)
    return loaded


def save(
    obj: Any,
    export_dir: Folder,
    signatures: Any = None,
    options: SaveOptions | None = None,
) -> NoReturn:
    """Say how models are saved.

    Raises:
        UnimplementedError: Always.
    """
    asked = f"{type(obj).__name__}, signatures {signatures}, options {options}"
    raise UnimplementedError(
        None,
        None,
        f"tf.saved_model.save, for trees of objects, is not built ({asked}): nothing "
        f"was saved to '{os.fsdecode(export_dir)}'. Save graphs with "
        "tf.saved_model.simple_save or tf.saved_model.Builder.",
    )


def _with_tags(
    message: SavedModel, tags: str | Iterable[str] | None, folder: str
) -> MetaGraphDef:
    """Return the MetaGraph that tags, or their absence, choose."""
    found = [list(m.meta_info_def.tags) for m in message.meta_graphs]
    if tags is None:
        if len(found) != 1:
            raise ValueError(
                "Importing a SavedModel with `tf.saved_model.load` requires a `tags=` "
                "argument if there is more than one MetaGraph. Got `tags=None`, but "
                f"there are {len(found)} MetaGraphs in the SavedModel with tag sets: "
                f"{found}. Pass a `tags=` argument to load this SavedModel."
            )
        return message.meta_graphs[0]
    wanted = [tags] if isinstance(tags, str) else list(tags)
    for meta_graph_def, names in zip(message.meta_graphs, found, strict=True):
        if set(names) == set(wanted):
            return meta_graph_def
    if len(found) == 1:
        raise ValueError(
            f"Got an incompatible argument to `tags`: {wanted}. The SavedModel at "
            f"{folder} has one MetaGraph with tags {found[0]}. You may omit the "
            "argument, pass 'None', or pass matching tags."
        )
    raise ValueError(
        f"The SavedModel at {folder} has no MetaGraph with tags {wanted}; there are "
        f"{found}."
    )


def _objects_in(prefix: str) -> TrackableObjectGraph:
    return stored_objects(CheckpointReader(prefix)) or TrackableObjectGraph()


def _prepare(meta_graph_def: MetaGraphDef, model: Import, paths: list[Tensor]) -> None:
    """Let `tf.tables_initializer` prepare the model."""
    for path in paths:
        add_to_collection(GraphKeys.ASSET_FILEPATHS, path)
    name = init_op_name(meta_graph_def)
    if name is not None:
        operation = model[name.partition(":")[0]]
        add_to_collection(GraphKeys.TABLE_INITIALIZERS, operation)
