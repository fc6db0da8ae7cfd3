"""Programs that run queues, readers, tables and accumulators, and what they give.

Each takes the module it calls `tf` and a folder for its files, and returns values.
What depends on the order of threads is left out.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np


def _error(tf: ModuleType, run: Callable[[], Any]) -> list[str]:
    """Return the class and the message of the error that a call ends with."""
    try:
        run()
    except tf.errors.OpError as error:
        text = error.message.partition("\n\t [[{{node ")[0]
        # TensorFlow tells first where the node was made.
        return [type(error).__name__, text.rpartition("\n")[2]]
    raise AssertionError("the call did not fail")


def _all(tf: ModuleType, fetches: Any, folder: Path) -> list[Any]:
    """Run a graph with its runners to the end of its input."""
    found = []
    with tf.Session() as session:
        session.run(
            [tf.global_variables_initializer(), tf.local_variables_initializer()]
        )
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        try:
            while not coordinator.should_stop():
                found.append(session.run(fetches))
        except tf.errors.OutOfRangeError:
            pass
        finally:
            coordinator.request_stop()
            coordinator.join(threads)
    return _without(found, str(folder).encode())


def _without(value: Any, folder: bytes) -> Any:
    """Return values without the name of the folder."""
    if isinstance(value, bytes):
        return value.replace(folder, b"")
    if isinstance(value, np.ndarray) and value.dtype == object:
        flat = [_without(item, folder) for item in value.reshape(-1)]
        changed = np.empty(len(flat), object)
        changed[:] = flat
        return changed.reshape(value.shape)
    if isinstance(value, dict):
        return {key: _without(item, folder) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without(item, folder) for item in value]
    return value


def _files(folder: Path, suffix: str, contents: list[bytes]) -> list[str]:
    paths = [folder / f"{number}{suffix}" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths]


def _once(tf: ModuleType, names: list[str]) -> Any:
    return tf.train.string_input_producer(names, num_epochs=1, shuffle=False)


# -- queues ----------------------------------------------------------------------------


def fifo_queue(tf: ModuleType, folder: Path) -> Any:
    queue = tf.FIFOQueue(9, [tf.float32, tf.string], [[2], []], shared_name="q")
    one = queue.enqueue([[1.0, 2.0], "a"])
    many = queue.enqueue_many([np.arange(8.0).reshape(4, 2), ["b", "c", "d", "e"]])
    found = []
    with tf.Session() as session:
        session.run(one)
        session.run(many)
        found.append(session.run([queue.size(), queue.is_closed()]))
        found.append(session.run(queue.dequeue()))
        found.append(session.run(queue.dequeue_many(2)))
        found.append(session.run(queue.dequeue_many(0)))
        session.run(queue.close())
        found.append(session.run(queue.is_closed()))
        found.append(_error(tf, lambda: session.run(one)))
        found.append(_error(tf, lambda: session.run(queue.dequeue_many(3))))
        found.append(session.run(queue.dequeue_up_to(3)))
        found.append(_error(tf, lambda: session.run(queue.dequeue_up_to(3))))
        found.append(_error(tf, lambda: session.run(queue.dequeue())))
        found.append(_error(tf, lambda: session.run(queue.close())))
    return found


def wrong_elements(tf: ModuleType, folder: Path) -> Any:
    value = tf.placeholder(tf.float32)
    queue = tf.FIFOQueue(9, [tf.float32, tf.int32], [[2], []])
    padding = tf.PaddingFIFOQueue(9, tf.float32, [[None, 2]])
    shapeless = tf.FIFOQueue(9, [tf.float32, tf.int32])
    one = queue.enqueue([value, 1])
    many = queue.enqueue_many([value, [1, 2]])
    padded = padding.enqueue(value)
    free = shapeless.enqueue_many([value, [1, 2]])
    with tf.Session() as session:
        return [
            _error(tf, lambda: session.run(one, {value: [1.0, 2.0, 3.0]})),
            _error(tf, lambda: session.run(many, {value: [[1.0, 2.0]]})),
            _error(tf, lambda: session.run(many, {value: [[1.0], [2.0]]})),
            _error(tf, lambda: session.run(padded, {value: [[1.0]]})),
            _error(tf, lambda: session.run(free, {value: [1.0]})),
            _error(tf, lambda: session.run(shapeless.dequeue_many(1))),
        ]


def random_queue(tf: ModuleType, folder: Path) -> Any:
    queue = tf.RandomShuffleQueue(50, 5, [tf.int32], [[]], seed=7)
    put = queue.enqueue_many([np.arange(20)])
    three, one = queue.dequeue_many(3), queue.dequeue()
    found = []
    with tf.Session() as session:
        session.run(put)
        found.append([session.run(three), session.run(one), session.run(three)])
        session.run(put)
        found.append(session.run(three))
        session.run(queue.close())
        found.append([session.run(three), session.run(queue.dequeue_up_to(40))])
    return found


def padding_queue(tf: ModuleType, folder: Path) -> Any:
    numbers, words = tf.placeholder(tf.int32), tf.placeholder(tf.string)
    queue = tf.PaddingFIFOQueue(9, [tf.int32, tf.string], [[None, 2], [None]])
    put, two = queue.enqueue([numbers, words]), queue.dequeue_many(2)
    with tf.Session() as session:
        session.run(put, {numbers: [[1, 2]], words: ["a", "b"]})
        session.run(put, {numbers: [[1, 2], [3, 4]], words: ["c"]})
        session.run(put, {numbers: [[5, 6]], words: ["d", "e"]})
        session.run(put, {numbers: [[7, 8]], words: ["f", "g"]})
        return [session.run(two), session.run(two)]


def priority_queue(tf: ModuleType, folder: Path) -> Any:
    queue = tf.PriorityQueue(9, [tf.string], [[]], names=["p", "word"])
    put = queue.enqueue_many(
        {"p": np.array([30, 10, 20, 40]), "word": ["c", "a", "b", "d"]}
    )
    with tf.Session() as session:
        session.run(put)
        return [session.run(queue.dequeue()), session.run(queue.dequeue_many(2))]


def together(tf: ModuleType, folder: Path) -> Any:
    """One operation waits for what another one of the same run does."""
    queue = tf.FIFOQueue(1, tf.int32, [[]])
    taken = queue.dequeue()
    put = queue.enqueue(5)
    with tf.Session() as session:
        first, _ = session.run([taken, put])
        return [first, session.run([put, taken])[1]]


def selected_queue(tf: ModuleType, folder: Path) -> Any:
    queues = [tf.FIFOQueue(5, tf.int32, [[]]) for _ in range(2)]
    index = tf.placeholder(tf.int32, [])
    chosen = tf.QueueBase.from_list(index, queues)
    put, taken = chosen.enqueue(index * 10), chosen.dequeue()
    with tf.Session() as session:
        session.run(put, {index: 1})
        session.run(put, {index: 0})
        sizes = session.run([queue.size() for queue in queues])
        return [sizes, session.run(taken, {index: 0}), session.run(taken, {index: 1})]


def staged(tf: ModuleType, folder: Path) -> Any:
    options = {"shared_name": "area", "capacity": 2}
    value = tf.placeholder(tf.int32)
    put = tf.raw_ops.Stage(values=[value, "word"], **options)
    types = [tf.int32, tf.string]
    taken = tf.raw_ops.Unstage(dtypes=types, **options)
    second = tf.raw_ops.StagePeek(index=1, dtypes=types, **options)
    count = tf.raw_ops.StageSize(dtypes=types, **options)
    clear = tf.raw_ops.StageClear(dtypes=types, **options)
    with tf.Session() as session:
        session.run(put, {value: 5})
        session.run(put, {value: [6, 7]})
        found = [session.run(count), list(session.run(second))]
        found.append(list(session.run([put, taken], {value: 8})[1]))
        session.run(clear)
        return [*found, session.run(count)]


# -- readers ---------------------------------------------------------------------------

_TEXTS = [b"a\nb\r\n\nc", b"", b"d\n", b"e\rf\ng"]


def text_lines(tf: ModuleType, folder: Path) -> Any:
    names = _files(folder, ".txt", _TEXTS)
    return _all(tf, list(tf.TextLineReader().read(_once(tf, names))), folder)


def text_lines_without_head(tf: ModuleType, folder: Path) -> Any:
    names = _files(folder, ".txt", _TEXTS)
    reader = tf.TextLineReader(skip_header_lines=1)
    return _all(tf, list(reader.read(_once(tf, names))), folder)


def some_lines(tf: ModuleType, folder: Path) -> Any:
    names = _files(folder, ".txt", [b"1\n2\n3\n", b"4\n", b"5\n6\n"])
    reader = tf.TextLineReader()
    return _all(tf, list(reader.read_up_to(_once(tf, names), 2)), folder)


def whole_files(tf: ModuleType, folder: Path) -> Any:
    names = _files(folder, ".bin", [b"\x00\xff\n", b""])
    return _all(tf, list(tf.WholeFileReader().read(_once(tf, names))), folder)


def names_themselves(tf: ModuleType, folder: Path) -> Any:
    return _all(tf, list(tf.IdentityReader().read(_once(tf, ["x", "y"]))), folder)


def fixed_lengths(tf: ModuleType, folder: Path) -> Any:
    names = _files(folder, ".bin", [bytes(range(23)), bytes(range(6))])
    found = []
    for sizes in ((5, 2, 3), (4,), (6, 1, 1, 3), (2, 1, 0, 5), (4, 0, 3, 0)):
        with tf.Graph().as_default():
            reader = tf.FixedLengthRecordReader(*sizes)
            found.append(_all(tf, list(reader.read(_once(tf, names))), folder))
    return found


def fixed_lengths_compressed(tf: ModuleType, folder: Path) -> Any:
    names = _files(folder, ".z", [zlib.compress(bytes(range(12)))])
    reader = tf.FixedLengthRecordReader(5, encoding="ZLIB")
    return _all(tf, list(reader.read(_once(tf, names))), folder)


def record_files(tf: ModuleType, folder: Path) -> Any:
    names = []
    options = tf.python_io.TFRecordOptions(tf.python_io.TFRecordCompressionType.GZIP)
    for number in range(2):
        names.append(str(folder / f"{number}.records"))
        with tf.python_io.TFRecordWriter(names[-1], options) as writer:
            for size in (0, 3, 40):
                writer.write(b"%d" % number * size)
    reader = tf.TFRecordReader(options=options)
    return _all(tf, list(reader.read(_once(tf, names))), folder)


def counts_of_a_reader(tf: ModuleType, folder: Path) -> Any:
    names = _files(folder, ".txt", [b"1\n2\n", b"3\n"])
    queue = tf.FIFOQueue(9, tf.string, [[]])
    reader = tf.TextLineReader()
    record = list(reader.read(queue))
    counts = [reader.num_records_produced(), reader.num_work_units_completed()]
    found = []
    with tf.Session() as session:
        session.run(queue.enqueue_many([names]))
        for _ in range(3):
            session.run(record)
            found.append(session.run(counts))
        session.run(reader.reset())
        found.append(session.run(counts))
    return found


def counts_of_whole_files(tf: ModuleType, folder: Path) -> Any:
    names = _files(folder, ".txt", [b"1", b"2", b"3"])
    queue = tf.FIFOQueue(9, tf.string, [[]])
    reader = tf.WholeFileReader()
    some = list(reader.read_up_to(queue, 2))
    counts = [reader.num_records_produced(), reader.num_work_units_completed()]
    with tf.Session() as session:
        session.run(queue.enqueue_many([names]))
        found = [session.run(some), session.run(counts)]
        found += [session.run(some)[1], session.run(counts)]
    return _without(found, str(folder).encode())


def stored_state(tf: ModuleType, folder: Path) -> Any:
    queue = tf.FIFOQueue(9, tf.string, [[]])
    reader, lines = tf.IdentityReader(), tf.TextLineReader()
    key, _ = reader.read(queue)
    state = tf.placeholder(tf.string, [])
    restore = reader.restore_state(state)
    store = reader.serialize_state()
    counts = [reader.num_records_produced(), reader.num_work_units_completed()]
    with tf.Session() as session:
        found = [session.run(store)]
        session.run(queue.enqueue_many([["x", "y", "z"]]))
        session.run(key)
        session.run(key)
        stored = session.run(store)
        session.run(reader.reset())
        found += [stored, session.run(counts), session.run(store)]
        session.run(restore, {state: stored})
        found += [session.run(counts), session.run(key), session.run(store)]
        inside = b"\x08\x02\x10\x01\x18\x01\x22\x01w"  # in the middle of a file
        found.append(_error(tf, lambda: session.run(restore, {state: inside}))[0])
        found.append(_error(tf, lambda: session.run(lines.serialize_state())))
        found.append(_error(tf, lambda: session.run(lines.restore_state(stored))))
        found.append(_error(tf, lambda: session.run(restore, {state: b"\xff"}))[0])
    return found


def missing_file(tf: ModuleType, folder: Path) -> Any:
    queue = tf.FIFOQueue(9, tf.string, [[]])
    key, _ = tf.TextLineReader().read(queue)
    with tf.Session() as session:
        session.run(queue.enqueue("/nowhere/file"))
        return _error(tf, lambda: session.run(key))


def files_as_strings(tf: ModuleType, folder: Path) -> Any:
    names = _files(folder, ".txt", [b"1", b"2", b"3"])
    target = str(folder / "new" / "file")
    patterns = [str(folder / "[12].txt"), str(folder / "0*")]
    with tf.Session() as session:
        session.run(tf.write_file(target, tf.read_file(names[1])))
        found = session.run([tf.read_file(target), tf.matching_files(patterns)])
    return _without(found, str(folder).encode())


# -- producers and batches -------------------------------------------------------------


def shuffled_names(tf: ModuleType, folder: Path) -> Any:
    tf.set_random_seed(4)
    names = ["a", "b", "c", "d"]
    queue = tf.train.string_input_producer(names, num_epochs=3, seed=1)
    return _all(tf, queue.dequeue(), folder)


def rows_in_batches(tf: ModuleType, folder: Path) -> Any:
    rows = tf.constant([[1, 2], [3, 4], [5, 6]])
    words = tf.constant(["a", "b", "c"])
    x, y = tf.train.slice_input_producer([rows, words], num_epochs=3, shuffle=False)
    batch = tf.train.batch({"x": x, "y": y}, 4, allow_smaller_final_batch=True)
    return _all(tf, batch, folder)


def full_batches(tf: ModuleType, folder: Path) -> Any:
    index = tf.train.range_input_producer(7, num_epochs=1, shuffle=False).dequeue()
    return _all(tf, tf.train.batch([index, index * 2], 3), folder)


def chosen_elements(tf: ModuleType, folder: Path) -> Any:
    index = tf.train.range_input_producer(9, num_epochs=1, shuffle=False).dequeue()
    return _all(tf, tf.train.maybe_batch([index], index % 2 > 0, 2), folder)


def chosen_rows(tf: ModuleType, folder: Path) -> Any:
    rows = tf.train.limit_epochs(tf.constant([1, 2, 3, 4]), 3)
    keep = tf.constant([True, False, True, True])
    return _all(tf, tf.train.maybe_batch([rows], keep, 2, enqueue_many=True), folder)


def padded_batches(tf: ModuleType, folder: Path) -> Any:
    index = tf.train.range_input_producer(6, num_epochs=1, shuffle=False).dequeue()
    return _all(tf, tf.train.batch([tf.range(index)], 3, dynamic_pad=True), folder)


def sparse_elements(tf: ModuleType, folder: Path) -> Any:
    count = tf.train.limit_epochs(tf.constant(3), 4)
    sparse = tf.SparseTensor([[0, 1], [1, 0]], [5.0, 6.0], [2, 2])
    numbers, together = tf.train.batch([count, sparse], 2)
    return _all(tf, [numbers, together.indices, together.values], folder)


def all_of_shuffled(tf: ModuleType, folder: Path) -> Any:
    index = tf.train.range_input_producer(11, num_epochs=2, seed=1).dequeue()
    batch = tf.train.shuffle_batch(
        [index], 4, 9, 3, num_threads=2, allow_smaller_final_batch=True
    )
    found = _all(tf, batch, folder)
    return [len(found), np.sort(np.concatenate(found))]


# -- tables ----------------------------------------------------------------------------


def static_table(tf: ModuleType, folder: Path) -> Any:
    pairs = tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2])
    table = tf.lookup.StaticHashTable(pairs, -1)
    values = table.lookup(tf.constant([["a"], ["z"]]))
    found = []
    with tf.Session() as session:
        found.append(_error(tf, lambda: session.run(values)))
        found.append(_error(tf, lambda: session.run(table.export())))
        found.append(session.run(table.size()))
        session.run(tf.tables_initializer())
        session.run(table.initializer)
        found.append(session.run([values, table.size()]))
    return found


def tables_from_files(tf: ModuleType, folder: Path) -> Any:
    words, columns = _files(folder, ".txt", [b"a\nb\r\nc\n", b"1,x,0.5\n2,y,1.5\n"])
    whole, number = tf.lookup.TextFileIndex.WHOLE_LINE, -1
    index = tf.lookup.TextFileInitializer(words, tf.string, whole, tf.int64, number)
    string = tf.lookup.TextFileInitializer(
        words, tf.int64, number, tf.string, whole, vocab_size=2
    )
    csv = tf.lookup.TextFileInitializer(
        columns, tf.int64, 0, tf.float32, 2, delimiter=","
    )
    moved = tf.lookup.TextFileInitializer(
        words, tf.string, whole, tf.int64, number, value_index_offset=5
    )
    keys = tf.constant(["a", "c", "d"])
    numbers = tf.constant([0, 1, 2], tf.int64)
    with tf.Session() as session:
        fetches = [
            tf.lookup.StaticHashTable(index, -1).lookup(keys),
            tf.lookup.StaticHashTable(string, "?").lookup(numbers),
            tf.lookup.StaticHashTable(csv, 9.0).lookup(numbers),
            tf.lookup.StaticHashTable(moved, -1).lookup(keys),
        ]
        session.run(tf.tables_initializer())
        return session.run(fetches)


def wrong_tables(tf: ModuleType, folder: Path) -> Any:
    names = _files(folder, ".txt", [b"1,x\nq,y\n", b"1,x\n2\n", b"a\nb\n"])
    found = []
    for name, size in zip(names, (None, None, 9), strict=True):
        if size is None:
            source = tf.lookup.TextFileInitializer(
                name, tf.int64, 0, tf.string, 1, delimiter=","
            )
        else:
            source = tf.lookup.TextFileInitializer(
                name, tf.int64, -1, tf.string, -2, vocab_size=size
            )
        table = tf.lookup.StaticHashTable(source, "?")
        with tf.Session() as session:
            found.append(_error(tf, lambda t=table: session.run(t.initializer)))
    twice = tf.lookup.KeyValueTensorInitializer(["a", "a"], [1, 2])
    with tf.Session() as session:
        table = tf.lookup.StaticHashTable(twice, 0)
        found.append(_error(tf, lambda: session.run(table.initializer)))
    return _without_text(found, str(folder))


def _without_text(found: list[list[str]], folder: str) -> list[list[str]]:
    return [[text.replace(folder, "") for text in pair] for pair in found]


def changing_table(tf: ModuleType, folder: Path) -> Any:
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    rows = tf.lookup.experimental.MutableHashTable(
        tf.int64, tf.float32, [0.0, 1.0], name="rows"
    )
    dense = tf.lookup.experimental.DenseHashTable(
        tf.int64, tf.int64, -1, empty_key=0, deleted_key=-1
    )
    saver = tf.train.Saver()
    found = []
    with tf.Session() as session:
        session.run(table.insert(["a", "b"], [1, 2]))
        session.run(table.insert(["b", "c"], [5, 6]))
        found.append(session.run([table.lookup(["a", "b", "c", "q"]), table.size()]))
        session.run(table.remove(tf.constant(["a", "none"])))
        session.run(rows.insert([1, 2], [[1.0, 2.0], [3.0, 4.0]]))
        found.append(session.run(rows.lookup([[2, 7]])))
        found.append(_error(tf, lambda: session.run(rows.insert([1, 2], [1.0, 2.0]))))
        session.run(dense.insert([4, 5], [40, 50]))
        path = saver.save(session, str(folder / "model"))
        session.run(table.insert(["new"], [7]))
    with tf.Session() as session:
        session.run(table.insert(["newer"], [8]))
        saver.restore(session, path)
        fetches = [table.size(), table.lookup(["b", "newer"]), dense.lookup([5, 6])]
        found.append(session.run([*fetches, rows.lookup([1])]))
    return found


# -- accumulators ----------------------------------------------------------------------


def gathered_gradients(tf: ModuleType, folder: Path) -> Any:
    value, step = tf.placeholder(tf.float32), tf.placeholder(tf.int64, [])
    mean = tf.ConditionalAccumulator(tf.float32, shape=[2])
    total = tf.ConditionalAccumulator(tf.float32, shape=[2], reduction_type="SUM")
    put, take = mean.apply_grad(value, step), mean.take_grad(2)
    found = []
    with tf.Session() as session:
        for row in ([1.0, 2.0], [3.0, 5.0], [3.0, 5.0]):
            session.run(put, {value: row, step: 0})
            session.run(total.apply_grad(row))
        found.append(session.run(mean.num_accumulated()))
        found.append([session.run(take), session.run(total.take_grad(1))])
        session.run(put, {value: [9.0, 9.0], step: 0})
        session.run(mean.set_global_step(5))
        session.run(put, {value: [9.0, 9.0], step: 4})
        found.append(session.run(mean.num_accumulated()))
        found.append(
            _error(tf, lambda: session.run(put, {value: [1.0], step: 9})),
        )
        found.append(_error(tf, lambda: session.run(mean.take_grad(0))))
    return found


def gathered_slices(tf: ModuleType, folder: Path) -> Any:
    rows, value = tf.placeholder(tf.int64), tf.placeholder(tf.float32)
    sparse = tf.SparseConditionalAccumulator(tf.float32, shape=[4, 2])
    put = sparse.apply_grad(rows, value, [4, 2])
    found = []
    with tf.Session() as session:
        session.run(put, {rows: [0, 2], value: [[1.0, 1.0], [2.0, 2.0]]})
        session.run(put, {rows: [2, 3], value: [[4.0, 4.0], [2.0, 2.0]]})
        found.append(list(session.run(sparse.take_grad(2))))
        wrong = {rows: [9], value: [[1.0, 1.0]]}
        session.run(put, wrong)  # too old to be looked at
        late = sparse.apply_grad(rows, value, [4, 2], local_step=1)
        found.append(_error(tf, lambda: session.run(late, wrong)))
    return found


RUNS: dict[str, Callable[[ModuleType, Path], Any]] = {
    run.__name__: run
    for run in (
        fifo_queue,
        wrong_elements,
        random_queue,
        padding_queue,
        priority_queue,
        together,
        selected_queue,
        staged,
        text_lines,
        text_lines_without_head,
        some_lines,
        whole_files,
        names_themselves,
        fixed_lengths,
        fixed_lengths_compressed,
        record_files,
        counts_of_a_reader,
        counts_of_whole_files,
        stored_state,
        missing_file,
        files_as_strings,
        shuffled_names,
        rows_in_batches,
        full_batches,
        chosen_elements,
        chosen_rows,
        padded_batches,
        sparse_elements,
        all_of_shuffled,
        static_table,
        tables_from_files,
        wrong_tables,
        changing_table,
        gathered_gradients,
        gathered_slices,
    )
}
