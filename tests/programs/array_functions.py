"""Programs of array functions, with the values they are fed and what they fetch.

Each takes the module it calls `tf` and returns `(fetches, feeds)`, so that graphs,
static shapes and values can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

Case = tuple[list[Any], dict[Any, Any]]


def _numbers(*shape: int) -> Any:
    return (np.arange(np.prod(shape)).reshape(shape) * 0.5 - 3).astype(np.float32)


def array_constants(tf: ModuleType) -> Case:
    """Constants with shapes that their values fill, and types of all kinds."""
    fetches = [
        tf.constant(3, shape=[2, 2]),
        tf.constant([1, 2, 3], shape=[2, 3]),
        tf.constant([1, 2], dtype=tf.uint16),
        tf.constant(np.array([1.5, 2.5], np.float16)),
        tf.constant([[b"x", b"yz"]]),
        tf.constant([1 + 2j, 3], dtype=tf.complex128),
        tf.constant([], shape=[0, 3], dtype=tf.int64),
        tf.constant(np.int64(5)),
        tf.constant([True, False]),
        tf.convert_to_tensor(tf.TensorShape([2, 3])),
        tf.zeros([40, 40]),
        tf.ones([40, 40], tf.int32, name="many"),
        tf.zeros(3),
        tf.zeros((), tf.bool),
        tf.ones([2], tf.bool),
        tf.zeros(tf.TensorShape([2, 2]), tf.float64),
        tf.ones(np.array([2, 3])),
        tf.zeros(tf.constant([2, 2]), tf.string),
        tf.fill([2, 2], "word"),
        tf.fill(tf.constant([2], tf.int64), 2.5),
        tf.eye(3),
        tf.eye(2, 3),
        tf.eye(2, batch_shape=[2]),
        tf.eye(tf.constant(2), 3, dtype=tf.int32),
    ]
    return fetches, {}


def array_placeholders(tf: ModuleType) -> Case:
    """Placeholders of every kind."""
    x = tf.placeholder(tf.float32, name="x")
    y = tf.placeholder(tf.int32, [2, None])
    z = tf.placeholder_with_default([1.0, 2.0], [None], name="z")
    w = tf.placeholder_with_default(tf.constant(2), [])
    tf.sparse_placeholder(tf.float32, name="s")
    tf.sparse_placeholder(tf.float32, [3, None])
    tf.sparse_placeholder(tf.string, tf.constant([3, 4], tf.int64), name="t")
    fetches = [
        tf.identity(x, name="same"),
        tf.identity(y),
        *tf.identity_n([x, y]),
        z,
        w,
        tf.stop_gradient(z),
        tf.guarantee_const(tf.constant(1)),
        tf.ensure_shape(x, [None, 2]),
        tf.identity([1, 2]),
    ]
    return fetches, {x: _numbers(3, 2), y: [[1], [2]]}


def array_shapes(tf: ModuleType) -> Case:
    """Shape, size, rank and what is computed from them."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    u = tf.placeholder(tf.float32, name="u")
    k = tf.constant(_numbers(2, 3), name="k")
    n = tf.shape(x)[0]
    fetches = [
        tf.shape(x),
        tf.shape(k),
        tf.shape(k, out_type=tf.int64, name="k_shape"),
        tf.shape(u, out_type=tf.int64),
        *tf.shape_n([x, k]),
        tf.size(x),
        tf.size(k, out_type=tf.int64),
        tf.rank(u),
        tf.rank(x),
        tf.reshape(x, [n * 2, 2]),
        tf.reshape(x, [2, -1]),
        tf.reshape(x, tf.stack([n, 2, 2])),
        tf.reshape(x, tf.concat([tf.shape(x)[:1], [2, 2]], 0)),
        tf.reshape(u, tf.shape(x)),
        tf.reshape(k, [-1]),
        tf.reshape(u, [-1, 4]),
        tf.zeros_like(x),
        tf.zeros_like(x, dtype=tf.int32),
        tf.zeros_like(k),
        tf.zeros_like(k, optimize=False),
        tf.zeros_like(["a", "b"]),
        tf.ones_like(x),
        tf.ones_like(k, tf.int64),
        tf.ones_like(u, name="units"),
        tf.fill(tf.shape(x), 1.0),
        tf.fill([n, 2], 7),
        tf.ones([n, 2]),
        tf.zeros(tf.shape(x)[1:]),
        tf.broadcast_dynamic_shape(tf.shape(x), tf.constant([1])),
        tf.broadcast_to(k, [2, 2, 3]),
        tf.broadcast_to(tf.constant([1.0]), tf.stack([n])),
        tf.tile(k, [2, 2]),
        tf.tile(x, [1, n]),
        tf.tile(tf.constant(["a"]), [3]),
    ]
    return fetches, {x: _numbers(3, 4), u: _numbers(3, 4)}


