"""`Saver`: saves and restores variables, and keeps the newest checkpoints.

The nodes that do the work are in `saver_ops.py`; a session runs them.

Source: tensorflow python/training/saver.py.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from metagraft.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    OpError,
    UnimplementedError,
)
from metagraft.formats import checkpoint_paths, checkpoint_state, files
from metagraft.graph.defaults import executing_eagerly, get_default_graph
from metagraft.graph.scope_names import prepend_name_scope, strip_name_scope
from metagraft.meta_graph.export import export_meta_graph
from metagraft.proto import MetaGraphDef, SaverDef
from metagraft.proto.coercion import as_message
from metagraft.runtime.session import BaseSession
from metagraft.training import checkpoint_management, object_checkpoint
from metagraft.training.restore_mismatch import mismatches
from metagraft.training.saveables import saveable_objects_of
from metagraft.training.saver_ops import BaseSaverBuilder, BulkSaverBuilder

_log = logging.getLogger(__name__)

_SECONDS_PER_HOUR: Final = 3600.0
_STARS: Final = "*" * 55
# Six lines, as in TensorFlow's logs.
_V1_BANNER: Final = (
    _STARS,
    "TensorFlow's V1 checkpoint format has been deprecated.",
    "Consider switching to the more efficient V2 format:",
    "   `tf.train.Saver(write_version=tf.train.SaverDef.V2)`",
    "now on by default.",
    _STARS,
)
_DEFINITION_NAMES: Final = (
    "filename_tensor_name",
    "save_tensor_name",
    "restore_op_name",
)


class Saver:
    """Saves variables to checkpoints and restores them.

    A checkpoint is a set of files with a common prefix. `save` also writes the graph
    (`<prefix>.meta`) and the state file `checkpoint`, which lists the newest ones.
    """

    def __init__(
        self,
        var_list: Any = None,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = 10000.0,
        name: str | None = None,
        restore_sequentially: bool = False,
        saver_def: Any = None,
        builder: BaseSaverBuilder | None = None,
        defer_build: bool = False,
        allow_empty: bool = False,
        write_version: int = SaverDef.V2,
        pad_step_number: bool = False,
        save_relative_paths: bool = False,
        filename: str | None = None,
    ) -> None:
        """Make a saver, and add its nodes to the default graph.

        Args:
            var_list: Variables and saveable objects, as a list or by the names that
                they have in checkpoints; None for all of the graph.
            reshape: Whether values of another shape, but as many elements, fit.
            sharded: Whether every device writes a file of its own.
            max_to_keep: How many of the newest checkpoints are kept; None and 0 for
                all.
            keep_checkpoint_every_n_hours: How often a checkpoint is kept for good.
            name: Name scope of the nodes, `save` by default; with `saver_def`, the
                scope that its nodes were imported into.
            restore_sequentially: Values are always read one after the other.
            saver_def: Use the nodes of an earlier saver, of which this is the
                definition, and add none.
            builder: What adds the nodes; by default a `BulkSaverBuilder`.
            defer_build: Whether nodes are added by `build`, not here.
            allow_empty: Whether a saver without variables does nothing, instead of
                being an error.
            write_version: Format of the checkpoints that are saved, `SaverDef.V2` or
                `SaverDef.V1`; both are restored.
            pad_step_number: Whether step numbers in names have eight digits.
            save_relative_paths: Whether the state file has paths relative to itself.
            filename: What the placeholder of the file name holds unless it is fed.

        Raises:
            TypeError: `var_list` holds something that is no variable.
            ValueError: Names are not unique, there are no variables, or arguments
                contradict each other.
            RuntimeError: Eager execution is on.
        """
        if defer_build and var_list:
            raise ValueError(
                "If `var_list` is provided then build cannot be deferred. Either set "
                "defer_build=False or var_list=None."
            )
        _check_mode(var_list)
        # TF: deletes every checkpoint, the newest included.
        if max_to_keep is not None and max_to_keep < 0:
            raise ValueError(f"max_to_keep must not be negative, got {max_to_keep}.")
        self._var_list = var_list
        self._reshape = reshape
        self._sharded = sharded
        self._max_to_keep = max_to_keep
        self._keep_every_hours = keep_checkpoint_every_n_hours
        self._name = name
        self._restore_sequentially = restore_sequentially
        self._builder = builder
        self._is_built = False
        self._allow_empty = allow_empty
        self._is_empty = False
        self._write_version = write_version
        self._pad_step_number = pad_step_number
        self._save_relative_paths = save_relative_paths
        self._filename = filename
        self._last_checkpoints: list[tuple[str, float]] = []
        self._to_be_deleted: list[tuple[str, float]] = []
        self._next_kept_at = math.inf
        self._object_saver: Saver | None = None
        self.saver_def: SaverDef | None = _as_saver_def(saver_def)
        if not defer_build:
            self.build()

    def build(self) -> None:
        """Add the saver's nodes to the default graph, unless they are there."""
        if self._is_built:
            return
        self._is_built = True
        if self.saver_def is None:
            if not self._find_variables():
                return
            self.saver_def = self._add_nodes()
        elif self._name:
            # TF: changes the definition that was passed in.
            self.saver_def = _renamed(self.saver_def, prepend_name_scope, self._name)
        _check_complete(self.saver_def)
        self._write_version = self.saver_def.version
        hours = self.saver_def.keep_checkpoint_every_n_hours
        self._next_kept_at = time.time() + hours * _SECONDS_PER_HOUR

    def _find_variables(self) -> bool:
        if self._var_list is None:
            self._var_list = saveable_objects_of(get_default_graph())
        if self._var_list:
            return True
        if not self._allow_empty:
            raise ValueError("No variables to save")
        self._is_empty = True
        return False

    def _add_nodes(self) -> SaverDef:
        if self._builder is None:
            self._builder = BulkSaverBuilder(self._write_version)
        return self._builder.build(
            self._var_list,
            reshape=self._reshape,
            sharded=self._sharded,
            max_to_keep=self._max_to_keep,
            keep_checkpoint_every_n_hours=self._keep_every_hours,
            name=self._name,
            restore_sequentially=self._restore_sequentially,
            filename=self._filename,
        )

    # -- its definition ---------------------------------------------------------------

    def as_saver_def(self) -> SaverDef | None:
        """Return the definition; None for a saver without variables."""
        return self.saver_def

    def to_proto(self, export_scope: str | None = None) -> SaverDef | None:
        """Return the definition, or None if its nodes are not in the scope."""
        definition = self.saver_def
        if export_scope is None or definition is None:
            return definition
        names = [getattr(definition, field) for field in _DEFINITION_NAMES]
        if not all(name.startswith(export_scope) for name in names):
            return None
        return _renamed(definition, strip_name_scope, export_scope)

    @staticmethod
    def from_proto(saver_def: Any, import_scope: str | None = None) -> Saver:
        """Return a saver that uses the nodes that a definition names.

        Args:
            saver_def: The definition; not changed.
            import_scope: Scope that the nodes were imported into.
        """
        return Saver(saver_def=saver_def, name=import_scope)

    # -- the newest checkpoints -------------------------------------------------------

    @property
    def last_checkpoints(self) -> list[str]:
        """Prefixes of the checkpoints that are kept, oldest first."""
        return [prefix for prefix, _ in self._last_checkpoints]

    def set_last_checkpoints(self, last_checkpoints: Sequence[str]) -> None:
        """Set the list of kept checkpoints; these are never deleted."""
        assert isinstance(last_checkpoints, list)
        self._last_checkpoints = [(prefix, np.inf) for prefix in last_checkpoints]

    def set_last_checkpoints_with_time(
        self, last_checkpoints_with_time: Sequence[tuple[str, float]]
    ) -> None:
        """Set the list of kept checkpoints, with when they were written."""
        assert isinstance(last_checkpoints_with_time, list)
        self._last_checkpoints = last_checkpoints_with_time

    def recover_last_checkpoints(self, checkpoint_paths: Iterable[str]) -> None:
        """Set the list of kept checkpoints to those of the given ones that exist."""
        found = []
        for path in checkpoint_paths:
            times = checkpoint_management.get_checkpoint_mtimes([path])
            if times:
                found.append((path, times[0]))
        self.set_last_checkpoints_with_time(found)

    def _record(self, prefix: str) -> None:
        limit = self._definition.max_to_keep
        if not limit:
            return
        kept = [entry for entry in self._last_checkpoints if entry[0] != prefix]
        kept.append((prefix, time.time()))
        if len(kept) > limit:
            self._to_be_deleted.append(kept.pop(0))
        self._last_checkpoints = kept

    def _delete_oldest(self, meta_graph_suffix: str) -> None:
        """Delete one checkpoint that is no longer kept, unless it is for good."""
        if not self._to_be_deleted:
            return
        prefix, written_at = self._to_be_deleted.pop(0)
        if written_at > self._next_kept_at:
            hours = self._definition.keep_checkpoint_every_n_hours
            self._next_kept_at += hours * _SECONDS_PER_HOUR
            return
        try:
            checkpoint_management.remove_checkpoint(
                prefix, self._definition.version, meta_graph_suffix
            )
        except (OpError, OSError) as error:
            _log.warning("Ignoring: %s", error)

    # -- saving -----------------------------------------------------------------------

    def save(
        self,
        sess: Any,
        save_path: str | os.PathLike[str],
        global_step: Any = None,
        latest_filename: str | None = None,
        meta_graph_suffix: str = "meta",
        write_meta_graph: bool = True,
        write_state: bool = True,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> str | None:
        """Save the variables of a session, and the graph.

        Args:
            sess: The session.
            save_path: Prefix of the files.
            global_step: Number, tensor or name of a tensor; added to the prefix.
            latest_filename: Name of the state file, `checkpoint` by default.
            meta_graph_suffix: Extension of the MetaGraph file.
            write_meta_graph: Whether the graph is written.
            write_state: Whether the state file is written and old checkpoints deleted.
            strip_default_attrs: Whether the graph is written without attributes that
                equal their default.
            save_debug_info: Whether a file tells where the graph's nodes were made.

        Returns:
            The prefix of the checkpoint; None if there are no variables.

        Raises:
            TypeError: `sess` is no session, or the step no number.
            ValueError: `latest_filename` has a folder or is the name of the checkpoint.
            RuntimeError: The saver is not built, or the session closed.
            FailedPreconditionError: A variable has no value.
        """
        if not self._is_built:
            raise RuntimeError(
                "`build()` should be called before save if defer_build==True"
            )
        if self._write_version == SaverDef.V1:
            for line in _V1_BANNER:
                _log.warning(line)
        state_name = "checkpoint" if latest_filename is None else latest_filename
        if os.path.split(state_name)[0]:
            raise ValueError("'latest_filename' must not contain path components")
        path = _as_text_path(save_path)
        prefix = self._prefix(sess, path, global_step, state_name)
        if not isinstance(sess, BaseSession):
            raise TypeError(f"'sess' must be a Session; {sess}")
        saved_prefix: str | None = None
        if not self._is_empty:
            saved_prefix = self._run_save(sess, prefix, path)
            if write_state:
                self._write_state(saved_prefix, path, state_name, meta_graph_suffix)
        if write_meta_graph:
            with sess.graph.as_default():
                self.export_meta_graph(
                    checkpoint_management.meta_graph_filename(
                        prefix, meta_graph_suffix
                    ),
                    strip_default_attrs=strip_default_attrs,
                    save_debug_info=save_debug_info,
                )
        return saved_prefix

    def _prefix(self, sess: Any, path: str, global_step: Any, state_name: str) -> str:
        if global_step is None:
            if path.rpartition("/")[2] == state_name and not self._sharded:
                raise ValueError(
                    "'latest_filename' collides with 'save_path': "
                    f"'{state_name}' and '{path}'"
                )
            return path
        if not isinstance(global_step, int | np.integer):
            global_step = int(sess.run(global_step))
        step = int(global_step)
        return f"{path}-{step:08d}" if self._pad_step_number else f"{path}-{step:d}"

    def _run_save(self, sess: BaseSession, prefix: str, path: str) -> str:
        definition = self._definition
        try:
            saved = sess.run(
                definition.save_tensor_name, {definition.filename_tensor_name: prefix}
            )
        except (AlreadyExistsError, FailedPreconditionError, NotFoundError) as error:
            folder = path.rpartition("/")[0]
            if folder and not files.is_folder(folder):
                raise ValueError(
                    f"Parent directory of {path} doesn't exist, can't save."
                ) from error
            raise
        value = saved.item() if isinstance(saved, np.ndarray) else saved
        return value.decode() if isinstance(value, bytes) else str(value)

    def _write_state(
        self, prefix: str, path: str, state_name: str, meta_graph_suffix: str
    ) -> None:
        self._record(prefix)
        checkpoint_state.write_state(
            path.rpartition("/")[0] or ("/" if path.startswith("/") else ""),
            prefix,
            self.last_checkpoints,
            latest_filename=state_name,
            saves_relative_paths=self._save_relative_paths,
        )
        self._delete_oldest(meta_graph_suffix)

    def export_meta_graph(
        self,
        filename: str | os.PathLike[str] | None = None,
        collection_list: Sequence[Any] | None = None,
        as_text: bool = False,
        export_scope: str | None = None,
        clear_devices: bool = False,
        clear_extraneous_savers: bool = False,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> MetaGraphDef:
        """Export the default graph with this saver; arguments as the function's."""
        graph, nodes = get_default_graph(), None
        if export_scope or clear_devices or clear_extraneous_savers:
            # As in TensorFlow, the nodes are those of a message of the whole graph:
            # only so do shapes inside functions come along, and inputs say `x`.
            if len(graph.functions):
                nodes = graph.as_graph_def(add_shapes=True)
            elif graph.input_spellings.told:
                graph.infer_all_shapes()
                nodes = graph.stored_message
        return export_meta_graph(
            filename=filename,
            graph_def=nodes,
            saver_def=self.saver_def,
            collection_list=collection_list,
            as_text=as_text,
            export_scope=export_scope,
            clear_devices=clear_devices,
            clear_extraneous_savers=clear_extraneous_savers,
            strip_default_attrs=strip_default_attrs,
            save_debug_info=save_debug_info,
        )

    # -- restoring --------------------------------------------------------------------

    def restore(self, sess: Any, save_path: str | os.PathLike[str] | None) -> None:
        """Restore variables in a session; they need no value before.

        Args:
            sess: The session.
            save_path: Prefix of the checkpoint, as `save` or `latest_checkpoint`
                returned it; any of its files will do.

        Raises:
            ValueError: There is no checkpoint of this prefix.
            NotFoundError: The checkpoint lacks a variable; names all that it lacks.
            InvalidArgumentError: A variable has another type or shape.
        """
        if self._is_empty:
            return
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        prefix = checkpoint_paths.prefix_of(_as_text_path(save_path))
        if not checkpoint_management.checkpoint_exists(prefix):
            raise ValueError(
                f"The passed save_path is not a valid checkpoint: {prefix}"
            )
        _log.info("Restoring parameters from %s", prefix)
        definition = self._definition
        try:
            sess.run(
                definition.restore_op_name, {definition.filename_tensor_name: prefix}
            )
        except NotFoundError as error:
            names_to_keys = object_checkpoint.names_to_keys(prefix)
            if names_to_keys is None:
                raise _explained(
                    error,
                    "a Variable name or other graph key that is missing",
                    mismatches(sess.graph, definition.restore_op_name, prefix),
                ) from error
            self._restore_by_object_keys(sess, prefix, names_to_keys)
        except InvalidArgumentError as error:
            raise _explained(
                error,
                "a mismatch between the current graph and the graph",
                mismatches(sess.graph, definition.restore_op_name, prefix),
            ) from error

    def _restore_by_object_keys(
        self, sess: Any, prefix: str, names_to_keys: Mapping[str, str]
    ) -> None:
        _log.warning(
            "Restoring an object-based checkpoint using a name-based saver. This may "
            "be somewhat fragile, and will re-build the Saver."
        )
        with sess.graph.as_default():
            saveables = object_checkpoint.saveables_by_key(
                self._var_list
                if self._var_list is not None
                else saveable_objects_of(sess.graph),
                names_to_keys,
                prefix,
            )
            if self._object_saver is None:
                self._object_saver = Saver(saveables)
        self._object_saver.restore(sess, prefix)

    @property
    def _definition(self) -> SaverDef:
        if self.saver_def is None:
            raise RuntimeError(
                "`build()` should be called before save if defer_build==True"
            )
        return self.saver_def


def _check_mode(var_list: Any) -> None:
    if not executing_eagerly():
        return
    if var_list is None:
        raise RuntimeError(
            "When eager execution is enabled, `var_list` must specify a list or dict "
            "of variables to save"
        )
    raise UnimplementedError(
        None, None, "Saver is for graphs; eager execution has no variables here."
    )


def _as_saver_def(value: Any) -> SaverDef | None:
    if value is None:
        return None
    try:
        return as_message(value, SaverDef)
    except TypeError:
        raise ValueError(f"saver_def must be a saver_pb2.SaverDef: {value}") from None


def _check_complete(definition: SaverDef) -> None:
    for field in ("save_tensor_name", "restore_op_name"):
        if not getattr(definition, field):
            raise ValueError(f"saver_def must specify the {field}: {definition}")


def _renamed(
    definition: SaverDef, rename: Callable[[str, str | None], str], scope: str
) -> SaverDef:
    renamed = SaverDef()
    renamed.CopyFrom(definition)
    for field in _DEFINITION_NAMES:
        setattr(renamed, field, rename(getattr(renamed, field), scope))
    return renamed


def _as_text_path(path: Any) -> str:
    if isinstance(path, bytes):
        return path.decode()
    if isinstance(path, str | os.PathLike):
        return os.fspath(path)
    raise TypeError(f"Expected binary or unicode string, got {path!r}")


def _explained(
    error: NotFoundError | InvalidArgumentError, reason: str, details: str = ""
) -> NotFoundError | InvalidArgumentError:
    return type(error)(
        error.node_def,
        error.op,
        "Restoring from checkpoint failed. This is most likely due to "
        f"{reason} from the checkpoint. Please ensure that you have not altered the "
        "graph expected based on the checkpoint. Original error:\n\n"
        f"{error.message}{details}",
    )
