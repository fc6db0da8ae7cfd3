"""Records what TensorFlow's kernels read from training examples and records of text.

Usage: python -m tests.golden.record.record_parsing_kernels
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

from tests.golden.record.kernel_errors import write_errors
from tests.golden.record.kernel_values import Case, write
from tests.golden.record.record_string_kernels import texts
from tests.golden.record.tensorflow_v1 import load

FOLDER = Path(__file__).parents[1] / "parsing_kernels"
NUMPY_TYPES = {"int64": np.int64, "float32": np.float32, "string": object}


def feature(values: Any) -> Any:
    """Return a feature of integers, floats or strings; one of no kind for None."""
    tf = load()
    if values is None:
        return tf.train.Feature()
    if values and isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if values and isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def example(**values: Any) -> bytes:
    """Return an example; none may end with a zero, which NumPy drops."""
    tf = load()
    features = {name: feature(value) for name, value in values.items()}
    message = tf.train.Example(features=tf.train.Features(feature=features))
    written: bytes = message.SerializeToString(deterministic=True)
    return written


def sequence(context: dict[str, Any], lists: dict[str, Any]) -> bytes:
    """Return an example of sequences."""
    tf = load()
    message = tf.train.SequenceExample(
        context=tf.train.Features(
            feature={name: feature(value) for name, value in context.items()}
        ),
        feature_lists=tf.train.FeatureLists(
            feature_list={
                name: tf.train.FeatureList(feature=[feature(step) for step in steps])
                for name, steps in lists.items()
            }
        ),
    )
    written: bytes = message.SerializeToString(deterministic=True)
    return written


def array_of(values: Any, dtype: str) -> Any:
    """Return an array of a type that features have."""
    return np.array(values, NUMPY_TYPES[dtype])


def batched(
    examples: Any,
    sparse: Sequence[tuple[bytes, str]] = (),
    dense: Sequence[tuple[bytes, str, Any, Any]] = (),
    ragged: Sequence[tuple[bytes, str, str]] = (),
    names: Sequence[bytes] = (),
) -> Case:
    """Return a case of ParseExampleV2, of a single example if there is no batch."""
    attrs = {
        "num_sparse": len(sparse),
        "sparse_types": [kind for _, kind in sparse],
        "ragged_value_types": [kind for _, kind, _ in ragged],
        "ragged_split_types": [splits for _, _, splits in ragged],
        "dense_shapes": [shape for _, _, shape, _ in dense],
    }
    operands = {
        "serialized": np.array(examples, object),
        "names": texts(*names),
        "sparse_keys": texts(*(key for key, _ in sparse)),
        "dense_keys": texts(*(key for key, *_ in dense)),
        "ragged_keys": texts(*(key for key, *_ in ragged)),
        "dense_defaults": [array_of(value, kind) for _, kind, _, value in dense],
    }
    return Case("example", "ParseExampleV2", attrs, operands)


def good_examples() -> list[bytes]:
    """Return examples whose features have all kinds of lengths."""
    return [
        example(a=[1, 2], b=[1.5], c=[b"x", b"yz"]),
        example(a=[-3, 2**60], b=[2.5]),
        example(a=[0, 7], c=[b"\xff\x00a", b"", b"abc" * 60], d=[1]),
        example(a=[5, 6], b=None, d=list(range(1, 300))),
    ]


# A field that examples do not have.
ENDING = b"\x12\x02ab"


def odd_examples() -> dict[str, bytes]:
    """Return examples of which some are refused, depending on what is asked for."""
    return {
        "empty": example(a=[]) + ENDING,
        "none": example(a=None) + ENDING,
        "type": example(a=[1.0]),
        "many": example(a=[1, 2, 3]),
        "missing": example(b=[1, 2]),
        "nothing": b"",
        "twice": example(a=[1, 2]) + example(a=[5, 9]),
        "unpacked": b"\x0a\x0d\x0a\x0b\x0a\x01a\x12\x06\x1a\x04\x08\x05\x08\x06",
        "unknown": ENDING + example(a=[3, 4]),
        "garbage": b"garbage",
        "cut": b"\x0a\x0a\x0a\x08\x0a\x01a\x12\x03\x1a\x02\x0a",
        "endless": b"\x0a\x0d\x0a\x0b\x0a\x01a\x12\x06\x1a\x04\x0a\x02\xff\xff",
    }


PAIR: list[Any] = [(b"a", "int64", [2], [])]
PAIR_OR_DEFAULT = [(b"a", "int64", [2], [8, 9])]
PAIRS = [(b"a", "int64", [None, 2], 8)]
SPARSE = [(b"a", "int64")]
RAGGED = [(b"a", "int64", "int32")]
# What each way to read a feature refuses.
REFUSED = {
    "pair": "empty none type many missing nothing garbage cut endless",
    "default": "empty type many garbage cut endless",
    "pairs": "type many garbage cut endless",
    "sparse": "type garbage cut endless",
    "ragged": "type garbage cut endless",
}


def odd_cases(*, refused: bool) -> Iterator[Case]:
    """Every odd example read in every way, in a batch and alone."""
    ways: dict[str, Any] = {
        "pair": {"dense": PAIR},
        "default": {"dense": PAIR_OR_DEFAULT},
        "pairs": {"dense": PAIRS},
        "sparse": {"sparse": SPARSE},
        "ragged": {"ragged": RAGGED},
    }
    for way, asked in ways.items():
        for name, text in odd_examples().items():
            if (name in REFUSED[way].split()) is refused:
                yield batched([*good_examples()[:2], text], **asked)
                yield batched(text, **asked)


def parsed_examples() -> Iterator[Case]:
    """Batches, long enough to be read at once, and single examples."""
    good = good_examples()
    everything: dict[str, Any] = {
        "sparse": [(b"a", "int64"), (b"c", "string")],
        "dense": [(b"b", "float32", [], 0.5)],
        "ragged": [(b"d", "int64", "int32"), (b"c2", "string", "int64")],
    }
    padded: dict[str, Any] = {
        "sparse": [(b"b", "float32")],
        "dense": [
            (b"a", "int64", [None, 2], 7),
            (b"c", "string", [None], b"pad"),
        ],
        "ragged": [(b"d", "int64", "int64")],
    }
    for asked in (everything, padded):
        yield batched(good, **asked)
        yield batched(good * 10, **asked)
        yield batched([], **asked)
        for text in good:
            yield batched(text, **asked)
    yield from odd_cases(refused=False)
    attrs = {"sparse_types": ["int64"], "dense_shapes": [[None]]}
    keys = {"sparse_keys": [np.array(b"a", object)]}
    more = {"dense_keys": [np.array(b"c", object)]}
    given = {"serialized": texts(*good), "names": texts()}
    defaults = {"dense_defaults": [np.array(b"", object)]}
    yield Case("example", "ParseExample", attrs, {**given, **keys, **more, **defaults})
    for text in good:
        attrs = {
            "num_sparse": 2,
            "sparse_keys": ["a", "c"],
            "sparse_types": ["int64", "string"],
            "dense_keys": ["b", "d"],
            "dense_shapes": [[], [None]],
        }
        values = [np.array(1.0, np.float32), np.array(0)]
        operands = {"serialized": np.array(text, object), "dense_defaults": values}
        yield Case("example", "ParseSingleExample", attrs, operands)


def sequences(
    examples: Any,
    context: Sequence[tuple[bytes, str, Any, Any]] = (),
    lists: Sequence[tuple[bytes, str, Any, bool]] = (),
    sparse: tuple[Sequence[tuple[bytes, str]], Sequence[tuple[bytes, str]]] = ((), ()),
    ragged: tuple[Sequence[Any], Sequence[Any]] = ((), ()),
) -> Case:
    """Return a case of ParseSequenceExampleV2."""
    attrs: dict[str, Any] = {
        "Nfeature_list_dense": len(lists),
        "feature_list_dense_types": [kind for _, kind, _, _ in lists],
        "feature_list_dense_shapes": [shape for _, _, shape, _ in lists],
        "context_dense_shapes": [shape for _, _, shape, _ in context],
    }
    operands: dict[str, Any] = {
        "serialized": np.array(examples, object),
        "debug_name": texts(),
    }
    parts = {"context": context, "feature_list": lists}
    for place, (part, dense) in enumerate(parts.items()):
        attrs[f"N{part}_sparse"] = len(sparse[place])
        attrs[f"{part}_sparse_types"] = [kind for _, kind in sparse[place]]
        attrs[f"{part}_ragged_value_types"] = [each[1] for each in ragged[place]]
        attrs[f"{part}_ragged_split_types"] = [each[2] for each in ragged[place]]
        operands[f"{part}_sparse_keys"] = texts(*(key for key, _ in sparse[place]))
        operands[f"{part}_dense_keys"] = texts(*(each[0] for each in dense))
        operands[f"{part}_ragged_keys"] = texts(*(each[0] for each in ragged[place]))
    operands["feature_list_dense_missing_assumed_empty"] = np.array(
        [may_be_missing for *_, may_be_missing in lists], bool
    )
    operands["context_dense_defaults"] = [
        array_of(value, kind) for _, kind, _, value in context
    ]
    return Case("sequence", "ParseSequenceExampleV2", attrs, operands)


def good_sequences() -> list[bytes]:
    """Return sequences of different lengths."""
    words = [[b"x"], None, [b"y", b"zz"]]
    return [
        sequence({"a": [1, 2], "b": [1.5]}, {"l": [[1, 2], [3, 4]], "m": words}),
        sequence({"a": [3, 4]}, {"l": [[5, 6]]}),
        sequence({"a": [3, 4], "b": [2.0]}, {"l": [], "m": [[b"q"]]}),
    ]


def parsed_sequences() -> Iterator[Case]:
    """All kinds of features of contexts and of steps."""
    good = good_sequences()
    asked: dict[str, Any] = {
        "context": [(b"a", "int64", [2], []), (b"e", "string", [], b"none")],
        "lists": [(b"l", "int64", [2], False), (b"n", "float32", [], True)],
        "sparse": ([(b"b", "float32"), (b"zz", "int64")], [(b"m", "string")]),
    }
    ragged = (
        [(b"a2", "int64", "int32"), (b"b2", "float32", "int64")],
        [(b"m2", "string", "int64")],
    )
    yield sequences(good, **asked)
    yield sequences(good, **asked, ragged=ragged)
    yield sequences(
        good, ragged=([(b"a", "int64", "int32")], [(b"m", "string", "int32")])
    )
    for text in good:
        yield sequences(text, **asked)
    yield batched_sequences(good)
    for text in good:
        yield single_sequence(text)


def batched_sequences(examples: Sequence[bytes]) -> Case:
    """Return a case of ParseSequenceExample."""
    attrs = {
        "feature_list_dense_missing_assumed_empty": ["n"],
        "context_sparse_keys": ["b"],
        "context_dense_keys": ["a"],
        "feature_list_sparse_keys": ["m"],
        "feature_list_dense_keys": ["l", "n"],
        "Ncontext_sparse": 1,
        "Ncontext_dense": 1,
        "Nfeature_list_sparse": 1,
        "Nfeature_list_dense": 2,
        "context_sparse_types": ["float32"],
        "context_dense_shapes": [[2]],
        "feature_list_sparse_types": ["string"],
        "feature_list_dense_types": ["int64", "float32"],
        "feature_list_dense_shapes": [[2], [3]],
    }
    operands = {
        "serialized": texts(*examples),
        "debug_name": texts(),
        "context_dense_defaults": [np.zeros(0, np.int64)],
    }
    return Case("sequence", "ParseSequenceExample", attrs, operands)


def single_sequence(text: bytes, name: bytes = b"") -> Case:
    """Return a case of ParseSingleSequenceExample."""

    def scalar(key: bytes) -> Any:
        return np.array(key, object)

    attrs = {
        "context_sparse_types": ["float32"],
        "context_dense_shapes": [[2]],
        "feature_list_sparse_types": ["string"],
        "feature_list_dense_types": ["int64"],
        "feature_list_dense_shapes": [[2]],
    }
    operands = {
        "serialized": np.array(text, object),
        "feature_list_dense_missing_assumed_empty": texts(),
        "context_sparse_keys": [scalar(b"b")],
        "context_dense_keys": [scalar(b"a")],
        "feature_list_sparse_keys": [scalar(b"m")],
        "feature_list_dense_keys": [scalar(b"l")],
        "context_dense_defaults": [np.zeros(0, np.int64)],
        "debug_name": np.array(name, object),
    }
    return Case("sequence", "ParseSingleSequenceExample", attrs, operands)


def refused_sequences() -> Iterator[Case]:
    """Sequences that lack something, or have another type or size."""
    first = good_sequences()[0]
    asked: dict[str, Any] = {
        "context": [(b"a", "int64", [2], [])],
        "lists": [(b"l", "int64", [2], False)],
    }
    for text in (
        sequence({"a": [1.0, 2.0]}, {"l": []}),
        sequence({}, {"l": []}),
        sequence({"a": [1, 2, 3]}, {"l": []}),
        sequence({"a": []}, {"l": []}),
        sequence({"a": [1, 2]}, {"l": [[1, 2], [1.0, 2.0]]}),
        sequence({"a": [1, 2]}, {}),
        sequence({"a": [1, 2]}, {"l": [[1, 2], [1, 2, 3]]}),
        sequence({"a": [1, 2]}, {"l": [[]]}),
        b"garbage",
    ):
        yield sequences([first, text], **asked)
    for text in (
        sequence({}, {"l": []}),
        sequence({"a": [1, 2, 3]}, {"l": []}),
        sequence({"a": [1, 2]}, {}),
        sequence({"a": [1, 2]}, {"l": [[1, 2], [1, 2, 3]]}),
        b"garbage",
    ):
        yield single_sequence(text, b"name")


def csv(*records: bytes, columns: Any = None, **attrs: Any) -> Case:
    """Return a case of DecodeCSV with a column of each type, or those given."""
    defaults = [
        np.array(1.5, np.float32),
        np.array(2.5),
        np.array([3], np.int32),
        np.array(4),
        np.array(b"none", object),
    ]
    operands = {"records": texts(*records), "record_defaults": columns or defaults}
    return Case("csv", "DecodeCSV", attrs, operands)


def records_of_text() -> Iterator[Case]:
    """Fields of every type, missing, quoted, and chosen."""
    for records in (
        (b"1,2,3,4,abc", b"-1.5e3,+.5, 7 , -8 ,x y"),
        (b",,,,", b"1,2,3,4,"),
        (b'"1","2",3,4,"a,""b"""', b'1,2,3,4,"x\ny"'),
        (b"\n1,2,3,4,x", b"nan,inf,3,4,x"),
        (b"1.00000005960464477540,1e-46,3,4,x", b"16777217,0x10,3,4,x"),
        (),
    ):
        yield csv(*records)
        yield csv(*records, columns=[np.array(0.5)], select_cols=[1])
    yield csv(b"NA,2,3,NA,NA", na_value="NA")
    yield csv(*long_records(), na_value="NA")
    chosen = [np.array(0), np.array(b"", object)]
    yield csv(*long_records(), columns=chosen, na_value="NA", select_cols=[2, 4])
    two = [np.array(0), np.array(b"", object)]
    yield csv(b'1\t"a"', columns=two, field_delim="\t", use_quote_delim=False)
    for kind, content in (
        ("ZLIB", zlib.compress(b"hello" * 100)),
        ("ZLIB", zlib.compress(b"hello" * 100)[:-6]),
        ("GZIP", gzip.compress(b"a" * 9, mtime=0)),
        ("ZSTD", zstandard.compress(b"hello" * 100)),
        ("ZSTD", zstandard.compress(b"")),
        ("", b"as it is"),
    ):
        attrs = {"compression_type": kind}
        yield Case(
            "text", "DecodeCompressed", attrs, {"bytes": texts(content, content)}
        )


