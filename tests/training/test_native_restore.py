"""`metagraft.restore`: every kind of checkpoint, by name, partly, or not at all."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft
import metagraft.compat.v1 as tf
from metagraft.errors import DataLossError, NotFoundError, RestoreError
from metagraft.training.mutable_tables import MutableHashTable
from metagraft.training.rename_rules import renamed

GOLDEN = Path(__file__).parents[1] / "golden"
ROWS = np.arange(70, dtype=np.float32).reshape(7, 10)


@pytest.fixture
def sess() -> Iterator[Any]:
    """Give a session of an empty graph."""
    with tf.Graph().as_default(), tf.Session() as session:
        yield session


def variable(name: str, shape: Any, dtype: Any = tf.float32, **kwargs: Any) -> Any:
    """Make a variable that nobody initialises."""
    zeros = tf.zeros_initializer()
    return tf.get_variable(name, shape, dtype, initializer=zeros, **kwargs)


# -- kinds of checkpoints --------------------------------------------------------------


@pytest.mark.golden
@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_partitioned_otherwise(sess: Any, pieces: int, use_resource: bool) -> None:
    """MG-286: pieces get their parts, however TensorFlow had cut the variable."""
    with tf.variable_scope(
        "v",
        partitioner=tf.fixed_size_partitioner(pieces),
        use_resource=use_resource,
    ):
        rows = variable("rows", [7, 10])
    whole = variable("w/columns", [7, 10], use_resource=use_resource)
    tf.get_default_graph().finalize()
    report = metagraft.restore(sess, GOLDEN / "checkpoints" / "partitioned")
    read = [sess.run(piece) for piece in rows]
    assert np.array_equal(np.concatenate(read), ROWS)
    assert np.array_equal(sess.run(whole), 2 * ROWS)
    assert set(report.restored.values()) == {"v/rows", "w/columns"}
    assert [tensor.name for tensor in report.unexpected] == ["whole"]


@pytest.mark.golden
@pytest.mark.parametrize("file", ["model", "model.meta", "shards-00000-of-00001"])
def test_checkpoints_of_version_1(sess: Any, file: str) -> None:
    """What TensorFlow wrote in the old format, found by any of its files."""
    expected = np.load(GOLDEN / "slice_checkpoints" / "values.npz")
    numbers = variable("int64", [2, 3], tf.int64)
    with tf.variable_scope("", partitioner=tf.fixed_size_partitioner(2)):
        parts = variable("parts", [5, 3])
    metagraft.restore(sess, GOLDEN / "slice_checkpoints" / file)
    assert np.array_equal(sess.run(numbers), expected["int64"])
    read = [sess.run(piece) for piece in parts]
    assert np.array_equal(np.concatenate(read), expected["parts"])


@pytest.mark.golden
def test_checkpoints_of_objects(sess: Any) -> None:
    """Tensors have the names of variables; their places in the tree are others."""
    kernel = variable("dense/kernel", [1, 2], use_resource=True)
    bias = variable("dense/bias", [1])
    metagraft.restore(sess, GOLDEN / "object_checkpoint")
    assert sess.run(kernel).tolist() == [[1, 2]]
    assert sess.run(bias).tolist() == [3]


def golden_variables() -> Path:
    """Return the folder of a SavedModel that TensorFlow wrote."""
    return GOLDEN / "saved_models" / "simple"


@pytest.mark.golden
def test_variables_of_saved_models(sess: Any) -> None:
    """The folder of a SavedModel stands for its variables."""
    outlines = dict(tf.train.list_variables(golden_variables() / "variables/variables"))
    made = {name: variable(name, shape) for name, shape in outlines.items()}
    report = metagraft.restore(sess, golden_variables())
    assert report.fits
    assert set(report.restored) == set(made)


@pytest.mark.parametrize(
    "path",
    ["m-3", "m-3.meta", "m-3.index", "m-3.data-00000-of-00001", "", "checkpoint"],
)
def test_any_file_of_a_checkpoint(sess: Any, tmp_path: Path, path: str) -> None:
    """A prefix, each file and the folder mean the same."""
    v = variable("v", [2])
    sess.run(v.assign([1.0, 2.0]))
    tf.train.Saver().save(sess, tmp_path / "m", 3)
    sess.run(v.assign([0.0, 0.0]))
    if path == "checkpoint":
        with pytest.raises(DataLossError, match="checkpoint"):
            metagraft.restore(sess, tmp_path / path)
        return
    report = metagraft.restore(sess, tmp_path / path)
    assert sess.run(v).tolist() == [1, 2]
    assert report.checkpoint == str(tmp_path / "m-3")


def test_moved_folder(sess: Any, tmp_path: Path) -> None:
    """A folder that was moved is found, though its state file has other paths."""
    v = variable("v", [])
    sess.run(v.assign(5.0))
    (tmp_path / "old").mkdir()
    tf.train.Saver().save(sess, tmp_path / "old" / "m", 1)
    shutil.move(tmp_path / "old", tmp_path / "new")
    sess.run(v.assign(0.0))
    metagraft.restore(sess, tmp_path / "new")
    assert sess.run(v) == 5


# -- which variables -------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Save variables of a scope `old`; give the prefix."""
    with tf.Graph().as_default(), tf.Session() as session:
        with tf.variable_scope("old"):
            variable("w", [2, 3])
            variable("b", [3])
            variable("deep/w", [4])
        variable("step", [], tf.int64)
        session.run([v.assign(tf.ones_like(v)) for v in tf.global_variables()])
        return Path(tf.train.Saver().save(session, tmp_path / "m"))


