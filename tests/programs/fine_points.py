"""Small programs about fine points: odd operands, names in errors, what is refused.

Each takes the module it calls `tf` and returns values.
"""

from __future__ import annotations

import gzip
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import numpy as np

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


def table_mistakes(tf: ModuleType) -> Any:
    """No keys for tables filled once, and keys of wrong shapes for dense ones."""
    raw = tf.raw_ops
    none = tf.constant([], tf.int64)
    nothing = {"keys": tf.constant([], tf.string), "values": none}
    pairs = tf.ones([2, 2], tf.int64)
    seven = tf.constant(7, tf.int64)

    def static() -> Any:
        return raw.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)

    def dense(empty: Any, deleted: Any) -> Any:
        return raw.MutableDenseHashTableV2(
            empty_key=tf.constant(empty, tf.int64),
            deleted_key=tf.constant(deleted, tf.int64),
            value_dtype=tf.int64,
        )

    numbers, vectors = dense(0, -1), dense([0, 0], [-1, -1])
    mutable = raw.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.int64)
    refused = [
        raw.InitializeTableV2(table_handle=static(), **nothing),
        raw.LookupTableImportV2(table_handle=static(), **nothing),
        raw.LookupTableImportV2(table_handle=mutable, **nothing),
        raw.LookupTableImportV2(table_handle=numbers, keys=none, values=none),
        raw.LookupTableInsertV2(table_handle=numbers, keys=pairs, values=pairs),
        raw.LookupTableRemoveV2(table_handle=numbers, keys=pairs),
    ]
    for handle, shape in (
        (numbers, [2, 2]),
        (numbers, [2, 1]),
        (numbers, []),
        (vectors, [2, 3, 2]),
        (vectors, [2]),
    ):
        keys = tf.ones(shape, tf.int64)
        refused.append(
            raw.LookupTableFindV2(table_handle=handle, keys=keys, default_value=seven)
        )
    with tf.Session() as session:
        return [error_of(tf, lambda f=fetch: session.run(f)) for fetch in refused]


def printed_values(tf: ModuleType) -> Any:
    """Variables among the printed values: what they hold is printed."""
    old = tf.get_variable("old", initializer=tf.range(10), use_resource=False)
    new = tf.get_variable("new", initializer=[1.5, 2.5], use_resource=True)
    word = tf.get_variable("word", initializer="a word", use_resource=True)
    with tempfile.TemporaryDirectory() as folder, tf.Session() as session:
        path = Path(folder, "printed")
        stream = f"file://{path}"
        session.run(tf.global_variables_initializer())
        session.run(tf.print(old, {"b": new, "a": [old, 3]}, output_stream=stream))
        session.run(tf.print(new, summarize=-1, output_stream=stream))
        session.run(tf.print(word, output_stream=stream))
        return path.read_text(encoding="utf-8")


def activations_in_few_bits(tf: ModuleType) -> Any:
    """Half precision: what is rounded in between, and what overflows."""
    raw = tf.raw_ops
    below = [-0.001, -0.05, -1.0, -3.3, 0.5]
    halves = tf.constant([-12.0, -5.0, 0.0, 5.0, 6.25, 7.5], tf.float16)
    fetches = [
        raw.Elu(features=tf.constant(below, tf.float16)),
        raw.Elu(features=tf.constant(below, tf.bfloat16)),
        raw.Selu(features=tf.constant(below[:1], tf.float16)),
        raw.Softplus(features=halves),
        raw.SoftplusGrad(gradients=tf.ones_like(halves), features=halves),
    ]
    with tf.Session() as session:
        return session.run([tf.cast(fetch, tf.float32) for fetch in fetches])


