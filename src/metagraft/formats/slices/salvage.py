"""Writing what verifies of a damaged checkpoint of version 1 as a bundle."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby

from google.protobuf.message import DecodeError

from metagraft.errors import DataLossError
from metagraft.formats import files
from metagraft.formats.bundle.writer import BundleWriter
from metagraft.formats.extents import Box, Extent, resolve
from metagraft.formats.slices.elements import decode_elements
from metagraft.formats.slices.verification import Place, Survey, SurveyedTensor
from metagraft.formats.table.recovery import Pairs, SurveyedTable
from metagraft.proto import SavedTensorSlices


def write_intact(found: Survey, prefix: str) -> None:
    """Write a bundle of one data file, all or nothing; one slice is in memory.

    Args:
        found: What is in the damaged one.
        prefix: What the names of the new files start with.

    Raises:
        DataLossError: The damaged one changes meanwhile.
        OpError: A file cannot be written; the class tells why.
    """
    with BundleWriter(prefix) as writer:
        for path, in_file in groupby(_chosen(found), key=lambda place: place.path):
            with closing(files.RandomAccessFile(path)) as file:
                table = SurveyedTable(file)
                for block, in_block in groupby(in_file, key=lambda place: place.block):
                    try:
                        entries = table.read(block)
                        for place in in_block:
                            _add(writer, entries, place, found.surveyed[place.name])
                    except (DecodeError, KeyError, ValueError) as error:
                        raise DataLossError(
                            None, None, f"{path} changes while it is copied: {error}"
                        ) from error
        writer.finish()


def _chosen(found: Survey) -> Iterator[Place]:
    """Yield where slices are; a box that several files have, and a whole one, once."""
    complete: dict[str, Place] = {}
    first: dict[tuple[str, Box], Place] = {}
    for place in found.places:
        shape = found.surveyed[place.name].shape
        box = resolve(place.part, shape)
        first.setdefault((place.name, box), place)
        if box.lengths == shape:
            complete.setdefault(place.name, place)
    for (name, _), place in first.items():
        if complete.get(name, place) is place:
            yield place


def _add(
    writer: BundleWriter, entries: Pairs, place: Place, tensor: SurveyedTensor
) -> None:
    box = resolve(place.part, tensor.shape)
    saved = SavedTensorSlices.FromString(entries[place.key]).data
    count = math.prod(box.lengths)
    array = decode_elements(saved.data, tensor.data_type, box.lengths, count)
    # As savers of version 2 write slices: all dimensions explicit.
    part = tuple(map(Extent, box.starts, box.lengths))
    writer.add_slice(place.name, tensor.shape, part, array, data_type=tensor.data_type)
