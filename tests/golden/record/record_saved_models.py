"""Records SavedModels, and what they compute once TensorFlow has loaded them.

Usage: python -m tests.golden.record.record_saved_models [objects [NAME ...] | old]

Without a word: the models of `tests.programs.saved_models`, one with reserved
signatures, what functions make of signatures, and mistakes. With `objects`: models of
TensorFlow 2, all or some, which needs a process of its own. With `old`: a model of
TensorFlow 1.15, in whose environment it is to be run.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import os
import shutil
import sys
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np

from tests.golden.record import tensorflow_v1
from tests.plain_values import plain
from tests.programs import loaded_functions, saved_model_mistakes, saved_models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OUT = Path(__file__).resolve().parent.parent / "saved_models"


def main(kinds: list[str]) -> None:
    """Record one kind of models."""
    kind = kinds[0] if kinds else "programs"
    OUT.mkdir(exist_ok=True)
    if kind == "objects":
        _objects(kinds[1:] or list(saved_models.OBJECTS))
    else:
        {"programs": _programs, "old": _old}[kind]()


def _programs() -> None:
    tf = tensorflow_v1.load()
    for name, model in saved_models.MODELS.items():
        with _folder(name):
            model.write(tf)
            _write_values(name, [saved_models.load(tf, way) for way in model.loads])
    with _folder("reserved"):
        _reserved(tf)
        way = saved_models.RESERVED
        _write_values("reserved", [saved_models.load(tf, way)])
    _write("signatures", {n: _text(f, tf) for n, f in saved_models.SIGNATURES.items()})
    _write(
        "mistakes", {n: _error(f, tf) for n, f in saved_model_mistakes.MISTAKES.items()}
    )
    _write("names", _names(tf))
    _note_version("VERSION", tf.__version__)


def _names(tf: Any) -> dict[str, Any]:
    """Return the names of constants and functions, by module."""
    modules = {"v1": tf.saved_model}
    for name in saved_models.NAMESPACES:
        modules[f"v1.{name}"] = getattr(tf.saved_model, name)
    for name in saved_models.MODULES:
        place = f"tensorflow.python.saved_model.{name}"
        modules[f"python.{name}"] = importlib.import_module(place)
    return {
        key: {
            name: _described(getattr(module, name))
            for name in sorted(dir(module))
            if name[0] != "_" and _is_own(getattr(module, name))
        }
        for key, module in modules.items()
    }


def _is_own(value: Any) -> bool:
    if inspect.isfunction(value) or inspect.isclass(value):
        return ".saved_model." in value.__module__
    return isinstance(value, str | int)


def _described(value: Any) -> Any:
    """Return a constant as it is, and the parameters of a function or class."""
    return list(inspect.signature(value).parameters) if callable(value) else value


def _reserved(tf: Any) -> None:
    """Write operations as signatures, and assets in the list that is for them."""
    from tensorflow.python.saved_model import builder_impl

    Path("source").mkdir()
    Path("source/words.txt").write_text("a\n", encoding="utf-8")
    with tf.Graph().as_default(), tf.Session() as sess:
        asset = tf.constant("source/words.txt", name="asset")
        found = tf.get_variable("found", initializer="", collections=["local"])
        v = tf.get_variable("v", initializer=[1.0, 2.0])
        sess.run(v.initializer)
        builder = builder_impl._SavedModelBuilder(saved_models.FOLDER)
        builder.add_meta_graph_and_variables(
            sess,
            ["serve"],
            assets_list=[asset],
            init_op=tf.assign(found, asset).op,
            train_op=tf.assign_add(v, [1.0, 1.0], name="train").op,
        )
        builder.save()


def _objects(names: list[str]) -> None:
    """Write trees of objects with TensorFlow 2; load them as version 1 does."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    import tensorflow as tf

    v1 = tf.compat.v1
    v1.logging.set_verbosity(v1.logging.FATAL)
    for name in names:
        calls = saved_models.OBJECTS[name]
        with _folder(name):
            _OBJECTS[name](tf)
            tags = saved_models.TAGS.get(name, ["serve"])
            _write_values(name, saved_models.call(v1, calls, tags=tags))
    _note_version("VERSION.objects", tf.__version__)


