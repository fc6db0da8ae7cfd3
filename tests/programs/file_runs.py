"""What cases that work with files share: what they start from, how they end.

A case is a function of a library; it runs in an empty folder and returns plain values
without absolute paths, which are compared with TensorFlow's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np

Case = Callable[[ModuleType], Any]

# What error messages quote that people search for.
FRAGMENTS = (
    "is not found in",
    "doesn't match with shape of tensor",
    "Should be 'scope/': 'other_scope/'",
    "that were not used",
    "Expected 2nd dim of shape",
    "No checkpoint specified",
    "Nothing except the root object matched",
    "not bound to checkpointed values",
    "Unresolved object in checkpoint",
    "Expected a positive integer or `None` for `max_to_keep`",
    "`step_counter` should be passed",
    "expecting a trackable object",
    "No variables to save",
    "`var_list` is provided then build cannot be deferred",
    "`build()` should be called before save",
    "At least two variables have the same name",
    "will be restored with two names",
    "is not a Variable",
    "Not a variable",
    "Name is not a string",
    "should be passed in a dict or a list",
    "Mixing slices and non-slices",
    "must specify the save_tensor_name",
    "must specify the restore_op_name",
    "must be a saver_pb2.SaverDef",
    "must be on the same device",
    "must not contain path components",
    "collides with 'save_path'",
    "'sess' must be a Session",
    "Cannot interpret feed_dict key as Tensor",
    "closed Session",
    "Can't load save_path when it is None",
    "not a valid checkpoint",
    "Restoring from checkpoint failed",
    "not found in checkpoint",
    "a mismatch between the current graph",
    "Checksum does not match",
    "Read less bytes than requested",
    "block checksum mismatch",
    "conflicts with path used for checkpoint state",
    "must match checkpoint paths",
    "Invalid checkpoint state loaded from",
    "Couldn't find 'checkpoint' file",
    "Existing variables not in the checkpoint",
    "variable name(s) did match",
)


def tree() -> list[str]:
    """Return the names of all files below the folder."""
    return sorted(str(path) for path in Path().rglob("*") if path.is_file())


def variables(tf: ModuleType) -> tuple[Any, Any, Any]:
    """Make a vector, a number and a resource variable."""
    a = tf.Variable([1.0, 2.0], name="a")
    b = tf.Variable(3, name="b")
    r = tf.get_variable("r", initializer=4.0, use_resource=True)
    return a, b, r


def started(tf: ModuleType) -> Any:
    """Make these variables and return a session in which they have values."""
    variables(tf)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


def cut(shape: Any, dtype: Any) -> list[int]:
    """Cut the first axis in two."""
    del dtype
    return [2] + [1] * (len(shape) - 1)


def stored(tf: ModuleType, prefix: str) -> Any:
    """Return what a checkpoint holds, by name."""
    reader = tf.train.load_checkpoint(prefix)
    shapes = reader.get_variable_to_shape_map()
    return {
        name: [
            shapes[name],
            reader.get_variable_to_dtype_map()[name].name,
            np.asarray(reader.get_tensor(name)).tolist(),
        ]
        for name in sorted(shapes)
    }


def definition(saver: Any) -> Any:
    """Return the fields of a saver's definition."""
    found = saver.as_saver_def()
    return None if found is None else fields(found)


def fields(message: Any) -> dict[str, Any]:
    return {
        field.name: value
        for field, value in message.ListFields()
        if field.name != "@unused"
    }


@contextmanager
def clock(start: float) -> Iterator[list[float]]:
    """Give a time that a test moves."""
    now = [start]
    with mock.patch("time.time", side_effect=lambda: now[0]):
        yield now


def started_once(tf: ModuleType, values: dict[str, Any]) -> Any:
    """Return a session in which variables of these names have these values."""
    for name, value in values.items():
        tf.Variable(value, name=name)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


def outcome(tf: ModuleType, case: Case) -> dict[str, Any]:
    """Return what a case returns, or the class of its error and what that quotes."""
    try:
        with tf.Graph().as_default():
            value = case(tf)
    except (tf.errors.OpError, AssertionError, AttributeError, KeyError) as error:
        return _error(error)
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        return _error(error)
    return {"value": repr(value)}


def _error(error: Exception) -> dict[str, Any]:
    message = str(error)
    quoted = [fragment for fragment in FRAGMENTS if fragment in message]
    return {"error": type(error).__name__, "quotes": quoted}
