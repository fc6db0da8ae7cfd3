"""Questions about the export of MetaGraphs, in the order of the specification.

Each probe takes the module that programs call `tf` and returns what JSON can hold.
Numbers MG-… are the requirements that it asks about.
"""

from __future__ import annotations

import importlib
import inspect
import pathlib
import tempfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.graph_probes import failure

Probe = Callable[[ModuleType], Any]

# A called function, one that nothing calls, one that only a branch calls.
FUNCTIONS = """
node { name: "x" op: "Placeholder" device: "/gpu:1"
  attr { key: "dtype" value { type: DT_FLOAT } }
  attr { key: "shape" value { shape { dim { size: 2 } dim { size: 2 } } } } }
node { name: "yes" op: "Placeholder"
  attr { key: "dtype" value { type: DT_BOOL } }
  attr { key: "shape" value { shape { } } } }
node { name: "s/call" op: "StatefulPartitionedCall" input: "x"
  attr { key: "Tin" value { list { type: DT_FLOAT } } }
  attr { key: "Tout" value { list { type: DT_FLOAT } } }
  attr { key: "f" value { func { name: "doubled" } } } }
node { name: "s/if" op: "StatelessIf" input: "yes" input: "x"
  attr { key: "Tcond" value { type: DT_BOOL } }
  attr { key: "Tin" value { list { type: DT_FLOAT } } }
  attr { key: "Tout" value { list { type: DT_FLOAT } } }
  attr { key: "then_branch" value { func { name: "branch" } } }
  attr { key: "else_branch" value { func { name: "branch" } } } }
library {
  function {
    signature { name: "doubled"
      input_arg { name: "a" type: DT_FLOAT } output_arg { name: "b" type: DT_FLOAT } }
    node_def { name: "sum" op: "AddV2" input: "a" input: "a" device: "/gpu:0"
      attr { key: "T" value { type: DT_FLOAT } } }
    node_def { name: "product" op: "MatMul" input: "sum:z:0" input: "sum:z:0"
      attr { key: "T" value { type: DT_FLOAT } }
      attr { key: "transpose_a" value { b: false } }
      attr { key: "transpose_b" value { b: true } } }
    ret { key: "b" value: "sum:z:0" } }
  function {
    signature { name: "unused"
      input_arg { name: "a" type: DT_FLOAT } output_arg { name: "b" type: DT_FLOAT } }
    node_def { name: "n" op: "Neg" input: "a"
      attr { key: "T" value { type: DT_FLOAT } } }
    ret { key: "b" value: "n:y:0" } }
  function {
    signature { name: "branch"
      input_arg { name: "a" type: DT_FLOAT } output_arg { name: "b" type: DT_FLOAT } }
    node_def { name: "n" op: "Sqrt" input: "a"
      attr { key: "T" value { type: DT_FLOAT } } }
    ret { key: "b" value: "n:y:0" } } }
versions { producer: 1000 min_consumer: 12 }
"""


def functions(tf: ModuleType) -> ModuleType:
    """Return the module with the functions behind `export_meta_graph`."""
    theirs = tf.__name__.startswith("tensorflow")
    return importlib.import_module(
        "tensorflow.python.framework.meta_graph" if theirs else "metagraft.meta_graph"
    )


def parsed(text: str, message: Any) -> Any:
    """Return a message of either library that holds what a text says."""
    from google.protobuf import text_format

    return text_format.Parse(text, message)


def with_functions(tf: ModuleType) -> Any:
    """Import a graph that has functions; return its message."""
    nodes = parsed(FUNCTIONS, tf.GraphDef())
    tf.import_graph_def(nodes, name="")
    return nodes


def model(tf: ModuleType) -> Any:
    """Build an input, a variable in a scope, and what it gives."""
    x = tf.placeholder(tf.float32, [2], name="x")
    with tf.name_scope("s"):
        v = tf.Variable([1.0, 2.0], name="v")
        with tf.control_dependencies([x]):
            return tf.multiply(x, v, name="y")


def fields(message: Any) -> list[str]:
    """Return the names of the fields that a message has."""
    return sorted(field.name for field, _ in message.ListFields())


def node_names(exported: Any) -> list[str]:
    """Return the names of a MetaGraph's nodes."""
    return [node.name for node in exported.graph_def.node]


