"""`Saver`: what it refuses, the files it keeps, and what comes back."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.proto import MetaGraphDef, SaverDef
from metagraft.training.saver_ops import BaseSaverBuilder


@pytest.fixture(autouse=True)
def _own_graph() -> Iterator[None]:
    with tf.Graph().as_default():
        yield


def variables() -> tuple[Any, Any, Any]:
    """Make a vector, a number and a resource variable."""
    a = tf.Variable([1.0, 2.0], name="a")
    b = tf.Variable(3, name="b")
    r = tf.get_variable("r", initializer=4.0, use_resource=True)
    return a, b, r


@pytest.fixture
def sess() -> Iterator[Any]:
    """Give a session in which `variables` have their values."""
    variables()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        yield session


def files(folder: Path) -> list[str]:
    """Return the names of all files below a folder."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    )


# -- construction ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda a, r, c: tf.train.Saver([]), ValueError, "No variables to save"),
        (lambda a, r, c: tf.train.Saver({}), ValueError, "No variables to save"),
        (lambda a, r, c: tf.train.Saver([a, a]), ValueError, "the same name: a"),
        (
            lambda a, r, c: tf.train.Saver({"x": a, "y": a}),
            ValueError,
            "will be restored with two names: y",
        ),
        (
            lambda a, r, c: tf.train.Saver({"x": r, "y": r}),
            ValueError,
            "will be restored with two names: y",
        ),
        (lambda a, r, c: tf.train.Saver([c]), TypeError, "to save is not a Variable"),
        (lambda a, r, c: tf.train.Saver({"c": c}), TypeError, "Not a variable"),
        (lambda a, r, c: tf.train.Saver([a.value()]), TypeError, "is not a Variable"),
        (lambda a, r, c: tf.train.Saver({3: a}), TypeError, "Name is not a string: 3"),
        (lambda a, r, c: tf.train.Saver("a"), TypeError, "in a dict or a list. Got a"),
        (lambda a, r, c: tf.train.Saver([3]), AttributeError, "no attribute 'name'"),
        (lambda a, r, c: tf.train.Saver({"x": [a]}), ValueError, "must all be slices"),
        (lambda a, r, c: tf.train.Saver({"x": [c]}), ValueError, "must all be Variab"),
        (
            lambda a, r, c: tf.train.Saver([a], defer_build=True),
            ValueError,
            "build cannot be deferred",
        ),
        (lambda a, r, c: tf.train.Saver(saver_def="x"), ValueError, "must be a saver"),
        (
            lambda a, r, c: tf.train.Saver(saver_def=SaverDef(save_tensor_name="x")),
            ValueError,
            "must specify the restore_op_name",
        ),
        (lambda a, r, c: tf.train.Saver(max_to_keep=-1), ValueError, "not be negative"),
        (lambda a, r, c: tf.train.Saver(write_version=0), TypeError, "write_version"),
    ],
)
def test_refused(make: Callable[..., Any], error: type[Exception], match: str) -> None:
    """Wrong variables, names and definitions.

    MG-232, MG-233, MG-235, MG-236, MG-237, MG-238, MG-264, MG-274.
    """
    a, _, r = variables()
    c = tf.constant(1.0)
    with pytest.raises(error, match=match):
        make(a, r, c)


def test_no_variables(tmp_path: Path) -> None:
    """MG-232: a saver that may be empty does nothing but write the graph."""
    with pytest.raises(ValueError, match="No variables to save"):
        tf.train.Saver()
    for var_list in (None, [], {}):
        saver = tf.train.Saver(var_list, allow_empty=True)
        assert saver.as_saver_def() is None
        assert saver.to_proto("scope") is None
    with tf.Session() as session:
        assert saver.save(session, tmp_path / "e" / "m") is None
        saver.restore(session, "/there/is/none")
    assert files(tmp_path) == ["e/m.meta"]


def test_deferred_build(sess: Any, tmp_path: Path) -> None:
    """MG-233: nothing is added and nothing works before `build`."""
    before = len(sess.graph.get_operations())
    saver = tf.train.Saver(defer_build=True)
    assert len(sess.graph.get_operations()) == before
    assert not saver.export_meta_graph().HasField("saver_def")
    with pytest.raises(RuntimeError, match=r"`build\(\)` should be called"):
        saver.save(sess, tmp_path / "m")
    saver.build()
    after = len(sess.graph.get_operations())
    saver.build()
    assert len(sess.graph.get_operations()) == after
    assert saver.save(sess, tmp_path / "m") == str(tmp_path / "m")


