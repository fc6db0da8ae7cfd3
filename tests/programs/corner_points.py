"""More programs like `fine_points`: ragged tensors, lists, staged values, functions.

Each takes the module it calls `tf` and returns values.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from tests.programs.state_runs import error_of


def _encoded(
    tf: ModuleType, nested: Sequence[Any], values: Any, *, rows: bool = False
) -> Any:
    return tf.raw_ops.RaggedTensorToVariant(
        rt_nested_splits=list(nested), rt_dense_values=values, batched_input=rows
    )


def _decoded(
    tf: ModuleType, encoded: Any, rank: int, given: int = -1, **types: Any
) -> Any:
    kinds = {"Tvalues": tf.float32, "Tsplits": tf.int64, **types}
    return tf.raw_ops.RaggedTensorFromVariant(
        encoded_ragged=encoded,
        input_ragged_rank=given,
        output_ragged_rank=rank,
        **kinds,
    )


def gradients_of_some_rows(tf: ModuleType) -> Any:
    """Rows of a ragged tensor that a result does not depend on have zeros."""
    values = tf.constant([3.0, 1.0, 4.0, 1.0, 1.0, 0.0, 2.0, 1.0])
    pairs = tf.reshape(values, [4, 2])
    long = tf.constant([0, 4, 4, 7, 8], tf.int64)
    short = tf.constant([0, 1, 4], tf.int64)
    found = []
    for place in (0, 1, 2):
        row = _encoded(tf, [long], values * values, rows=True)[place]
        row = _decoded(tf, row, 0).output_dense_values
        found.append(tf.gradients(row, values)[0])
    for place in (0, 1):
        row = _encoded(tf, [short], pairs * pairs, rows=True)[place]
        row = _decoded(tf, row, 0).output_dense_values
        found.append(tf.gradients(row, pairs)[0])
    whole = _encoded(tf, [long], values * values)
    whole = _decoded(tf, whole, 1).output_dense_values
    found.append(tf.gradients(whole, values)[0])
    with tf.Session() as session:
        return session.run(found)


def mistakes_of_ragged_variants(tf: ModuleType) -> Any:
    """Splits that are none, ranks and types that are others, rows of other shapes."""
    fed = [tf.placeholder(tf.int64), tf.placeholder(tf.int64)]
    values = tf.placeholder(tf.float32)
    whole, rows = (_encoded(tf, fed, values, rows=rows) for rows in (False, True))
    flat = _encoded(tf, [], values, rows=True)
    splits = tf.constant([0, 1], tf.int64)
    pair = tf.stack([_encoded(tf, [splits], tf.zeros([1, size])) for size in (2, 3)])
    ranks = tf.stack([_encoded(tf, [splits], tf.zeros(dims)) for dims in ([1], [1, 1])])
    plain = tf.stack([_encoded(tf, [], tf.zeros([size])) for size in (2, 3)])
    one = _encoded(tf, [splits], tf.zeros([1]))
    found: list[Any] = []
    with tf.Session() as session:

        def note(made: Any, feeds: Any = None) -> None:
            fetch = made if hasattr(made, "op") else made.output_dense_values
            found.append(error_of(tf, lambda: session.run(fetch.op, feeds)))

        for outer, inner, given in (
            ([0, 1], [0, 2], [1.0, 2.0, 3.0]),
            ([0, 2], [0, 3], [1.0, 2.0, 3.0]),
            ([0, 1], [0, 3], 1.0),
            ([0, 1], [], [1.0]),
            ([0, 1], [1, 3], [1.0, 2.0, 3.0]),
            ([0, 3], [0, 2, 1, 3], [1.0, 2.0, 3.0]),
            ([[0, 1]], [0, 3], [1.0, 2.0, 3.0]),
        ):
            feeds = {fed[0]: outer, fed[1]: inner, values: given}
            note(whole, feeds)
            note(rows, feeds)
        note(flat, {values: 1.0})
        note(_decoded(tf, pair, 2))
        note(_decoded(tf, ranks, 2))
        note(_decoded(tf, plain, 0))
        note(_decoded(tf, plain, 1))
        note(_decoded(tf, one, 2))
        note(_decoded(tf, one, 1, Tsplits=tf.int32))
        note(_decoded(tf, one, 1, Tvalues=tf.int32))
        note(_decoded(tf, one, 0))
        alike = tf.stack([_encoded(tf, [], tf.ones([2])) for _ in range(3)])
        found.append(session.run(_decoded(tf, alike, 0).output_dense_values))
        found.append(session.run(_decoded(tf, alike[:0], 0).output_dense_values))
    return found


def ragged_products_of_fed_splits(tf: ModuleType) -> Any:
    """Nothing is known of the splits of two ragged tensors but that they are splits."""

    def fed() -> Any:
        values = tf.placeholder(tf.int32, [None])
        return tf.RaggedTensor.from_row_splits(values, tf.placeholder(tf.int64))

    first, second = fed(), fed()
    rows = tf.ragged.constant_value([[1, 2, 3], [4]])
    others = tf.ragged.constant_value([[5, 4, 3], [2]])
    product = first * second
    with tf.Session() as session:
        made = session.run(product, {first: rows, second: others})
    shapes = [first.row_splits.shape.ndims, first.shape.ndims]
    return [made.to_list(), shapes]


RUNS = {
    run.__name__: run
    for run in (
        gradients_of_some_rows,
        mistakes_of_ragged_variants,
        ragged_products_of_fed_splits,
    )
}