def array_dimensions(tf: ModuleType) -> Case:
    """Dimensions added, removed and permuted."""
    x = tf.placeholder(tf.float32, [None, 1, 4], name="x")
    u = tf.placeholder(tf.float32, name="u")
    c = tf.constant([[1 + 2j, 3 - 1j]])
    fetches = [
        tf.expand_dims(x, 0),
        tf.expand_dims(x, -1, name="last"),
        tf.expand_dims(x, dim=1),
        tf.expand_dims(u, 0),
        tf.expand_dims([1, 2], axis=tf.constant(1)),
        tf.squeeze(x),
        tf.squeeze(x, 1),
        tf.squeeze(x, [1], name="thin"),
        tf.squeeze(x, squeeze_dims=[-2]),
        tf.squeeze(tf.ones([1, 2, 1])),
        tf.transpose(x),
        tf.transpose(u),
        tf.transpose(x, [2, 0, 1], name="turned"),
        tf.transpose(x, perm=[0, -1, 1]),
        tf.transpose([[1, 2], [3, 4]]),
        tf.transpose(c, conjugate=True),
        tf.transpose(x, conjugate=True),
        tf.matrix_transpose(x),
        tf.matrix_transpose(u),
        tf.linalg.adjoint(c),
        tf.invert_permutation([2, 0, 1]),
        tf.reverse(x, [0]),
        tf.reverse(x, [-1, 0]),
        tf.reverse_v2(x, axis=[2]),
        tf.roll(x, 1, 2),
        tf.roll(x, shift=[1, -1], axis=[0, 2]),
        tf.reverse_sequence(x, [1, 1, 1], seq_axis=2, batch_axis=0),
        tf.reverse_sequence(u, [1, 2, 0], seq_dim=2),
        tf.bitcast(x, tf.int32),
        tf.bitcast(x, tf.uint8),
        tf.bitcast(tf.constant([[1, 2], [3, 4]], tf.int16), tf.int32),
    ]
    return fetches, {x: _numbers(3, 1, 4), u: _numbers(3, 1, 4)}


def array_slices(tf: ModuleType) -> Case:
    """What can stand between brackets."""
    x = tf.placeholder(tf.float32, [None, 4, 5], name="x")
    u = tf.placeholder(tf.float32, name="u")
    k = tf.constant(np.arange(24).reshape(2, 3, 4))
    i = tf.constant(1)
    j = tf.constant(2, tf.int64)
    h = tf.placeholder(tf.int32, [], name="h")
    fetches = [
        x[0],
        x[-1, 1:3],
        x[..., 1],
        x[:, ::-1, ::2],
        x[1:],
        x[:-1, tf.newaxis, ..., None],
        x[:, -3:-1, 4:1:-1],
        x[...],
        x[0, 0, 0],
        u[0],
        u[..., 1:2],
        k[i],
        k[i:, 0],
        k[1:, j],
        k[:, i : i + 1, ::2],
        k[j - 1, :j],
        k[i, None, 2],
        k[:, h],
        k[h],
        k[h : h + 1, 1:],
        k[::-1, ::-2],
        k[0:1, 2:10],
        k[np.int64(1)],
        k[k > 5],
        k[np.array([True, False])],
        k[..., h],
        k[:, h, tf.newaxis, ::-2],
        k[-h, ::2],
        x[h, :, -1],
        tf.constant([1, 2, 3])[1],
        tf.shape(x)[1:],
        tf.slice(x, [0, 1, 2], [-1, 2, 3]),
        tf.slice(x, [0, i, 0], [1, 1, -1]),
        tf.slice(u, [0, 0, 0], [1, 2, 3]),
        tf.slice(k, [h, 0, 1], [1, 2, 2]),
        tf.slice(k, [1, 0, 0], tf.constant([1, 1, 1])),
        tf.strided_slice(k, [0, 0, 0], [2, 3, 4], [1, 2, 3]),
        tf.strided_slice(k, [0], [1]),
        tf.strided_slice(k, [1, 0], [2, 3], shrink_axis_mask=1, end_mask=2, name="cut"),
        tf.strided_slice(k, [0, 0], [1, 2], ellipsis_mask=1, new_axis_mask=0),
    ]
    return fetches, {x: _numbers(3, 4, 5), u: _numbers(3, 4, 5), h: 1}


