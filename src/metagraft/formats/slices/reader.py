"""Reading checkpoints of version 1; the twin of `writer.py`.

Source: tensorflow core/util/tensor_slice_reader.cc.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from metagraft.errors import DataLossError, NotFoundError
from metagraft.formats import files
from metagraft.formats.element_types import NUMPY_DTYPES
from metagraft.formats.extents import (
    Box,
    Extent,
    TensorSlice,
    gap,
    resolve,
)
from metagraft.formats.folders import files_of
from metagraft.formats.slice_keys import encode_slice_key
from metagraft.formats.slices.elements import decode_elements
from metagraft.formats.slices.format import (
    META_KEY,
    ListedTensor,
    decode_list,
    overlapping,
)
from metagraft.formats.table.reader import TableReader
from metagraft.formats.tensor_table import TensorTable
from metagraft.proto import SavedTensorSlices

Array = npt.NDArray[Any]  # of a type that only the file tells


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    table: TableReader


@dataclass(frozen=True, slots=True)
class _Tensor:
    """What the files say about one tensor.

    Attributes:
        data_type: Number of the type of its elements.
        shape: Its shape.
        parts: Its slices, and the file of each.
    """

    data_type: int
    shape: tuple[int, ...]
    parts: dict[TensorSlice, _File] = field(default_factory=dict)


class SliceReader(TensorTable):
    """A checkpoint of version 1, with the methods of `BundleReader`."""

    def __init__(self, pattern: files.PathLike) -> None:
        """Open all files that a name, with `*`, `?` or `[..]`, stands for.

        Raises:
            NotFoundError: There is none.
            DataLossError: One is damaged, or they contradict each other.
        """
        self._prefix = os.fspath(pattern)
        paths = files_of(self._prefix)
        if not paths:
            raise NotFoundError(
                None,
                None,
                "Unsuccessful TensorSliceReader constructor: Failed to find any "
                f"matching files for {self._prefix}",
            )
        self._tensors: dict[str, _Tensor] = {}
        self._open: list[files.RandomAccessFile] = []
        try:
            for path in sorted(paths):
                file = files.RandomAccessFile(path)
                self._open.append(file)
                self._add_file(_File(path, TableReader(file, path)))
        finally:
            self.close()  # reading opens them again

    def _add_file(self, file: _File) -> None:
        encoded = file.table.get(META_KEY)
        if encoded is None:
            raise _damage(file, "the list of tensors is missing")
        try:
            for listed in decode_list(encoded):
                self._add_tensor(listed, file)
        except ValueError as error:
            raise _damage(file, f"list of tensors: {error}") from error

    def _add_tensor(self, listed: ListedTensor, file: _File) -> None:
        said = listed.data_type, listed.shape
        tensor = self._tensors.setdefault(listed.name, _Tensor(*said))
        if (tensor.data_type, tensor.shape) != said:
            raise ValueError(
                f"tensor {listed.name!r} has type {listed.data_type} and shape "
                f"{listed.shape}, another file says {tensor.data_type} and "
                f"{tensor.shape}"
            )
        for part in listed.parts:
            if part in tensor.parts:
                raise ValueError(f"{overlapping(part)} of tensor {listed.name!r}")
            tensor.parts[part] = file

    @property
    def prefix(self) -> str:
        """The name of the files."""
        return self._prefix

    def keys(self) -> list[str]:
        """Return the names of all tensors, sorted."""
        return sorted(self._tensors)

    def has(self, name: str) -> bool:
        """Return whether there is a tensor of that name."""
        return name in self._tensors

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a tensor."""
        return self._tensor(name).shape

    def dtype(self, name: str) -> int:
        """Return the `DataType` number of the elements of a tensor."""
        return self._tensor(name).data_type

    def _slice_count(self, name: str) -> int:
        return len(self._tensor(name).parts)

    def stored_types(self, names: Sequence[str]) -> list[int | None]:
        """Return `DataType` numbers of tensors, None of those that do not exist."""
        return [self.dtype(name) if self.has(name) else None for name in names]

    def in_parts(self, names: Sequence[str]) -> list[str]:
        """Return which of these tensors, all of which exist, are stored in parts."""
        return [name for name in names if self.slices(name)]

    def slices(self, name: str) -> tuple[Box, ...]:
        """Return the parts in which a tensor is stored; none if it is stored whole."""
        tensor = self._tensor(name)
        boxes = tuple(resolve(part, tensor.shape) for part in tensor.parts)
        whole = len(boxes) == 1 and boxes[0].lengths == tensor.shape
        return () if whole else boxes

    def read(self, name: str) -> Array:
        """Return a tensor; strings are arrays of `bytes`.

        Raises:
            NotFoundError: There is none of that name.
            DataLossError: It is damaged, or not all of its parts exist.
        """
        shape = self._tensor(name).shape
        return self.read_slice(name, (0,) * len(shape), shape)

    def read_slice(
        self, name: str, starts: Sequence[int], lengths: Sequence[int]
    ) -> Array:
        """Return a part of a tensor, however it is stored.

        Raises:
            ValueError: The part reaches outside of the tensor.
            OpError: As `read`.
        """
        tensor = self._tensor(name)
        box = resolve(
            tuple(map(Extent, starts, lengths)),
            tensor.shape,
        )
        parts = []
        for part in tensor.parts:
            stored = resolve(part, tensor.shape)
            if stored == box:
                return self._read_part(name, tensor, part)
            common = stored.intersection(box)
            if common is not None:
                parts.append((part, stored, common))
        # Only with enough stored elements is memory taken.
        reason = gap([common for _, _, common in parts], box)
        if reason is not None:
            raise DataLossError(
                None,
                None,
                f"{self._prefix}: tensor {name!r}: of the part at {box.starts} of "
                f"{box.lengths} {reason}",
            )
        array = np.empty(box.lengths, NUMPY_DTYPES[tensor.data_type])
        for part, stored, common in parts:
            values = self._read_part(name, tensor, part)
            array[common.within(box)] = values[common.within(stored)]
        return array

    def read_many(self, names: Sequence[str]) -> dict[str, Array]:
        """Return several tensors by name.

        Raises:
            OpError: As `read`.
        """
        return dict(zip(names, self.read_each(names), strict=True))

    def read_each(self, names: Sequence[str]) -> list[Array]:
        """Return several tensors in the order of their names.

        Raises:
            OpError: As `read`.
        """
        # In the order of the file, of which only a part is in memory.
        found = {name: self.read(name) for name in sorted(names)}
        return [found[name] for name in names]

    def _read_part(self, name: str, tensor: _Tensor, part: TensorSlice) -> Array:
        file = tensor.parts[part]
        shape = resolve(part, tensor.shape).lengths
        encoded = file.table.get(encode_slice_key(name.encode(), part))
        if encoded is None:
            raise _damage(file, f"tensor {name!r}: a slice of {shape} has no entry")
        try:
            saved = SavedTensorSlices.FromString(encoded).data
            return decode_elements(
                saved.data, tensor.data_type, shape, math.prod(shape)
            )
        except (DecodeError, ValueError) as error:
            raise _damage(file, f"tensor {name!r}: {error}") from error

    def _tensor(self, name: str) -> _Tensor:
        tensor = self._tensors.get(name)
        if tensor is None:
            raise NotFoundError(
                None, None, f"Key {name} not found in checkpoint {self._prefix}"
            )
        return tensor

    def close(self) -> None:
        """Close the files."""
        for file in self._open:
            file.close()


def _damage(file: _File, reason: str) -> DataLossError:
    return DataLossError(None, None, f"{file.path}: {reason}")