def op_names(exported: Any) -> list[str]:
    """Return the ops in a MetaGraph's op list."""
    return [op.name for op in exported.meta_info_def.stripped_op_list.op]


def collections(exported: Any) -> dict[str, Any]:
    """Return the kinds of all collections, and values that JSON can hold."""
    found: dict[str, Any] = {}
    for key, definition in exported.collection_def.items():
        kind = definition.WhichOneof("kind")
        values = list(getattr(definition, kind).value) if kind else []
        found[key] = [kind, *[_shown(value) for value in values]]
    return found


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str | int) else repr(value)


# -- the MetaGraph and its parts (MG-001, MG-002, MG-004, MG-005, MG-006) --------------


def parts(tf: ModuleType) -> Any:
    """MG-001, MG-002, MG-006: which fields there are, of nothing and of a model."""
    nothing = tf.train.export_meta_graph()
    model(tf)
    whole = tf.train.Saver().export_meta_graph()
    stripped = tf.train.export_meta_graph(strip_default_attrs=True)
    return [
        [fields(m), fields(m.meta_info_def), fields(m.graph_def)]
        for m in (nothing, whole, stripped)
    ] + [nothing.meta_info_def.HasField("stripped_op_list")]


def versions(tf: ModuleType) -> Any:
    """MG-004, MG-005: versions with and without functions, and of what is imported."""

    def shown(exported: Any) -> list[Any]:
        found = exported.graph_def.versions
        return [found.producer, found.min_consumer, list(found.bad_consumers)]

    plain = shown(tf.train.export_meta_graph())
    with_functions(tf)
    both = [
        shown(tf.train.export_meta_graph(export_scope=scope)) for scope in (None, "s")
    ]
    with tf.Graph().as_default():
        old = tf.GraphDef()
        old.versions.producer = 21
        old.versions.bad_consumers.append(3)
        tf.import_graph_def(old)
        imported = shown(tf.train.export_meta_graph())
    return [plain, both, imported]


# -- arguments (MG-010 to MG-023) ------------------------------------------------------


