"""Queues, readers, producers and batches: the input of classical programs."""

from __future__ import annotations

from types import ModuleType


def queue_kinds(tf: ModuleType) -> None:
    """Every kind of queue and everything that is done with one."""
    fifo = tf.FIFOQueue(3, tf.float32, shapes=[2], shared_name="ours")
    fifo.enqueue([[1.0, 2.0]])
    fifo.enqueue_many([tf.zeros([4, 2])], name="many")
    fifo.dequeue(name="one")
    fifo.dequeue_up_to(2)
    fifo.is_closed()
    fifo.size(name="count")
    fifo.close(cancel_pending_enqueues=True)
    tf.queue.PaddingFIFOQueue(4, [tf.int32, tf.string], [[None, 3], []])
    named = tf.RandomShuffleQueue(
        8, 2, [tf.int64, tf.float32], [[], [1]], names=["a", "b"], seed=3
    )
    named.enqueue({"b": [1.0], "a": 7})
    named.enqueue_many({"a": [1, 2], "b": [[1.0], [2.0]]})
    named.dequeue()
    named.dequeue_many(tf.placeholder(tf.int32, [], name="n"))
    priority = tf.io.PriorityQueue(5, [tf.string, tf.int32], [[], []])
    priority.enqueue((3, "x", 1))
    priority.dequeue_many(2)
    with tf.name_scope("outer"):
        tf.FIFOQueue(-1, [tf.bool, tf.uint8], name="untyped").dequeue()
        tf.RandomShuffleQueue(9, 1, tf.float32, shared_name="shared")


def queue_selection(tf: ModuleType) -> None:
    """A queue chosen by an index."""
    a = tf.FIFOQueue(3, [tf.float32, tf.int32], [[2, 3], [4]])
    b = tf.FIFOQueue(3, [tf.float32, tf.int32], [[2, 5], []])
    chosen = tf.QueueBase.from_list(tf.placeholder(tf.int32, [], name="i"), [a, b])
    chosen.dequeue()
    chosen.enqueue([tf.zeros([2, 7]), 1])
    chosen.size()


def queue_seeds(tf: ModuleType) -> None:
    """Seeds of the graph and of the queue."""
    tf.set_random_seed(11)
    tf.RandomShuffleQueue(9, 1, tf.float32)
    tf.RandomShuffleQueue(9, 1, tf.float32, seed=5)
    tf.RandomShuffleQueue(9, 1, tf.float32, shared_name="one")
    tf.train.shuffle_batch([tf.constant(1.0)], 2, 10, 3)


def accumulators(tf: ModuleType) -> None:
    """Gradients gathered."""
    dense = tf.ConditionalAccumulator(tf.float32, shape=[2], reduction_type="SUM")
    dense.apply_grad([1.0, 2.0], local_step=3)
    dense.take_grad(2)
    dense.num_accumulated()
    dense.set_global_step(tf.constant(5, tf.int32))
    tf.ConditionalAccumulator(tf.float64, name="any", shared_name="all")
    sparse = tf.SparseConditionalAccumulator(tf.float32, shape=[4, 2])
    sparse.apply_grad([0, 1], tf.ones([2, 2]), [4, 2], local_step=1)
    sparse.apply_grad([0], tf.ones([1, 2]))
    sparse.apply_indexed_slices_grad(
        tf.IndexedSlices(tf.ones([1, 2]), tf.constant([3]), tf.constant([4, 2]))
    )
    sparse.take_grad(1)
    sparse.take_indexed_slices_grad(1, name="taken")
    sparse.num_accumulated()
    sparse.set_global_step(2)


def readers(tf: ModuleType) -> None:
    """Every kind of reader and everything that is done with one."""
    names = tf.train.string_input_producer(
        tf.train.match_filenames_once("*.txt"), num_epochs=2, seed=1, name="names"
    )
    lines = tf.TextLineReader(skip_header_lines=1)
    lines.read(names)
    lines.read_up_to(names, 5, name="five")
    lines.num_records_produced()
    lines.num_work_units_completed()
    lines.reset()
    whole = tf.WholeFileReader(name="whole")
    whole.read(names.queue_ref)
    whole.restore_state(whole.serialize_state())
    tf.FixedLengthRecordReader(8, 2, 3, 4, encoding="ZLIB").read(names)
    tf.FixedLengthRecordReader(8)
    tf.TFRecordReader(options=tf.io.TFRecordOptions(tf.io.TFRecordCompressionType.GZIP))
    tf.TFRecordReader(name="plain").read(names)
    tf.LMDBReader()
    tf.IdentityReader().read(names)
    tf.read_file("a", name="content")
    tf.io.write_file("b", tf.io.read_file("a"))
    tf.matching_files(["a*", "b*"])
    tf.io.match_filenames_once("c*", name="once")


