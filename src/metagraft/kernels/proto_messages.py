"""Messages of protobuf as tensors, on the host; twin of `ops/proto_messages.py`.

Source: tensorflow core/kernels/encode_proto_op.cc, core/kernels/decode_proto_op.cc,
core/util/proto/descriptors.cc.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from metagraft.errors import DataLossError, InvalidArgumentError, OpError
from metagraft.formats import files
from metagraft.formats.names import decode_name
from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import DType, as_dtype, kernel_name
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel

_OWN = "tensorflow."
_BYTES = b"bytes://"
_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5
# By the number of a field's type: its name, the types of tensors that go with it, and
# how it is written.
_TYPES: dict[int, tuple[str, str, int]] = {
    1: ("double", "float64", _FIXED64),
    2: ("float", "float32 float64", _FIXED32),
    3: ("int64", "int64", _VARINT),
    4: ("uint64", "uint64", _VARINT),
    5: ("int32", "int32 int64", _VARINT),
    6: ("fixed64", "uint64", _FIXED64),
    7: ("fixed32", "uint32 uint64", _FIXED32),
    8: ("bool", "bool", _VARINT),
    9: ("string", "string", _DELIMITED),
    11: ("message", "string", _DELIMITED),
    12: ("bytes", "string", _DELIMITED),
    13: ("uint32", "uint32 uint64", _VARINT),
    14: ("enum", "int32", _VARINT),
    15: ("sfixed32", "int32 int64", _FIXED32),
    16: ("sfixed64", "int64", _FIXED64),
    17: ("sint32", "int32 int64", _VARINT),
    18: ("sint64", "int64", _VARINT),
}
_FORMS = {1: "<d", 2: "<f", 6: "<Q", 7: "<I", 15: "<i", 16: "<q"}
_ZIGZAG = {17: 32, 18: 64}


def _message_type(attrs: Attrs) -> Any:
    """Return the descriptor of the message type.

    Raises:
        InvalidArgumentError: It is not known.
    """
    from google.protobuf import descriptor_pool

    source: bytes = attrs["descriptor_source"]
    name: str = attrs["message_type"].decode()
    try:
        if source in (b"", b"local://"):
            return _local_type(name)
        pool: Any = descriptor_pool.DescriptorPool()
        for file in _described_files(source):
            pool.Add(file)
        return pool.FindMessageTypeByName(name)
    except KeyError as error:
        raise _invalid(f"No descriptor found for message type {name}") from error


def _described_files(source: bytes) -> Sequence[Any]:
    """Return the descriptors in a file of them, or in the source itself.

    Raises:
        InvalidArgumentError: There are none.
    """
    from google.protobuf import descriptor_pb2
    from google.protobuf.message import DecodeError

    is_inside = source.startswith(_BYTES)
    try:
        content = (
            source[len(_BYTES) :]
            if is_inside
            else files.read_bytes(decode_name(source))
        )
        found: Sequence[Any] = descriptor_pb2.FileDescriptorSet.FromString(content).file
    except (DecodeError, OpError) as error:
        shown = "it" if is_inside else f"the file '{decode_name(source)}'"
        raise _invalid(
            f"descriptor_source has no file descriptor set: {shown} holds none, or"
            f" cannot be read ({error})"
        ) from error
    return found


def _local_type(name: str) -> Any:
    """Return a message type of this process; TensorFlow's are ours."""
    from google.protobuf import descriptor_pool

    from metagraft import proto

    if not name.startswith(_OWN):
        return descriptor_pool.Default().FindMessageTypeByName(name)
    found: Any = proto
    for part in name[len(_OWN) :].split("."):
        found = getattr(found, part, None)
        if found is None:
            raise KeyError(name)
    return found.DESCRIPTOR


def _fields(attrs: Attrs, message: Any) -> list[Any]:
    fields = []
    for name in attrs["field_names"]:
        field = message.fields_by_name.get(name.decode())
        if field is None:
            raise _invalid(
                f"Unknown field: {name.decode()} in message type "
                f"{attrs['message_type'].decode()}"
            )
        fields.append(field)
    return fields


def _check_type(field: Any, dtype: DType) -> None:
    name, allowed, _ = _TYPES.get(field.type, ("group", "", 0))
    if dtype.name not in allowed.split():
        raise _invalid(
            f"Incompatible type for field {field.name}.  Saw dtype: "
            f"{kernel_name(dtype)} but field type is: {name}"
        )


def encode_proto(attrs: Attrs, sizes: Array, values: Sequence[Array]) -> tuple[Array]:
    message = _message_type(attrs)
    fields = _fields(attrs, message)
    if len(fields) != len(values):
        raise _invalid("Length of inputs list must match field_names")
    prefix = np.shape(values[0])[:-1]
    for field, array in zip(fields, values, strict=True):
        _check_type(field, as_dtype(array.dtype))
        if array.ndim < 2:
            raise _invalid(
                f"Invalid shape for field {field.name}.  Saw shape {show(array.shape)} "
                "but it should be at least a matrix."
            )
        if array.shape[:-1] != prefix:
            raise _invalid("Values must match up to the last dimension")
    if sizes.shape != (*prefix, len(fields)):
        raise _invalid(
            "sizes should be batch_size + [len(field_names)].  Saw: "
            f"{show(sizes.shape)} but expected: {show((*prefix, len(fields)))}"
        )
    counts = sizes.reshape(-1, len(fields))
    rows = [array.reshape(-1, array.shape[-1]) for array in values]
    _check_counts(counts, rows)
    # Fields are written in the order of their numbers.
    order = sorted(range(len(fields)), key=lambda place: fields[place].number)
    texts = np.empty(counts.shape[0], object)
    for index in range(counts.shape[0]):
        texts[index] = b"".join(
            _written(fields[place], rows[place][index], int(counts[index, place]))
            for place in order
        )
    return (texts.reshape(prefix),)


