"""Ops that save and restore: `SaveV2`, `RestoreV2`, `SaveSlices`, names of shards.

The files themselves are those of `formats.bundle` and `formats.slices`.

Source: tensorflow core/kernels/save_restore_v2_ops.cc, save_restore_tensor.cc.
"""

from __future__ import annotations

import posixpath
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from metagraft.errors import (
    AlreadyExistsError,
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
)
from metagraft.formats import files
from metagraft.formats.bundle.format import index_path
from metagraft.formats.bundle.merge import merge_bundles
from metagraft.formats.bundle.recovery import read_through_saves
from metagraft.formats.bundle.writer import BundleWriter
from metagraft.formats.checkpoint import TensorReader
from metagraft.formats.extents import Box, Extent, TensorSlice, resolve
from metagraft.formats.files import exists
from metagraft.formats.names import decode_name, decode_names
from metagraft.formats.open_checkpoints import opened
from metagraft.formats.slices.writer import SliceWriter
from metagraft.formats.staging import is_shard, staging
from metagraft.graph.dtypes import DType, from_enum
from metagraft.graph.shapes import show
from metagraft.kernels import Kernel
from metagraft.kernels.kernel import Array
from metagraft.runtime.node_errors import shown_type
from metagraft.runtime.vocabulary_ops import VOCABULARY_KERNELS

Attributes = Mapping[str, Any]

# Names as they came and as text.
_DECODED: Final[deque[tuple[list[bytes], list[str]]]] = deque(maxlen=4)


# -- specifications of slices ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SliceSpec:
    """A part of a tensor, as `shape_and_slices` names it: `4 2 0,2:-`.

    Attributes:
        shape: The shape of the whole tensor.
        part: Which part of it.
        text: The part as written.
    """

    shape: tuple[int, ...]
    part: TensorSlice
    text: str

    def box(self) -> Box:
        """Return where the part begins and how large it is."""
        return resolve(self.part, self.shape)


def parse_slice_spec(text: str) -> SliceSpec:
    """Read a specification.

    Raises:
        InvalidArgumentError: It is malformed.
    """
    *sizes, part = text.split(" ")
    if not sizes:
        raise InvalidArgumentError(
            None,
            None,
            f"Need least two elements in shape_and_slice specification: {text}",
        )
    try:
        shape = tuple(int(size) for size in sizes)
        extents = tuple(_extent(item) for item in part.split(":"))
        spec = SliceSpec(shape, extents, part)
        spec.box()
    except ValueError as error:
        raise InvalidArgumentError(
            None, None, f"Malformed shape_and_slice specification '{text}': {error}"
        ) from error
    return spec


def _extent(text: str) -> Extent:
    if text == "-":
        return Extent(0, None)
    start, comma, length = text.partition(",")
    if not comma:
        raise ValueError(f"'{text}' is neither '-' nor 'start,length'")
    return Extent(int(start), int(length))


# -- saving ----------------------------------------------------------------------------


def save_v2(
    attrs: Attributes,
    prefix: Array,
    tensor_names: Array,
    shape_and_slices: Array,
    tensors: tuple[Array, ...],
) -> tuple[()]:
    """Write tensors to a checkpoint."""
    names, specs = _names(tensor_names, shape_and_slices)
    if len(names) != len(tensors):
        raise InvalidArgumentError(
            None, None, f"Got {len(names)} names for {len(tensors)} tensors to save"
        )
    whole = _whole(names, specs)
    if len(set(whole)) < len(whole):
        name = next(name for name, count in Counter(whole).items() if count > 1)
        raise InvalidArgumentError(None, None, f"Adding duplicate key: {name}")
    prefix_text = _text(prefix)
    run = staging()
    path = prefix_text if run is None else run.part(prefix_text)
    folder = path.rpartition("/")[0]
    if folder:  # TF: makes this folder only, not those above it
        files.make_folders(folder)
    arrays = [np.asarray(value) for value in tensors]
    numbers = _type_numbers(attrs["dtypes"])
    write = partial(_write, path, names, specs, arrays, numbers)
    if run is not None and path != prefix_text:
        run.start(write)
    else:
        write()
    return ()


