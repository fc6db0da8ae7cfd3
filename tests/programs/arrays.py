"""Programs about constants, arithmetic, slices, reductions and array functions."""

from __future__ import annotations

from types import ModuleType

import numpy as np


def constants(tf: ModuleType) -> None:
    """Constants of many types and shapes, and what they are turned into."""
    tf.constant(1)
    tf.constant(1.5, name="half")
    tf.constant([[1, 2], [3, 4]], dtype=tf.int64)
    tf.constant(2.0, shape=[2, 3])
    tf.constant("text")
    tf.constant(["a", b"b"], name="words")
    tf.constant([True, False])
    tf.constant(np.arange(4, dtype=np.float16))
    tf.constant(1 + 2j)
    tf.constant([], dtype=tf.float32)
    tf.constant(7, dtype=tf.uint8)
    tf.constant([1.0, 2.0], dtype=tf.bfloat16)
    tf.zeros([3, 2])
    tf.zeros([], dtype=tf.int32)
    tf.ones([2, 2], dtype=tf.float64, name="units")
    tf.zeros([2], dtype=tf.string)
    tf.fill([2, 3], 9)
    tf.eye(3)
    tf.eye(2, num_columns=4, batch_shape=[3])
    tf.convert_to_tensor(np.ones((2, 2)), dtype=tf.float32, name="converted")
    tf.convert_to_tensor([tf.constant(1), 2])


def placeholders(tf: ModuleType) -> None:
    """Placeholders with full, partial and no shapes."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    tf.placeholder(tf.int32)
    tf.placeholder(tf.string, [], name="word")
    tf.placeholder_with_default(tf.zeros([2]), [None], name="optional")
    tf.placeholder_with_default(1.0, [])
    y = tf.identity(x, name="y")
    tf.ensure_shape(y, [4, 3])
    tf.stop_gradient(y)


def operators(tf: ModuleType) -> None:
    """Python's operators on tensors, with tensors and numbers on either side."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    n = tf.placeholder(tf.int32, [3], name="n")
    b = tf.placeholder(tf.bool, [3], name="b")
    _ = x + x, x - 1.0, 1.0 - x, x * 2, 2 * x, x / 3.0, x // 2.0, x % 2.0
    _ = x**2, 2.0**x, -x, abs(x), x @ tf.ones([3, 2])
    _ = x < 1.0, x <= x, x > 0.0, 1.0 >= x
    _ = n / 2, n // 2, n % 2, n * n, -n
    _ = b & b, b | b, b ^ b, ~b
    _ = x + np.float32(1.0), np.ones(3, np.float32) + x


def mathematics_unary(tf: ModuleType) -> None:
    """Functions of one tensor."""
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    for name in (
        "abs negative sign square sqrt rsqrt exp log log1p expm1 sin cos tan asin "
        "acos atan sinh cosh tanh asinh acosh atanh sigmoid erf erfc lgamma digamma "
        "ceil floor round rint reciprocal is_nan is_inf is_finite log_sigmoid"
    ).split():
        getattr(tf, name)(x)
    tf.math.softplus(x, name="soft")
    tf.cumsum(x)
    tf.cumsum(x, axis=1, exclusive=True, reverse=True)
    tf.cumprod(x, axis=-1)


def mathematics_binary(tf: ModuleType) -> None:
    """Functions of two tensors and of many."""
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    y = tf.placeholder(tf.float32, [2, 3], name="y")
    for name in (
        "add subtract multiply divide div truediv realdiv floordiv mod floormod "
        "truncatemod pow maximum minimum squared_difference atan2 equal not_equal "
        "less less_equal greater greater_equal div_no_nan"
    ).split():
        getattr(tf, name)(x, y)
    tf.add(x, 1.0, name="more")
    tf.add_n([x, y, x], name="total")
    tf.accumulate_n([x, y])
    tf.logical_and(x > y, tf.logical_not(y > x))
    tf.logical_or(x > y, x < y)
    tf.logical_xor(x > y, x < y)
    tf.scalar_mul(2.0, x)
    tf.cross(x, y)
    tf.truncatediv(tf.constant(7), 2)
    tf.bitwise.bitwise_and(tf.constant(6), 3)


def casts(tf: ModuleType) -> None:
    """Changes of type, those that change nothing included."""
    x = tf.placeholder(tf.float32, [3], name="x")
    tf.cast(x, tf.int32)
    tf.cast(x, tf.float32)
    tf.cast([1, 2], tf.float64, name="numbers")
    tf.to_float(tf.constant(1))
    tf.to_int32(x)
    tf.to_int64(x)
    tf.to_double(x, name="Wide")
    tf.saturate_cast(x, tf.uint8)
    tf.bitcast(x, tf.int32)
    tf.complex(x, x)
    tf.real(tf.complex(x, x))


def text_casts(tf: ModuleType) -> None:
    """Numbers to text and back."""
    x = tf.placeholder(tf.float32, [3], name="x")
    tf.string_to_number(tf.as_string(x))


