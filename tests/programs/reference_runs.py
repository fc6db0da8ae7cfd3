"""Programs in which a run decides which variable a reference is to.

A run takes the module it calls `tf` and returns values.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.state_runs import error_of


def _variables(tf: ModuleType, count: int) -> list[Any]:
    return [
        tf.get_variable(
            f"v{i}", initializer=np.array([i, i + 1], np.float32), use_resource=False
        )
        for i in range(count)
    ]


def _values(session: Any, variables: list[Any]) -> list[Any]:
    return list(session.run([variable.value() for variable in variables]))


def selected_by_a_fed_index(tf: ModuleType) -> Any:
    """What changes the variable, and what reads it then."""
    variables = _variables(tf, 3)
    index = tf.placeholder(tf.int32, [])
    refs = [variable._ref() for variable in variables]
    chosen = tf.raw_ops.RefSelect(index=index, inputs=refs)
    changes = [
        tf.raw_ops.AssignAdd(ref=chosen, value=[10.0, 10.0]),
        tf.raw_ops.Assign(ref=chosen, value=[7.0, 8.0]),
        tf.raw_ops.ScatterAdd(ref=chosen, indices=[0], updates=[5.0]),
    ]
    descent = tf.raw_ops.ApplyGradientDescent(var=chosen, alpha=0.5, delta=[1.0, 1.0])
    with tf.control_dependencies([tf.identity(descent)]):
        same = tf.raw_ops.RefIdentity(input=descent)
        chain = tf.raw_ops.AssignAdd(ref=same, value=[100.0, 100.0])
    square = tf.ones([200, 200])
    total = tf.reduce_sum(tf.matmul(square, square)) + tf.reduce_sum(chain)
    found: list[Any] = [chosen.shape.as_list()]
    with tf.Session() as session:
        session.run(tf.variables_initializer(variables))
        for place, change in zip((0, 2, 1, 1), [*changes, changes[0]], strict=True):
            found.append(session.run(change, {index: place}))
        # Often enough to be compiled.
        found += [session.run(total, {index: place}) for place in (0, 1, 2, 1) * 4]
        found.append(_values(session, variables))
        for place in (3, -1):
            error = error_of(tf, lambda p=place: session.run(total, {index: p}))
            found.append(error)
    return found


def selected_without_value(tf: ModuleType) -> Any:
    """All variables have to have values, also the one to be changed."""
    first, second = _variables(tf, 2)
    index = tf.placeholder(tf.int32, [])
    refs = [first._ref(), second._ref()]
    chosen = tf.raw_ops.RefSelect(index=index, inputs=refs)
    assigned = tf.raw_ops.Assign(ref=chosen, value=[5.0, 5.0])
    is_set = tf.raw_ops.IsVariableInitialized(ref=chosen)
    found: list[Any] = []
    with tf.Session() as session:
        session.run(first.initializer)
        found += [
            error_of(tf, lambda o=op: session.run(o, {index: 0}))
            for op in (chosen, assigned, is_set)
        ]
        session.run(second.initializer)
        found.append(session.run(is_set, {index: 1}))
    return found


def references_of_branches(tf: ModuleType) -> Any:
    """The variable of the branch that was taken is changed, also behind the merge."""
    first, second = _variables(tf, 2)
    taken = tf.placeholder(tf.bool, [])
    switches = [
        tf.raw_ops.RefSwitch(data=one._ref(), pred=taken) for one in (first, second)
    ]
    merged = tf.raw_ops.RefMerge(
        inputs=[switches[0].output_false, switches[1].output_true]
    )
    added = tf.raw_ops.AssignAdd(ref=merged.output, value=[1000.0, 1000.0])
    changed = [
        tf.raw_ops.AssignAdd(ref=side, value=[value, value])
        for side, value in zip(switches[0], (10.0, 100.0), strict=True)
    ]
    again = tf.raw_ops.RefMerge(inputs=changed)
    last = tf.raw_ops.AssignSub(ref=again.output, value=[1.0, 1.0])
    found: list[Any] = []
    with tf.Session() as session:
        session.run(tf.variables_initializer([first, second]))
        for value in (True, False, True):
            fed = {taken: value}
            found.append(session.run([added, merged.value_index], fed))
            found.append(session.run([last, again.value_index], fed))
            found.append(_values(session, [first, second]))
    return found


def reference_in_a_loop(tf: ModuleType) -> Any:
    """Every iteration changes the variable that the loop hands on."""
    (variable,) = _variables(tf, 1)

    def body(i: Any, reference: Any) -> Any:
        return i + 1, tf.raw_ops.AssignAdd(ref=reference, value=[1.0, 1.0])

    start = [tf.constant(0), variable._ref()]
    count, reference = tf.while_loop(lambda i, _: i < 3, body, start)
    changed = tf.raw_ops.AssignAdd(ref=reference, value=[100.0, 100.0])
    with tf.Session() as session:
        session.run(variable.initializer)
        found = [session.run([count, changed]), session.run(reference)]
        return [*found, _values(session, [variable])]


RUNS: dict[str, Callable[[ModuleType], Any]] = {
    run.__name__: run
    for run in (
        selected_by_a_fed_index,
        selected_without_value,
        references_of_branches,
        reference_in_a_loop,
    )
}