def saved_layers(tf: ModuleType) -> Any:
    """What checkpoints of objects save with layers and recurrent cells, and restore."""
    cells = tf.nn.rnn_cell

    class Scale(tf.layers.Layer):  # type: ignore[misc, name-defined]
        def build(self, shape: Any) -> None:
            del shape
            self._hidden = self.add_variable("kept", [2])
            self.own = tf.get_variable("own", [1])
            self.part = tf.layers.Dense(1)
            self.add_variable("kept_too", [3])
            self.built = True

        def call(self, x: Any) -> Any:
            return x + self._hidden

    inner = cells.BasicRNNCell(2)
    parts = {
        "scale": Scale(),
        "norm": tf.layers.BatchNormalization(),
        "drop": cells.DropoutWrapper(inner),
        "stack": cells.MultiRNNCell([cells.GRUCell(2), cells.LSTMCell(2)]),
        "around": cells.DeviceWrapper(cells.ResidualWrapper(cells.BasicRNNCell(2)), ""),
    }
    x = tf.ones([1, 2])
    for part in parts.values():
        if hasattr(part, "zero_state"):
            part(x, part.zero_state(1, tf.float32))
        else:
            part(x)
    bias = inner.variables[1]
    with tempfile.TemporaryDirectory() as folder, tf.Session() as session:
        session.run(tf.global_variables_initializer())
        checkpoint = tf.train.Checkpoint(**parts)
        session.run(tf.assign(bias, [3.0, 4.0]))
        path = checkpoint.save(str(Path(folder, "model")), session=session)
        session.run(tf.assign(bias, [0.0, 0.0]))
        checkpoint.restore(path).assert_consumed().run_restore_ops(session)
        names = sorted(name for name, _ in tf.train.list_variables(path))
        return [names, session.run(bias)]


def records_of_fixed_length(tf: ModuleType) -> Any:
    """Compressed files are read as they are told to be compressed."""
    content = b"head" + b"abcdefgh" + b"end"
    packed = {
        "": content,
        "ZLIB": zlib.compress(content),
        "GZIP": gzip.compress(content),
    }
    found: list[Any] = []
    with tempfile.TemporaryDirectory() as folder, tf.Session() as session:
        for encoding, text in packed.items():
            path = Path(folder, f"records{encoding}")
            path.write_bytes(text)
            reader = tf.FixedLengthRecordReader(
                3, header_bytes=4, footer_bytes=3, hop_bytes=2, encoding=encoding
            )
            queue = tf.FIFOQueue(1, tf.string, shapes=[])
            _, record = reader.read(queue)
            session.run(queue.enqueue([str(path)]))
            session.run(queue.close())
            found.append([session.run(record) for _ in range(3)])
            found.append(error_of(tf, lambda r=record: session.run(r))[0])
    return found


def tape_through_lists(tf: ModuleType) -> Any:
    """Gradients by a tape through a list to which a value is added and taken from."""
    raw = tf.raw_ops
    shape = tf.constant([], tf.int32)
    with tf.GradientTape() as tape:
        x = tf.constant(3.0)
        tape.watch(x)
        empty = raw.EmptyTensorList(
            element_shape=shape, max_num_elements=-1, element_dtype=tf.float32
        )
        full = raw.TensorListPushBack(input_handle=empty, tensor=x * x)
        _, last = raw.TensorListPopBack(
            input_handle=full, element_shape=shape, element_dtype=tf.float32
        )
        y = 2.0 * last
    with tf.Session() as session:
        return session.run([y, tape.gradient(y, x)])


def gradients_of_pooled_nans(tf: ModuleType) -> Any:
    """The first place of a window without another largest value gets the gradient."""
    nan = float("nan")
    image = tf.constant(
        [[nan, nan, nan, 1.0], [nan, nan, 2.0, 3.0], [5.0, 4.0, 9.0, 7.0]]
    )
    image = tf.reshape(image, [1, 3, 4, 1])
    found = []
    for size, stride, padding in ((2, 1, "VALID"), (3, 2, "SAME"), (3, 1, "SAME")):
        ksize, strides = [1, size, size, 1], [1, stride, stride, 1]
        pooled = tf.nn.max_pool(image, ksize, strides, padding)
        numbers = tf.cast(tf.range(1, tf.size(pooled) + 1), tf.float32)
        dy = tf.reshape(numbers, tf.shape(pooled))
        found += tf.gradients(pooled, image, dy)
    with tf.Session() as session:
        return session.run(found)


def described_summaries(tf: ModuleType) -> Any:
    """A description and a name of a summary of a tensor."""
    first = tf.summary.tensor_summary(
        "first", tf.constant(1), summary_description="long", display_name="short"
    )
    with tf.Session() as session:
        return session.run(first)