def test_definition() -> None:
    """MG-237, MG-238, MG-293: the definition, its scopes, and savers made from it."""
    variables()
    definition = tf.train.Saver(max_to_keep=None).as_saver_def()
    assert definition.max_to_keep == 0
    with tf.name_scope("scope"):
        saver = tf.train.Saver(max_to_keep=2, keep_checkpoint_every_n_hours=3)
    definition = saver.as_saver_def()
    before = definition.SerializeToString()
    assert saver.to_proto() is definition
    assert saver.to_proto("other") is None
    inner = saver.to_proto("scope")
    assert inner.filename_tensor_name == "save/Const:0"
    count = len(tf.get_default_graph().get_operations())
    again = tf.train.Saver.from_proto(inner, import_scope="scope")
    assert again.as_saver_def() == definition
    assert inner.restore_op_name == "save/restore_all"  # not changed
    assert tf.train.Saver(saver_def=definition).as_saver_def() is definition
    assert definition.SerializeToString() == before
    assert len(tf.get_default_graph().get_operations()) == count


def test_own_builder(sess: Any, tmp_path: Path) -> None:
    """A builder of its own reads every variable with a node of its own."""
    with tf.device("/gpu:0"):
        tf.Variable(1.0, name="on_gpu")
    sess.run(tf.global_variables_initializer())
    saver = tf.train.Saver(builder=BaseSaverBuilder())
    reads = [op for op in sess.graph.get_operations() if op.type == "RestoreV2"]
    assert len(reads) == 4
    assert {op.device for op in reads} == {"", "/device:CPU:0"}
    saver.restore(sess, saver.save(sess, tmp_path / "m"))


def test_partitioned_variable_in_a_collection() -> None:
    """MG-248: it gets the tensor that its name promises."""
    whole = tf.get_variable(
        "p",
        [4, 2],
        initializer=tf.ones_initializer(),
        partitioner=lambda shape, dtype: [2, 1],
    )
    tf.add_to_collection("mine", whole)
    graph = tf.get_default_graph()
    assert "p" not in [op.name for op in graph.get_operations()]
    tf.train.Saver()
    assert graph.get_operation_by_name("p").type == "Identity"


# -- saving ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "suffix"),
    [
        (None, ""),
        (5, "-5"),
        (-3, "--3"),
        (np.int64(9), "-9"),
        (True, "-1"),
        ("b:0", "-3"),
    ],
)
def test_prefix(sess: Any, tmp_path: Path, step: Any, suffix: str) -> None:
    """MG-251, MG-259: the step goes behind the path."""
    saver = tf.train.Saver()
    prefix = saver.save(sess, str(tmp_path / "m"), global_step=step)
    assert prefix == str(tmp_path / f"m{suffix}")
    assert files(tmp_path) == [
        "checkpoint",
        f"m{suffix}.data-00000-of-00001",
        f"m{suffix}.index",
        f"m{suffix}.meta",
    ]


def test_wrong_arguments(sess: Any, tmp_path: Path) -> None:
    """MG-252, MG-253, MG-254: paths, state files and sessions."""
    saver, path = tf.train.Saver(), str(tmp_path / "m")
    with pytest.raises(ValueError, match="must not contain path components"):
        saver.save(sess, path, latest_filename="x/y")
    with pytest.raises(ValueError, match="'latest_filename' collides with"):
        saver.save(sess, path, latest_filename="m")
    with pytest.raises(TypeError, match="'sess' must be a Session; None"):
        saver.save(None, path)
    with pytest.raises(TypeError, match="Expected binary or unicode string, got 3"):
        saver.save(sess, 3)
    assert saver.save(sess, path.encode(), latest_filename="state") == path
    sess.close()
    with pytest.raises(RuntimeError, match="closed Session"):
        saver.save(sess, path)


