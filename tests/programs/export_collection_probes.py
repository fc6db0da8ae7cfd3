"""Questions about the collections and files of exported MetaGraphs.

The other questions about exports, and what these share, are in `export_probes`.
"""

from __future__ import annotations

import importlib
import pathlib
import tempfile
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.export_probes import (
    Probe,
    collections,
    fields,
    functions,
    model,
    node_names,
    node_names_of,
    with_functions,
)
from tests.programs.graph_probes import failure

# -- collections --


def collection_keys(tf: ModuleType) -> Any:
    """MG-080, MG-081, MG-082: which keys, in which order."""
    for key in ("b", "a", ("t", 1), b"bytes", "c"):
        tf.add_to_collection(key, 1)
    tf.get_collection_ref("empty")
    found = [collections(tf.train.export_meta_graph())]
    for chosen in (
        [],
        ["c", "nothing"],
        [b"a"],
        [b"bytes", "a"],
        [("t", 1)],
        ["empty"],
    ):
        exported = tf.train.export_meta_graph(collection_list=chosen)
        found.append(collections(exported))
    return found


def collection_kinds(tf: ModuleType) -> Any:
    """MG-084, MG-085, MG-086, MG-087, MG-088, MG-089: the first element decides."""
    from google.protobuf.any_pb2 import Any as AnyMessage

    packed = AnyMessage(type_url="type.googleapis.com/own", value=b"\1")
    c = tf.constant(1.0, name="c")
    for key, values in {
        "texts": ["a", b"\xff", "né", "a"],
        "bytes": [b"a", "b"],
        "text_first": ["a", 1],
        "bytes_first": [b"a", c],
        "ints": [3, -1, 2**63 - 1, -(2**63)],
        "int_overflow": [2**63],
        "int_then_float": [1, 1.5],
        "int_then_whole": [1, 2.0],
        "int_then_bool": [1, True],
        "int_then_numpy": [1, np.int64(2)],
        "int_then_text": [1, "a"],
        "floats": [1.5, 2, float("inf")],
        "nan": [float("nan"), float("-inf")],
        "precision": [0.1, 1e-50],
        "float_overflow": [1e300],
        "float_then_bool": [1.5, True],
        "float_then_numpy": [1.5, np.float32(2.5), np.float64(0.1), np.int32(3)],
        "float_then_text": [1.5, "a"],
        "numpy_double": [np.float64(0.1)],
        "numpy_float": [np.float32(0.1)],
        "numpy_int": [np.int64(1)],
        "numpy_bool": [np.True_],
        "numpy_text": [np.str_("a")],
        "numpy_bytes": [np.bytes_(b"a")],
        "bool": [True, False],
        "bool_then_int": [False, 2],
        "any": [packed, packed],
        "any_then_int": [packed, 1],
        "none": [None],
        "tuple": [(c, c)],
        "list": [[1, 2]],
        "dict": [{"a": 1}],
        "array": [np.zeros(2)],
        "call": [len],
        "tensor_then_text": [c, "a"],
        "sparse": [tf.SparseTensor([[0]], [1.0], [1])],
        "shape": [tf.TensorShape([1])],
    }.items():
        for value in values:
            tf.add_to_collection(key, value)
    return collections(tf.train.export_meta_graph())


def collection_nodes(tf: ModuleType) -> Any:
    """MG-090, MG-093: tensors, operations, variables, things made of tensors."""
    c = tf.constant([1.0, 2.0], name="c")
    slices = tf.IndexedSlices(c, tf.constant([0, 1], name="i"))
    cut = tf.get_variable(
        "cut",
        shape=[4],
        initializer=tf.ones_initializer(),
        partitioner=lambda shape, dtype: [2],
    )
    plain = tf.Variable(1.0, name="plain")
    resource = tf.get_variable("resource", initializer=1.0, use_resource=True)
    for key, value in {
        "tensor": c,
        "operation": c.op,
        "slices": slices,
        "partitioned": cut,
        "plain": plain,
        "resource": resource,
    }.items():
        tf.add_to_collection(key, value)
    before = collections(tf.train.export_meta_graph())
    count = len(node_names_of(tf))
    tf.train.Saver()
    exported = tf.train.export_meta_graph()
    added = [name for name in node_names(exported)[count:] if name.startswith("cut")]
    return [
        {key: value for key, value in found.items() if value[0] == "node_list"}
        for found in (before, collections(exported))
    ] + [added]


