"""`tf.train.Checkpoint`: saves objects by their names in a tree, not in the graph.

# TF: adds other nodes. The files are the same.

Source: tensorflow python/checkpoint/checkpoint.py CheckpointV1, TrackableSaver.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from metagraft.api.constants import constant
from metagraft.api.state import assign_add
from metagraft.api.variables import Variable, make_variable
from metagraft.errors import UnimplementedError
from metagraft.formats import checkpoint_state
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.defaults import executing_eagerly, get_default_session
from metagraft.graph.dtypes import int64
from metagraft.graph.scopes import device, name_scope
from metagraft.graph.tensor import Tensor
from metagraft.training.checkpoint_options import CheckpointOptions, checked_options
from metagraft.training.checkpoint_reader import CheckpointReader
from metagraft.training.divided_save import add_divided_save
from metagraft.training.object_checkpoint import OBJECT_GRAPH_KEY, stored_objects
from metagraft.training.object_tree import ObjectTree, is_tracked
from metagraft.training.restored_objects import (
    LoadStatus,
    MatchStatus,
    NameStatus,
    NothingStatus,
)
from metagraft.training.saveables import SaveableObject, SaveSpec, saveable_objects
from metagraft.training.saver_ops import BulkSaverBuilder


class Checkpoint:
    """Objects that are saved together: variables, tables, and what has variables.

    Attributes that are set on it are part of it, by their names: variables, tables that
    change, layers, templates, optimizers with their slots, other checkpoints, and
    lists, tuples and dictionaries of these.
    """

    _save_counter: Variable | None
    _saver: _ObjectSaver

    def __init__(self, **kwargs: Any) -> None:
        """Put objects together; they become attributes.

        Raises:
            ValueError: Something has no variables to save.
            UnimplementedError: Eager execution is on.
        """
        if executing_eagerly():
            raise UnimplementedError(
                None, None, "Checkpoint is for graphs; eager execution has no variables"
            )
        object.__setattr__(self, "_save_counter", None)
        object.__setattr__(self, "_increment", None)
        object.__setattr__(self, "_saver", _ObjectSaver(self))
        for name, value in sorted(kwargs.items()):
            if not is_tracked(value):
                raise ValueError(
                    "`Checkpoint` was expecting a trackable object (an object derived "
                    f"from `Trackable`), got {value}. Variables, tables, layers, "
                    "templates, optimizers, checkpoints, and lists, tuples and "
                    "dictionaries of them are such."
                )
            setattr(self, name, value)

    def tracked(self) -> Mapping[str, Any]:
        """Return what is saved with it, by name."""
        own = {"_save_counter", "_increment", "_saver"}
        found = {
            name: value
            for name, value in vars(self).items()
            if name not in own and is_tracked(value)
        }
        if self._save_counter is not None:
            found["save_counter"] = self._save_counter
        return found

    @property
    def save_counter(self) -> Variable:
        """A variable that counts the saves; made when it is first asked for."""
        if self._save_counter is None:
            with device("/cpu:0"):
                counter = make_variable(
                    0,
                    name="save_counter",
                    dtype=int64,
                    trainable=False,
                    use_resource=True,
                )
            object.__setattr__(self, "_save_counter", counter)
        assert self._save_counter is not None
        return self._save_counter

    def write(
        self,
        file_prefix: str | os.PathLike[str],
        session: Any = None,
        options: Any = None,
    ) -> str:
        """Write the objects; neither counted nor listed in a state file.

        Args:
            file_prefix: Prefix of the files.
            session: The session; by default the default session.
            options: A `CheckpointOptions`.

        Returns:
            The prefix.

        Raises:
            RuntimeError: There is no session.
        """
        chosen = checked_options(options)
        path = self._saver.save(os.fspath(file_prefix), session, chosen)
        chosen.call_back(path)
        return path

    def save(
        self,
        file_prefix: str | os.PathLike[str],
        session: Any = None,
        options: Any = None,
    ) -> str:
        """Write the objects under the next number, and list them in a state file.

        Args:
            file_prefix: Prefix of the files, without the number.
            session: The session; by default the default session.
            options: A `CheckpointOptions`.

        Returns:
            The prefix, with the number.

        Raises:
            RuntimeError: There is no session.
        """
        checked_options(options)
        prefix = os.fspath(file_prefix)
        running = session_or_default(session, prefix)
        if self._save_counter is None:
            running.run(self.save_counter.initializer)
        number = int(running.run(self.incremented()))
        path = self.write(f"{prefix}-{number}", running, options)
        folder = os.path.dirname(prefix)  # noqa: PTH120 - may be a URL
        checkpoint_state.write_state(folder, path, [path], saves_relative_paths=True)
        return path

    def restore(self, save_path: str | os.PathLike[str] | None) -> LoadStatus:
        """Prepare to restore the objects; the status that is returned does it.

        Args:
            save_path: Prefix of a checkpoint of objects, or of a saver, whose variables
                are found by their names in the graph; None if there is none yet.

        Returns:
            What says whether all fits, and restores.

        Raises:
            NotFoundError: There is no checkpoint of this prefix.
        """
        status: LoadStatus
        if save_path is None:
            status = NothingStatus(self)
        else:
            reader = CheckpointReader(save_path)
            stored = stored_objects(reader)
            if stored is None:
                status = NameStatus(self, reader, optional=[self.save_counter])
            else:
                status = MatchStatus(self, stored, os.fspath(save_path))
        _ = self.save_counter  # so that it is initialised with the other variables
        return status

    def incremented(self) -> Tensor:
        """Return the tensor that adds one to the counter."""
        found: Tensor | None = vars(self)["_increment"]
        if found is None:
            found = assign_add(self.save_counter, 1)
            object.__setattr__(self, "_increment", found)
        return found


def session_or_default(session: Any, prefix: str) -> Any:
    """Return a session.

    Raises:
        RuntimeError: There is none.
    """
    found = get_default_session() if session is None else session
    if found is None:
        raise RuntimeError(
            f'Unable to save checkpoint to "{prefix}" in graph mode without a default '
            "session. Please use `with tf.Session():` to create a session."
        )
    return found


class _ObjectSaver:
    """The nodes that save a tree; added again when the tree has changed."""

    def __init__(self, root: Checkpoint) -> None:
        self._root = root
        self._saved_graph: tuple[bytes, str | None, Any] | None = None
        self._prefix: Any = None
        self._description: Any = None
        self._states: dict[str, Any] = {}
        self._saved: Any = None

    def save(self, prefix: str, session: Any, options: CheckpointOptions) -> str:
        running = session_or_default(session, prefix)
        with running.graph.as_default():
            tree = ObjectTree.below(self._root)
            described = tree.to_proto().SerializeToString(deterministic=True)
            policy = options.experimental_sharding_callback
            wanted = described, options.experimental_io_device, policy
            if wanted != self._saved_graph:
                self._add_nodes(tree, options)
                self._saved_graph = wanted
        feeds = {self._prefix: prefix, self._description: described}
        for key, state in tree.states().items():
            feeds[self._states[key]] = state.serialize()
        running.run(self._saved, feeds)
        return prefix

    def _add_nodes(self, tree: ObjectTree, options: CheckpointOptions) -> None:
        with name_scope("checkpoint"):
            with device("/cpu:0"):
                self._prefix = constant("", name="prefix")
                self._description = constant("", name="objects")
                self._states = {
                    key: constant("", name="state") for key in tree.states()
                }
            strings = {**self._states, OBJECT_GRAPH_KEY: self._description}
            saveables = [
                *(
                    SaveableObject(value, [SaveSpec(value, "", key)], key)
                    for key, value in strings.items()
                ),
                *saveable_objects(tree.saved()),
            ]
            policy = options.experimental_sharding_callback
            where = options.experimental_io_device
            if policy is None:
                with device(where):
                    saved = BulkSaverBuilder().save_op(self._prefix, saveables)
            else:
                # In this order files are filled.
                keys = [*tree.saved(), *strings]
                places = {key: place for place, key in enumerate(keys)}
                saveables.sort(key=lambda saveable: places[saveable.name])
                saved = add_divided_save(self._prefix, saveables, policy, where)
            self._saved = with_dependencies([saved], self._prefix)
