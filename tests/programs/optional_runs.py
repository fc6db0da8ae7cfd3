"""Programs with optionals, and mistakes with them. Each takes the module `tf`."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from types import ModuleType
from typing import Any

Pair = namedtuple("Pair", "first second")


def _run(tf: ModuleType, fetches: list[Any]) -> list[Any]:
    with tf.Session() as session:
        return list(session.run(fetches))


def optional_values(tf: ModuleType) -> list[Any]:
    """A number, a list that is one tensor, a fed tensor, and nothing."""
    optional = tf.experimental.Optional
    fed = tf.placeholder_with_default([[1.0]], [None, 1])
    held = [optional.from_value(value) for value in (42, [1, 2], fed, "text")]
    nothing = optional.empty(tf.TensorSpec([], tf.int32))
    fetches = [one.get_value() for one in held]
    fetches += [one.has_value() for one in (*held, nothing)]
    return _run(tf, [*fetches, nothing.has_value(name="is_there")])


def optional_structures(tf: ModuleType) -> list[Any]:
    """Dictionaries, tuples, sparse and ragged tensors, and optionals in optionals."""
    optional = tf.experimental.Optional
    sparse = tf.SparseTensor([[0, 1]], [3.0], [2, 4])
    loose = tf.sparse_placeholder(tf.float32, [None, 4])
    ragged = tf.ragged.constant([[1, 2], [3]])
    value = {
        "b": Pair(1.0, (sparse, ragged)),
        "a": optional.from_value((2, tf.constant([5]))),
    }
    held = optional.from_value(value)
    found = held.get_value(name="taken")
    inner = found["a"].get_value()
    spec = held.element_spec
    assert list(spec) == ["b", "a"]
    optional.from_value(loose).get_value()
    return _run(
        tf,
        [
            found["b"].first,
            tf.sparse.to_dense(found["b"].second[0]),
            found["b"].second[1].to_tensor(),
            *inner,
        ],
    )


def optional_in_branches(tf: ModuleType) -> list[Any]:
    """An optional decides what is computed."""
    optional = tf.experimental.Optional
    held = optional.from_value(tf.constant(5))
    nothing = optional.empty(tf.TensorSpec([], tf.int32))
    return _run(
        tf,
        [
            tf.cond(one.has_value(), one.get_value, lambda: tf.constant(-1))
            for one in (held, nothing)
        ],
    )


def no_value(tf: ModuleType) -> Any:
    """The value of nothing."""
    nothing = tf.experimental.Optional.empty(tf.TensorSpec([], tf.int32))
    return nothing.get_value()


RUNS: dict[str, Callable[[ModuleType], list[Any]]] = {
    run.__name__: run
    for run in (optional_values, optional_structures, optional_in_branches)
}
MISTAKES: dict[str, Callable[[ModuleType], Any]] = {"no_value": no_value}
PROGRAMS = tuple(RUNS.values())
