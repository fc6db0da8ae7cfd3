"""What `Checkpoint.restore` returns: it says whether all fits, and restores.

Nothing is read before a session runs it, so objects that are added to the tree in
between are restored too.

Source: tensorflow python/checkpoint/checkpoint.py CheckpointLoadStatus,
InitializationOnlyStatus, NameBasedSaverStatus.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final

from metagraft.api.constants import constant
from metagraft.api.variables import Variable
from metagraft.errors import NotFoundError
from metagraft.graph.build.control_flow import group
from metagraft.graph.defaults import get_default_session
from metagraft.graph.scopes import device, name_scope
from metagraft.proto import TrackableObjectGraph
from metagraft.training.checkpoint_reader import CheckpointReader
from metagraft.training.object_tree import Match, ObjectTree
from metagraft.training.python_state import PythonState
from metagraft.training.saveables import SavedByItself, saveable_objects
from metagraft.training.saver_ops import BulkSaverBuilder

_log = logging.getLogger(__name__)

_SHOWN_OBJECTS: Final = 10


class LoadStatus(ABC):
    """What was found in a checkpoint."""

    @abstractmethod
    def assert_consumed(self) -> LoadStatus:
        """Check that the checkpoint and the program have the same variables.

        Raises:
            AssertionError: One has a variable that the other has not.
        """

    @abstractmethod
    def assert_existing_objects_matched(self) -> LoadStatus:
        """Check that the checkpoint has all variables of the program.

        Raises:
            AssertionError: It lacks one.
        """

    @abstractmethod
    def assert_nontrivial_match(self) -> LoadStatus:
        """Check that the checkpoint has something that the program has.

        Raises:
            AssertionError: It has nothing.
        """

    @abstractmethod
    def run_restore_ops(self, session: Any = None) -> None:
        """Restore what the checkpoint has, in a session or the default one."""

    @abstractmethod
    def initialize_or_restore(self, session: Any = None) -> None:
        """Restore what the checkpoint has, and initialise the other variables."""

    def expect_partial(self) -> LoadStatus:
        """Say that not everything is restored on purpose; nothing warns about it."""
        return self


class MatchStatus(LoadStatus):
    """Of a checkpoint of objects."""

    def __init__(self, root: Any, stored: TrackableObjectGraph, prefix: str) -> None:
        """Compare a tree with what a checkpoint describes."""
        self._root = root
        self._stored = stored
        self._restore = _Restore(prefix)
        self._restored_states: list[PythonState] = []
        self._restore_states(self._match())

    def _restore_states(self, match: Match) -> None:
        """Restore states of the program, each once: at first, or when it is found."""
        reader: CheckpointReader | None = None
        for key, state in match.states.items():
            if not any(state is each for each in self._restored_states):
                reader = reader or CheckpointReader(self._restore.prefix)
                self._restored_states.append(state)
                state.deserialize(reader.get_tensor(key))

    def _match(self) -> Match:
        return Match.of(self._stored, self._root)

    def assert_consumed(self) -> MatchStatus:
        """Check that the checkpoint and the program have the same variables."""
        self.assert_existing_objects_matched()
        unused = self._match().unmatched_keys()
        if unused:
            raise AssertionError(
                f"Unresolved object in checkpoint: {len(unused)} values are not used: "
                f"{', '.join(unused[:_SHOWN_OBJECTS])}"
            )
        return self

    def assert_existing_objects_matched(self) -> MatchStatus:
        """Check that the checkpoint has all variables of the program."""
        match = self._match()
        missing = [
            *match.unmatched_variables(),
            *match.unmatched_tables(),
            *match.unmatched_states(),
        ]
        if missing:
            shown = missing[:_SHOWN_OBJECTS]
            raise AssertionError(
                f"Found {len(missing)} Python objects that were not bound to "
                "checkpointed values, likely due to changes in the Python program. "
                f"Showing {len(shown)} of {len(missing)} unmatched objects: {shown}"
            )
        return self

    def assert_nontrivial_match(self) -> MatchStatus:
        """Check that the checkpoint has something that the program has."""
        match = self._match()
        if len(match.numbers) > 1:
            return self
        missing = match.unmatched_variables()
        if not missing:
            raise AssertionError(
                f"Nothing to load. No dependencies have been added to {self._root} yet."
            )
        raise AssertionError(
            "Nothing except the root object matched a checkpointed value. Typically "
            "this means that the checkpoint does not match the Python program. The "
            f"following objects have no matching checkpointed value: {missing}"
        )

    def run_restore_ops(self, session: Any = None) -> None:
        """Restore what the checkpoint has, in a session or the default one."""
        running = _session(session)
        with running.graph.as_default():
            match = self._match()
        self._restore.run(running, match.keys)
        self._restore_states(match)

    def initialize_or_restore(self, session: Any = None) -> None:
        """Restore what the checkpoint has, and initialise the other variables."""
        running = _session(session)
        self.run_restore_ops(running)
        with running.graph.as_default():
            missing = self._match().unmatched_variables()
        running.run([variable.initializer for variable in missing])


class NameStatus(LoadStatus):
    """Of a checkpoint that a saver wrote, with the names of variables in a graph.

    # TF: always asks for the variable that counts saves, too, so that no checkpoint of
    # a saver can be restored in a graph, although the documentation promises it.
    """

    def __init__(
        self, root: Any, reader: CheckpointReader, optional: Sequence[Variable]
    ) -> None:
        """Compare a tree with the names in a checkpoint.

        Args:
            root: The root of the tree.
            reader: The checkpoint.
            optional: Variables that it need not have.
        """
        _log.warning(
            "Restoring a name-based tf.train.Saver checkpoint using the object-based "
            "restore API. This mode uses global names to match variables, and so is "
            "somewhat fragile."
        )
        self._root = root
        self._names = reader.get_variable_to_shape_map()
        self._optional = {id(variable) for variable in optional}
        self._restore = _Restore(reader.prefix)

    def _found(self) -> tuple[dict[str, Variable], list[Variable]]:
        """Return variables by name, and those that the checkpoint lacks."""
        found: dict[str, Variable] = {}
        missing = []
        for variable in ObjectTree.below(self._root).variables().values():
            name = variable._shared_name  # noqa: SLF001 - TensorFlow's name for it
            if name in self._names:
                found[name] = variable
            else:
                missing.append(variable)
        return found, missing

    def _lacking(self) -> list[Variable]:
        missing = self._found()[1]
        return [variable for variable in missing if id(variable) not in self._optional]

    def assert_consumed(self) -> NameStatus:
        """Check that the checkpoint and the program have the same variables."""
        found, lacking = self._found()[0], self._lacking()
        unused = sorted(self._names.keys() - found.keys())
        if lacking or unused:
            raise AssertionError(
                "Some objects had attributes which were not restored: "
                f"{[variable.name for variable in lacking]}; not used in the "
                f"checkpoint: {unused}"
            )
        return self

    def assert_existing_objects_matched(self) -> NameStatus:
        """Check that the checkpoint has all variables of the program."""
        lacking = self._lacking()
        if lacking:
            raise AssertionError(
                f"Object not assigned a value from checkpoint: {lacking}"
            )
        return self

    def assert_nontrivial_match(self) -> NameStatus:
        """Check that the checkpoint has something that the program has."""
        if not self._found()[0]:
            raise AssertionError("Nothing to restore: no variable has a name of it.")
        return self

    def run_restore_ops(self, session: Any = None) -> None:
        """Restore the variables, in a session or the default one.

        Raises:
            NotFoundError: The checkpoint lacks one.
        """
        running = _session(session)
        with running.graph.as_default():
            found = self._found()[0]
            lacking = [variable.name for variable in self._lacking()]
        if lacking:
            raise NotFoundError(
                None,
                None,
                "Restoring from checkpoint failed: a saver wrote it, with the names of "
                f"variables; {', '.join(lacking)} not found in checkpoint",
            )
        self._restore.run(running, found)

    def initialize_or_restore(self, session: Any = None) -> None:
        """Restore the variables; initialise those that it need not have."""
        running = _session(session)
        self.run_restore_ops(running)
        with running.graph.as_default():
            missing = self._found()[1]
        running.run([variable.initializer for variable in missing])


class NothingStatus(LoadStatus):
    """Of no checkpoint: variables are initialised."""

    def __init__(self, root: Any) -> None:
        """Remember the tree."""
        self._root = root

    def assert_consumed(self) -> NothingStatus:
        """Fail: there is no checkpoint."""
        raise _nothing()

    def assert_existing_objects_matched(self) -> NothingStatus:
        """Fail: there is no checkpoint."""
        raise _nothing()

    def assert_nontrivial_match(self) -> NothingStatus:
        """Fail: there is no checkpoint."""
        raise _nothing()

    def run_restore_ops(self, session: Any = None) -> None:
        """Fail: there is no checkpoint."""
        raise AssertionError(
            "No checkpoint specified, so no restore ops are available (save_path=None "
            "to Saver.restore)."
        )

    def initialize_or_restore(self, session: Any = None) -> None:
        """Initialise all variables."""
        running = _session(session)
        with running.graph.as_default():
            variables = ObjectTree.below(self._root).variables().values()
        running.run([variable.initializer for variable in variables])


def _nothing() -> AssertionError:
    return AssertionError(
        "No checkpoint specified (save_path=None); nothing is being restored."
    )


class _Restore:
    """The nodes that restore variables and tables; added anew when there are others."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._restored_keys: list[str] | None = None
        self._prefix: Any = None
        self._restored: Any = None

    def run(
        self, session: Any, elements: Mapping[str, Variable | SavedByItself]
    ) -> None:
        """Restore variables and tables by their keys in the checkpoint."""
        keys = sorted(elements)
        if keys != self._restored_keys:
            with session.graph.as_default():
                self._add_nodes(elements)
            self._restored_keys = keys
        session.run(self._restored, {self._prefix: self.prefix})

    def _add_nodes(self, elements: Mapping[str, Variable | SavedByItself]) -> None:
        saveables = saveable_objects(elements)
        with name_scope("checkpoint"):
            with device("/cpu:0"):
                self._prefix = constant("model", name="prefix")
            tensors: Sequence[Any] = ()
            if saveables:
                tensors = BulkSaverBuilder().bulk_restore(
                    self._prefix, saveables, -1, False
                )
            rest = iter(tensors)
            assigned = [
                saveable.restore(list(islice(rest, len(saveable.specs))), None)
                for saveable in saveables
            ]
            self._restored = group(*assigned, name="restore_all")


def _session(session: Any) -> Any:
    found = get_default_session() if session is None else session
    if found is None:
        raise RuntimeError(
            "Restoring needs a session in graph mode. Please use `with tf.Session():` "
            "to create one, or give it."
        )
    return found
