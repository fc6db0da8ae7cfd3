"""More programs like `fine_points`: ragged tensors, lists, staged values, functions.

Each takes the module it calls `tf` and returns values.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.functions import defun, module
from tests.programs.lookup_tables import lookup_ops
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


def mistakes_of_staging(tf: ModuleType) -> Any:
    """Keys and indices of other shapes, parts in disorder, other counts of values."""
    raw = tf.raw_ops
    pair = {"dtypes": [tf.float32, tf.int32], "shared_name": "pair"}
    key = tf.placeholder(tf.int64)
    places = tf.placeholder(tf.int32)
    parts = [tf.constant(2.0), tf.constant(3)]
    put = raw.MapStage(key=key, indices=places, values=parts, **pair)
    put_one = raw.MapStage(key=key, indices=places, values=parts[:1], **pair)
    take = raw.MapUnstage(key=key, indices=places, **pair)
    peek = raw.MapPeek(key=key, indices=places, **pair)
    take_any = raw.MapUnstageNoKey(indices=places, **pair)
    sizes = [raw.MapSize(**pair), raw.MapIncompleteSize(**pair)]
    index = tf.placeholder(tf.int32)
    area = {"shared_name": "area"}
    stage = raw.Stage(values=parts, **area)
    look = raw.StagePeek(index=index, dtypes=pair["dtypes"], **area)
    fewer = raw.Unstage(dtypes=[tf.float32], **area)
    found: list[Any] = []
    with tf.Session() as session:

        def note(fetch: Any, feeds: Any) -> None:
            found.append(error_of(tf, lambda: session.run(fetch, feeds)))

        whole = [0, 1]
        for one in (put, take, peek):
            note(one, {key: [[1, 2, 3]], places: whole})
            note(one, {key: 5, places: []})
            note(one, {key: 5, places: [1, 0]})
            note(one, {key: 5, places: [1, 1]})
        note(put, {key: [], places: whole})
        note(put, {key: [[7]], places: whole})
        note(put_one, {key: 8, places: [2]})
        note(put_one, {key: 8, places: [-1]})
        note(put_one, {key: 8, places: [1]})
        note(put_one, {key: 8, places: [1]})
        note(put, {key: 8, places: [5, 6]})
        found.append(session.run(sizes))
        note(peek, {key: 8, places: [0, 5]})
        note(peek, {key: 8, places: [-1, 0]})
        found.append(session.run(peek, {key: 8, places: whole}))
        note(take_any, {places: []})
        note(look, {index: []})
        note(look, {index: [0]})
        session.run(stage)
        found.append(session.run(look, {index: 0}))
        note(fewer, {})
    return found


def ranges_without_end(tf: ModuleType) -> Any:
    """Ranges of too many steps, of numbers that are far apart, of no numbers."""
    found: list[Any] = []
    big = 2**63
    with tf.Session() as session:
        for kind, splits, ends in (
            (tf.int32, tf.int32, ([1136033460], [-2110457150], [-1849827689])),
            (tf.int32, tf.int32, ([0, 0], [2**31 - 1, 1], [1, 1])),
            (tf.int32, tf.int64, ([0, 3], [5, 9], [2, 0])),
            (tf.int64, tf.int32, ([-5, 0], [5, 2**40], [3, 2**39])),
            (tf.int64, tf.int32, ([0, 0], [5, 2**40], [0, 1])),
            (tf.int64, tf.int64, ([-big], [big - 1], [2**62])),
            (tf.int64, tf.int64, ([big - 1], [-big], [-big])),
            (tf.int64, tf.int64, ([-big], [big - 1], [1])),
            (tf.float32, tf.int64, ([0.1], [1e10], [1e-10])),
            (tf.float32, tf.int32, ([0.0], [float("nan")], [1.0])),
            (tf.float64, tf.int32, ([0.0], [float("inf")], [1.0])),
            (tf.float64, tf.int32, ([0.0, 0.0], [-1.0, 1.0], [0.5, 0.4])),
        ):
            made = tf.raw_ops.RaggedRange(
                starts=tf.placeholder_with_default(tf.constant(ends[0], kind), [None]),
                limits=tf.constant(ends[1], kind),
                deltas=tf.constant(ends[2], kind),
                Tsplits=splits,
            )
            outputs = [made.rt_nested_splits, made.rt_dense_values]
            error = error_of(tf, lambda outputs=outputs: session.run(outputs))
            found.append(error)
            if error == ["no error"]:
                found.append(session.run(outputs))
    return found


_COUNTED: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "Bincount": (
        {"arr": [1, 2, 2], "size": 3, "weights": [1.0, 2.0, 3.0]},
        [{"size": [3]}, {"size": -1}, {"arr": [1, -2, 2]}, {"weights": [1.0]}],
    ),
    "DenseBincount": (
        {"input": [[1, 2], [2, 0]], "size": 3, "weights": [[1.0, 2.0], [3.0, 4.0]]},
        [
            {"size": [3]},
            {"size": -1},
            {"input": [[1, -2], [2, 0]]},
            {"weights": [1.0]},
            {"input": [[[1]]]},
            {"input": [1, -2], "weights": []},
            {"input": [1, -2], "size": -2, "weights": []},
        ],
    ),
    "SparseBincount": (
        {
            "indices": [[0, 1], [1, 0]],
            "values": [2, 1],
            "dense_shape": [2, 2],
            "size": 3,
            "weights": [1.0, 2.0],
        },
        [
            {"size": [3]},
            {"size": -1},
            {"values": [2, -1]},
            {"indices": [[0, 1], [2, 0]]},
            {"values": [2]},
            {"dense_shape": [2]},
            {"indices": [[0], [1]], "dense_shape": [2], "values": [1, -1]},
            {"weights": []},
        ],
    ),
    "RaggedBincount": (
        {"splits": [0, 1, 3], "values": [2, 1, 2], "size": 3, "weights": []},
        [
            {"size": [3]},
            {"size": -1},
            {"splits": []},
            {"splits": [0]},
            {"splits": [0], "values": []},
            {"splits": [1, 3]},
            {"splits": [0, 2]},
            {"values": [2, -1, 2]},
        ],
    ),
}


def mistakes_of_bincounts(tf: ModuleType) -> Any:
    """Sizes, values and weights that are refused, or left out."""
    kinds = {"weights": np.float32, "dense_shape": np.int64, "indices": np.int64}
    kinds["splits"] = np.int64
    found: list[Any] = []
    with tf.Session() as session:
        for op, (good, changes) in _COUNTED.items():
            types = {**kinds, **{key: np.int32 for key in good if key not in kinds}}
            fed = {key: tf.placeholder(types[key]) for key in good}
            counted = getattr(tf.raw_ops, op)(**fed)
            for change in ({}, *changes):
                given = {**good, **change}
                feeds = {
                    fed[key]: np.array(value, types[key])
                    for key, value in given.items()
                }
                error = error_of(tf, lambda c=counted, f=feeds: session.run(c, f))
                found.append(error)
                if error == ["no error"]:
                    found.append(session.run(counted, feeds))
    return found


_TO_TENSOR: list[tuple[Any, Any, Any, dict[str, Any]]] = [
    (-1, [1.0, 2.0, 3.0], 0.0, {}),
    (-2, [1.0, 2.0, 3.0], 0.0, {}),
    ([[1]], [1.0, 2.0, 3.0], 0.0, {}),
    ([4, 3, 2], [1.0, 2.0, 3.0], 0.0, {"fed": True}),
    ([], [1.0, 2.0, 3.0], 0.0, {}),
    ([-1, -3], [1.0, 2.0, 3.0], 0.0, {}),
    ([1, 5], [1.0, 2.0, 3.0], 0.0, {}),
    ([2, 2, 4], [[1.0, 2.0, 3.0]] * 3, 0.0, {}),
    ([2, 2, 3], [[1.0, 2.0, 3.0]] * 3, [0.0, 1.0], {}),
    ([-1, -1, -1], [[1.0, 2.0, 3.0]] * 3, [7.0, 8.0, 9.0], {}),
    (-1, [1.0, 2.0, 3.0], [0.0], {}),
    (-1, [[1.0, 2.0]] * 3, [[0.0, 1.0]], {}),
    (-1, [[[1.0, 2.0]] * 3] * 3, [0.0, 1.0], {}),
    (-1, [[[1.0, 2.0]] * 3] * 3, [0.0, 1.0, 2.0], {}),
    (-1, [[[1.0, 2.0]] * 3] * 3, [[0.0], [1.0], [2.0]], {}),
    (-1, 1.0, 0.0, {}),
    (-1, [1.0, 2.0, 3.0], 0.0, {"splits": [[0, 1, 3]]}),
    (-1, [1.0, 2.0, 3.0], 0.0, {"splits": []}),
    (-1, [1.0, 2.0, 3.0], 0.0, {"splits": [0, 1]}),
    (-1, [1.0, 2.0, 3.0], 0.0, {"splits": [0, 2, 1, 3]}),
    (-1, [1.0, 2.0, 3.0], 0.0, {"kinds": ["VALUE_ROWIDS"]}),
    (-1, [1.0, 2.0, 3.0], 0.0, {"kinds": ["ROW_STARTS"]}),
    (-1, [1.0, 2.0, 3.0], 0.0, {"kinds": ["FIRST_DIM_SIZE"]}),
    (-1, [1.0, 2.0, 3.0], 0.0, {"kinds": ["ROW_SPLITS", "FIRST_DIM_SIZE"]}),
    (-1, [1.0, 2.0, 3.0], 0.0, {"kinds": ["ROW_SPLITS", "VALUE_ROWIDS"]}),
    (-1, [1.0, 2.0, 3.0], 0.0, {"kinds": []}),
]


def mistakes_of_dense_rows(tf: ModuleType) -> Any:
    """Shapes, defaults and partitions that do not go with the values of rows."""
    found: list[Any] = []
    for is_fed in (False, True):
        for shape, values, default, more in _TO_TENSOR:
            if "fed" in more and not is_fed:
                continue  # TensorFlow tells the rank of the constant only.
            feeds: dict[Any, Any] = {}

            def give(value: Any, dtype: Any, *, fed: bool = is_fed) -> Any:
                array = np.array(value, dtype)
                if not fed:
                    return tf.constant(array)
                made = tf.placeholder(tf.as_dtype(array.dtype))
                feeds[made] = array  # noqa: B023 - called in this turn only
                return made

            with tf.Graph().as_default(), tf.Session() as session:
                splits = give(more.get("splits", [0, 1, 3]), np.int64)
                try:
                    made = tf.raw_ops.RaggedTensorToTensor(
                        shape=give(shape, np.int64),
                        values=give(values, np.float32),
                        default_value=give(default, np.float32),
                        row_partition_tensors=[splits],
                        row_partition_types=more.get("kinds", ["ROW_SPLITS"]),
                    )
                    found.append([str(made.shape), session.run(made, feeds)])
                except tf.errors.OpError as error:
                    text = error.message.partition("\n\t [[")[0].rpartition("\n")[2]
                    found.append([type(error).__name__, text])
                except ValueError as error:
                    text = str(error).partition(" for '")[0]
                    found.append([type(error).__name__, text])
    return found


def functions_of_lists(tf: ModuleType) -> Any:
    """Python's lists are arrays beside tensors that have parts, too."""
    rows = [tf.RaggedTensorSpec([None, None], tf.int32)]
    lengths = tf.constant([3, 1, 2], tf.int64)

    def in_rows(values: Any, counts: Any) -> Any:
        return tf.RaggedTensor.from_row_lengths(values, counts)

    (made,) = tf.py_function(in_rows, [[1, 2, 3, 4, 5, 6], lengths], rows)
    other = tf.py_function(lambda x: x, [tf.constant([[1, 2, 3]])], rows)[0]
    whole = tf.py_function(lambda x: x + 3, [made], [tf.int32])[0]
    found: list[Any] = []
    with tf.Session() as session:
        found.append(session.run(made).to_list())
        for one in (other.values.op, whole.op):
            try:
                session.run(one)
            except tf.errors.OpError as error:
                begin, _, rest = error.message.partition("func=")
                found.append([type(error).__name__, begin.split()[-1], "Tout=" in rest])
    return found


