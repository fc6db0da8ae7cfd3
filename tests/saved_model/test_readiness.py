"""`metagraft.check`: what of a model can run, by graphs made by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import metagraft
from metagraft.errors import InvalidArgumentError, NotFoundError
from metagraft.proto import GraphDef, MetaGraphDef, SavedModel
from metagraft.proto.text import format_text, parse_text

GOLDEN = Path(__file__).resolve().parents[1] / "golden"

# `Zebra` is no op of anybody; it doubles its first input.
GRAPH = """
node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }
node { name: "n" op: "Const"
       attr { key: "dtype" value { type: DT_INT32 } }
       attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape {} } } } }
node { name: "z" op: "Zebra" input: "x" input: "n" input: "^n"
       attr { key: "T" value { type: DT_FLOAT } }
       attr { key: "stripes" value { i: 3 } }
       attr { key: "names" value { list { s: "a" } } }
       attr { key: "_class" value { list { s: "loc:@x" } } } }
node { name: "r" op: "Relu" input: "z:1" attr { key: "T" value { type: DT_FLOAT } } }
node { name: "y" op: "Neg" input: "r" attr { key: "T" value { type: DT_FLOAT } } }
node { name: "plain" op: "Neg" input: "x" attr { key: "T" value { type: DT_FLOAT } } }
node { name: "read" op: "ReadFile" input: "n" }
"""


def _graph_def(text: str = GRAPH) -> GraphDef:
    return parse_text(text, GraphDef)


def _saved(folder: Path, graph_def: GraphDef, name: str = "graph.pb") -> Path:
    path = folder / name
    path.write_bytes(graph_def.SerializeToString())
    return path


def test_ops_without_kernel(tmp_path: Path) -> None:
    """Each is reported with its nodes, the outputs that need it, and its signature."""
    report = metagraft.check(_saved(tmp_path, _graph_def()))
    assert not report.ready
    assert report.kind == "GraphDef"
    assert report.missing == ("Zebra",)
    (graph,) = report.graphs
    assert graph.outputs == ("y", "plain", "read")
    assert graph.stopped_outputs == ("y",)
    (zebra,) = graph.missing
    assert zebra.nodes == ("z",)
    assert zebra.needed_by == ("y",)
    assert zebra.origin.startswith("custom")
    # `x` and `Relu` are of float, as T says; nothing tells of the first output, and
    # there is but one type that it could have.
    assert zebra.signature == (
        "Zebra(input_0: T, input_1: int32, *, T: type, names: list(string), "
        "stripes: int) -> (output_0: T, output_1: T)"
    )
    assert zebra.signature_source == "nodes"


def test_report_in_words(tmp_path: Path) -> None:
    """`str` and `repr` tell all of it."""
    report = metagraft.check(_saved(tmp_path, _graph_def()))
    assert repr(report) == str(report)
    assert "7 nodes of 6 op types" in str(report)
    assert "Not ready: 1 op type has no kernel; 1 of 3 outputs" in str(report)
    assert "Zebra: 1 node: 'z'" in str(report)
    assert "ReadFile reads files: 1 node: 'read'" in str(report)


def test_all_nodes_are_named_on_request(tmp_path: Path) -> None:
    """The first nodes stand for all unless all are wanted."""
    graph_def = _graph_def()
    for i in range(9):
        graph_def.node.add(name=f"more_{i}", op="Zebra", input=["x"])
    report = metagraft.check(_saved(tmp_path, graph_def))
    assert "10 nodes: 'z', 'more_0', 'more_1' and 7 more" in str(report)
    assert "'more_8'" in "\n".join(report.lines(all_names=True))


def test_chosen_outputs(tmp_path: Path) -> None:
    """What the outputs do not need is no obstacle, nor what is behind a feed."""
    path = _saved(tmp_path, _graph_def())
    assert metagraft.check(path, outputs=["plain:0"]).ready
    assert not metagraft.check(path, outputs=["y"]).ready
    assert metagraft.check(path, outputs=["y"], feeds=["z:1"]).ready
    assert not metagraft.check(path, outputs=["y"], feeds=["z:0"]).ready
    with pytest.raises(InvalidArgumentError, match="the graph has no 'why'"):
        metagraft.check(path, outputs=["why"])


def test_signatures_say_what_is_computed(tmp_path: Path) -> None:
    """Their inputs are fed, also where these are not placeholders."""
    model = SavedModel(saved_model_schema_version=1)
    meta_graph_def = model.meta_graphs.add()
    meta_graph_def.meta_info_def.tags.append("serve")
    meta_graph_def.graph_def.CopyFrom(_graph_def())
    signatures = meta_graph_def.signature_def
    signatures["inside"].inputs["zebra"].name = "z:1"
    signatures["inside"].outputs["y"].name = "y:0"
    (tmp_path / "saved_model.pb").write_bytes(model.SerializeToString())
    for path in (tmp_path, tmp_path / "saved_model.pb"):
        report = metagraft.check(path)
        assert report.kind == "SavedModel"
        assert report.graphs[0].outputs == ("inside/y",)
        assert report.graphs[0].missing[0].needed_by == ()
        assert report.ready
    signatures["whole"].outputs["sparse"].coo_sparse.values_tensor_name = "y:0"
    meta_graph_def.collection_def["saved_model_main_op"].node_list.value.append("r")
    (tmp_path / "saved_model.pb").write_bytes(model.SerializeToString())
    (graph,) = metagraft.check(tmp_path).graphs
    assert graph.tags == ("serve",)
    assert graph.stopped_outputs == ("whole/sparse", "loading")


def test_functions(tmp_path: Path) -> None:
    """What a function needs, or one that it calls, its caller needs."""
    graph_def = _graph_def(
        """
        node { name: "x" op: "Placeholder"
               attr { key: "dtype" value { type: DT_FLOAT } } }
        node { name: "call" op: "PartitionedCall" input: "x"
               attr { key: "f" value { func { name: "outer" } } }
               attr { key: "Tin" value { list { type: DT_FLOAT } } }
               attr { key: "Tout" value { list { type: DT_FLOAT } } } }
        node { name: "direct" op: "inner" input: "x" }
        node { name: "other" op: "Neg" input: "x"
               attr { key: "T" value { type: DT_FLOAT } } }
        library {
          function { signature { name: "outer" } node_def { name: "c" op: "inner" } }
          function { signature { name: "inner" } node_def { name: "z" op: "Zebra" } }
        }
        """
    )
    (graph,) = metagraft.check(_saved(tmp_path, graph_def)).graphs
    (zebra,) = graph.missing
    assert zebra.nodes == ("inner/z",)
    assert zebra.needed_by == ("call", "direct")


def test_loops(tmp_path: Path) -> None:
    """A loop needs what is in its body."""
    graph_def = GraphDef()
    for name, op, inputs in (
        ("enter", "Enter", ["x"]),
        ("merge", "Merge", ["enter", "next"]),
        ("switch", "Switch", ["merge", "p"]),
        ("z", "Zebra", ["switch:1"]),
        ("next", "NextIteration", ["z"]),
        ("exit", "Exit", ["switch"]),
    ):
        graph_def.node.add(name=name, op=op, input=inputs)
    report = metagraft.check(_saved(tmp_path, graph_def))
    assert report.graphs[0].missing[0].needed_by == ("exit",)


def test_signature_in_the_file(tmp_path: Path) -> None:
    """The file's own list of ops is better than a guess, the catalogue than both."""
    meta_graph_def = MetaGraphDef()
    info = meta_graph_def.meta_info_def
    info.tensorflow_version = "1.4.0"
    zebra = info.stripped_op_list.op.add(name="Zebra")
    zebra.input_arg.add(name="horse", type_attr="T")
    meta_graph_def.graph_def.CopyFrom(_graph_def())
    path = tmp_path / "model-7.meta"
    path.write_text(format_text(meta_graph_def))
    for given in (path, tmp_path / "model-7", tmp_path / "model-7.index", tmp_path):
        report = metagraft.check(given)
        (found,) = report.graphs[0].missing
        assert report.graphs[0].producer == "1.4.0"
        assert found.signature == "Zebra(horse: T) -> ()"
        assert found.signature_source == "file"


