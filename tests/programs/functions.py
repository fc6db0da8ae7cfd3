"""Programs that define functions with `Defun` and use them.

Each takes the module it calls `tf`; `module` gives it those that are not public.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

Fetches = Sequence[Any]


def module(tf: ModuleType, path: str) -> ModuleType:
    """Return a module that is not public, of the library that `tf` is part of."""
    is_tensorflow = "tensorflow" in tf.__name__
    root = "tensorflow.python" if is_tensorflow else "metagraft.compat.python"
    return import_module(f"{root}.{path}")


def defun(
    tf: ModuleType, *types: Any, **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the decorator `Defun` with its arguments."""
    decorator: Callable[[Callable[..., Any]], Callable[..., Any]]
    decorator = module(tf, "framework.function").Defun(*types, **options)
    return decorator


def named_by_content(tf: ModuleType) -> Fetches:
    """A function named after its content, with a captured tensor and a description."""
    scale = tf.constant([1.0, 2.0], name="outer/scale")

    @defun(tf, tf.float32, tf.float32)
    def scaled(x: Any, Y_1: Any) -> Any:  # noqa: N803 - arguments become lower case
        """Adds and scales."""
        with tf.control_dependencies([x]):
            total = x + Y_1
        with tf.control_dependencies([total]):
            two = tf.constant(2.0)
        first, second = tf.split(total * scale, 2)
        return first, second, two

    a = scaled(tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0]), name="call")
    b = scaled([5.0, 6.0], [7.0, 8.0])
    return [*a, *b]


def several_names(tf: ModuleType) -> Fetches:
    """Names by content for many kinds of constants and attributes."""

    @defun(tf, tf.float32)
    def unchanged(x: Any) -> Any:
        return x

    @defun(tf)
    def constants() -> Any:
        return (
            tf.constant([[1, 2], [3, 4]]),
            tf.constant(["a", "bc"]),
            tf.constant(2.5, tf.float64),
            tf.constant([], tf.int64),
            tf.zeros([3], tf.bool),
        )

    @defun(tf, tf.float32)
    def windows(x: Any) -> Any:
        image = tf.reshape(x, [1, 4, 4, 1])
        return tf.nn.max_pool(image, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")

    @defun(tf, tf.float32, noinline=True)
    def marked(x: Any) -> Any:
        with tf.device("/cpu:0"):
            return tf.sqrt(x, name="root")

    return [
        unchanged(1.0),
        *constants(),
        windows(tf.range(16.0)),
        marked(tf.constant([4.0])),
    ]


def named(tf: ModuleType) -> Fetches:
    """Functions with names of their own, one calling the other, one without result."""

    @defun(tf, tf.float32, func_name="Inner", noinline=True)
    def inner(x: Any) -> Any:
        return tf.tanh(x) * 2.0

    @defun(tf, tf.float32, func_name="Outer", out_names=["total", "Twice"])
    def outer(x: Any) -> Any:
        y = inner(x, name="nested")
        return y + inner(y), y

    @defun(tf, tf.float32, func_name="Checked")
    def checked(x: Any) -> Any:
        tf.Print(x, [x])

    results = outer(tf.constant([0.5]), name="use")
    checked(tf.constant(1.0))
    return list(results)


def overloaded(tf: ModuleType) -> Fetches:
    """A function without declared types, used with two."""

    @defun(tf, func_name="Double")
    def double(x: Any) -> Any:
        return x + x

    return [double(tf.constant(1)), double(tf.constant(2.0)), double(tf.constant(3.0))]


def gradient_function(tf: ModuleType) -> Fetches:
    """A function with a gradient function, differentiated."""

    @defun(tf, tf.float32, tf.float32, func_name="CubeGrad")
    def cube_grad(x: Any, dy: Any) -> Any:
        return 3.0 * x * x * dy

    @defun(tf, tf.float32, func_name="Cube", grad_func=cube_grad)
    def cube(x: Any) -> Any:
        return x * x * x

    x = tf.constant([1.0, 2.0])
    y = cube(x)
    return [y, *tf.gradients(y, x)]


def gradient_without_function(tf: ModuleType) -> Fetches:
    """A function whose gradient follows from its body; two results, one used."""
    weights = tf.constant([[1.0, 2.0], [3.0, 4.0]])

    @defun(tf, tf.float32, func_name="Layer")
    def layer(x: Any) -> Any:
        product = tf.matmul(x, weights)
        return tf.nn.relu(product), tf.reduce_sum(product)

    x = tf.constant([[1.0, -2.0]])
    y, _ = layer(x)
    return [y, *tf.gradients(y, [x, weights])]


def python_gradient(tf: ModuleType) -> Fetches:
    """A function whose gradient nodes a Python function adds."""

    def rule(op: Any, dy: Any) -> Any:
        return dy * 7.0 * op.inputs[0]

    @defun(tf, tf.float32, func_name="Odd", python_grad_func=rule)
    def odd(x: Any) -> Any:
        return tf.sign(x)

    x = tf.constant([3.0, -2.0])
    y = odd(x)
    return [y, *tf.gradients(y, x)]


def variables_inside(tf: ModuleType) -> Fetches:
    """Variables that a function asks for belong to the graph around it."""

    @defun(tf, tf.float32, func_name="Uses")
    def uses(x: Any) -> Any:
        v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=False)
        w = tf.get_variable("w", initializer=[3.0, 4.0], use_resource=True)
        return v * x + w

    return [uses(2.0)]