def array_joins(tf: ModuleType) -> Case:
    """Arrays joined and cut."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.float32, [2, 4], name="y")
    u = tf.placeholder(tf.float32, name="u")
    axis = tf.placeholder(tf.int32, [], name="axis")
    fetches = [
        tf.concat([x, y], 0),
        tf.concat([y, y, y], -1, name="wide"),
        tf.concat([u, x], 0),
        tf.concat([x, y], axis),
        tf.concat(y, 0),
        tf.concat([[1, 2], [3]], 0),
        tf.concat([["a"], ["b"]], 0),
        tf.stack([x, u]),
        tf.stack([y, y], 1),
        tf.stack([y, y], -1, name="deep"),
        tf.stack([1, 2]),
        tf.stack([tf.constant(1), 2, 3]),
        tf.stack([[1, tf.constant(2)], [3, 4]]),
        tf.convert_to_tensor([tf.constant(1.0), 2]),
        *tf.unstack(y),
        *tf.unstack(y, axis=1),
        *tf.unstack(x, axis=-1, name="columns"),
        *tf.unstack(u, num=2),
        *tf.split(y, 2),
        *tf.split(y, 2, axis=1, name="halves"),
        *tf.split(x, [1, 3], 1),
        *tf.split(x, [1, -1], axis=1),
        *tf.split(u, tf.constant([1, 1]), num=2),
        *tf.split(tf.range(4), 4),
        tf.parallel_stack([y, y]),
        *tf.meshgrid([1, 2], [3, 4, 5]),
        *tf.meshgrid(tf.range(2), [1, 2, 3], indexing="ij"),
        *tf.meshgrid([1.0, 2.0]),
    ]
    return fetches, {x: _numbers(2, 4), y: _numbers(2, 4), u: _numbers(2, 4), axis: 0}


def array_gathers(tf: ModuleType) -> Case:
    """Elements chosen by index, by mask and by search."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    i = tf.placeholder(tf.int32, [None], name="i")
    u = tf.placeholder(tf.float32, name="u")
    k = tf.constant(np.arange(24).reshape(2, 3, 4))
    mask = tf.placeholder(tf.bool, [None], name="mask")
    fetches = [
        tf.gather(x, [0, 1]),
        tf.gather(x, i),
        tf.gather(x, i, axis=1, name="columns"),
        tf.gather(x, 1),
        tf.gather(k, [[0, 2], [1, 1]], batch_dims=1),
        tf.gather(k, [[0, 2], [1, 1]], axis=2, batch_dims=1),
        tf.gather(k, [[0, 2], [1, 1]], axis=-1),
        tf.gather(["a", "b"], [1, 0, 1]),
        tf.gather(u, i),
        tf.gather_nd(x, [[0, 1], [1, 2]]),
        tf.gather_nd(k, [[1], [0]]),
        tf.gather_nd(k, [[[1, 2, 3]]], name="one"),
        tf.gather_nd(k, [[0, 1], [1, 2]], batch_dims=1),
        tf.batch_gather(k, [[[0], [1], [0]], [[3], [2], [1]]]),
        tf.batch_gather(x, tf.constant([[0], [1]])),
        tf.boolean_mask(x, mask),
        tf.boolean_mask(x, [True, False, True, True], axis=1),
        tf.boolean_mask(k, np.arange(6).reshape(2, 3) > 2, name="chosen"),
        tf.where(x > 0.0),
        tf.where([True, False, True], name="there"),
        tf.where([[1, 0], [0, 2]]),
        tf.searchsorted([1.0, 2.0, 3.0], [0.5, 2.0, 9.0]),
        tf.searchsorted([[1, 2, 3], [4, 5, 6]], [[2], [9]], side="right"),
        *tf.unique([3, 1, 3, 2]),
        *tf.unique(["b", "a", "b"], out_idx=tf.int64),
        *tf.unique_with_counts(i),
        *tf.setdiff1d([1, 2, 3, 4], [2, 4]),
        *tf.dynamic_partition(x, [0, 1], 3),
        tf.dynamic_stitch([[0, 2], [1]], [x[:, 0], [7.0]]),
        tf.dynamic_stitch([2, [0, 1]], [[1, 2], [[3, 4], [5, 6]]]),
        tf.one_hot(i, 4),
        tf.one_hot([[0, 2], [1, -1]], 3, axis=1, dtype=tf.int32),
        tf.one_hot(i, 2, on_value=5.0, off_value=-1.0),
        tf.one_hot(i, 2, True, False, name="flags"),
        tf.one_hot(i, tf.constant(3), axis=0),
        tf.sequence_mask([1, 3], 4),
        tf.sequence_mask(i),
        tf.sequence_mask([1, 2], dtype=tf.float32, name="weights"),
        tf.repeat([1, 2], 2),
        tf.repeat(x, [1, 2], axis=0),
        tf.repeat(k, 2, axis=-1),
        tf.repeat(k, [1, 0, 2], axis=1),
    ]
    feeds = {x: _numbers(2, 4), i: [1, 0, 1], u: _numbers(2, 2), mask: [True, False]}
    return fetches, feeds


