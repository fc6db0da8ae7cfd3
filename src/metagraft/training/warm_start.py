"""Starting a model from an older checkpoint, also with other vocabularies.

Source: tensorflow python/training/warm_starting_util.py.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from typing import Any

from metagraft.api.partitioned_variable import PartitionInfo
from metagraft.api.state import assign
from metagraft.api.variables import Variable
from metagraft.errors import NotFoundError
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import get_collection
from metagraft.training import object_checkpoint
from metagraft.training.checkpoint_initializers import (
    checkpoint_filename,
    init_from_checkpoint,
)
from metagraft.training.saveables import saveables_by_name
from metagraft.training.vocabularies import Axis, VocabInfo, remapped_matrix

_log = logging.getLogger(__name__)

_Groups = Mapping[str, list[Any]]


def warm_start(
    ckpt_to_initialize_from: str | os.PathLike[str],
    vars_to_warm_start: Any = ".*",
    var_name_to_vocab_info: Mapping[str, VocabInfo] | None = None,
    var_name_to_prev_var_name: Mapping[str, str] | None = None,
) -> None:
    """Let variables take their initial values from an older checkpoint.

    Their initializers are replaced; nothing is read until these run.

    Args:
        ckpt_to_initialize_from: Prefix of a checkpoint, or a folder, whose latest is
            taken.
        vars_to_warm_start: Which variables: a pattern for the names of trainable ones,
            a list of patterns for the names of global ones, a list of variables, or
            None for those that have vocabularies.
        var_name_to_vocab_info: The vocabularies of variables, by name.
        var_name_to_prev_var_name: The names in the checkpoint, by name, where they
            differ.

    Raises:
        ValueError: A name is given for a variable that is not started this way, the
            checkpoint lacks a tensor, or a shape differs.
        TypeError: Something is no variable.
    """
    _log.info("Warm-starting from: %s", ckpt_to_initialize_from)
    groups = _grouped(vars_to_warm_start)
    vocabularies = var_name_to_vocab_info or {}
    previous = var_name_to_prev_var_name or _renames(ckpt_to_initialize_from, groups)
    plain: dict[str, Any] = {}
    for name, pieces in groups.items():
        stored_name = previous.get(name) or name
        if vocabularies.get(name):
            _start_with_vocabulary(
                pieces, vocabularies[name], ckpt_to_initialize_from, stored_name
            )
        elif vars_to_warm_start:
            if stored_name in plain:  # one tensor for two variables
                init_from_checkpoint(ckpt_to_initialize_from, plain)
                plain = {}
            plain[stored_name] = pieces[0] if len(pieces) == 1 else pieces
    if plain:
        init_from_checkpoint(ckpt_to_initialize_from, plain)
    _check_used(previous, groups, "var_name_to_prev_var_name")
    _check_used(vocabularies, groups, "var_name_to_vocab_info")


def _check_used(given: Mapping[str, Any], groups: _Groups, argument: str) -> None:
    unused = {name for name in given if not (given[name] and name in groups)}
    if unused:
        raise ValueError(
            f"You provided the following variables in {argument} that were not used: "
            f"{unused}.  Perhaps you misspelled them?  Here is the list of viable "
            f"variable names: {list(groups)}"
        )


def _grouped(chosen: Any) -> dict[str, list[Any]]:
    """Return the variables meant, the pieces of one under the name of the whole."""
    groups: dict[str, list[Any]] = {}
    for variable in _listed(chosen):
        pieces = variable if isinstance(variable, list) else [variable]
        groups.setdefault(_name_of(pieces), []).append(variable)
    return groups


def _listed(chosen: Any) -> Iterable[Any]:
    if chosen is None or isinstance(chosen, str):
        _log.info("Warm-starting variables only in TRAINABLE_VARIABLES.")
        return get_collection(GraphKeys.TRAINABLE_VARIABLES, scope=chosen)
    if not isinstance(chosen, list):
        raise ValueError(  # noqa: TRY004 - as TensorFlow does
            "`vars_to_warm_start must be a `list` or `str`.  Given type is "
            f"{type(chosen)}"
        )
    if all(isinstance(each, str) for each in chosen):
        return [
            variable
            for scope in chosen
            for variable in get_collection(GraphKeys.GLOBAL_VARIABLES, scope=scope)
        ]
    if all(isinstance(each, Variable) for each in chosen):
        return chosen
    raise ValueError(
        "If `vars_to_warm_start` is a list, it must be all `Variable` or all `str`.  "
        f"Given types are {[type(each) for each in chosen]}"
    )


def _name_of(pieces: list[Any]) -> str:
    names = list(saveables_by_name(pieces))
    if len(names) > 1:
        raise TypeError(f"{pieces} are several variables: {names}")
    return names[0]


def _renames(source: str | os.PathLike[str], names: Iterable[str]) -> Mapping[str, str]:
    """Return the keys of a checkpoint of objects by name; none for other checkpoints.

    Raises:
        ValueError: It lacks a variable.
    """
    try:
        keys = object_checkpoint.names_to_keys(checkpoint_filename(source))
    except NotFoundError:
        return {}  # said again by what reads the checkpoint
    if keys is None:
        return {}
    missing = {name for name in names if name not in keys}
    if missing:
        raise ValueError(
            "Attempting to warm-start from an object-based checkpoint, but found that "
            "the checkpoint did not contain values for all variables. The following "
            f"variables were missing: {missing}"
        )
    return {name: keys[name] for name in names}


def _start_with_vocabulary(
    pieces: list[Any], info: VocabInfo, source: str | os.PathLike[str], name: str
) -> None:
    """Let a matrix take the rows or columns of the words that it shares."""
    height = sum(piece.shape.as_list()[0] for piece in pieces)
    words = Axis(
        info.new_vocab_size,
        info.new_vocab,
        info.old_vocab,
        # Of columns TensorFlow always takes all old words.
        info.old_vocab_size if info.axis == 0 else -1,
        info.num_oov_buckets,
    )
    for piece in pieces:
        shape = piece.shape.as_list()
        part = piece._save_slice_info  # noqa: SLF001 - TensorFlow's name for it
        rows, columns = (
            (words, Axis(shape[1])) if info.axis == 0 else (Axis(height), words)
        )
        value = remapped_matrix(
            checkpoint_filename(source),
            name,
            rows,
            columns,
            shape,
            PartitionInfo(part.full_shape, part.var_offset) if part else None,
            info.backup_initializer,
        )
        piece._initializer_op = assign(piece, convert_to_tensor(value))  # noqa: SLF001