def _write_objects(tf: Any) -> None:
    Path("source").mkdir()
    Path("source/words.txt").write_text("a\n", encoding="utf-8")

    class Dense(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            kernel = np.arange(6, dtype=np.float32).reshape(3, 2)
            self.w = tf.Variable(kernel, name="w")
            self.layers = [tf.Variable([1.0, 2.0], name="b")]
            self.count = tf.Variable(0, name="count", trainable=False)
            self.words = tf.saved_model.Asset("source/words.txt")

        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, "x")])
        def dense(self, x: Any) -> Any:
            return {"y": tf.matmul(x, self.w) + self.layers[0]}

        @tf.function(input_signature=[])
        def step(self) -> Any:
            return {"count": self.count.assign_add(1)}

        @tf.function(input_signature=[])
        def where(self) -> Any:
            return {"path": tf.identity(self.words.asset_path)}

    model = Dense()
    model.count.assign(4)
    tf.saved_model.save(
        model,
        saved_models.FOLDER,
        {"serving_default": model.dense, "step": model.step, "where": model.where},
    )


def _write_control(tf: Any) -> None:
    class Control(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = tf.Variable(2.0, name="scale")

        @tf.function(
            input_signature=[
                tf.TensorSpec([None], tf.float32, "x"),
                tf.TensorSpec([], tf.int32, "n"),
            ]
        )
        def serve(self, x: Any, n: Any) -> Any:
            total = tf.cond(
                tf.reduce_sum(x) > 3.0, lambda: x * self.scale, lambda: x - 1.0
            )
            _, looped = tf.while_loop(
                lambda i, _: i < n,
                lambda i, y: (i + 1, y * self.scale + tf.cast(i, tf.float32)),
                [0, total],
            )
            return {"looped": looped, "total": total}

    model = Control()
    tf.saved_model.save(model, saved_models.FOLDER, model.serve)


def _write_table(tf: Any) -> None:
    Path("source").mkdir()
    Path("source/words.txt").write_text("dog\ncat\n", encoding="utf-8")

    class Table(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = tf.lookup.StaticVocabularyTable(
                tf.lookup.TextFileInitializer(
                    "source/words.txt",
                    tf.string,
                    tf.lookup.TextFileIndex.WHOLE_LINE,
                    tf.int64,
                    tf.lookup.TextFileIndex.LINE_NUMBER,
                ),
                num_oov_buckets=1,
            )
            self.rows = tf.Variable([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], name="rows")

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "words")])
        def serve(self, words: Any) -> Any:
            ids = self.table.lookup(words)
            return {"ids": ids, "rows": tf.gather(self.rows, ids)}

    model = Table()
    tf.saved_model.save(model, saved_models.FOLDER, model.serve)


def _write_keras(tf: Any) -> None:
    import tf_keras as keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Input((4, 4, 1), name="image"),
            keras.layers.Conv2D(2, 3, activation="relu", name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dropout(0.5, name="drop"),
            keras.layers.Flatten(name="flat"),
            keras.layers.Dense(3, activation="softmax", name="scores"),
        ]
    )
    serve = tf.function(
        lambda image: {"scores": model(image, training=False)},
        input_signature=[tf.TensorSpec([None, 4, 4, 1], tf.float32, "image")],
    )
    tf.saved_model.save(model, saved_models.FOLDER, serve)


def _write_composite(tf: Any) -> None:
    class Composite(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = tf.Variable(2.0, name="scale")

        @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.float32)])
        def ragged(self, rows: Any) -> Any:
            return {"scaled": rows * self.scale}

        @tf.function(input_signature=[tf.SparseTensorSpec([None, 3], tf.float32)])
        def sparse(self, sp: Any) -> Any:
            return {"dense": tf.sparse.to_dense(sp) * self.scale}

    model = Composite()
    signatures = {"ragged": model.ragged, "sparse": model.sparse}
    tf.saved_model.save(model, saved_models.FOLDER, signatures)