def producers(tf: ModuleType) -> None:
    """Where input begins."""
    tf.train.input_producer(tf.zeros([4, 3]), shuffle=False)
    tf.train.input_producer(
        tf.placeholder(tf.int64, [None, 2]),
        num_epochs=3,
        seed=4,
        capacity=7,
        shared_name="s",
        summary_name="how_full",
        name="mine",
    )
    tf.train.range_input_producer(10, num_epochs=1, shuffle=False)
    tf.train.slice_input_producer(
        [tf.zeros([5, 2]), tf.constant([1, 2, 3, 4, 5])], seed=9, name="rows"
    )
    tf.train.limit_epochs(tf.constant(1), num_epochs=4)
    tf.train.limit_epochs(tf.constant(1))


def batches(tf: ModuleType) -> None:
    """Batches in order."""
    x = tf.placeholder(tf.float32, [3], name="x")
    y = tf.placeholder(tf.int32, [], name="y")
    tf.train.batch([x, y], 4, num_threads=2, capacity=9)
    tf.train.batch({"y": y, "x": x}, 4, name="named", shared_name="q")
    tf.train.batch({"x": x}, 4, allow_smaller_final_batch=True)
    tf.train.batch([tf.zeros([6, 2])], 4, enqueue_many=True)
    ragged = tf.placeholder(tf.float32, [None, 2], name="ragged")
    tf.train.batch([ragged], 2, dynamic_pad=True)
    tf.train.batch_join([[x, y], [x + 1.0, y]], 4)
    tf.train.batch_join([{"y": y}, {"y": y + 1}], 4, capacity=6, name="joined")
    keep = tf.placeholder(tf.bool, [], name="keep")
    tf.train.maybe_batch([x, y], keep, 4)
    tf.train.maybe_batch([x], False, 4)
    which = tf.placeholder(tf.bool, [6], name="which")
    tf.train.maybe_batch([tf.zeros([6, 2])], which, 4, enqueue_many=True)
    tf.train.maybe_batch_join([[x], [x]], keep, 4, allow_smaller_final_batch=True)
    tf.train.batch([x], tf.placeholder(tf.int32, [], name="size"), shapes=[[3]])


def shuffled_batches(tf: ModuleType) -> None:
    """Batches in random order."""
    x = tf.placeholder(tf.float32, [3], name="x")
    y = tf.placeholder(tf.int32, [], name="y")
    tf.train.shuffle_batch([x, y], 4, 20, 10, num_threads=3, seed=5)
    tf.train.shuffle_batch({"x": x}, 4, 20, 10, allow_smaller_final_batch=True)
    tf.train.shuffle_batch([tf.zeros([6, 2])], 4, 9, 2, enqueue_many=True, name="s")
    tf.train.shuffle_batch_join([[x, y], [x, y]], 4, 20, 10, shared_name="q")
    keep = tf.placeholder(tf.bool, [], name="keep")
    tf.train.maybe_shuffle_batch([x], 4, 20, 10, keep)
    tf.train.maybe_shuffle_batch_join([[x], [x]], 4, 20, 10, keep, seed=2)


def sparse_batches(tf: ModuleType) -> None:
    """Batches of sparse tensors."""
    indices = tf.placeholder(tf.int64, [None, 2], name="indices")
    values = tf.placeholder(tf.float32, [None], name="values")
    sparse = tf.SparseTensor(indices, values, tf.constant([4, 5], tf.int64))
    y = tf.placeholder(tf.int32, [], name="y")
    tf.train.batch([sparse, y], 2)
    tf.train.batch([sparse], 2, enqueue_many=True, name="rows")
    tf.train.batch_join([[sparse], [sparse]], 2)
    keep = tf.placeholder(tf.bool, [], name="keep")
    tf.train.maybe_batch([sparse, y], keep, 2)
    tf.train.maybe_shuffle_batch([sparse], 2, 10, 3, keep, enqueue_many=True)
    which = tf.placeholder(tf.bool, [4], name="which")
    tf.train.maybe_batch([sparse], which, 2, enqueue_many=True)


def queue_runners(tf: ModuleType) -> None:
    """Runners with all their arguments, and runners inside of branches."""
    queue = tf.FIFOQueue(10, tf.float32, name="queue")
    enqueue = queue.enqueue(1.0)
    tf.train.add_queue_runner(tf.train.QueueRunner(queue, [enqueue] * 2))
    close = queue.close(name="close")
    tf.train.queue_runner.add_queue_runner(
        tf.train.queue_runner.QueueRunner(
            queue,
            [enqueue],
            close_op=close,
            cancel_op=queue.close(cancel_pending_enqueues=True, name="cancel"),
            queue_closed_exception_types=(
                tf.errors.OutOfRangeError,
                tf.errors.CancelledError,
            ),
        ),
        collection="mine",
    )
    with tf.device("/gpu:1"), tf.control_dependencies([enqueue]):
        tf.FIFOQueue(1, tf.int32)
        tf.RandomShuffleQueue(2, 1, tf.int32)


PROGRAMS = (
    queue_kinds,
    queue_selection,
    queue_seeds,
    accumulators,
    readers,
    producers,
    batches,
    shuffled_batches,
    sparse_batches,
    queue_runners,
)
