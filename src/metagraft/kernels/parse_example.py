"""Training examples taken apart, on the host; twin of `ops/parse_example.py`.

Examples are read down to the bytes of each feature; `example_columns` then reads one
feature of all of them at a time.

Source: tensorflow core/kernels/example_parsing_ops.cc,
core/util/example_proto_fast_parsing.cc.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import DType, kernel_name
from metagraft.graph.shapes import Dims, show
from metagraft.kernels.example_columns import (
    KINDS,
    LEAST_AT_ONCE,
    Column,
    Content,
    DamagedFeature,
    read_column,
    read_columns,
)
from metagraft.kernels.example_scan import places_alike, scan
from metagraft.kernels.kernel import Array, Kernel

_Arrays = Sequence[Array]
_Columns = dict[tuple[bytes, DType], Column]
# What TensorFlow's messages call values of a type, where it is not the type's name.
_VALUE_NAMES = {"float32": "float", "string": "bytes"}


def value_name(dtype: DType) -> str:
    """Return what values of a type are called in TensorFlow's messages."""
    return _VALUE_NAMES.get(dtype.name, dtype.name)


@dataclass(frozen=True, slots=True)
class DenseFeature:
    """A feature that has one shape in every example.

    Attributes:
        key: Its name.
        dtype: Type of its values.
        shape: Of an example; the first size is None if examples differ in it.
        default: For examples without it, or what shorter ones are filled with.
    """

    key: bytes
    dtype: DType
    shape: Dims
    default: Array

    @property
    def is_variable(self) -> bool:
        """Whether examples differ in the first size."""
        return None in (self.shape or ())[:1]

    @property
    def stride(self) -> int:
        """How many values an example has, or one step of it if examples differ."""
        shape = self.shape or ()
        sizes = shape[1:] if self.is_variable else shape
        return math.prod(size for size in sizes if size is not None)


def dense_features(
    keys: Sequence[bytes],
    types: Sequence[DType],
    shapes: Sequence[Dims],
    given: _Arrays,
) -> list[DenseFeature]:
    """Put together what is known of each dense feature.

    Raises:
        InvalidArgumentError: A default value does not fit.
    """
    features = [
        DenseFeature(*parts) for parts in zip(keys, types, shapes, given, strict=True)
    ]
    for place, feature in enumerate(features):
        shape, default = show(feature.shape), feature.default
        if feature.is_variable and default.size != 1:
            raise invalid(
                f"dense_shape[{place}] is a variable length shape: {shape}, therefore "
                f"def_value[{place}] must contain a single element (the padding "
                f"element).  But its shape is: {show(default.shape)}"
            )
        if not feature.is_variable and default.size and default.shape != feature.shape:
            raise invalid(
                f"def_value[{place}].shape() == {show(default.shape)} is not "
                f"compatible with dense_shapes_[{place}] == {shape}"
            )
    return features