def by_value(tf: ModuleType) -> Fetches:
    """A function that copies what it uses from outside."""
    base = tf.add(tf.constant([1.0, 2.0], name="one"), 2.0, name="base")

    @defun(tf, tf.float32, func_name="Copies", capture_by_value=True)
    def copies(x: Any) -> Any:
        return x * base

    return [copies(tf.constant(2.0))]


def functional_if(tf: ModuleType) -> Fetches:
    """A branch between two functions, by conditions of several types."""
    functional = module(tf, "ops.functional_ops")

    @defun(tf, tf.float32, func_name="More")
    def more(x: Any) -> Any:
        return x + 1.0, x * 2.0

    @defun(tf, tf.float32, func_name="Fewer")
    def fewer(x: Any) -> Any:
        return x - 1.0, x / 2.0

    x = tf.constant([1.0, 2.0])
    return [
        *functional.If(tf.constant(True), [x], more, fewer),
        *functional.If(tf.constant(0), [x], more, fewer, name="by_number"),
        *functional.If(tf.constant(2.5), [x], more, fewer),
        *functional.If(tf.constant(""), [x], more, fewer, name="by_text"),
    ]


def functional_loops(tf: ModuleType) -> Fetches:
    """Loops over functions, with and without tensors from outside."""
    functional = module(tf, "ops.functional_ops")
    factor = tf.constant([1.5, 2.0], name="factor")

    @defun(tf, tf.int32, tf.float32, func_name="Few")
    def few(i: Any, x: Any) -> Any:
        return i < 3

    @defun(tf, tf.int32, tf.float32, func_name="Step")
    def step(i: Any, x: Any) -> Any:
        return i + 1, x * 2.0

    @defun(tf, tf.int32, tf.float32, func_name="Scaled")
    def scaled(i: Any, x: Any) -> Any:
        return i + 1, x * factor

    @defun(tf, tf.int32, tf.float32, func_name="Counted")
    def counted(i: Any, x: Any) -> Any:
        return x + tf.cast(i, tf.float32)

    start = [tf.constant(0), tf.constant([1.0, 2.0])]
    return [
        *functional.While(start, few, step),
        *functional.While(start, few, scaled, name="captures", hostmem=[0]),
        *functional.For(1, 5, 2, [tf.constant([1.0])], counted),
        *functional.For(
            tf.constant(9),
            tf.constant(1),
            tf.constant(-3),
            [tf.constant([1.0])],
            counted,
            rewrite_with_while=True,
        ),
    ]


def remote(tf: ModuleType) -> Fetches:
    """A call on a named device."""
    functional = module(tf, "ops.functional_ops")

    @defun(tf, tf.float32, func_name="There")
    def there(x: Any) -> Any:
        return x * 3.0

    return functional.remote_call(
        target="/job:localhost/replica:0/task:0/device:CPU:0",
        args=[tf.constant([5.0])],
        Tout=[tf.float32],
        f=there,
    )


def effects(tf: ModuleType) -> Fetches:
    """Calls, branches and loops that change variables."""
    functional = module(tf, "ops.functional_ops")
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=True)
    handle = v.handle

    @defun(tf, tf.resource, tf.float32, func_name="AddTo")
    def add_to(target: Any, x: Any) -> Any:
        tf.raw_ops.AssignAddVariableOp(resource=target, value=x)
        return x * 2.0

    @defun(tf, tf.resource, tf.float32, func_name="SubtractFrom")
    def subtract_from(target: Any, x: Any) -> Any:
        tf.raw_ops.AssignSubVariableOp(resource=target, value=x)
        return x * 3.0

    @defun(tf, tf.int32, tf.resource, tf.float32, func_name="Twice")
    def twice(i: Any, target: Any, x: Any) -> Any:
        return i < 2

    @defun(tf, tf.int32, tf.resource, tf.float32, func_name="AddAgain")
    def add_again(i: Any, target: Any, x: Any) -> Any:
        tf.raw_ops.AssignAddVariableOp(resource=target, value=x)
        return i + 1, target, x * 10.0

    x = tf.constant([0.5, 0.25])
    called = add_to(handle, x)
    with tf.control_dependencies([called]):
        (branched,) = functional.If(
            tf.constant(False), [handle, x], add_to, subtract_from
        )
    with tf.control_dependencies([branched]):
        _, _, looped = functional.While(
            [tf.constant(0), handle, x], twice, add_again, name="loop"
        )
    with tf.control_dependencies([looped]):
        return [called, branched, looped, v.read_value()]