def new_variables() -> dict[str, Any]:
    """Make the same variables in a scope `new`."""
    with tf.variable_scope("new"):
        made = [variable("w", [2, 3]), variable("b", [3]), variable("deep/w", [4])]
    made.append(variable("step", [], tf.int64))
    return {v.op.name: v for v in made}


@pytest.mark.parametrize(
    "rename",
    [
        {"old/": "new/"},
        {
            "old/": "wrong/",
            "old/deep/": "new/deep/",
            "old/w": "new/w",
            "old/b": "new/b",
        },
        [("^old/", "new/")],
        [(re.compile("old"), "mid"), ("mid", "new")],
        lambda name: name.replace("old", "new"),
    ],
)
def test_rename(sess: Any, saved: Path, rename: Any) -> None:
    """Names in the checkpoint become names in the graph."""
    made = new_variables()
    report = metagraft.restore(sess, saved, rename=rename)
    assert report.fits
    assert report.restored["new/deep/w"] == "old/deep/w"
    assert all((sess.run(v) == 1).all() for v in made.values())


def test_rename_with_the_scope_of_everything() -> None:
    """An empty scope stands before every name, and scopes can go away."""
    assert renamed(["a", "b/c"], {"": "x/"}) == {"a": "x/a", "b/c": "x/b/c"}
    assert renamed(["a", "b/c"], {"b/": ""}) == {"a": "a", "b/c": "c"}
    assert renamed(["a", "b"], lambda name: None if name == "a" else name) == {"b": "b"}


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        (["new/w"], {"new/w"}),
        ("new/b:0", {"new/b"}),
        (lambda v: v["new/b"], {"new/b"}),
        (lambda v: [v["new/w"].op, v["new/b"]], {"new/w", "new/b"}),
        (lambda v: {"old/w": v["new/w"], "old/b": "new/b"}, {"new/w", "new/b"}),
    ],
)
def test_some_variables(
    sess: Any, saved: Path, variables: Any, names: set[str]
) -> None:
    """Variables, operations and names, alone, in lists, and by name in the file."""
    made = new_variables()
    asked = variables(made) if callable(variables) else variables
    rename = None if isinstance(asked, dict) else {"old/": "new/"}
    report = metagraft.restore(sess, saved, asked, rename=rename)
    assert set(report.restored) == names
    assert {n for n, v in made.items() if sess.run(v.is_initialized())} == names


