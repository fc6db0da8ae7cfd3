"""Programs about names, devices, dependencies, branches, loops and host-side ops."""

from __future__ import annotations

from types import ModuleType


def names(tf: ModuleType) -> None:
    """Name scopes: nested, reopened, left, colliding."""
    with tf.name_scope("a"):
        tf.constant(1.0, name="x")
        with tf.name_scope("b"):
            tf.constant(1.0, name="x")
            tf.constant(1.0, name="x")
    with tf.name_scope("a") as scope:
        tf.constant(1.0, name="x")
    with tf.name_scope(scope):
        tf.constant(1.0, name="x")
        tf.identity(1.0, name=scope)
    with tf.name_scope("a"), tf.name_scope(None):
        tf.constant(1.0, name="x")
    tf.constant(1.0, name="A")
    tf.constant(1.0, name="a_1")
    with tf.name_scope(None, "default", [1.0]):
        tf.constant(2.0)
    tf.constant(1.0, name="slash/inside")
    with tf.name_scope("slash"):
        tf.constant(1.0)


def devices(tf: ModuleType) -> None:
    """Devices, merged, cleared and given by functions."""
    with tf.device("/cpu:0"):
        a = tf.constant(1.0)
        with tf.device("/job:worker/task:1"):
            tf.identity(a)
        with tf.device(None):
            tf.identity(a)
        with tf.device("/gpu:1"):
            v = tf.get_variable("v", [2])
    with tf.device(lambda op: "/cpu:7" if op.type == "Const" else "/gpu:0"):
        tf.add(a, v)
    with tf.colocate_with(v):
        tf.constant(1.0)
        with tf.colocate_with(a.op, ignore_existing=True):
            tf.constant(1.0)


def replica_devices(tf: ModuleType) -> None:
    """Variables dealt out to parameter servers."""
    with tf.device(tf.train.replica_device_setter(ps_tasks=2)):
        tf.get_variable("on_first", [2])
        tf.get_variable("on_second", [2])
        tf.constant(3.0)


def dependencies(tf: ModuleType) -> None:
    """Control dependencies, groups, tuples."""
    v = tf.get_variable("v", [2])
    a = tf.constant(1.0, name="a")
    b = tf.constant(2.0, name="b")
    update = tf.assign_add(v, [1.0, 1.0])
    with tf.control_dependencies([update, a.op]):
        tf.identity(v)
        c = tf.add(a, b)
        with tf.control_dependencies([c]):
            tf.multiply(a, b)
        with tf.control_dependencies(None):
            tf.multiply(a, b)
    tf.group(update, c, name="both")
    tf.group(a, update)
    tf.group()
    tf.tuple([a, b], control_inputs=[update])
    with tf.device("/cpu:1"):
        d = tf.constant(1.0)
    tf.group(d, a, update)
    tf.no_op()


def conditionals(tf: ModuleType) -> None:
    """Branches with Switch and Merge."""
    p = tf.placeholder(tf.bool, [], name="p")
    x = tf.placeholder(tf.float32, [2], name="x")
    y = tf.cond(p, lambda: x + 1.0, lambda: x * 2.0)
    tf.cond(p, lambda: [x, y], lambda: [y, x], name="pair")
    tf.gradients(y, x)
    tf.cond(
        x[0] > 0,
        lambda: tf.cond(p, lambda: x, lambda: -x),
        lambda: tf.zeros_like(x),
    )
    tf.case([(p, lambda: x), (x[1] > 0, lambda: y)], default=lambda: x - y)


def loops(tf: ModuleType) -> None:
    """Loops with Enter, NextIteration and Exit, and their gradients."""
    x = tf.placeholder(tf.float32, [2], name="x")
    _, y = tf.while_loop(
        lambda i, _: i < 5, lambda i, v: (i + 1, v * 2.0 + x), [tf.constant(0), x]
    )
    tf.gradients(y, x)
    tf.map_fn(lambda v: v * 2.0, x)
    tf.scan(lambda total, v: total + v, x)
    tf.foldl(lambda total, v: total + v, x)


def tensor_arrays(tf: ModuleType) -> None:
    """Arrays of tensors."""
    array = tf.TensorArray(tf.float32, size=3, name="array")
    array = array.write(0, [1.0, 2.0])
    array = array.write(1, [3.0, 4.0])
    array.read(0)
    array.unstack(tf.ones([3, 2])).stack()
    array.size()