def nested_in_branches(tf: ModuleType) -> Fetches:
    """Functions in conditionals and loops of version 1, and these in functions."""

    @defun(tf, tf.float32, func_name="Halve")
    def halve(x: Any) -> Any:
        return tf.while_loop(lambda y: y > 1.0, lambda y: y / 2.0, [x])

    @defun(tf, tf.float32, tf.bool, func_name="Choose")
    def choose(x: Any, flag: Any) -> Any:
        return tf.cond(flag, lambda: halve(x), lambda: -x)

    x = tf.constant(37.0)
    y = tf.cond(x > 3.0, lambda: choose(x, tf.constant(True)), lambda: x)
    _, total = tf.while_loop(
        lambda i, t: i < 3,
        lambda i, t: (i + 1, t + tf.reshape(choose(x, tf.equal(i, 1)), [])),
        [tf.constant(0), tf.constant(0.0)],
    )
    return [y, total, choose(x, tf.constant(False))]


def variables_reused(tf: ModuleType) -> Fetches:
    """Variables inside follow the scopes and their `reuse`, and functions in functions.

    A function can ask for what it has used of the graph around it.
    """
    function = module(tf, "framework.function")

    @defun(tf, tf.float32, func_name="Layers")
    def layers(x: Any) -> Any:
        for reuse in (None, True):
            with tf.variable_scope("linear", reuse=reuse):
                w = tf.get_variable("w", [2], initializer=tf.ones_initializer())
                x = tf.tanh(x * w)
        return x

    @defun(tf, tf.float32, func_name="Outer")
    def outer(x: Any) -> Any:
        y = layers(x)
        found = function.get_extra_vars()
        (w,) = function.get_extra_args()
        return y, tf.gradients(y, [w])[0], tf.constant([v.op.name for v in found])

    with tf.variable_scope("model"):
        return outer([0.5, -0.25])


def variables_of_templates(tf: ModuleType) -> Fetches:
    """A template has the same variables inside and outside of functions."""

    def build(x: Any) -> Any:
        w = tf.get_variable("w", [2], initializer=tf.ones_initializer())
        v = tf.get_variable("v", initializer=[3.0], use_resource=True)
        return x * w + v

    def called(model: Any, name: str) -> Any:
        return defun(tf, tf.float32, func_name=name)(lambda x: model(x))

    fetches = []
    for name in ("outside_first", "inside_first"):
        model = tf.make_template(name, build, create_scope_now_=True)
        inside = called(model, f"Model_{name}")
        models = [model, inside]
        if name == "inside_first":
            models.reverse()
        fetches += [call(tf.constant([1.0, 2.0])) for call in models]
    return [*fetches, tf.constant([v.name for v in tf.global_variables()])]


def guaranteed_constants(tf: ModuleType) -> Fetches:
    """What is guaranteed to be constant outside is so inside."""
    v = tf.Variable([1.0, 2.0], name="v", use_resource=False)
    const = tf.guarantee_const(v)
    still = tf.identity(tf.identity(const) * const)
    other = still + v

    @defun(tf, func_name="Constants")
    def constants() -> Any:
        return const + still + other + still

    return [constants()]


def checked_inside(tf: ModuleType) -> Fetches:
    """Checks, updates and loops in the branches of a function."""
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=True)

    @defun(tf, tf.float32, func_name="Checked")
    def checked(x: Any) -> Any:
        with tf.control_dependencies([tf.Assert(tf.less_equal(x, 10.0), [x])]):
            return tf.identity(x)

    @defun(tf, tf.float32, tf.resource, func_name="Counted")
    def counted(x: Any, target: Any) -> Any:
        def more(i: Any, y: Any) -> Any:
            with tf.control_dependencies([tf.Assert(y < 100.0, [y])]):
                return i + 1, y * 2.0

        def add() -> Any:
            tf.raw_ops.AssignAddVariableOp(resource=target, value=[1.0, 1.0])
            return y + 1.0

        _, y = tf.while_loop(lambda i, y: i < 3, more, [tf.constant(0), x])
        return tf.cond(y > 20.0, add, lambda: y)

    few = counted(tf.constant(1.0), v.handle)
    with tf.control_dependencies([few]):
        many = counted(checked(tf.constant(3.0)), v.handle)
    with tf.control_dependencies([many]):
        return [few, many, v.read_value()]


def random_numbers(tf: ModuleType) -> Fetches:
    """The seed of the graph is not that of functions."""
    tf.set_random_seed(7)

    @defun(tf)
    def drawn() -> Any:
        return tf.random_uniform([2]), tf.random_uniform([2], seed=3)

    return [drawn()[1], tf.random_uniform([2])]


PROGRAMS = (
    random_numbers,
    variables_reused,
    variables_of_templates,
    guaranteed_constants,
    checked_inside,
    effects,
    nested_in_branches,
    named_by_content,
    several_names,
    named,
    overloaded,
    gradient_function,
    gradient_without_function,
    python_gradient,
    variables_inside,
    by_value,
    functional_if,
    functional_loops,
    remote,
)