def other_types_and_sizes(tf: ModuleType) -> Any:
    """What arguments of other types and sizes are told."""
    numbers = tf.ragged.constant([[0, 0]])
    lookup = lookup_ops(tf)
    flags = ("a", "b:c", "0 0:0", "0 a,0:0:0", "0 0,a:0:0", "a 0,0")
    found = []
    for call in (
        lambda: tf.ragged.boolean_mask(tf.ragged.constant([[1, 2]]), numbers),
        lambda: tf.batch_gather([[1]], tf.placeholder(tf.int32)),
        lambda: lookup.index_table_from_file("words.txt", vocab_size=0),
        *(
            lambda spec=spec: tf.Variable.SaveSliceInfo.from_spec(spec)
            for spec in flags
        ),
    ):
        try:
            call()
        except ValueError as error:
            found.append(
                str(error).partition(":")[0].partition(", got '")[0].rstrip(".")
            )
    return found


def loops_of_specs(tf: ModuleType) -> Any:
    """What a loop carries is told by a spec, a shape, or not at all."""
    kinds = {
        "sparse": lambda: tf.SparseTensor([[0]], [1.0], [10]),
        "slices": lambda: tf.IndexedSlices(
            tf.ones([2, 3]), tf.range(2), tf.constant([4, 3])
        ),
        "ragged": lambda: tf.ragged.constant([[1, 2], [3]]),
        "tensor": lambda: tf.constant([1.0]),
    }
    invariants = (
        None,
        tf.SparseTensorSpec([None]),
        tf.SparseTensorSpec([10]),
        tf.SparseTensorSpec(None),
        tf.SparseTensorSpec([None], tf.int32),
        tf.RaggedTensorSpec([None, None], tf.int32),
        tf.TensorSpec([None], tf.float32),
        tf.TensorSpec([2], tf.float32),
        tf.IndexedSlicesSpec([None, 3]),
        tf.IndexedSlicesSpec(
            [4, 3], dense_shape_dtype=tf.int32, indices_dtype=tf.int32
        ),
        tf.TensorShape([None]),
        [None],
        "x",
    )
    found = []
    for make in kinds.values():
        for invariant in invariants:
            with tf.Graph().as_default():
                try:
                    carried = tf.while_loop(
                        lambda i, _: i < 3,
                        lambda i, x: (i + 1, x),
                        [0, make()],
                        [tf.TensorShape([]), invariant],
                    )[1]
                except (TypeError, ValueError) as error:
                    text = str(error).partition(" is not compatible with ")[0]
                    found.append([type(error).__name__, text.partition(".")[0]])
                    continue
                parts = tf.nest.flatten(carried, expand_composites=True)
                found.append([str(part.shape) for part in parts])
    return found


