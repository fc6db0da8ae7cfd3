"""MetaGraphs of TensorFlow 0.x to 1.15: what they said stays, what they had is kept."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import UnimplementedError
from metagraft.graph import catalogue
from metagraft.graph.op_spec import spec_for
from metagraft.meta_graph import importer
from metagraft.meta_graph.codecs import get_collection_proto_type
from metagraft.proto import GraphDef, MetaGraphDef, NodeDef
from tests import same_meta_graph
from tests.programs import old_signatures

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "old_graphs"
OUTCOMES: dict[str, dict[str, str]] = json.loads(
    (GOLDEN / "outcomes.json").read_text(encoding="utf-8")
)
GRAPHS, RESULTS = OUTCOMES["graphs"], OUTCOMES["signatures"]
SIGNATURES = dict(old_signatures.signatures())
DIGEST_LENGTH = 10
# What no saver can be made for, because the definition is not in the file (MG-180).
WITHOUT_SAVER = {"boosted_trees", "tables", "tensor_forest"}
# A collection that names what TensorFlow, too, does not find.
UNRESOLVABLE = {"cudnn": "saveable_objects"}
# Those whose ops of contrib all have kernels.
RUNNABLE = ("beam_search", "factorization")
PRODUCER = 134


def graph_of(name: str) -> GraphDef:
    """Return the graph of a row of the recording."""
    signature, _, is_new = name.partition(" ")
    if is_new:
        producer = old_signatures.NEW_PRODUCER
        return old_signatures.graph_of(SIGNATURES[signature], producer)
    return old_signatures.graph_of(SIGNATURES[signature])


def is_accepted(outcome: str) -> bool:
    """Whether TensorFlow accepted a graph: its outcome is a digest."""
    return len(outcome) == DIGEST_LENGTH and set(outcome) <= set("0123456789abcdef")


def digest(node: NodeDef) -> str:
    """Return what the recorder has for a node."""
    content = node.SerializeToString(deterministic=True)
    return hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]


def meta_graph(name: str, folder: Path = GOLDEN) -> MetaGraphDef:
    """Return a recorded MetaGraph."""
    content = (folder / f"{name}.meta.gz").read_bytes()
    return MetaGraphDef.FromString(gzip.decompress(content))


def exported(meta: MetaGraphDef, left_out: str | None = None) -> MetaGraphDef:
    """Import a MetaGraph, but for one collection, and export it again."""
    with tf.Graph().as_default() as graph:
        importer.import_scoped_meta_graph(
            meta, restore_collections_predicate=lambda key: key != left_out
        )
        return tf.train.export_meta_graph(graph=graph)


# -- every signature that ever was -----------------------------------------------------


@pytest.mark.golden
def test_every_signature_is_recorded() -> None:
    """The recording has every signature that any op ever had."""
    assert {name.partition(" ")[0] for name in RESULTS} == set(SIGNATURES)


@pytest.mark.golden
@pytest.mark.parametrize("first", "ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
def test_old_signatures(first: str) -> None:
    """MG-144, MG-146: what TensorFlow accepts comes out as from TensorFlow.

    Attributes that were added since are filled in; those that went stay.
    """
    wrong = {}
    for name, outcome in RESULTS.items():
        if name[0] != first or not is_accepted(outcome):
            continue
        with tf.Graph().as_default() as graph:
            try:
                tf.import_graph_def(graph_of(name), name="")
                node = graph.get_operation_by_name(old_signatures.NODE).node_def
            except Exception as error:  # noqa: BLE001 - shown below
                wrong[name] = repr(error)[:200]
                continue
        if digest(node) != outcome:
            wrong[name] = str(node)[:1000]
    assert not wrong


@pytest.mark.golden
def test_removed_ops() -> None:
    """MG-148: an op is refused in graphs that are newer than its removal, and named."""
    refused = [
        name for name, outcome in RESULTS.items() if outcome == "UnimplementedError"
    ]
    assert len(refused) > 50
    for name in refused:
        assert name.endswith(" new")
        op_type = name.partition(" ")[0].partition("#")[0]
        with (
            tf.Graph().as_default(),
            pytest.raises(UnimplementedError, match=f"^Op {op_type} is not available"),
        ):
            tf.import_graph_def(graph_of(name), name="")


@pytest.mark.golden
def test_ops_that_tensorflow_no_longer_knows() -> None:
    """MG-142: they are kept as they are, with the signature that they had."""
    gone = [name for name, outcome in RESULTS.items() if outcome == "NotFoundError"]
    assert len(gone) > 100
    for name in gone:
        source = graph_of(name)
        meta = exported(MetaGraphDef(graph_def=source))
        found = [node for node in meta.graph_def.node if node.name == "old"]
        for node in found:
            node.attr.pop("_output_shapes", None)
        assert found == [node for node in source.node if node.name == "old"], name
        definition = catalogue.get(name.partition("#")[0])
        assert definition is not None
        assert not definition.origin.startswith("tf-")


# -- graphs that TensorFlow 1.15 wrote -------------------------------------------------


@pytest.mark.golden
@pytest.mark.parametrize("name", [n for n, outcome in GRAPHS.items() if not outcome])
def test_same_as_tensorflow_today(name: str) -> None:
    """MG-005, MG-031, MG-144: import and export give what TensorFlow 2.21 gives."""
    found, wanted = exported(meta_graph(name)), meta_graph(name, GOLDEN / "again")
    for meta in (found, wanted):  # TensorFlow's order is that of a hash table
        functions = sorted(meta.graph_def.library.function, key=_name_of)
        del meta.graph_def.library.function[:]
        meta.graph_def.library.function.extend(functions)
    assert same_meta_graph.differences(wanted, found) == ""


def _elements(meta: MetaGraphDef, key: str) -> list[object]:
    """Return a collection's elements; messages parsed, since maps have no order."""
    definition = meta.collection_def[key]
    proto_type = get_collection_proto_type(key)
    if proto_type is None or definition.WhichOneof("kind") != "bytes_list":
        return [definition]
    return [proto_type.FromString(value) for value in definition.bytes_list.value]


