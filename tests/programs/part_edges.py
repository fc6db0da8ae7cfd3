"""Objects that stand for tensors, tensors of several parts, and arrays of tensors."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np


def _outcome(tf: ModuleType, build: Callable[[], Any]) -> Any:
    """Return what is built, run if it has tensors, or the class of the error."""
    with tf.Graph().as_default():
        try:
            made = build()
            parts = tf.nest.flatten(made, expand_composites=True)
            if not any(hasattr(part, "op") for part in parts):
                return made
            with tf.Session() as session:
                return session.run(parts)
        except tf.errors.OpError as error:
            return ["run", type(error).__name__]
        # Any error is an answer.
        except Exception as error:  # noqa: BLE001
            return ["build", type(error).__name__]


def objects_as_tensors(tf: ModuleType) -> Any:
    """Objects with a method that gives a tensor, or something else."""

    class Pair:
        def __tf_tensor__(self, dtype: Any = None, name: Any = None) -> Any:
            return tf.constant([1.0, 2.0], dtype=dtype, name=name)

    class Broken:
        def __tf_tensor__(self, dtype: Any = None, name: Any = None) -> Any:
            raise ValueError(dtype, name)

    pair = Pair()
    builds: list[Callable[[], Any]] = [
        lambda: tf.convert_to_tensor(pair),
        lambda: tf.convert_to_tensor(pair, tf.float64),
        lambda: tf.convert_to_tensor(pair, preferred_dtype=tf.float64),
        lambda: tf.convert_to_tensor(pair, name="named").name,
        lambda: tf.convert_to_tensor([pair, pair]),
        lambda: tf.stack([pair, [3.0, 4.0]]),
        lambda: tf.constant([1.0, 2.0]) + pair,
        lambda: tf.multiply(pair, pair),
        lambda: tf.raw_ops.Pack(values=[pair, pair]),
        lambda: tf.is_tensor(pair),
        lambda: tf.convert_to_tensor(Broken()),
        lambda: tf.constant([1.0]) + Broken(),
    ]
    return [_outcome(tf, build) for build in builds]


def functions_of_parts(tf: ModuleType) -> Any:
    """Python functions of ragged and sparse tensors."""

    def rows() -> Any:
        return tf.ragged.constant([[1.0, 2.0], [3.0]])

    def holes() -> Any:
        return tf.SparseTensor([[0, 1]], [2.0], [2, 2])

    ragged = tf.RaggedTensorSpec([2, None], tf.float32)
    sparse = tf.SparseTensorSpec([2, 2], tf.float32)

    def called(function: Any, inputs: Callable[[], Any], types: Any) -> Any:
        return _outcome(tf, lambda: tf.py_function(function, inputs(), types))

    def gradient() -> Any:
        of = rows()
        total = tf.py_function(tf.reduce_sum, [of], tf.float32)
        return tf.gradients(total, of.flat_values)

    def shapes(made: Any) -> Any:
        return [str(part.shape) for part in tf.nest.flatten(made, True)]

    wide = tf.RaggedTensorSpec([3, None], tf.float32)
    return [
        called(lambda x: x.to_tensor(), lambda: [rows()], tf.float32),
        called(lambda x: x * 2, lambda: [rows()], ragged),
        called(lambda x: [x.values, x], lambda: [rows()], [tf.float32, ragged]),
        called(lambda x: x * 2, lambda: [rows()], (ragged,)),
        called(lambda x: x.dense_shape * 2, lambda: [holes()], tf.int64),
        called(lambda x: x, lambda: [holes()], sparse),
        called(lambda x: x, lambda: [rows()], tf.float32),
        called(lambda _: 1.0, lambda: [rows()], ragged),
        called(lambda x: x, lambda: [rows()], wide),
        _outcome(tf, gradient),
        _outcome(
            tf, lambda: shapes(tf.py_function(lambda x: x, [rows()], Tout=ragged))
        ),
        _outcome(
            tf, lambda: shapes(tf.py_function(lambda x: x, [holes()], Tout=sparse))
        ),
    ]


def ragged_keys(tf: ModuleType) -> Any:
    """Keys of tables, and weights of ids, that are ragged."""

    def words() -> Any:
        return tf.ragged.constant([["a", "b"], ["c"]])

    def table(dtype: Any = tf.string) -> Any:
        keys = tf.constant(["a", "b"] if dtype == tf.string else [1, 2], dtype)
        values = tf.constant([0, 1], tf.int64)
        return tf.lookup.KeyValueTensorInitializer(keys, values)

    def found(made: Callable[[], Any], keys: Callable[[], Any]) -> Any:
        with tf.Graph().as_default(), tf.Session() as session:
            values = made().lookup(keys())
            session.run(tf.tables_initializer())
            return session.run([values.flat_values, values.row_splits])

    def rows(dtype: Any) -> Any:
        return tf.SparseTensor([[0, 0]], tf.constant([1], dtype), [4, 1])

    def ragged(dtype: Any) -> Any:
        return tf.RaggedTensor.from_sparse(rows(dtype))

    def embedded(ids: Any, weights: Any) -> Any:
        def build() -> Any:
            table = tf.ones([4, 2])
            ids_and_weights = ids(tf.int64), weights(tf.float32)
            return tf.nn.embedding_lookup_sparse(
                table, *ids_and_weights, combiner="sum"
            )

        return _outcome(tf, build)

    vocabulary = tf.lookup.StaticVocabularyTable
    return [
        found(lambda: tf.lookup.StaticHashTable(table(), -1), words),
        found(lambda: vocabulary(table(), 3), words),
        found(lambda: vocabulary(None, 3, lookup_key_dtype=tf.string), words),
        found(
            lambda: vocabulary(table(tf.int64), 3, lookup_key_dtype=tf.int32),
            lambda: tf.ragged.constant([[1, 2], [7]]),
        ),
        embedded(rows, ragged),
        embedded(ragged, rows),
        embedded(ragged, ragged),
    ]


def places_of_rows(tf: ModuleType) -> Any:
    """Places of no axis, ragged places in a tensor, and weights of another kind."""

    def words() -> Any:
        return tf.ragged.constant([["a", "b", "c"], ["d"]])

    def found(build: Callable[[], Any]) -> Any:
        with tf.Graph().as_default() as graph:
            rows = build()
            names = [operation.name for operation in graph.get_operations()]
            with tf.Session() as session:
                return names, session.run([rows.flat_values, *rows.nested_row_splits])

    places = [[[0, 1]], [[1, 0], [1, 1]]]
    sparse = tf.SparseTensor([[0, 0]], tf.constant([1]), [1, 2])
    return [
        *(
            found(lambda dims=dims: tf.gather_nd(words(), tf.zeros(dims, tf.int32)))  # type: ignore[misc] # dims
            for dims in ([0], [2, 0], [1, 2, 0])
        ),
        found(
            lambda: tf.gather_nd(
                tf.constant([[1, 2], [3, 4]]), tf.ragged.constant(places, ragged_rank=1)
            )
        ),
        _outcome(
            tf,
            lambda: tf.sparse.bincount(sparse, tf.ragged.constant([[1.0]]), axis=-1),
        ),
    ]


def fed_in_parts(tf: ModuleType) -> Any:
    """Ragged and sparse tensors fed to runs in parts, and rows that are counted."""
    ragged = tf.ragged.placeholder(tf.int32, 1, [])
    sparse = tf.sparse_placeholder(tf.int32)
    total = tf.reduce_sum(ragged.flat_values)
    rows = tf.ragged.constant([[1, 2], [3]], dtype=tf.int32)
    doubled = sparse.values * 2
    with tf.Session() as session:
        given = session.run(rows)
        run = session.partial_run_setup([total, doubled], [ragged, sparse])
        first = session.partial_run(run, total, {ragged: given})
        holes = tf.SparseTensorValue([[0]], [7], [2])
        values = session.partial_run(run, doubled, {sparse: holes})

    def counted() -> Any:
        return tf.RaggedTensor.from_value_rowids([1, 2], [0, 1], nrows=[10])

    return [first, values, _outcome(tf, counted)]


def operators_in_parts(tf: ModuleType) -> Any:
    """Linear operators taken apart, put together, called with, and differentiated."""
    kinds = tf.linalg
    two = np.float32([1, 2])

    def kind(number: int) -> Any:
        diagonal = kinds.LinearOperatorDiag(
            tf.constant(two), is_positive_definite=True, name="own"
        )
        matrix = kinds.LinearOperatorFullMatrix(np.float32([[2, 1], [1, 3]]))
        column = np.float32([[1], [2]])
        return (
            diagonal,
            matrix,
            kinds.LinearOperatorIdentity(tf.placeholder_with_default(2, []), [3]),
            kinds.LinearOperatorScaledIdentity(2, tf.constant(3.0)),
            kinds.LinearOperatorComposition([diagonal, matrix]),
            kinds.LinearOperatorInversion(matrix),
            kinds.LinearOperatorBlockLowerTriangular([[matrix], [matrix, diagonal]]),
            kinds.LinearOperatorLowRankUpdate(diagonal, column, v=2 * column),
            kinds.LinearOperatorTridiag([two, two + 2, two], "sequence"),
            kinds.LinearOperatorPermutation([1, 0], dtype=tf.float32),
        )[number]

    def outcome(number: int) -> Any:
        operator = kind(number)
        flat = tf.nest.flatten(operator, expand_composites=True)
        again = tf.nest.pack_sequence_as(operator, flat, expand_composites=True)
        spec = tf.type_spec_from_value(operator)
        x = tf.ones([operator.shape[-1].value or 2, 1])
        called = tf.function(lambda given: given.matmul(x))(again)
        _, turned = tf.while_loop(
            lambda i, _: i < 3,
            lambda i, given: (i + 1, type(given)(**given.parameters)),
            [0, operator],
        )
        product = operator.matmul(x)
        (grad,) = tf.gradients(product, operator, grad_ys=tf.ones_like(product))
        parts = tf.nest.flatten(grad, expand_composites=True) if grad else []
        known = [
            *(part.name for part in flat),
            again.name,
            again.is_positive_definite,
            again.is_self_adjoint,
            again.is_non_singular,
            spec == tf.type_spec_from_value(again),
            spec.is_compatible_with(operator),
            type(grad).__name__,
        ]
        with tf.Session() as session:
            return known, session.run([called, turned.matmul(x), *parts])

    found = []
    for number in range(10):
        with tf.Graph().as_default():
            found.append(outcome(number))
    return found


def sparse_branches(tf: ModuleType) -> Any:
    """What is known of the shapes of sparse tensors that branches give."""

    def of(*shape: int) -> Callable[[], Any]:
        return lambda: tf.SparseTensor([[0, 0]], [1.0], list(shape))

    def unknown() -> Any:
        return tf.sparse_placeholder(tf.float32)

    def narrow() -> Any:
        return tf.sparse_placeholder(tf.float32, [None, 3])

    def known(if_true: Any, if_false: Any) -> str:
        made = tf.cond(tf.placeholder(tf.bool, []), if_true, if_false)
        return str(made.shape)

    pairs = [
        (of(2, 3), of(2, 3)),
        (of(2, 3), of(4, 3)),
        (of(2, 3), unknown),
        (unknown, of(2, 3)),
        (narrow, of(2, 3)),
    ]
    return [_outcome(tf, lambda pair=pair: known(*pair)) for pair in pairs]  # type: ignore[misc] # pair


def layers_of_unknown_ranks(tf: ModuleType) -> Any:
    """Layers of inputs of which not even the rank is known."""
    layers = tf.layers
    names = "conv1d conv2d conv3d conv2d_transpose conv3d_transpose"
    windows = [getattr(layers, name) for name in names.split()]
    windows += [layers.separable_conv1d, layers.separable_conv2d]
    windows += [layers.max_pooling1d, layers.max_pooling2d, layers.max_pooling3d]
    windows += [layers.average_pooling1d, layers.average_pooling2d]
    found = []
    for layer in windows:
        for order in ("channels_last", "channels_first"):

            def build(layer: Any = layer, order: str = order) -> Any:
                inputs = tf.placeholder(tf.float32)
                return str(layer(inputs, 2, 3, data_format=order).shape)

            found.append(_outcome(tf, build))
    return found


def numbers_of_filters(tf: ModuleType) -> Any:
    """What is no number of filters, and what else is wrong then."""
    found = []
    for filters in (None, 2.5, "a", "3", 0, True, np.int64(3), np.float32(2.5)):
        for name in ("conv2d", "conv2d_transpose", "separable_conv2d"):
            for more in ({}, {"strides": -1}, {"data_format": "bad"}):

                def build(name: str = name, f: Any = filters, more: Any = more) -> Any:
                    inputs = tf.zeros([2, 8, 8, 4])
                    return str(getattr(tf.layers, name)(inputs, f, 3, **more).shape)

                found.append(_outcome(tf, build))
    return found


def updates_of_no_variables(tf: ModuleType) -> Any:
    """Updates of what is no variable, and attributes that count before inputs."""
    raw = tf.raw_ops
    found = []
    for name in ("scatter_update", "scatter_add", "scatter_nd_sub", "scatter_min"):
        for ref in ([1.0], None, 3, np.ones(2)):

            def build(name: str = name, ref: Any = ref) -> Any:
                return getattr(tf, name)(ref, [[0]], [1.0])

            found.append(_outcome(tf, build))
        found.append(
            _outcome(tf, lambda n=name: getattr(tf, n)(tf.ones([2]), [[0]], [1.0]))  # type: ignore[misc] # name
        )
    builds: list[Callable[[], Any]] = [
        lambda: raw.Conv2D(input=None, filter=[1.0], strides=3, padding="SAME"),
        lambda: raw.Conv2D(input=None, filter=[1.0], strides=[1] * 4, padding=2),
        lambda: raw.Conv2D(input=None, filter=[1.0], strides=[1] * 4, padding="A"),
        lambda: raw.LRN(input=None, depth_radius="a"),
        lambda: raw.LRN(input=None, depth_radius=2),
        lambda: raw.DecodeRaw(bytes=None, out_type="a"),
        lambda: raw.StringToHashBucket(string_tensor=None, num_buckets=None),
        lambda: tf.unique_with_counts([[1, 2]]),
        lambda: tf.metrics.recall_at_k([[1]], [[0.1, 0.2]], k=[1]),
        lambda: tf.metrics.precision_at_k([[1]], [[0.1, 0.2]], k="1"),
        lambda: tf.metrics.recall_at_top_k([[1]], [[1]], class_id=tf.ones([])),
        lambda: raw.FakeQuantWithMinMaxArgsGradient(gradients=[1.0], inputs=[[1.0]]),
    ]
    return found + [_outcome(tf, build) for build in builds]


def elements_of_arrays(tf: ModuleType) -> Any:
    """What is known of elements of arrays of tensors, and of those of gradients."""
    raw = tf.raw_ops

    def build(element: Any, value: Any, kind: str) -> Any:
        handle, flow = raw.TensorArrayV3(
            size=2, dtype=tf.float32, element_shape=element
        )
        if kind == "gradient":
            handle, flow = raw.TensorArrayGradV3(
                handle=handle, flow_in=flow, source="g"
            )
        elif kind == "longer":
            handle, flow = raw.TensorArrayGradWithShape(
                handle=handle, flow_in=flow, shape_to_prepend=[3], source="g"
            )
        given = tf.placeholder(tf.float32, value)
        with tf.control_dependencies([flow]):
            read = raw.TensorArrayReadV3(
                handle=handle, index=0, flow_in=flow, dtype=tf.float32
            )
        many = raw.TensorArrayGatherV3(
            handle=handle, indices=[0], flow_in=flow, dtype=tf.float32
        )
        raw.TensorArrayWriteV3(handle=handle, index=0, value=given, flow_in=flow)
        several = tf.placeholder(tf.float32, value and [1, *value])
        raw.TensorArrayScatterV3(
            handle=handle, indices=[0], value=several, flow_in=flow
        )
        return [str(read.shape), str(many.shape)]

    return [
        _outcome(tf, lambda e=element, v=value, k=kind: build(e, v, k))  # type: ignore[misc] # the three
        for element in ([2], [None], tf.TensorShape(None))
        for value in ([2], [3], [3, 2], None)
        for kind in ("itself", "gradient", "longer")
    ]


def far_patches(tf: ModuleType) -> Any:
    """Patches of volumes whose steps are larger than they are, on several axes."""
    volume = np.arange(2 * 7 * 6 * 5, dtype=np.float32).reshape(2, 7, 6, 5, 1)
    return [
        _outcome(
            tf,
            lambda s=step: tf.extract_volume_patches(  # type: ignore[misc] # step
                volume, [1, 2, 1, 2, 1], [1, s, s, s, 1], "SAME"
            ),
        )
        for step in (3, 4, 7)
    ]


RUNS = {
    "objects_as_tensors": objects_as_tensors,
    "functions_of_parts": functions_of_parts,
    "fed_in_parts": fed_in_parts,
    "operators_in_parts": operators_in_parts,
    "places_of_rows": places_of_rows,
    "ragged_keys": ragged_keys,
    "sparse_branches": sparse_branches,
    "layers_of_unknown_ranks": layers_of_unknown_ranks,
    "numbers_of_filters": numbers_of_filters,
    "updates_of_no_variables": updates_of_no_variables,
    "elements_of_arrays": elements_of_arrays,
    "far_patches": far_patches,
}
