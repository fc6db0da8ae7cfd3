"""Calls of the functions of a SavedModel that was loaded as objects.

TensorFlow 2 wrote the model, see `_write_functions` in the recorder of SavedModels. A
case is a function of `tf` and the loaded model that returns what to run.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

Case = Callable[[ModuleType, Any], Any]
NAME = "objects_functions"


def defaults(tf: ModuleType, model: Any) -> Any:
    """Parameters that are left out, given by place, and given by name."""
    x = tf.constant([1.0, 2.0])
    return [
        model.scaled(x),
        model.scaled(x, 3),
        model.scaled(x=x, times=3),
        model.scaled(x, negate=True),
        model.scaled(tf.constant([[5, 6]]), times=2),
    ]


def converted(tf: ModuleType, model: Any) -> Any:
    """Values of Python for tensors, as long as a trace takes them."""
    del tf
    return [model.scaled(np.float32([7.0, 8.0])), model.scaled([7.0, 8.0])]


def structures(tf: ModuleType, model: Any) -> Any:
    """Dictionaries and lists, more places and names."""
    one = tf.constant(1.0)
    parts = {"b": [one, 2 * one], "a": 3 * one}
    found = [
        model.nested(parts),
        model.nested(parts, 4 * one, scale=2.0),
        model.nested(parts, 4 * one, scale=2.0, extra=one),
    ]
    if any(results.pop("none") is not None for results in found):
        raise AssertionError("a result that was None is not")
    return found


def sparse(tf: ModuleType, model: Any) -> Any:
    """Sparse arguments and results."""
    x = tf.SparseTensor([[0, 1], [1, 0]], [3.0, 4.0], [2, 3])
    found = model.sparse(x)
    return [found.indices, found.values, found.dense_shape]


def state(tf: ModuleType, model: Any) -> Any:
    """What changes variables, and what uses tables and objects inside."""
    with tf.control_dependencies([model.count()]):
        counted = model.count()
    return [counted, model.look(tf.constant(["dog", "x"])), model.part(2.0)]


def gradients(tf: ModuleType, model: Any) -> Any:
    """Through a call, for its argument and the variables of the model."""
    x = tf.constant([1.0, 2.0])
    return tf.gradients(model.scaled(x), [x, model.v])


def concrete(tf: ModuleType, model: Any) -> Any:
    """One trace, found by the types of its arguments."""
    spec = tf.TensorSpec([2], tf.float32)
    return model.scaled.get_concrete_function(spec, 3)(tf.constant([1.0, 1.0]))


CASES: dict[str, Case] = {
    case.__name__: case
    for case in (
        defaults,
        converted,
        structures,
        sparse,
        state,
        gradients,
        concrete,
    )
}


def wrong_type(tf: ModuleType, model: Any) -> Any:
    """No trace takes texts."""
    return model.scaled(tf.constant("x"))


def wrong_constant(tf: ModuleType, model: Any) -> Any:
    """No trace was made with this number."""
    return model.scaled(tf.constant([1.0, 2.0]), times=17)


def wrong_structure(tf: ModuleType, model: Any) -> Any:
    """No trace takes this dictionary."""
    return model.nested({"c": tf.constant(1.0)})


def no_trace(tf: ModuleType, model: Any) -> Any:
    """It was not called before it was saved."""
    return model.never(tf.constant(1.0))


MISTAKES: dict[str, Case] = {
    case.__name__: case
    for case in (wrong_type, wrong_constant, wrong_structure, no_trace)
}


def run(tf: ModuleType, case: Case, folder: str) -> Any:
    """Load the model into a graph; return the values of a case."""
    with tf.Graph().as_default(), tf.Session() as sess:
        model = tf.saved_model.load_v2(folder)
        wanted = case(tf, model)
        sess.run([tf.global_variables_initializer(), tf.tables_initializer()])
        return sess.run(wanted)


def mistake(tf: ModuleType, case: Case, folder: str) -> dict[str, str]:
    """Load the model into a graph; return the class and first line of an error."""
    with tf.Graph().as_default():
        model = tf.saved_model.load_v2(folder)
        try:
            case(tf, model)
        except (TypeError, ValueError) as error:
            return {
                "class": type(error).__name__,
                "message": str(error).partition("\n")[0],
            }
    raise AssertionError("it raises nothing")