def counts_with_variables(tf: ModuleType) -> Any:
    """What a body captures goes round unchanged."""
    functional = module(tf, "ops.functional_ops")
    found = []
    for use_resource in (False, True):
        variable = tf.Variable(1.0, use_resource=use_resource)

        @defun(tf, tf.int32, tf.float32, tf.float32)
        def step(i: Any, x: Any, y: Any) -> Any:
            return x + tf.cast(i, tf.float32) + variable, y + variable  # noqa: B023

        for rewrite in (True, False):
            made = functional.For(
                1, 10, 1, [0.0, 0.5], step, rewrite_with_while=rewrite
            )
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                found.append(session.run(made))
    return found


def composites_as_variants(tf: ModuleType) -> Any:
    """Tensors with parts go through a variant, with their gradients."""
    raw = tf.raw_ops
    # `CompositeTensorVariantMetadata` messages: of a sparse and of a ragged tensor.
    sparse, ragged = b"\x0a\x02\x08\x01", b"\x0a\x02\x08\x03"
    indices = tf.constant([[0, 1], [1, 0]], tf.int64)
    values = tf.constant([3.0, 4.0])
    sizes = tf.constant([2, 3], tf.int64)
    types = [tf.int64, tf.float32, tf.int64]

    def packed(metadata: bytes = sparse) -> Any:
        return raw.CompositeTensorVariantFromComponents(
            components=[indices, values * values, sizes], metadata=metadata
        )

    def unpacked(
        encoded: Any, metadata: bytes = sparse, kinds: Sequence[Any] = tuple(types)
    ) -> Any:
        return raw.CompositeTensorVariantToComponents(
            encoded=encoded, metadata=metadata, Tcomponents=list(kinds)
        )

    through = unpacked(packed())
    found: list[Any] = []
    with tf.Session() as session:
        found.append(session.run(list(through)))
        found.append(session.run(tf.gradients(through[1], values)[0]))
        found.append([str(packed().shape), str(through[1].shape)])
        stacked = tf.stack([packed(), packed(ragged)])
        found.append(session.run(unpacked(stacked)[1]))
        for make in (
            lambda: unpacked(packed(), ragged),
            lambda: unpacked(packed(), kinds=types[:2]),
            lambda: unpacked(packed(), kinds=[tf.int64, tf.int64, tf.int64]),
        ):
            made = make()
            found.append(error_of(tf, lambda made=made: session.run(made[0])))
        broken = packed(b"\xff")
        found.append(error_of(tf, lambda: session.run(broken.op)))
    return found


