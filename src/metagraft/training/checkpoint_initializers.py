"""Variables whose initial values come from a checkpoint.

Source: tensorflow python/training/checkpoint_utils.py init_from_checkpoint.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from metagraft.api.partitioned_variable import PartitionedVariable
from metagraft.api.variable_scope import default_variable_store
from metagraft.api.variables import Variable
from metagraft.formats import files
from metagraft.graph.apply_op import op as add_op
from metagraft.graph.scopes import device
from metagraft.training.checkpoint_management import latest_checkpoint
from metagraft.training.checkpoint_reader import load_checkpoint
from metagraft.training.saveables import saveable_objects, saveables_by_name

_log = logging.getLogger(__name__)

_Shapes = Mapping[str, Sequence[int]]
_PART = "/part_"


def init_from_checkpoint(
    ckpt_dir_or_file: str | os.PathLike[str],
    assignment_map: Mapping[str, Any] | Iterable[tuple[str, Any]],
) -> None:
    """Let variables take their initial values from a checkpoint.

    Their initializers are replaced; nothing is read until these run.

    Args:
        ckpt_dir_or_file: Prefix of a checkpoint, or a folder, whose latest is taken.
        assignment_map: What each name in the checkpoint is for, as a dictionary or as
            pairs: a variable, a list of the pieces of one, or the name that one has
            in `tf.get_variable`. `'scope/': 'other/'` is for all variables of the scope
            `other`, under the same names below `scope`; `'/'` stands for no scope.

    Raises:
        ValueError: The checkpoint lacks a tensor, a shape differs, or a scope is meant
            for something that is none.
        NotFoundError: There is no checkpoint of this prefix.
    """
    prefix = checkpoint_filename(ckpt_dir_or_file)
    shapes = load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map()
    pairs = (
        assignment_map.items()
        if isinstance(assignment_map, Mapping)
        else assignment_map
    )
    for name, target in sorted(pairs, key=lambda pair: pair[0]):
        variable = _variable_of(target)
        if variable is not None:
            _check(name, variable, shapes, ckpt_dir_or_file)
            _set_initializers(variable, prefix, name)
            continue
        for found, stored_name in _of_scope(name, target, shapes, ckpt_dir_or_file):
            _set_initializers(found, prefix, stored_name)


def checkpoint_filename(ckpt_dir_or_file: str | os.PathLike[str]) -> Any:
    """Return the prefix of a checkpoint; of a folder, of its latest one or None."""
    path = os.fspath(ckpt_dir_or_file)
    return latest_checkpoint(path) if files.is_folder(path) else path


def is_pieces(value: Any) -> bool:
    """Return whether this is a list of variables."""
    return isinstance(value, list) and all(isinstance(v, Variable) for v in value)


def _variable_of(target: Any) -> Variable | list[Variable] | None:
    """Return the variable or the pieces that are meant, or None."""
    if isinstance(target, Variable) or is_pieces(target):
        variable: Variable | list[Variable] = target
        return variable
    if isinstance(target, PartitionedVariable):
        return list(target)
    return _variable_named(target)


def _variable_named(name: str) -> Variable | list[Variable] | None:
    variables = default_variable_store().variables
    if name in variables:
        return variables[name]
    pieces: list[Variable] = []
    while f"{name}{_PART}{len(pieces)}" in variables:
        pieces.append(variables[f"{name}{_PART}{len(pieces)}"])
    return pieces or None


def _check(name: str, variable: Any, shapes: _Shapes, source: Any) -> None:
    if name not in shapes:
        raise ValueError(
            f"Tensor {name} is not found in {os.fspath(source)} checkpoint {shapes}"
        )
    if isinstance(variable, Variable) and not variable.shape.is_compatible_with(
        shapes[name]
    ):
        raise ValueError(
            f"Shape of variable {variable.name} ({variable.shape}) doesn't match with "
            f"shape of tensor {name} ({shapes[name]}) from checkpoint reader."
        )


def _of_scope(
    name: str, target: str, shapes: _Shapes, source: Any
) -> Iterable[tuple[Any, str]]:
    """Yield the variables of a scope with the names of their tensors."""
    scope = target.rpartition("/")[0]
    if not name.endswith("/"):
        raise ValueError(
            f"Assignment map with scope only name {scope} should map to scope only "
            f"{name}. Should be 'scope/': 'other_scope/'."
        )
    names = {
        each.partition(_PART)[0]
        for each in default_variable_store().variables
        if not scope or each.startswith(f"{scope}/")
    }
    for each in sorted(names):
        inner = each[len(scope) :] if target == "/" else each[len(scope) + 1 :]
        # TF: loses the first letter of every name where the target has no slash; no
        # variable of that name exists then, and the message names what is missing.
        stored_name = inner if name == "/" else name + inner
        stored_name = stored_name.removesuffix("/")
        if stored_name not in shapes:
            raise ValueError(
                f"Tensor {stored_name} ({each[len(scope) + 1 :]} in {name}) is not "
                f"found in {os.fspath(source)} checkpoint"
            )
        yield _variable_named(each), stored_name


def _set_initializers(variable: Any, prefix: str, name: str) -> None:
    pieces = variable if isinstance(variable, list) else [variable]
    infos = [piece._save_slice_info for piece in pieces]  # noqa: SLF001 - TensorFlow's
    if isinstance(variable, list):
        wholes = list(dict.fromkeys(info.full_name for info in infos))
        if len(wholes) > 1:
            raise ValueError(
                f"Slices must all be from the same tensor: {wholes[0]} != {wholes[1]}"
            )
    for piece, info in zip(pieces, infos, strict=True):
        spec = info.spec if isinstance(variable, list) else ""
        _set_initializer(piece, prefix, name, spec)
        _log.debug("Initialize %s from %s in checkpoint %s", piece.name, name, prefix)


def _set_initializer(variable: Any, prefix: str, name: str, spec: str) -> None:
    """Add the operations that read one variable, and make them its initializer."""
    with device(variable.device), device("/cpu:0"):
        (restored,) = add_op(
            "RestoreV2",
            prefix=prefix,
            tensor_names=[name],
            shape_and_slices=[spec],
            dtypes=[variable.dtype.base_dtype],
            name="checkpoint_initializer",
        )
        (saveable,) = saveable_objects(saveables_by_name([variable]))
    variable._initializer_op = saveable.restore([restored], None)  # noqa: SLF001
    restored.set_shape(variable.shape)
    variable._initial_value = restored  # noqa: SLF001