def long_records(place: int = 18, other: bytes = b"1,2,3,4,x") -> list[bytes]:
    """Return so many records that they are read at once, and one at a place."""
    fields = [b"a b", b'"x, ""y"""', b"", b'"z\nz"']
    records = [
        b"%d.%03d,%.4f,%d,NA,%s" % (i, i * 37 % 1000, i / 7, i * i, fields[i % 4])
        for i in range(18)
    ]
    return [*records[:place], other, *records[place + 1 :]]


def refused_records() -> Iterator[Case]:
    """Records with fields missing, too many, or of another type."""
    for record in (b"1,2", b"1,x,3,4,a", b'1,2,3,"4"5,a', b"", b'1,2,3,4,"a"b"'):
        yield csv(*long_records(7, record), na_value="NA")
    yield csv(*long_records(7, b"1,2,3.5,x,"), na_value="NA")
    yield csv(*long_records(7, b"1,2,3,4"), b"x,2,3,4,5", na_value="NA")
    for record in (
        b"1,2",
        b"1,2,3,4,5,6",
        b'1,2,3,4,a"b',
        b'1,2,3,4,"ab',
        b'1,2,3,4,"a"b"',
        b"1,2,3.5,4,x",
        b"1_0,2,3,4,x",
        b"1,2,2147483648,4,x",
        b"",
    ):
        yield csv(b"1,2,3,4,x", record)
    yield csv(b"1", b"", columns=[np.zeros(0, np.int32)])
    yield csv(b",", columns=[np.array(1), np.zeros(0)])
    attrs = {"compression_type": "ZLIB"}
    yield Case("text", "DecodeCompressed", attrs, {"bytes": texts(b"not zlib")})
    packed = zstandard.compress(b"hello" * 100)
    unsized = zstandard.ZstdCompressor(write_content_size=False).compress(b"hello")
    for damaged in (b"not zstd", b"", packed[:-3], packed + b"x", unsized):
        attrs = {"compression_type": "ZSTD"}
        yield Case("text", "DecodeCompressed", attrs, {"bytes": texts(packed, damaged)})