def collections_of_scopes(tf: ModuleType) -> Any:
    """MG-044, MG-092: elements are chosen by name, strings by their text."""
    inside, outside = tf.no_op(name="s/a"), tf.no_op(name="b")
    alike = tf.no_op(name="s2/c")

    class Named:
        name = "s/b"

    for key, values in {
        "mixed": [inside, outside, alike],
        "outside": [outside],
        "texts": ["s/text", "s", "text", "s2"],
        "bytes": [b"text", b"s/text"],
        "ints": [1, 2],
        "nameless": [(1, 2)],
        "variables_like": [Named()],
        "unbound": ["$unbound_inputs_x", "x"],
    }.items():
        for value in values:
            tf.add_to_collection(key, value)
    del values
    return [
        {
            key: value
            for key, value in collections(
                tf.train.export_meta_graph(export_scope=scope)
            ).items()
            if key != "variables_like"
        }
        for scope in ("s", "s/", "nowhere")
    ]


def registered_classes(tf: ModuleType) -> Any:
    """MG-083: elements of a class with messages of its own, in and out of a scope."""
    theirs = tf.__name__.startswith("tensorflow")
    registry = importlib.import_module(
        "tensorflow.python.framework.ops" if theirs else "metagraft.meta_graph"
    )
    register = registry.register_proto_function

    class Own:
        def __init__(self, name: str) -> None:
            self.name = name

        def to_proto(self, export_scope: str | None = None) -> Any:
            if self.name.endswith("none"):
                return None
            if self.name.endswith("wrong"):
                return tf.GraphDef()
            message = tf.train.ClusterDef()
            message.job.add(name=f"{self.name} in {export_scope}")
            return message

        @staticmethod
        def from_proto(message: Any, import_scope: str | None = None) -> Own:
            return Own(f"{message.job[0].name} to {import_scope}")

    if registry.get_to_proto_function("probe_own") is None:
        register("probe_own", tf.train.ClusterDef, Own.to_proto, Own.from_proto)
    again = failure(lambda: register("probe_own", tf.train.ClusterDef))
    no_function = failure(lambda: register("probe_none", to_proto=3))
    found: list[Any] = [again, no_function]
    for names in (["s/a", "b", "s/none"], ["s/wrong", "s/a"]):
        with tf.Graph().as_default():
            for name in names:
                tf.add_to_collection("probe_own", Own(name))
            for scope in (None, "s"):
                exported = tf.train.export_meta_graph(export_scope=scope)
                stored = exported.collection_def["probe_own"].bytes_list.value
                found.append(
                    [tf.train.ClusterDef.FromString(v).job[0].name for v in stored]
                )
            with tf.Graph().as_default():
                tf.train.import_meta_graph(exported, import_scope="t")
                found.append([own.name for own in tf.get_collection("probe_own")])
    return found


def one_collection(tf: ModuleType) -> Any:
    """MG-080, MG-092: `add_collection_def` itself."""
    add = functions(tf).add_collection_def
    with tf.name_scope("s"):
        c = tf.constant(1.0, name="c")
        d = tf.constant(1.0, name="d")
    tf.add_to_collection("nodes", c)
    tf.add_to_collection("nodes", d)
    tf.add_to_collection("nodes", tf.constant(1.0, name="e"))
    found = []
    for options in (
        {},
        {"graph": tf.get_default_graph()},
        {"graph": tf.Graph()},
        {"export_scope": "s"},
        {"exclude_nodes": ["s/c", "s/c:0"]},
        {"override_contents": [d]},
        {"override_contents": []},
    ):
        exported = tf.MetaGraphDef()
        add(exported, "nodes", **options)
        found.append(collections(exported))
    found.append(failure(lambda: add(tf.MetaGraphDef(), "nodes", graph="text")))
    return found


# -- variables --