def _write_nested(tf: Any) -> None:
    class Nested(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            with tf.device("/CPU:0"):
                self.a = tf.Variable([1.0, 2.0], name="a")
            self.parts = [tf.Variable(3.0, name="v"), [tf.Variable(4.0, name="v")]]
            self.named = {"key": tf.Variable(5.0, name="v")}
            self.pair = (tf.Variable(6, name="n", trainable=False),)

        @tf.function
        def scaled(self, x: Any) -> Any:
            return x * self.a + self.parts[0] + self.parts[1][0] * self.named["key"]

    model = Nested()
    serve, row = (
        model.scaled.get_concrete_function(tf.TensorSpec(shape, tf.float32, name="x"))
        for shape in ([None, 2], [2])
    )
    tf.saved_model.save(
        model,
        saved_models.FOLDER,
        {"serving_default": serve, "row": row},
        tf.saved_model.SaveOptions(
            experimental_variable_policy="save_variable_devices",
            function_aliases={"alias": model.scaled},
            extra_tags=["extra"],
        ),
    )


def _write_mutable(tf: Any) -> None:
    class Mutable(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            make = tf.lookup.experimental.MutableHashTable
            self.table = make(tf.string, tf.int64, -1)
            self.table.insert(tf.constant(["dog"]), tf.constant([7], tf.int64))
            initializer = tf.lookup.KeyValueTensorInitializer(["cat"], [3])
            self.fixed = tf.lookup.StaticHashTable(initializer, 0)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "words")])
        def serve(self, words: Any) -> Any:
            return {
                "fixed": self.fixed.lookup(words),
                "found": self.table.lookup(words),
            }

    model = Mutable()
    tf.saved_model.save(model, saved_models.FOLDER, model.serve)


def _write_lookup(tf: Any) -> None:
    import tf_keras as keras

    keras.utils.set_random_seed(0)
    word = keras.layers.Input((1,), dtype=tf.string, name="word")
    lookup = keras.layers.StringLookup(vocabulary=["cat", "dog"], name="lookup")
    rows = keras.layers.Embedding(4, 3, name="rows")(lookup(word))
    scores = keras.layers.Dense(2, name="scores")(keras.layers.Flatten()(rows))
    model = keras.Model(word, scores)
    spec = [tf.TensorSpec([None, 1], tf.string, "word")]
    serve = tf.function(lambda word: {"scores": model(word)}, input_signature=spec)
    ids = tf.function(lambda word: {"ids": lookup(word)}, input_signature=spec)
    signatures = {"serving_default": serve, "ids": ids}
    tf.saved_model.save(model, saved_models.FOLDER, signatures)


def _old() -> None:
    """Write a model with TensorFlow 1.15."""
    tf = tensorflow_v1.load()
    # A name in its savers is drawn by chance.
    fixed = mock.patch("uuid.uuid4", return_value=uuid.UUID(int=1))
    with fixed, _folder("old"):
        saved_models.old(tf)
        _sort_maps(Path(saved_models.FOLDER) / "saved_model.pb")
        _write_values("old", [saved_models.load(tf, way) for way in saved_models.OLD])
    _note_version("VERSION.old", tf.__version__)


def _sort_maps(path: Path) -> None:
    """Write a model again, in the order that newer releases write it in."""
    from tensorflow.core.protobuf import saved_model_pb2

    message = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    path.write_bytes(message.SerializeToString(deterministic=True))


@contextlib.contextmanager
def _folder(name: str) -> Iterator[None]:
    """Work in a new folder; keep the model that is written there."""
    before = os.getcwd()  # noqa: PTH109 - Path.cwd() is the same, one import more
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
            target = OUT / name
            shutil.rmtree(str(target), ignore_errors=True)
            shutil.copytree(saved_models.FOLDER, str(target))
            count = sum(path.is_file() for path in target.rglob("*"))
            print(f"{name}: {count} files")
        finally:
            os.chdir(before)


def _write_values(name: str, values: list[Any]) -> None:
    _write(f"{name}.values", [plain(fetched) for fetched in values])