@pytest.mark.parametrize(
    ("producer", "origin"),
    [
        ("1.15.5", "custom, or of tf.contrib: TensorFlow's core does not have it"),
        ("2.4.0", "custom: TensorFlow does not have it"),
        ("3.1.0", "custom, or new in TensorFlow after 2.21.0"),
        ("0.12.head", "custom, or of tf.contrib: TensorFlow's core does not have it"),
        ("", "custom, or of tf.contrib: TensorFlow's core does not have it"),
    ],
)
def test_origin(tmp_path: Path, producer: str, origin: str) -> None:
    """Where an op is from depends on the release that wrote the file."""
    meta_graph_def = MetaGraphDef()
    meta_graph_def.meta_info_def.tensorflow_version = producer
    meta_graph_def.graph_def.CopyFrom(_graph_def())
    path = tmp_path / "g.meta"
    path.write_bytes(meta_graph_def.SerializeToString())
    assert metagraft.check(path).graphs[0].missing[0].origin == origin


def test_origin_of_known_ops(tmp_path: Path) -> None:
    """The catalogue knows contrib's modules, and libraries put their name first."""
    graph_def = GraphDef()
    for op in ("TreePredictionsV4", "KafkaDataset", "Addons>Gelu", "InfeedDequeue"):
        graph_def.node.add(name=op.replace(">", "_"), op=op)
    (graph,) = metagraft.check(_saved(tmp_path, graph_def)).graphs
    origins = {op.op_type: op.origin for op in graph.missing}
    assert origins["KafkaDataset"] == "tf.contrib.kafka of TensorFlow 1"
    assert origins["Addons>Gelu"] == "custom, of the library 'Addons'"
    assert origins["InfeedDequeue"].startswith("TensorFlow 2.21.0")


