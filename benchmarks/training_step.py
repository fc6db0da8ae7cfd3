"""A training step of the benchmark models on the CPU: forward, backward, update."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.side_by_side import Benchmark, Budget

_STEPS = 30
_TRANSFORMER = "Transformer, 2 layers of 512, 4x128 tokens, Adam"
_SPARSE = "100 text features, tables 10,000x16, batch 256, Adagrad"


def measure(tf: ModuleType) -> dict[str, float]:
    """Return seconds per step."""
    return {
        "MLP 784-256-128-10, batch 128, Adam": _step_seconds(tf, _mlp),
        "ConvNet 32x32x3, batch 64, momentum": _step_seconds(tf, _convnet),
        _TRANSFORMER: _step_seconds(tf, _transformer),
        _SPARSE: _step_seconds(tf, _wide_and_deep),
    }


def _mlp(tf: ModuleType) -> tuple[Any, dict[Any, Any]]:
    x = tf.placeholder(tf.float32, [None, 784])
    labels = tf.placeholder(tf.int64, [None])
    hidden = tf.layers.dense(x, 256, activation=tf.nn.relu)
    hidden = tf.layers.dense(hidden, 128, activation=tf.nn.relu)
    train = _minimize(tf, tf.layers.dense(hidden, 10), labels, tf.train.AdamOptimizer())
    numbers = np.random.default_rng(0)
    feeds = {
        x: numbers.standard_normal((128, 784), dtype=np.float32),
        labels: numbers.integers(0, 10, 128),
    }
    return train, feeds


def _convnet(tf: ModuleType) -> tuple[Any, dict[Any, Any]]:
    x = tf.placeholder(tf.float32, [None, 32, 32, 3])
    labels = tf.placeholder(tf.int64, [None])
    y = x
    for filters in (32, 64):
        y = tf.layers.conv2d(y, filters, 3, padding="same", use_bias=False)
        y = tf.layers.batch_normalization(y, training=True)
        y = tf.layers.max_pooling2d(tf.nn.relu(y), 2, 2)
    y = tf.layers.dense(tf.layers.flatten(y), 128, activation=tf.nn.relu)
    y = tf.nn.dropout(y, keep_prob=0.5)
    optimizer = tf.train.MomentumOptimizer(0.01, 0.9)
    train = _minimize(tf, tf.layers.dense(y, 10), labels, optimizer)
    numbers = np.random.default_rng(0)
    feeds = {
        x: numbers.standard_normal((64, 32, 32, 3), dtype=np.float32),
        labels: numbers.integers(0, 10, 64),
    }
    return train, feeds


def _transformer(tf: ModuleType) -> tuple[Any, dict[Any, Any]]:
    batch, length, width, heads = 4, 128, 512, 8
    x = tf.placeholder(tf.float32, [batch, length, width])
    labels = tf.placeholder(tf.int64, [batch])

    def normalized(y: Any) -> Any:
        mean, variance = tf.nn.moments(y, [-1], keep_dims=True)
        return (y - mean) * tf.rsqrt(variance + 1e-6)

    def split(y: Any) -> Any:
        parts = tf.reshape(y, [batch, length, heads, width // heads])
        return tf.transpose(parts, [0, 2, 1, 3])

    y = tf.reshape(x, [-1, width])
    for _ in range(2):
        query, key, value = (split(tf.layers.dense(y, width)) for _ in range(3))
        weights = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) * 0.125)
        mixed = tf.transpose(tf.matmul(weights, value), [0, 2, 1, 3])
        mixed = tf.reshape(mixed, [-1, width])
        y = normalized(y + tf.layers.dense(mixed, width))
        wide = tf.layers.dense(y, 4 * width)
        wide *= 0.5 * (1.0 + tf.erf(wide * 0.7071))
        y = normalized(y + tf.layers.dense(wide, width))
    first = tf.reshape(y, [batch, length, width])[:, 0]
    optimizer = tf.train.AdamOptimizer()
    train = _minimize(tf, tf.layers.dense(first, 2), labels, optimizer)
    numbers = np.random.default_rng(0)
    feeds = {
        x: numbers.standard_normal((batch, length, width), dtype=np.float32),
        labels: numbers.integers(0, 2, batch),
    }
    return train, feeds


def _wide_and_deep(tf: ModuleType) -> tuple[Any, dict[Any, Any]]:
    batch, features, rows, width = 256, 100, 10_000, 16
    texts = tf.placeholder(tf.string, [batch, features])
    labels = tf.placeholder(tf.int64, [batch])
    ids = tf.string_to_hash_bucket_fast(texts, rows)
    first = tf.range(batch, dtype=tf.int64)
    places = tf.stack([first, tf.zeros_like(first)], 1)
    deep, wide = [], []
    for i in range(features):
        chosen = tf.SparseTensor(places, ids[:, i], [batch, 1])
        table = tf.get_variable(f"deep{i}", [rows, width])
        weights = tf.get_variable(f"wide{i}", [rows, 2])
        deep.append(tf.nn.embedding_lookup_sparse(table, chosen, None, combiner="mean"))
        wide.append(
            tf.nn.embedding_lookup_sparse(weights, chosen, None, combiner="sum")
        )
    hidden = tf.layers.dense(tf.concat(deep, 1), 64, activation=tf.nn.relu)
    logits = tf.layers.dense(hidden, 2) + tf.add_n(wide)
    train = _minimize(tf, logits, labels, tf.train.AdagradOptimizer(0.05))
    numbers = np.random.default_rng(0)
    words = numbers.integers(0, 50_000, (batch, features))
    feeds = {
        texts: words.astype(bytes).astype(object),
        labels: numbers.integers(0, 2, batch),
    }
    return train, feeds


def _minimize(tf: ModuleType, logits: Any, labels: Any, optimizer: Any) -> Any:
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        return optimizer.minimize(loss)


def _step_seconds(
    tf: ModuleType, build: Callable[[ModuleType], tuple[Any, dict[Any, Any]]]
) -> float:
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(1)
        train, feeds = build(tf)
        session.run(tf.global_variables_initializer())
        for _ in range(5):
            session.run(train, feeds)
        best = float("inf")
        for _ in range(3):
            start = time.perf_counter()
            for _ in range(_STEPS):
                session.run(train, feeds)
            best = min(best, (time.perf_counter() - start) / _STEPS)
        return best


BENCHMARK = Benchmark(
    title="Training step on the CPU",
    measure=measure,
    budgets={
        "MLP 784-256-128-10, batch 128, Adam": Budget(ratio=1),
        "ConvNet 32x32x3, batch 64, momentum": Budget(ratio=1),
        _TRANSFORMER: Budget(ratio=0.8),
        _SPARSE: Budget(ratio=1 / 3),
    },
)