def partly_known_values(tf: ModuleType) -> Any:
    """Parts of what is packed are known where others are not."""
    known = np.ones([2, 3], np.float32)
    packed = tf.stack([known, tf.placeholder(tf.float32, [2, 3])])
    across = tf.stack([known, tf.placeholder(tf.float32, [2, 3])], axis=1)
    parts = [
        *tf.unstack(packed),
        *tf.unstack(across, axis=1),
        *tf.split(packed, 2),
        *tf.split(across, 2, axis=1),
        *tf.split(packed, [1, 1]),
    ]
    found: list[Any] = []
    for partial in (True, False):
        for part in parts:
            value = tf.get_static_value(part, partial=partial)
            if value is not None and value.dtype == object:
                value = list(value)
            found.append(value)
    for convert in (tf.convert_to_tensor, lambda x: tf.add(1, x), tf.identity):
        try:
            convert(tf.no_op(name="nothing"))
        except TypeError as error:
            found.append(str(error))
    return found


def mapped_single_rows(tf: ModuleType) -> Any:
    """A single row goes with each of the others, also where only a run knows that."""
    rows = {
        "one": tf.constant([3.0]),
        "three": tf.constant([-2.0, 6.0, 9.0]),
        "pairs": tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
    }
    fetches = []
    for dims in (0, None, [None]):
        given = [
            value if dims == 0 else tf.placeholder_with_default(value, dims)
            for key, value in rows.items()
            if dims != [None] or key != "pairs"
        ]
        chosen = (given[:1] * 2, given[:2], given[1::-1], given[1:], given[::-1])
        fetches += [tf.vectorized_map(sum, tuple(parts)) for parts in chosen]
    with tf.Session() as session:
        return session.run(fetches)