def test_nodes_that_cannot_be_imported(tmp_path: Path) -> None:
    """Types and strings that an op does not take, and attributes that are missing."""
    graph_def = _graph_def(
        """
        node { name: "t" op: "Relu" attr { key: "T" value { type: DT_STRING } } }
        node { name: "s" op: "MaxPool"
               attr { key: "ksize" value { list { i: 1 } } }
               attr { key: "strides" value { list { i: 1 } } }
               attr { key: "padding" value { s: "HALF" } } }
        node { name: "m" op: "Relu" }
        node { name: "fine" op: "Relu" attr { key: "T" value { type: DT_HALF } } }
        library { function { signature { name: "f" }
            node_def { name: "a" op: "Relu"
                       attr { key: "T" value { placeholder: "U" } } }
            node_def { name: "b" op: "Relu"
                       attr { key: "T" value { type: DT_BOOL } } } } }
        """
    )
    report = metagraft.check(_saved(tmp_path, graph_def))
    assert not report.ready
    assert [(r.node, r.reason) for r in report.graphs[0].refusals] == [
        ("t", "attribute 'T' is string, which the op does not take"),
        ("s", "attribute 'padding' is 'HALF', which the op does not take"),
        ("m", "attribute 'T' is missing"),
        ("f/b", "attribute 'T' is bool, which the op does not take"),
    ]
    assert "4 nodes cannot be imported" in str(report)


