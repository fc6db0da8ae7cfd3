"""Questions about the import of MetaGraphs, in the order of the specification.

Each probe takes the module that programs call `tf` and returns what JSON can hold.
Numbers MG-… are the requirements that it asks about.
"""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.graph_probes import failure

Probe = Callable[[ModuleType], Any]


def told(call: Callable[[], Any], *fragments: str) -> list[Any]:
    """Return the class of the error, and which fragments its text has."""
    caught = Caught()
    try:
        call()
    except Exception as error:  # noqa: BLE001 - class and text are the answer
        caught = Caught(error)
    return [failure(caught), *[f for f in fragments if f in caught.text]]


class Caught:
    """An error, to be raised again by whoever calls this; or none."""

    def __init__(self, error: Exception | None = None) -> None:
        """Remember the error."""
        self._error = error
        self.text = str(error)

    def __call__(self) -> None:
        """Raise the error if there is one."""
        if self._error is not None:
            raise self._error


def exported(tf: ModuleType, **options: Any) -> Any:
    """Export an input, a variable, a product, collections of all kinds, a saver."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2], name="x")
        with tf.device("/gpu:0"):
            v = tf.Variable([1.0, 2.0], name="v")
        y = tf.multiply(x, v, name="y")
        for key, value in {
            "train_op": y.op,
            "outputs": y,
            "texts": "hello",
            "ints": 3,
            "floats": 0.1,
        }.items():
            tf.add_to_collection(key, value)
        return tf.train.Saver().export_meta_graph(**options)


def names(tf: ModuleType) -> list[str]:
    """Return the names of the default graph's operations."""
    return [op.name for op in tf.get_default_graph().get_operations()]


def shown(value: Any) -> Any:
    """Return an element of a collection as JSON can hold it."""
    if isinstance(value, bytes):
        return ["bytes", value.decode("latin-1")]
    if isinstance(value, str | int | float):
        return value
    return ["initializer" if hasattr(value, "initializer") else "", value.name]


def collections(tf: ModuleType, graph: Any = None) -> dict[str, Any]:
    """Return all collections of a graph."""
    graph = graph or tf.get_default_graph()
    return {
        key: [shown(value) for value in graph.get_collection(key)]
        for key in graph.get_all_collection_keys()
    }


def saver_names(saver: Any) -> list[str] | None:
    """Return the names in a saver's definition."""
    if saver is None:
        return None
    definition = saver.as_saver_def()
    return [
        definition.filename_tensor_name,
        definition.save_tensor_name,
        definition.restore_op_name,
    ]


# -- signature and reading (MG-120 to MG-127) ------------------------------------------


def arguments(tf: ModuleType) -> Any:
    """MG-120, MG-121: which keywords there are; what may come first."""
    meta = exported(tf)
    load = tf.train.import_meta_graph
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/m.meta"
        exported(tf, filename=path)
        read = [
            saver_names(load(source, import_scope=scope))
            for scope, source in {
                "message": meta,
                "text": path,
                "bytes": path.encode(),
                "path": pathlib.Path(path),
            }.items()
        ]
    return [
        read,
        told(lambda: load(meta, no_such=1), "unexpected keyword argument"),
        told(lambda: load(None)),
        told(lambda: load(meta, True, "p", tf.get_default_graph())),
        told(lambda: load(meta, import_scope="r", return_elements=["zz"])),
        told(lambda: load(meta, import_scope="s", return_elements=["y:0"])),
    ]


def reading(tf: ModuleType) -> Any:
    """MG-122, MG-124: text, nothing, no file, no MetaGraph."""
    load = tf.train.import_meta_graph
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "m.meta"
        exported(tf, filename=str(path), as_text=True)
        found = [saver_names(load(str(path)))]
        path.write_text("graph_def { node { nam } }")
        found.append(told(lambda: load(str(path)), "Cannot parse file"))
        path.write_text("what is this")
        found.append(told(lambda: load(str(path)), "Cannot parse file"))
        found.append(told(lambda: load(folder + "/no"), "File does not exist"))
        found.append(told(lambda: load(folder)))
        path.write_bytes(b"")
        before = names(tf)
        found += [saver_names(load(str(path))), names(tf) == before]
    return found


def other_graph(tf: ModuleType) -> Any:
    """MG-127: the graph given, else the default graph."""
    target = tf.Graph()
    saver = tf.train.import_meta_graph(exported(tf), graph=target)
    return [names(tf), len(target.get_operations()), saver_names(saver)]


# -- the graph (MG-130 to MG-149) ------------------------------------------------------