class ExampleReader:
    """Reads features of examples, column by column, and keeps the faults it meets.

    The first example at fault is the one told of, whichever feature was read first.
    """

    def __init__(
        self, texts: Sequence[bytes], names: Sequence[bytes] | None, columns: _Columns
    ) -> None:
        """Read examples; `names` is None for a single one.

        Args:
            texts: The examples.
            names: What they are called in messages; empty if they have no names.
            columns: The features, if they are read already.
        """
        self._count = len(texts)
        self._names = names
        self._faults: list[tuple[int, str]] = []
        self._columns = columns
        self._features: Sequence[Mapping[Any, bytes]] = ()
        if not columns:
            self._read(texts)

    def _read(self, texts: Sequence[bytes]) -> None:
        from metagraft.proto import UnparsedExample

        read = UnparsedExample.FromString
        self._features, damaged = read_messages(
            texts, lambda text: read(text).features.feature
        )
        if damaged is not None:
            self._count = damaged
            self.fault(damaged, unreadable(texts[damaged]))

    def fault(self, index: int, message: str) -> None:
        """Keep a fault of an example."""
        self._faults.append((index, message))

    def check(self) -> None:
        """Tell of the first example at fault.

        Raises:
            InvalidArgumentError: There is one.
        """
        if self._faults:
            raise invalid(min(self._faults, key=lambda fault: fault[0])[1])

    def column(self, key: bytes, dtype: DType, wrong_type: str = "") -> Column | None:
        """Read one feature of all examples; None if one of them is at fault.

        Args:
            key: Its name.
            dtype: Type of its values.
            wrong_type: What is said of another type, with `found` and `expected`.
        """
        known = self._columns.get((key, dtype))
        if known is not None:
            return known
        try:
            return read_column([each.get(key, b"") for each in self._features], dtype)
        except DamagedFeature as damage:
            if damage.found is not None:
                types = {
                    "found": kernel_name(damage.found),
                    "expected": kernel_name(dtype),
                }
                text = "Data types don't match. " + wrong_type.format(**types)
            elif self._names is None:
                text = (
                    "Can't parse serialized Example: Parsing "
                    f"{KINDS[dtype.name]} failed."
                )
            else:
                text = "Can't parse serialized Example."
            self.key_fault(damage.index, key, text)
            return None

    def key_fault(self, index: int, key: bytes, text: str) -> None:
        """Keep a fault of one feature of an example."""
        place = f"Key: {shown(key)}"
        if self._names is not None:
            place = f"Name: {self._name(index)}, {place}, Index: {index}"
        self.fault(index, f"{place}.  {text}")

    def dense(self, feature: DenseFeature) -> Array | None:
        """Read a dense feature: one row for each example."""
        column = self.column(
            feature.key,
            feature.dtype,
            "Data type: {found} but expected type: {expected}",
        )
        if column is None:
            return None
        if feature.is_variable:
            return self._padded(feature, column)
        shape = (self._count, *_sizes(feature.shape))
        stride = feature.stride
        unlike = column.counts != stride
        if stride and not unlike.any():
            return column.values.reshape(shape)
        wrong = np.flatnonzero(column.present & unlike)
        if wrong.size:
            self._wrong_count(feature, int(wrong[0]), int(column.counts[wrong[0]]))
            return None
        if column.present.all():
            return column.values.reshape(shape)
        if not feature.default.size:
            self._missing(feature, int(np.argmin(column.present)))
            return None
        rows = np.empty((shape[0], feature.stride), column.values.dtype)
        rows[column.present] = column.values.reshape(-1, feature.stride)
        rows[~column.present] = feature.default.reshape(-1)
        return rows.reshape(shape)

    def _padded(self, feature: DenseFeature, column: Column) -> Array | None:
        stride = feature.stride
        wrong = np.flatnonzero(column.counts % stride) if stride else np.zeros(0, int)
        if wrong.size:
            self._uneven_count(feature, int(wrong[0]), int(column.counts[wrong[0]]))
            return None
        steps = int(column.counts.max(initial=0)) // stride if stride else 0
        inner = _sizes(feature.shape)[1:]
        return padded_rows(column, steps * stride, feature.default).reshape(
            self._count, steps, *inner
        )

    def _wrong_count(self, feature: DenseFeature, index: int, count: int) -> None:
        kind = KINDS[feature.dtype.name]
        if self._names is None:
            rest = f"Can't parse serialized Example: Some {kind} slice was not parsed."
        else:
            rest = (
                f"Number of {value_name(feature.dtype)} values != expected.  Values "
                f"size: {count} but output shape: {show(feature.shape)}"
            )
        self.key_fault(index, feature.key, rest)

    def _uneven_count(self, feature: DenseFeature, index: int, count: int) -> None:
        if self._names is None:
            self.fault(
                index,
                f"Error while parsing feature with key {shown(feature.key)}: number of "
                f"elements should be divisible by {feature.stride}, found {count} "
                "instead",
            )
            return
        self.key_fault(
            index,
            feature.key,
            f"Number of {value_name(feature.dtype)} values is not a multiple of stride "
            f"length. Saw {count} values but output shape is: {show(feature.shape)}",
        )

    def _missing(self, feature: DenseFeature, index: int) -> None:
        name = "" if self._names is None else f"Name: {self._name(index)}, "
        self.fault(
            index,
            f"{name}Feature: {shown(feature.key)} (data type: "
            f"{kernel_name(feature.dtype)}) is required but could not be found.",
        )

    def _name(self, index: int) -> str:
        return shown(self._names[index]) if self._names else "<unknown>"


def _sizes(shape: Dims) -> tuple[int, ...]:
    return tuple(-1 if size is None else size for size in shape or ())


def padded_rows(column: Column, width: int, filling: Array) -> Array:
    """Return rows of one width, `[examples, width]`, short ones filled up."""
    rows = np.empty((column.counts.size, width), column.values.dtype)
    rows[...] = filling.reshape(())
    rows[np.arange(width) < column.counts[:, None]] = column.values
    return rows


def sparse_matrix(column: Column) -> tuple[Array, Array, Array]:
    """Return indices `[n, 2]`, values `[n]` and shape `[2]` of the rows of a column."""
    counts = column.counts
    rows = np.repeat(np.arange(counts.size), counts)
    before = np.cumsum(counts) - counts
    places = np.arange(rows.size) - np.repeat(before, counts)
    shape = np.array([counts.size, counts.max(initial=0)], np.int64)
    return np.stack([rows, places], axis=1), column.values, shape