def stored_tensors() -> Iterator[Case]:
    """Tensors as strings, and read back."""
    tf = load()
    numbers = (
        "float16 float32 float64 int8 uint8 int16 uint16 int32 int64 uint32 uint64"
    )
    for name in f"{numbers} bool complex64 complex128".split():
        content = bytes([1, 0, 1] if name == "bool" else range(1, 49))
        for value in (np.frombuffer(content, name)[None], np.zeros([0, 2], name)):
            yield Case("tensor", "SerializeTensor", {}, {"tensor": value})
            stored = tf.make_tensor_proto(value).SerializeToString()
            operands = {"serialized": np.array(stored, object)}
            yield Case("tensor", "ParseTensor", {"out_type": name}, operands)
    words = texts(b"a", b"", b"xyz")
    yield Case("tensor", "SerializeTensor", {}, {"tensor": words})
    stored = tf.make_tensor_proto(words).SerializeToString()
    operands = {"serialized": np.array(stored, object)}
    yield Case("tensor", "ParseTensor", {"out_type": "string"}, operands)


def written(kind: str, sizes: Any, **fields: Any) -> Case:
    """Return a case of EncodeProto."""
    attrs = {"message_type": f"tensorflow.{kind}", "field_names": list(fields)}
    values = list(fields.values())
    operands = {"sizes": np.array(sizes, np.int32), "values": values}
    return Case("message", "EncodeProto", attrs, operands)