def array_scatters(tf: ModuleType) -> Case:
    """Slices written by index."""
    x = tf.placeholder(tf.float32, [3, 2], name="x")
    i = tf.placeholder(tf.int32, [None, 1], name="i")
    v = tf.placeholder(tf.float32, [None, 2], name="v")
    fetches = [
        tf.scatter_nd([[1], [3]], [1.0, 2.0], [5]),
        tf.scatter_nd(i, v, [4, 2], name="placed"),
        tf.scatter_nd([[0, 1], [0, 1]], [1, 2], tf.constant([2, 2])),
        tf.tensor_scatter_nd_update(x, i, v),
        tf.tensor_scatter_nd_add(x, i, v),
        tf.tensor_scatter_nd_sub(x, i, v),
        tf.tensor_scatter_nd_min(x, i, v),
        tf.tensor_scatter_nd_max(x, i, v, name="greatest"),
        tf.tensor_scatter_update([1, 2, 3], [[0]], [9]),
        tf.tensor_scatter_nd_update(["a", "b"], [[1]], ["c"]),
    ]
    return fetches, {x: _numbers(3, 2), i: [[0], [2]], v: [[1.0, -9.0], [5.0, 6.0]]}


def array_paddings(tf: ModuleType) -> Case:
    """Padding, and blocks of pixels."""
    x = tf.placeholder(tf.float32, [None, 4, 6, 4], name="x")
    y = tf.placeholder(tf.float32, [2, 3], name="y")
    widths = tf.placeholder(tf.int32, [2, 2], name="widths")
    n = tf.shape(x)[0]
    fetches = [
        tf.pad(y, [[1, 0], [2, 1]]),
        tf.pad(y, [[1, 0], [2, 1]], constant_values=7.0),
        tf.pad(y, [[1, 1], [2, 2]], "REFLECT"),
        tf.pad(y, [[2, 1], [1, 0]], mode="symmetric", name="mirrored"),
        tf.pad(y, widths),
        tf.pad(x, [[0, 0], [1, 1], [n, 0], [0, 0]]),
        tf.pad([["a"]], [[0, 1], [1, 0]], constant_values="-"),
        tf.pad(y, tf.constant([[0, 0], [1, 1]], tf.int64)),
        tf.space_to_depth(x, 2),
        tf.depth_to_space(x, 2, name="spread"),
        tf.space_to_batch(x, [[0, 0], [1, 1]], 2),
        tf.batch_to_space(x, [[0, 0], [1, 0]], 2),
        tf.space_to_batch_nd(x, [2, 3], [[1, 1], [0, 0]]),
        tf.batch_to_space_nd(x, [2, 2], [[0, 1], [2, 0]]),
        tf.batch_to_space_nd(y, [2], [[0, 0]]),
        *tf.required_space_to_batch_paddings([5, 6], [2, 4]),
        *tf.required_space_to_batch_paddings(
            tf.shape(x)[1:3], [3, 2], [[0, 1], [0, 0]]
        ),
        tf.extract_image_patches(x, [1, 2, 2, 1], [1, 2, 3, 1], [1, 1, 1, 1], "VALID"),
        tf.extract_image_patches(
            x,
            sizes=[1, 3, 3, 1],
            strides=[1, 1, 2, 1],
            rates=[1, 2, 1, 1],
            padding="SAME",
            name="patches",
        ),
        tf.extract_volume_patches(
            tf.ones([1, 4, 4, 4, 2]), [1, 2, 2, 2, 1], [1, 2, 1, 2, 1], "SAME"
        ),
    ]
    feeds = {x: _numbers(4, 4, 6, 4), y: _numbers(2, 3), widths: [[0, 1], [2, 3]]}
    return fetches, feeds


def array_channels_first(tf: ModuleType) -> Case:
    """Blocks of pixels in NCHW, which TensorFlow runs on a GPU only."""
    x = tf.placeholder(tf.float32, [None, 4, 4, 2], name="x")
    tf.space_to_depth(x, 2, data_format="NCHW")
    tf.depth_to_space(x, 2, data_format="NCHW")
    return [], {x: _numbers(1, 4, 4, 2)}