def test_include_and_exclude(sess: Any, saved: Path) -> None:
    """Patterns fit the beginnings of names in the graph; what is left out is told."""
    made = new_variables()
    report = metagraft.restore(
        sess, saved, include=["new/", "st"], exclude="new/deep", rename={"old/": "new/"}
    )
    assert set(report.restored) == {"new/w", "new/b", "step"}
    assert report.excluded == ("new/deep/w",)
    assert report.unexpected == ()
    assert not sess.run(made["new/deep/w"].is_initialized())
    assert "3 variables restored, 1 left out as asked." in str(report)


def test_graphs_without_collections(sess: Any, saved: Path) -> None:
    """A graph imported as nodes alone has its variables restored, too."""
    with tf.Graph().as_default() as graph:
        variable("old/w", [2, 3])
        variable("old/b", [3], use_resource=True)
    tf.import_graph_def(graph.as_graph_def(), name="")
    report = metagraft.restore(sess, saved)
    assert set(report.restored) == {"old/w", "old/b"}
    assert (sess.run("old/w:0") == 1).all()
    assert (sess.run("old/b/Read/ReadVariableOp:0") == 1).all()


def test_an_import_of_a_meta_graph(sess: Any, saved: Path) -> None:
    """The variables of an import are restored by the names that the file has."""
    graft = metagraft.import_meta_graph(
        f"{saved}.meta", graph=sess.graph, scope="graft"
    )
    report = metagraft.restore(sess, saved, graft.variables)
    assert report.fits
    assert sess.run("graft/old/b:0").tolist() == [1, 1, 1]


# -- what does not fit -----------------------------------------------------------------


def test_everything_that_does_not_fit_at_once(sess: Any, saved: Path) -> None:
    """One error tells all of it and what may be meant; nothing has changed."""
    w = variable("old/w", [3, 2])
    variable("old/b", [3], tf.float64)
    variable("old/dep/w", [4])
    variable("other", [9])
    step = variable("step", [], tf.int64)
    sess.run([w.initializer, step.initializer])
    with pytest.raises(RestoreError, match="nothing was restored") as told:
        metagraft.restore(sess, saved, unexpected="error")
    lines = told.value.message.splitlines()
    assert "2 missing in the checkpoint: old/dep/w, other." in lines
    assert (
        "1 of another type: old/b (in the checkpoint float32, in the graph float64)."
    ) in lines
    assert (
        "1 of another shape: old/w (in the checkpoint [2, 3], in the graph [3, 2])."
    ) in lines
    assert "1 in the checkpoint and not used: old/deep/w." in lines
    assert lines[-1].endswith('missing="skip", mismatching="skip", unexpected="skip".')
    report = told.value.report
    assert report.restored == {}
    assert [t.name for t in report.similar_to("old/dep/w")] == ["old/deep/w"]
    assert report.similar_to("other") == ()
    with pytest.raises(KeyError):
        report.similar_to("step")
    assert sess.run(step) == 0
    assert (sess.run(w) == 0).all()


def test_what_does_not_fit_can_be_skipped(sess: Any, saved: Path) -> None:
    """The rest is restored; the report has what was not."""
    w = variable("old/w", [3, 2])
    b = variable("old/b", [3])
    new = variable("new", [])
    sess.run(w.initializer)
    report = metagraft.restore(sess, saved, missing="skip", mismatching="skip")
    assert set(report.restored) == {"old/b"}
    assert not report.fits
    assert sess.run(b).tolist() == [1, 1, 1]
    assert (sess.run(w) == 0).all()
    assert not sess.run(new.is_initialized())


def test_reshape(sess: Any, saved: Path) -> None:
    """As many elements fit when asked for; a variable of unknown shape takes any."""
    w = variable("old/w", [3, 2])
    b = tf.Variable(0.0, name="old/b", validate_shape=False)
    report = metagraft.restore(sess, saved, reshape=True)
    assert sess.run(w).shape == (3, 2)
    assert sess.run(b).shape == (3,)
    assert set(report.restored) == {"old/w", "old/b"}


