"""Questions about collections, savers and state of imported MetaGraphs.

As `import_probes.py`, for the requirements from MG-160 on.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.graph_probes import failure
from tests.programs.import_probes import (
    Probe,
    collections,
    exported,
    names,
    saver_names,
    told,
)


def _again(tf: ModuleType, meta: Any) -> Any:
    return tf.MetaGraphDef.FromString(meta.SerializeToString())


# -- collections (MG-160 to MG-175) ----------------------------------------------------


def all_kinds(tf: ModuleType) -> Any:
    """MG-163, MG-164, MG-166, MG-167: what comes back, after what was there."""
    tf.add_to_collection("ints", 1)
    meta = exported(tf)
    tf.train.import_meta_graph(meta)
    same = tf.global_variables()[0] is tf.trainable_variables()[0]
    kinds = [type(v).__name__ for v in tf.get_collection("floats")]
    return [collections(tf), same, kinds]


def kinds_in_a_scope(tf: ModuleType) -> Any:
    """MG-168: byte lists in a scope; floats and `Any` pass through."""
    meta = exported(tf)
    meta.collection_def["more"].bytes_list.value.extend([b"", b"^c", b"loc:@c"])
    meta.collection_def["any"].any_list.value.add(type_url="u", value=b"v")
    tf.train.import_meta_graph(meta, import_scope="sc")
    found = tf.get_collection("any")
    tf.get_default_graph().clear_collection("any")
    return [collections(tf), [value.type_url for value in found]]


def which_collections(tf: ModuleType) -> Any:
    """MG-160, MG-161: the predicate is asked for each key, in this order."""
    meta = exported(tf)
    meta.collection_def["unbound_inputs"].node_list.SetInParent()
    asked = []

    def wants(key: str) -> bool:
        asked.append(key)
        return key in ("ints", "variables")

    tf.train.import_meta_graph(meta, restore_collections_predicate=wants)
    return [asked, collections(tf)]


def odd_collections(tf: ModuleType) -> Any:
    """MG-162, MG-169, MG-170: no kind, kinds of old files, metric variables."""
    meta = exported(tf)
    meta.collection_def["kindless"].SetInParent()
    meta.collection_def["empty"].int64_list.SetInParent()
    variable = meta.collection_def["variables"].bytes_list.value[0]
    meta.collection_def["metric_variables"].bytes_list.value.append(variable)
    for key in ("local_variables", "model_variables"):
        meta.collection_def[key].node_list.value.append("v:0")
    tf.train.import_meta_graph(meta)
    metric = tf.get_collection("metric_variables")
    return [collections(tf), metric[0] is tf.global_variables()[0]]


def broken_collections(tf: ModuleType) -> Any:
    """MG-165, MG-173, MG-174: names that do not exist, bytes that are no message."""
    source = exported(tf)

    def with_names(*found: str) -> Callable[[], Any]:
        meta = _again(tf, source)
        meta.collection_def["mine"].node_list.value.extend(found)
        return lambda: tf.train.import_meta_graph(meta, import_scope="s")

    def with_variable(**fields: str) -> Callable[[], Any]:
        meta = _again(tf, source)
        value = meta.collection_def["variables"].bytes_list.value
        definition = type(variable).FromString(value[0])
        for field, name in fields.items():
            setattr(definition, field, name)
        value[0] = definition.SerializeToString()
        del meta.collection_def["trainable_variables"]
        return lambda: tf.train.import_meta_graph(meta, import_scope="s")

    with tf.Graph().as_default():
        variable = tf.Variable(1.0).to_proto()
    broken = _again(tf, source)
    broken.collection_def["variables"].bytes_list.value[0] = b"\xff\xff"
    return [
        told(with_names("zz:0"), "refers to a Tensor which does not exist"),
        told(with_names("y:7"), "refers to a Tensor which does not exist"),
        told(with_names("zz"), "refers to an Operation not in the graph"),
        told(with_names("y:x"), "looks a like a Tensor name"),
        told(with_names("y:0", "y")),
        told(with_variable(variable_name="zz:0"), "refers to a Tensor"),
        told(with_variable(initializer_name="zz"), "refers to an Operation"),
        told(with_variable(snapshot_name="zz:0"), "refers to a Tensor"),
        told(with_variable(initial_value_name="zz:0"), "refers to a Tensor"),
        told(with_variable(initial_value_name="")),
        failure(lambda: tf.train.import_meta_graph(broken)) != "no error",
    ]


def resource_variables(tf: ModuleType) -> Any:
    """MG-174: without the name of a snapshot, its usual name."""
    with tf.Graph().as_default():
        tf.get_variable("r", initializer=1.0, use_resource=True)
        meta = tf.train.export_meta_graph()
        kind = type(tf.global_variables()[0].to_proto())
    for key in ("variables", "trainable_variables"):
        value = meta.collection_def[key].bytes_list.value
        definition = kind.FromString(value[0])
        definition.snapshot_name = ""
        value[0] = definition.SerializeToString()
    tf.train.import_meta_graph(meta, import_scope="s")
    (v,) = tf.global_variables()
    return [v.name, v.value().name, v.initializer.name, v.initial_value.name]


def trainability(tf: ModuleType) -> Any:
    """MG-171: old producers tell it by a collection."""
    found = []
    for version in ("", "1.8.0", "1.9.0-rc0", "1.9.0", "1.15.5", "2.0.0"):
        meta = exported(tf)
        meta.meta_info_def.tensorflow_version = version
        del meta.collection_def["trainable_variables"]
        with tf.Graph().as_default():
            tf.train.import_meta_graph(meta)
            found.append([version, tf.global_variables()[0].trainable])
    return found


def loop_frames(tf: ModuleType) -> Any:
    """MG-175, MG-221: contexts in a scope rename the frames of their loops."""
    with tf.Graph().as_default():
        tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0], name="loop")
        meta = tf.train.export_meta_graph()
    for scope in ("s", "s"):
        tf.train.import_meta_graph(_again(tf, meta), import_scope=scope)
    tf.import_graph_def(meta.graph_def, name="without")
    return [
        [op.name, op.get_attr("frame_name").decode()]
        for op in tf.get_default_graph().get_operations()
        if op.type == "Enter"
    ]


# -- what is returned (MG-176 to MG-181) -----------------------------------------------


def savers(tf: ModuleType) -> Any:
    """MG-176, MG-177: the names in the definition, with the prefix."""
    found = []
    meta = exported(tf)
    for scope in (None, "s", "s", "t/"):
        saver = tf.train.import_meta_graph(_again(tf, meta), import_scope=scope)
        found.append(saver_names(saver))
    plain = tf.MetaGraphDef(saver_def=meta.saver_def)
    found += [
        saver_names(tf.train.import_meta_graph(_again(tf, plain), import_scope=scope))
        for scope in (None, "gone", "gone")
    ]
    empty = tf.MetaGraphDef()
    empty.saver_def.SetInParent()
    found.append(
        told(
            lambda: tf.train.import_meta_graph(empty),
            "must specify the save_tensor_name",
        )
    )
    return found


def default_savers(tf: ModuleType) -> Any:
    """MG-178, MG-179: made for all variables of the graph, or not at all."""
    meta = exported(tf)
    meta.ClearField("saver_def")
    tf.Variable(1.0, name="mine")
    found = [
        saver_names(tf.train.import_meta_graph(_again(tf, meta), import_scope=scope))
        for scope in (None, "s")
    ]
    restored = [
        op.inputs[0].op.name
        for op in tf.get_default_graph().get_operations()
        if op.type == "Assign" and op.name.startswith("save_2/")
    ]
    with tf.Graph().as_default():
        nothing = tf.train.import_meta_graph(tf.MetaGraphDef())
    return [found, sorted(restored), nothing is None]


def what_is_no_variable(tf: ModuleType) -> Any:
    """MG-180: a collection of variables that has something else."""
    meta = exported(tf)
    meta.ClearField("saver_def")
    for key in ("variables", "trainable_variables"):
        del meta.collection_def[key]
    meta.collection_def["variables"].node_list.value.append("y:0")
    return told(lambda: tf.train.import_meta_graph(meta))


# -- names (MG-190 to MG-194) ----------------------------------------------------------


def names_of_nodes(tf: ModuleType) -> Any:
    """MG-190: what a name may look like, in a file and in a program."""
    texts = ["a", "A.b", "0", ".x", "a>b", "a/b/c", "a\\b", "a-b", "_a", "/a", ">a"]
    texts += ["a b", "a:b", "", "-a", "\\a", "a$", "é", "a//b", "a/"]
    found = []
    for text in texts:
        nodes = tf.GraphDef()
        nodes.node.add(name=text, op="NoOp")

        def load(nodes: Any = nodes) -> None:
            with tf.Graph().as_default():
                tf.import_graph_def(nodes, name="")

        def make(text: str = text) -> None:
            with tf.Graph().as_default():
                tf.no_op(name=text)

        found.append([text, failure(load), failure(make)])
    return found


def look_ups(tf: ModuleType) -> Any:
    """MG-192: errors of look-ups by name."""
    tf.constant(1.0, name="c")
    graph = tf.get_default_graph()
    find = [graph.get_tensor_by_name, graph.get_operation_by_name]
    find.append(graph.as_graph_element)
    texts = ["c", "c:0", "c:1", "d", "d:0", "c:x", ":0", "c:0:0", "^c", 3, None]
    return [
        [str(text), *[failure(lambda f=f, t=text: f(t)) for f in find]]
        for text in texts
    ]


def queries_with_scope(tf: ModuleType) -> Any:
    """MG-194: a scope is matched at the start of names, as a pattern."""
    for name in ("a/x", "ab/x", "a.b/x", "axb/x"):
        tf.add_to_collection("mine", tf.constant(1.0, name=name))
    tf.add_to_collection("mine", 3)
    return [
        [scope, [t if t == 3 else t.name for t in tf.get_collection("mine", scope)]]
        for scope in ("a", "a/", "a.b", "b", "", None, ".*x")
    ]


# -- state (MG-220 to MG-224) ----------------------------------------------------------


def shared_resources(tf: ModuleType) -> Any:
    """MG-220: two imports of a resource variable are one; of a reference, two."""
    found = []
    for use_resource in (True, False):
        with tf.Graph().as_default():
            v = tf.get_variable("v", initializer=1.0, use_resource=use_resource)
            tf.assign(v, 5.0, name="set")
            meta = tf.train.export_meta_graph()
        with tf.Graph().as_default(), tf.Session() as sess:
            for scope in ("a", "b"):
                tf.train.import_meta_graph(_again(tf, meta), import_scope=scope)
            sess.run(tf.global_variables_initializer())
            sess.run("a/set")
            found.append(np.asarray(sess.run(tf.global_variables())).tolist())
    return found


def gradients_of_a_loop(tf: ModuleType) -> Any:
    """MG-222: a loop that came with its context."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [], name="x")
        loop = tf.while_loop(
            lambda i, _: i < 3, lambda i, y: (i + 1, y * x), [0, tf.constant(2.0)]
        )
        tf.identity(loop[1], name="y")
        meta = tf.train.export_meta_graph()
    tf.train.import_meta_graph(meta)
    graph = tf.get_default_graph()
    x, y = (graph.get_tensor_by_name(name) for name in ("x:0", "y:0"))
    (gradient,) = tf.gradients(y, x)
    with tf.Session() as sess:
        return [float(value) for value in sess.run([y, gradient], {x: 3.0})]


def without_initialization(tf: ModuleType) -> Any:
    """MG-224: local variables and tables are not initialised by a restore."""
    with tf.Graph().as_default():
        tf.get_variable("v", initializer=1.0)
        tf.get_variable("l", initializer=2.0, collections=["local_variables"])
        meta = tf.train.export_meta_graph()
    tf.train.import_meta_graph(meta)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return [
            failure(lambda: sess.run(tf.local_variables())),
            sess.run(tf.local_variables_initializer()),
            [float(value) for value in sess.run(tf.local_variables())],
            names(tf)[:2],
        ]


STATE_PROBES: list[Probe] = [
    all_kinds,
    kinds_in_a_scope,
    which_collections,
    odd_collections,
    broken_collections,
    resource_variables,
    trainability,
    loop_frames,
    savers,
    default_savers,
    what_is_no_variable,
    names_of_nodes,
    look_ups,
    queries_with_scope,
    shared_resources,
    gradients_of_a_loop,
    without_initialization,
]
