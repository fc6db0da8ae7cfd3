"""Checking every checksum and shape of a checkpoint of version 1.

Only the list of tensors in each file tells types and shapes, so without it nothing of
that file can be used. Large blocks are checked in pieces.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from google.protobuf.message import DecodeError

from metagraft.errors import OpError
from metagraft.formats import files
from metagraft.formats.checkpoint_report import (
    MISSING,
    Damage,
    TensorReport,
    reason_of,
)
from metagraft.formats.element_types import type_name
from metagraft.formats.extents import TensorSlice, gap, resolve, whole
from metagraft.formats.folders import files_of
from metagraft.formats.names import encode_name
from metagraft.formats.pieces import Pieces
from metagraft.formats.slice_keys import encode_slice_key
from metagraft.formats.slices.elements import check_count, field_of
from metagraft.formats.slices.format import (
    META_KEY,
    ListedTensor,
    decode_list,
    overlapping,
)
from metagraft.formats.slices.large_blocks import count_values, read_key
from metagraft.formats.table.recovery import Block, BlockDamage, SurveyedTable
from metagraft.proto import SavedTensorSlices

_LARGE_BYTES: Final = 16 << 20
_SHARDS: Final = re.compile(r"-\?{5}-of-(\d{5})$")


@dataclass(slots=True)
class SurveyedTensor:
    """What the files say about one tensor.

    Attributes:
        data_type: Number of the type of its elements.
        shape: Its shape.
        parts: Its slices.
        intact: Those that verify, with the size of each.
    """

    data_type: int
    shape: tuple[int, ...]
    parts: set[TensorSlice] = field(default_factory=set)
    intact: dict[TensorSlice, int] = field(default_factory=dict)

    def report(self) -> TensorReport:
        """Return what is there of the tensor."""
        boxes = [resolve(part, self.shape) for part in self.intact]
        return TensorReport(
            dtype=type_name(self.data_type),
            shape=self.shape,
            size_bytes=sum(self.intact.values()),
            slice_count=len(self.parts),
            intact_slice_count=len(self.intact),
            is_covered=bool(boxes) and gap(boxes, whole(self.shape)) is None,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a slice that verifies is.

    Attributes:
        path: The file.
        block: The block of that file.
        key: The key in that block.
        name: The tensor.
        part: Which part of it.
    """

    path: str
    block: Block
    key: bytes
    name: str
    part: TensorSlice


@dataclass(slots=True)
class Survey:
    """What is in the files of a checkpoint of version 1.

    Attributes:
        surveyed: The tensors by name.
        places: Where the slices that verify are, in the order of the files.
        damages: All that is wrong.
    """

    surveyed: dict[str, SurveyedTensor] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)

    def tensors(self) -> dict[str, TensorReport]:
        """Return what is there of each tensor, sorted by name."""
        return {name: self.surveyed[name].report() for name in sorted(self.surveyed)}


def survey(pattern: str) -> Survey:
    """Return what is in the files that a name, with `?` for digits, stands for."""
    found = Survey()
    paths = files_of(pattern)
    for path in _expected(pattern):
        if path not in paths:
            found.damages.append(Damage(path, None, MISSING))
    for path in paths:
        try:
            file = files.RandomAccessFile(path)
        except OpError as error:
            found.damages.append(Damage(path, None, reason_of(path, error)))
            continue
        try:
            _File(found, file).survey()
        finally:
            file.close()
    for name, tensor in found.surveyed.items():
        boxes = [resolve(part, tensor.shape) for part in tensor.parts]
        reason = gap(boxes, whole(tensor.shape))
        if reason is not None:
            found.damages.append(Damage(pattern, None, reason, name))
    return found


def _expected(pattern: str) -> Iterator[str]:
    match = _SHARDS.search(pattern)
    for shard in range(int(match[1]) if match else 0):
        yield f"{pattern[: match.start()]}-{shard:05d}-of-{match[1]}"  # type: ignore[index, union-attr]


class _File:
    """One file that is being checked."""

    def __init__(self, found: Survey, file: files.RandomAccessFile) -> None:
        self._found = found
        self._path = file.path
        self._pieces = Pieces(file)
        self._table = SurveyedTable(file)
        # What keys mean, as far as they have not been met.
        self._listed: dict[bytes, tuple[str, TensorSlice]] = {}
        self._has_list = False

    def survey(self) -> None:
        self._read_list()
        for block in self._table.blocks:
            try:
                self._check_block(block)
            except ValueError as error:
                offset = block.handle.offset_bytes
                self._table.damages.append(BlockDamage(offset, str(error), block))
        for damage in self._table.damages:
            self._add(damage.offset_bytes, damage.reason)
        for name, part in self._listed.values():
            starts = tuple(extent.start for extent in part)
            self._add(None, f"slice at {starts}: its entry is lost", name)

    def _read_list(self) -> None:
        if not self._table.blocks:
            return
        try:
            encoded = self._table.read(self._table.blocks[0]).get(META_KEY)
            listed = None if encoded is None else decode_list(encoded)
        except ValueError as error:
            self._add(0, f"list of tensors: {error}; nothing of this file can be used")
            return
        if listed is None:
            reason = "the list of tensors is missing; nothing of this file can be used"
            self._add(None, reason)
            return
        self._has_list = True
        for tensor in listed:
            self._add_listed(tensor)

    def _add_listed(self, listed: ListedTensor) -> None:
        said = listed.data_type, listed.shape
        known = self._found.surveyed.setdefault(listed.name, SurveyedTensor(*said))
        if said != (known.data_type, known.shape):
            reason = (
                f"has type and shape {said}, another file says "
                f"{(known.data_type, known.shape)}"
            )
            self._add(None, reason, listed.name)
            return
        name = encode_name(listed.name)
        for part in listed.parts:
            if part in known.parts:
                self._add(None, overlapping(part), listed.name)
            known.parts.add(part)
            self._listed[encode_slice_key(name, part)] = listed.name, part

    def _check_block(self, block: Block) -> None:
        if block.handle.size_bytes > _LARGE_BYTES:
            only = read_key(self._pieces, block.handle)
            if only is not None and only[0] != META_KEY:
                self._check_slice(block, *only)
                return
        for key, encoded in self._table.read(block).items():
            if key != META_KEY:
                self._check_slice(block, key, encoded)

    def _check_slice(
        self, block: Block, key: bytes, value: bytes | tuple[int, int]
    ) -> None:
        """Check the value of a key, which may be a part of the file."""
        name, part = self._listed.pop(key, (None, ()))
        if name is None:
            if self._has_list:
                self._add(block.handle.offset_bytes, f"key {key!r} is not listed")
            return
        tensor = self._found.surveyed[name]
        shape = resolve(part, tensor.shape).lengths
        try:
            field_name, expected = field_of(tensor.data_type, math.prod(shape))
            if isinstance(value, bytes):
                size = len(value)
                saved = SavedTensorSlices.FromString(value).data.data
                count = len(getattr(saved, field_name))
            else:
                size = value[1] - value[0]
                count = count_values(self._pieces, value, field_name)
            check_count(field_name, count, expected, shape)
        except (DecodeError, ValueError) as error:
            starts = tuple(extent.start for extent in part)
            reason = f"slice at {starts}: {error}"
            self._add(block.handle.offset_bytes, reason, name)
            return
        if part not in tensor.intact:
            tensor.intact[part] = size
            place = Place(self._path, block, key, name, part)
            self._found.places.append(place)

    def _add(self, offset: int | None, reason: str, name: str | None = None) -> None:
        self._found.damages.append(Damage(self._path, offset, reason, name))
