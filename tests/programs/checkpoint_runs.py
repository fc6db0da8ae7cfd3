"""What programs do with checkpoints and their folders; see `file_runs.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np

from tests.programs.file_runs import Case, clock, started, tree
from tests.programs.warm_starts import cut, write_checkpoint

# -- the state file --------------------------------------------------------------------


def _state(message: Any) -> Any:
    if message is None:
        return None
    return [(field.name, _plain(value)) for field, value in message.ListFields()]


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | float) else list(value)


def _generated(*args: Any, **kwargs: Any) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-302, MG-301: the message."""
        return _state(tf.train.generate_checkpoint_state_proto(*args, **kwargs))

    return case


def _updated(*args: Any, **kwargs: Any) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-300, MG-301, MG-303: the file, and what is read of it."""
        Path("sub").mkdir()
        tf.train.update_checkpoint_state(*args, **kwargs)
        (path,) = tree()
        read = tf.train.get_checkpoint_state(
            str(Path(path).parent), kwargs.get("latest_filename")
        )
        return [path, Path(path).read_text(encoding="utf-8"), _state(read)]

    return case


def _read(content: bytes) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-304: files that are no state, and states that say nothing."""
        Path("checkpoint").write_bytes(content)
        return _state(tf.train.get_checkpoint_state("."))

    return case


def state_of_a_path(tf: ModuleType) -> Any:
    """MG-304, MG-305: folders as paths; none where there is no file."""
    session = started(tf)
    tf.train.Saver().save(session, "sub/m", 1)
    return [
        _state(tf.train.get_checkpoint_state(Path("sub"))),
        tf.train.get_checkpoint_state("none"),
        tf.train.get_checkpoint_state("sub", "other"),
        tf.train.latest_checkpoint(Path("sub")),
        tf.train.latest_checkpoint("sub/"),
        tf.train.latest_checkpoint("none"),
    ]


def latest_that_is_gone(tf: ModuleType) -> Any:
    """MG-305: the recorded one must exist."""
    session = started(tf)
    tf.train.Saver().save(session, "m", 1)
    Path("m-1.index").unlink()
    return tf.train.latest_checkpoint(".")


def folder_that_was_moved(tf: ModuleType) -> Any:
    """MG-305: relative paths move with the folder."""
    session = started(tf)
    tf.train.Saver(save_relative_paths=True).save(session, "one/m", 1)
    Path("one").rename("two")
    return tf.train.latest_checkpoint("two")


# -- files of checkpoints --------------------------------------------------------------


def existing(tf: ModuleType) -> Any:
    """MG-306, MG-307: of both versions; missing ones are left out."""
    session = started(tf)
    tf.train.Saver().save(session, "m", 1)
    v1 = tf.train.SaverDef.V1
    shards = tf.train.Saver(write_version=v1, sharded=True).save(session, "s")
    single = tf.train.Saver(write_version=v1).save(session, "v")
    prefixes = ["m-1", "none", shards, single]
    exist = [tf.train.checkpoint_exists(prefix) for prefix in prefixes]
    times = tf.train.get_checkpoint_mtimes(prefixes)
    paths = ("m-1.index", "s-00000-of-00001", "v")
    return [
        exist,
        [type(time).__name__ for time in times],
        np.allclose(times, [Path(path).stat().st_mtime for path in paths], atol=1e-3),
        tf.train.get_checkpoint_mtimes([]),
    ]


def removed(tf: ModuleType) -> Any:
    """MG-308, MG-309: graph, index and data; missing files are no error."""
    session = started(tf)
    saver = tf.train.Saver(max_to_keep=None)
    for step in (1, 2):
        saver.save(session, "m", step)
    saver.save(session, "m", 3, meta_graph_suffix="graph")
    v1 = tf.train.SaverDef.V1
    shards = tf.train.Saver(write_version=v1, sharded=True).save(session, "s", 1)
    found = []
    for arguments in (("m-1",), ("m-1",), ("m-3", 2, "graph"), (shards, v1), ("none",)):
        tf.train.remove_checkpoint(*arguments)
        found.append(tree())
    return found


# -- readers ---------------------------------------------------------------------------


def read_through(tf: ModuleType) -> Any:
    """MG-315, MG-316, MG-318: names, types, shapes, values."""
    tf.Variable([1.0, 2.0], name="a")
    tf.Variable(3, name="b")
    tf.Variable([b"x", "yy"], name="s")
    tf.Variable(tf.cast([1.5, -2.0], tf.bfloat16), name="h")
    tf.get_variable("p", [4, 2], initializer=tf.ones_initializer(), partitioner=cut)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    tf.train.Saver().save(session, "m")
    reader = tf.train.NewCheckpointReader("m")
    shapes = reader.get_variable_to_shape_map()
    values = {name: reader.get_tensor(name) for name in sorted(shapes)}
    return [
        sorted(shapes.items()),
        {
            name: reader.get_variable_to_dtype_map()[name].name
            for name in sorted(shapes)
        },
        [reader.has_tensor(name) for name in ("a", "a:0", "zz", "p/part_0")],
        {
            name: [str(np.asarray(v).dtype), np.asarray(v).tolist()]
            for name, v in values.items()
        },
        tf.train.list_variables("m"),
        tf.train.load_variable("m", "a:0").tolist(),
        tf.train.load_variable(".", "b"),
    ]