def signature(tf: ModuleType) -> Any:
    """MG-010, MG-012, MG-017: names and defaults; nothing given is the default."""
    model(tf)
    parameters = inspect.signature(tf.train.export_meta_graph).parameters
    named = [
        [name, repr(parameter.default)]
        for name, parameter in parameters.items()
        if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    empty = tf.train.export_meta_graph(None, None, None, None, None, False, None)
    falsy = tf.train.export_meta_graph(
        filename="", meta_info_def=0, graph_def="", saver_def=False, export_scope=""
    )
    return [named, node_names(empty) == node_names(falsy) == node_names_of(tf)]


def node_names_of(tf: ModuleType) -> list[str]:
    """Return the names of the default graph's operations."""
    return [op.name for op in tf.get_default_graph().get_operations()]


def signatures_behind(tf: ModuleType) -> Any:
    """MG-010: the functions behind, by their parameters."""
    found = {}
    for name in (
        "add_collection_def",
        "copy_scoped_meta_graph",
        "create_meta_graph_def",
        "export_scoped_meta_graph",
        "import_scoped_meta_graph",
        "import_scoped_meta_graph_with_return_elements",
        "ops_used_by_graph_def",
        "read_meta_graph_file",
        "strip_graph_default_valued_attrs",
        "stripped_op_list_for_graph",
    ):
        parameters = inspect.signature(getattr(functions(tf), name)).parameters
        found[name] = [
            key
            for key, parameter in parameters.items()
            if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        ]
    return found


def keywords(tf: ModuleType) -> Any:
    """MG-011, MG-016: keywords that do not exist, messages of wrong types."""
    export = tf.train.export_meta_graph
    return [
        failure(lambda: export(no_such=1)),
        failure(lambda: export(unbound_inputs_col_name="mine")),
        failure(lambda: export(graph_def=tf.SaverDef())),
        failure(lambda: export(saver_def=tf.GraphDef())),
        failure(lambda: export(meta_info_def=tf.GraphDef())),
        failure(lambda: export(meta_info_def="text")),
        failure(lambda: functions(tf).export_scoped_meta_graph(no_such=1)),
    ]


def given_graph_def(tf: ModuleType) -> Any:
    """MG-013, MG-014, MG-015: the caller's nodes, also none, also with a scope."""
    model(tf)
    tf.add_to_collection("texts", "s/text")
    nodes = tf.GraphDef()
    nodes.node.add(name="s/a", op="NoOp")
    nodes.node.add(name="c", op="Const").attr["dtype"].type = 1
    nodes.versions.producer = 5
    found = []
    for graph_def in (nodes, tf.GraphDef()):
        for options in ({}, {"clear_devices": True}, {"export_scope": "s"}):
            exported = tf.train.export_meta_graph(graph_def=graph_def, **options)
            found.append(
                [
                    node_names(exported),
                    exported.graph_def.versions.producer,
                    [list(node.attr) for node in exported.graph_def.node],
                    op_names(exported),
                    sorted(collections(exported)),
                ]
            )
    return found


def given_info(tf: ModuleType) -> Any:
    """MG-018, MG-020, MG-021: what is kept of the caller's facts."""
    model(tf)
    info = tf.MetaGraphDef.MetaInfoDef(
        meta_graph_version="mine",
        tensorflow_version="9",
        tensorflow_git_version="mine",
        tags=["b", "a"],
        stripped_default_attrs=True,
    )
    info.any_info.type_url = "type.googleapis.com/own"
    info.any_info.value = b"\1"
    info.function_aliases["f"] = "g"
    found = tf.train.export_meta_graph(meta_info_def=info).meta_info_def
    info.stripped_op_list.op.add(name="Own")
    kept = tf.train.export_meta_graph(meta_info_def=info)
    return [
        found.meta_graph_version,
        list(found.tags),
        found.stripped_default_attrs,
        [found.any_info.type_url, found.any_info.value.decode("latin-1")],
        dict(found.function_aliases),
        found.tensorflow_version,
        found.tensorflow_git_version != "mine",
        len(found.stripped_op_list.op),
        op_names(kept),
    ]


def returned(tf: ModuleType) -> Any:
    """MG-023: the message, with a file and without."""
    model(tf)
    with tempfile.TemporaryDirectory() as folder:
        without = tf.train.export_meta_graph(save_debug_info=True)
        written = tf.train.export_meta_graph(f"{folder}/m", save_debug_info=True)
        files = sorted(path.name for path in pathlib.Path(folder).iterdir())
    return [without == written, node_names(without), files]


# -- the graph (MG-030 to MG-039) ------------------------------------------------------


def order(tf: ModuleType) -> Any:
    """MG-030, MG-035: nodes in the order of their creation, on both paths."""
    tf.constant(1.0, name="z")
    with tf.name_scope("s"):
        tf.constant(1.0, name="b")
        tf.constant(1.0, name="a")
    tf.no_op(name="c")
    return [
        node_names(tf.train.export_meta_graph(**options))
        for options in (
            {},
            {"clear_devices": True},
            {"export_scope": "s"},
            {"clear_extraneous_savers": True},
        )
    ]


def output_shapes(tf: ModuleType) -> Any:
    """MG-031: on every node with outputs, known or not, on both paths."""
    tf.placeholder(tf.float32, name="unknown")
    tf.placeholder(tf.float32, [None, 3], name="part")
    tf.unstack(tf.zeros([2, 3]), name="two")
    tf.no_op(name="none")
    tf.get_variable("v", [2], use_resource=True)
    found = []
    for options in ({}, {"clear_devices": True}):
        exported = tf.train.export_meta_graph(**options)
        found.append(
            {
                node.name: [
                    "unknown" if shape.unknown_rank else [d.size for d in shape.dim]
                    for shape in node.attr["_output_shapes"].list.shape
                ]
                if "_output_shapes" in node.attr
                else None
                for node in exported.graph_def.node
            }
        )
    return found


def function_library(tf: ModuleType) -> Any:
    """MG-033, MG-034: all functions, whatever the scope."""
    with_functions(tf)
    return [
        sorted(
            function.signature.name
            for function in tf.train.export_meta_graph(
                **options
            ).graph_def.library.function
        )
        for options in (
            {},
            {"export_scope": "s"},
            {"export_scope": "nowhere"},
            {"clear_devices": True},
        )
    ]


def second_path(tf: ModuleType) -> Any:
    """MG-033: a collection called as the list of unbound inputs is not taken over."""
    model(tf)
    tf.add_to_collection("unbound_inputs", "old")
    found = []
    for options in (
        {},
        {"clear_devices": True, "unbound_inputs_col_name": None},
        {"clear_devices": True},
    ):
        exported = tf.train.export_meta_graph(**options)
        found.append(collections(exported).get("unbound_inputs"))
    return found


def op_list(tf: ModuleType) -> Any:
    """MG-037, MG-038, MG-039: which ops are listed, and what is left out of them."""
    nodes = with_functions(tf)
    exported = tf.train.export_meta_graph()
    found = [op_names(exported), op_names(tf.train.export_meta_graph(export_scope="s"))]
    signatures = exported.meta_info_def.stripped_op_list.op
    found.append(sorted({name for op in signatures for name in fields(op)}))
    found.append(any(argument.description for op in signatures for argument in op.attr))
    nodes.node.add(name="n", op="NoSuchOp")
    nodes.node.add(name="m", op="unused")
    found.append(op_names(tf.train.export_meta_graph(graph_def=nodes)))
    found.append(sorted(functions(tf).ops_used_by_graph_def(nodes)))
    listed = functions(tf).stripped_op_list_for_graph(nodes)
    found.append([op.name for op in listed.op])
    return found


# -- export by scope (MG-040 to MG-056) ------------------------------------------------


def scopes(tf: ModuleType) -> Any:
    """MG-040, MG-041, MG-042, MG-045: what a scope takes, and names without it."""
    for name in ("hid/a", "hid/hid/b", "hid2/a", "hid", "other/hid/c", "hi/d"):
        tf.no_op(name=name)
    return [
        node_names(tf.train.export_meta_graph(export_scope=scope))
        for scope in ("hid", "hid/", "hid/hid", "hi", "nowhere", "other/hid/", "")
    ]


def colocation(tf: ModuleType) -> Any:
    """MG-044, MG-046: entries with the scope; an empty list when all are outside."""
    outside = tf.constant(1.0, name="outside")
    with tf.name_scope("s"):
        inside = tf.constant(1.0, name="inside")
        with tf.colocate_with(outside.op):
            tf.constant(2.0, name="out")
            with tf.colocate_with(inside.op, ignore_existing=False):
                tf.constant(2.0, name="both")
    exported = tf.train.export_meta_graph(export_scope="s")
    return [
        [node.name, [s.decode() for s in node.attr["_class"].list.s]]
        for node in exported.graph_def.node
        if "_class" in node.attr
    ]


def frame_names(tf: ModuleType) -> Any:
    """MG-048: those of loops in the scope; others stay."""
    with tf.name_scope("s"):
        tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0], name="loop")
    found = []
    for scope in ("s", "s/loop", "s/loop/while_context"):
        exported = tf.train.export_meta_graph(export_scope=scope)
        found.append(
            [
                [node.name, node.attr["frame_name"].s.decode()]
                for node in exported.graph_def.node
                if node.op == "Enter"
            ]
        )
    return found


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


