"""Building a graph: microseconds an operation, for plain ops and for a network."""

from __future__ import annotations

import time
from types import ModuleType

from benchmarks.side_by_side import Benchmark, Budget

OPS = 3000


def measure(tf: ModuleType) -> dict[str, float]:
    """Return seconds per operation."""
    _elementwise(tf, 50)
    _network(tf, 2)
    return {
        "element-wise ops, per op": min(_elementwise(tf, OPS) for _ in range(3)),
        "dense layers with gradients, per op": min(_network(tf, 40) for _ in range(2)),
    }


def _elementwise(tf: ModuleType, count: int) -> float:
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [None, 8])
        y = x
        start = time.perf_counter()
        for _ in range(count // 3):
            y = tf.nn.relu(y * x + 1.0)
        elapsed = time.perf_counter() - start
    return elapsed / len(graph.get_operations())


def _network(tf: ModuleType, layers: int) -> float:
    graph = tf.Graph()
    with graph.as_default():
        start = time.perf_counter()
        x = tf.placeholder(tf.float32, [None, 16])
        y = x
        for layer in range(layers):
            with tf.variable_scope(f"layer{layer}"):
                w = tf.get_variable("w", [16, 16])
                b = tf.get_variable("b", [16], initializer=tf.zeros_initializer())
                y = tf.nn.relu(tf.matmul(y, w) + b)
        loss = tf.reduce_mean(tf.square(y))
        tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        elapsed = time.perf_counter() - start
    return elapsed / len(graph.get_operations())


BENCHMARK = Benchmark(
    title="Building a graph",
    measure=measure,
    budgets={
        "element-wise ops, per op": Budget(seconds=30e-6),
        "dense layers with gradients, per op": Budget(ratio=1),
    },
)