def test_a_scope_that_differs_is_told(sess: Any, saved: Path) -> None:
    """When a change of scope would do, the error has it, ready to be used."""
    new_variables()
    with pytest.raises(RestoreError) as told:
        metagraft.restore(sess, saved)
    rename = told.value.report.helpful_rename
    assert rename == {"old/": "new/"}
    assert f"rename={rename!r}" in told.value.message
    assert metagraft.restore(sess, saved, rename=rename).fits


def test_a_saver_tells_it_too(sess: Any, saved: Path) -> None:
    """MG-283: the error of `Saver.restore` ends with the same suggestions."""
    new_variables()
    with pytest.raises(tf.errors.NotFoundError, match=r"rename=\{'old/': 'new/'\}"):
        tf.train.Saver().restore(sess, str(saved))


def test_nearest_names_of_the_same_shape_come_first(sess: Any, saved: Path) -> None:
    """Shape and type count more than letters; a matrix that alone fits is named."""
    variable("old/deep/b", [4])
    variable("completely_different", [2, 3])
    variable("old/bb", [3])
    with pytest.raises(RestoreError) as told:
        metagraft.restore(sess, saved)
    similar = {
        missing.name: [
            tensor.name for tensor in told.value.report.similar_to(missing.name)
        ]
        for missing in told.value.report.missing
    }
    assert similar == {
        "old/deep/b": ["old/deep/w"],
        "completely_different": ["old/w"],
        "old/bb": ["old/b"],
    }
    assert (
        "For completely_different float32 [2, 3] the checkpoint may mean: "
        "old/w float32 [2, 3]."
    ) in told.value.message


# -- mistakes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"variables": "old/x"}, KeyError, "no variable 'old/x'.*near names: old/w"),
        ({"variables": [3]}, TypeError, "is needed, got 3"),
        ({"variables": ["old/w", "old/w"]}, ValueError, "'old/w' is given twice"),
        ({"variables": "zeros"}, TypeError, "'zeros' is no variable but a Const"),
        ({"include": "deep"}, ValueError, "include: 'deep' matches none of 2 names"),
        ({"exclude": ["old", "x"]}, ValueError, "exclude: 'x' matches none of 2"),
        ({"rename": {"x/": "y/"}}, ValueError, r"\['x/'\] fit none of 4 names"),
        ({"rename": {"old/": "new"}}, ValueError, "must end with a slash"),
        ({"rename": [("x+y", "")]}, ValueError, "'x\\+y' fits none of 4 names"),
        ({"rename": "old"}, TypeError, "rename must be a mapping"),
        ({"rename": len}, TypeError, "which is no name"),
        ({"rename": lambda n: "old/w"}, ValueError, "both .* become 'old/w'"),
        ({"missing": "ignore"}, ValueError, "missing must be one of"),
        ({"checkpoint": "nowhere"}, NotFoundError, "nowhere"),
        ({"session": None}, TypeError, "session must be a Session"),
    ],
)
def test_mistakes(
    sess: Any, saved: Path, arguments: dict[str, Any], error: Any, match: str
) -> None:
    """Each is told, and nothing is restored."""
    variable("old/w", [2, 3])
    b = variable("old/b", [3])
    tf.zeros([2], name="zeros")
    rest = {"session": sess, "checkpoint": saved, **arguments}
    with pytest.raises(error, match=match):
        metagraft.restore(rest.pop("session"), rest.pop("checkpoint"), **rest)
    assert not sess.run(b.is_initialized())


def test_variables_of_other_graphs_and_closed_sessions(saved: Path) -> None:
    """Both are refused."""
    with tf.Graph().as_default():
        other = variable("old/w", [2, 3])
    with tf.Graph().as_default():
        variable("old/b", [3])
        session = tf.Session()
        with pytest.raises(ValueError, match="not in the graph of the session"):
            metagraft.restore(session, saved, [other])
        session.close()
        with pytest.raises(RuntimeError, match="closed Session"):
            metagraft.restore(session, saved)


def test_damaged_data_change_nothing(sess: Any, saved: Path) -> None:
    """One tensor that cannot be read keeps all the others from being restored."""
    data = saved.with_name("m.data-00000-of-00001")
    content = bytearray(data.read_bytes())
    content[-1] ^= 1  # of the last tensor, `step`
    data.write_bytes(content)
    b = variable("old/b", [3])
    variable("step", [], tf.int64)
    with pytest.raises(DataLossError, match="step"):
        metagraft.restore(sess, saved)
    assert not sess.run(b.is_initialized())


