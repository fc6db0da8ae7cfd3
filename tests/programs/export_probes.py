"""Questions about the export of MetaGraphs, in the order of the specification.

Each probe takes the module that programs call `tf` and returns what JSON can hold.
Numbers MG-… are the requirements that it asks about.
"""

from __future__ import annotations

import inspect
import pathlib
import tempfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

from tests.programs.functions import module
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
    return module(tf, "framework.meta_graph")


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


# -- the MetaGraph and its parts --


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


# -- arguments --


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


# -- the graph --


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


# -- export by scope --


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


# -- devices, savers, attributes --


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
    found.append(
        failure(
            lambda: tf.train.export_meta_graph(
                saver_def=tf.train.SaverDef(), clear_extraneous_savers=True
            )
        )
    )
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
    """MG-066, MG-067, MG-068, MG-069: attributes left out of nodes and functions."""
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
    for name, number in {"zero": 0.0, "minus": -0.0, "nan": float("nan")}.items():
        crop = nodes.node.add(name=f"crop_{name}", op="CropAndResize")
        crop.attr["extrapolation_value"].f = number
    for name, color in {
        "same": {"int_val": [255, 0, 0, 255]},
        "bytes": {"tensor_content": b"\xff\0\0\xff"},
        "other": {"int_val": [255, 0, 0, 254]},
    }.items():
        tensor = nodes.node.add(name=f"image_{name}", op="ImageSummary").attr[
            "bad_color"
        ]
        tensor.tensor.CopyFrom(type(tensor.tensor)(dtype=4, **color))
        tensor.tensor.tensor_shape.dim.add(size=4)
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


EXPORT_PROBES: tuple[Probe, ...] = (
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
    unbound_inputs,
    devices,
    savers,
    stripping,
)