def _write(
    path: str,
    names: list[str],
    specs: list[str],
    arrays: list[Array],
    numbers: list[int],
) -> None:
    """Write tensors, and parts of tensors where the specifications say so."""
    with BundleWriter(path) as writer:
        if any(specs):
            rows = zip(names, specs, arrays, numbers, strict=True)
            for name, text, array, number in rows:
                _add(writer, name, text, array, number)
        else:
            writer.add_many(names, arrays, numbers)
        writer.finish()


def _add(writer: BundleWriter, name: str, text: str, array: Array, number: int) -> None:
    """Append a tensor, or the part of one that `text` says."""
    if not text:
        writer.add(name, array, data_type=number)
        return
    spec = parse_slice_spec(text)
    if spec.box().lengths != array.shape:
        raise InvalidArgumentError(
            None,
            None,
            "Slice in shape_and_slice specification does not match the shape of the "
            f"tensor to  save: {text}, tensor: {show(array.shape)}",
        )
    try:
        writer.add_slice(name, spec.shape, spec.part, array, data_type=number)
    except AlreadyExistsError as error:
        raise InvalidArgumentError(
            None, None, f"Adding duplicate key: {name}, slice {spec.text}"
        ) from error


def merge_v2_checkpoints(
    attrs: Attributes, checkpoint_prefixes: Array, destination_prefix: Array
) -> tuple[()]:
    """Join the checkpoints of several devices, and delete their empty folders."""
    prefixes = [
        decode_name(item) for item in np.asarray(checkpoint_prefixes).reshape(-1)
    ]
    destination = _text(destination_prefix)
    run = staging()
    if run is not None:
        run.wait()
    parts = prefixes if run is None else [run.written(prefix) for prefix in prefixes]
    for prefix, part in zip(prefixes, parts, strict=True):
        if not exists(index_path(part)):
            raise InvalidArgumentError(
                None,
                None,
                f"allow_missing_files was set to false and {prefix} did not exist.",
            )
    files.make_folders(posixpath.dirname(destination))
    keeps_folders = not attrs["delete_old_dirs"]
    if keeps_folders:
        for folder in {posixpath.dirname(prefix) for prefix in prefixes}:
            files.make_folders(folder)
    merge_bundles(parts, destination, keeps_folders=keeps_folders)
    if run is not None:
        run.forget(prefixes)
    return ()


def save_slices(
    attrs: Attributes,
    filename: Array,
    tensor_names: Array,
    shapes_and_slices: Array,
    tensors: tuple[Array, ...],
) -> tuple[()]:
    """Write tensors to a file of format V1."""
    names, specs = _names(tensor_names, shapes_and_slices)
    if len(names) != len(tensors):
        raise InvalidArgumentError(
            None, None, f"Got {len(names)} names for {len(tensors)} tensors to save"
        )
    path = _text(filename)
    files.make_folders(posixpath.dirname(path))
    writer = SliceWriter(path)
    for name, text, value, dtype in zip(names, specs, tensors, attrs["T"], strict=True):
        array = np.asarray(value)
        shape: tuple[int, ...] = array.shape
        part: TensorSlice = (Extent(0, None),) * array.ndim
        if text:
            spec = parse_slice_spec(text)
            shape, part = spec.shape, spec.part
        writer.add(name, shape, part, array, dtype.as_datatype_enum)
    run = staging()
    if run is not None and is_shard(path):
        run.add_shard(path, writer.written())
    else:
        writer.finish()
    return ()


def save(
    attrs: Attributes, filename: Array, tensor_names: Array, tensors: tuple[Array, ...]
) -> tuple[()]:
    """Write whole tensors to a file of format V1."""
    specs = np.full(np.shape(tensor_names), b"", object)
    return save_slices(attrs, filename, tensor_names, specs, tensors)


# -- restoring -------------------------------------------------------------------------


