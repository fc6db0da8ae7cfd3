"""`metagraft.import_meta_graph`: isolation, names, and all or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft
import metagraft.compat.v1 as tf
from metagraft.graph.apply_op import op
from metagraft.proto import CollectionDef, MetaGraphDef, SaverDef, WhileContextDef


def written(meta: MetaGraphDef) -> bytes:
    """Return the bytes of a message."""
    return meta.SerializeToString(deterministic=True)


def names(graph: Any) -> list[str]:
    """Return the names of a graph's operations."""
    return [operation.name for operation in graph.get_operations()]


def counter(use_resource: bool) -> MetaGraphDef:
    """Export a program: a variable, an operation that counts, a saver."""
    with tf.Graph().as_default():
        v = tf.get_variable("v", initializer=1.0, use_resource=use_resource)
        tf.identity(v.read_value(), name="value")
        tf.identity(tf.assign_add(v, 1.0), name="count")
        tf.add_to_collection("count", v)
        tf.add_to_collection("texts", b"v")
        tf.add_to_collection("texts", b"\xff")
        saver = tf.train.Saver()
        return metagraft.export_meta_graph(saver_def=saver).meta_graph_def


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("scope", [None, "s"])
def test_imports_are_isolated(
    scope: str | None, use_resource: bool, tmp_path: Path
) -> None:
    """MG-134, MG-176, MG-220: each has its own variable and a saver that drives it."""
    meta = counter(use_resource)
    before = written(meta)
    graph = tf.Graph()
    first = metagraft.import_meta_graph(meta, graph=graph, scope=scope)
    second = metagraft.import_meta_graph(meta, graph=graph, scope=scope)
    assert written(meta) == before
    assert first.variables["v"] is not second.variables["v"]
    with graph.as_default():
        assert tf.global_variables() == [first.variables["v"], second.variables["v"]]
    with tf.Session(graph=graph) as sess:
        for result in (first, second):
            sess.run(result.variables["v"].initializer)
        sess.run(second["count:0"])
        assert sess.run([first["value:0"], second["value:0"]]) == [1.0, 2.0]
        assert first.saver is not None
        assert second.saver is not None
        path = second.saver.save(sess, str(tmp_path / "c"), write_meta_graph=False)
        first.saver.restore(sess, path)
        sess.run(second.variables["v"].initializer)
        assert sess.run([first["value:0"], second["value:0"]]) == [2.0, 1.0]


def test_sharing_on_request() -> None:
    """MG-220: with `share_resources` two imports are one variable."""
    meta = counter(use_resource=True)
    graph = tf.Graph()
    results = [
        metagraft.import_meta_graph(meta, graph=graph, scope="s", share_resources=True)
        for _ in range(2)
    ]
    with tf.Session(graph=graph) as sess:
        sess.run(results[0].variables["v"].initializer)
        assert sess.run(results[1]["value:0"]) == 1.0


def test_shared_names_stay_together() -> None:
    """MG-220: what one file shares it still shares; empty names stay empty."""
    with tf.Graph().as_default():
        for name in ("a", "b"):
            op("VarHandleOp", dtype=tf.float32, shape=[], shared_name="one", name=name)
        op("FIFOQueueV2", component_types=[tf.int32], shared_name="one", name="q")
        op("FIFOQueueV2", component_types=[tf.int32], name="p")
        meta = metagraft.export_meta_graph().meta_graph_def
    graph = tf.Graph()
    found = []
    for _ in range(2):
        result = metagraft.import_meta_graph(meta, graph=graph)
        attrs = [result[name].node_def.attr for name in "abqp"]  # type: ignore[union-attr]
        found.append([attr["shared_name"].s for attr in attrs])
    assert found == [[b"one", b"one", b"one", b""], [b"one_1", b"one_1", b"one_1", b""]]


def test_functions_with_resources() -> None:
    """MG-135, MG-220: a function with a resource is an import's own; others are one."""
    meta = MetaGraphDef()
    library = meta.graph_def.library
    for name, op_type in (("plain", "NoOp"), ("table", "MutableHashTableV2")):
        function = library.function.add()
        function.signature.name = name
        node = function.node_def.add(name="n", op=op_type)
        if name == "table":
            node.attr["shared_name"].s = b"words"
            node.attr["key_dtype"].type = node.attr["value_dtype"].type = 3
    caller = library.function.add()
    caller.signature.name = "caller"
    call = caller.node_def.add(name="c", op="PartitionedCall")
    call.attr["f"].func.name = "table"
    for key in ("Tin", "Tout"):
        call.attr[key].list.SetInParent()
    for name in ("plain", "caller"):
        node = meta.graph_def.node.add(name=name, op="PartitionedCall")
        node.attr["f"].func.name = name
        for key in ("Tin", "Tout"):
            node.attr[key].list.SetInParent()
    graph = tf.Graph()
    called = []
    for _ in range(2):
        result = metagraft.import_meta_graph(meta, graph=graph)
        nodes = [result[name].node_def for name in ("plain", "caller")]  # type: ignore[union-attr]
        called.append([node.attr["f"].func.name for node in nodes])
    assert called == [["plain", "caller"], ["plain", "caller_1"]]
    functions = {f.signature.name: f for f in graph.as_graph_def().library.function}
    assert list(functions) == ["plain", "table", "caller", "table_1", "caller_1"]
    assert functions["caller_1"].node_def[0].attr["f"].func.name == "table_1"
    assert functions["table_1"].node_def[0].attr["shared_name"].s == b"words_1"
    shared = metagraft.import_meta_graph(meta, graph=graph, share_resources=True)
    assert shared["caller"].node_def.attr["f"].func.name == "caller"  # type: ignore[union-attr]