def checks(tf: ModuleType) -> None:
    """Assertions and what depends on them."""
    x = tf.placeholder(tf.float32, [None], name="x")
    with tf.control_dependencies([tf.assert_greater(x, 0.0)]):
        tf.identity(x)
    tf.Assert(tf.reduce_all(x > 0), [x])
    tf.check_numerics(x, "not a number")
    tf.assert_equal(tf.shape(x)[0], 3)
    tf.Print(x, [x], "x is ")


def strings(tf: ModuleType) -> None:
    """Text."""
    s = tf.placeholder(tf.string, [None], name="s")
    tf.string_join([s, "suffix"])
    tf.string_split(s)
    tf.string_to_hash_bucket_fast(s, 100)
    tf.as_string(tf.constant(1.5), precision=2)
    tf.substr(s, 0, 3)
    tf.regex_replace(s, "a", "b")
    tf.decode_raw(s, tf.uint8)
    tf.parse_example(
        s,
        {
            "x": tf.FixedLenFeature([2], tf.float32),
            "n": tf.FixedLenFeature([], tf.int64, default_value=0),
            "words": tf.VarLenFeature(tf.string),
        },
    )
    tf.parse_single_example(s[0], {"x": tf.FixedLenFeature([2], tf.float32)})


def sparse_values(tf: ModuleType) -> None:
    """Sparse tensors made of three."""
    tf.sparse_placeholder(tf.float32, name="x")
    tf.sparse_placeholder(tf.int64, [None, 3], name="y")
    tf.SparseTensor([[0, 1], [1, 0]], [1.0, 2.0], [2, 2])


def sparse(tf: ModuleType) -> None:
    """Functions of sparse tensors."""
    x = tf.sparse_placeholder(tf.float32, name="x")
    y = tf.SparseTensor([[0, 1], [1, 0]], [1.0, 2.0], [2, 2])
    tf.sparse_tensor_to_dense(y)
    tf.sparse_tensor_dense_matmul(x, tf.ones([2, 3]))
    tf.sparse_to_dense([[0, 1]], [2, 2], 1.0)
    tf.sparse_reduce_sum(y)


def queues(tf: ModuleType) -> None:
    """Queues, readers and batches fed by runners."""
    queue = tf.FIFOQueue(10, [tf.float32, tf.int32], [[2], []], name="queue")
    queue.enqueue([[1.0, 2.0], 3])
    queue.dequeue()
    queue.dequeue_many(4)
    queue.close()
    queue.size()
    names_queue = tf.train.string_input_producer(["a", "b"], shuffle=False)
    reader = tf.TFRecordReader()
    _, value = reader.read(names_queue)
    tf.train.batch([value], 8)
    tf.train.shuffle_batch([value], 8, 100, 50, seed=1)


def images(tf: ModuleType) -> None:
    """Images decoded and changed."""
    s = tf.placeholder(tf.string, [], name="s")
    picture = tf.image.decode_jpeg(s, channels=3)
    tf.image.decode_png(s)
    picture = tf.image.convert_image_dtype(picture, tf.float32)
    tf.image.resize_image_with_crop_or_pad(picture, 8, 8)
    tf.image.random_flip_left_right(picture, seed=1)
    tf.image.per_image_standardization(picture)
    tf.image.rgb_to_grayscale(picture)
    tf.image.random_brightness(picture, 0.1)
    tf.image.adjust_contrast(picture, 1.5)


def compiled_scopes(tf: ModuleType) -> None:
    """Operations marked to be compiled, one scope in another, and their gradients."""
    scope = tf.xla.experimental.jit_scope
    with scope():
        x = tf.placeholder(tf.float32, [2])
        y = x * x
        with scope(lambda node: node.op == "Mul", separate_compiled_gradients=True):
            z = y * 2.0
    with scope(separate_compiled_gradients=True):
        w = z + 1.0
    with scope(compile_ops=False):
        tf.gradients(w, x)


PROGRAMS = (
    compiled_scopes,
    names,
    devices,
    replica_devices,
    dependencies,
    conditionals,
    loops,
    tensor_arrays,
    checks,
    strings,
    sparse_values,
    sparse,
    queues,
    images,
)