def sparse_vector(column: Column) -> tuple[Array, Array, Array]:
    """Return indices `[n, 1]`, values `[n]` and shape `[1]` of a single row."""
    count = column.values.size
    indices = np.arange(count, dtype=np.int64)[:, None]
    return indices, column.values, np.array([count], np.int64)


def row_splits(column: Column, dtype: DType) -> Array:
    """Return where rows begin and end: one more than there are rows."""
    splits = np.concatenate(([0], np.cumsum(column.counts)))
    return splits.astype(dtype.as_numpy_dtype)


def read_messages(
    texts: Sequence[bytes], read: Callable[[bytes], Any]
) -> tuple[list[Any], int | None]:
    """Read messages up to the first that is damaged; return the place of that, too."""
    from google.protobuf.message import DecodeError

    try:
        return [read(text) for text in texts], None
    except DecodeError:
        pass
    messages: list[Any] = []
    for index, text in enumerate(texts):
        try:
            messages.append(read(text))
        except DecodeError:
            return messages, index
    return messages, None


def _read_ahead(
    texts: Sequence[bytes], wanted: Sequence[tuple[bytes, DType]]
) -> _Columns:
    """Read all columns together; none if anything is not written the usual way."""
    if len(texts) < LEAST_AT_ONCE:
        return {}
    found = _places(texts, [key for key, _ in wanted])
    if found is None:
        return {}
    content, *places = found
    of_type: dict[DType, list[int]] = {}
    for place, (_, dtype) in enumerate(wanted):
        of_type.setdefault(dtype, []).append(place)
    read: _Columns = {}
    for dtype, chosen in of_type.items():
        begins, ends = (each[chosen] for each in places)
        columns = read_columns(content, begins, ends, dtype)
        if columns is None:
            return {}
        read |= {wanted[i]: column for i, column in zip(chosen, columns, strict=True)}
    return read


def _places(
    texts: Sequence[bytes], keys: Sequence[bytes]
) -> tuple[Content, Array, Array] | None:
    alike = places_alike(texts, keys)
    if alike is not None:
        return alike
    scanned = scan(texts)
    found = None if scanned is None else scanned.find(keys)
    return None if scanned is None or found is None else (scanned.content, *found)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The features that an op asks for."""

    sparse: Sequence[tuple[bytes, DType]]
    dense: Sequence[DenseFeature]
    ragged: Sequence[tuple[bytes, DType, DType]] = ()

    @property
    def all(self) -> Iterator[tuple[bytes, DType]]:
        """Every feature's name and type."""
        yield from self.sparse
        yield from ((feature.key, feature.dtype) for feature in self.dense)
        yield from ((key, dtype) for key, dtype, _ in self.ragged)


def _parse(
    wanted: _Wanted, texts: Sequence[bytes], names: Sequence[bytes] | None
) -> tuple[Array, ...]:
    """Return what is wanted of examples, or of a single one if `names` is None."""
    reader = ExampleReader(texts, names, _read_ahead(texts, list(wanted.all)))
    is_single = names is None
    wrong_type = "Expected type: {expected}, Actual type: {found}"
    dense = [reader.dense(feature) for feature in wanted.dense]
    sparse = [reader.column(*each, wrong_type) for each in wanted.sparse]
    ragged = [reader.column(*each[:2], wrong_type) for each in wanted.ragged]
    reader.check()
    as_sparse = sparse_vector if is_single else sparse_matrix
    triples = [as_sparse(column) for column in sparse if column is not None]
    rows = [column for column in ragged if column is not None]
    splits = [
        np.zeros(0, split_type.as_numpy_dtype)
        if is_single
        else row_splits(column, split_type)
        for column, (_, _, split_type) in zip(rows, wanted.ragged, strict=True)
    ]
    dense_values = [value for value in dense if value is not None]
    if is_single:
        dense_values = [value.reshape(value.shape[1:]) for value in dense_values]
    return (
        *(indices for indices, _, _ in triples),
        *(values for _, values, _ in triples),
        *(shape for _, _, shape in triples),
        *dense_values,
        *(column.values for column in rows),
        *splits,
    )


def _dense_wanted(
    attrs: Attrs, keys: Sequence[bytes], defaults: _Arrays
) -> list[DenseFeature]:
    return dense_features(keys, attrs["Tdense"], attrs["dense_shapes"], defaults)