def array_diagonals(tf: ModuleType) -> Case:
    """Diagonals and bands."""
    m = tf.placeholder(tf.float32, [None, 3, 4], name="m")
    d = tf.placeholder(tf.float32, [2, 3], name="d")
    n = tf.placeholder(tf.int64, [], name="n")
    fetches = [
        tf.diag(d),
        tf.diag([1, 2]),
        tf.diag_part(tf.reshape(tf.range(16), [2, 2, 2, 2])),
        tf.matrix_diag(d),
        tf.matrix_diag(d, k=1),
        tf.matrix_diag(d, k=(-1, 0), num_rows=3, padding_value=9.0),
        tf.matrix_diag(d, k=(0, 1), num_rows=3, num_cols=4, align="LEFT_RIGHT"),
        tf.linalg.diag(tf.constant([[True, False]]), name="flags"),
        tf.matrix_diag_part(m),
        tf.matrix_diag_part(m, k=-1),
        tf.matrix_diag_part(m, k=(-1, 2), padding_value=-5.0),
        tf.matrix_diag_part(m, k=(-2, 3), align="LEFT_LEFT"),
        tf.matrix_diag_part(m, k=(0, 2), align="RIGHT_RIGHT", name="band"),
        tf.matrix_set_diag(m, d),
        tf.matrix_set_diag(m, [[1.0, 2.0], [3.0, 4.0]], k=-1),
        tf.matrix_set_diag(
            tf.zeros([2, 3, 4]), tf.ones([2, 3, 3]), k=(-1, 1), align="LEFT_RIGHT"
        ),
        tf.matrix_band_part(m, 1, 0),
        tf.matrix_band_part(m, n, n),
        tf.matrix_band_part(m, -1, 1),
        tf.raw_ops.MatrixDiag(diagonal=d),
        tf.raw_ops.MatrixDiagPart(input=m),
        tf.raw_ops.MatrixSetDiag(input=m, diagonal=d),
        tf.raw_ops.MatrixDiagV2(
            diagonal=tf.ones([2, 3]),
            k=[-1, 0],
            num_rows=3,
            num_cols=3,
            padding_value=0.0,
        ),
        tf.raw_ops.MatrixDiagPartV2(input=m, k=[0, 1], padding_value=0.0),
        tf.raw_ops.MatrixSetDiagV2(
            input=tf.zeros([2, 3, 4]), diagonal=tf.ones([2, 2, 3]), k=[0, 1]
        ),
    ]
    return fetches, {m: _numbers(2, 3, 4), d: _numbers(2, 3), n: 1}


def array_raw_ops(tf: ModuleType) -> Case:
    """Ops that no function of today makes, but old graphs hold."""
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    h = tf.placeholder(tf.int32, [], name="h")
    raw = tf.raw_ops
    fetches = [
        raw.Concat(concat_dim=1, values=[x, x]),
        raw.Gather(params=x, indices=[1, 0]),
        raw.Reverse(tensor=x, dims=[True, False]),
        raw.Snapshot(input=x),
        raw.PreventGradient(input=x, message="no"),
        *raw.UniqueV2(x=x, axis=[1]),
        *raw.UniqueWithCountsV2(x=[1, 1, 2], axis=tf.constant([], tf.int32)),
        raw.ParallelDynamicStitch(indices=[[0], [1]], data=[[1.0], [2.0]]),
        raw.TensorStridedSliceUpdate(
            input=x, begin=[0], end=[1], strides=[1], value=[[7.0, 8.0, 9.0]]
        ),
        raw.StridedSliceGrad(
            shape=[4, 3], begin=[3, 0], end=[0, 3], strides=[-2, 1], dy=x
        ),
        raw.MirrorPadGrad(input=x, paddings=[[0, 0], [1, 0]], mode="REFLECT"),
        raw.SpaceToBatch(
            input=tf.ones([1, 2, 2, 1]), paddings=[[0, 0]] * 2, block_size=2
        ),
        raw.BatchToSpace(input=tf.ones([4, 1, 1, 1]), crops=[[0, 0]] * 2, block_size=2),
        raw.Bitcast(input=x, type=tf.float16),
        raw.ScatterNdNonAliasingAdd(input=x, indices=[[1]], updates=[[1.0, 2.0, 3.0]]),
        raw.TensorStridedSliceUpdate(
            input=x,
            begin=[0, h],
            end=[0, h + 1],
            strides=[1, 1],
            value=[7.0, 8.0],
            begin_mask=1,
            end_mask=1,
            shrink_axis_mask=2,
        ),
        *raw.ConcatOffset(concat_dim=1, shape=[[2, 3], [2, 5]]),
    ]
    return fetches, {x: _numbers(2, 3), h: 1}