def prefixes(tf: ModuleType) -> Any:
    """MG-130, MG-131: where the nodes go."""
    nodes = tf.GraphDef()
    nodes.node.add(name="n", op="NoOp")
    for scope in ("a", "a", "a/", "a/", "b/c", "b/c", "A"):
        tf.import_graph_def(nodes, name=scope)
    with tf.name_scope("outer"):
        tf.import_graph_def(nodes, name="in")
        tf.import_graph_def(nodes, name="")
        tf.import_graph_def(nodes)
        tf.import_graph_def(nodes, name="a/")
    return [
        names(tf),
        told(lambda: tf.import_graph_def(nodes, name="_a")),
        told(lambda: tf.import_graph_def(nodes, name="a b")),
    ]


def prefixes_of_meta_graphs(tf: ModuleType) -> Any:
    """MG-130, MG-131: the same for MetaGraphs, with what is resolved by name."""
    found = []
    meta = exported(tf)
    data = meta.SerializeToString()
    for scope in ("s", "s", "t/u", "w/"):
        meta = tf.MetaGraphDef.FromString(data)
        saver = tf.train.import_meta_graph(meta, import_scope=scope)
        found.append([saver_names(saver), tf.get_collection("outputs")[-1].name])
    with tf.name_scope("outer"):
        for scope in ("in", "in"):
            meta = tf.MetaGraphDef.FromString(data)
            saver = tf.train.import_meta_graph(meta, import_scope=scope)
            found.append([saver_names(saver), tf.get_collection("outputs")[-1].name])
    return [found, names(tf), collections(tf)]


def collisions(tf: ModuleType) -> Any:
    """MG-132, MG-133: nodes that have the names of others."""
    nodes = tf.GraphDef()
    nodes.node.add(name="n", op="NoOp")
    nodes.node.add(name="n_1", op="NoOp")
    node = nodes.node.add(name="m", op="NoOp", input=["^n"])
    node.attr["_class"].list.s.append(b"loc:@n")
    tf.no_op(name="M")
    for name in ("", ""):
        tf.import_graph_def(nodes, name=name)
    # TensorFlow makes two nodes `s/n_1` if these are called `n` and `n_1`.
    nodes.node[1].name = "k"
    tf.no_op(name="s/n/")
    for name in ("s", "s"):
        tf.import_graph_def(nodes, name=name)
    return [
        [
            op.name,
            [other.name for other in op.control_inputs],
            [str(group) for group in op.colocation_groups()],
        ]
        for op in tf.get_default_graph().get_operations()
    ]


def names_after_imports(tf: ModuleType) -> Any:
    """MG-191: names of imported nodes are taken, without regard to case."""
    nodes = tf.GraphDef()
    for name in ("a", "b/c", "a_1", "D"):
        nodes.node.add(name=name, op="NoOp")
    tf.import_graph_def(nodes, name="")
    made = [tf.no_op(name=n).name for n in ("a", "A", "b", "b/c", "b/c", "d", "a_1")]
    with tf.name_scope("b") as scope:
        made += [scope, tf.no_op(name="c").name]
    with tf.name_scope("D") as scope:
        made += [scope]
    return made


def functions(tf: ModuleType) -> Any:
    """MG-135, MG-136: functions keep their names and devices."""
    nodes = tf.GraphDef()
    function = nodes.library.function.add()
    function.signature.name = "idle"
    function.node_def.add(name="n", op="NoOp", device="/cpu:3")
    nodes.node.add(name="call", op="idle", device="/cpu:1")
    nodes.versions.producer = 500
    meta = tf.MetaGraphDef(graph_def=nodes)
    for scope in ("a", "b"):
        again = tf.MetaGraphDef.FromString(meta.SerializeToString())
        tf.train.import_meta_graph(again, clear_devices=True, import_scope=scope)
    result = tf.get_default_graph().as_graph_def()
    return [
        [[n.name, n.op, n.device] for n in result.node],
        [
            [f.signature.name, [[n.name, n.device] for n in f.node_def]]
            for f in result.library.function
        ],
        [result.versions.producer, result.versions.min_consumer],
    ]


def devices(tf: ModuleType) -> Any:
    """MG-137: kept as they are, completed by scopes, or malformed."""
    nodes = tf.GraphDef()
    nodes.node.add(name="a", op="NoOp", device="/gpu:7")
    nodes.node.add(name="b", op="NoOp", device="/job:w/task:3/device:TPU:9")
    nodes.node.add(name="c", op="NoOp")
    d = nodes.node.add(name="d", op="NoOp", device="/job:w")
    d.attr["_class"].list.s.append(b"loc:@c")
    tf.import_graph_def(nodes, name="plain")
    with tf.device("/job:x/cpu:0"), tf.device(lambda op: "/task:1"):
        tf.import_graph_def(nodes, name="in")
    found = [[op.name, op.device] for op in tf.get_default_graph().get_operations()]
    for device in ("gpu:0", "/what:3", "/gpu:x", "/cpu:0/cpu:1"):
        bad = tf.GraphDef()
        bad.node.add(name="a", op="NoOp", device=device)
        found.append(told(lambda bad=bad: tf.import_graph_def(bad)))
    return found