def restore_v2(
    attrs: Attributes, prefix: Array, tensor_names: Array, shape_and_slices: Array
) -> tuple[Array, ...]:
    """Read tensors from a checkpoint."""
    dtypes = attrs["dtypes"]
    if np.size(tensor_names) != len(dtypes):
        raise InvalidArgumentError(
            None,
            None,
            f"Got {np.size(tensor_names)} tensor names, but {len(dtypes)} expected "
            "dtypes.",
        )
    names, specs = _names(tensor_names, shape_and_slices)
    path = _text(prefix)
    run = staging()
    if run is not None:  # it reads what it has saved
        run.wait()
        run.publish_shards()
        path = run.written(path)
    return read_through_saves(path, lambda: _restored(path, names, specs, dtypes))


def _restored(
    path: str, names: list[str], specs: list[str], dtypes: Sequence[DType]
) -> tuple[Array, ...]:
    with opened(path) as reader:
        _check_types(reader, names, dtypes, specs)
        arrays = reader.read_each(_whole(names, specs))
        if len(arrays) == len(names):
            return tuple(arrays)
        found = iter(arrays)
        return tuple(
            _restored_slice(reader, name, spec) if spec else next(found)
            for name, spec in zip(names, specs, strict=True)
        )


def restore_slice(
    attrs: Attributes, file_pattern: Array, tensor_name: Array, shape_and_slice: Array
) -> tuple[Array, ...]:
    """Read one tensor, or a part of it, from a checkpoint."""
    path, name, wanted = _text(file_pattern), _text(tensor_name), attrs["dt"]
    with opened(path) as reader:
        (stored,) = reader.stored_types([name])
    if stored is None:
        raise NotFoundError(
            None, None, f'Tensor name "{name}" not found in checkpoint files {path}'
        )
    if stored != wanted.as_datatype_enum:
        raise InvalidArgumentError(
            None,
            None,
            f"Expected to restore a tensor of type {shown_type(wanted)}, got a tensor "
            f"of type {shown_type(from_enum(stored))} instead: tensor_name = {name}",
        )
    return restore_v2(
        {"dtypes": [wanted]},
        file_pattern,
        np.reshape(tensor_name, 1),
        np.reshape(shape_and_slice, 1),
    )


def restore(
    attrs: Attributes, file_pattern: Array, tensor_name: Array
) -> tuple[Array, ...]:
    """Read one whole tensor from a checkpoint."""
    whole = np.array([b""], object)
    return restore_slice(attrs, file_pattern, tensor_name, whole)


def _check_types(
    reader: TensorReader, names: list[str], dtypes: Sequence[DType], specs: list[str]
) -> None:
    """Check that tensors are there, of the types asked for, and whole if all is."""
    stored = reader.stored_types(names)
    wanted = _type_numbers(dtypes)
    if stored != wanted:
        for name, number, expected in zip(names, stored, wanted, strict=True):
            _check_type(name, number, expected)
    for name in reader.in_parts(_whole(names, specs)):
        _check_complete(reader, name)


def _check_type(name: str, stored: int | None, wanted: int) -> None:
    if stored is None:
        raise NotFoundError(None, None, f"Key {name} not found in checkpoint")
    if stored != wanted:
        raise InvalidArgumentError(
            None,
            None,
            f"tensor_name = {name}; expected dtype {shown_type(from_enum(wanted))} "
            f"does not equal original dtype {shown_type(from_enum(stored))}",
        )


def _type_numbers(dtypes: Sequence[DType]) -> list[int]:
    if dtypes and dtypes.count(dtypes[0]) == len(dtypes):
        return [dtypes[0].as_datatype_enum] * len(dtypes)
    kinds = {id(dtype): dtype for dtype in dtypes}  # quicker than their own hashes
    number_of = {key: dtype.as_datatype_enum for key, dtype in kinds.items()}
    return [number_of[id(dtype)] for dtype in dtypes]


