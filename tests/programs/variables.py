"""Programs about variables: creation, scopes, reuse, initialisers, assignment."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np


def variable_plain(tf: ModuleType) -> None:
    """Variables from numbers, arrays, tensors and functions."""
    tf.Variable(3.0)
    tf.Variable(np.arange(6, dtype=np.int64).reshape(2, 3), name="table")
    tf.Variable(tf.zeros([2, 2]), name="matrix", trainable=False)
    tf.Variable(lambda: tf.ones([3]), dtype=tf.float32, name="lazy")
    v = tf.Variable([1, 2, 3], name="named", dtype=tf.float64)
    v.assign([4, 5, 6])
    tf.add(v, v, name="sum")


def variable_names_collide(tf: ModuleType) -> None:
    """Variables that want the same name."""
    for _ in range(3):
        tf.Variable(0.0, name="same")
    with tf.name_scope("scope"):
        tf.Variable(0.0, name="same")
        tf.Variable(0.0, name="same")


def variable_arithmetic(tf: ModuleType) -> None:
    """Operators on variables, which read them first."""
    v = tf.Variable([1.0, 2.0], name="v")
    w = tf.Variable([3.0, 4.0], name="w")
    _ = v + w, v - 1.0, 2.0 * v, v / w, -v, v**2, v[0], v[::-1], v > w


def variable_assign(tf: ModuleType) -> None:
    """The assignments, as functions and as methods."""
    v = tf.Variable(tf.zeros([4, 2]), name="v")
    count = tf.Variable(0, name="count", trainable=False)
    tf.assign(v, tf.ones([4, 2]))
    tf.assign_add(count, 1)
    tf.assign_sub(count, 1, name="less")
    v.assign_add(tf.ones([4, 2]))
    v.assign_sub(tf.ones([4, 2]))
    tf.scatter_update(v, [0, 1], [[1.0, 1.0], [2.0, 2.0]])
    tf.scatter_add(v, [0], [[1.0, 1.0]])
    tf.scatter_sub(v, tf.constant([1]), tf.constant([[1.0, 1.0]]))
    tf.scatter_nd_update(v, [[0, 1]], [9.0])
    tf.assign(v, tf.zeros([5, 2]), validate_shape=False)


def variable_initialized(tf: ModuleType) -> None:
    """Initialisers, reports and the values variables had at first."""
    v = tf.Variable(tf.random_normal([2, 3], seed=1), name="v")
    w = tf.Variable(v.initialized_value() * 2.0, name="w")
    tf.is_variable_initialized(v)
    tf.report_uninitialized_variables()
    tf.variables_initializer([v, w], name="init_two")
    tf.global_variables_initializer()
    tf.local_variables_initializer()


def get_variable_scopes(tf: ModuleType) -> None:
    """Variable scopes, nested, reopened, with name scopes beside them."""
    with tf.variable_scope("outer") as outer:
        tf.get_variable("a", [2])
        with tf.variable_scope("inner"):
            tf.get_variable("a", [3], dtype=tf.float64)
            tf.identity(1.0, name="id")
        with tf.name_scope("named"):
            b = tf.get_variable("b", [4])
            tf.add(b, 1.0)
    with tf.variable_scope(outer):
        tf.get_variable("c", [1])
        tf.constant(2.0)
    with tf.variable_scope(outer, auxiliary_name_scope=False):
        tf.constant(3.0)
    with tf.variable_scope("outer"):
        tf.get_variable("d", [1])
        tf.constant(4.0)
    with tf.variable_scope(None, default_name="fresh"):
        tf.get_variable("e", [1])
    with tf.variable_scope(None, default_name="fresh"):
        tf.get_variable("e", [1])


def get_variable_reuse(tf: ModuleType) -> None:
    """Reuse by flag, by method, automatically, and by make_template."""
    with tf.variable_scope("model"):
        tf.get_variable("w", [3, 3])
    with tf.variable_scope("model", reuse=True):
        w = tf.get_variable("w", [3, 3])
        tf.matmul(w, w)
    with tf.variable_scope("model", reuse=tf.AUTO_REUSE):
        tf.get_variable("w", [3, 3])
        tf.get_variable("new", [3], initializer=tf.zeros_initializer())
    with tf.variable_scope("model") as scope:
        scope.reuse_variables()
        tf.square(tf.get_variable("new", [3]))

    def scale(x: Any) -> Any:
        return x * tf.get_variable("factor", [], initializer=tf.ones_initializer())

    template = tf.make_template("scaled", scale)
    template(tf.constant(1.0))
    template(tf.constant(2.0))


def initializers_constant(tf: ModuleType) -> None:
    """Initialisers that draw no numbers."""
    get = tf.get_variable
    get("zeros", [2, 3], initializer=tf.zeros_initializer())
    get("ones", [2, 3], initializer=tf.ones_initializer())
    get("class", [2], initializer=tf.zeros_initializer)
    get("constant", [2, 3], initializer=tf.constant_initializer(0.1))
    get("values", [2, 2], initializer=tf.constant_initializer([1, 2, 3, 4]))
    get("tensor", initializer=tf.constant([1.0, 2.0]))
    get("number", initializer=5.0)
    get("array", initializer=np.eye(2, dtype=np.float32))
    get("identity", [3, 3], initializer=tf.initializers.identity())
    get("whole", [2], dtype=tf.int32, initializer=tf.zeros_initializer())
    get("flag", [2], dtype=tf.bool, initializer=tf.zeros_initializer())


def initializers_random(tf: ModuleType) -> None:
    """Initialisers that draw numbers, with and without seeds."""
    get = tf.get_variable
    get("default", [4, 5])
    get("normal", [4], initializer=tf.random_normal_initializer(0.0, 0.02))
    get("truncated", [4], initializer=tf.truncated_normal_initializer(stddev=0.1))
    get("uniform", [4], initializer=tf.random_uniform_initializer(-0.1, 0.1, seed=3))
    get("xavier", [4, 5], initializer=tf.glorot_uniform_initializer(seed=4))
    get("xavier_normal", [4, 5], initializer=tf.glorot_normal_initializer())
    get("scaling", [3, 3, 4, 5], initializer=tf.variance_scaling_initializer(2.0))
    get("he", [4, 5], initializer=tf.initializers.he_normal())
    get("lecun", [4, 5], initializer=tf.initializers.lecun_uniform())
    get("orthogonal", [4, 5], initializer=tf.orthogonal_initializer(seed=1))


def initializers_seeded(tf: ModuleType) -> None:
    """A graph seed gives every drawing op a seed of its own."""
    tf.set_random_seed(1234)
    tf.get_variable("a", [4, 5])
    tf.get_variable("b", [4], initializer=tf.truncated_normal_initializer())
    tf.get_variable("c", [4], initializer=tf.random_normal_initializer(seed=9))
    tf.Variable(tf.truncated_normal([2, 2], stddev=0.1), name="d")


def get_variable_options(tf: ModuleType) -> None:
    """Collections, regularisers, custom getters, constraints, defaults of a scope."""
    tf.get_variable("mine", [2], collections=["mine", tf.GraphKeys.GLOBAL_VARIABLES])
    tf.get_variable("local", [2], collections=[tf.GraphKeys.LOCAL_VARIABLES])
    tf.get_variable("decayed", [2, 2], regularizer=lambda w: 0.5 * tf.reduce_sum(w * w))

    def renamed(getter: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        return getter(name + "_custom", *args, **kwargs)

    with tf.variable_scope(
        "scope",
        initializer=tf.constant_initializer(2.0),
        regularizer=tf.nn.l2_loss,
        custom_getter=renamed,
    ):
        tf.get_variable("w", [3])
        tf.get_variable("frozen", [3], trainable=False)
    with tf.variable_scope("wide", dtype=tf.float64):
        tf.get_variable("w", [3])
    tf.losses.get_regularization_loss()


def resource_variables(tf: ModuleType) -> None:
    """Resource variables: handles, reads and assignments."""
    v = tf.get_variable("v", [2, 3], use_resource=True)
    w = tf.Variable(1.0, use_resource=True, name="w")
    with tf.variable_scope("scope", use_resource=True):
        x = tf.get_variable("x", [], initializer=tf.zeros_initializer())
    _ = v + 1.0, v * w, v[0], v.read_value()
    w.assign(2.0)
    w.assign_add(x)
    w.assign_sub(1.0, read_value=False)
    tf.assign(x, 3.0)
    tf.gather(v, [0, 1])
    tf.scatter_add(v, [0], [[1.0, 1.0, 1.0]])
    tf.is_variable_initialized(v)
    tf.global_variables_initializer()


def partitioned_variables(tf: ModuleType) -> None:
    """A variable in slices, and the tensor that joins them."""
    with tf.variable_scope("split", partitioner=tf.fixed_size_partitioner(3)):
        table = tf.get_variable("table", [10, 4])
    tf.convert_to_tensor(table)
    tf.nn.embedding_lookup(table, [1, 5, 9])


def local_and_step(tf: ModuleType) -> None:
    """The global step and what counts on it."""
    step = tf.train.get_or_create_global_step()
    tf.train.get_or_create_global_step()
    tf.assign_add(step, 1)
    tf.group(tf.local_variables_initializer(), tf.tables_initializer())
    with tf.control_dependencies([step.initializer]):
        tf.no_op(name="done")


PROGRAMS = (
    variable_plain,
    variable_names_collide,
    variable_arithmetic,
    variable_assign,
    variable_initialized,
    get_variable_scopes,
    get_variable_reuse,
    initializers_constant,
    initializers_random,
    initializers_seeded,
    get_variable_options,
    resource_variables,
    partitioned_variables,
    local_and_step,
)
