"""Small programs about fine points: odd operands, names in errors, what is refused.

Each takes the module it calls `tf` and returns values.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.programs.state_runs import error_of


def barrier_mistakes(tf: ModuleType) -> Any:
    """What a barrier refuses: empty parts, parts twice, wrong shapes, closed ones."""
    raw = tf.raw_ops
    types = [tf.float32, tf.int32]
    handle = raw.Barrier(component_types=types, shapes=[[], [2]], shared_name="b")
    other_types = raw.Barrier(
        component_types=[tf.float32, tf.int64], shapes=[[], [2]], shared_name="b"
    )
    other_shapes = raw.Barrier(component_types=types, shapes=[[], [3]], shared_name="b")
    keys = tf.placeholder(tf.string, [None])
    numbers = tf.placeholder(tf.float32)
    pairs = tf.placeholder(tf.int32)

    def insert(index: int, values: Any) -> Any:
        return raw.BarrierInsertMany(
            handle=handle, keys=keys, values=values, component_index=index
        )

    first, second, third = insert(0, numbers), insert(1, pairs), insert(2, numbers)
    close = raw.BarrierClose(handle=handle)
    cancel = raw.BarrierClose(handle=handle, cancel_pending_enqueues=True)
    sizes = [
        raw.BarrierReadySize(handle=handle),
        raw.BarrierIncompleteSize(handle=handle),
    ]
    found = []
    with tf.Session() as session:

        def note(fetch: Any, *, k: Any = None, n: Any = 0.0, p: Any = 0) -> None:
            feeds = {keys: k or [], numbers: n, pairs: p}
            found.append(error_of(tf, lambda: session.run(fetch, feeds)))

        note(handle.op)
        note(other_types.op)
        note(other_shapes.op)
        note(third, k=["a"], n=[1.0])
        note(first, k=["a"], n=[])
        note(first, k=[], n=[])
        note(first, k=["a", "b"], n=[1.0, 2.0])
        note(second, k=["a"], p=[[1, 2, 3]])
        found.append(session.run(sizes))
        note(close)
        note(close)
        note(first, k=[], n=[])
        note(second, k=["c"], p=[[1, 2]])
        note(second, k=["b", "c"], p=[[1, 2], [3, 4]])
        note(second, k=["c"], p=[[1, 2]])
        found.append(session.run(sizes))
        note(cancel)
        note(cancel)
        note(close)
        note(first, k=[], n=[])
    return found


def partial_run_mistakes(tf: ModuleType) -> Any:
    """What a run in parts refuses."""
    x, y = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    double, product = x * 2.0, x * y
    with tf.Session() as session:
        found = [error_of(tf, lambda: session.partial_run_setup([], [x]))]
        never = session.partial_run_setup([double], [])
        found.append(error_of(tf, lambda: session.partial_run(never, double)))
        later = session.partial_run_setup([double, product], [x, y])
        found.append(
            error_of(tf, lambda: session.partial_run(later, product, {x: 1.0}))
        )
    return found


RUNS = {
    run.__name__: run
    for run in (
        barrier_mistakes,
        partial_run_mistakes,
    )
}
