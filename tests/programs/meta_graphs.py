"""Programs that export MetaGraphs; each returns the message that it exports."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.functions import defun

Export = Callable[[ModuleType], Any]


def _model(tf: ModuleType) -> tuple[Any, Any, Any]:
    """A small model; returns its input, its loss and its training operation."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    with tf.variable_scope("hidden"):
        w = tf.get_variable("w", initializer=np.ones([3, 2], np.float32))
        b = tf.get_variable("b", initializer=[0.0, 0.0], use_resource=True)
        y = tf.add(tf.matmul(x, w), b, name="y")
    step = tf.Variable(0, trainable=False, name="step")
    loss = tf.reduce_sum(tf.square(y), name="loss")
    train = tf.assign_sub(w, tf.gradients(loss, w)[0], name="train")
    with tf.control_dependencies([train]):
        count = tf.assign_add(step, 1, name="count")
    return x, loss, count


def export_plain(tf: ModuleType) -> Any:
    """Variables, losses and operations in collections."""
    _, loss, train = _model(tf)
    tf.add_to_collection("train_op", train.op)
    tf.add_to_collection("losses", loss)
    tf.add_to_collection(tf.GraphKeys.LOSSES, loss)
    return tf.train.export_meta_graph()


def export_collections(tf: ModuleType) -> Any:
    """Collections of every kind, and of kinds that cannot be stored."""
    c = tf.constant(1.0, name="c")
    tf.add_to_collection("texts", "hello")
    tf.add_to_collection("texts", b"\xff\x00")
    tf.add_to_collection("texts", "né")
    for number in (1, -5, 2**62):
        tf.add_to_collection("ints", number)
    for number in (1.5, 2, float("inf")):
        tf.add_to_collection("floats", number)
    tf.add_to_collection("doubles", np.float64(0.1))
    tf.add_to_collection("nodes", c)
    tf.add_to_collection("nodes", c.op)
    tf.add_to_collection("nodes", c)
    tf.add_to_collection("bools", True)
    tf.add_to_collection("mixed", 1)
    tf.add_to_collection("mixed", 1.5)
    tf.add_to_collection("arrays", np.zeros(2))
    tf.add_to_collection("nothing", None)
    tf.add_to_collection("tuples", (c, c))
    tf.add_to_collection("huge", 2**70)
    tf.add_to_collection(("a", "key"), 1)
    tf.add_to_collection("variables", c)
    tf.get_collection_ref("empty")
    return tf.train.export_meta_graph()


def export_variables(tf: ModuleType) -> Any:
    """Reference, resource, local and partitioned variables with all their options."""
    tf.Variable(1.0, name="plain")
    tf.Variable(1.0, name="fixed", trainable=False)
    tf.get_variable(
        "r", shape=[2], initializer=tf.zeros_initializer(), use_resource=True
    )
    tf.get_variable("l", initializer=1.0, collections=["local_variables"])
    tf.get_variable(
        "read_on_sync",
        initializer=1.0,
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.MEAN,
    )
    tf.get_variable(
        "cut",
        shape=[4, 2],
        initializer=tf.ones_initializer(),
        partitioner=lambda shape, dtype: [2, 1],
    )
    tf.train.Saver()
    return tf.train.export_meta_graph()


def export_nothing(tf: ModuleType) -> Any:
    """A graph without nodes."""
    return tf.train.export_meta_graph()


def export_chosen_collections(tf: ModuleType) -> Any:
    """Some collections only, one of which does not exist."""
    _model(tf)
    tf.add_to_collection("one", 1)
    tf.add_to_collection("two", 2)
    return tf.train.export_meta_graph(collection_list=["two", "three", "variables"])


def export_no_collections(tf: ModuleType) -> Any:
    """An empty list asks for no collections."""
    _model(tf)
    return tf.train.export_meta_graph(collection_list=[])


def export_info(tf: ModuleType) -> Any:
    """What the caller says about the MetaGraph is kept, but for the versions."""
    tf.constant(1.0)
    info = tf.MetaGraphDef.MetaInfoDef(
        meta_graph_version="mine", tensorflow_version="9", tags=["serve", "gpu"]
    )
    info.stripped_op_list.op.add(name="Own")
    info.function_aliases["a"] = "b"
    return tf.train.export_meta_graph(meta_info_def=info)


