"""Writing a checkpoint in the other format, one tensor at a time."""

from __future__ import annotations

import os
from typing import Final

from metagraft.errors import InvalidArgumentError
from metagraft.formats import files
from metagraft.formats.bundle.writer import BundleWriter, slice_of
from metagraft.formats.checkpoint import TensorReader, open_checkpoint
from metagraft.formats.checkpoint_paths import checkpoint_prefix
from metagraft.formats.extents import Box, Extent, whole
from metagraft.formats.slices.writer import SliceWriter

V1: Final = 1
V2: Final = 2


def convert_checkpoint(
    source: files.PathLike, target: files.PathLike, *, version: int = V2
) -> None:
    """Write what a checkpoint holds as another one.

    Only one tensor, or one part of a partitioned one, is in memory at a time, so a
    checkpoint may be larger than the memory. Parts stay parts.

    Args:
        source: A prefix, `model-10`, or one of its files, or the folder, for the latest
            in it.
        target: What the files of the new one are to start with, another name; of
            version 1, the name of its file. Folders that are missing are made.
        version: The format of the new one: 2, tensor bundles, or 1, the older single
            file.

    Raises:
        NotFoundError: There is no checkpoint.
        DataLossError: It is damaged.
        InvalidArgumentError: `version` is neither 1 nor 2, or both names are the same.
        UnimplementedError: Version 1 cannot hold a tensor; of unsigned types the class
            is InvalidArgumentError.
        OpError: Files cannot be read or written; the class tells why.
    """
    if version not in (V1, V2):
        raise InvalidArgumentError(
            None, None, f"checkpoints have version 1 or 2, not {version}"
        )
    prefix = checkpoint_prefix(source)
    if os.fspath(target) in (prefix, os.fspath(source)):
        raise InvalidArgumentError(
            None, None, f"{prefix}: a checkpoint cannot replace itself"
        )
    with open_checkpoint(prefix) as reader:
        files.make_folders_above(target)
        if version == V1:
            _write_slices(reader, target)
        else:
            _write_bundle(reader, target)


def _write_bundle(reader: TensorReader, target: files.PathLike) -> None:
    with BundleWriter(target) as writer:
        for name in reader.keys():  # noqa: SIM118  # readers are no mappings
            number = reader.dtype(name)
            parts = reader.slices(name)
            if not parts:
                writer.add(name, reader.read(name), data_type=number)
            for part in parts:
                writer.add_slice(
                    name,
                    reader.shape(name),
                    slice_of(part.starts, part.lengths),
                    reader.read_slice(name, part.starts, part.lengths),
                    data_type=number,
                )
        writer.finish()


def _write_slices(reader: TensorReader, target: files.PathLike) -> None:
    writer = SliceWriter(target)
    for name in reader.keys():  # noqa: SIM118
        shape = reader.shape(name)
        for part in reader.slices(name) or (whole(shape),):
            _add_later(writer, reader, name, part)
    writer.finish()


def _add_later(writer: SliceWriter, reader: TensorReader, name: str, part: Box) -> None:
    shape = reader.shape(name)
    extents = slice_of(part.starts, part.lengths)
    if part.lengths == shape:  # as savers write what is whole
        extents = (Extent(0, None),) * len(shape)
    writer.add_later(
        name,
        shape,
        extents,
        lambda: reader.read_slice(name, part.starts, part.lengths),
        reader.dtype(name),
    )
