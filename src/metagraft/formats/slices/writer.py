"""Writing checkpoints of version 1; the twin of `reader.py`.

Source: tensorflow core/util/tensor_slice_writer.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf.message import EncodeError

from metagraft.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    UnimplementedError,
)
from metagraft.formats import files
from metagraft.formats.element_types import type_name
from metagraft.formats.extents import TensorSlice, resolve
from metagraft.formats.folder_lock import folder_lock
from metagraft.formats.leftovers import remove_leftovers
from metagraft.formats.slice_keys import encode_slice_key
from metagraft.formats.slices.elements import can_hold, encode_elements
from metagraft.formats.slices.format import META_KEY
from metagraft.formats.table.writer import TableWriter
from metagraft.proto import (
    SavedSliceMeta,
    SavedTensorSlices,
    TensorShapeProto,
    TensorSliceProto,
)

_VERSION = 1
_UNSIGNED = (22, 23)  # uint32, uint64: refused with another class

_Refusal = type[InvalidArgumentError] | type[UnimplementedError]
Array = npt.NDArray[Any]  # of any type that files have


class SliceWriter:
    """One file of a checkpoint of version 1; `finish` writes it, all or nothing."""

    def __init__(self, path: files.PathLike) -> None:
        """Start a file."""
        self._path = path
        self._tensors: dict[str, SavedSliceMeta] = {}
        self._entries: dict[bytes, Callable[[], bytes]] = {}

    def add(
        self,
        name: str,
        shape: Sequence[int],
        part: TensorSlice,
        values: Array,
        data_type: int,
    ) -> None:
        """Add a slice of a tensor.

        Args:
            name: The tensor.
            shape: Shape of the whole tensor.
            part: Which part of it.
            values: Its elements.
            data_type: `DataType` number of the elements.

        Raises:
            UnimplementedError: The format has no such elements.
            InvalidArgumentError: Nor those of unsigned types, slices of the tensor
                contradict each other, or the values have another shape than the slice.
            AlreadyExistsError: The slice is there already.
        """
        lengths = resolve(part, shape).lengths
        if lengths != values.shape:
            raise InvalidArgumentError(
                None, None, f"tensor {name!r}: {values.shape} for a slice of {lengths}"
            )
        slot = self._add(name, shape, part, data_type)
        encoded = slot.encoded(values)
        self._entries[slot.key] = lambda: encoded

    def add_later(
        self,
        name: str,
        shape: Sequence[int],
        part: TensorSlice,
        read: Callable[[], Array],
        data_type: int,
    ) -> None:
        """Add a slice of a tensor whose values `finish` asks for, one at a time.

        Args:
            name: The tensor.
            shape: Shape of the whole tensor.
            part: Which part of it.
            read: Returns its elements.
            data_type: `DataType` number of the elements.

        Raises:
            OpError: As `add`.
        """
        slot = self._add(name, shape, part, data_type)
        self._entries[slot.key] = lambda: slot.encoded(read())

    def _add(
        self, name: str, shape: Sequence[int], part: TensorSlice, data_type: int
    ) -> _Slot:
        if not can_hold(data_type):
            raise _not_held(name, data_type)
        meta = self._tensors.setdefault(name, _meta(name, shape, data_type))
        if meta.type != data_type or [d.size for d in meta.shape.dim] != list(shape):
            raise InvalidArgumentError(
                None,
                None,
                f"tensor {name!r}: slices of different shapes or types: {meta.shape}, "
                f"{meta.type} and {shape}, {data_type}",
            )
        key = encode_slice_key(name.encode(), part)
        if key in self._entries:
            raise AlreadyExistsError(None, None, f"Adding duplicate key: {name}")
        message = _slice_message(part)
        meta.slice.append(message)
        return _Slot(key, name, message, data_type)

    def finish(self) -> None:
        """Write the file.

        Raises:
            OpError: It cannot be written, or values cannot be read.
        """
        with self.written() as file, folder_lock(self._path):
            file.commit()
            remove_leftovers(self._path)

    def written(self) -> files.AtomicFile:
        """Write the file, and return it complete, still under a temporary name.

        Raises:
            OpError: As `finish`.
        """
        header = SavedTensorSlices()
        header.meta.tensor.extend(self._tensors.values())
        header.meta.versions.producer = _VERSION
        file = files.AtomicFile(self._path)
        try:
            table = TableWriter(file.write)
            table.add(META_KEY, header.SerializeToString())
            for key in sorted(self._entries):
                table.add(key, self._entries[key]())
            table.finish()
            file.close()
        except BaseException:
            file.discard()
            raise
        return file


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where the values of a slice go."""

    key: bytes
    name: str
    part: TensorSliceProto
    data_type: int

    def encoded(self, values: Array) -> bytes:
        """Return what the file holds for these values."""
        entry = SavedTensorSlices()
        entry.data.name = self.name
        entry.data.slice.CopyFrom(self.part)
        elements = encode_elements(np.ascontiguousarray(values), self.data_type)
        entry.data.data.MergeFrom(elements)
        try:
            return entry.SerializeToString()
        except (EncodeError, ValueError) as error:
            raise InvalidArgumentError(
                None,
                None,
                f"tensor {self.name!r}: {values.nbytes} bytes are too many for an "
                "entry of a checkpoint of format V1; use format V2.",
            ) from error


def _not_held(name: str, data_type: int) -> InvalidArgumentError | UnimplementedError:
    if data_type in _UNSIGNED:
        kind: _Refusal = InvalidArgumentError
        reason = f"Tensor slice serialization not implemented for dtype {data_type}"
    else:
        kind = UnimplementedError
        reason = f"Saving data type {type_name(data_type)} not yet supported"
    return kind(
        None,
        None,
        f"{reason}: tensor {name!r}, in a checkpoint of format V1; use format V2.",
    )


def _meta(name: str, shape: Sequence[int], data_type: int) -> SavedSliceMeta:
    dims = [TensorShapeProto.Dim(size=size) for size in shape]
    meta = SavedSliceMeta(name=name, shape=TensorShapeProto(dim=dims))
    meta.type = data_type  # type: ignore[assignment]  # the enum's numbers
    return meta


def _slice_message(part: TensorSlice) -> TensorSliceProto:
    message = TensorSliceProto()
    for extent in part:
        if extent.length is None:
            message.extent.add()
        else:
            message.extent.add(start=extent.start, length=extent.length)
    return message
