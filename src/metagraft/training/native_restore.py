"""`metagraft.restore`: gives variables the values of a checkpoint, or says why not.

The twin for programs written for TensorFlow is `Saver.restore`. This one adds nothing
to the graph, needs no saver in it, and changes all variables at once or none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from types import MappingProxyType
from typing import Any, Final, Literal

from metagraft.errors import RestoreError
from metagraft.formats import files
from metagraft.graph.shapes import Dims, dims_compatible
from metagraft.runtime.session import BaseSession
from metagraft.runtime.variable_values import put_values
from metagraft.training.rename_rules import Patterns, Rename, chosen, renamed
from metagraft.training.restore_report import Mismatch, RestoreReport, TensorOutline
from metagraft.training.stored_tensors import StoredTensors
from metagraft.training.wanted_tables import WantedTable, wanted_tables
from metagraft.training.wanted_variables import WantedVariable, wanted_variables

OnProblem = Literal["error", "skip"]

_CHOICES: Final = ("error", "skip")


@dataclass(frozen=True, slots=True)
class _Match:
    """Which variables and tensors belong together.

    Attributes:
        found: Each variable that can be restored, and the name of its tensor.
        tables: Each table that can be restored, and the names of its tensors.
        missing: Variables, and parts of tables, without tensor.
        mismatching: Variables with a tensor that does not fit.
        unexpected: Tensors without variable.
    """

    found: list[tuple[WantedVariable, str]] = field(default_factory=list)
    tables: list[tuple[WantedTable, list[str]]] = field(default_factory=list)
    missing: list[TensorOutline] = field(default_factory=list)
    mismatching: list[Mismatch] = field(default_factory=list)
    unexpected: list[TensorOutline] = field(default_factory=list)


def restore(
    session: BaseSession,
    checkpoint: files.PathLike,
    variables: Any = None,
    *,
    rename: Rename | None = None,
    include: Patterns | None = None,
    exclude: Patterns | None = None,
    missing: OnProblem = "error",
    mismatching: OnProblem = "error",
    unexpected: OnProblem = "skip",
    reshape: bool = False,
) -> RestoreReport:
    """Give variables of a session the values that a checkpoint has for them.

    If anything is wrong no variable changes, and the error tells all that is wrong.
    Tables that a saver of the graph restores are restored with its variables.

    Args:
        session: The session; its graph may be finalized and needs no saver.
        checkpoint: A prefix, `model-10`, or one of its files, or the folder, for the
            latest in it; of version 1 or 2, also of objects (TensorFlow 2).
        variables: Which variables: a list of variables, operations or names; or a
            mapping from names in the checkpoint to these. By default the global
            variables of the graph, and the tables that its savers restore.
        rename: What names in the checkpoint are called in the graph: a mapping of names
            or of scopes, which end with a slash (`{"old/": "new/", "": "model/"}`);
            pairs of a regular expression and its replacement, applied one after the
            other; or a function, which drops a tensor by returning None.
        include: Regular expressions; only variables whose names begin like one of them
            are restored.
        exclude: As `include`, for variables that are not restored.
        missing: Whether a variable without a tensor is an error, or keeps its value.
        mismatching: The same for one whose tensor has another type or shape.
        unexpected: Whether a tensor that no variable asks for is an error.
        reshape: Whether a tensor of another shape with as many elements fits.

    Returns:
        What was restored, and what does not fit; `print` it.

    Raises:
        RestoreError: Variables and checkpoint do not fit; has the report.
        NotFoundError: There is no checkpoint, or a data file is missing.
        DataLossError: The checkpoint is damaged.
        ValueError: An argument makes no sense, a pattern matches nothing, or two
            tensors are given the name of one variable.
        TypeError: An argument has the wrong type.
        KeyError: There is no variable of a name.
        RuntimeError: The session is closed.
    """
    if not isinstance(session, BaseSession):
        raise TypeError(f"session must be a Session, got {session!r}.")
    choices = {
        "missing": missing,
        "mismatching": mismatching,
        "unexpected": unexpected,
    }
    for option, choice in choices.items():
        if choice not in _CHOICES:
            raise ValueError(f"{option} must be one of {_CHOICES}, got {choice!r}.")
    wanted = wanted_variables(variables, session.graph)
    tables = wanted_tables(session.graph) if variables is None else []
    all_names = [*(v.name for v in wanted), *(table.name for table in tables)]
    names = set(chosen(all_names, include, exclude))
    keys = {each.key for each in wanted}
    keys.update(part.name for table in tables for part in table.outlines)
    with StoredTensors(checkpoint) as stored:
        by_name = _by_new_name(stored, rename, keys)
        match = _matched(wanted, names, by_name, stored.outlines, reshape=reshape)
        chosen_tables = [table for table in tables if table.name in names]
        _match_tables(match, chosen_tables, by_name, stored.outlines)
        asked_for = {by_name.get(key) for key in keys}
        match.unexpected.extend(
            outline
            for name, outline in stored.outlines.items()
            if name not in asked_for
        )
        report = RestoreReport(
            checkpoint=stored.path,
            fitting=MappingProxyType({v.name: name for v, name in match.found}),
            fitting_tables=tuple(table.name for table, _ in match.tables),
            excluded=tuple(name for name in all_names if name not in names),
            missing=tuple(match.missing),
            mismatching=tuple(match.mismatching),
            unexpected=tuple(match.unexpected),
        )
        _refuse(report, choices)
        arrays = stored.read_all([(name, v.part) for v, name in match.found])
        contents = [
            stored.read_all([(part, None) for part in parts])
            for _, parts in match.tables
        ]
    for (table, _), content in zip(match.tables, contents, strict=True):
        session.run(table.fill, dict(zip(table.feeds, content, strict=True)))
    put_values(
        session,
        [
            (variable.declaration, _shaped(array, variable))
            for (variable, _), array in zip(match.found, arrays, strict=True)
        ],
    )
    return replace(report, is_done=True)


def _by_new_name(
    stored: StoredTensors, rename: Rename | None, wanted: set[str]
) -> dict[str, str]:
    """Return the names of tensors by the names that they are to have.

    Raises:
        ValueError: Two have the name of one variable.
    """
    by_name: dict[str, str] = {}
    for old, new in renamed(stored.outlines, rename).items():
        if new in by_name and new in wanted:
            raise ValueError(
                f"rename: both '{by_name[new]}' and '{old}' of {stored.path} become "
                f"'{new}'."
            )
        by_name[new] = old
    return by_name


def _matched(
    wanted: Sequence[WantedVariable],
    chosen_names: set[str],
    by_name: Mapping[str, str],
    outlines: Mapping[str, TensorOutline],
    *,
    reshape: bool,
) -> _Match:
    match = _Match()
    for variable in wanted:
        if variable.name not in chosen_names:
            continue
        outline = TensorOutline(
            variable.key, variable.declaration.dtype.base_dtype, variable.shape
        )
        name = by_name.get(variable.key)
        if name is None:
            if outline not in match.missing[-1:]:  # pieces follow one another
                match.missing.append(outline)
            continue
        tensor = outlines[name]
        if _fits(variable, tensor, reshape=reshape):
            match.found.append((variable, name))
            continue
        mismatch = Mismatch(outline, tensor)
        if mismatch not in match.mismatching[-1:]:
            match.mismatching.append(mismatch)
    return match


def _match_tables(
    match: _Match,
    tables: Sequence[WantedTable],
    by_name: Mapping[str, str],
    outlines: Mapping[str, TensorOutline],
) -> None:
    """Add tables to what was matched."""
    for table in tables:
        parts = [by_name.get(part.name) for part in table.outlines]
        is_whole = True
        for part, name in zip(table.outlines, parts, strict=True):
            if name is None:
                match.missing.append(part)
                is_whole = False
            elif outlines[name].dtype != part.dtype:
                match.mismatching.append(Mismatch(part, outlines[name]))
                is_whole = False
        if is_whole:
            match.tables.append((table, [name for name in parts if name is not None]))


def _fits(variable: WantedVariable, tensor: TensorOutline, *, reshape: bool) -> bool:
    if variable.declaration.dtype.base_dtype != tensor.dtype:
        return False
    if dims_compatible(variable.shape, tensor.shape):
        return True
    return reshape and variable.part is None and _holds(variable.shape, tensor.shape)


def _holds(dims: Dims, shape: Dims) -> bool:
    """Return whether as many elements as `shape` has can have the shape `dims`."""
    if dims is None or shape is None or None in dims:
        return False
    return prod(size or 0 for size in dims) == prod(size or 0 for size in shape)


def _shaped(array: Any, variable: WantedVariable) -> Any:
    if variable.part is not None or dims_compatible(variable.shape, array.shape):
        return array
    return array.reshape(variable.shape)


def _refuse(report: RestoreReport, choices: Mapping[str, OnProblem]) -> None:
    found: Mapping[str, Sequence[Any]] = {
        "missing": report.missing,
        "mismatching": report.mismatching,
        "unexpected": report.unexpected,
    }
    wrong = [kind for kind in found if found[kind] and choices[kind] == "error"]
    if not wrong:
        return
    lines = "\n".join(report.problem_lines())
    allowed = ", ".join(f'{kind}="skip"' for kind in wrong)
    error = RestoreError(
        None,
        None,
        f"{report.checkpoint} does not fit the variables; nothing was restored.\n"
        f"{lines}\nTo restore what fits: {allowed}.",
    )
    error.report = report
    raise error