def largest_of_odd_values(tf: ModuleType) -> Any:
    """Windows of NaN and infinities, with the gradient and the places."""
    numbers = np.random.RandomState(3)
    image = numbers.randint(-3, 3, (2, 7, 6, 2)).astype(np.float32)
    for value, share in ((np.nan, 0.3), (-np.inf, 0.2), (np.inf, 0.1)):
        image[numbers.rand(*image.shape) < share] = value
    raw, found = tf.raw_ops, []
    for padding in ("SAME", "VALID"):
        for size, stride in ((2, 2), (3, 2), (3, 1)):
            sides = {"ksize": [1, size, size, 1], "strides": [1, stride, stride, 1]}
            sides["padding"] = padding
            pooled = raw.MaxPool(input=image, **sides)
            with tf.Session() as session:
                known = session.run(pooled)
            weights = tf.reshape(
                tf.range(1.0, tf.cast(tf.size(pooled), tf.float32) + 1.0),
                tf.shape(pooled),
            )
            found += [
                pooled,
                raw.MaxPoolGrad(
                    orig_input=image, orig_output=known, grad=weights, **sides
                ),
                *raw.MaxPoolWithArgmax(input=image, **sides),
            ]
    outside = tf.constant([[np.nan, np.inf, -np.inf, 7.0, 0.5]])
    found += raw.FakeQuantWithMinMaxVarsGradient(
        gradients=tf.ones_like(outside), inputs=outside, min=-6.0, max=6.0
    )
    with tf.Session() as session:
        return session.run(found)


def _refusal(call: Callable[[], Any]) -> list[str]:
    """Return the class and the first sentence of the error that a call ends with."""
    try:
        call()
    except (TypeError, ValueError) as error:
        return [type(error).__name__, str(error).partition(". ")[0]]
    return ["no error"]


def dimensions_in_lists(tf: ModuleType) -> Any:
    """Sizes from the shape of a tensor beside numbers, where they are taken and not."""
    image = tf.placeholder(tf.float32, [2, 8, 8, 3], name="image")
    batch, rows, columns, channels = list(image.get_shape())
    upscaled = tf.stack([batch, int(rows * 2), int(columns * 2), channels])
    weights = tf.ones([3, 3, 3, channels])
    tf.nn.conv2d_transpose(image, weights, upscaled, [1, 2, 2, 1])
    tf.reshape(image, [batch, rows * columns, channels])
    tf.truncated_normal([channels, 4])
    tf.identity(image[:batch, 4:rows, : columns - 4])
    tf.slice(image, [0, 0, 0, 0], [batch, -1, columns, 1])
    tf.stack([tf.shape(image)[0], rows, channels])
    tf.tile(tf.ones([1, 2]), [batch, 1])
    tf.pad(tf.ones([2, 2]), [[tf.Dimension(1), 0], [0, tf.Dimension(2)]])
    tf.constant([batch, 3], tf.int64)
    refused = [
        _refusal(lambda: tf.constant([batch, 3])),
        _refusal(lambda: tf.constant([batch, 3.0], tf.float32)),
        _refusal(lambda: tf.stack([[batch, 3], [1, rows]])),
        _refusal(lambda: tf.reshape(image, [tf.Dimension(None), 4])),
    ]
    nodes = [
        f"{node.name} {node.op} {' '.join(node.input)}"
        for node in tf.get_default_graph().as_graph_def().node
    ]
    return refused, nodes


def named_outputs(tf: ModuleType) -> Any:
    """What functions of several outputs give: tuples, some of them with names."""
    image = tf.zeros([1, 4, 4, 1])
    small = tf.quantize_v2(image, 0.0, 1.0, tf.quint8)
    classes = tf.constant([[1]], tf.int64)
    results = [
        small,
        tf.nn.quantized_max_pool(*small, [1, 1, 1, 1], [1, 1, 1, 1], "SAME"),
        tf.nn.quantized_relu_x(small.output, 1.0, 0.0, 1.0),
        tf.nn.fractional_max_pool(image, [1.0, 1.5, 1.5, 1.0], seed=1, seed2=1),
        tf.nn.max_pool_with_argmax(image, [1, 1, 1, 1], [1, 1, 1, 1], "SAME"),
        tf.nn.uniform_candidate_sampler(classes, 1, 1, True, 3),
        tf.nn.compute_accidental_hits(classes, tf.constant([1], tf.int64), 1),
        tf.image.sample_distorted_bounding_box([4, 4, 3], tf.zeros([1, 1, 4])),
        tf.linalg.slogdet([[2.0]]),
        tf.linalg.lu([[2.0]]),
        tf.linalg.qr([[2.0]]),
        tf.approx_top_k([1.0, 2.0], 1),
        tf.unique([1]),
        # These are plain tuples.
        tf.linalg.eigh([[2.0]]),
        tf.linalg.svd([[2.0]]),
        tf.nn.fused_batch_norm(image, [1.0], [0.0]),
    ]
    return [
        [type(result).__name__, getattr(result, "_fields", None)] for result in results
    ]


