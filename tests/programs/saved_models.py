"""Programs that write SavedModels, and what loading these is to give.

Each writes the folder `model` in the current folder, from files in `source`. The module
runs with Python 3.7 too, which TensorFlow 1.15 needs.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FOLDER = "model"
SOURCE = "source"


@dataclass(frozen=True)
class Load:
    """One way to load a model: tags, scope, what is fetched and fed then."""

    fetches: tuple[str, ...]
    feeds: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ("serve",)
    scope: str | None = None


@dataclass(frozen=True)
class Model:
    """A SavedModel: the program that writes it, and how it is loaded."""

    write: Callable[[ModuleType], None]
    loads: tuple[Load, ...]


def source(name: str, content: str) -> str:
    """Write a file to make an asset of; return its path."""
    path = f"{SOURCE}/{name}"
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(content)
    return path


def _dense(tf: ModuleType) -> tuple[Any, Any]:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", initializer=np.arange(6, dtype=np.float32).reshape(3, 2))
    b = tf.get_variable("b", initializer=[1.0, 2.0], use_resource=True)
    return x, tf.add(tf.matmul(x, w), b, name="y")


_ONES = {"x:0": np.ones((1, 3), np.float32)}


def _predict(tf: ModuleType, x: Any, y: Any) -> dict[str, Any]:
    signature = tf.saved_model.predict_signature_def({"given": x}, {"result": y})
    return {"serving_default": signature}


def plain(tf: ModuleType) -> None:
    """Variables of both kinds and one signature."""
    with tf.Graph().as_default(), tf.Session() as sess:
        x, y = _dense(tf)
        tf.add_to_collection("ends", y)
        sess.run(tf.global_variables_initializer())
        builder = tf.saved_model.Builder(FOLDER)
        builder.add_meta_graph_and_variables(sess, ["serve"], _predict(tf, x, y))
        builder.save()


def two_graphs(tf: ModuleType) -> None:
    """A graph for training and one for serving share the variables."""
    builder = tf.saved_model.builder.SavedModelBuilder(FOLDER)
    with tf.Graph().as_default(), tf.Session() as sess:
        with tf.device("/cpu:0"):
            _, y = _dense(tf)
        rate = tf.placeholder_with_default(0.1, [], name="rate")
        gradients = tf.gradients(tf.reduce_sum(y), tf.trainable_variables())
        with tf.control_dependencies(gradients):
            tf.identity(rate, name="step")
        sess.run(tf.global_variables_initializer())
        builder.add_meta_graph_and_variables(
            sess, ["train", "cpu"], strip_default_attrs=True, clear_devices=True
        )
    with tf.Graph().as_default():
        x, y = _dense(tf)
        builder.add_meta_graph(
            [tf.saved_model.SERVING], _predict(tf, x, tf.identity(y, name="z"))
        )
    builder.save()


def assets(tf: ModuleType) -> None:
    """Files of equal names and contents, and an operation that is told their paths."""
    names = []
    for name, content in (
        ("words.txt", "a\nb\n"),
        ("other/words.txt", "c\n"),
        ("same/words.txt", "a\nb\n"),
        ("third/words.txt", "d\n"),
        ("numbers.txt", "1\n"),
    ):
        names.append(source(name, content))
    with tf.Graph().as_default(), tf.Session() as sess:
        tensors = [tf.constant(name) for name in names]
        tensors.append(tf.constant(f"{SOURCE}/absent.txt", name="absent"))
        tensors.append(tensors[0])
        found = tf.get_variable(
            "found", initializer=[""] * 5, collections=["local_variables"]
        )
        tf.get_variable("v", initializer=[1.0, 2.0])
        prepare = tf.group(tf.assign(found, tf.stack(tensors[:5])), name="prepare")
        sess.run(tf.global_variables_initializer())
        builder = tf.saved_model.Builder(FOLDER)
        builder.add_meta_graph_and_variables(
            sess, ["serve"], assets_collection=tensors, main_op=prepare
        )
        builder.save()


def text(tf: ModuleType) -> None:
    """The text format, with an asset, whose message is spelt out."""
    path = source("words.txt", "a\n")
    with tf.Graph().as_default(), tf.Session() as sess:
        x, y = _dense(tf)
        asset = tf.constant(path, name="asset")
        sess.run(tf.global_variables_initializer())
        builder = tf.saved_model.Builder(FOLDER)
        builder.add_meta_graph_and_variables(
            sess, {"serve"}, _predict(tf, x, y), assets_collection=[asset]
        )
        builder.save(as_text=True)


def legacy_init(tf: ModuleType) -> None:
    """An operation to run after loading, by its older argument."""
    with tf.Graph().as_default(), tf.Session() as sess:
        count = tf.get_variable("count", initializer=5)
        local = tf.get_variable(
            "local", initializer=7, collections=["local_variables"], use_resource=True
        )
        tf.identity(local, name="read")
        prepare = tf.group(tf.assign_add(count, 1), tf.local_variables_initializer())
        sess.run(tf.global_variables_initializer())
        builder = tf.saved_model.Builder(FOLDER)
        builder.add_meta_graph_and_variables(sess, ["serve"], legacy_init_op=prepare)
        builder.save()


def main_op(tf: ModuleType) -> None:
    """What `main_op` makes initialises the variables that are not saved."""
    with tf.Graph().as_default(), tf.Session() as sess:
        kept = tf.get_variable("kept", initializer=[1.0, 2.0])
        tf.get_variable("lost", initializer=3.0, collections=["local_variables"])
        saver = tf.train.Saver([kept], name="own")
        sess.run(tf.global_variables_initializer())
        restore = sess.graph.get_operation_by_name(saver.as_saver_def().restore_op_name)
        prepare = tf.saved_model.main_op_with_restore(tf.no_op(name="nothing"))
        builder = tf.saved_model.Builder(FOLDER)
        tf.add_to_collection("restore", restore)
        builder.add_meta_graph_and_variables(
            sess, ["serve"], main_op=prepare, saver=saver
        )
        builder.save()


def no_variables(tf: ModuleType) -> None:
    """A graph without variables has no checkpoint."""
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        y = tf.multiply(x, 2.0, name="y")
        builder = tf.saved_model.Builder(FOLDER)
        builder.add_meta_graph_and_variables(sess, ["serve"], _predict(tf, x, y))
        builder.save()


def simple(tf: ModuleType) -> None:
    """What `simple_save` writes, with an asset of the collection for these."""
    path = source("words.txt", "a\n")
    with tf.Graph().as_default(), tf.Session() as sess:
        with tf.device("/device:CPU:0"):
            x = tf.placeholder(tf.float32, [None, 3], name="x")
        w = tf.get_variable("w", initializer=np.ones((3, 2), np.float32))
        y = tf.matmul(x, w, name="y")
        tf.add_to_collection(tf.GraphKeys.ASSET_FILEPATHS, tf.constant(path))
        sess.run(tf.global_variables_initializer())
        prepare = tf.assign(w, w * 3.0).op
        tf.saved_model.simple_save(
            sess, FOLDER, {"x": x}, {"y": y}, legacy_init_op=prepare
        )


def partitioned(tf: ModuleType) -> None:
    """A variable in parts, and one on another device, in a sharded checkpoint."""
    with tf.Graph().as_default(), tf.Session() as sess:
        p = tf.get_variable(
            "p",
            shape=[5, 2],
            initializer=tf.ones_initializer(),
            partitioner=lambda shape, dtype: [2, 1],
        )
        with tf.device("/cpu:0"):
            n = tf.get_variable("n", initializer=[3, 4])
        tf.identity(tf.convert_to_tensor(p), name="whole")
        sess.run([tf.global_variables_initializer(), n.initializer])
        builder = tf.saved_model.Builder(FOLDER)
        builder.add_meta_graph_and_variables(sess, ["serve", "gpu"])
        builder.save()


def table(tf: ModuleType) -> None:
    """A vocabulary, whose file goes along and is read after loading."""
    path = source("words.txt", "dog\ncat\n")
    with tf.Graph().as_default(), tf.Session() as sess:
        words = tf.placeholder(tf.string, [None], name="words")
        initializer = tf.lookup.TextFileInitializer(
            path,
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        )
        ids = tf.lookup.StaticHashTable(initializer, 2).lookup(words)
        rows = tf.get_variable("rows", initializer=[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
        found = tf.gather(rows, ids, name="found")
        sess.run(tf.global_variables_initializer())
        builder = tf.saved_model.Builder(FOLDER)
        builder.add_meta_graph_and_variables(
            sess,
            ["serve"],
            _predict(tf, words, found),
            assets_collection=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS),
            main_op=tf.tables_initializer(),
        )
        builder.save()


MODELS = {
    "plain": Model(
        plain,
        (
            Load(("y:0", "w:0"), _ONES),
            Load(("deep/er/y:0", "deep/er/w:0"), {"deep/er/x:0": np.eye(3)},
                 scope="deep/er"),
        ),
    ),
    "two_graphs": Model(
        two_graphs,
        (
            Load(("y:0", "step:0"), _ONES, tags=("cpu", "train")),
            Load(("z:0",), _ONES),
        ),
    ),
    "assets": Model(
        assets,
        (
            Load(("found:0", "v:0")),
            Load(("in/found:0", "in/Const_1:0"), scope="in"),
        ),
    ),
    "text": Model(text, (Load(("y:0", "asset:0"), _ONES),)),
    "legacy_init": Model(
        legacy_init,
        (Load(("count:0", "read:0")), Load(("s/count:0", "s/read:0"), scope="s")),
    ),
    "main_op": Model(main_op, (Load(("kept:0", "lost:0")),)),
    "no_variables": Model(no_variables, (Load(("y:0",), _ONES),)),
    "simple": Model(simple, (Load(("y:0",), _ONES),)),
    "table": Model(
        table,
        (Load(("found:0",), {"words:0": np.array([b"cat", b"x"], object)}),),
    ),
    "partitioned": Model(
        partitioned, (Load(("whole:0", "n:0"), tags=("gpu", "serve")),)
    ),
}  # fmt: skip


def load(tf: ModuleType, way: Load, folder: str = FOLDER) -> list[Any]:
    """Load a model in one of its ways; return what is fetched then."""
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.saved_model.load(sess, list(way.tags), folder, import_scope=way.scope)
        fetched: list[Any] = sess.run(list(way.fetches), way.feeds)
        return fetched


RESERVED = Load(("found:0", "v:0"))


@dataclass(frozen=True)
class Call:
    """A call of a signature of a loaded model, with its inputs by their names."""

    signature: str = "serving_default"
    inputs: dict[str, Any] = field(default_factory=dict)
    scope: str | None = None


_TEXTS = np.array([b"cat", b"bird", b"dog"], dtype=object)

# Models of TensorFlow 2, by the calls to make one after the other.
OBJECTS = {
    "objects": (
        Call(inputs={"x": np.ones((2, 3), np.float32)}),
        Call("step"),
        Call("step"),
        Call("where"),
        Call(inputs={"x": np.eye(3, dtype=np.float32)}, scope="in"),
    ),
    "objects_control": (
        Call(inputs={"x": np.float32([3.0, -1.0]), "n": np.int32(4)}),
        Call(inputs={"x": np.float32([1.0, 2.0, 3.0]), "n": np.int32(0)}),
        Call(inputs={"x": np.float32([5.0]), "n": np.int32(2)}, scope="in/side"),
    ),
    "objects_table": (
        Call(inputs={"words": _TEXTS}),
        Call(inputs={"words": _TEXTS[::-1]}, scope="in"),
    ),
    "objects_keras": (
        Call(inputs={"image": np.linspace(-1, 1, 32, dtype=np.float32).reshape(
            2, 4, 4, 1)}),
    ),
    "objects_composite": (
        Call("sparse", {"sp": np.int64([[0, 2], [1, 0]]), "sp_1": np.float32([3, 4]),
                        "sp_2": np.int64([2, 3])}),
    ),
    "objects_lookup": (
        Call(inputs={"word": np.array([[b"cat"], [b"x"]], dtype=object)}),
        Call("ids", {"word": np.array([[b"dog"]], dtype=object)}),
    ),
    "objects_nested": (
        Call(inputs={"x": np.float32([[1.0, 2.0]])}),
        Call("row", {"x": np.float32([5.0, 6.0])}),
        Call(inputs={"x": np.float32([[1.0, 2.0]])}, scope="in"),
    ),
    "objects_mutable": (
        Call(inputs={"words": _TEXTS}),
    ),
    "objects_functions": (
        Call(inputs={"x": np.float32(2.0)}),
    ),
}  # fmt: skip
# Tags that are not only `serve`.
TAGS = {"objects_nested": ["serve", "extra"]}


def call(
    tf: ModuleType,
    calls: tuple[Call, ...],
    folder: str = FOLDER,
    tags: Sequence[str] = ("serve",),
) -> list[dict[str, Any]]:
    """Load a model for each scope in turn; return what the calls give."""
    given = []
    with tf.Graph().as_default(), tf.Session() as sess:
        loaded: dict[str | None, Any] = {}
        for one in calls:
            if one.scope not in loaded:
                loaded[one.scope] = tf.saved_model.load(
                    sess, list(tags), folder, import_scope=one.scope
                )
            signature = loaded[one.scope].signature_def[one.signature]
            prefix = f"{one.scope}/" if one.scope else ""
            outputs = signature.outputs
            given.append(
                sess.run(
                    {name: prefix + outputs[name].name for name in sorted(outputs)},
                    {
                        prefix + signature.inputs[name].name: value
                        for name, value in one.inputs.items()
                    },
                )
            )
    return given


def old(tf: ModuleType) -> None:
    """Everything at once, as TensorFlow 1.15 wrote it."""
    path = source("words.txt", "a\n")
    with tf.Graph().as_default(), tf.Session() as sess:
        x, y = _dense(tf)
        asset = tf.constant(path, name="asset")
        found = tf.get_variable(
            "found", initializer="", collections=["local_variables"]
        )
        tf.get_variable(
            "p",
            shape=[5, 2],
            initializer=tf.ones_initializer(),
            partitioner=lambda shape, dtype: [2, 1],
        )
        sess.run(tf.global_variables_initializer())
        builder = tf.saved_model.Builder(FOLDER)
        builder.add_meta_graph_and_variables(
            sess,
            ["serve"],
            _predict(tf, x, y),
            assets_collection=[asset],
            main_op=tf.assign(found, asset).op,
        )
        builder.save()


OLD = (
    Load(("y:0", "found:0", "p/part_1:0"), _ONES),
    Load(("in/y:0", "in/found:0"), {"in/x:0": np.ones((1, 3))}, scope="in"),
)


def _tensors(tf: ModuleType) -> tuple[Any, Any, Any]:
    return (
        tf.placeholder(tf.string, [None], name="examples"),
        tf.placeholder(tf.float32, [None, 3], name="numbers"),
        tf.placeholder(tf.string, name="labels"),
    )


def made(name: str, *order: int | None) -> Callable[[ModuleType], Any]:
    """Return a program that calls a function of signatures with some tensors."""

    def program(tf: ModuleType) -> Any:
        tensors = _tensors(tf)
        given = [None if n is None else tensors[n] for n in order]
        return getattr(tf.saved_model, name)(*given)

    return program


def signature_of_any(tf: ModuleType) -> Any:
    """Sparse tensors, slices, variables and tensors of unknown shape."""
    indices = tf.placeholder(tf.int64, [None, 2], name="indices")
    values = tf.placeholder(tf.float32, [None], name="values")
    rows = tf.placeholder(tf.int32, [None], name="rows")
    _, numbers, labels = _tensors(tf)
    shape = tf.placeholder(tf.int64, [2], name="shape")
    return tf.saved_model.predict_signature_def(
        {
            "sparse": tf.SparseTensor(indices, values, shape),
            "slices": tf.IndexedSlices(numbers, rows),
            "slices_of": tf.IndexedSlices(numbers, rows, tf.constant([10, 3])),
        },
        {
            "labels": labels,
            "variable": tf.Variable([1.0, 2.0], name="variable"),
            "resource": tf.get_variable(
                "resource", initializer=[[1]], use_resource=True
            ),
        },
    )


def signature_with_defaults(tf: ModuleType) -> Any:
    """A signature whose input has a default."""
    _, numbers, _ = _tensors(tf)
    info = tf.saved_model.build_tensor_info(numbers)
    rate = tf.constant([0.5, 0.25], name="rate")
    return tf.saved_model.build_signature_def(
        {"rate": tf.saved_model.build_tensor_info(rate)},
        {"numbers": info},
        "own/method",
        {"rate": rate},
    )


SIGNATURES = {
    "regression": made("regression_signature_def", 0, 1),
    "classification": made("classification_signature_def", 0, 2, 1),
    "classification_classes": made("classification_signature_def", 0, 2, None),
    "classification_scores": made("classification_signature_def", 0, None, 1),
    "empty": made("build_signature_def"),
    "any": signature_of_any,
    "defaults": signature_with_defaults,
}

# Namespaces of `tf.saved_model`, and modules of `tensorflow.python.saved_model`.
NAMESPACES = (
    "builder",
    "constants",
    "loader",
    "main_op",
    "signature_constants",
    "signature_def_utils",
    "tag_constants",
    "utils",
)
MODULES = (
    *NAMESPACES,
    "builder_impl",
    "loader_impl",
    "simple_save",
)
