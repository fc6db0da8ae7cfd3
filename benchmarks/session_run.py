"""`Session.run` of tiny graphs: what a call costs besides the arithmetic."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.side_by_side import Benchmark, Budget

_CALLS = 2000


def measure(tf: ModuleType) -> dict[str, float]:
    """Return seconds per call of `run`."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 2])
        w = tf.Variable(np.ones((2, 3), np.float32), use_resource=False)
        y = tf.matmul(x, w) + 1.0
        total = tf.reduce_sum(y)
        count = tf.Variable(0.0, use_resource=True)
        step = tf.assign_add(count, 1.0)
        session.run(tf.global_variables_initializer())
        feed = np.ones((4, 2), np.float32)
        return {
            "a constant expression": _call_seconds(session, total.graph, tf),
            "x @ w + 1, fed": _seconds(lambda: session.run(y, {x: feed})),
            "list of two, fed": _seconds(lambda: session.run([y, total], {x: feed})),
            "a counter's update": _seconds(lambda: session.run(step)),
        }


def _call_seconds(session: Any, graph: Any, tf: ModuleType) -> float:
    with graph.as_default():
        three = tf.add(tf.constant(1.0), tf.constant(2.0))
    return _seconds(lambda: session.run(three))


def _seconds(call: Callable[[], Any]) -> float:
    for _ in range(20):
        call()
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(_CALLS):
            call()
        best = min(best, (time.perf_counter() - start) / _CALLS)
    return best


_BUDGET = Budget(seconds=25e-6, ratio=4)
BENCHMARK = Benchmark(
    title="Session.run of a tiny graph",
    measure=measure,
    budgets={
        "a constant expression": _BUDGET,
        "x @ w + 1, fed": _BUDGET,
        "list of two, fed": _BUDGET,
        "a counter's update": _BUDGET,
    },
)
