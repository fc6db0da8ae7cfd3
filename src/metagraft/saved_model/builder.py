"""`SavedModelBuilder`: MetaGraphs and one set of variables as a SavedModel.

Source: tensorflow python/saved_model/builder_impl.py.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final

from metagraft.formats import files
from metagraft.formats.saved_model_dir import (
    SAVED_MODEL_SCHEMA_VERSION,
    VARIABLES_DIRECTORY,
    Folder,
    path_in,
    variables_prefix,
    write_saved_model,
)
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.keys import GraphKeys
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import add_to_collection, get_collection
from metagraft.proto import (
    DataType,
    MetaGraphDef,
    SavedModel,
    SaverDef,
    SignatureDef,
    TensorInfo,
)
from metagraft.proto.coercion import as_message
from metagraft.saved_model import assets, keys
from metagraft.saved_model.signatures import predict_signature_def
from metagraft.training.saveables import saveable_objects_of
from metagraft.training.saver import Saver

_log = logging.getLogger(__name__)

_RESERVED: Final = {
    keys.INIT_OP_SIGNATURE_KEY: "initialization",
    keys.TRAIN_OP_SIGNATURE_KEY: "the train op",
}


class SavedModelBuilder:
    """Puts MetaGraphs, variables and assets into the folder of a SavedModel.

    The first MetaGraph is added with the variables, further ones without; each has its
    own set of tags. `save` writes the file that lists them.
    """

    def __init__(self, export_dir: Folder) -> None:
        """Start an empty SavedModel.

        Args:
            export_dir: Its folder; made if it does not exist.

        Raises:
            AssertionError: The folder is not empty.
        """
        self._saved_model = SavedModel(
            saved_model_schema_version=SAVED_MODEL_SCHEMA_VERSION
        )
        self._export_dir = os.fsdecode(export_dir)
        self._has_saved_variables = False
        self._copied_assets: set[str] = set()
        if not files.exists(self._export_dir):
            files.make_folders(self._export_dir)
        elif files.list_folder(self._export_dir):
            raise AssertionError(
                f"Export directory {self._export_dir} already exists, and isn't empty. "
                "Please choose a different export directory, or delete all the "
                "contents of the specified directory."
            )

    def add_meta_graph(
        self,
        tags: Iterable[str],
        signature_def_map: Mapping[str, Any] | None = None,
        assets_collection: Iterable[Any] | None = None,
        legacy_init_op: Operation | None = None,
        clear_devices: bool = False,
        main_op: Operation | None = None,
        strip_default_attrs: bool = False,
        saver: Saver | None = None,
    ) -> None:
        """Add the default graph; its variables are those of the first MetaGraph.

        Args:
            tags: What identifies the MetaGraph.
            signature_def_map: `SignatureDef` messages by name.
            assets_collection: Constants that hold paths of files to copy.
            legacy_init_op: The older name of `main_op`.
            clear_devices: Whether nodes go without devices.
            main_op: Operation to run after a loaded model is restored.
            strip_default_attrs: Whether attributes that equal their default are left
                out.
            saver: What restores the variables; by default a sharded saver of all.

        Raises:
            AssertionError: No MetaGraph with variables was added before, or a
                signature's tensor has no name or no type.
            KeyError: A signature has a reserved name.
            ValueError: The graph has an operation to run after loading already.
            TypeError: `main_op` is no operation, or an asset no constant.
        """
        if not self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has not been saved yet. "
                "Please invoke `add_meta_graph_and_variables()` first."
            )
        signatures = _checked_signatures(signature_def_map)
        self._add_to_graph(
            assets_collection, main_op if main_op is not None else legacy_init_op
        )
        self._add(
            saver or _saver_of_all(),
            tags,
            signatures,
            clear_devices=clear_devices,
            strip_default_attrs=strip_default_attrs,
        )

    def add_meta_graph_and_variables(
        self,
        sess: Any,
        tags: Iterable[str],
        signature_def_map: Mapping[str, Any] | None = None,
        assets_collection: Iterable[Any] | None = None,
        legacy_init_op: Operation | None = None,
        clear_devices: bool = False,
        main_op: Operation | None = None,
        strip_default_attrs: bool = False,
        saver: Saver | None = None,
    ) -> None:
        """Add the default graph, and the variables of a session.

        Args:
            sess: The session.
            tags: What identifies the MetaGraph.
            signature_def_map: `SignatureDef` messages by name.
            assets_collection: Constants that hold paths of files to copy.
            legacy_init_op: The older name of `main_op`.
            clear_devices: Whether nodes go without devices.
            main_op: Operation to run after a loaded model is restored.
            strip_default_attrs: Whether attributes that equal their default are left
                out.
            saver: What saves the variables; by default a sharded saver of all.

        Raises:
            AssertionError: A MetaGraph with variables was added before, or a
                signature's tensor has no name or no type.
            KeyError: A signature has a reserved name.
            ValueError: The graph has an operation to run after loading already.
            TypeError: `main_op` is no operation, or an asset no constant.
        """
        if self._has_saved_variables:
            raise AssertionError(
                "Graph state including variables and assets has already been saved. "
                "Please invoke `add_meta_graph()` instead."
            )
        signatures = _checked_signatures(signature_def_map)
        self._add_to_graph(
            assets_collection, main_op if main_op is not None else legacy_init_op
        )
        files.make_folders(path_in(self._export_dir, VARIABLES_DIRECTORY))
        saver = saver or _saver_of_all()
        saver.save(
            sess,
            variables_prefix(self._export_dir),
            write_meta_graph=False,
            write_state=False,
        )
        self._add(
            saver,
            tags,
            signatures,
            clear_devices=clear_devices,
            strip_default_attrs=strip_default_attrs,
        )
        self._has_saved_variables = True

    def save(
        self,
        as_text: bool = False,
        experimental_image_format: bool = False,
        experimental_image_writer_options: Any = None,
    ) -> bytes:
        """Write the file that lists the MetaGraphs, and return its path.

        Args:
            as_text: Text format instead of binary.
            experimental_image_format: Whether the file is in chunks; it cannot be.
            experimental_image_writer_options: How such a file is written.

        Raises:
            RuntimeError: A file in chunks is asked for.
        """
        if not as_text and (
            experimental_image_format or experimental_image_writer_options is not None
        ):
            raise RuntimeError(
                "No proto_splitter is provided, cannot use experimental_image_format."
            )
        path = write_saved_model(self._saved_model, self._export_dir, as_text=as_text)
        _log.info("SavedModel written to: %s", path)
        return os.fsencode(path)

    def _add_to_graph(
        self, asset_tensors: Iterable[Any] | None, main_op: Operation | None
    ) -> None:
        paths = assets.add_assets_to_graph(asset_tensors)
        assets.copy_assets(paths, self._export_dir, self._copied_assets)
        _add_main_op(main_op)

    def _add(
        self,
        saver: Saver,
        tags: Iterable[str],
        signatures: Mapping[str, SignatureDef],
        *,
        clear_devices: bool,
        strip_default_attrs: bool,
    ) -> None:
        meta_graph_def: MetaGraphDef = saver.export_meta_graph(
            clear_devices=clear_devices, strip_default_attrs=strip_default_attrs
        )
        meta_graph_def.meta_info_def.tags.extend(tags)
        for name, signature in signatures.items():
            meta_graph_def.signature_def[name].CopyFrom(signature)
        self._saved_model.meta_graphs.append(meta_graph_def)


def simple_save(
    session: Any,
    export_dir: Folder,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    legacy_init_op: Operation | None = None,
) -> None:
    """Write a SavedModel for serving: the default graph with one signature.

    Assets are those of the collection `GraphKeys.ASSET_FILEPATHS`.

    Args:
        session: The session whose variables are saved.
        export_dir: The folder.
        inputs: Tensors by the names of the signature's inputs.
        outputs: Tensors by the names of its outputs.
        legacy_init_op: Operation to run after the model is restored.

    Source: tensorflow python/saved_model/simple_save.py.
    """
    signature = predict_signature_def(inputs, outputs)
    builder = SavedModelBuilder(export_dir)
    builder.add_meta_graph_and_variables(
        session,
        tags=[keys.SERVING],
        signature_def_map={keys.DEFAULT_SERVING_SIGNATURE_DEF_KEY: signature},
        assets_collection=get_collection(GraphKeys.ASSET_FILEPATHS),
        main_op=legacy_init_op,
        clear_devices=True,
    )
    builder.save()


def _saver_of_all() -> Saver:
    return Saver(
        saveable_objects_of(get_default_graph()),
        sharded=True,
        write_version=SaverDef.V2,
        allow_empty=True,
    )


def _add_main_op(main_op: Any) -> None:
    if main_op is None:
        return
    if not isinstance(main_op, Operation):
        raise TypeError(
            f"Expected {main_op} to be an Operation but got type {type(main_op)} "
            "instead."
        )
    for key in (keys.MAIN_OP_KEY, keys.LEGACY_INIT_OP_KEY):
        if get_collection(key):
            raise ValueError(
                f"Graph already contains one or more main ops under the collection "
                f"{key}."
            )
    add_to_collection(keys.MAIN_OP_KEY, main_op)


def _checked_signatures(given: Mapping[str, Any] | None) -> dict[str, SignatureDef]:
    """Return signatures as messages of ours; see the errors of the builder."""
    signatures = {
        name: as_message(signature, SignatureDef)
        for name, signature in (given or {}).items()
    }
    for signature in signatures.values():
        for info in (*signature.inputs.values(), *signature.outputs.values()):
            _check_tensor_info(info)
    for key, purpose in _RESERVED.items():
        if key in signatures:
            raise KeyError(
                f'SignatureDef map key "{key}" is reserved for {purpose}. Please use a '
                "different key."
            )
    return signatures


def _check_tensor_info(info: TensorInfo) -> None:
    encoding = info.WhichOneof("encoding")
    if encoding is None:
        raise AssertionError(
            f"Invalid `tensor_info`: {info}. All TensorInfo protos used in the "
            "SignatureDefs must have one of the 'encoding' fields (e.g., name or "
            "coo_sparse) set."
        )
    if encoding == "composite_tensor":
        for component in info.composite_tensor.components:
            _check_tensor_info(component)
    elif info.dtype == DataType.Value("DT_INVALID"):
        raise AssertionError(
            f"Invalid `tensor_info`: {info}. All TensorInfo protos used in the "
            "SignatureDefs must have the dtype field set."
        )