def devices_of_texts(tf: ModuleType) -> Any:
    """What texts of devices name, and what they are refused with."""
    texts = (
        *("/cpu:0", "/gpu:1", "/CPU", "/gpu:*", "/device:CPU:*", "/device:cpu:1"),
        *("/job:a/device:GPU:2/cpu:0", "/cpu:0/gpu:0", "/device:My:2", "/device:CPU"),
        *("/bar/a:0", "/job", "/job:a/job:b", "//", ""),
    )
    found = []
    for text in texts:
        try:
            spec = tf.DeviceSpec.from_string(text)
            found.append([spec.to_string(), spec.device_type, str(spec.device_index)])
            with tf.Graph().as_default(), tf.device(text):
                found.append(tf.constant(1).device)
        except ValueError as error:
            found.append(str(error))
    return found


RUNS = {
    run.__name__: run
    for run in (
        gradients_of_some_rows,
        mistakes_of_ragged_variants,
        ragged_products_of_fed_splits,
        mistakes_of_staging,
        ranges_without_end,
        mistakes_of_bincounts,
        mistakes_of_dense_rows,
        functions_of_lists,
        loops_of_specs,
        counts_with_variables,
        composites_as_variants,
        partly_known_values,
        mapped_single_rows,
        devices_of_texts,
        other_types_and_sizes,
    )
}