def _text(make: Callable[..., Any], tf: Any) -> str:
    with tf.Graph().as_default():
        return str(make(tf))


def _error(make: Callable[..., Any], tf: Any) -> dict[str, str]:
    before = os.getcwd()  # noqa: PTH109
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            with tf.Graph().as_default():
                make(tf)
        except Exception as error:  # noqa: BLE001 - whatever it raises is recorded
            return {"class": type(error).__name__, "message": str(error)}
        finally:
            os.chdir(before)
    raise AssertionError(f"{make.__name__} raises nothing")


def _write(name: str, values: Any) -> None:
    text = json.dumps(values, indent=1, sort_keys=True)
    (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def _note_version(name: str, version: str) -> None:
    (OUT / name).write_text(f"tensorflow {version}\n", encoding="utf-8")


def _trace(tf: Any, model: Any) -> None:
    one = tf.constant(1.0)
    x, parts = one * [1.0, 2.0], {"b": [one, one], "a": one}
    for times, negate in ((2, False), (3, False), (2, True)):
        model.scaled(x, times, negate)
    model.scaled(tf.constant([[5, 6]]))
    model.nested(parts)
    model.nested(parts, one, scale=2.0)
    model.nested(parts, one, scale=2.0, extra=one)
    model.sparse(tf.SparseTensor([[0, 1], [1, 0]], [3.0, 4.0], [2, 3]))
    model.count()
    model.n.assign(5)
    model.look(tf.constant(["a", "b"]))


def _part(tf: Any) -> Any:
    class Part(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = tf.Variable(3.0, name="w")

        @tf.function
        def __call__(self, x: Any) -> Any:
            return x * self.w

    return Part()


def _write_functions(tf: Any) -> None:
    class Functions(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.v = tf.Variable([1.0, 2.0], name="v")
            self.n = tf.Variable(5, name="n")
            self.part = _part(tf)
            words = tf.lookup.KeyValueTensorInitializer(["dog"], tf.constant([4]))
            self.table = tf.lookup.StaticHashTable(words, -1)

        @tf.function
        def scaled(self, x: Any, times: int = 2, negate: bool = False) -> Any:
            y = tf.cast(x, tf.float32) * self.v * self.v * float(times)
            return -y if negate else y

        @tf.function
        def nested(
            self, parts: Any, *more: Any, scale: float = 1.0, **named: Any
        ) -> Any:
            total = tf.add_n([*parts["b"], *more, *named.values()]) * scale
            return {"total": total, "pair": (parts["a"], [parts["b"][0]]), "none": None}

        @tf.function
        def sparse(self, x: Any) -> Any:
            return x.with_values(x.values * self.v[1])

        @tf.function
        def count(self) -> Any:
            return self.n.assign_add(1)

        @tf.function
        def look(self, words: Any) -> Any:
            return self.table.lookup(words)

        @tf.function
        def never(self, x: Any) -> Any:
            return x

        @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="x")])
        def serve(self, x: Any) -> Any:
            return {"y": self.part(x)}

    model = Functions()
    _trace(tf, model)
    tf.saved_model.save(model, saved_models.FOLDER, {"serving_default": model.serve})
    _record_functions(tf.compat.v1)


def _record_functions(v1: Any) -> None:
    folder = saved_models.FOLDER
    runs = {
        name: plain(loaded_functions.run(v1, case, folder))
        for name, case in loaded_functions.CASES.items()
    }
    mistakes = {
        name: loaded_functions.mistake(v1, case, folder)
        for name, case in loaded_functions.MISTAKES.items()
    }
    _write(f"{loaded_functions.NAME}.functions", [runs, mistakes])


_OBJECTS: dict[str, Callable[[Any], None]] = {
    "objects": _write_objects,
    "objects_composite": _write_composite,
    "objects_control": _write_control,
    loaded_functions.NAME: _write_functions,
    "objects_keras": _write_keras,
    "objects_lookup": _write_lookup,
    "objects_mutable": _write_mutable,
    "objects_nested": _write_nested,
    "objects_table": _write_table,
}

if __name__ == "__main__":
    main(sys.argv[1:])