def test_older_signatures_count(tmp_path: Path) -> None:
    """What an old release wrote and import takes is not refused."""
    graph_def = _graph_def(
        """
        node { name: "s" op: "ScatterNd"
               attr { key: "T" value { type: DT_FLOAT } }
               attr { key: "Tindices" value { type: DT_INT32 } } }
        """
    )
    assert not metagraft.check(_saved(tmp_path, graph_def)).graphs[0].refusals


def test_damaged_graphs_are_looked_at(tmp_path: Path) -> None:
    """Two nodes of one name, and edges from outputs that no node can have."""
    graph_def = GraphDef()
    graph_def.node.add(name="a", op="Zebra", input=["a:99999999999", "a:1", "gone:x"])
    graph_def.node.add(name="a", op="Horse", input=["a:" + "9" * 5000, "^a"])
    (graph,) = metagraft.check(_saved(tmp_path, graph_def)).graphs
    assert [op.op_type for op in graph.missing] == ["Horse", "Zebra"]
    assert graph.missing[1].signature == (
        "Zebra(input_0: ?, input_1: ?, input_2: ?) -> (output_0: ?, output_1: ?)"
    )


def test_names_cannot_steer_a_terminal(tmp_path: Path) -> None:
    """Names are anybody's; what is not printable is spelt out."""
    graph_def = GraphDef()
    graph_def.node.add(name="a\x1b[2Jb", op="Ze\nbra")
    text = str(metagraft.check(_saved(tmp_path, graph_def)))
    assert "\x1b" not in text
    assert "Ze\\nbra: 1 node: 'a\\x1b[2Jb'" in text


def test_what_tensorflow_wrote_is_read() -> None:
    """MetaGraphs and SavedModels, and every graph in the latter."""
    report = metagraft.check(GOLDEN / "tensorflow_1_15" / "convnet" / "model.meta")
    assert report.ready
    assert report.graphs[0].producer == "1.15.5"
    report = metagraft.check(GOLDEN / "saved_models" / "two_graphs")
    assert [graph.tags for graph in report.graphs] == [("train", "cpu"), ("serve",)]
    assert report.ready


def test_a_saved_model_under_another_name(tmp_path: Path) -> None:
    """Names of files say nothing, and some say what is not so."""
    graph_def = _graph_def()
    path = _saved(tmp_path, graph_def, "saved_model.pb")
    assert metagraft.check(path).kind == "GraphDef"
    model = SavedModel(saved_model_schema_version=1)
    model.meta_graphs.add().graph_def.CopyFrom(graph_def)
    path = tmp_path / "model.pb"
    path.write_bytes(model.SerializeToString())
    assert metagraft.check(path).kind == "SavedModel"


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """Errors say what was looked for."""
    with pytest.raises(NotFoundError, match=r"no file .*gone, and no .*gone\.meta"):
        metagraft.check(tmp_path / "gone")
    with pytest.raises(NotFoundError, match="no SavedModel, no checkpoint"):
        metagraft.check(tmp_path)
    _saved(tmp_path, _graph_def(), "a.pb")
    assert metagraft.check(tmp_path).path.endswith("a.pb")
    _saved(tmp_path, _graph_def(), "b.pb")
    with pytest.raises(NotFoundError, match=r"2 files of graphs; name one: a.pb, b.pb"):
        metagraft.check(tmp_path)
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(OSError, match="it has no nodes"):
        metagraft.check(tmp_path / "empty")
    (tmp_path / "noise").write_bytes(bytes(range(256)))
    with pytest.raises(OSError, match="Cannot parse file"):
        metagraft.check(tmp_path / "noise")


def test_nothing_heavy_is_loaded(tmp_path: Path) -> None:
    """A report takes neither JAX nor NumPy nor the library of tables."""
    path = _saved(tmp_path, _graph_def())
    program = (
        f"import sys, metagraft\nmetagraft.check({str(path)!r})\n"
        "print(*{m.split('.')[0] for m in sys.modules})"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert {"jax", "numpy", "rich"}.isdisjoint(found.stdout.split())