def array_gradients(tf: ModuleType) -> Case:
    """Gradients of functions that arrange, join and cut."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    y = tf.placeholder(tf.float32, [2, 4], name="y")
    u = tf.placeholder(tf.float32, name="u")
    c = tf.constant(_numbers(2, 4) * (1 + 2j))
    axis = tf.placeholder(tf.int32, [], name="axis")
    results = [
        tf.identity(x) * 2.0,
        *tf.identity_n([x, y]),
        tf.reshape(x, [-1]),
        tf.reshape(u, [4, 2]),
        tf.reshape(y, [8]),
        tf.expand_dims(x, 1),
        tf.squeeze(tf.expand_dims(y, 0)),
        tf.transpose(x),
        tf.transpose(y, [1, 0]),
        tf.concat([x, y], 0),
        tf.concat([y, y, y], 1),
        tf.concat([u, x], axis),
        tf.concat([y] * 17, 0),
        tf.stack([x, y], 1),
        *tf.unstack(y),
        *tf.split(x, 2, 1),
        *tf.split(y, [1, 3], 1)[:1],
        x[0],
        x[:, ::-2],
        u[:1, 2:],
        y[tf.newaxis, ..., 1],
        y[axis],
        tf.slice(x, [0, 1], [-1, 2]),
        tf.slice(y, [axis, 1], [1, 2]),
        y[axis, ::-2],
        x[:, axis],
        x[:, axis, None],
        tf.tile(x, [2, 1]),
        tf.tile(y, [1, 3]),
        tf.broadcast_to(y[:, :1], [2, 4]),
        tf.broadcast_to(x[:1], tf.shape(x)),
        tf.fill([2, 2], y[0, 0]),
        tf.zeros_like(x) + x,
        tf.pad(x, [[1, 0], [0, 2]]),
        tf.pad(y, [[1, 0], [0, 2]], constant_values=y[0, 0]),
        tf.pad(y, [[1, 1], [0, 2]], "REFLECT"),
        tf.reverse(x, [1]),
        tf.reverse_sequence(x, [1, 2], 1),
        tf.roll(y, 1, 0),
        tf.check_numerics(y, "bad"),
        tf.placeholder_with_default(y, [2, 4]),
        tf.stop_gradient(y) * y,
        tf.real(tf.transpose(c, conjugate=True)) * tf.transpose(y),
        tf.where(y > 0.0, y, -y),
        tf.ensure_shape(x, [2, 4]),
    ]
    gradients = tf.gradients([tf.square(r) for r in results], [x, y, u])
    second = tf.gradients(gradients, [x, y], name="second")
    feeds = {x: _numbers(2, 4), y: _numbers(2, 4), u: _numbers(2, 4), axis: 0}
    return [*gradients, *second], feeds


def array_gather_gradients(tf: ModuleType) -> Case:
    """Gradients of functions that choose by index."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    k = tf.placeholder(tf.float32, [2, 3, 4], name="k")
    i = tf.placeholder(tf.int32, [None], name="i")
    rows = tf.gather(x, i)
    sliced = tf.gradients(tf.square(rows), x)[0]
    point = tf.gradients(tf.square(tf.gather_nd(x, [[1], [0]])), x)[0]
    old = tf.gradients(tf.square(tf.raw_ops.Gather(params=x, indices=i)), x)[0]
    joined = tf.gradients(tf.square(tf.gather(tf.concat([x, x * 2.0], 0), i)), x)
    wide = tf.gradients(tf.square(tf.gather(tf.concat([x, x * 2.0], 1), i)), x)
    results = [
        tf.gather(x, i, axis=1),
        tf.gather(k, [[0, 2], [1, 1]], batch_dims=1),
        tf.gather(k, [[0, 2], [1, 1]], axis=2, batch_dims=1),
        tf.gather(k, i, axis=-1),
        tf.gather_nd(k, [[0, 1], [1, 2]]),
        tf.boolean_mask(x, [True, False]),
        tf.boolean_mask(k, [True, False, True], axis=1),
        tf.scatter_nd([[1], [0]], x, [3, 4]),
        tf.tensor_scatter_nd_update(x, [[0]], [[1.0, 2.0, 3.0, 4.0]]),
        tf.tensor_scatter_nd_add(x, [[1]], x[:1]),
        tf.tensor_scatter_nd_sub(x, [[1]], x[:1]),
        tf.tensor_scatter_nd_max(x, [[1]], x[:1]),
        *tf.dynamic_partition(x, [1, 0], 2),
        tf.dynamic_stitch([[0, 2], [1]], [x, x[:1]]),
        tf.tile(tf.gather(x, [0]), [3, 1]),
        tf.reshape(tf.gather(x, [0]), [-1]),
    ]
    gradients = tf.gradients([tf.square(r) for r in results], [x, k])
    parts = [
        part
        for slices in (sliced, point, old)
        for part in (slices.values, slices.indices, slices.dense_shape)
    ]
    dense = [tf.convert_to_tensor(g) for g in (sliced, joined[0], wide[0])]
    return [*parts, *dense, *gradients], {
        x: _numbers(2, 4),
        k: _numbers(2, 3, 4),
        i: [1, 0, 1],
    }