def open_scopes(tf: ModuleType) -> Any:
    """MG-137: control dependencies and colocation that are open at the import."""
    nodes = tf.GraphDef()
    nodes.node.add(name="a", op="NoOp")
    nodes.node.add(name="b", op="NoOp", input=["^a"])
    nodes.node.add(name="p", op="Placeholder").attr["dtype"].type = 1
    nodes.node.add(name="n", op="Neg", input=["p"]).attr["T"].type = 1
    first = tf.no_op(name="first")
    with tf.control_dependencies([first]):
        (n,) = tf.import_graph_def(nodes, None, ["n:0"], name="control")
        tf.negative(n, name="later")
    second = tf.placeholder(tf.float32, name="second")
    with tf.control_dependencies([second]), tf.control_dependencies([n]):
        tf.import_graph_def(nodes, {"p": second}, name="mapped")
    with tf.colocate_with(first):
        tf.import_graph_def(nodes, name="with")
    with tf.get_default_graph().container("box"):
        tf.import_graph_def(nodes, name="boxed")
    return [
        [
            op.name,
            sorted(other.name for other in op.control_inputs),
            [str(group) for group in op.colocation_groups()],
        ]
        for op in tf.get_default_graph().get_operations()
    ]


def versions(tf: ModuleType) -> Any:
    """MG-003, MG-005, MG-147: what a graph tells after imports."""
    found = []
    for text in (
        {"producer": 300, "min_consumer": 7},
        {"producer": 200, "bad_consumers": [1, 5]},
        {"producer": 5000, "bad_consumers": [5]},
    ):
        nodes = tf.GraphDef(versions=text)
        nodes.node.add(name="n", op="NoOp")
        tf.import_graph_def(nodes)
        merged = tf.get_default_graph().as_graph_def().versions
        found.append(
            [merged.producer, merged.min_consumer, sorted(merged.bad_consumers)]
        )
    old = tf.GraphDef(version=100)  # entirely ignored, says its documentation
    old.node.add(name="n", op="NoOp")
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(old)
        found.append(graph.as_graph_def().versions.producer)
    return found


def what_stays_after_errors(tf: ModuleType) -> Any:
    """MG-149: errors of structure change nothing."""
    nodes = tf.GraphDef()
    nodes.node.add(name="a", op="NoOp")
    nodes.node.add(name="b", op="NoOp", input=["^gone"])
    found = [told(lambda: tf.import_graph_def(nodes, name=""), "Unknown input node")]
    return [*found, names(tf)]


# -- input maps (MG-150 to MG-158) -----------------------------------------------------


def _pair(tf: ModuleType) -> Any:
    with tf.Graph().as_default() as graph:
        p = tf.placeholder(tf.float32, name="p")
        first, second = tf.split(p, 2, name="halves")
        with tf.control_dependencies([p]):
            tf.add(first, second, name="sum")
        tf.identity(p, name="same")
        return graph.as_graph_def()


def input_maps(tf: ModuleType) -> Any:
    """MG-150, MG-154: every use is redirected."""
    mine = tf.placeholder(tf.float32, [4], name="mine")
    found = []
    for number, key in enumerate(("p", "p:0", b"p", "halves:1", "^p", "same")):
        (total, same) = tf.import_graph_def(
            _pair(tf), {key: mine}, ["sum", "same"], name=f"m{number}"
        )
        found.append(
            [
                [t.name for t in (*total.inputs, *same.inputs)],
                [op.name for op in total.control_inputs],
            ]
        )
    anything = tf.placeholder(tf.float32, name="anything")
    both = {"p": mine, "^p": mine, "halves": anything}
    (total,) = tf.import_graph_def(_pair(tf), both, ["sum"], name="both")
    found.append(
        [[t.name for t in total.inputs], [op.name for op in total.control_inputs]]
    )
    return [found, [n for n in names(tf) if n.startswith("both")]]


