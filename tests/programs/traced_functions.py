"""Programs that use `tf.function` in graphs."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

Fetches = Sequence[Any]


def calls(tf: ModuleType) -> Fetches:
    """Calls with equal and with other types and shapes; defaults, structures."""
    scale = tf.constant([1.0, 2.0], name="outer/scale")

    def scaled(x: Any, factor: float = 2.0) -> Any:
        return {"a": x * scale * factor, "b": [tf.reduce_sum(x)]}

    traced = tf.function(scaled)
    one = traced(tf.constant([3.0, 4.0]))
    two = traced(tf.constant([5.0, 6.0]))
    three = traced(tf.constant([[5.0, 6.0]]), factor=3.0)
    with tf.name_scope("inside"):
        four = traced(tf.constant([3.0, 4.0]))
    return [v for r in (one, two, three, four) for v in (r["a"], *r["b"])]


def nested_calls(tf: ModuleType) -> Fetches:
    """Functions that call functions, with a signature."""
    bias = tf.constant([0.5, -0.5], name="bias")

    def activation(x: Any) -> Any:
        return tf.nn.relu(x + bias)

    inner = tf.function(
        activation, input_signature=[tf.TensorSpec([None, 2], tf.float32)]
    )

    def layers(x: Any) -> Any:
        return inner(x) + inner(x * 2.0)

    return [tf.function(layers)(tf.ones([3, 2]))]


def ordered_effects(tf: ModuleType) -> Fetches:
    """Effects run in the order of the program, and in every call."""
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=True)

    def update(x: Any) -> Any:
        before = v.read_value()
        v.assign_add(x)
        v.assign(v * 2.0)
        return before, v.read_value()

    traced = tf.function(update)
    first = traced(tf.constant([1.0, 1.0]))
    with tf.control_dependencies(list(first)):
        second = traced(tf.constant([3.0, 1.0]))
    return [*first, *second]


def read_only(tf: ModuleType) -> Fetches:
    """A function that only reads a variable."""
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=True)

    def product(x: Any) -> Any:
        return x * v

    return [tf.function(product)(tf.constant([1.0, 3.0]))]


def control_flow_inside(tf: ModuleType) -> Fetches:
    """Branches and loops in a function are functions, whatever the switch says."""
    v = tf.get_variable("v", initializer=1.0, use_resource=True)

    def mixed(x: Any) -> Any:
        y = tf.cond(x > 1.0, lambda: v.assign_add(x).read_value(), lambda: x)
        _, z = tf.while_loop(
            lambda i, t: i < 3,
            lambda i, t: (i + 1, t + x),
            [tf.constant(0), y],
            name="loop",
        )
        return z

    return [tf.function(mixed)(tf.constant(2.0))]


def gradients_of_calls(tf: ModuleType) -> Fetches:
    """Gradients of calls: of arguments, captured tensors and variables."""
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=True)
    w = tf.constant([0.5, -0.5], name="w")

    def layer(x: Any) -> Any:
        hidden = tf.sin(x) * v
        return tf.exp(hidden) * w, tf.shape(x)

    traced = tf.function(layer)
    x = tf.constant([3.0, 4.0], name="x")
    y, _ = traced(x)
    again, _ = traced(y)
    first = tf.gradients(y, [x, w, v])
    second = tf.gradients(again, [x], name="through_both")
    return [y, *first, *second]


def gradients_of_nested_calls(tf: ModuleType) -> Fetches:
    """Gradients of functions that call functions and branch."""

    def inner(x: Any) -> Any:
        return tf.tanh(x) * x

    nested = tf.function(inner)

    def outer(x: Any) -> Any:
        y = nested(x)
        return tf.cond(tf.reduce_sum(y) > 1.0, lambda: tf.exp(y), lambda: nested(y))

    x = tf.constant([0.5, 2.0], name="x")
    return tf.gradients(tf.function(outer)(x), x)


def arrays_inside(tf: ModuleType) -> Fetches:
    """Arrays in a function, and a map over elements."""

    def mixed(x: Any) -> Any:
        outputs = tf.TensorArray(tf.float32, size=3)
        _, outputs = tf.while_loop(
            lambda i, o: i < 3,
            lambda i, o: (i + 1, o.write(i, x * tf.cast(i, tf.float32))),
            [tf.constant(0), outputs],
        )
        return outputs.stack(), tf.map_fn(lambda e: e + 1.0, x)

    return list(tf.function(mixed)(tf.constant([2.0, 3.0])))


def calls_in_version_1(tf: ModuleType) -> Fetches:
    """A function with a loop, called in a loop and a branch of version 1."""
    x = tf.constant([0.5, 2.0], name="x")

    def looped(x: Any) -> Any:
        return tf.while_loop(
            lambda i, t: i < 3,
            lambda i, t: (i + 1, tf.sin(t) * 2.0),
            [tf.constant(0), x],
        )[1]

    called = tf.function(looped)
    _, y = tf.while_loop(
        lambda i, t: i < 2, lambda i, t: (i + 1, called(t)), [tf.constant(0), x]
    )
    z = tf.cond(tf.constant(True), lambda: called(x), lambda: x)
    return [y, *tf.gradients(y, x), z, *tf.gradients(z, x)]


def wrapped(tf: ModuleType) -> Fetches:
    """Code of version 1 as functions; it may make variables and has no order."""
    x = tf.constant([0.5, 2.0], name="x")
    w = tf.constant([1.5, 2.0], name="w")
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=True)

    def scaled(t: Any, flag: bool, u: Any) -> Any:
        return {"a": t * w * v if flag else t, "b": [tf.reduce_sum(t) + u]}

    def making(t: Any) -> Any:
        inner = tf.Variable([5.0, 1.0], name="inner")
        return inner * t + tf.get_variable("got", initializer=[1.0, 3.0])

    pair = tf.TensorSpec([2], tf.float32)
    given = tf.TensorSpec([], tf.float32, name="given")
    results = tf.wrap_function(scaled, [pair, True, given])(x, tf.constant(3.0))
    made = tf.wrap_function(making, [pair], name="making")(x)
    return [
        results["a"],
        *results["b"],
        *tf.gradients(results["a"], [x, w, v]),
        made,
        *tf.gradients(made, x),
    ]


def padded_suppression(tf: ModuleType) -> Fetches:
    """Boxes that a function of the library chooses, tile by tile."""
    corners = tf.reshape(tf.range(48.0) * 7 % 11, [2, 6, 4])
    boxes = tf.placeholder_with_default(corners, [2, None, 4])
    scores = tf.placeholder_with_default(corners[:, :, 0] * 0.1, [2, None])
    batch = tf.image.non_max_suppression_padded(
        boxes,
        scores,
        tf.constant(3),
        score_threshold=0.2,
        pad_to_max_output_size=True,
        canonicalized_coordinates=True,
        tile_size=4,
        name="padded",
    )
    one = tf.image.non_max_suppression_padded(
        tf.placeholder_with_default(corners[0], [None, 4]),
        tf.placeholder_with_default([0.9, 0.8, 0.7, 0.3, 0.2, 0.1], [None]),
        3,
        0.3,
        sorted_input=True,
    )
    return [*batch, *one]


def noted_attributes(tf: ModuleType) -> Fetches:
    """Definitions, calls and gradients have the attributes that users ask for."""

    def squared(name: str, **options: Any) -> Any:
        def traced(x: Any) -> Any:
            return x * x * 2.0

        traced.__name__ = name
        return tf.function(traced, **options)

    noted = {"api_implements": "squares", "go_backwards": 3, "time_major": [True, 1.5]}
    spelled = 'name: "squares" attr { key: "n" value { i: 3 } }'
    asked: list[dict[str, Any]] = [
        {"jit_compile": True},
        {"jit_compile": False},
        {"experimental_compile": True, "experimental_implements": "squares"},
        {"experimental_implements": spelled},
        {"experimental_attributes": noted, "experimental_follow_type_hints": True},
    ]
    results = []
    for options in asked:
        x = tf.constant([0.5, 2.0])
        y = squared(f"squared_{'abcde'[len(results) // 2]}", **options)(x)
        results += [y, *tf.gradients(y, x)]
    implementing = squared("squares", experimental_attributes={"_implements": "q"})
    return [*results, implementing([0.5, 2.0]), implementing(3.0)]


def unordered_effects(tf: ModuleType) -> Fetches:
    """Effects of a function have no order if it asks for none."""
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=True)

    def update(x: Any) -> Any:
        with tf.control_dependencies([v.assign_add(x)]):
            return v.read_value()

    options = {"experimental_attributes": {"_disable_acd": True}}
    return [tf.function(update, **options)(tf.constant([1.0, 1.0]))]


def added_gradients(tf: ModuleType) -> Fetches:
    """Functions of gradients are in the graph before any is asked for."""

    def waved(x: Any) -> Any:
        return tf.sin(x) * x

    concrete = tf.function(waved).get_concrete_function(tf.TensorSpec([2]))
    concrete.add_gradient_functions_to_graph()
    x = tf.constant([0.5, 2.0])
    y = concrete(x)
    return [y, *tf.gradients(y, x)]


PROGRAMS = (
    arrays_inside,
    gradients_of_calls,
    gradients_of_nested_calls,
    calls,
    nested_calls,
    ordered_effects,
    read_only,
    control_flow_inside,
    calls_in_version_1,
    wrapped,
    padded_suppression,
    noted_attributes,
    added_gradients,
    unordered_effects,
)