def export_graph_def(tf: ModuleType) -> Any:
    """The caller's nodes, with the collections of the graph."""
    tf.constant(1.0, name="c")
    tf.add_to_collection("texts", "hello")
    nodes = tf.GraphDef()
    nodes.node.add(name="n", op="NoOp", device="/gpu:0")
    nodes.versions.producer = 21
    return tf.train.export_meta_graph(graph_def=nodes, graph=tf.get_default_graph())


def export_graph_def_scope(tf: ModuleType) -> Any:
    """The caller's nodes, of which one scope is taken."""
    nodes = tf.GraphDef()
    nodes.node.add(name="s/n", op="NoOp", device="/gpu:0")
    nodes.node.add(name="s/m", op="NoOp", input=["^s/n", "^o/p"])
    nodes.node.add(name="o/p", op="NoOp")
    return tf.train.export_meta_graph(
        graph_def=nodes, export_scope="s", clear_devices=True
    )


def export_stripped(tf: ModuleType) -> Any:
    """No attributes that equal their default."""
    x, _, _ = _model(tf)
    tf.matmul(x, x, transpose_b=True)
    tf.nn.bias_add(x, [1.0, 2.0, 3.0])
    return tf.train.export_meta_graph(strip_default_attrs=True)


def export_devices(tf: ModuleType) -> Any:
    """Devices, as they are."""
    return _with_devices(tf, clear_devices=False)


def export_without_devices(tf: ModuleType) -> Any:
    """Devices cleared."""
    return _with_devices(tf, clear_devices=True)


def _with_devices(tf: ModuleType, *, clear_devices: bool) -> Any:
    with tf.device("/job:ps/task:1"):
        v = tf.Variable(1.0, name="v")
    with tf.device("/gpu:0"):
        tf.add(v, 1.0)
    return tf.train.export_meta_graph(clear_devices=clear_devices)


def export_scope(tf: ModuleType) -> Any:
    """One scope, with inputs from outside and names that only begin alike."""
    x, _, _ = _model(tf)
    outside = tf.constant(2.0, name="outside")
    with tf.name_scope("hid"):
        a = tf.add(outside, outside, name="a")
        with tf.control_dependencies([outside]):
            b = tf.identity(a, name="b")
        with (
            tf.colocate_with(outside.op),
            tf.colocate_with(b.op, ignore_existing=False),
        ):
            tf.identity(x, name="colocated")
    with tf.name_scope("hid2"):
        c = tf.identity(a, name="c")
    tf.add_to_collection("mine", b)
    tf.add_to_collection("mine", outside)
    tf.add_to_collection("mine", c)
    tf.add_to_collection("texts", "hid/text")
    tf.add_to_collection("texts", "other")
    tf.add_to_collection("ints", 3)
    tf.train.Saver()
    return tf.train.export_meta_graph(export_scope="hid")


def export_scope_slash(tf: ModuleType) -> Any:
    """The slash keeps names that only begin alike out."""
    with tf.name_scope("hid"):
        a = tf.constant(1.0, name="a")
    with tf.name_scope("hid2"):
        tf.identity(a, name="c")
    return tf.train.export_meta_graph(export_scope="hid/")


def export_scope_variables(tf: ModuleType) -> Any:
    """Variables of the scope only, and a saver in it."""
    _model(tf)
    with tf.name_scope("hidden/"):
        saver = tf.train.Saver(tf.trainable_variables())
    tf.add_to_collection("savers", saver)
    return tf.train.export_meta_graph(export_scope="hidden")


def export_scope_saver_outside(tf: ModuleType) -> Any:
    """A saver outside the scope leaves an empty collection."""
    _model(tf)
    tf.add_to_collection("savers", tf.train.Saver())
    return tf.train.export_meta_graph(export_scope="hidden")


def export_scope_queues(tf: ModuleType) -> Any:
    """A queue of the scope with its runner, and one outside."""
    for scope in ("s", "other"):
        with tf.name_scope(scope):
            queue = tf.FIFOQueue(10, tf.float32, [[]], name="queue")
            enqueue = queue.enqueue([1.0], name="enqueue")
            tf.train.add_queue_runner(tf.train.QueueRunner(queue, [enqueue] * 2))
            queue.dequeue(name="dequeue")
    return tf.train.export_meta_graph(export_scope="s")


def export_variable_collections(tf: ModuleType) -> Any:
    """Every collection whose elements are variables."""
    tf.train.create_global_step()
    v = tf.Variable(1.0, name="v")
    r = tf.get_variable("r", initializer=1.0, use_resource=True)
    tf.train.ExponentialMovingAverage(0.9).apply([v])
    for key in ("local_variables", "model_variables", "metric_variables"):
        tf.add_to_collection(key, v)
        tf.add_to_collection(key, r)
    return tf.train.export_meta_graph()