def test_loops_are_isolated() -> None:
    """MG-175, MG-221, MG-222: frames are unique, also of loops without contexts."""
    with tf.Graph().as_default():
        x = tf.constant(2.0, name="x")
        loop = tf.while_loop(lambda i, _: i < 3, lambda i, y: [i + 1, y * x], [0, x])
        tf.identity(loop[1], name="y")
        meta = metagraft.export_meta_graph().meta_graph_def
    for with_contexts in (True, False):
        if not with_contexts:
            del meta.collection_def["while_context"]
        graph = tf.Graph()
        results = [metagraft.import_meta_graph(meta, graph=graph) for _ in range(2)]
        frames = {
            node.attr["frame_name"].s
            for node in graph.stored_nodes
            if node.op == "Enter"
        }
        assert len(frames) == 2
        with graph.as_default(), tf.Session() as sess:
            assert sess.run([r["y:0"] for r in results]) == [16.0, 16.0]
            if with_contexts:
                for result in results:
                    (dx,) = tf.gradients(result["y:0"], result["x:0"])
                    assert sess.run(dx) == 32.0


def test_inner_contexts_that_kept_the_scope() -> None:
    """MG-099: as TensorFlow exports a part: inner contexts keep the scope."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [], name="x")
        with tf.name_scope("s"):
            loop = tf.while_loop(
                lambda i, _: i < 3,
                lambda i, y: [i + 1, tf.cond(i < 1, lambda: y * 2.0, lambda: y * x)],
                [0, x],
            )
            tf.identity(loop[1], name="y")
        meta = metagraft.export_meta_graph(scope="s").meta_graph_def
    (encoded,) = meta.collection_def["while_context"].bytes_list.value
    outer = WhileContextDef.FromString(encoded)
    for nested in outer.nested_contexts:
        branch = nested.cond_ctxt
        for field in ("context_name", "pred_name", "pivot_name"):
            setattr(branch, field, f"s/{getattr(branch, field)}")
        values = [f"s/{name}" for name in branch.values_def.values]
        external = dict(branch.values_def.external_values)
        branch.values_def.Clear()
        for name, inner in external.items():
            own = name.removeprefix("$unbound_inputs_")
            key = own if own != name else f"s/{name}"
            values.append(key)
            branch.values_def.external_values[key] = f"s/{inner}"
        branch.values_def.values.extend(dict.fromkeys(values))
    meta.collection_def["while_context"].bytes_list.value[0] = outer.SerializeToString()
    graph = tf.Graph()
    with graph.as_default(), tf.Session() as sess:
        mine = tf.placeholder(tf.float32, [])
        result = metagraft.import_meta_graph(meta, scope="t", input_map={"x": mine})
        slope = tf.gradients(result["y:0"], mine)
        # y = 2 x * x * x
        assert sess.run([result["y:0"], *slope], {mine: 3.0}) == [54.0, 54.0]


def test_texts_are_no_names() -> None:
    """MG-167, MG-168: texts come back as they are, under a scope too."""
    graph = tf.Graph()
    metagraft.import_meta_graph(counter(False), graph=graph, scope="s")
    assert graph.get_collection("texts") == [b"v", b"\xff"]


def part() -> MetaGraphDef:
    """Export a scope that uses an outside tensor twice, and waits for a node."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2], name="x")
        first = tf.no_op(name="first")
        with tf.name_scope("s"), tf.control_dependencies([first]):
            tf.multiply(x, x, name="y")
        return metagraft.export_meta_graph(scope="s").meta_graph_def


