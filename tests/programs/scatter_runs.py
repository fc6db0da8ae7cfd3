"""Programs that write by index what does not fit, or in ways that are rarely asked for.

A run takes the module it calls `tf` and returns values and errors.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.state_runs import error_of

_START = np.arange(1.0, 9.0, dtype=np.float32).reshape(4, 2)
# Indices and updates, as slices of a [4, 2].
_SLICES: tuple[tuple[Any, Any], ...] = (
    ([[0, 5]], [1.0]),
    ([[-1, 0]], [1.0]),
    (np.zeros((0, 2), np.int32), np.zeros(0, np.float32)),
    (np.zeros((1, 0), np.int32), np.ones((1, 4, 2), np.float32)),
    ([[0, 0, 0]], [1.0]),
    ([[0, 0], [1, 1]], [1.0]),
    ([[0]], [[1.0]]),
    ([[0, 0], [0, 0]], [2.0, 3.0]),
    ([1], [[5.0, 6.0]]),
    ([0, 2], [[5.0, 6.0], [7.0, 8.0]]),
)
_ROWS: tuple[tuple[Any, Any], ...] = (
    ([0, 1], [[1.0, 2.0]]),
    ([0], [1.0, 2.0]),
    ([7], 3.0),
    ([], 1.0),
    ([1], [[0.0, -0.0]]),
    ([1, 1], [[np.nan, 1.0], [2.0, np.nan]]),
    ([2, 0, 2], 2.0),
)
_COMBINE = ("Add", "Sub", "Mul", "Div", "Min", "Max", "Update")


def _found(tf: ModuleType, call: Callable[[], Any]) -> str:
    """Return a value or an error as one line, so that the record is short."""
    try:
        return str(np.asarray(call()).tolist())
    except tf.errors.OpError:
        # Where an axis is lacking TensorFlow says what it finds in memory.
        return ": ".join(error_of(tf, call)).split(" of updates[shape=[]] =")[0]


def _changes(
    tf: ModuleType, use_resource: bool, kind: str, given: Any, **attrs: Any
) -> list[Any]:
    """What a variable is after each change, which starts anew."""
    indices, updates = tf.placeholder(tf.int32), tf.placeholder(tf.float32)
    variable = tf.Variable(_START, use_resource=use_resource)
    found = []
    for combine in _COMBINE:
        name = ("Resource" if use_resource else "") + kind + combine
        op_function = getattr(tf.raw_ops, name, None)
        if op_function is None or (kind == "ScatterNd" and combine in ("Mul", "Div")):
            continue
        is_handle = use_resource and kind == "Scatter"
        reference = variable.handle if use_resource else variable._ref()
        target = {"resource" if is_handle else "ref": reference}
        change = op_function(**target, indices=indices, updates=updates, **attrs)
        with tf.control_dependencies([change]):
            after = variable.read_value()
        with tf.Session() as session:
            for where, what in given:
                session.run(variable.initializer)
                feeds = {indices: np.array(where, np.int32), updates: what}
                found.append(_found(tf, lambda f=feeds, a=after: session.run(a, f)))
    return found


def slices_of_variables(tf: ModuleType) -> Any:
    """Indices and updates of wrong shapes, outside, or with the last axis only."""
    return [_changes(tf, resource, "ScatterNd", _SLICES) for resource in (False, True)]


def slices_left_out(tf: ModuleType) -> Any:
    """What becomes of slices outside, as the attribute says."""
    return [
        _changes(tf, resource, "ScatterNd", _SLICES[:3], bad_indices_policy=policy)
        for resource in (False, True)
        for policy in ("ERROR", "IGNORE", "NONE")
    ]


def rows_of_variables(tf: ModuleType) -> Any:
    """Updates that do not fit, zeros to divide by, one number for all rows."""
    return [_changes(tf, resource, "Scatter", _ROWS) for resource in (False, True)]


def slices_of_copies(tf: ModuleType) -> Any:
    """The same of tensors, and of zeros of a fed shape."""
    tensor, indices = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    updates, dims = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    given = {"indices": indices, "updates": updates}
    found = []
    with tf.Session() as session:
        for combine in ("Update", "Add", "Sub", "Min", "Max"):
            op_function = getattr(tf.raw_ops, f"TensorScatter{combine}")
            copy = op_function(tensor=tensor, **given)
            for where, what in (*_SLICES, (3, 1.0), ([1, 1], 5.0)):
                feeds = {tensor: _START, indices: where, updates: what}
                found.append(_found(tf, lambda f=feeds, c=copy: session.run(c, f)))
        new = tf.raw_ops.ScatterNd(**given, shape=dims)
        for shape in ([4, 2], [0, 2], [-1, 2], [[4, 2]], [4], []):
            for where, what in (*_SLICES, (3, 1.0), ([1, 1], 5.0)):
                feeds = {dims: shape, indices: where, updates: what}
                found.append(_found(tf, lambda f=feeds: session.run(new, f)))
    return found


def sums_that_do_not_fit(tf: ModuleType) -> Any:
    """Values of another shape than the variable's."""
    value = tf.placeholder(tf.float32)
    found = []
    for use_resource in (False, True):
        variable = tf.Variable(_START, use_resource=use_resource)
        if use_resource:
            target, suffix = {"resource": variable.handle}, "VariableOp"
        else:
            target, suffix = {"ref": variable._ref()}, ""
        with tf.Session() as session:
            session.run(variable.initializer)
            for name in ("AssignAdd", "AssignSub"):
                change = getattr(tf.raw_ops, name + suffix)(**target, value=value)
                feeds = {value: [1.0, 2.0, 3.0]}
                found.append(_found(tf, lambda f=feeds, c=change: session.run(c, f)))
    return found


RUNS: dict[str, Callable[[ModuleType], Any]] = {
    run.__name__: run
    for run in (
        slices_of_variables,
        slices_left_out,
        rows_of_variables,
        slices_of_copies,
        sums_that_do_not_fit,
    )
}