def input_maps_of_values(tf: ModuleType) -> Any:
    """MG-151: numbers and arrays become constants in the scope."""
    nodes = tf.GraphDef()
    nodes.node.add(name="p", op="Placeholder").attr["dtype"].type = 1
    nodes.node.add(name="a", op="Neg", input=["p"]).attr["T"].type = 1
    tf.import_graph_def(nodes, {"p": 2.0, "^p": tf.constant(1.0)}, name="s")
    tf.import_graph_def(nodes, {"p": np.zeros(2, np.float32)}, name="s")
    tf.import_graph_def(nodes, {"p": [1.0, 2.0]})
    return [
        [n for n in names(tf) if "_inputs" in n],
        told(
            lambda: tf.import_graph_def(nodes, {"p": 2.0}, name=""),
            "requires a non-empty `name`",
        ),
        told(lambda: tf.import_graph_def(nodes, {"p": 2.0}, name="n/")),
        told(lambda: tf.import_graph_def(nodes, {"p": object()}, name="n")),
        told(lambda: tf.import_graph_def(nodes, {"p": tf.no_op()}, name="n")),
        told(
            lambda: tf.train.import_meta_graph(exported(tf), input_map={"x": [1.0, 2]}),
            "requires a non-empty `name`",
        ),
    ]


def wrong_input_maps(tf: ModuleType) -> Any:
    """MG-152, MG-153, MG-155: keys and values that do not fit."""
    nodes, mine = _pair(tf), tf.placeholder(tf.float32)
    with tf.Graph().as_default():
        other = tf.placeholder(tf.float32)

    def load(input_map: Any) -> Callable[[], Any]:
        return lambda: tf.import_graph_def(nodes, input_map, name="w")

    missing = "Attempted to map inputs that were not found in graph_def"
    number = tf.constant(1, name="number")
    return [
        told(load([("p", mine)]), "must be a dictionary"),
        told(load({3: mine}), "must be strings"),
        told(load({None: mine}), "must be strings"),
        told(load({"p:a": mine}), "should be an int. Got a."),
        told(load({"p:0:1": mine}), "more than 1 `:`"),
        told(load({"q": mine}), missing, "[q:0]"),
        told(load({"p:7": mine}), missing, "p:7"),
        told(load({"^r": mine}), missing, "^r"),
        told(load({"p": number}), "incompatible with expected float"),
        told(load({"p": other})),
        told(load({"": mine})),
        told(load({"halves:9": mine}), missing, "halves:9"),
    ]


def shapes_of_input_maps(tf: ModuleType) -> Any:
    """MG-155: another static shape is accepted, if all that follows fits it."""
    mine = tf.placeholder(tf.float32, [4, 3], name="mine")
    (same, total) = tf.import_graph_def(
        _pair(tf), {"p": mine}, ["same:0", "sum:0"], name="s"
    )
    odd = tf.placeholder(tf.float32, [3, 3], name="odd")
    return [
        same.shape.as_list(),
        total.shape.as_list(),
        told(
            lambda: tf.import_graph_def(_pair(tf), {"p": odd}, name="t"),
            "t/halves",
            "input shapes: [], [3,3]",
        ),
        told(
            lambda: tf.import_graph_def(_pair(tf), {"halves": mine}, name="t"),
        ),
    ]


def _with_unbound_inputs(tf: ModuleType) -> Any:
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, name="x")
        z = tf.placeholder(tf.float32, name="z")
        with tf.name_scope("s"):
            tf.add(x, z, name="sum")
        return tf.train.export_meta_graph(export_scope="s")


def unbound_inputs(tf: ModuleType) -> Any:
    """MG-156, MG-160: what the list demands; it is not made again."""
    data = _with_unbound_inputs(tf).SerializeToString()
    mine = tf.placeholder(tf.float32, name="mine")
    x, z = "$unbound_inputs_x", "$unbound_inputs_z"

    def load(input_map: Any, **options: Any) -> Callable[[], Any]:
        meta = tf.MetaGraphDef.FromString(data)
        return lambda: tf.train.import_meta_graph(
            meta, input_map=input_map, import_scope="t", **options
        )

    must = "Must provide these inputs through input_map"
    unbound = "Graph contains unbound inputs"
    return [
        told(load(None), f"unbound inputs: {x},{z}. {must}"),
        told(load({}), f"unbound inputs: {x},{z}. {must}"),
        told(load({x: mine}), unbound, must),
        told(load({"x": mine, "z": mine}), f"unbound inputs: {x},{z}. {must}"),
        told(load(None, unbound_inputs_col_name="other"), "Unknown input node"),
        told(load({x: mine, z: mine})),
        told(load({x: mine, z: mine}, unbound_inputs_col_name=None)),
        sorted(tf.get_default_graph().get_all_collection_keys()),
        [name[-len(x) :] for name in tf.get_collection("unbound_inputs")],
    ]


GRAPH_PROBES: list[Probe] = [
    arguments,
    reading,
    other_graph,
    prefixes,
    prefixes_of_meta_graphs,
    collisions,
    names_after_imports,
    functions,
    devices,
    open_scopes,
    versions,
    what_stays_after_errors,
    input_maps,
    input_maps_of_values,
    wrong_input_maps,
    shapes_of_input_maps,
    unbound_inputs,
]