def _check_counts(counts: Array, rows: Sequence[Array]) -> None:
    widths = np.array([row.shape[-1] for row in rows])
    wrong = np.argwhere(counts > widths)
    if wrong.size:
        index, place = wrong[0]
        raise _invalid(
            "Size to write must not be larger than value tensor; but saw: "
            f"{counts[index, place]} > {widths[place]} at message {index} field {place}"
        )


def _written(field: Any, row: Array, count: int) -> bytes:
    """Return the wire format of the first values of a field."""
    if not count:
        return b""
    write = _writer(field.type)
    items = [write(item) for item in row[:count].tolist()]
    if field.is_packed:
        whole = b"".join(items)
        return _tag(field, _DELIMITED) + _varint(len(whole)) + whole
    tag = _tag(field, _TYPES[field.type][2])
    return b"".join(tag + item for item in items)


def _tag(field: Any, wire_type: int) -> bytes:
    return _varint(field.number << 3 | wire_type)


def _varint(value: int) -> bytes:
    value &= 2**64 - 1
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _writer(kind: int) -> Callable[[Any], bytes]:
    """Return what writes one value of a field's type, without its tag."""
    if kind in _FORMS:
        form = struct.Struct(_FORMS[kind])
        return form.pack
    if kind in _ZIGZAG:
        bits = _ZIGZAG[kind]
        return lambda item: _varint((item << 1 ^ item >> bits - 1) & 2**bits - 1)
    if _TYPES[kind][2] == _DELIMITED:
        return lambda item: _varint(len(item)) + item
    return lambda item: _varint(int(item))


def decode_proto(attrs: Attrs, bytes: Array) -> tuple[Array, ...]:
    message = _message_type(attrs)
    fields = _fields(attrs, message)
    types: list[DType] = attrs["output_types"]
    if len(types) != len(fields):
        raise _invalid(
            "field_names and output_types attributes must have the same length"
        )
    for field, dtype in zip(fields, types, strict=True):
        name, allowed, _ = _TYPES.get(field.type, ("group", "", 0))
        if dtype.name not in allowed.split():
            raise _invalid(
                f"Unexpected output type for {attrs['message_type'].decode()}."
                f"{field.name}: {name} to DT_{kernel_name(dtype).upper()}"
            )
    if not np.size(bytes):
        raise _invalid("Bufs argument must contain at least one value")
    read = _reader(attrs, message)
    messages = [read(text) for text in np.ravel(bytes).tolist()]
    shape = np.shape(bytes)
    lists = [[_values(each, field) for each in messages] for field in fields]
    sizes = np.array([[len(row) for row in rows] for rows in lists], np.int32)
    arrays = [
        _filled(rows, field, dtype).reshape(*shape, -1)
        for rows, field, dtype in zip(lists, fields, types, strict=True)
    ]
    return (sizes.T.reshape(*shape, len(fields)), *arrays)


def _reader(attrs: Attrs, message: Any) -> Callable[[Any], Any]:
    """Return what reads a message of a type, as bytes or as text."""
    from google.protobuf import message_factory, text_format
    from google.protobuf.message import DecodeError

    make = message_factory.GetMessageClass(message)
    kind: str = attrs["message_format"].decode()
    if kind not in ("binary", "text"):
        raise _invalid("format must be one of binary or text")

    def read(text: Any) -> Any:
        try:
            if kind == "binary":
                return make.FromString(text)
            return text_format.Parse(text.decode(), make())
        except (DecodeError, text_format.ParseError, UnicodeDecodeError) as error:
            raise DataLossError(
                None, None, f"Unable to parse {kind} protobuf"
            ) from error

    return read


def _values(message: Any, field: Any) -> list[Any]:
    """Return the values of a field, none if it is absent."""
    value = getattr(message, field.name)
    if field.is_repeated:
        values = list(value)
    elif field.has_presence:
        values = [value] if message.HasField(field.name) else []
    else:
        values = [value] if value != field.default_value else []
    if field.message_type is not None:
        return [each.SerializeToString(deterministic=True) for each in values]
    return [each.encode() if isinstance(each, str) else each for each in values]


def _filled(rows: Sequence[Sequence[Any]], field: Any, dtype: DType) -> Array:
    """Return rows of one width; what is missing is the field's default.

    Fields that are not repeated have a value in any case.
    """
    width = max([int(not field.is_repeated), *map(len, rows)])
    default: Any = 0 if field.is_repeated else field.default_value
    if dtype.name == "string":
        default = default.encode() if isinstance(default, str) else default or b""
    values = np.empty((len(rows), width), dtype.as_numpy_dtype)
    values[...] = default
    for place, row in enumerate(rows):
        values[place, : len(row)] = row
    return values


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "DecodeProtoV2": Kernel(decode_proto, host=True),
    "EncodeProto": Kernel(encode_proto, host=True),
}