def read(kind: str, strings: Any, types: dict[str, str], **attrs: Any) -> Case:
    """Return a case of DecodeProtoV2."""
    attrs = {
        "message_type": f"tensorflow.{kind}",
        "field_names": list(types),
        "output_types": list(types.values()),
        **attrs,
    }
    return Case("message", "DecodeProtoV2", attrs, {"bytes": strings})


def messages() -> Iterator[Case]:
    """Fields of many types, packed and not, present and absent."""
    numbers = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
    yield written("FloatList", [[3], [1]], value=numbers)
    yield written("FloatList", [[3], [0]], value=numbers.astype(np.float64))
    yield written("Int64List", [[3]], value=np.array([[-1, 300, 7]]))
    yield written("BytesList", [[2]], value=texts(b"", b"a")[None])
    name, names = texts(b"n")[None], texts(b"x", b"y")[None]
    yield written("NodeDef", [[1, 2, 1]], op=name, input=names, name=name)
    consumers = np.array([[1, 2, -3]], np.int32)
    least = np.array([[7]], np.int32)
    yield written("VersionDef", [[3, 1]], bad_consumers=consumers, producer=least)
    yield written("TensorShapeProto", [[1]], unknown_rank=np.array([[True]]))
    floats = {"value": "float32"}
    packed = b"\x0a\x08\x00\x00\x80?\x00\x00\x00@"
    yield read("FloatList", texts(packed, b""), floats)
    yield read("FloatList", texts(packed, b"")[:, None], {"value": "float64"})
    versions = texts(b"\x08\x05\x18\x01\x18\x02", b"\x08\x07")
    both = {"producer": "int32", "bad_consumers": "int64"}
    yield read("VersionDef", versions, both)
    strings = {"name": "string", "input": "string", "device": "string"}
    yield read("NodeDef", texts(b"\x0a\x01n\x1a\x01a\x1a\x01b", b""), strings)
    attrs = {"message_format": "text"}
    yield read("VersionDef", texts(b"producer: 7"), {"producer": "int32"}, **attrs)


def refused_messages() -> Iterator[Case]:
    """Types and fields that do not exist, and tensors that do not fit."""
    five = np.array([[5]], np.int32)
    yield written("VersionDef", [[1]], producer=np.array([[5.0]]))
    yield written("VersionDef", [[1]], nothing=five)
    yield written("NoSuchMessage", [[1]], producer=five)
    yield written("VersionDef", [[1, 1]], producer=five)
    yield written("VersionDef", [[2]], producer=five)
    yield read("FloatList", texts(b""), {"value": "int32"})
    yield read("NoSuchMessage", texts(b""), {"value": "int32"})


def main() -> None:
    """Write tests/golden/parsing_kernels/."""
    values = [
        *parsed_examples(),
        *parsed_sequences(),
        *records_of_text(),
        *stored_tensors(),
        *messages(),
    ]
    write(FOLDER / "values.npz", values)
    errors = [
        *odd_cases(refused=True),
        *refused_sequences(),
        *refused_records(),
        *refused_messages(),
    ]
    write_errors(FOLDER / "errors.json", errors)


if __name__ == "__main__":
    main()