def _whole(names: list[str], specs: list[str]) -> list[str]:
    """Return the names of what is saved or restored whole, not in slices."""
    if not any(specs):
        return names
    return [name for name, spec in zip(names, specs, strict=True) if not spec]


def _check_complete(reader: TensorReader, name: str) -> None:
    """Check that the stored parts of a partitioned tensor make all of it."""
    shape = reader.shape(name)
    stored = sum(int(np.prod(part.lengths)) for part in reader.slices(name))
    if stored < int(np.prod(shape)):
        raise _insufficient(name, ":".join("-" for _ in shape))


def _insufficient(name: str, part: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        None,
        None,
        f"Does not have sufficient slices for partitioned tensor {name} to restore "
        f"in slice_spec: {part}",
    )


def _restored_slice(reader: TensorReader, name: str, text: str) -> Array:
    spec = parse_slice_spec(text)
    shape = reader.shape(name)
    if spec.shape != shape:
        raise InvalidArgumentError(
            None,
            None,
            f"tensor_name = {name}; shape in shape_and_slice spec "
            f"{show(spec.shape)} does not match the shape stored in checkpoint: "
            f"{show(shape)}",
        )
    box = spec.box()
    parts = reader.slices(name)
    if parts:
        overlaps = [part.intersection(box) for part in parts]
        covered = sum(int(np.prod(o.lengths)) for o in overlaps if o is not None)
        if covered < int(np.prod(box.lengths)):
            raise _insufficient(name, spec.text)
    try:
        return reader.read_slice(name, box.starts, box.lengths)
    except DataLossError as error:
        raise DataLossError(None, None, f"tensor_name = {name}; {error}") from error


# -- names -----------------------------------------------------------------------------


def sharded_filename(
    _: Attributes, basename: Array, shard: Array, num_shards: Array
) -> tuple[Array]:
    """Return `basename-00001-of-00012`."""
    name = f"{_text(basename)}-{int(shard):05d}-of-{int(num_shards):05d}"
    return (np.array(name.encode(), dtype=object),)


def sharded_filespec(_: Attributes, basename: Array, num_shards: Array) -> tuple[Array]:
    """Return `basename-?????-of-00012`, which all shards match."""
    run = staging()
    if run is not None:
        run.publish_shards(_text(basename))
    name = f"{_text(basename)}-?????-of-{int(num_shards):05d}"
    return (np.array(name.encode(), dtype=object),)


def _text(array: Array) -> str:
    return decode_name(np.asarray(array).reshape(-1)[0])


def _names(tensor_names: Array, shape_and_slices: Array) -> tuple[list[str], list[str]]:
    names = _decoded(np.asarray(tensor_names).reshape(-1).tolist())
    slices = np.asarray(shape_and_slices).reshape(-1).tolist()
    specs = decode_names(slices) if any(slices) else [""] * len(slices)
    if len(names) != len(specs):
        raise InvalidArgumentError(
            None,
            None,
            "tensor_names and shape_and_slices have different number of elements: "
            f"{len(names)} vs. {len(specs)}",
        )
    return names, specs


def _decoded(contents: list[bytes]) -> list[str]:
    """Return names as text; the last ones are kept, as runs come again."""
    for kept, names in tuple(_DECODED):
        if kept == contents:  # fast, as the parts of a constant stay the same objects
            return names
    names = decode_names(contents)
    _DECODED.append((contents, names))
    return names


CHECKPOINT_KERNELS: Final = {
    **VOCABULARY_KERNELS,
    "Save": Kernel(save, host=True),
    "SaveSlices": Kernel(save_slices, host=True),
    "SaveV2": Kernel(save_v2, host=True),
    "Restore": Kernel(restore, host=True),
    "RestoreSlice": Kernel(restore_slice, host=True),
    "RestoreV2": Kernel(restore_v2, host=True),
    "MergeV2Checkpoints": Kernel(merge_v2_checkpoints, host=True),
    "ShardedFilename": Kernel(sharded_filename, host=True),
    "ShardedFilespec": Kernel(sharded_filespec, host=True),
}