def _opened(call: Callable[[ModuleType], Any]) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-316, MG-317, MG-318: what is not there."""
        session = started(tf)
        Path("empty").mkdir()
        tf.train.Saver().save(session, "m")
        call(tf)
        return "opened"

    return case


# -- initial values --------------------------------------------------------------------


def _initialised(
    make: Callable[[ModuleType], Any], assignment: Callable[[Any], Any]
) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-320, MG-321: the values after the initializers ran, or the error."""
        write_checkpoint(tf)
        made = make(tf)
        before = len(tf.get_default_graph().get_operations())
        tf.train.init_from_checkpoint("old", assignment(made))
        assert len(tf.get_default_graph().get_operations()) >= before
        return _values(tf)

    return case


def _values(tf: ModuleType) -> Any:
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return {v.op.name: session.run(v).tolist() for v in tf.global_variables()}


def _made(*names: str, scope: str = "", shape: tuple[int, ...] = (2,)) -> Any:
    def make(tf: ModuleType) -> Any:
        with tf.variable_scope(scope) if scope else tf.name_scope(None):
            return [
                tf.get_variable(name, shape, initializer=tf.zeros_initializer())
                for name in names
            ]

    return make


def _matrix_in_pieces(tf: ModuleType) -> Any:
    zeros = tf.zeros_initializer()
    return tf.get_variable("q", [4, 3], initializer=zeros, partitioner=cut)


def _matrix_in_a_scope(tf: ModuleType) -> Any:
    zeros = tf.zeros_initializer()
    with tf.variable_scope("a", partitioner=cut):
        return tf.get_variable("embedding", [4, 3], initializer=zeros)


def restored_only_by_initializers(tf: ModuleType) -> Any:
    """MG-320: nothing is read until the initializers run."""
    write_checkpoint(tf)
    v = tf.get_variable("v", [2], initializer=tf.ones_initializer())
    old = v.initializer
    tf.train.init_from_checkpoint("old", {"one/v": v})
    with tf.Session() as session:
        session.run(old)
        first = session.run(v).tolist()
        session.run(v.initializer)
        return [first, session.run(v).tolist(), v.initial_value.op.type]