def mistakes_of_layouts(tf: ModuleType) -> Any:
    """Names of layouts, and operands, that do not fit ops between layouts."""
    raw = tf.raw_ops
    layouts = [("NHWC", "NCHW"), ("12345", "54321"), ("1234", "4321")]
    layouts += [("12345678", "87654321"), ("NHWC", "NCH"), ("1233", "4321")]
    operands = [1, [1, 2], [1, 2, 3], [1, 2, 3, 4], [[1, 2, 3]] * 4, [[1, 2]] * 5]
    found = []
    with tf.Session() as session:
        for source, target in layouts:
            formats = {"src_format": source, "dst_format": target}
            axes = raw.DataFormatDimMap(x=[-4, 0, 3, 4, 5], **formats)
            found.append(error_of(tf, lambda axes=axes: session.run(axes).tolist()))
            for operand in operands:
                sizes = raw.DataFormatVecPermute(x=operand, **formats)
                found.append(error_of(tf, lambda sizes=sizes: session.run(sizes)))
        around = raw.DataFormatDimMap(
            x=[-5, -4, 0, 3, 4, 5, 9], src_format="NHWC", dst_format="NCHW"
        )
        return found, session.run(around)


def mistakes_of_kernels(tf: ModuleType) -> Any:
    """Operands and attributes that only kernels refuse."""
    raw = tf.raw_ops
    grams = {"left_pad": "", "right_pad": "", "pad_width": 0, "separator": "a"}
    number = tf.constant([1])
    nodes = [
        raw.SobolSample(dim=21201, num_results=1, skip=0),
        raw.SobolSample(dim=2560, num_results=16384000, skip=0),
        raw.SobolSample(dim=2560, num_results=16384000, skip=2**31 - 1),
        *(
            raw.StringNGrams(
                data=["x"],
                data_splits=[0, 1],
                ngram_widths=widths,
                preserve_short_sequences=False,
                **grams,
            ).ngrams
            for widths in ([0], [2, -1])
        ),
        raw.PyFunc(input=[number], token=b"\xb0", Tout=[tf.int32])[0],
        raw.EagerPyFunc(input=[number], token=b"\xb0", Tout=[tf.int32])[0],
    ]
    halves = tf.SparseTensor([[0]], tf.constant([1], tf.float16), [1])
    with tf.Session() as session:
        return [
            *(error_of(tf, lambda node=node: session.run(node)) for node in nodes),
            _refusal(lambda: tf.debugging.assert_type(halves, tf.float32)),
            _refusal(lambda: tf.debugging.assert_type(halves, tf.float32, "halves")),
        ]


def random_numbers_without_end(tf: ModuleType) -> Any:
    """Parameters that are infinite or no number, and too many numbers."""
    raw = tf.raw_ops
    many = [46902, 51188, 34063, 59195]
    counts = tf.constant([np.inf, np.inf, np.inf, np.inf, 3.0, np.nan, -1.0, 5.0])
    chances = tf.constant([0.01, 0.7, 1.0, 0.0, np.nan, -1.0, np.nan, 0.5])
    rates = [np.inf, 2.0, -np.inf]
    found = [
        raw.RandomPoissonV2(shape=[3], rate=rates, seed=3, seed2=5, dtype=dtype)
        for dtype in (tf.half, tf.float32, tf.int32, tf.int64)
    ]
    found += [
        raw.StatelessRandomBinomial(
            shape=[3, 8], seed=[1, 2], counts=counts, probs=chances, dtype=dtype
        )
        for dtype in (tf.half, tf.float32)
    ]
    rates = tf.ones([4] * 5)
    nodes = [
        raw.RandomPoissonV2(shape=many, rate=rates),
        raw.RandomGamma(shape=many, alpha=rates),
        raw.StatelessRandomPoisson(
            shape=many + [4] * 5, seed=[1, 2], lam=rates, dtype=tf.float32
        ),
        raw.RandomUniform(shape=many * 2, dtype=tf.float32),
        raw.StatelessRandomUniform(shape=many * 2, seed=[1, 2]),
        raw.RandomUniformInt(shape=many * 2, minval=0, maxval=3),
    ]
    with tf.Session() as session:
        errors = [error_of(tf, lambda node=node: session.run(node)) for node in nodes]
        too_big = raw.RandomPoissonV2(shape=[2**31 - 1] * 2, rate=1.0)
        errors.append(error_of(tf, lambda: session.run(too_big))[0])
        return session.run(found), errors