def matrices(tf: ModuleType) -> None:
    """Products and the rest of linear algebra."""
    a = tf.placeholder(tf.float32, [4, 3], name="a")
    b = tf.placeholder(tf.float32, [3, 5], name="b")
    c = tf.placeholder(tf.float32, [None, 4, 3], name="c")
    tf.matmul(a, b)
    tf.matmul(a, a, transpose_a=True, name="gram")
    tf.matmul(a, a, transpose_b=True)
    tf.matmul(c, c, adjoint_b=True)
    tf.matmul(c, tf.ones([1, 3, 2]))
    tf.tensordot(a, b, axes=1)
    tf.tensordot(a, b, [[1], [0]])
    tf.einsum("ij,jk->ik", a, b)
    tf.einsum("bij,ij->b", c, a)
    tf.norm(a)
    tf.norm(a, ord=1, axis=1)
    tf.trace(tf.matmul(a, a, transpose_a=True))
    tf.matrix_inverse(tf.eye(3))
    tf.matrix_diag(tf.ones([3]))
    tf.matrix_band_part(a, -1, 0)
    tf.cholesky(tf.eye(3))
    tf.matrix_transpose(c)


def slices(tf: ModuleType) -> None:
    """Python's slices and the slicing functions."""
    x = tf.placeholder(tf.float32, [None, 4, 5], name="x")
    i = tf.placeholder(tf.int32, [], name="i")
    _ = x[0], x[1:3], x[:, 2], x[..., 0], x[:, ::-1], x[:, tf.newaxis], x[-1]
    _ = x[i], x[i : i + 2], x[1:, :2, ::2], x[:, 0:3, -2:]
    tf.slice(x, [0, 1, 2], [-1, 2, 3])
    tf.strided_slice(x, [0, 0, 0], [1, 2, 3], [1, 1, 1], shrink_axis_mask=1)
    tf.gather(x, [0, 2])
    tf.gather(x, [1, 3], axis=1)
    tf.gather(x, i)
    tf.gather_nd(x, [[0, 1], [1, 2]])
    tf.batch_gather(x, tf.constant([[0, 1]]))
    tf.boolean_mask(x, [True, False, True, False], axis=1)
    v = tf.Variable(tf.zeros([4, 4]), name="v")
    v[0, 1:3].assign([1.0, 2.0])


def shapes(tf: ModuleType) -> None:
    """Shapes, asked for and changed."""
    x = tf.placeholder(tf.float32, [None, 4, 5], name="x")
    k = tf.placeholder(tf.float32, [2, 3], name="k")
    tf.shape(x)
    tf.shape(k)
    tf.shape(x, out_type=tf.int64)
    tf.size(x)
    tf.size(k)
    tf.rank(x)
    n = tf.shape(x)[0]
    tf.reshape(x, [n, 20])
    tf.reshape(x, [-1, 20])
    tf.reshape(x, tf.stack([n, -1]))
    tf.reshape(k, [3, 2], name="turned")
    tf.expand_dims(x, 1)
    tf.expand_dims(k, -1)
    tf.squeeze(tf.ones([1, 3, 1]))
    tf.squeeze(tf.ones([1, 3, 1]), axis=[0])
    tf.transpose(k)
    tf.transpose(x, [1, 0, 2])
    tf.broadcast_to(k, [4, 2, 3])
    tf.broadcast_dynamic_shape(tf.shape(x), tf.shape(k))
    tf.tile(k, [2, 1])
    tf.zeros_like(x)
    tf.zeros_like(k)
    tf.ones_like(x, dtype=tf.int32)
    tf.ones_like(k)
    tf.fill(tf.shape(x), 0.0)
    tf.zeros(tf.shape(x))
    tf.zeros([n, 3])
    tf.ones(tf.stack([n, 2]))


def joins(tf: ModuleType) -> None:
    """Tensors put together and taken apart."""
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    y = tf.placeholder(tf.float32, [2, 3], name="y")
    tf.concat([x, y], 0)
    tf.concat([x, y], axis=-1, name="wide")
    tf.concat([x], 0)
    tf.stack([x, y])
    tf.stack([x, y], axis=1)
    tf.stack([1, 2, 3])
    tf.unstack(x)
    tf.unstack(x, axis=1, name="columns")
    tf.split(x, 3, axis=1)
    tf.split(x, [1, 2], axis=1)
    tf.pad(x, [[1, 1], [0, 2]])
    tf.pad(x, [[1, 1], [0, 2]], constant_values=1.0)
    tf.pad(x, [[1, 1], [0, 2]], mode="REFLECT")
    tf.reverse(x, [0])
    tf.reverse_sequence(x, [1, 2], seq_axis=1)
    tf.roll(x, 1, 0)
    tf.meshgrid(tf.range(3), tf.range(4))
    tf.dynamic_partition(x, [0, 1], 2)
    tf.dynamic_stitch([[0], [1]], [x[:1], y[:1]])
    tf.parallel_stack([x, y])


