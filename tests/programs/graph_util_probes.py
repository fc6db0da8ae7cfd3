"""Questions about `tf.graph_util` and savers' definitions that TensorFlow answered."""

from __future__ import annotations

import importlib
import inspect
import pathlib
import tempfile
from types import ModuleType
from typing import Any

from tests.programs.export_probes import (
    Probe,
    collections,
    fields,
    functions,
    model,
    node_names,
    node_names_of,
)
from tests.programs.graph_probes import failure


def utility_signatures(tf: ModuleType) -> Any:
    """Names and defaults of the functions that take graphs apart."""
    return {
        f"{place}.{name}": [
            [key, repr(parameter.default)]
            for key, parameter in inspect.signature(
                getattr(getattr(tf, place), name)
            ).parameters.items()
        ]
        for place, name in (
            ("graph_util", "convert_variables_to_constants"),
            ("graph_util", "extract_sub_graph"),
            ("graph_util", "must_run_on_cpu"),
            ("graph_util", "remove_training_nodes"),
            ("graph_util", "tensor_shape_from_node_def_name"),
            ("io", "write_graph"),
            ("train", "write_graph"),
        )
    } | {
        f"Saver.{name}": [
            [key, repr(parameter.default)]
            for key, parameter in inspect.signature(
                getattr(tf.train.Saver, name)
            ).parameters.items()
            if key != "self"
        ]
        for name in ("as_saver_def", "export_meta_graph", "from_proto", "to_proto")
    }


def extraction(tf: ModuleType) -> Any:
    """Nodes that some nodes need, with what they are colocated with."""
    model(tf)
    with tf.colocate_with(tf.constant(1.0, name="beside").op):
        tf.constant(2.0, name="colocated")
    nodes = tf.get_default_graph().as_graph_def()
    extract = tf.graph_util.extract_sub_graph
    nodes.library.function.add().signature.name = "kept"

    def names(*wanted: str) -> list[str]:
        return [node.name for node in extract(nodes, list(wanted)).node]

    return [
        names("s/y"),
        names("colocated", "x"),
        names("s/v/read", "s/v"),
        names(),
        [f.signature.name for f in extract(nodes, ["x"]).library.function],
        extract(nodes, ("x",)).versions == nodes.versions,
        failure(lambda: extract(nodes, "x")),
        failure(lambda: extract(nodes, ["nothing"])),
        failure(lambda: extract(nodes, ["x:0"])),
        failure(lambda: extract("text", ["x"])),
    ]


def pruning(tf: ModuleType) -> Any:
    """Chains of nodes that pass values on, protected, colocated, waited for."""
    x = tf.placeholder(tf.float32, [2], name="x")
    a = tf.identity(x, name="a")
    b = tf.stop_gradient(a, name="b")
    c = tf.check_numerics(b, "no", name="c")
    with tf.control_dependencies([c]):
        d = tf.identity(b, name="d")
    with tf.control_dependencies([d]):
        e = tf.identity(b, name="e")
    with tf.colocate_with(a.op):
        tf.negative(e, name="f")
    tf.add(d, tf.identity(e, name="g"), name="h")
    nodes = tf.get_default_graph().as_graph_def()
    return [
        [
            [node.name, list(node.input)]
            for node in tf.graph_util.remove_training_nodes(nodes, protected).node
        ]
        for protected in (None, [], ["c"], ["g", "b"], ("d",))
    ]


def processors(tf: ModuleType) -> Any:
    """Which nodes must be on the CPU; what shape an input has."""
    v = tf.Variable([1.0, 2.0], name="v")
    number, text = tf.constant(1, name="i"), tf.constant("a", name="s")
    wide = tf.constant([[1.0], [2.0]], name="w")
    cast = tf.cast(number, tf.float32, name="cast")
    back = tf.cast(wide, tf.int32, name="back")
    stitched = tf.dynamic_stitch([[0]], [[1]], name="stitched")
    graph = tf.get_default_graph()
    on_cpu = tf.graph_util.must_run_on_cpu
    shape = tf.graph_util.tensor_shape_from_node_def_name
    tensors = (v, number, text, wide, cast, back, stitched)
    return [
        [[on_cpu(t.op), on_cpu(t.op.node_def), on_cpu(t.op, True)] for t in tensors],
        [shape(graph, name).as_list() for name in ("w", "w:0", "v/read", "cast")],
        failure(lambda: shape(graph, "nothing")),
        failure(lambda: shape(graph, "^w")),
    ]


def saver_definitions(tf: ModuleType) -> Any:
    """MG-293: a saver as its definition and back, in and out of a scope."""
    model(tf)
    with tf.name_scope("s"):
        saver = tf.train.Saver(name="own", max_to_keep=2)
    definition = saver.as_saver_def()

    def shown(found: Any) -> Any:
        if found is None:
            return None
        return [
            found.filename_tensor_name,
            found.save_tensor_name,
            found.restore_op_name,
            found.max_to_keep,
            found.version,
        ]

    copied = tf.train.SaverDef()
    copied.CopyFrom(definition)
    again = tf.train.Saver.from_proto(copied, import_scope="t")
    return [
        [shown(saver.to_proto(scope)) for scope in (None, "s", "s/", "s/own", "x")],
        saver.to_proto() is definition or saver.to_proto() == definition,
        shown(tf.train.Saver.from_proto(definition).as_saver_def()),
        shown(again.as_saver_def()),
        failure(lambda: tf.train.Saver.from_proto(tf.train.SaverDef())),
        failure(lambda: tf.train.Saver.from_proto(tf.GraphDef())),
    ]