def unbound_inputs(tf: ModuleType) -> Any:
    """MG-050, MG-051, MG-052, MG-053, MG-056: prefix, list, one entry for each use."""
    found = []
    for options in (
        ("unbound_inputs",),
        ("mine",),
        (None,),
        ("",),
        ("unbound_inputs", []),
        ("unbound_inputs", ["unbound_inputs"]),
    ):
        with tf.Graph().as_default():
            found.append(_unbound(tf, *options))
    return found


def _unbound(tf: ModuleType, name: Any, collection_list: Any = None) -> Any:
    x = tf.placeholder(tf.float32, [2], name="x")
    two = tf.unstack(tf.zeros([2]), name="two")
    with tf.name_scope("s"):
        a = tf.add(x, x, name="a")
        with tf.control_dependencies([x, a]):
            tf.stack([two[1], two[0], a[0]], name="b")
    exported = tf.train.export_meta_graph(
        export_scope="s", unbound_inputs_col_name=name, collection_list=collection_list
    )
    inputs = [
        [text for text in node.input if text[0] != "^"]
        + sorted(text for text in node.input if text[0] == "^")
        for node in exported.graph_def.node
    ]
    return [inputs, collections(exported)]


# -- devices, savers, attributes (MG-060 to MG-070) ------------------------------------