def parse_example(
    attrs: Attrs,
    serialized: Array,
    names: Array,
    sparse_keys: _Arrays,
    dense_keys: _Arrays,
    dense_defaults: _Arrays,
) -> tuple[Array, ...]:
    for kind, keys in (("dense_keys", dense_keys), ("sparse_keys", sparse_keys)):
        check_scalars(kind, keys)
    _check_names(serialized, names)
    texts = check_batch(serialized, names, "names")
    sparse = [key.item() for key in sparse_keys]
    dense = [key.item() for key in dense_keys]
    wanted = _Wanted(
        sparse=list(zip(sparse, attrs["sparse_types"], strict=True)),
        dense=_dense_wanted(attrs, dense, dense_defaults),
    )
    return _parse(wanted, texts, names.tolist())


def _check_names(serialized: Array, names: Array) -> None:
    if names.size and names.shape != serialized.shape:
        raise invalid(
            "Expected names have the same shape as serialized: name.shape="
            f"{show(names.shape)}, serialized.shape={show(serialized.shape)}"
        )


def parse_example_v2(
    attrs: Attrs,
    serialized: Array,
    names: Array,
    sparse_keys: Array,
    dense_keys: Array,
    ragged_keys: Array,
    dense_defaults: _Arrays,
) -> tuple[Array, ...]:
    is_single = np.ndim(serialized) == 0
    _check_names(serialized, names)
    texts = (
        [serialized.item()] if is_single else check_batch(serialized, names, "names")
    )
    dense_keys = np.ravel(dense_keys)
    for name, keys, wanted_by, count in (
        ("dense", dense_keys, "len(dense_types)", len(attrs["Tdense"])),
        ("sparse", sparse_keys, "num_sparse", attrs["num_sparse"]),
        (
            "ragged",
            ragged_keys,
            "len(ragged_value_types)",
            len(attrs["ragged_value_types"]),
        ),
    ):
        if keys.size != count:
            raise invalid(
                f"Expected len({name}_keys) == {wanted_by} but got: {keys.size} vs. "
                f"{count}"
            )
    wanted = _Wanted(
        sparse=list(zip(sparse_keys.tolist(), attrs["sparse_types"], strict=True)),
        dense=_dense_wanted(attrs, dense_keys.tolist(), dense_defaults),
        ragged=list(
            zip(
                ragged_keys.tolist(),
                attrs["ragged_value_types"],
                attrs["ragged_split_types"],
                strict=True,
            )
        ),
    )
    return _parse(wanted, texts, None if is_single else names.tolist())


def parse_single_example(
    attrs: Attrs, serialized: Array, dense_defaults: _Arrays
) -> tuple[Array, ...]:
    if np.ndim(serialized):
        raise invalid(
            f"Expected serialized to be a scalar, got shape: {show(serialized.shape)}"
        )
    wanted = _Wanted(
        sparse=list(zip(attrs["sparse_keys"], attrs["sparse_types"], strict=True)),
        dense=_dense_wanted(attrs, attrs["dense_keys"], dense_defaults),
    )
    return _parse(wanted, [serialized.item()], None)


def check_scalars(name: str, keys: _Arrays) -> None:
    """Demand that keys are scalars.

    Raises:
        InvalidArgumentError: One is not.
    """
    for place, key in enumerate(keys):
        if np.ndim(key):
            raise invalid(
                f"Expected {name}[{place}] to be a scalar, got shape: {show(key.shape)}"
            )


def check_batch(serialized: Array, names: Array, called: str) -> list[bytes]:
    """Return the examples of a batch.

    Raises:
        InvalidArgumentError: They are no vector, or have more or fewer names.
    """
    if names.size:
        if names.ndim != 1:
            raise invalid(
                f"Expected {called} to be a vector, got shape: {show(names.shape)}"
            )
        if names.size != serialized.size:
            raise invalid(
                f"Expected len({called}) == len(serialized), but got: {names.size} vs. "
                f"{serialized.size}"
            )
    if serialized.ndim != 1:
        raise invalid(
            f"Expected serialized to be a vector, got shape: {show(serialized.shape)}"
        )
    texts: list[bytes] = serialized.tolist()
    return texts


def unreadable(text: bytes) -> str:
    """Say that an example is no message."""
    return f"Could not parse example input, value: '{shown(text)}'"


def shown(text: bytes) -> str:
    """Return bytes as text for a message."""
    return text.decode("utf-8", "backslashreplace")


def invalid(message: str) -> InvalidArgumentError:
    """Return the error of an argument that cannot be taken."""
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "ParseExample": Kernel(parse_example, host=True),
    "ParseExampleV2": Kernel(parse_example_v2, host=True),
    "ParseSingleExample": Kernel(parse_single_example, host=True),
}