def test_input_map() -> None:
    """MG-150, MG-152, MG-153, MG-154, MG-156, MG-157: sets of names, and extra ones."""
    meta = part()
    spellings: list[dict[Any, str]] = [
        {"x": "$unbound_inputs_x", "first": "^$unbound_inputs_first"},
        {"x": "$unbound_inputs_x:0", "first": "^$unbound_inputs_first"},
        {"x": "x", "first": "^first"},
        {"x": "x:0", "first": "^first"},
    ]
    for spelling in spellings:
        graph = tf.Graph()
        with graph.as_default():
            a = tf.constant([2.0, 3.0], name="a")
            b = tf.no_op(name="b")
        result = metagraft.import_meta_graph(
            meta,
            graph=graph,
            scope="t",
            input_map={spelling["x"]: a, spelling["first"]: b, "other:1": a},
            return_elements=["y:0", "y"],
        )
        y, operation = result.elements
        assert list(y.op.inputs) == [a, a]
        assert y.op is operation
        assert operation.control_inputs == [b]
        assert [entry.name for entry in result.report.of("input mapping")] == [
            "other:1"
        ]
        with tf.Session(graph=graph) as sess:
            assert sess.run(y).tolist() == [4.0, 9.0]


def test_values_as_inputs() -> None:
    """MG-151: values become constants, also without a scope."""
    for scope in (None, "t"):
        graph = tf.Graph()
        with graph.as_default():
            done = tf.no_op()
        values = {"x": np.array([2, 3], np.float32), "^first": done}
        result = metagraft.import_meta_graph(
            part(), graph=graph, scope=scope, input_map=values
        )
        with tf.Session(graph=graph) as sess:
            assert sess.run(result["y:0"]).tolist() == [4.0, 9.0]


def test_missing_inputs() -> None:
    """MG-156: all that are missing, with types and shapes, and nothing happens."""
    graph = tf.Graph()
    with pytest.raises(ValueError, match="unbound inputs") as caught:
        metagraft.import_meta_graph(part(), graph=graph, scope="t")
    assert "$unbound_inputs_x (float [2])" in str(caught.value)
    assert "^$unbound_inputs_first" in str(caught.value)
    assert names(graph) == []


def test_list_without_kind() -> None:
    """MG-158, MG-162: it is empty."""
    meta = counter(False)
    meta.collection_def["unbound_inputs"].CopyFrom(CollectionDef())
    meta.collection_def["kindless"].SetInParent()
    graph = tf.Graph()
    metagraft.import_meta_graph(meta, graph=graph)
    assert "kindless" not in graph.get_all_collection_keys()


def test_unresolvable_entries() -> None:
    """MG-149, MG-165, MG-177: all are named, or left out and reported."""
    meta = counter(False)
    meta.collection_def["nodes"].node_list.value.extend(["gone:0", "v", "lost"])
    meta.saver_def.CopyFrom(SaverDef(save_tensor_name="no:0", restore_op_name="no"))
    graph = tf.Graph()
    with pytest.raises(KeyError, match="3 entries cannot be restored") as caught:
        metagraft.import_meta_graph(meta, graph=graph)
    for name in ("gone:0", "lost", "saver 'no'"):
        assert name in str(caught.value)
    assert names(graph) == []
    assert graph.get_all_collection_keys() == []
    result = metagraft.import_meta_graph(meta, graph=graph, skip_unresolvable=True)
    assert graph.get_collection("nodes") == [result["v"]]
    assert result.saver is None
    assert [entry.kind for entry in result.report] == ["collection entry"] * 2 + [
        "saver"
    ]


def test_all_or_nothing() -> None:
    """MG-149: an error leaves no name taken."""
    meta = counter(False)
    meta.collection_def["nodes"].node_list.value.append("gone")
    graph = tf.Graph()
    with pytest.raises(KeyError):
        metagraft.import_meta_graph(meta, graph=graph, scope="s")
    result = metagraft.import_meta_graph(
        meta, graph=graph, scope="s", collections=["variables"]
    )
    assert result.scope == "s"
    assert result["v"].name == "s/v"
    assert graph.get_all_collection_keys() == ["variables"]


def test_unknown_ops() -> None:
    """MG-142: all at once, with counts, names, and whether they are needed."""
    meta = counter(False)
    for name in ("one", "two"):
        meta.graph_def.node.add(name=name, op="Strange")
    meta.graph_def.node.add(name="three", op="Odd", input=["one"])
    graph = tf.Graph()
    with pytest.raises(metagraft.errors.NotFoundError) as caught:
        metagraft.import_meta_graph(
            meta, graph=graph, return_elements=["three"], allow_unknown_ops=False
        )
    text = str(caught.value)
    assert "Op type not registered: 2 op types are unknown" in text
    assert "Odd (1 node: 'three'; needed)" in text
    assert "Strange (2 nodes: 'one', 'two'; needed)" in text
    assert names(graph) == []
    result = metagraft.import_meta_graph(meta, graph=graph, return_elements=["v"])
    assert [op.is_needed for op in result.unknown_ops] == [False, False]
    assert "three" in names(graph)