def _name_of(function: object) -> str:
    name: str = function.signature.name  # type: ignore[attr-defined] # a FunctionDef
    return name


@pytest.mark.golden
@pytest.mark.parametrize("name", GRAPHS)
def test_nothing_is_lost(name: str) -> None:
    """MG-005, MG-142, MG-144: every node, input, attribute and collection is there.

    That holds for contrib ops too. Only attributes and full types that are new since
    are added, nodes come after their inputs, and shapes are what today's functions
    infer.
    """
    source = meta_graph(name)
    found = exported(source, UNRESOLVABLE.get(name))
    assert found.graph_def.versions.producer == PRODUCER
    nodes = {node.name: node for node in source.graph_def.node}
    for after in found.graph_def.node:
        before = nodes.pop(after.name)
        definition = catalogue.get(before.op)
        for node in (before, after):
            node.attr.pop("_output_shapes", None)
        if not before.HasField("experimental_type"):
            after.ClearField("experimental_type")
        for attr in set(after.attr) - set(before.attr):
            assert definition is not None
            declared = definition.attr(attr)
            assert declared is not None
            assert after.attr[attr] == declared.default
            del after.attr[attr]
        assert sorted(after.input) == sorted(before.input)
        after.input[:] = before.input
        if "_class" in before.attr:  # it is placed where its companion is
            after.device = before.device
        assert after == before
    assert not nodes
    functions = {f.signature.name: f for f in source.graph_def.library.function}
    for function in found.graph_def.library.function:
        assert function.signature == functions.pop(function.signature.name).signature
    assert not functions
    kept = set(source.collection_def) - {UNRESOLVABLE.get(name)}
    assert set(found.collection_def) == kept
    for key in kept:
        assert _elements(found, key) == _elements(source, key), key


@pytest.mark.golden
@pytest.mark.parametrize("name", GRAPHS)
def test_saver_of_an_old_file(name: str) -> None:
    """MG-165, MG-176, MG-180: a saver, or the error that TensorFlow gives."""
    source = meta_graph(name)
    with tf.Graph().as_default() as graph:
        if name in UNRESOLVABLE:
            assert GRAPHS[name] == "KeyError"
            with pytest.raises(KeyError, match=UNRESOLVABLE[name]):
                tf.train.import_meta_graph(source)
        elif name in WITHOUT_SAVER:
            assert GRAPHS[name] in ("TypeError", "NotFoundError")
            with pytest.raises(TypeError):
                tf.train.import_meta_graph(source)
        else:
            saver = tf.train.import_meta_graph(source)
            assert (saver is None) == (not source.HasField("saver_def"))
            return
        assert not graph.get_operations()


@pytest.mark.golden
@pytest.mark.parametrize(
    "name",
    [n for n, o in GRAPHS.items() if o == "NotFoundError" and n not in RUNNABLE],
)
def test_contrib_fails_when_run(name: str) -> None:
    """MG-142: only a run needs kernels, and says for all ops at once which it lacks."""
    with tf.Graph().as_default() as graph:
        importer.import_scoped_meta_graph(meta_graph(name))
        contrib = [op for op in graph.get_operations() if _is_unknown(op.type)]
        assert contrib
        with (
            tf.Session() as session,
            pytest.raises(UnimplementedError, match="Nothing was run") as caught,
        ):
            session.run(contrib)
    for op in contrib:
        assert op.type in str(caught.value)


@pytest.mark.golden
@pytest.mark.parametrize("name", RUNNABLE)
def test_contrib_that_runs_is_not_reported(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """MG-142: an op of contrib that has a kernel here is no unknown op."""
    assert GRAPHS[name] == "NotFoundError"
    with tf.Graph().as_default() as graph:
        importer.import_scoped_meta_graph(meta_graph(name))
        contrib = {op.type for op in graph.get_operations() if _is_contrib(op.type)}
    assert contrib
    assert not any(map(_is_unknown, contrib))
    assert "not registered" not in caplog.text


def _is_unknown(op_type: str) -> bool:
    return _is_contrib(op_type) and spec_for(op_type) is None


def _is_contrib(op_type: str) -> bool:
    definition = catalogue.get(op_type)
    return definition is not None and bool(definition.contrib_module)