def saver_exports(tf: ModuleType) -> Any:
    """MG-294: the default graph with this saver, whatever graph the saver is of."""
    model(tf)
    saver = tf.train.Saver(max_to_keep=7)
    tf.add_to_collection("texts", "s/text")
    found = []
    for options in (
        {},
        {"export_scope": "s"},
        {"collection_list": ["texts"], "clear_devices": True},
        {"clear_extraneous_savers": True, "strip_default_attrs": True},
    ):
        exported = saver.export_meta_graph(**options)
        found.append(
            [
                node_names(exported),
                fields(exported),
                sorted(collections(exported)),
                exported.saver_def.max_to_keep,
                exported.meta_info_def.stripped_default_attrs,
            ]
        )
    with tf.Graph().as_default(), tempfile.TemporaryDirectory() as folder:
        tf.no_op(name="elsewhere")
        exported = saver.export_meta_graph(
            f"{folder}/new/m.txt", as_text=True, save_debug_info=True
        )
        files = sorted(path.name for path in pathlib.Path(folder, "new").iterdir())
        found.append([node_names_of(tf), node_names(exported), files])
    return found


def shapes_inside_functions(tf: ModuleType) -> Any:
    """MG-032, MG-033, MG-100, MG-294: which exports have them; contexts are none."""
    tf.enable_control_flow_v2()
    try:
        x = tf.placeholder(tf.float32, [2], name="x")
        with tf.name_scope("s"):
            v = tf.Variable([1.0, 2.0], name="v")
            y = tf.cond(x[0] > 0.0, lambda: x * v, lambda: x + 1.0)
            tf.while_loop(lambda i, _: i < 3, lambda i, a: (i + 1, a * y), [0, x])
    finally:
        tf.disable_control_flow_v2()
    saver = tf.train.Saver()
    found = []
    for export in (tf.train.export_meta_graph, saver.export_meta_graph):
        for options in (
            {},
            {"export_scope": "s"},
            {"clear_devices": True},
            {"clear_extraneous_savers": True},
            {"strip_default_attrs": True},
        ):
            exported = export(**options)
            found.append(
                [
                    sorted(collections(exported)),
                    sorted(
                        [
                            sorted(function.attr),
                            [sorted(n.attr) for n in function.node_def],
                        ]
                        for function in exported.graph_def.library.function
                    ),
                ]
            )
    return found


def scoped_functions(tf: ModuleType) -> Any:
    """MG-181, MG-185, MG-186, MG-187, MG-188: what they return; copies of parts."""
    module = functions(tf)
    model(tf)
    exported, _ = module.export_scoped_meta_graph(
        export_scope="s", unbound_inputs_col_name=None
    )
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2], name="mine")
        given = {"$unbound_inputs_x": x}
        options = {"input_map": given, "unbound_inputs_col_name": None}
        first = module.import_scoped_meta_graph(exported, import_scope="t", **options)
        second = module.import_scoped_meta_graph_with_return_elements(
            exported, import_scope="t/u", return_elements=["y:0", "v"], **options
        )
        found: list[Any] = [
            {key: v.name for key, v in first.items()},
            [type(second).__name__, {key: v.name for key, v in second[0].items()}],
            [element.name for element in second[1]],
        ]
    copy = module.copy_scoped_meta_graph
    with tf.name_scope("whole"):
        tf.Variable(1.0, name="w")
    other = tf.Graph()
    for call in (
        lambda: copy("whole", "new"),
        lambda: copy("whole", "new"),
        lambda: copy("whole", "whole", to_graph=other),
        lambda: copy("nowhere", "new"),
    ):
        variables = call()
        found.append({key: v.name for key, v in variables.items()})
    found.append(failure(lambda: copy("whole", "whole")))
    found.append(failure(lambda: copy("s", "moved")))
    return [*found, [op.name for op in other.get_operations()]]


def names_and_scopes(tf: ModuleType) -> Any:
    """MG-193: scopes taken off and put in front, behind markers."""
    place = importlib.import_module(
        "tensorflow.python.framework.ops"
        if tf.__name__.startswith("tensorflow")
        else "metagraft.graph.scope_names"
    )
    names = ("s/a", "^s/a", "loc:@s/a", "s//a:1", "s2/a", "a/s/b", "s")
    found = [
        [
            [place.strip_name_scope(name, scope) for name in names],
            [place.prepend_name_scope(name, scope) for name in names],
        ]
        for scope in ("s", "s/", "s/a", "", None)
    ]
    return [
        *found,
        place.strip_name_scope(b"loc:@s/a", "s"),
        place.prepend_name_scope(b"^a", "s"),
    ]


UTILITY_PROBES: tuple[Probe, ...] = (
    utility_signatures,
    extraction,
    pruning,
    processors,
    saver_definitions,
    saver_exports,
    shapes_inside_functions,
    scoped_functions,
    names_and_scopes,
)