def devices(tf: ModuleType) -> Any:
    """MG-060: of the nodes, not of functions."""
    with_functions(tf)
    return [
        [
            [node.device for node in exported.graph_def.node],
            sorted(
                [function.signature.name, node.device]
                for function in exported.graph_def.library.function
                for node in function.node_def
            ),
        ]
        for exported in (
            tf.train.export_meta_graph(),
            tf.train.export_meta_graph(clear_devices=True),
        )
    ]


def savers(tf: ModuleType) -> Any:
    """MG-061, MG-062, MG-063, MG-065, MG-070: of one saver, of none, in a scope."""
    model(tf)
    first = tf.train.Saver()
    with tf.name_scope("s"):
        second = tf.train.Saver(name="own", sharded=True)
    found = [_savers(tf, None, False), _savers(tf, None, True)]
    found.append(_savers(tf, first, True))
    tf.add_to_collection("savers", first)
    tf.add_to_collection("savers", second)
    found += [_savers(tf, saver, True) for saver in (first, second)]
    found += [_savers(tf, second, False), _savers(tf, None, False)]
    found.append(_savers(tf, second, True, export_scope="s"))
    found.append(_savers(tf, second, True, collection_list=["savers"]))
    found.append(_savers(tf, second, True, collection_list=[]))
    return found


def _savers(tf: ModuleType, saver: Any, clears: bool, **options: Any) -> Any:
    exported = tf.train.export_meta_graph(
        saver_def=saver and saver.as_saver_def(),
        clear_extraneous_savers=clears,
        **options,
    )
    stored = exported.collection_def["savers"].bytes_list.value
    return [
        node_names(exported),
        exported.HasField("saver_def") and exported.saver_def.save_tensor_name,
        [tf.train.SaverDef.FromString(value).save_tensor_name for value in stored],
    ]


def stripping(tf: ModuleType) -> Any:
    """MG-066, MG-067, MG-069: attributes left out of nodes and functions."""
    nodes = with_functions(tf)
    nodes.node.add(name="own", op="NoSuchOp").attr["transpose_a"].b = False
    nodes.node.add(name="call", op="unused").attr["T"].type = 1
    product = nodes.node.add(name="product", op="MatMul")
    product.attr["transpose_a"].b = False
    product.attr["transpose_b"].b = True
    product.attr["_transpose_a"].b = False
    leaky = nodes.node.add(name="leaky", op="LeakyRelu")
    leaky.attr["alpha"].f = 0.2
    leaky.attr["T"].type = 1
    zero = nodes.node.add(name="zero", op="FakeQuantWithMinMaxArgs")
    zero.attr["num_bits"].i = 8
    zero.attr["min"].f = -6.0
    zero.attr["max"].f = 6.5
    exported = tf.train.export_meta_graph(graph_def=nodes, strip_default_attrs=True)
    again = tf.MetaGraphDef()
    again.graph_def.CopyFrom(nodes)
    nothing = functions(tf).strip_graph_default_valued_attrs(again)
    return [
        {node.name: sorted(node.attr) for node in exported.graph_def.node},
        {
            node.name: sorted(node.attr)
            for function in exported.graph_def.library.function
            for node in function.node_def
        },
        [
            attr.name
            for op in exported.meta_info_def.stripped_op_list.op
            for attr in op.attr
            if attr.HasField("default_value")
        ],
        exported.meta_info_def.stripped_default_attrs,
        nothing,
        again.meta_info_def.stripped_default_attrs,
        again.graph_def == exported.graph_def,
    ]


# -- collections (MG-080 to MG-093) ----------------------------------------------------


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


# -- control flow (MG-097, MG-098, MG-100) ---------------------------------------------


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


# -- files (MG-105 to MG-109) ----------------------------------------------------------


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


PROBES: tuple[Probe, ...] = (
    parts,
    versions,
    signature,
    signatures_behind,
    keywords,
    given_graph_def,
    given_info,
    returned,
    order,
    output_shapes,
    function_library,
    second_path,
    op_list,
    scopes,
    colocation,
    frame_names,
    scoped_variables,
    variable_definitions,
    unbound_inputs,
    devices,
    savers,
    stripping,
    collection_keys,
    collection_kinds,
    collection_nodes,
    collections_of_scopes,
    registered_classes,
    one_collection,
    contexts,
    files,
    text_format,
)