def _warm_started(make: Callable[[ModuleType], Any], *args: Any, **kwargs: Any) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-320, MG-321: the values after the initializers ran, or the error."""
        write_checkpoint(tf)
        make(tf)
        given = [arg(tf) if callable(arg) else arg for arg in args]
        named = {
            name: arg(tf) if callable(arg) else arg for name, arg in kwargs.items()
        }
        tf.train.warm_start("old", *given, **named)
        return _values(tf)

    return case


def _vocabulary(name: str, *args: Any, **kwargs: Any) -> Any:
    return lambda tf: {name: tf.train.VocabInfo("new.txt", *args, **kwargs)}


def _iterated(asks: bool = False, **kwargs: Any) -> Case:
    def case(tf: ModuleType) -> Any:
        """MG-305: the latest checkpoint, each once, until the time is over."""
        session = started(tf)
        saver = tf.train.Saver()
        pauses: list[float] = []
        asked: list[int] = []

        def sleep(seconds: float) -> None:
            now[0] += seconds
            pauses.append(round(float(seconds), 3))
            if len(pauses) in (2, 4):
                saver.save(session, "m", len(pauses))

        def is_over() -> bool:
            asked.append(len(pauses))
            return len(asked) == 4

        kwargs["timeout_fn"] = is_over if asks else None
        with clock(1000.0) as now, mock.patch("time.sleep", sleep):
            saver.save(session, "m", 0)
            found = list(tf.train.checkpoints_iterator(".", **kwargs))
        return [found, pauses, asked]

    return case


CASES: dict[str, Case] = {
    "iterated": _iterated(timeout=3),
    "iterated_at_once": _iterated(timeout=0),
    "iterated_slowly": _iterated(min_interval_secs=2.5, timeout=3),
    "iterated_until_told": _iterated(asks=True, timeout=2),
    "generated": _generated("d", "d/x", ["d/y"], [1.0, 2.0], 3.0),
    "generated_alone": _generated("/d", "/d/x"),
    "generated_last": _generated("d", "x", ["y", "x"]),
    "generated_absolute": _generated("/d", "x", ["/d/y", "z"]),
    "generated_wrong_number": _generated("d", "/x", ["/y"], [1.0]),
    "updated": _updated("sub", "sub/x", ["sub/w", "/abs/y", "sub/x"]),
    "updated_name": _updated("sub", "x", latest_filename="other"),
    "updated_times": _updated(
        "sub", "x", ["w", "x"], None, [1.5, 2.5], last_preserved_timestamp=0.25
    ),
    "updated_collision": _updated("sub", "sub/checkpoint"),
    "updated_absolute_collision": _updated("", "checkpoint"),
    "updated_quotes": _updated("sub", 'sub/odd "ä" \\ name'),
    "read_nothing": _read(b""),
    "read_half": _read(b"model_checkpoint_path: 3"),
    "read_garbage": _read(b"!!"),
    "read_other_fields": _read(b'all_model_checkpoint_paths: "x"'),
    "read_state": _read(b'model_checkpoint_path: "x"\nlast_preserved_timestamp: 2'),
    "state_of_a_path": state_of_a_path,
    "latest_that_is_gone": latest_that_is_gone,
    "folder_that_was_moved": folder_that_was_moved,
    "existing": existing,
    "removed": removed,
    "read_through": read_through,
    "open_nothing": _opened(lambda tf: tf.train.load_checkpoint("none")),
    "open_empty_folder": _opened(lambda tf: tf.train.load_checkpoint("empty")),
    "open_folder": _opened(lambda tf: tf.train.load_checkpoint(".")),
    "open_unknown": _opened(lambda tf: tf.train.load_variable("m", "zz")),
    "open_unknown_tensor": _opened(
        lambda tf: tf.train.NewCheckpointReader("m").get_tensor("zz")
    ),
    "list_nothing": _opened(lambda tf: tf.train.list_variables("none")),
    # MG-320
    "init_by_name": _initialised(_made("x"), lambda made: {"top": "x"}),
    "init_by_variable": _initialised(_made("x"), lambda made: {"top": made[0]}),
    "init_two_by_pairs": _initialised(
        _made("x", "y"), lambda made: [("top", made[0]), ("top", "y")]
    ),
    "init_by_scope": _initialised(_made("v", scope="a"), lambda made: {"one/": "a/"}),
    "init_to_root": _initialised(_made("top"), lambda made: {"/": "/"}),
    "init_scope_to_root": _initialised(_made("v"), lambda made: {"one/": "/"}),
    "init_root_to_scope": _initialised(
        _made("top", scope="a"), lambda made: {"/": "a/"}
    ),
    "init_pieces": _initialised(
        _matrix_in_pieces, lambda made: {"embedding": list(made)}
    ),
    "init_pieces_by_name": _initialised(
        _matrix_in_pieces, lambda made: {"embedding": "q"}
    ),
    "init_pieces_by_scope": _initialised(_matrix_in_a_scope, lambda made: {"/": "a/"}),
    "restored_only_by_initializers": restored_only_by_initializers,
    # MG-321
    "init_unknown_tensor": _initialised(_made("x"), lambda made: {"zz": "x"}),
    "init_other_shape": _initialised(_made("x", shape=(3,)), lambda made: {"top": "x"}),
    "init_unknown_variable": _initialised(_made("x"), lambda made: {"top": "zz"}),
    "init_scope_without_slash": _initialised(
        _made("v", scope="a"), lambda made: {"one": "a/"}
    ),
    "init_scope_to_name": _initialised(
        _made("v", scope="a"), lambda made: {"one/": "a"}
    ),
    "init_scope_lacks_one": _initialised(
        _made("v", "new", scope="a"), lambda made: {"one/": "a/"}
    ),
    "init_empty_scope": _initialised(_made("x"), lambda made: {"one/": "none/"}),
    "warm_all": _warm_started(_made("top")),
    "warm_unknown": _warm_started(_made("new")),
    "warm_pattern": _warm_started(_made("top", "new"), "t.*"),
    "warm_names": _warm_started(_made("top", "new"), ["top"]),
    "warm_renamed": _warm_started(
        _made("x", "y"), var_name_to_prev_var_name={"x": "top", "y": "top"}
    ),
    "warm_unused_name": _warm_started(
        _made("top"), var_name_to_prev_var_name={"zz": "top"}
    ),
    "warm_unused_vocabulary": _warm_started(
        _made("top"), var_name_to_vocab_info=_vocabulary("zz", 4, 0, "old.txt")
    ),
    "warm_mixed_list": _warm_started(_made("top"), ["top", 3]),
    "warm_number": _warm_started(_made("top"), 3),
    "warm_rows": _warm_started(
        _made("embedding", shape=(5, 3)),
        None,
        _vocabulary("embedding", 4, 1, "old.txt"),
    ),
    "warm_fewer_rows": _warm_started(
        _made("embedding", shape=(2, 3)),
        None,
        _vocabulary("embedding", 2, 0, "old.txt", 2),
    ),
    "warm_columns": _warm_started(
        _made("softmax", shape=(3, 5)),
        None,
        _vocabulary("softmax", 4, 1, "old.txt", axis=1),
    ),
    "warm_wrong_width": _warm_started(
        _made("softmax", shape=(3, 7)),
        None,
        _vocabulary("softmax", 4, 1, "old.txt", axis=1),
    ),
    "warm_too_many_words": _warm_started(
        _made("embedding", shape=(9, 3)),
        None,
        _vocabulary("embedding", 9, 0, "old.txt"),
    ),
    "warm_wrong_axis": lambda tf: tf.train.VocabInfo(
        "new.txt", 4, 0, "old.txt", axis=2
    ),
    "vocabulary": lambda tf: list(tf.train.VocabInfo("n", 4, 0, "o")),
}