def array_block_gradients(tf: ModuleType) -> Case:
    """Gradients of blocks, patches, diagonals and bands."""
    x = tf.placeholder(tf.float32, [None, 4, 4, 4], name="x")
    m = tf.placeholder(tf.float32, [2, 3, 4], name="m")
    p = tf.placeholder(tf.float32, [None, 3, None], name="p")
    d = tf.placeholder(tf.float32, [2, 3], name="d")
    results = [
        tf.space_to_depth(x, 2),
        tf.depth_to_space(x, 2),
        tf.space_to_batch(x, [[0, 0], [2, 0]], 2),
        tf.batch_to_space(x, [[0, 0], [1, 0]], 2),
        tf.extract_image_patches(x, [1, 2, 2, 1], [1, 1, 2, 1], [1, 1, 1, 1], "SAME"),
        tf.diag(d),
        tf.diag_part(tf.matmul(d, d, transpose_b=True)),
        tf.matrix_diag(d),
        tf.matrix_diag(d, k=-1),
        tf.matrix_diag_part(m),
        tf.matrix_diag_part(m, k=(-1, 1), align="LEFT_LEFT"),
        tf.matrix_diag_part(p),
        tf.matrix_set_diag(m, d),
        tf.matrix_band_part(m, 1, 0),
        tf.raw_ops.MatrixDiag(diagonal=d),
        tf.raw_ops.MatrixDiagPart(input=m),
        tf.raw_ops.MatrixSetDiag(input=m, diagonal=d),
        tf.raw_ops.MatrixSetDiag(input=p, diagonal=tf.matrix_diag_part(p)),
        tf.raw_ops.SpaceToBatch(input=x, paddings=[[0, 0]] * 2, block_size=2),
    ]
    gradients = tf.gradients([tf.square(r) for r in results], [x, m, p, d])
    feeds = {
        x: _numbers(4, 4, 4, 4), m: _numbers(2, 3, 4), p: _numbers(2, 3, 4),
        d: _numbers(2, 3),
    }  # fmt: skip
    return gradients, feeds


def array_diagonals_of_unknown_shape(tf: ModuleType) -> Case:
    """Gradients where neither matrices nor diagonals have a known shape."""
    m = tf.placeholder(tf.float32, name="m")
    d = tf.placeholder(tf.float32, name="d")
    e = tf.placeholder(tf.float32, name="e")
    k = tf.placeholder(tf.int32, name="k")
    results = [tf.matrix_set_diag(m, d), tf.matrix_set_diag(m, e, k=k)]
    gradients = tf.gradients([tf.square(r) for r in results], [m, d, e])
    feeds = {m: _numbers(2, 3, 4), d: _numbers(2, 3), e: _numbers(2, 2, 3), k: (0, 1)}
    return gradients, feeds


def array_scatters_into_nothing(tf: ModuleType) -> Case:
    """Nothing is scattered into a tensor without elements."""
    nothing = tf.placeholder(tf.int32, name="nothing")
    fetches = [
        tf.scatter_nd(nothing, nothing, [0]),
        tf.tensor_scatter_nd_add(nothing, nothing, nothing),
        tf.raw_ops.ScatterNdNonAliasingAdd(
            input=nothing, indices=nothing, updates=nothing
        ),
    ]
    return fetches, {nothing: np.zeros([0], np.int32)}


def array_volume_patches(tf: ModuleType) -> Case:
    """Patches of volumes, padded and not, and their gradients."""
    x = tf.placeholder(tf.float32, [2, 3, 4, 3, 2], name="x")
    sizes, strides = [1, 2, 2, 2, 1], [1, 1, 2, 1, 1]
    results = [
        tf.extract_volume_patches(x, sizes, strides, "VALID"),
        tf.extract_volume_patches(x, sizes, strides, "SAME", name="padded"),
    ]
    gradients = tf.gradients([tf.square(r) for r in results], x)
    return [*results, *gradients], {x: _numbers(2, 3, 4, 3, 2)}