def export_scope_own_collection(tf: ModuleType) -> Any:
    """Unbound inputs under another name."""
    x = tf.placeholder(tf.float32, name="x")
    with tf.name_scope("s"):
        tf.add(x, 1.0)
    return tf.train.export_meta_graph(
        export_scope="s", unbound_inputs_col_name="missing"
    )


def export_scope_no_collection(tf: ModuleType) -> Any:
    """Unbound inputs that no collection lists."""
    x = tf.placeholder(tf.float32, name="x")
    with tf.name_scope("s"):
        tf.add(x, 1.0)
    return tf.train.export_meta_graph(export_scope="s", unbound_inputs_col_name=None)


def export_scope_unknown(tf: ModuleType) -> Any:
    """A scope that nothing is in."""
    _model(tf)
    return tf.train.export_meta_graph(export_scope="nowhere")


def export_savers(tf: ModuleType) -> Any:
    """A saver's definition, as argument and in the collection."""
    _model(tf)
    saver = tf.train.Saver(max_to_keep=3, sharded=True)
    tf.add_to_collection("savers", saver)
    return tf.train.export_meta_graph(saver_def=saver.as_saver_def())


def export_one_saver(tf: ModuleType) -> Any:
    """Nodes of other savers left out."""
    _model(tf)
    first = tf.train.Saver()
    second = tf.train.Saver(name="second")
    tf.add_to_collection("savers", first)
    tf.add_to_collection("savers", second)
    return tf.train.export_meta_graph(
        saver_def=second.as_saver_def(), clear_extraneous_savers=True
    )


def export_no_saver(tf: ModuleType) -> Any:
    """Nodes of all savers left out."""
    _model(tf)
    tf.train.Saver()
    return tf.train.export_meta_graph(clear_extraneous_savers=True)


def export_of_saver(tf: ModuleType) -> Any:
    """What a saver exports itself."""
    _model(tf)
    tf.train.Saver()
    saver = tf.train.Saver(pad_step_number=True, max_to_keep=None)
    return saver.export_meta_graph(clear_devices=True, strip_default_attrs=True)


def import_and_export(tf: ModuleType) -> Any:
    """Import in scopes, twice without one, and in an open scope; then export."""
    exported = export_savers(tf)
    tf.add_to_collection("texts", "hello")
    with tf.Graph().as_default():
        tf.train.import_meta_graph(exported, import_scope="a")
        tf.train.import_meta_graph(exported, import_scope="a")
        with tf.name_scope("open"):
            tf.train.import_meta_graph(exported)
            tf.train.import_meta_graph(exported, import_scope="in")
        # TensorFlow clears the devices of the message itself.
        tf.train.import_meta_graph(exported, import_scope="b/", clear_devices=True)
        return tf.train.export_meta_graph()


def import_twice(tf: ModuleType) -> Any:
    """Names that collide when there is no scope.

    Collections are left out: TensorFlow's have the first import twice (MG-134).
    """
    exported = export_savers(tf)
    with tf.Graph().as_default():
        tf.train.import_meta_graph(exported)
        tf.train.import_meta_graph(exported)
        return tf.train.export_meta_graph(collection_list=[])


def import_mapped(tf: ModuleType) -> Any:
    """An input replaced, and shapes that follow from it."""
    exported = export_plain(tf)
    with tf.Graph().as_default():
        mine = tf.placeholder(tf.float32, [7, 3], name="mine")
        tf.train.import_meta_graph(exported, import_scope="m", input_map={"x:0": mine})
        tf.train.import_meta_graph(
            exported,
            import_scope="n",
            input_map={"x": np.ones([2, 3], np.float32)},
            restore_collections_predicate=lambda key: key == "losses",
        )
        return tf.train.export_meta_graph()


def import_part(tf: ModuleType) -> Any:
    """A scope cut out of one graph and put into another."""
    x = tf.placeholder(tf.float32, [2], name="x")
    with tf.name_scope("s"):
        v = tf.Variable([1.0, 2.0], name="v")
        tf.add(x, v, name="sum")
    exported = tf.train.export_meta_graph(export_scope="s")
    with tf.Graph().as_default():
        y = tf.constant([3.0, 4.0], name="y")
        tf.train.import_meta_graph(
            exported, import_scope="t", input_map={"$unbound_inputs_x": y}
        )
        return tf.train.export_meta_graph()


