"""Tables of slices: the layout that readers, writer and verification share.

The empty key has the list of tensors, with their types and shapes; each other key is
that of a slice. The specification is docs/formats/slices.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from metagraft.formats.element_types import NUMPY_DTYPES
from metagraft.formats.extents import (
    Extent,
    TensorSlice,
    check_shape,
    format_slice,
    resolve,
)
from metagraft.proto import SavedSliceMeta, SavedTensorSlices

META_KEY: Final = b""


@dataclass(frozen=True, slots=True)
class ListedTensor:
    """What the list of a file says about one tensor.

    Attributes:
        name: Its name.
        data_type: Number of the type of its elements.
        shape: Its shape.
        parts: Those of its slices that are in the file.
    """

    name: str
    data_type: int
    shape: tuple[int, ...]
    parts: tuple[TensorSlice, ...]


def decode_list(encoded: bytes) -> list[ListedTensor]:
    """Return the list of tensors that a file has under `META_KEY`.

    Raises:
        ValueError: It is no list, or a tensor makes no sense.
    """
    try:
        message = SavedTensorSlices.FromString(encoded).meta
    except DecodeError as error:
        raise ValueError(str(error)) from error
    return [_listed(saved) for saved in message.tensor]


def overlapping(part: TensorSlice) -> str:
    """Return what is wrong with a slice that is listed twice."""
    text = format_slice(part)
    return f"Overlapping slices: existing slice = {text}, new slice = {text}"


def _listed(saved: SavedSliceMeta) -> ListedTensor:
    shape = tuple(dim.size for dim in saved.shape.dim)
    try:
        if saved.shape.unknown_rank:
            raise ValueError("a tensor of unknown rank")  # noqa: TRY301
        check_shape(shape)
        if saved.type not in NUMPY_DTYPES:
            raise ValueError(f"elements of unknown type {saved.type}")  # noqa: TRY301
        parts = tuple(
            tuple(
                Extent(part.start, part.length if part.HasField("length") else None)
                for part in message.extent
            )
            for message in saved.slice
        )
        for part in parts:
            resolve(part, shape)
    except ValueError as error:
        raise ValueError(f"tensor {saved.name!r}: {error}") from error
    return ListedTensor(saved.name, saved.type, shape, parts)
