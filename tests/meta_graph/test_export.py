"""`export_meta_graph`: what the file says, and that nothing else changes."""

from __future__ import annotations

import gzip
import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.meta_graph import export, producer
from metagraft.meta_graph.files import read_meta_graph_file
from metagraft.meta_graph.op_list import ops_used_by_graph_def
from metagraft.proto import GraphDebugInfo, GraphDef, MetaGraphDef, WhileContextDef
from metagraft.proto.text import parse_text
from tests import same_meta_graph
from tests.programs.functions import defun
from tests.programs.graph_defs import GRAPH_DEFS
from tests.programs.meta_graphs import EXPORTS

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "meta_graphs"


@pytest.fixture(autouse=True)
def _own_graph() -> Any:
    with tf.Graph().as_default():
        yield


@pytest.mark.golden
@pytest.mark.parametrize("name", EXPORTS)
def test_same_meta_graph(name: str) -> None:
    """A program's MetaGraph is the one that TensorFlow exports."""
    recorded = gzip.decompress((GOLDEN / f"{name}.pb.gz").read_bytes())
    with tf.Graph().as_default(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = same_meta_graph.parsed(EXPORTS[name](tf))
    differences = same_meta_graph.differences(MetaGraphDef.FromString(recorded), found)
    assert not differences, f"{name}:\n{differences}"


def test_every_recording_has_its_program() -> None:
    """No recorded MetaGraph is left over."""
    recorded = {path.name.removesuffix(".pb.gz") for path in GOLDEN.glob("*.pb.gz")}
    assert recorded == set(EXPORTS)


def test_wrong_arguments() -> None:
    """MG-011, MG-016: unknown keywords and wrong types are refused."""
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        tf.train.export_meta_graph(no_such=1)
    for argument in ("meta_info_def", "graph_def", "saver_def", "graph"):
        with pytest.raises(TypeError, match=f"{argument} must be of type .*str"):
            tf.train.export_meta_graph(**{argument: "text"})


def test_arguments_are_not_changed() -> None:
    """MG-019: the caller's messages stay as they were."""
    info = MetaGraphDef.MetaInfoDef(tensorflow_version="9")
    nodes = GraphDef()
    nodes.node.add(name="s/n", op="NoOp", device="/gpu:0")
    exported = tf.train.export_meta_graph(
        meta_info_def=info, graph_def=nodes, export_scope="s", clear_devices=True
    )
    assert info.tensorflow_version == "9"
    assert nodes.node[0].name == "s/n"
    assert nodes.node[0].device == "/gpu:0"
    assert exported.meta_info_def.tensorflow_version == producer.TENSORFLOW_VERSION


def test_source_graph_is_not_changed() -> None:
    """MG-054, MG-055, MG-060: also a finalized graph is exported in part."""
    with tf.device("/gpu:0"):
        x = tf.placeholder(tf.float32, name="x")
        with tf.name_scope("s"):
            tf.identity(x, name="y")
    graph = tf.get_default_graph()
    graph.finalize()
    before = graph.as_graph_def()
    exported = tf.train.export_meta_graph(export_scope="s", clear_devices=True)
    assert exported.collection_def["unbound_inputs"].bytes_list.value
    assert graph.as_graph_def() == before
    assert graph.get_all_collection_keys() == []
    assert "unbound_inputs" not in tf.train.export_meta_graph().collection_def


def test_exported_message_is_independent() -> None:
    """Changing the message changes neither the graph nor the next export."""
    tf.constant(1.0, name="c")
    first = tf.train.export_meta_graph()
    first.graph_def.node[0].name = "d"
    assert tf.train.export_meta_graph().graph_def.node[0].name == "c"


def test_unknown_colocation_entries_stay() -> None:
    """MG-047: an entry without `@` is no reason to fail."""
    nodes = GraphDef()
    node = nodes.node.add(name="s/n", op="NoOp")
    node.attr["_class"].list.s.extend([b"odd", b"loc:@s/n", b"loc:@outside"])
    exported = tf.train.export_meta_graph(graph_def=nodes, export_scope="s")
    assert list(exported.graph_def.node[0].attr["_class"].list.s) == [b"odd", b"loc:@n"]


def test_frame_names_lose_the_scope() -> None:
    """MG-048: those of the scope; others stay."""
    nodes = GraphDef()
    for name, frame in (("s/a", b"s/loop"), ("s/b", b"other")):
        node = nodes.node.add(name=name, op="Enter")
        node.attr["frame_name"].s = frame
    exported = tf.train.export_meta_graph(graph_def=nodes, export_scope="s")
    frames = [node.attr["frame_name"].s for node in exported.graph_def.node]
    assert frames == [b"loop", b"other"]


def test_no_saver_is_built() -> None:
    """MG-064: exporting without savers adds none to the graph."""
    tf.Variable(1.0)
    tf.add_to_collection("savers", tf.train.Saver())
    before = len(tf.get_default_graph().get_operations())
    exported = tf.train.export_meta_graph(clear_extraneous_savers=True)
    assert len(tf.get_default_graph().get_operations()) == before
    assert "savers" not in exported.collection_def


def test_tensors_of_one_value_are_equal() -> None:
    """MG-068: attributes are compared by value, tensors too."""
    default = parse_text(
        "tensor{dtype:DT_INT32 tensor_shape{} int_val:5}", tf.AttrValue
    )
    other = parse_text(
        r'tensor{dtype:DT_INT32 tensor_shape{} tensor_content:"\005\0\0\0"}',
        tf.AttrValue,
    )
    from metagraft.meta_graph.stripping import _equals

    assert default != other
    assert _equals(default, other)
    assert not _equals(default, parse_text("i:5", tf.AttrValue))


def test_collections_that_cannot_be_stored(caplog: pytest.LogCaptureFixture) -> None:
    """MG-081, MG-089: they are left out, and a warning says which and why."""
    tf.add_to_collection("mixed", 1)
    tf.add_to_collection("mixed", 1.5)
    with caplog.at_level(logging.WARNING):
        exported = tf.train.export_meta_graph(collection_list=["mixed", 3])
    assert not exported.collection_def
    assert "Issue encountered when serializing mixed" in caplog.text
    assert "Only collections with string type keys" in caplog.text


def test_names_that_are_nothing_in_the_graph(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """MG-091: an object that only has a name is left out, so that the file imports."""
    c = tf.constant(1.0, name="c")
    for value in (c, tf.float32, c.op):
        tf.add_to_collection("mixed", value)
    tf.add_to_collection("types", tf.float32)
    with caplog.at_level(logging.WARNING):
        exported = tf.train.export_meta_graph()
    assert list(exported.collection_def) == ["mixed"]
    assert list(exported.collection_def["mixed"].node_list.value) == ["c:0", "c"]
    assert "Issue encountered when serializing types" in caplog.text
    assert "'float32', that is not in the graph; it is left out" in caplog.text
    with tf.Graph().as_default() as graph:
        tf.train.import_meta_graph(exported)
        assert [element.name for element in graph.get_collection("mixed")] == [
            "c:0",
            "c",
        ]


def test_ops_in_functions_are_listed() -> None:
    """MG-037: primitive ops of called functions count, names of functions do not."""
    nodes = parse_text(GRAPH_DEFS["function"], GraphDef)
    unused = nodes.library.function.add()
    unused.signature.name = "unused"
    unused.node_def.add(name="n", op="Neg")
    assert ops_used_by_graph_def(nodes) == ["AddV2", "PartitionedCall", "Placeholder"]


def test_graph_past_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """MG-036: a graph that is too large is an error that names the largest nodes."""
    sizes = {f"large{n}": 1000 + 10 * n for n in range(12)}
    for name, size in sizes.items():
        tf.constant(np.zeros(size, np.uint8), name=name)
    tf.constant(1.0, name="small")
    nodes = {node.name: node.ByteSize() for node in _shaped_nodes()}
    ranked = sorted(sizes, key=lambda name: -sizes[name])[:10]
    listed = ", ".join(f"'{name}' ({nodes[name]} bytes)" for name in ranked)
    monkeypatch.setattr(export, "LARGEST_GRAPH_BYTES", 4000)
    for scope in (None, "la"):
        with pytest.raises(ValueError, match="GraphDef cannot be larger than 2GB") as e:
            tf.train.export_meta_graph(export_scope=scope)
        assert f"The largest nodes are {listed}; " in str(e.value)
    assert tf.train.export_meta_graph(export_scope="small").graph_def.node


def _shaped_nodes() -> Any:
    return tf.get_default_graph().as_graph_def(add_shapes=True).node


def test_scoped_export_returns_variables() -> None:
    """MG-049: variables of the scope by their names in it."""
    with tf.variable_scope("s"):
        w = tf.get_variable("w", initializer=1.0)
    tf.get_variable("v", initializer=1.0)
    _, variables = export.export_scoped_meta_graph(export_scope="s")
    assert variables == {"w:0": w}


def test_scopes_are_read_literally() -> None:
    """MG-043: a dot in a scope is a dot, also where names outside are stored."""
    with tf.name_scope("axb"):
        step = tf.constant(1, name="step")
    with tf.name_scope("a.b"):
        tf.while_loop(lambda i: i < 3, lambda i: i + step, [0])
    exported = tf.train.export_meta_graph(export_scope="a.b")
    (stored,) = exported.collection_def["while_context"].bytes_list.value
    context = WhileContextDef.FromString(stored)
    assert context.context_name == "while/while_context"
    assert "axb/step:0" in context.values_def.values


def test_nested_contexts_lose_the_scope() -> None:
    """MG-044, MG-099: so that a loop with a branch in it can be imported elsewhere."""
    with tf.name_scope("s"):
        x = tf.placeholder(tf.float32, [], name="x")

        def body(i: Any) -> Any:
            return tf.cond(x > 0.0, lambda: i * x, lambda: i + 1.0)

        tf.identity(tf.while_loop(lambda i: i < 9.0, body, [1.0]), name="y")
    exported = tf.train.export_meta_graph(export_scope="s")
    (stored,) = exported.collection_def["while_context"].bytes_list.value
    context = WhileContextDef.FromString(stored)
    branches = [nested.cond_ctxt for nested in context.nested_contexts]
    assert [branch.context_name for branch in branches] == [
        "while/cond/cond_text",
        "while/cond/cond_text_1",
    ]
    for branch in branches:
        names = [branch.pred_name, branch.pivot_name, *branch.values_def.values]
        assert not [name for name in names if name.startswith("s/")]
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.train.import_meta_graph(exported, import_scope="t")
        y, x = (graph.get_tensor_by_name(name) for name in ("t/y:0", "t/x:0"))
        gradient = tf.gradients(y, x)[0]
        assert session.run([y, gradient], {x: 3.0}) == [9.0, 6.0]


# -- files -----------------------------------------------------------------------------


def test_files(tmp_path: Path) -> None:
    """MG-105, MG-107, MG-108: folders are made; equal graphs give equal bytes."""
    EXPORTS["export_collections"](tf)
    binary, text = tmp_path / "a" / "b" / "m.meta", tmp_path / "m.txt"
    exported = tf.train.export_meta_graph(binary)
    assert tf.train.export_meta_graph(str(text), as_text=True) == exported
    assert read_meta_graph_file(binary) == exported
    assert read_meta_graph_file(text) == exported
    first = binary.read_bytes()
    tf.train.export_meta_graph(binary)
    assert binary.read_bytes() == first
    assert text.read_text().startswith("meta_info_def {")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "m.txt"]


def test_bare_names_are_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MG-105: also names as bytes."""
    monkeypatch.chdir(tmp_path)
    exported = tf.train.export_meta_graph("m.meta")
    assert read_meta_graph_file(tmp_path / "m.meta") == exported
    tf.train.export_meta_graph(b"sub/n.meta", save_debug_info=True)
    assert sorted(path.name for path in (tmp_path / "sub").iterdir()) == [
        "n.debug",
        "n.meta",
    ]


def test_processes_write_equal_bytes(tmp_path: Path) -> None:
    """MG-107: sets and dictionaries with other hashes do not show in a file."""
    program = (
        "import sys, metagraft.compat.v1 as tf\n"
        "from tests.programs.meta_graphs import EXPORTS\n"
        "EXPORTS['export_control_flow_gradient'](tf)\n"
        "EXPORTS['export_scope_queues'](tf)\n"
        "tf.train.export_meta_graph(sys.argv[1], clear_devices=True)\n"
    )
    files = [tmp_path / seed for seed in ("1", "2")]
    for path in files:
        environment = {**os.environ, "PYTHONHASHSEED": path.name}
        command = [sys.executable, "-W", "ignore", "-c", program, str(path)]
        subprocess.run(command, check=True, env=environment, cwd=ROOT)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_files_appear_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MG-106: a failure while writing leaves what was there, and nothing else."""
    path = tmp_path / "m.meta"
    tf.train.export_meta_graph(path)
    before = path.read_bytes()
    tf.constant(1.0)

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fail)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(tf.errors.OpError, match="no space left"):
        tf.train.export_meta_graph(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.meta"]
    assert path.read_bytes() == before


def test_debug_info(tmp_path: Path) -> None:
    """MG-109, MG-110, MG-111: a second file says where nodes were made."""
    tf.constant(1.0, name="here")
    nodes = GraphDef()
    nodes.node.add(name="here", op="NoOp")
    nodes.node.add(name="from_elsewhere", op="NoOp")
    tf.train.export_meta_graph(
        tmp_path / "q.w.meta",
        graph_def=nodes,
        graph=tf.get_default_graph(),
        save_debug_info=True,
        as_text=True,
    )
    info = parse_text((tmp_path / "q.w.debug").read_text(), GraphDebugInfo)
    assert list(info.name_to_trace_id) == ["here@"]
    trace = info.traces_by_id[info.name_to_trace_id["here@"]]
    innermost = info.frames_by_id[trace.frame_id[-1]]
    assert info.files[innermost.file_index] == __file__
    assert innermost.func == "test_debug_info"
    assert 1 <= len(trace.frame_id) <= 10
    tf.train.export_meta_graph(save_debug_info=True)  # MG-023: no file, no effect


def test_debug_info_of_functions(tmp_path: Path) -> None:
    """MG-110: keys of nodes inside functions have the function's name."""

    @defun(tf, tf.float32, func_name="doubled")
    def doubled(x: Any) -> Any:
        return tf.add(x, x, name="sum")

    doubled(tf.constant(1.0))
    path = tmp_path / "m.meta"
    tf.train.export_meta_graph(path, save_debug_info=True)
    info = GraphDebugInfo.FromString(path.with_suffix(".debug").read_bytes())
    assert {"Const@", "doubled@", "sum@doubled"} <= set(info.name_to_trace_id)
    trace = info.traces_by_id[info.name_to_trace_id["sum@doubled"]]
    functions = [info.frames_by_id[number].func for number in trace.frame_id]
    assert functions[-1] == "doubled"


def test_debug_info_keeps_ten_frames(tmp_path: Path) -> None:
    """MG-110: the innermost ten of the program, the outermost of them first."""

    def deep(depth: int) -> None:
        if depth:
            deep(depth - 1)
        else:
            tf.no_op(name="deep")

    deep(20)
    path = tmp_path / "m.meta"
    tf.train.export_meta_graph(path, save_debug_info=True)
    info = GraphDebugInfo.FromString(path.with_suffix(".debug").read_bytes())
    trace = info.traces_by_id[info.name_to_trace_id["deep@"]].frame_id
    lines = [info.frames_by_id[number].line for number in trace]
    start = deep.__code__.co_firstlineno
    assert [line - start for line in lines] == [2] * 9 + [4]


def test_debug_info_of_names_that_begin_alike(tmp_path: Path) -> None:
    """MG-110: the key is the name in the source graph, which kept it."""
    for name in ("hid/a", "hid2/a"):
        tf.no_op(name=name)
    path = tmp_path / "m.meta"
    tf.train.export_meta_graph(path, export_scope="hid", save_debug_info=True)
    info = GraphDebugInfo.FromString(path.with_suffix(".debug").read_bytes())
    assert set(info.name_to_trace_id) == {"hid/a@", "hid2/a@"}


def test_unreadable_files(tmp_path: Path) -> None:
    """MG-122, MG-123, MG-124: the error says what is wrong with the file."""
    tf.constant(1.0)
    path = tmp_path / "m.meta"
    tf.train.export_meta_graph(path)
    with pytest.raises(OSError, match="File does not exist"):
        read_meta_graph_file(tmp_path / "none")
    with pytest.raises(tf.errors.FailedPreconditionError, match="is a directory"):
        read_meta_graph_file(tmp_path)
    with pytest.raises(TypeError, match="PathLike"):
        read_meta_graph_file(None)  # type: ignore[arg-type]  # as the test is about
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(OSError, match=f"the file ends at byte {size - 3}"):
        read_meta_graph_file(path)
    path.write_bytes(b"\x0f\xff\xff")
    with pytest.raises(OSError, match="the field at byte 0 has no valid tag"):
        read_meta_graph_file(path)
    path.write_text("meta_info_def { oops: 3 }")
    with pytest.raises(OSError, match=r"Cannot parse file .*oops"):
        read_meta_graph_file(path)
    path.write_text("no message")
    with pytest.raises(OSError, match="Cannot parse file"):
        read_meta_graph_file(path)
    path.write_bytes(b"")
    assert read_meta_graph_file(str(path).encode()) == MetaGraphDef()


@pytest.mark.parametrize(
    ("version", "is_new"),
    [
        ("", True),
        ("unknown", True),
        ("1.9.0", True),
        ("1.9.0-rc1", False),
        ("1.10.0", True),
        ("1.8.0", False),
        ("0.12.head", False),
        ("2.21.0", True),
        ("1.9.0+vendor", True),
    ],
)
def test_versions_that_record_trainable(version: str, is_new: bool) -> None:
    """MG-171, MG-172: releases before 1.9 did not; what is no release is new."""
    assert producer.records_trainable(version) is is_new
