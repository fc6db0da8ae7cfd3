"""Programs of mathematics that fail while they build."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

Program = Callable[[Any], object]


class Operands:
    """Tensors of several shapes and types, and the module they belong to."""

    def __init__(self, tf: ModuleType) -> None:
        """Add placeholders to the default graph."""
        self.tf = tf
        self.x = tf.placeholder(tf.float32, [2, 3], name="x")
        self.y = tf.placeholder(tf.float32, [3, 2], name="y")
        self.v = tf.placeholder(tf.float32, [3], name="v")
        self.i = tf.placeholder(tf.int32, [2], name="i")
        self.b = tf.placeholder(tf.bool, [2], name="b")
        self.flags = tf.placeholder(tf.bool, [3], name="flags")
        self.wide = tf.placeholder(tf.float64, [], name="wide")
        self.c = tf.placeholder(tf.float32, [2, 3, 4], name="c")
        self.d = tf.placeholder(tf.float32, [3, 4, 5], name="d")


ERRORS: dict[str, Program] = {
    "add_shapes": lambda o: o.x + o.y,
    "add_types": lambda o: o.x + o.i,
    "add_function_types": lambda o: o.tf.add(o.x, o.tf.constant([1, 2, 3])),
    "add_none": lambda o: o.x + None,
    "int_times_float": lambda o: o.i * 1.5,
    "list_minus": lambda o: [1, 2] - o.x,
    "pow_types": lambda o: o.x**o.i,
    "and_of_floats": lambda o: o.x & o.x,
    "less_of_strings": lambda o: o.tf.constant("a") < o.tf.constant("b"),
    "truediv_types": lambda o: o.x / o.wide,
    "truediv_of_bools": lambda o: o.b / o.b,
    "div_no_nan_types": lambda o: o.tf.div_no_nan(o.x, o.i),
    "sin_of_ints": lambda o: o.tf.sin(o.i),
    "squared_difference": lambda o: o.tf.squared_difference(o.x, o.y),
    "equal_shapes": lambda o: o.tf.equal(o.x, o.y),
    "matmul_inner": lambda o: o.tf.matmul(o.x, o.x),
    "matmul_rank": lambda o: o.tf.matmul(o.x, o.v),
    "matmul_twice": lambda o: o.tf.matmul(o.x, o.y, transpose_a=True, adjoint_a=True),
    "batch_matmul_inner": lambda o: o.tf.matmul(o.c, o.c),
    "batch_matmul_batch": lambda o: o.tf.matmul(o.c, o.d),
    "sum_axis": lambda o: o.tf.reduce_sum(o.x, axis=2),
    "mean_axis": lambda o: o.tf.reduce_mean(o.x, axis=[-3]),
    "sum_two_axes": lambda o: o.tf.reduce_sum(o.x, axis=0, reduction_indices=0),
    "argmax_axis": lambda o: o.tf.argmax(o.x, axis=5),
    "argmax_float": lambda o: o.tf.argmax(o.x, axis=1.5),
    "argmax_two_axes": lambda o: o.tf.argmax(o.x, axis=1, dimension=1),
    "range_down": lambda o: o.tf.range(0, 5, -1),
    "range_nowhere": lambda o: o.tf.range(0, 5, 0),
    "range_of_vector": lambda o: o.tf.range(o.i),
    "linspace_float": lambda o: o.tf.linspace(0.0, 1.0, 2.5),
    "select_shapes": lambda o: o.tf.where(o.b, o.x, o.y),
    "select_condition": lambda o: o.tf.where(o.flags, o.x, o.x),
    "where_one_value": lambda o: o.tf.where(o.b, o.x),
    "add_n_shapes": lambda o: o.tf.add_n([o.x, o.y]),
    "add_n_types": lambda o: o.tf.add_n([o.x, o.i]),
    "add_n_of_none": lambda o: o.tf.add_n([]),
    "accumulate_n_shape": lambda o: o.tf.accumulate_n([o.x, o.x], shape=[4]),
    "scalar_mul": lambda o: o.tf.scalar_mul([1.0], o.x),
    "complex_types": lambda o: o.tf.complex(o.x, o.wide),
    "conj_of_bools": lambda o: o.tf.conj(o.b),
    "real_of_bools": lambda o: o.tf.real(o.b),
    "clip_by_value": lambda o: o.tf.clip_by_value(o.v, 0.0, o.x),
    "tensordot_lengths": lambda o: o.tf.tensordot(o.x, o.y, [[1], [0, 1]]),
    "tensordot_negative": lambda o: o.tf.tensordot(o.x, o.y, -1),
    "tensordot_three": lambda o: o.tf.tensordot(o.x, o.y, [1, 2, 3]),
    "einsum_rank": lambda o: o.tf.einsum("ijk,kl->il", o.x, o.y),
    "einsum_sizes": lambda o: o.tf.einsum("ij,jk->ik", o.x, o.x),
    "einsum_count": lambda o: o.tf.einsum("ij,jk->ik", o.x),
    "einsum_format": lambda o: o.tf.einsum("i1,jk->ik", o.x, o.y),
    "einsum_unknown": lambda o: o.tf.einsum("ij,jk->iz", o.x, o.y),
    "einsum_repeated": lambda o: o.tf.einsum("ij,jk->ii", o.x, o.y),
    "segment_rank": lambda o: o.tf.segment_sum(o.x, o.x),
    "unsorted_segment": lambda o: o.tf.unsorted_segment_sum(o.x, [0, 0, 1], 2),
    "cross_shapes": lambda o: o.tf.cross(o.x, o.y),
    "cross_of_two": lambda o: o.tf.cross(o.tf.zeros([2]), o.tf.zeros([2])),
    "cast_to_nothing": lambda o: o.tf.cast(o.x, "nothing"),
    "polyval": lambda o: o.tf.math.polyval((1,), o.x),
    "length": lambda o: len(o.x),
    "as_array": lambda o: np.array(o.x),
    "norm_order": lambda o: o.tf.norm(o.x, ord="none"),
    "norm_axes": lambda o: o.tf.norm(o.x, axis=[0, 0]),
    "solve": lambda o: o.tf.matrix_solve(o.x, o.x),
    "inverse": lambda o: o.tf.matrix_inverse(o.x),
    "triangular_solve": lambda o: o.tf.matrix_triangular_solve(o.tf.eye(3), o.x),
    "histogram": lambda o: o.tf.histogram_fixed_width(o.v, o.v),
    "bincount": lambda o: o.tf.raw_ops.Bincount(arr=o.i, size=-1, weights=[1.0]),
}
