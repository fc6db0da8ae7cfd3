"""Loops and branches whose contexts are not in the file, and their gradients."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from metagraft.graph.control_flow_context import context_of
from metagraft.graph.derived_contexts import derive_contexts
from metagraft.graph.graph import Graph
from metagraft.proto import MetaGraphDef

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "contexts"
# TensorFlow gives a loop that is imported into a branch no context, nor the nodes of
# gradients.
NAMES = [
    name
    for path in sorted(GOLDEN.glob("*.meta.gz"))
    if "gradients" not in (name := path.name.removesuffix(".meta.gz"))
    and name != "import_of_loop"
]


def around(op: Any) -> list[tuple[Any, ...]]:
    """Return what is known of the loops and branches around an operation."""
    found: list[tuple[Any, ...]] = []
    context: Any = context_of(op)
    while context is not None:
        if context.is_while_context:
            parts = (context.pivot, context.pivot_for_pred, context.pivot_for_body)
            ends = (*context.loop_enters, *context.loop_exits)
            found.append(tuple(t.name for t in (*parts, *ends)))
        else:
            found.append((context.pred.name, context.pivot.name, context.branch))
        context = context.outer_context
    return found


def outside_of_gradients(graph: Graph) -> dict[str, list[tuple[Any, ...]]]:
    """Return what is around each operation that computes no gradient."""
    return {
        op.name: around(op)
        for op in graph.get_operations()
        if not op.name.startswith("gradients")
    }


@pytest.mark.golden
@pytest.mark.parametrize("name", NAMES)
def test_same_contexts(name: str) -> None:
    """MG-222: as those that TensorFlow stores for the same nodes (MG-097, MG-098)."""
    meta = MetaGraphDef.FromString(
        gzip.decompress((GOLDEN / f"{name}.meta.gz").read_bytes())
    )
    with tf.Graph().as_default() as graph:
        tf.train.import_meta_graph(meta)
        expected = outside_of_gradients(graph)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(meta.graph_def, name="")
        assert not any(outside_of_gradients(graph).values())
        derive_contexts(graph)
        assert outside_of_gradients(graph) == expected


def test_contexts_that_are_known_stay() -> None:
    """Only loops without context get one."""
    tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0], name="mine")
    mine = context_of(tf.get_default_graph().get_operation_by_name("mine/Merge"))
    derive_contexts(tf.get_default_graph())
    merge = tf.get_default_graph().get_operation_by_name("mine/Merge")
    assert mine is not None
    assert context_of(merge) is mine


def _power(x: Any) -> Any:
    """2 * x ** 3."""
    start = [0, tf.constant(2.0)]
    return tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y * x), start)[1]


def _branch_in_loop(x: Any) -> Any:
    """For x = 3: 2 * x * x + x, as the second product is above 9."""
    return tf.while_loop(
        lambda i, _: i < 3,
        lambda i, y: (i + 1, tf.cond(y > 9.0, lambda: y + x, lambda: y * x)),
        [0, tf.constant(2.0)],
    )[1]


def _loop_in_loop(x: Any) -> Any:
    """2 * x ** 4."""

    def product(y: Any) -> Any:
        body = tf.while_loop(lambda j, _: j < 2, lambda j, z: (j + 1, z * x), [0, y])
        return body[1]

    start = [0, tf.constant(2.0)]
    return tf.while_loop(lambda i, _: i < 2, lambda i, y: (i + 1, product(y)), start)[1]


def _loop_in_branch(x: Any) -> Any:
    """2 * x ** 3 for x above 1."""
    return tf.cond(x > 1.0, lambda: _power(x), lambda: x)


def _map(x: Any) -> Any:
    """The sum of x * 1, x * 2, x * 3, each squared: 14 * x ** 2."""
    squares = tf.map_fn(lambda n: tf.square(n * x), tf.constant([1.0, 2.0, 3.0]))
    return tf.reduce_sum(squares)


@pytest.mark.parametrize(
    ("build", "gradient"),
    [
        (_power, 54.0),
        (_branch_in_loop, 13.0),
        (_loop_in_loop, 216.0),
        (_loop_in_branch, 54.0),
        (_map, 84.0),
    ],
)
def test_gradients_of_imported_loops(
    build: Callable[[Any], Any], gradient: float
) -> None:
    """MG-222: worked out by hand, at x = 3; also in a scope."""
    with tf.Graph().as_default() as source:
        x = tf.placeholder(tf.float32, [], name="x")
        tf.identity(build(x), name="y")
    with tf.Graph().as_default(), tf.Session() as sess:
        for scope in ("", "s"):
            x, y = tf.import_graph_def(
                source.as_graph_def(), return_elements=["x:0", "y:0"], name=scope
            )
            assert sess.run(tf.gradients(y, x)[0], {x: 3.0}) == pytest.approx(gradient)


def test_loop_of_another_kind() -> None:
    """MG-222: an exit of no loop says which operation it is."""
    text = tf.GraphDef()
    text.node.add(name="p", op="Placeholder").attr["dtype"].type = 1
    text.node.add(name="e", op="Exit", input=["p"]).attr["T"].type = 1
    p, e = tf.import_graph_def(text, return_elements=["p:0", "e:0"], name="n")
    with pytest.raises(ValueError, match="'n/e' belongs to no known loop"):
        tf.gradients(e, p)