def _control_flow(tf: ModuleType) -> Any:
    """A loop with a branch in it, and a branch; returns what depends on both."""
    v = tf.Variable(2.0, name="v")
    x = tf.placeholder(tf.float32, [], name="x")
    with tf.name_scope("s"):

        def body(i: Any, total: Any) -> Any:
            step = tf.cond(total > 3.0, lambda: total * v, lambda: total + x)
            return i + 1, step

        _, loop = tf.while_loop(lambda i, _: i < 5, body, [0, x], parallel_iterations=3)
        out = tf.cond(x > 0.0, lambda: loop * v, lambda: x - 1.0, name="branch")
        return tf.identity(out, name="out")


def export_control_flow(tf: ModuleType) -> Any:
    """The contexts of loops and branches."""
    _control_flow(tf)
    return tf.train.export_meta_graph()


def export_control_flow_gradient(tf: ModuleType) -> Any:
    """The contexts of loops with gradients."""
    out = _control_flow(tf)
    tf.gradients(out, tf.trainable_variables(), name="mine")
    return tf.train.export_meta_graph()


def import_control_flow(tf: ModuleType) -> Any:
    """Loops and branches in a scope, and their gradients."""
    exported = export_control_flow(tf)
    with tf.Graph().as_default() as graph:
        tf.train.import_meta_graph(exported)
        out = graph.get_tensor_by_name("s/out:0")
        tf.gradients(out, tf.trainable_variables(), name="mine")
        tf.train.import_meta_graph(exported, import_scope="t")
        return tf.train.export_meta_graph()


def _functions(tf: ModuleType) -> None:
    """Calls of functions, one inside a scope and one in a function."""
    limit = tf.constant([3.0, 4.0], name="limit")

    @defun(tf, tf.float32)
    def product(x: Any) -> Any:
        with tf.device("/gpu:0"):
            row = tf.reshape(x, [1, 2], name="row")
            return tf.matmul(row, row, transpose_b=True)

    @defun(tf, tf.float32, func_name="limited")
    def limited(x: Any) -> Any:
        return product(tf.minimum(x, limit))

    with tf.name_scope("s"), tf.device("/gpu:1"):
        x = tf.placeholder(tf.float32, [2], name="x")
        tf.identity(limited(x), name="y")
    tf.identity(product(limit), name="z")
    tf.Variable(1.0, name="s/v")


def _ordered(exported: Any) -> Any:
    """Order functions by name: TensorFlow's own order is that of a hash."""
    exported.graph_def.library.function.sort(key=lambda f: f.signature.name)
    return exported


def export_functions(tf: ModuleType) -> Any:
    """Functions with the shapes inside them."""
    _functions(tf)
    return _ordered(tf.train.export_meta_graph())


def export_functions_scope(tf: ModuleType) -> Any:
    """All functions with a part of the graph, as they are stored."""
    _functions(tf)
    return tf.train.export_meta_graph(export_scope="s")


def export_functions_stripped(tf: ModuleType) -> Any:
    """Functions without what equals a default; devices inside them stay."""
    _functions(tf)
    return tf.train.export_meta_graph(clear_devices=True, strip_default_attrs=True)


def export_functions_of_saver(tf: ModuleType) -> Any:
    """What a saver exports has the shapes inside functions, whatever else is asked."""
    _functions(tf)
    return _ordered(tf.train.Saver().export_meta_graph(clear_devices=True))


EXPORTS: dict[str, Export] = {
    export.__name__: export
    for export in (
        export_plain,
        export_collections,
        export_variables,
        export_nothing,
        export_chosen_collections,
        export_no_collections,
        export_info,
        export_graph_def,
        export_graph_def_scope,
        export_stripped,
        export_devices,
        export_without_devices,
        export_scope,
        export_scope_slash,
        export_scope_variables,
        export_scope_saver_outside,
        export_scope_queues,
        export_variable_collections,
        export_scope_own_collection,
        export_scope_no_collection,
        export_scope_unknown,
        export_savers,
        export_one_saver,
        export_no_saver,
        export_of_saver,
        import_and_export,
        import_twice,
        import_mapped,
        import_part,
        export_control_flow,
        export_control_flow_gradient,
        import_control_flow,
        export_functions,
        export_functions_scope,
        export_functions_stripped,
        export_functions_of_saver,
    )
}