@pytest.mark.golden
def test_a_saver_suggests_names_of_objects(sess: Any) -> None:
    """Of a checkpoint of objects, too, `Saver.restore` tells what may be meant."""
    variable("dense/kernels", [1, 2])
    variable("dense/bias", [1])
    with pytest.raises(NotFoundError) as told:
        tf.train.Saver().restore(sess, str(GOLDEN / "object_checkpoint" / "tree"))
    assert told.value.message.endswith(
        "For dense/kernels float32 [1, 2] the checkpoint may mean: "
        "dense/kernel float32 [1, 2]."
    )


def test_paths_of_sharded_version_1(tmp_path: Path) -> None:
    """Any path of such a checkpoint means it, also for its MetaGraph."""
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.get_variable("v", initializer=[1.0, 2.0])
        session.run(v.initializer)
        saver = tf.train.Saver(sharded=True, write_version=1)
        pattern = saver.save(session, str(tmp_path / "m"), global_step=10)
    assert pattern.endswith("m-10-?????-of-00001")
    names = ["m-10", "m-10.meta", "m-10-00000-of-00001", "m-10-?????-of-00001", ""]
    for name in names:
        with tf.Graph().as_default(), tf.Session() as session:
            found = metagraft.import_meta_graph(tmp_path / name)
            metagraft.restore(session, tmp_path / name)
            assert session.run(found["v:0"]).tolist() == [1.0, 2.0], name


# -- tables ----------------------------------------------------------------------------


def _with_table(values: Any) -> tuple[Any, Any]:
    """Add a variable, a table of the savers, and a saver."""
    v = variable("v", [2])
    table = MutableHashTable(tf.string, values, -1, name="words", checkpoint=True)
    tf.train.Saver()
    return v, table


def _saved_table(prefix: Path) -> str:
    with tf.Graph().as_default(), tf.Session() as session:
        v, table = _with_table(tf.int64)
        session.run([v.assign([1.0, 2.0]).op, table.insert(["a", "b"], [1, 2])])
        return str(tf.train.Saver().save(session, str(prefix)))


def test_tables(sess: Any, tmp_path: Path) -> None:
    """Tables that savers restore are restored, with nothing added to the graph."""
    path = _saved_table(tmp_path / "m")
    v, table = _with_table(tf.int64)
    found = table.lookup(["a", "b", "c"])
    sess.run(table.insert(["c"], [3]))
    tf.get_default_graph().finalize()
    report = metagraft.restore(sess, path, exclude="words")
    assert report.excluded == ("words",)
    assert not report.unexpected
    assert sess.run(found).tolist() == [-1, -1, 3]
    report = metagraft.restore(sess, path)
    assert report.restored_tables == ("words",)
    assert "1 variable restored, and the tables words" in str(report)
    assert report.fits
    assert sess.run(found).tolist() == [1, 2, -1]
    assert sess.run(v).tolist() == [1, 2]


def test_tables_that_do_not_fit(sess: Any, tmp_path: Path) -> None:
    """Missing keys and values of another type are told as for variables."""
    path = _saved_table(tmp_path / "m")
    v, table = _with_table(tf.float32)
    with pytest.raises(RestoreError, match=r"1 of another type: words-values"):
        metagraft.restore(sess, path)
    report = metagraft.restore(sess, path, mismatching="skip")
    assert report.restored_tables == ()
    assert sess.run([v, table.size()])[1] == 0
    with tf.Graph().as_default(), tf.Session() as other:
        w = variable("v", [2])
        other.run(w.initializer)
        without = tf.train.Saver().save(other, str(tmp_path / "w"))
    with pytest.raises(RestoreError, match=r"2 missing .*words-keys, words-values"):
        metagraft.restore(sess, without)
    assert len(metagraft.restore(sess, without, missing="skip").missing) == 2
