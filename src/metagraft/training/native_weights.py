"""`metagraft.export_weights`, `import_weights`: weights for other programs, and back.

Tensors go through memory a few at a time, so a checkpoint may be larger than memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from types import MappingProxyType, TracebackType
from typing import Any, Final, Literal

import numpy as np

from metagraft.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    UnimplementedError,
)
from metagraft.formats import files
from metagraft.formats.bundle.writer import BundleWriter
from metagraft.formats.weights.opening import WEIGHTS_FORMATS, weights_format
from metagraft.formats.weights.reader import WeightsEntry
from metagraft.graph.shapes import is_static
from metagraft.runtime.session import BaseSession
from metagraft.runtime.variable_values import take_values
from metagraft.training.rename_rules import Patterns, Rename, chosen, renamed
from metagraft.training.restore_report import TensorOutline
from metagraft.training.stored_tensors import StoredTensors
from metagraft.training.wanted_variables import WantedVariable, wanted_variables

_CHOICES: Final = ("error", "skip")
_SHOWN: Final = 20
# So much is read at once, or one tensor.
_BATCH_BYTES: Final = 32 << 20


@dataclass(frozen=True, slots=True)
class WeightsReport:
    """What was written.

    Attributes:
        path: The file, or the prefix of the checkpoint.
        written: The names of the tensors at the source by their names in the file.
        excluded: Names of tensors at the source that were left out as asked.
        unsupported: Tensors of types that the file cannot have, left out.
    """

    path: str
    written: Mapping[str, str] = field(repr=False)
    excluded: tuple[str, ...] = ()
    unsupported: tuple[TensorOutline, ...] = ()

    def __str__(self) -> str:
        """Format as a line, and one more for what could not be written."""
        count = len(self.written)
        line = f"{self.path}: {count} tensor{'' if count == 1 else 's'}"
        if self.excluded:
            line += f", {len(self.excluded)} left out as asked"
        if not self.unsupported:
            return f"{line}."
        return f"{line}.\n{_unsupported_line(self.unsupported)}"


def export_weights(
    source: BaseSession | files.PathLike,
    path: files.PathLike,
    *,
    rename: Rename | None = None,
    include: Patterns | None = None,
    exclude: Patterns | None = None,
    unsupported: Literal["error", "skip"] = "error",
) -> WeightsReport:
    """Write the tensors of a checkpoint, or the variables of a session, to one file.

    Partitioned variables become whole.

    Args:
        source: A checkpoint, named as for `metagraft.restore`; a file of weights; or a
            session, for the global variables of its graph.
        path: The file; its name ends with `.safetensors` or `.npz`. Folders that are
            missing are made.
        rename: What the tensors are called in the file, as for `metagraft.restore`.
        include: Regular expressions; only tensors whose names at the source begin like
            one of them are written.
        exclude: As `include`, for tensors that are not written.
        unsupported: Whether a tensor of a type that the format does not have, such as
            text, is an error, or is left out.

    Returns:
        What was written.

    Raises:
        UnimplementedError: Tensors are of types that the format does not have; names
            all of them.
        FailedPreconditionError: A variable has no value.
        NotFoundError: There is no checkpoint.
        DataLossError: It is damaged.
        ValueError: The end of the path tells no format, or an argument makes no sense.
    """
    kind = weights_format(path)
    if kind is None:
        raise ValueError(
            f"{os.fspath(path)!r} must end with one of {', '.join(WEIGHTS_FORMATS)}."
        )
    if unsupported not in _CHOICES:
        raise ValueError(f"unsupported must be one of {_CHOICES}, got {unsupported!r}.")
    with _source(source) as tensors:
        names = _new_names(tensors.outlines, rename, include, exclude)
        absent = sorted(tensors.without_value.intersection(names.values()))
        if absent:
            message = f"{len(absent)} variables have no value: {absent[:_SHOWN]}"
            raise FailedPreconditionError(None, None, message)
        left_out = tuple(
            tensors.outlines[old]
            for old in names.values()
            if not kind.stores(tensors.outlines[old].dtype.as_datatype_enum)
        )
        if left_out and unsupported == "error":
            raise UnimplementedError(
                None,
                None,
                f"{os.fspath(path)}: {_unsupported_line(left_out)} To leave them out: "
                'unsupported="skip".',
            )
        missing = {outline.name for outline in left_out}
        written = {new: old for new, old in names.items() if old not in missing}
        entries = {new: _entry(tensors.outlines[old]) for new, old in written.items()}
        files.make_folders_above(path)
        with kind.create(path, entries) as file:
            for name, array in _read(tensors, written, file.order):
                file.add(name, array)
            file.finish()
        return WeightsReport(
            os.fspath(path),
            MappingProxyType(written),
            _excluded(tensors.outlines, names),
            left_out,
        )


def import_weights(
    source: files.PathLike,
    checkpoint: files.PathLike,
    *,
    rename: Rename | None = None,
    include: Patterns | None = None,
    exclude: Patterns | None = None,
) -> WeightsReport:
    """Write the tensors of a file of weights as a checkpoint of version 2.

    `metagraft.restore` takes such files without this. A checkpoint of any other kind is
    converted, too: of version 1, of objects, with many shards or partitioned variables.

    Args:
        source: A file that ends with `.safetensors` or `.npz`, or a checkpoint, named
            as for `metagraft.restore`.
        checkpoint: The prefix of the new checkpoint. Folders that are missing are made.
        rename: What the tensors are called in the checkpoint, as for
            `metagraft.restore`.
        include: Regular expressions; only tensors whose names at the source begin like
            one of them are written.
        exclude: As `include`, for tensors that are not written.

    Returns:
        What was written.

    Raises:
        NotFoundError: There is no such file.
        DataLossError: It is damaged.
        ValueError: An argument makes no sense, or the checkpoint is the source.
    """
    prefix = os.fspath(checkpoint)
    if weights_format(prefix) is not None:
        raise ValueError(f"{prefix!r} is to be the prefix of a checkpoint.")
    with _stored(source) as tensors:
        if tensors.path == prefix:
            raise ValueError(f"{prefix!r} would be written over what is read.")
        names = _new_names(tensors.outlines, rename, include, exclude)
        files.make_folders_above(prefix)
        with BundleWriter(prefix) as writer:
            for new, array in _read(tensors, names, sorted(names)):
                outline = tensors.outlines[names[new]]
                number = outline.dtype.as_datatype_enum
                writer.add(new, array, data_type=number)
            writer.finish()
        excluded = _excluded(tensors.outlines, names)
    return WeightsReport(prefix, MappingProxyType(names), excluded)


@dataclass(frozen=True, slots=True)
class _Tensors:
    """What is to be written: outlines, and how values are read."""

    path: str
    outlines: Mapping[str, TensorOutline]
    read: Callable[[Sequence[str]], list[Any]]
    close: Callable[[], None]
    without_value: frozenset[str] = frozenset()

    def __enter__(self) -> _Tensors:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _source(source: BaseSession | files.PathLike) -> _Tensors:
    if isinstance(source, BaseSession):
        return _variables(source)
    return _stored(source)


def _stored(path: files.PathLike) -> _Tensors:
    """Return the tensors of a file."""
    stored = StoredTensors(path)

    def read(names: Sequence[str]) -> list[Any]:
        return stored.read_all([(name, None) for name in names])

    return _Tensors(stored.path, stored.outlines, read, stored.close)


def _variables(session: BaseSession) -> _Tensors:
    """Return the variables of a session, as they are now."""
    wanted = wanted_variables(None, session.graph)
    values = take_values(session, [each.declaration for each in wanted])
    rows = list(zip(wanted, values, strict=True))
    by_key: dict[str, list[tuple[WantedVariable, Any]]] = {}
    for variable, value in rows:
        by_key.setdefault(variable.key, []).append((variable, value))
    outlines = {}
    for key, pieces in by_key.items():
        variable, value = pieces[0]
        is_whole = variable.part is None or not is_static(variable.shape)
        shape = np.shape(value) if is_whole else variable.shape
        dtype = variable.declaration.dtype.base_dtype
        outlines[key] = TensorOutline(key, dtype, shape)

    def read(names: Sequence[str]) -> list[Any]:
        return [_whole(by_key[name], outlines[name]) for name in names]

    absent = frozenset(variable.key for variable, value in rows if value is None)
    return _Tensors("", outlines, read, lambda: None, absent)


def _read(
    tensors: _Tensors, names: Mapping[str, str], order: Iterable[str]
) -> Iterator[tuple[str, Any]]:
    """Yield tensors in an order, by their new names; reads a few at a time."""
    batch: list[str] = []
    size = 0
    for name in order:
        outline = tensors.outlines[names[name]]
        following = outline.dtype.size * prod(n or 0 for n in outline.shape or ())
        if batch and size + following > _BATCH_BYTES:
            yield from zip(batch, tensors.read([names[n] for n in batch]), strict=True)
            batch, size = [], 0
        batch.append(name)
        size += following
    yield from zip(batch, tensors.read([names[n] for n in batch]), strict=True)


def _whole(pieces: Iterable[tuple[WantedVariable, Any]], outline: TensorOutline) -> Any:
    pieces = list(pieces)
    if pieces[0][0].part is None:
        return pieces[0][1]
    assert outline.shape is not None
    array = np.empty([size or 0 for size in outline.shape], pieces[0][1].dtype)
    is_set = np.zeros(array.shape, np.bool_)
    for variable, value in pieces:
        assert variable.part is not None
        starts = variable.part.starts
        part = tuple(
            slice(start, start + length)
            for start, length in zip(starts, variable.part.lengths, strict=True)
        )
        array[part] = value
        is_set[part] = True
    if not is_set.all():
        raise FailedPreconditionError(
            None,
            None,
            f"partitioned variable '{outline.name}': the graph has only some pieces.",
        )
    return array


def _new_names(
    outlines: Mapping[str, TensorOutline],
    rename: Rename | None,
    include: Patterns | None,
    exclude: Patterns | None,
) -> dict[str, str]:
    """Return the names of tensors by those that they are to have.

    Raises:
        ValueError: Two are to have the same.
    """
    wanted = chosen(outlines, include, exclude)
    names: dict[str, str] = {}
    for old, new in renamed(wanted, rename).items():
        if new in names:
            raise ValueError(f"rename: both '{names[new]}' and '{old}' become '{new}'.")
        if not new:
            raise InvalidArgumentError(None, None, f"rename: '{old}' becomes ''.")
        names[new] = old
    return names


def _excluded(
    outlines: Mapping[str, TensorOutline], names: Mapping[str, str]
) -> tuple[str, ...]:
    taken = set(names.values())
    return tuple(name for name in outlines if name not in taken)


def _entry(outline: TensorOutline) -> WeightsEntry:
    shape = tuple(size or 0 for size in outline.shape or ())
    return WeightsEntry(outline.dtype.as_datatype_enum, shape)


def _unsupported_line(outlines: tuple[TensorOutline, ...]) -> str:
    names = ", ".join(str(outline) for outline in outlines[:_SHOWN])
    rest = len(outlines) - _SHOWN
    more = f" and {rest} more" if rest > 0 else ""
    return f"{len(outlines)} of types that the format does not have: {names}{more}."