def scoped_variables(tf: ModuleType) -> Any:
    """MG-049, MG-096: the variables that a scoped export returns and stores."""
    for name in ("s/a", "s/b/c", "s2/d", "t/e"):
        tf.Variable(1.0, name=name)
    tf.get_variable("s/r", initializer=1.0, use_resource=True)
    found = []
    for scope in (None, "s", "s/", "s/b", "nowhere"):
        exported, variables = functions(tf).export_scoped_meta_graph(export_scope=scope)
        stored = [
            _variable(tf, value)
            for value in exported.collection_def["variables"].bytes_list.value
        ]
        found.append([{k: v.name for k, v in sorted(variables.items())}, stored])
    return found


def _variable(tf: ModuleType, value: bytes) -> list[Any]:
    stored = importlib.import_module(
        "tensorflow.core.framework.variable_pb2"
        if tf.__name__.startswith("tensorflow")
        else "metagraft.proto"
    ).VariableDef.FromString(value)
    return [
        stored.variable_name,
        stored.initializer_name,
        stored.snapshot_name,
        stored.initial_value_name,
        stored.is_resource,
        stored.trainable,
        stored.synchronization,
        stored.aggregation,
        stored.save_slice_info_def.full_name,
    ]


def variable_definitions(tf: ModuleType) -> Any:
    """MG-094, MG-095: what is stored of variables of both kinds."""
    tf.Variable(1.0, name="plain", trainable=False)
    tf.get_variable("resource", initializer=1.0, use_resource=True)
    tf.get_variable(
        "cached",
        initializer=1.0,
        use_resource=True,
        caching_device="/cpu:0",
    )
    tf.get_variable(
        "synchronized",
        initializer=1.0,
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.SUM,
    )
    tf.get_variable("zeros", shape=[2], initializer=tf.zeros_initializer())
    tf.get_variable(
        "cut",
        shape=[4],
        initializer=tf.ones_initializer(),
        partitioner=lambda shape, dtype: [2],
    )
    exported = tf.train.export_meta_graph()
    return {
        key: [
            _variable(tf, value)
            for value in exported.collection_def[key].bytes_list.value
        ]
        for key in ("variables", "trainable_variables")
    }


# -- control flow --


def contexts(tf: ModuleType) -> Any:
    """MG-097, MG-098, MG-100: outermost contexts are elements; functions have none."""
    x = tf.placeholder(tf.float32, [], name="x")
    limit = tf.constant(7, name="limit")

    def body(i: Any) -> Any:
        return i + tf.cond(x > 0.0, lambda: 1, lambda: 2)

    tf.while_loop(
        lambda i: i < limit, body, [0], maximum_iterations=5, back_prop=False, name="w"
    )
    tf.cond(x > 1.0, lambda: x * 2.0, lambda: x, name="c")
    found = sorted(collections(tf.train.export_meta_graph()))
    messages = importlib.import_module(
        "tensorflow.core.protobuf.control_flow_pb2"
        if tf.__name__.startswith("tensorflow")
        else "metagraft.proto"
    )
    exported = tf.train.export_meta_graph()
    for key, kind in (
        ("while_context", "WhileContextDef"),
        ("cond_context", "CondContextDef"),
    ):
        for value in exported.collection_def[key].bytes_list.value:
            context = getattr(messages, kind).FromString(value)
            found.append(_context(context))
    with tf.Graph().as_default():
        with_functions(tf)
        found.append(sorted(collections(tf.train.export_meta_graph())))
    return found


def _context(context: Any) -> Any:
    values = context.values_def
    nested = [
        _context(getattr(inner, inner.WhichOneof("ctxt")))
        for inner in context.nested_contexts
    ]
    return [
        fields(context),
        context.context_name,
        sorted(values.values),
        dict(sorted(values.external_values.items())),
        nested,
    ]


# -- files --


def files(tf: ModuleType) -> Any:
    """MG-105, MG-108, MG-109: folders, names, text and binary."""
    model(tf)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, options in {
            "a/b/c/m.meta": {},
            "text.pb": {"as_text": True},
            "q.w.meta": {"save_debug_info": True},
            "plain": {"save_debug_info": True},
            "d.o.t/m": {"save_debug_info": True, "as_text": True},
            ".hidden": {"save_debug_info": True},
            "dot.": {"save_debug_info": True},
        }.items():
            tf.train.export_meta_graph(f"{folder}/{name}", **options)
            inside = pathlib.Path(folder)
            found.append(
                {
                    path.relative_to(inside).as_posix(): _is_text(path)
                    for path in sorted(inside.rglob("*"))
                    if path.is_file()
                }
            )
            for path in sorted(inside.rglob("*")):
                if path.is_file():
                    path.unlink()
    return found