def array_checks(tf: ModuleType) -> Case:
    """Assertions that hold, prints, groups and tuples."""
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    n = tf.placeholder(tf.int32, [2], name="n")
    u = tf.placeholder(tf.float32, name="u")
    r = tf.placeholder(tf.int32, [], name="r")
    checks = [
        tf.assert_equal(n, [1, 2]),
        tf.assert_equal(tf.constant(1), 1, message="equal"),
        tf.assert_equal(n, n),
        tf.assert_none_equal(n, 9),
        tf.assert_less(x, 100.0, summarize=2, name="small"),
        tf.assert_less_equal(n, n + 1),
        tf.assert_greater(n, 0, data=["n is", n]),
        tf.assert_greater_equal(n, 1),
        tf.assert_positive(n),
        tf.assert_negative(-n, message="sign"),
        tf.assert_non_negative(n, name="not_below"),
        tf.assert_non_positive(-n),
        tf.assert_near(x, x),
        tf.assert_near(x, x + 0.5, atol=1.0, message="close"),
        tf.assert_rank(x, 2),
        tf.assert_rank(u, 2, message="matrix"),
        tf.assert_rank(u, r),
        tf.assert_rank_at_least(u, 1),
        tf.assert_rank_at_least(x, 1),
        tf.assert_rank_in(u, [1, 2]),
        tf.assert_rank_in(x, (2, 3)),
        tf.assert_integer(n),
        tf.assert_type(x, tf.float32),
        tf.Assert(tf.reduce_all(n > 0), [n]),
        tf.Assert(tf.reduce_all(n > 0), [x, "text"], summarize=5, name="must"),
    ]
    tf.no_op(name="nothing")
    tf.group(*checks[:3], name="some")
    with tf.control_dependencies(checks):
        y = tf.identity(x)
    tf.print("values", x, [n, {"u": u}], summarize=2)
    tf.print(tf.constant("alone"), output_stream="file:///tmp/never", name="p")
    fetches = [
        y,
        tf.is_non_decreasing(n),
        tf.is_strictly_increasing(n),
        tf.verify_tensor_all_finite(x, "finite"),
        tf.debugging.assert_scalar(r),
        *tf.tuple([x, n]),
        tf.check_numerics(x, "numbers"),
        tf.Print(x, [x, n], "note: ", first_n=0),
    ]
    return fetches, {x: _numbers(2, 2), n: [1, 2], u: _numbers(2, 2), r: 2}


def array_fake_quantisation(tf: ModuleType) -> Case:
    """Quantisation imitated in floating point, and its gradients."""
    x = tf.placeholder(tf.float32, [4, 3], name="x")
    low = tf.placeholder(tf.float32, [3], name="low")
    high = tf.placeholder(tf.float32, [3], name="high")
    fake = tf.quantization
    results = [
        fake.fake_quant_with_min_max_args(x),
        tf.fake_quant_with_min_max_args(x, -1.3, 2.1, 4, True, name="few"),
        fake.fake_quant_with_min_max_vars(x, -0.7, 1.9),
        fake.fake_quant_with_min_max_vars(x, low[0], high[0], num_bits=3),
        fake.fake_quant_with_min_max_vars(x, 0.0, 0.0),
        fake.fake_quant_with_min_max_vars(x, 0.5, 1.5, narrow_range=True),
        fake.fake_quant_with_min_max_vars_per_channel(x, low, high),
    ]
    gradients = tf.gradients([r * x for r in results], [x, low, high])
    return [*results, *gradients], {
        x: _numbers(4, 3) * 0.37, low: [-1.0, -0.2, 0.0], high: [0.9, 2.0, 3.3],
    }  # fmt: skip


def array_other_functions(tf: ModuleType) -> Case:
    """Functions that little else needs."""
    slices = tf.IndexedSlices(
        tf.constant([[1.0], [2.0], [3.0]]), tf.constant([4, 5, 6]), tf.constant([9, 1])
    )
    masked = tf.sparse_mask(slices, [5], name="masked")
    fetches = [
        tf.unravel_index([5, 7], [3, 4]),
        tf.unravel_index(6, [2, 2, 2]),
        tf.unravel_index([-5, -3, -1, 0, 5], [2, 3]),
        tf.unravel_index(-9, [2, 2]),
        tf.unravel_index([0, 0], np.zeros(0, np.int32)),
        tf.unravel_index(0, np.zeros(0, np.int32)),
        masked.values,
        masked.indices,
    ]
    return fetches, {}


PROGRAMS: dict[str, Callable[[ModuleType], Case]] = {
    program.__name__: program
    for program in (
        array_constants,
        array_placeholders,
        array_shapes,
        array_dimensions,
        array_slices,
        array_joins,
        array_gathers,
        array_scatters,
        array_paddings,
        array_channels_first,
        array_diagonals,
        array_raw_ops,
        array_gradients,
        array_gather_gradients,
        array_block_gradients,
        array_diagonals_of_unknown_shape,
        array_scatters_into_nothing,
        array_volume_patches,
        array_checks,
        array_fake_quantisation,
        array_other_functions,
    )
}