def test_producer_version() -> None:
    """MG-171, MG-172: a string that is no release counts as new, an old one as old."""
    for version, expected in (("vendor-x", True), ("1.4.0", False)):
        meta = counter(False)
        del meta.collection_def["trainable_variables"]
        meta.meta_info_def.tensorflow_version = version
        result = metagraft.import_meta_graph(meta, graph=tf.Graph())
        assert result.variables["v"].trainable is expected


def test_files(tmp_path: Path) -> None:
    """MG-121, MG-122, MG-123, MG-124: binary, text, empty; damage names the file."""
    with tf.Graph().as_default():
        tf.no_op(name="n")
        metagraft.export_meta_graph(tmp_path / "b.meta")
        metagraft.export_meta_graph(tmp_path / "t.meta", as_text=True)
    (tmp_path / "empty.meta").write_bytes(b"")
    for name, expected in (("b", ["n"]), ("t", ["n"]), ("empty", [])):
        path = tmp_path / f"{name}.meta"
        result = metagraft.import_meta_graph(str(path), graph=tf.Graph())
        assert names(result.graph) == expected
    (tmp_path / "cut.meta").write_bytes(written(counter(False))[:-3])
    with pytest.raises(OSError, match=r"Cannot parse file .*cut\.meta.*byte"):
        metagraft.import_meta_graph(tmp_path / "cut.meta", graph=tf.Graph())


def test_saver_on_request(tmp_path: Path) -> None:
    """MG-178: only when asked for, and only for the imported variables."""
    meta = counter(False)
    meta.ClearField("saver_def")
    graph = tf.Graph()
    with graph.as_default():
        tf.get_variable("mine", initializer=7.0)
    before = len(names(graph))
    assert metagraft.import_meta_graph(meta, graph=graph).saver is None
    assert len(names(graph)) == before + len(meta.graph_def.node)
    result = metagraft.import_meta_graph(meta, graph=graph, scope="s", add_saver=True)
    assert result.saver is not None
    with tf.Session(graph=graph) as sess:
        sess.run(result.variables["v"].initializer)
        path = result.saver.save(sess, str(tmp_path / "c"), write_meta_graph=False)
    assert [name for name, _ in tf.train.list_variables(path)] == ["v"]


def test_inside_of_an_open_scope() -> None:
    """MG-130: the scope is inside of the one that is open."""
    with tf.Graph().as_default(), tf.name_scope("outer"):
        first = metagraft.import_meta_graph(counter(True), scope="in")
        second = metagraft.import_meta_graph(counter(True))
    assert first.scope == "outer/in"
    assert first.variables["v"].name == "outer/in/v:0"
    assert second.variables["v"].name == "outer/v:0"
    assert first.saver is not None
    definition = first.saver.as_saver_def()
    assert definition is not None
    assert definition.restore_op_name == "outer/in/save/restore_all"


def test_queue_runners() -> None:
    """MG-134, MG-224: a runner of each import has the operations of its own copy."""
    with tf.Graph().as_default():
        queue = tf.FIFOQueue(3, [tf.float32], shapes=[[]], name="queue")
        runner = tf.train.QueueRunner(queue, [queue.enqueue(1.0)])
        tf.train.add_queue_runner(runner)
        meta = metagraft.export_meta_graph().meta_graph_def
    graph = tf.Graph()
    for _ in range(2):
        metagraft.import_meta_graph(meta, graph=graph)
    runners = graph.get_collection("queue_runners")
    assert [runner.queue.name for runner in runners] == ["queue", "queue_1"]
    assert runners[1].enqueue_ops[0].inputs[0].op.name == "queue_1"


def test_clear_devices() -> None:
    """MG-136: devices go when asked."""
    with tf.Graph().as_default():
        with tf.device("/gpu:0"):
            tf.no_op(name="n")
        meta = metagraft.export_meta_graph().meta_graph_def
    kept = metagraft.import_meta_graph(meta, graph=tf.Graph())
    gone = metagraft.import_meta_graph(meta, graph=tf.Graph(), clear_devices=True)
    assert kept["n"].device == "/device:GPU:0"
    assert gone["n"].device == ""


def test_mistakes() -> None:
    """MG-121: wrong types are `TypeError`; names that do not exist are `KeyError`."""
    with pytest.raises(TypeError):
        metagraft.import_meta_graph(None)
    with pytest.raises(TypeError, match="graph must be of type Graph"):
        metagraft.import_meta_graph(MetaGraphDef(), graph="g")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="input_map must be a mapping, got list"):
        metagraft.import_meta_graph(MetaGraphDef(), input_map=[])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="names, got int"):
        metagraft.import_meta_graph(MetaGraphDef(), input_map={1: 2})  # type: ignore[dict-item]
    with pytest.raises(KeyError, match="no node 'x'"):
        metagraft.import_meta_graph(MetaGraphDef(), graph=tf.Graph())["x:0"]
