"""Programs that take training examples, records of text and tensors apart."""

from __future__ import annotations

from types import ModuleType


def parsed_examples(tf: ModuleType) -> None:
    """Features of every kind, of batches and of single examples."""
    batch = tf.placeholder(tf.string, [None], name="batch")
    features = {
        "label": tf.FixedLenFeature([], tf.int64),
        "size/x": tf.FixedLenFeature([2, 3], tf.float32, default_value=[[1.0] * 3] * 2),
        "word": tf.FixedLenFeature((), tf.string, default_value=""),
        "given": tf.FixedLenFeature([], tf.float32, default_value=tf.constant(2.0)),
        "ids": tf.VarLenFeature(tf.int64),
        "words": tf.VarLenFeature(tf.string),
        "steps": tf.FixedLenSequenceFeature([2], tf.int64, allow_missing=True),
        "text of": tf.FixedLenSequenceFeature(
            [], tf.string, allow_missing=True, default_value="pad"
        ),
    }
    tf.parse_example(batch, features)
    tf.io.parse_example(batch, features, name="named", example_names=["a", "b"])
    tf.parse_example([b"", b""], {"ids": tf.io.VarLenFeature(tf.float32)})
    one = tf.placeholder(tf.string, [], name="one")
    tf.parse_single_example(one, features)
    tf.io.parse_single_example(tf.placeholder(tf.string), features, name="single")
    tf.parse_single_example(one, {"ids": features["ids"]}, example_names="only")


def parsed_sparse_features(tf: ModuleType) -> None:
    """Sparse tensors out of features of indices and of values."""
    batch = tf.placeholder(tf.string, [None], name="batch")
    one = tf.SparseFeature("ix", "value", tf.float32, 10)
    two = tf.io.SparseFeature(
        ["ix", "iy"], "value", tf.float32, [10, 20], already_sorted=True
    )
    tf.parse_example(batch, {"one": one})
    tf.parse_example(
        batch, {"two": two, "one": one, "more": tf.VarLenFeature(tf.int64)}
    )


def parsed_sequences(tf: ModuleType) -> None:
    """Contexts and lists of features."""
    one = tf.placeholder(tf.string, [], name="one")
    context = {
        "length": tf.FixedLenFeature([], tf.int64),
        "name": tf.FixedLenFeature([], tf.string, default_value="none"),
        "tags": tf.VarLenFeature(tf.string),
    }
    lists = {
        "tokens": tf.FixedLenSequenceFeature([], tf.int64),
        "scores": tf.FixedLenSequenceFeature([3], tf.float32, allow_missing=True),
        "extra": tf.VarLenFeature(tf.float32),
    }
    tf.parse_single_sequence_example(one, context, lists)
    tf.io.parse_single_sequence_example(
        tf.placeholder(tf.string),
        sequence_features=lists,
        example_name="x",
        name="named",
    )
    batch = tf.placeholder(tf.string, [4], name="batch")
    tf.io.parse_sequence_example(batch, context, lists, example_names=["a"] * 4)
    tf.io.parse_sequence_example(one, context_features=context, name="context")


def decoded_records(tf: ModuleType) -> None:
    """Text in columns, JSON, compressed text and tensors."""
    lines = tf.placeholder(tf.string, [None], name="lines")
    tf.decode_csv(lines, [[0.0], [1], ["a"], tf.constant([], tf.int64)])
    tf.io.decode_csv(
        lines,
        record_defaults=[1.0, "b"],
        field_delim="\t",
        use_quote_delim=False,
        na_value="NA",
        select_cols=[1, 3],
        name="some",
    )
    tf.decode_json_example(lines)
    tf.io.decode_json_example(lines, name="json")
    tf.decode_compressed(lines, "ZLIB")
    tf.io.decode_compressed(lines, name="plain")
    written = tf.serialize_tensor(tf.constant([1.5, 2.5]), name="written")
    tf.parse_tensor(written, tf.float32)
    names = ["producer", "bad_consumers"]
    sizes, values = tf.io.decode_proto(
        lines, "tensorflow.VersionDef", names, [tf.int32, tf.int64]
    )
    tf.io.encode_proto(sizes, values[:1], names[:1], "tensorflow.VersionDef", name="en")
    tf.io.parse_tensor(tf.io.serialize_tensor(lines), out_type=tf.string, name="read")


def parsed_ragged_features(tf: ModuleType) -> None:
    """Values in rows that other features tell."""
    batch = tf.placeholder(tf.string, [None], name="batch")
    one = tf.placeholder(tf.string, [], name="one")
    kind = tf.io.RaggedFeature
    features = {
        "plain": kind(tf.int64),
        "splits": kind(tf.float32, "v", [kind.RowSplits("s")]),
        "lengths": kind(tf.float32, "v", [kind.RowLengths("l")]),
        "starts": kind(tf.float32, "v", [kind.RowStarts("st")]),
        "limits": kind(tf.float32, "v", [kind.RowLimits("li")], validate=True),
        "uniform": kind(tf.float32, "v", [kind.UniformRowLength(2)]),
        "deep": kind(tf.float32, "v", [kind.RowSplits("s"), kind.UniformRowLength(3)]),
        "rows": kind(
            tf.string, "w", [kind.UniformRowLength(2), kind.RowLengths("l2")], tf.int64
        ),
    }
    tf.io.parse_example(batch, features)
    tf.io.parse_single_example(one, features, name="single")
    row = {"ids": kind(tf.string, "v", [kind.ValueRowIds("i")])}
    tf.io.parse_single_example(one, row)
    tf.io.parse_example(batch, row, name="row_numbers")
    few = {name: features[name] for name in ("plain", "splits", "uniform")}
    tf.io.parse_sequence_example(batch, few, few)
    tf.io.parse_single_sequence_example(one, {"a": kind(tf.int64)}, few)


PROGRAMS = (
    parsed_ragged_features,
    parsed_examples,
    parsed_sparse_features,
    parsed_sequences,
    decoded_records,
)