def choices(tf: ModuleType) -> None:
    """Choosing, sorting, counting, one-hot."""
    x = tf.placeholder(tf.float32, [4, 5], name="x")
    n = tf.placeholder(tf.int32, [None], name="n")
    tf.where(x > 0, x, tf.zeros_like(x))
    tf.where(x > 0)
    tf.argmax(x, 1)
    tf.argmax(x, axis=-1, output_type=tf.int32)
    tf.argmin(x, axis=0)
    tf.one_hot(n, 10)
    tf.one_hot(n, depth=10, on_value=2.0, off_value=-1.0, axis=0, dtype=tf.float32)
    tf.one_hot([1, 2], 3, dtype=tf.int32)
    tf.sequence_mask(n, 7)
    tf.sequence_mask(n)
    tf.nn.top_k(x, 2)
    tf.nn.in_top_k(x, [1, 2, 3, 4], 2)
    tf.sort(x)
    tf.argsort(x, direction="DESCENDING")
    tf.unique(n)
    tf.unique_with_counts(n)
    tf.bincount(n)
    tf.clip_by_value(x, -1.0, 1.0)
    tf.range(5)
    tf.range(1, 10, 2)
    tf.range(0.0, 1.0, 0.1)
    tf.range(tf.shape(x)[0])
    tf.linspace(0.0, 1.0, 5)
    tf.searchsorted(tf.constant([1.0, 2.0, 3.0]), [1.5])
    tf.invert_permutation([1, 0, 2])
    tf.histogram_fixed_width(x, [0.0, 1.0], nbins=5)
    tf.confusion_matrix(n, n, num_classes=3)


def reductions(tf: ModuleType) -> None:
    """Reductions over all, one and several axes."""
    x = tf.placeholder(tf.float32, [None, 3, 4], name="x")
    k = tf.placeholder(tf.float32, [2, 3], name="k")
    unknown = tf.placeholder(tf.float32, name="unknown")
    for name in (
        "reduce_sum reduce_mean reduce_max reduce_min reduce_prod reduce_logsumexp"
    ).split():
        reduce = getattr(tf, name)
        reduce(x)
        reduce(k)
        reduce(x, 1)
        reduce(x, axis=[1, 2], keepdims=True)
        reduce(x, axis=-1, name=name + "_last")
    tf.reduce_sum(unknown)
    tf.reduce_sum(x, reduction_indices=[0])
    tf.reduce_any(x > 0)
    tf.reduce_all(x > 0, axis=1)
    tf.count_nonzero(x, axis=1)
    tf.reduce_mean(tf.cast(x > 0, tf.float32))
    tf.segment_sum(k, [0, 0])
    tf.unsorted_segment_sum(k, [0, 1], 2)
    tf.unsorted_segment_mean(k, [0, 1], 2)
    tf.math.reduce_std(k)
    tf.math.reduce_variance(k, axis=0)


def text_reductions(tf: ModuleType) -> None:
    """Text joined along an axis."""
    tf.reduce_join([["a", "b"], ["c", "d"]], 0)


def random_ops(tf: ModuleType) -> None:
    """Random numbers with every combination of seeds."""
    tf.random_normal([2, 3])
    tf.random_uniform([2], 0, 10, dtype=tf.int32)
    tf.set_random_seed(42)
    tf.random_normal([2, 3], mean=1.0, stddev=0.5)
    tf.random_normal([2, 3], seed=7, name="seeded")
    tf.random_uniform([4])
    tf.random_uniform([4], -1.0, 1.0)
    tf.random_uniform(tf.shape([1, 2]), maxval=5, dtype=tf.int64)
    tf.truncated_normal([3], stddev=0.1)
    tf.random_shuffle([1, 2, 3])
    tf.multinomial([[0.1, 0.9]], 5)
    tf.random.categorical([[0.1, 0.9]], 5)
    tf.random_gamma([2], 1.5)
    tf.random_poisson(3.0, [2])
    tf.random_crop(tf.ones([8, 8, 3]), [4, 4, 3])


def random_stateless(tf: ModuleType) -> None:
    """Random numbers that the seed alone decides."""
    tf.random.stateless_normal([2], seed=[1, 2])


def raw_ops(tf: ModuleType) -> None:
    """Ops called by their own names and arguments."""
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    tf.raw_ops.AddV2(x=x, y=1.0)
    tf.raw_ops.Relu6(features=x, name="six")
    tf.raw_ops.MatMul(a=x, b=x, transpose_b=True)
    tf.raw_ops.Sum(input=x, axis=0, keep_dims=True)
    tf.raw_ops.ConcatV2(values=[x, x], axis=0)
    tf.raw_ops.Split(axis=1, value=x, num_split=3)
    tf.raw_ops.TopKV2(input=x, k=2)
    tf.raw_ops.Cast(x=x, DstT=tf.int32)
    tf.raw_ops.Placeholder(dtype=tf.int64, shape=[None, 2])
    tf.raw_ops.Bincount(arr=[1, 2], size=3, weights=[1.0, 2.0])


PROGRAMS = (
    constants,
    placeholders,
    operators,
    mathematics_unary,
    mathematics_binary,
    casts,
    text_casts,
    matrices,
    slices,
    shapes,
    joins,
    choices,
    reductions,
    text_reductions,
    random_ops,
    random_stateless,
    raw_ops,
)
