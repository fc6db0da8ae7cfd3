"""Checkpoints that name tensors by their place in a tree of objects.

TensorFlow 2 writes them. They hold the names that variables have in a graph, too, so a
saver can restore from them.

Source: tensorflow python/training/saver.py saver_from_object_based_checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from metagraft.errors import NotFoundError
from metagraft.proto import TrackableObjectGraph
from metagraft.training.checkpoint_reader import CheckpointReader
from metagraft.training.saveables import (
    SaveableObject,
    saveable_objects,
    saveables_by_name,
)

# DO NOT CHANGE: it is in files.
OBJECT_GRAPH_KEY: Final = "_CHECKPOINTABLE_OBJECT_GRAPH"


def stored_objects(reader: CheckpointReader) -> TrackableObjectGraph | None:
    """Return the description of objects in a checkpoint, or None."""
    if not reader.has_tensor(OBJECT_GRAPH_KEY):
        return None
    return TrackableObjectGraph.FromString(reader.get_tensor(OBJECT_GRAPH_KEY))


def names_to_keys(prefix: str) -> dict[str, str] | None:
    """Return the keys of a checkpoint by the names of the variables.

    None for a checkpoint that is not of this kind.
    """
    graph = stored_objects(CheckpointReader(prefix))
    if graph is None:
        return None
    return {
        attribute.full_name: attribute.checkpoint_key
        for node in graph.nodes
        for attribute in node.attributes
    }


def saveables_by_key(var_list: Any, keys: Mapping[str, str]) -> list[SaveableObject]:
    """Return objects to restore under the keys of such a checkpoint.

    Args:
        var_list: Variables as `Saver` takes them.
        keys: Keys of the checkpoint by the names of the variables.

    Raises:
        NotFoundError: Variables are not in the checkpoint; names all of them.
    """
    by_name = var_list if isinstance(var_list, Mapping) else saveables_by_name(var_list)
    saveables = saveable_objects(by_name)
    names = {spec.name for saveable in saveables for spec in saveable.specs}
    missing = names - keys.keys()
    if missing:
        raise NotFoundError(None, None, _mismatch(missing, keys.keys() - names, names))
    for saveable in saveables:
        for spec in saveable.specs:
            spec.name = keys[spec.name]
    return saveables


def _mismatch(missing: Iterable[str], extra: Iterable[str], names: set[str]) -> str:
    missing = sorted(missing)
    return (
        f"\n\nExisting variables not in the checkpoint: {', '.join(missing)}\n\n"
        "Variables names when this checkpoint was written which don't exist now: "
        f"{', '.join(sorted(extra))}\n\n"
        f"({len(names) - len(missing)} variable name(s) did match)\n\n"
        "Could not find some variables in the checkpoint (see names above). It names "
        "variables by their place in a tree of objects; a saver can only restore those "
        "whose names in the graph are the same as when it was written. Give the saver "
        "a dictionary with the old names as keys."
    )
