"""Programs that cut graphs and freeze variables; each returns a `GraphDef`."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from google.protobuf import text_format


def _model(tf: ModuleType) -> None:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", initializer=np.arange(6, dtype=np.float32).reshape(3, 2))
    b = tf.get_variable("b", initializer=[1.0, 2.0], use_resource=True)
    table = tf.get_variable("table", initializer=[[1.0], [2.0]], use_resource=True)
    step = tf.Variable(5, name="step")
    y = tf.add(tf.matmul(x, w), b, name="y")
    checked = tf.check_numerics(tf.stop_gradient(tf.identity(y)), "no number")
    with tf.control_dependencies([checked]):
        kept = tf.identity(y, name="kept")
    tf.add(tf.identity(kept), tf.to_float(step), name="out")
    tf.gather(table, [1, 0], name="rows")
    tf.assign_add(step, 1, name="train")


def _session(tf: ModuleType) -> Any:
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


def freeze_all(tf: ModuleType) -> Any:
    """Reference and resource variables, and rows of one."""
    _model(tf)
    with _session(tf) as session:
        return tf.graph_util.convert_variables_to_constants(
            session, session.graph_def, ["out", "rows"]
        )


def freeze_some(tf: ModuleType) -> Any:
    """Chosen variables, of a graph with shapes."""
    _model(tf)
    nodes = tf.get_default_graph().as_graph_def(add_shapes=True)
    with _session(tf) as session:
        return tf.graph_util.convert_variables_to_constants(
            session, nodes, ["out"], ["w", "b"], ["b"]
        )


def freeze_loop(tf: ModuleType) -> Any:
    """A variable that a loop reads."""
    v = tf.Variable(2.0, name="v")
    out = tf.while_loop(lambda i: i < 10.0, lambda i: i + v, [0.0])
    tf.identity(out, name="out")
    with _session(tf) as session:
        return tf.graph_util.convert_variables_to_constants(
            session, session.graph_def, ["out"]
        )


def extracted(tf: ModuleType) -> Any:
    """What one node needs."""
    _model(tf)
    nodes = tf.get_default_graph().as_graph_def()
    return tf.graph_util.extract_sub_graph(nodes, ["kept"])


def without_training_nodes(tf: ModuleType) -> Any:
    """Checks and nodes that only pass values on are left out."""
    _model(tf)
    nodes = tf.get_default_graph().as_graph_def()
    return tf.graph_util.remove_training_nodes(nodes, ["w/read"])


def _conditional_update(tf: ModuleType, use_resource: bool) -> Any:
    """What batch normalisation does: one branch updates, the other one reads."""
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    training = tf.placeholder_with_default(False, [], name="training")
    moving = tf.get_variable(
        "moving_mean",
        initializer=[1.0, 2.0],
        trainable=False,
        use_resource=use_resource,
    )
    mean = tf.reduce_mean(x, 0)

    def updated() -> Any:
        update = tf.assign_sub(moving, (moving - mean) * 0.5, name="update")
        with tf.control_dependencies([update]):
            return tf.identity(mean)

    used = tf.cond(training, updated, lambda: tf.identity(moving))
    tf.subtract(x, used, name="out")
    with _session(tf) as session:
        return tf.graph_util.convert_variables_to_constants(
            session, session.graph_def, ["out"]
        )


def freeze_update(tf: ModuleType) -> Any:
    """A reference variable with an update left; TensorFlow does not import it."""
    return _conditional_update(tf, False)


def freeze_resource_update(tf: ModuleType) -> Any:
    """A resource variable with an update left; TensorFlow does not import it."""
    return _conditional_update(tf, True)


def freeze_functions(tf: ModuleType) -> Any:
    """Variables that branches and loops get, which are functions here, and theirs."""
    tf.enable_control_flow_v2()
    try:
        x = tf.placeholder(tf.float32, [2], name="x")
        v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=True)
        limit = tf.get_variable("limit", initializer=3.0, use_resource=True)
        chosen = tf.cond(x[0] > 0.0, lambda: x * v, lambda: x + 1.0, name="choice")

        def body(i: Any, a: Any) -> Any:
            more = tf.cond(a[0] > 2.0, lambda: v + limit, lambda: v - 1.0, name="inner")
            return i + 1.0, a * v + more

        _, out = tf.while_loop(lambda i, _: i < limit, body, [0.0, chosen], name="loop")
        tf.identity(out, name="out")
    finally:
        tf.disable_control_flow_v2()
    with _session(tf) as session:
        frozen = tf.graph_util.convert_variables_to_constants(
            session, session.graph_def, ["out"]
        )
    return _without_numbers(frozen)


def _without_numbers(graph_def: Any) -> Any:
    """Take the numbers off functions; TensorFlow counts them through the process."""
    text = text_format.MessageToString(graph_def)
    text = re.sub(r"(_(?:true|false|body|cond)(?:_frozen)?)_\d+(___|\")", r"\1\2", text)
    renamed = text_format.Parse(text, type(graph_def)())
    renamed.library.function.sort(key=lambda function: function.signature.name)
    return renamed


PROGRAMS: dict[str, Callable[[ModuleType], Any]] = {
    program.__name__: program
    for program in (
        freeze_all,
        freeze_some,
        freeze_loop,
        freeze_functions,
        freeze_update,
        freeze_resource_update,
        extracted,
        without_training_nodes,
    )
}