def _is_text(path: pathlib.Path) -> bool:
    return path.read_bytes().isascii() and b" {\n" in path.read_bytes()


def text_format(tf: ModuleType) -> Any:
    """MG-108: the text itself."""
    nodes = tf.GraphDef()
    node = nodes.node.add(name="n", op="Const", input=["a", "^b"])
    node.attr["z"].f = 0.1
    node.attr["a"].s = b"\xff\x00\n\"'\\ text"
    node.attr["m"].list.i.extend([1, -1])
    node.attr["t"].tensor.float_val.extend([1.0, 1e-20, float("inf"), 3.0000001])
    node.attr["t"].tensor.double_val.extend([0.1, 1e300])
    node.attr["shape"].shape.dim.add(size=-1)
    node.attr["type"].type = 1
    node.attr["f"].func.name = "né"
    exported = tf.MetaGraphDef(graph_def=nodes)
    exported.collection_def["b"].int64_list.value.extend([1, 2])
    exported.collection_def["a"].bytes_list.value.extend([b"x", b"\0y"])
    with tempfile.TemporaryDirectory() as folder:
        path = tf.train.write_graph(exported, folder, "m.txt")
        text = pathlib.Path(path).read_text("utf-8")
        graph = tf.io.write_graph(nodes, f"{folder}/new/", "g.pb", as_text=False)
        binary = pathlib.Path(graph).read_bytes()
        names = [path.removeprefix(folder), graph.removeprefix(folder)]
        tf.no_op(name="n")
        whole = tf.train.write_graph(tf.get_default_graph(), folder, "h.txt")
        return [names, text, binary.hex(), pathlib.Path(whole).read_text("utf-8")]


def debug_information(tf: ModuleType) -> Any:
    """MG-109, MG-110, MG-111: nodes with the calls in this file that made them."""
    with tf.name_scope("s"):
        x = tf.constant(1.0, name="x")

    def deep(depth: int) -> Any:
        return deep(depth - 1) if depth else tf.identity(x, name="deep")

    deep(12)
    with tf.name_scope("s/"):
        v = tf.Variable(1.0, name="v")
        tf.while_loop(lambda i: i < 3.0, lambda i: i + v, [0.0], name="w")
    theirs = tf.__name__.startswith("tensorflow")
    messages = importlib.import_module(
        "tensorflow.core.framework.graph_debug_info_pb2"
        if theirs
        else "metagraft.proto"
    )
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for scope in (None, "s"):
            path = f"{folder}/m.meta"
            tf.train.export_meta_graph(path, export_scope=scope, save_debug_info=True)
            content = pathlib.Path(folder, "m.debug").read_bytes()
            info = messages.GraphDebugInfo.FromString(content)
            found.append({key: _calls(info, key) for key in info.name_to_trace_id})
            found.append(
                [
                    sorted(info.frames_by_id) == list(range(len(info.frames_by_id))),
                    sorted(info.traces_by_id) == list(range(len(info.traces_by_id))),
                    len(set(info.files)) == len(info.files),
                    fields(info),
                    sorted(
                        {name for f in info.frames_by_id.values() for name in fields(f)}
                    ),
                ]
            )
    return found


def _calls(info: Any, key: str) -> Any:
    """Return the innermost calls in this file, the outermost of them first."""
    trace = info.traces_by_id[info.name_to_trace_id[key]]
    frames = [info.frames_by_id[number] for number in trace.frame_id]
    here = [f for f in frames if pathlib.Path(info.files[f.file_index]).name == _FILE]
    first = debug_information.__code__.co_firstlineno
    return [[frame.func, frame.line - first] for frame in here[-4:]]


_FILE = pathlib.Path(__file__).name


COLLECTION_PROBES: tuple[Probe, ...] = (
    scoped_variables,
    variable_definitions,
    collection_keys,
    collection_kinds,
    collection_nodes,
    collections_of_scopes,
    registered_classes,
    one_collection,
    contexts,
    files,
    text_format,
    debug_information,
)