def test_format_v1(sess: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """MG-259, MG-260, MG-264: shards, their common name, and advice."""
    saver = tf.train.Saver(write_version=SaverDef.V1, sharded=True, max_to_keep=1)
    assert saver.as_saver_def().save_tensor_name == "save/ShardedFilespec:0"
    for step in (1, 2):
        prefix = saver.save(sess, tmp_path / "m", global_step=step)
    assert "V1 checkpoint format has been deprecated" in caplog.text
    assert len(caplog.messages) == 2 * 6
    assert prefix == f"{tmp_path}/m-2-?????-of-00001"
    assert files(tmp_path) == ["checkpoint", "m-2-00000-of-00001", "m-2.meta"]
    assert tf.train.latest_checkpoint(tmp_path) == prefix
    saver.restore(sess, prefix)


def test_what_is_written(sess: Any, tmp_path: Path) -> None:
    """MG-262, MG-263, MG-265: graph and state only where asked for."""
    saver = tf.train.Saver()
    saver.save(sess, tmp_path / "a", write_meta_graph=False)
    saver.save(sess, tmp_path / "b", write_state=False, meta_graph_suffix="graph")
    saver.save(
        sess,
        tmp_path / "c",
        write_state=False,
        strip_default_attrs=True,
        save_debug_info=True,
    )
    names = [name for name in files(tmp_path) if ".data" not in name]
    assert names == [
        "a.index",
        "b.graph",
        "b.index",
        "c.debug",
        "c.index",
        "c.meta",
        "checkpoint",
    ]
    assert saver.last_checkpoints == [str(tmp_path / "a")]
    meta = MetaGraphDef.FromString((tmp_path / "c.meta").read_bytes())
    assert meta.meta_info_def.stripped_default_attrs
    assert meta.saver_def == saver.as_saver_def()
    assert meta.graph_def.node[0].attr["_output_shapes"].list.shape


def test_state_file(sess: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MG-300, MG-301: paths as given, or relative to the file."""
    monkeypatch.chdir(tmp_path)
    tf.train.Saver().save(sess, str(tmp_path / "m"))
    assert (tmp_path / "checkpoint").read_text() == (
        f'model_checkpoint_path: "{tmp_path}/m"\n'
        f'all_model_checkpoint_paths: "{tmp_path}/m"\n'
    )
    tf.train.Saver().save(sess, "sub/m", 1)
    assert (tmp_path / "sub" / "checkpoint").read_text() == (
        'model_checkpoint_path: "m-1"\nall_model_checkpoint_paths: "m-1"\n'
    )
    assert tf.train.latest_checkpoint("sub") == "sub/m-1"
    tf.train.Saver().save(sess, "top")
    assert (
        (tmp_path / "checkpoint")
        .read_text()
        .startswith('model_checkpoint_path: "top"\n')
    )


# -- retention -------------------------------------------------------------------------


def kept(folder: Path) -> list[str]:
    """Return the names of the checkpoints in a folder."""
    return sorted(path.stem for path in folder.glob("*.index"))


def test_oldest_are_deleted(sess: Any, tmp_path: Path) -> None:
    """MG-271, MG-272, MG-275: with all their files; one saved again becomes newest."""
    saver = tf.train.Saver(
        max_to_keep=2, pad_step_number=True, save_relative_paths=True
    )
    for step in (1, 2, 3, 2):
        saver.save(sess, tmp_path / "m", global_step=step)
    assert kept(tmp_path) == ["m-00000002", "m-00000003"]
    assert len(files(tmp_path)) == 7
    names = [Path(prefix).name for prefix in saver.last_checkpoints]
    assert names == ["m-00000003", "m-00000002"]
    assert (tmp_path / "checkpoint").read_text() == (
        'model_checkpoint_path: "m-00000002"\n'
        'all_model_checkpoint_paths: "m-00000003"\n'
        'all_model_checkpoint_paths: "m-00000002"\n'
    )


@pytest.mark.parametrize("max_to_keep", [0, None])
def test_all_are_kept(sess: Any, tmp_path: Path, max_to_keep: int | None) -> None:
    """MG-270: and only the newest is listed."""
    saver = tf.train.Saver(max_to_keep=max_to_keep)
    for step in range(3):
        saver.save(sess, tmp_path / "m", global_step=step, write_meta_graph=False)
    assert kept(tmp_path) == ["m-0", "m-1", "m-2"]
    assert saver.last_checkpoints == []
    state = tf.train.get_checkpoint_state(tmp_path)
    assert list(state.all_model_checkpoint_paths) == [str(tmp_path / "m-2")]


def test_lists_of_checkpoints(sess: Any, tmp_path: Path) -> None:
    """MG-276, MG-291, MG-292: what earlier savers wrote."""
    first = tf.train.Saver()
    for step in (1, 2):
        first.save(sess, tmp_path / "m", global_step=step, write_meta_graph=False)
    saver = tf.train.Saver(max_to_keep=1)
    saver.set_last_checkpoints([str(tmp_path / "m-1")])
    saver.save(sess, tmp_path / "m", global_step=3, write_meta_graph=False)
    assert kept(tmp_path) == ["m-1", "m-2", "m-3"]  # set ones are never deleted
    paths = [str(tmp_path / name) for name in ("m-1", "none", "m-2")]
    saver.recover_last_checkpoints(paths)
    assert saver.last_checkpoints == [paths[0], paths[2]]
    saver.save(sess, tmp_path / "m", global_step=4, write_meta_graph=False)
    assert kept(tmp_path) == ["m-2", "m-3", "m-4"]
    with pytest.raises(AssertionError):
        saver.set_last_checkpoints(("m-1",))


def test_deletion_that_fails(
    sess: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """MG-275: a problem is logged; the newer checkpoint is what matters."""

    def refuse(path: str) -> None:
        raise OSError(f"no right to delete {path}")

    monkeypatch.setattr("metagraft.formats.files.remove", refuse)
    saver = tf.train.Saver(max_to_keep=1)
    for step in (1, 2):
        saver.save(sess, tmp_path / "m", global_step=step)
    assert "Ignoring: no right to delete" in caplog.text


# -- restoring -------------------------------------------------------------------------


@pytest.mark.parametrize("sharded", [False, True])
def test_restore(sess: Any, tmp_path: Path, sharded: bool) -> None:
    """MG-287: values come back, without initialisation."""
    prefix = tf.train.Saver(sharded=sharded).save(sess, tmp_path / "m", global_step=1)
    with tf.Graph().as_default(), tf.Session() as other:
        saver = tf.train.import_meta_graph(f"{prefix}.meta")
        saver.restore(other, prefix)
        a, b, r = other.run(["a:0", "b:0", "r/Read/ReadVariableOp:0"])
        assert a.tolist() == [1.0, 2.0]
        assert (b, r) == (3, 4.0)
        again = saver.save(other, tmp_path / "again")
        assert tf.train.list_variables(again) == [("a", [2]), ("b", []), ("r", [])]
    assert not list(tmp_path.glob("*_temp"))


def test_sharded_saver_of_version_1_15(sess: Any, tmp_path: Path) -> None:
    """MG-245: graphs of 1.x have the temporary name of shards as a constant."""
    saver = tf.train.Saver(sharded=True)
    meta = saver.export_meta_graph()
    nodes = meta.graph_def.node
    (suffix,) = (node for node in nodes if node.name == "save/StringJoin")
    suffix.input[1] = "save/StringJoin/inputs_1"
    gone = ("save/Select", "save/StaticRegexFullMatch", "save/Const_1", "save/Const_2")
    baked = tf.NodeDef(name="save/StringJoin/inputs_1", op="Const")
    baked.attr["dtype"].type = tf.string.as_datatype_enum
    baked.attr["value"].tensor.CopyFrom(
        tf.make_tensor_proto("_temp_1f6a3c0f2d9b4b9fa6a2b1f5c5d0e7aa/part")
    )
    kept = [node for node in nodes if node.name not in gone]
    del nodes[:]
    nodes.extend([baked, *kept])
    with tf.Graph().as_default(), tf.Session() as other:
        old = tf.train.import_meta_graph(meta)
        other.run(tf.global_variables_initializer())
        prefix = old.save(other, tmp_path / "m", write_meta_graph=False)
        assert files(tmp_path) == ["checkpoint", "m.data-00000-of-00001", "m.index"]
        assert not list(tmp_path.glob("m_temp*"))
        old.restore(other, prefix)
        assert other.run("b:0") == 3


def test_restore_from_any_file(sess: Any, tmp_path: Path) -> None:
    """MG-282: a file of the checkpoint stands for its prefix."""
    saver = tf.train.Saver()
    saver.save(sess, tmp_path / "m")
    for suffix in (".index", ".meta", ".data-00000-of-00001"):
        saver.restore(sess, tmp_path / f"m{suffix}")


def test_restore_what_is_not_there(sess: Any, tmp_path: Path) -> None:
    """MG-280, MG-281: the path is taken literally."""
    saver = tf.train.Saver()
    saver.save(sess, tmp_path / "m-1")
    with pytest.raises(ValueError, match="Can't load save_path when it is None"):
        saver.restore(sess, None)
    for name in ("zz", "m-?", "m-*"):
        with pytest.raises(ValueError, match="not a valid checkpoint"):
            saver.restore(sess, tmp_path / name)
    (tmp_path / "v1").write_bytes(b"something")
    with pytest.raises(tf.errors.DataLossError, match="too short to be a"):
        saver.restore(sess, tmp_path / "v1")


def test_restore_names_that_are_missing(sess: Any, tmp_path: Path) -> None:
    """MG-283: all of them, and those that nobody asked for."""
    prefix = tf.train.Saver().save(sess, tmp_path / "m")
    with tf.Graph().as_default(), tf.Session() as other:
        tf.Variable(1.0, name="a")
        tf.Variable(1.0, name="new")
        tf.get_variable("newer", initializer=1.0, use_resource=True)
        with pytest.raises(tf.errors.NotFoundError) as caught:
            tf.train.Saver().restore(other, prefix)
    message = caught.value.message
    assert message.startswith("Restoring from checkpoint failed. This is most likely")
    assert "2 missing in the checkpoint: new, newer." in message
    assert "2 in the checkpoint and not used: b, r." in message


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (
            [1, 2],
            r"1 of another type: a \(in the checkpoint float32, in the graph int32",
        ),
        (
            [1.0, 2.0, 3.0],
            r"another shape: a \(in the checkpoint \[2\], in the graph \[",
        ),
        (
            [[1.0], [2.0]],
            r"Assign requires shapes of both tensors to match. lhs shape=",
        ),
    ],
)
def test_restore_other_type_or_shape(
    sess: Any, tmp_path: Path, value: Any, told: str, resource: bool
) -> None:
    """MG-284, MG-285: an error for both kinds of variables; their values stay."""
    prefix = tf.train.Saver().save(sess, tmp_path / "m")
    with tf.Graph().as_default(), tf.Session() as other:
        a = tf.Variable(value, name="a", use_resource=resource)
        r = tf.get_variable("r", initializer=9.0, use_resource=resource)
        other.run(tf.global_variables_initializer())
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="a mismatch between the current graph"
        ) as caught:
            tf.train.Saver().restore(other, prefix)
        assert re.search(told, caught.value.message)
        assert other.run(a).tolist() == value
        assert other.run(r) == 9.0


def test_restore_tells_everything_at_once(sess: Any, tmp_path: Path) -> None:
    """MG-283, MG-285: names, types and shapes that do not fit, in one error."""
    prefix = tf.train.Saver().save(sess, tmp_path / "m")
    with tf.Graph().as_default(), tf.Session() as other:
        tf.Variable([1, 2], name="a")
        tf.get_variable("r", [2, 2], use_resource=True)
        tf.Variable(1.0, name="new")
        with pytest.raises(tf.errors.OpError) as caught:
            tf.train.Saver().restore(other, prefix)
    assert caught.value.message.split("\n\n")[-1].split("\n")[:4] == [
        "1 missing in the checkpoint: new.",
        "1 of another type: a (in the checkpoint float32, in the graph int32).",
        "1 of another shape: r (in the checkpoint [], in the graph [2, 2]).",
        "1 in the checkpoint and not used: b.",
    ]


def test_restore_reshaped(sess: Any, tmp_path: Path) -> None:
    """MG-247: as many elements, in another shape."""
    prefix = tf.train.Saver().save(sess, tmp_path / "m")
    with tf.Graph().as_default(), tf.Session() as other:
        a = tf.Variable([[5.0], [6.0]], name="a")
        tf.train.Saver(reshape=True).restore(other, prefix)
        assert other.run(a).tolist() == [[1.0], [2.0]]


def test_restore_under_other_names(sess: Any, tmp_path: Path) -> None:
    """MG-234: the names of a dictionary are those of the checkpoint."""
    prefix = tf.train.Saver().save(sess, tmp_path / "m")
    with tf.Graph().as_default(), tf.Session() as other:
        mine = tf.Variable([0.0, 0.0], name="mine")
        tf.train.Saver({"a": mine}).restore(other, prefix)
        assert other.run(mine).tolist() == [1.0, 2.0]


def test_partitions(sess: Any, tmp_path: Path) -> None:
    """MG-290: a whole can be read in pieces, and pieces as a whole."""

    def cut(shape: Any, dtype: Any) -> list[int]:
        del dtype
        return [2] + [1] * (len(shape) - 1)

    values = np.arange(10.0, dtype=np.float32).reshape(5, 2)
    with tf.Graph().as_default(), tf.Session() as one:
        tf.get_variable("p", initializer=values)
        one.run(tf.global_variables_initializer())
        whole = tf.train.Saver().save(one, tmp_path / "whole")
    with tf.Graph().as_default(), tf.Session() as two:
        p = tf.get_variable(
            "p", [5, 2], initializer=tf.zeros_initializer(), partitioner=cut
        )
        saver = tf.train.Saver()
        saver.restore(two, whole)
        np.testing.assert_array_equal(two.run(tf.convert_to_tensor(p)), values)
        pieces = saver.save(two, tmp_path / "pieces")
    assert tf.train.list_variables(pieces) == [("p", [5, 2])]
    with tf.Graph().as_default(), tf.Session() as three:
        p = tf.get_variable("p", [5, 2])
        tf.train.Saver().restore(three, pieces)
        np.testing.assert_array_equal(three.run(p), values)


def test_mixing_pieces_and_wholes() -> None:
    """MG-236: one name is a whole or pieces."""
    with tf.variable_scope("s", partitioner=lambda shape, dtype: [2]):
        whole = tf.get_variable("p", [4])
    mixed = tf.Variable(1.0, name="s/p")
    with pytest.raises(ValueError, match=r"same name|Mixing slices"):
        tf.train.Saver([*whole, mixed])


OBJECT_CHECKPOINT = (
    Path(__file__).resolve().parent.parent / "golden" / "object_checkpoint" / "tree"
)


@pytest.mark.golden
def test_object_based_checkpoint(caplog: pytest.LogCaptureFixture) -> None:
    """MG-289: variables are found by the names they had; the nodes are added once."""
    with tf.variable_scope("dense"):
        kernel = tf.get_variable("kernel", [1, 2], use_resource=True)
        bias = tf.get_variable("bias", [1])
    with tf.Session() as session:
        saver = tf.train.Saver()
        saver.restore(session, OBJECT_CHECKPOINT)
        assert "Restoring an object-based checkpoint" in caplog.text
        assert session.run([kernel, bias])[0].tolist() == [[1.0, 2.0]]
        count = len(session.graph.get_operations())
        saver.restore(session, OBJECT_CHECKPOINT)
        assert len(session.graph.get_operations()) == count
        imported = tf.train.Saver.from_proto(saver.as_saver_def())
        imported.restore(session, OBJECT_CHECKPOINT)


@pytest.mark.golden
def test_object_based_checkpoint_that_lacks_variables() -> None:
    """MG-289: all missing and unexpected names, and how many match."""
    tf.get_variable("dense/bias", [1])
    tf.get_variable("other", [1])
    with (
        tf.Session() as session,
        pytest.raises(tf.errors.NotFoundError) as caught,
    ):
        tf.train.Saver().restore(session, OBJECT_CHECKPOINT)
    assert "not in the checkpoint: other\n" in caught.value.message
    assert "don't exist now: dense/kernel" in caught.value.message
    assert "(1 variable name(s) did match)" in caught.value.message


def test_restored_message(
    sess: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The path that is restored is logged."""
    saver = tf.train.Saver()
    prefix = saver.save(sess, tmp_path / "m")
    with caplog.at_level(logging.INFO):
        saver.restore(sess, prefix)
    assert f"Restoring parameters from {prefix}" in caplog.text


@pytest.mark.parametrize("version", [1, 2])
def test_saving_below_a_file(tmp_path: Path, version: int) -> None:
    """Where a file has the name of the folder, TensorFlow's error says so."""
    (tmp_path / "file").touch()
    path = str(tmp_path / "file" / "model")
    with tf.Graph().as_default(), tf.Session() as session:
        session.run(tf.Variable(1.0, name="v").initializer)
        with pytest.raises(ValueError, match="doesn't exist, can't save") as raised:
            tf.train.Saver(write_version=version).save(session, path)
    assert str(raised.value) == f"Parent directory of {path} doesn't exist, can't save."