def ragged_values_as_operands(tf: ModuleType) -> Any:
    """Functions of values of ragged tensors, which are no tensors yet."""
    rows = tf.ragged.constant_value([[1, 2], [3]])
    deep = tf.ragged.constant_value([[[1, 2], [3]], [[4]]])
    found = [
        tf.reduce_sum(rows, 1),
        tf.reduce_max(rows, axis=[0]),
        tf.reduce_sum(deep, axis=2).flat_values,
        tf.reduce_mean(deep, axis=[1]).flat_values,
        tf.reduce_prod(rows, axis=[1], keepdims=True),
        tf.unsorted_segment_sum(rows, [1, 1], 2).flat_values,
        tf.unsorted_segment_mean(rows, [0, 1], 2).flat_values,
        tf.bitcast(rows, tf.uint32).flat_values,
    ]
    known = tf.shape(rows).static_lengths()
    with tf.Session() as session:
        return session.run(found), known


def matrices_of_odd_elements(tf: ModuleType) -> Any:
    """Infinities and NaN in matrices, beside others in a batch."""
    matrices = np.array(
        [
            [[2.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 4.0]],
            [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, np.inf]],
            [[np.inf, 2.0, 3.0], [1.0, 2.0, 0.0], [1.0, 0.0, 1.0]],
            [[0.0, 0.0, 0.0], [0.0, np.nan, 1.0], [1.0, 1.0, 1.0]],
        ]
    )
    found, refused = [], []
    for dtype in (tf.float32, tf.float64, tf.complex64):
        x = tf.constant(matrices.astype(dtype.as_numpy_dtype))
        signs, _ = tf.linalg.slogdet(x)
        factors, order = tf.linalg.lu(x)
        solved = tf.linalg.solve(x, tf.ones([4, 3, 1], dtype))
        values = tf.linalg.svd(x[1:], compute_uv=False)
        parts = [tf.linalg.det(x), signs, factors, tf.linalg.inv(x), solved, values]
        # Parts of numbers, and digits beyond those in which libraries agree.
        kinds = [tf.math.real(part) for part in parts]
        found += [order, *(tf.round(kind * 100) for kind in kinds)]
        first = tf.constant([[np.nan, 1.0], [1.0, 1.0]], dtype)
        refused += [tf.linalg.lu(first).lu, tf.linalg.inv(first)]
        refused.append(tf.linalg.solve(first, tf.ones([2, 1], dtype)))
    refused.append(tf.raw_ops.Eig(input=tf.eye(2), Tout=tf.complex128).e)
    with tf.Session() as session:
        errors = [error_of(tf, lambda node=node: session.run(node)) for node in refused]
        return session.run(found), errors


def axes_of_rows(tf: ModuleType) -> Any:
    """Axes of ragged tensors are Python's integers."""
    rows = tf.ragged.constant([[1, 2], [3]])
    return [
        _refusal(lambda join=join, axis=axis: join([rows, rows], axis))
        for join in (tf.concat, tf.stack, tf.ragged.stack)
        for axis in ("foo", 1.0, 5)
    ]


def graphs_of_threads(tf: ModuleType) -> Any:
    """Outside of every block, each thread has a graph of its own."""
    found: list[Any] = []
    given = tf.Graph()

    def build() -> None:
        own = tf.get_default_graph()
        tf.constant(1.0, name="there")
        found.append([op.name for op in own.get_operations()])
        found.append(own is tf.get_default_graph())
        with given.as_default():
            tf.constant(2.0, name="given")
        tf.reset_default_graph()
        found.append(own is tf.get_default_graph())

    tf.constant(0.0, name="here")
    for _ in range(2):
        thread = Thread(target=build)
        thread.start()
        thread.join()
    found.append([op.name for op in given.get_operations()])
    found.append([op.name for op in tf.get_default_graph().get_operations()])
    return found


RUNS = {
    run.__name__: run
    for run in (
        barrier_mistakes,
        partial_run_mistakes,
        table_mistakes,
        printed_values,
        activations_in_few_bits,
        saved_layers,
        records_of_fixed_length,
        tape_through_lists,
        gradients_of_pooled_nans,
        described_summaries,
        dimensions_in_lists,
        largest_of_odd_values,
        named_outputs,
        mistakes_of_layouts,
        mistakes_of_kernels,
        random_numbers_without_end,
        ragged_values_as_operands,
        matrices_of_odd_elements,
        axes_of_rows,
        graphs_of_threads,
    )
}
