"""Calls of array functions that TensorFlow refuses, while building or in a run."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

Mistake = Callable[[ModuleType], Any]


def _x(tf: ModuleType) -> Any:
    return tf.placeholder_with_default(np.ones((2, 3), np.float32), [2, 3], name="x")


def _u(tf: ModuleType) -> Any:
    return tf.placeholder_with_default(np.ones((2, 3), np.float32), None, name="u")


def _p(tf: ModuleType, *values: Any) -> list[Any]:
    """Return tensors whose shapes only a run knows; floats are narrow."""
    arrays = [np.asarray(value) for value in values]
    kinds = [np.float32 if array.dtype == np.float64 else np.int32 for array in arrays]
    return [
        tf.placeholder_with_default(array.astype(kind), None)
        for array, kind in zip(arrays, kinds, strict=True)
    ]


_ROWS = np.ones((2, 3))
_LINE = np.ones(3)


def _scattered(tf: ModuleType, *values: Any) -> dict[str, Any]:
    return dict(zip(("indices", "updates", "shape"), _p(tf, *values), strict=True))


def _flags(tf: ModuleType) -> Any:
    return tf.placeholder_with_default([True, False, True], None)


def _unravelled(tf: ModuleType, index: Any, dims: Any) -> Any:
    """Unravel 64-bit indices whose shape only the run knows."""
    return tf.unravel_index(
        tf.placeholder_with_default(np.array(index, np.int64), None),
        np.array(dims, np.int64),
    )


def _distance(
    tf: ModuleType, hypothesis: list[int], truth: list[int], *, run: bool
) -> Any:
    """Compare nothing with nothing, of shapes that the build or only a run knows."""

    def parts(shape: list[int]) -> list[Any]:
        arrays = np.zeros((0, len(shape)), np.int64), np.zeros(0), np.array(shape)
        return [tf.placeholder_with_default(a, None) if run else a for a in arrays]

    ours, theirs = parts(hypothesis), parts(truth)
    return tf.raw_ops.EditDistance(
        hypothesis_indices=ours[0],
        hypothesis_values=ours[1],
        hypothesis_shape=ours[2],
        truth_indices=theirs[0],
        truth_values=theirs[1],
        truth_shape=theirs[2],
    )


def _guaranteed_handle(tf: ModuleType) -> Any:
    return tf.guarantee_const(tf.get_variable("v", [], use_resource=True).handle)


# Refused while the graph is built.
BUILDING: dict[str, Mistake] = {
    "reshape": lambda tf: tf.reshape(_x(tf), [4, 2]),
    "reshape2": lambda tf: tf.reshape(_x(tf), [-1, 4]),
    "reshape4": lambda tf: tf.reshape(_x(tf), [-2, 3]),
    "concat": lambda tf: tf.concat([_x(tf), tf.ones([2, 4])], 0),
    "concat_rank": lambda tf: tf.concat([_x(tf), tf.ones([2])], 0),
    "concat_axis": lambda tf: tf.concat([_x(tf), _x(tf)], 2),
    "einsum_ellipsis": lambda tf: tf.einsum(
        "...ij,...jk->ik", tf.ones([2, 3, 4]), tf.ones([2, 4, 5])
    ),
    "bins": lambda tf: tf.histogram_fixed_width([1.0], [0.0, 5.0], nbins=[1, 2]),
    "segments": lambda tf: tf.sparse_segment_sum(
        tf.ones([3]), [0], [0], num_segments=-2
    ),
    "concat_scalars": lambda tf: tf.concat([1, tf.constant([2])], 0),
    "concat_scalars_open": lambda tf: tf.concat(
        [tf.placeholder(tf.int32), 1], tf.placeholder(tf.int32)
    ),
    "concat_dtype": lambda tf: tf.concat([_x(tf), tf.ones([2, 3], tf.int32)], 0),
    "stack": lambda tf: tf.stack([_x(tf), tf.ones([3, 2])]),
    "stack_axis": lambda tf: tf.stack([_x(tf), _x(tf)], 5),
    "unstack": lambda tf: tf.unstack(_x(tf), num=3),
    "unstack_u": lambda tf: tf.unstack(_u(tf)),
    "unstack_axis": lambda tf: tf.unstack(_x(tf), axis=3),
    "split": lambda tf: tf.split(_x(tf), 2, axis=1),
    "split2": lambda tf: tf.split(_x(tf), [1, 1], axis=1),
    "split3": lambda tf: tf.split(_x(tf), [1, 5], axis=1),
    "split_axis": lambda tf: tf.split(_x(tf), 1, axis=4),
    "split_scalar": lambda tf: tf.split(_x(tf), tf.constant(2)),
    "slice_rank": lambda tf: tf.slice(_x(tf), [0], [1]),
    "slice_b": lambda tf: tf.slice(_x(tf), [0, 4], [1, -1]),
    "slice_n": lambda tf: tf.slice(_x(tf), [0, 0], [-2, 1]),
    "idx": lambda tf: _x(tf)[2],
    "idx2": lambda tf: _x(tf)[0, 0, 0],
    "idx3": lambda tf: _x(tf)["a"],
    "idx4": lambda tf: _x(tf)[1.5],
    "stride0": lambda tf: _x(tf)[::0],
    "idxneg": lambda tf: _x(tf)[-3],
    "ell": lambda tf: _x(tf)[..., ...],
    "idx_none": lambda tf: _x(tf)[np.array([1, 2])],
    "transpose": lambda tf: tf.transpose(_x(tf), [0, 1, 2]),
    "transpose2": lambda tf: tf.transpose(_x(tf), [0, 5]),
    "squeeze": lambda tf: tf.squeeze(_x(tf), 0),
    "squeeze2": lambda tf: tf.squeeze(_x(tf), 4),
    "expand": lambda tf: tf.expand_dims(_x(tf), 5),
    "expand_none": lambda tf: tf.expand_dims(_x(tf)),
    "expand_both": lambda tf: tf.expand_dims(_x(tf), axis=1, dim=1),
    "gather": lambda tf: tf.gather(1.0, [0]),
    "gather_axis": lambda tf: tf.gather(_x(tf), [0], axis=3),
    "gather_nd": lambda tf: tf.gather_nd(_x(tf), [[0, 1, 2]]),
    "gather_bd": lambda tf: tf.gather(_x(tf), [0], batch_dims=2),
    "gather_float": lambda tf: tf.gather(_x(tf), [0.5]),
    "tile": lambda tf: tf.tile(_x(tf), [1]),
    "fill": lambda tf: tf.fill([-1], 0),
    "fill2": lambda tf: tf.fill(3, 0),
    "fillv": lambda tf: tf.fill([2], [1, 2]),
    "pad": lambda tf: tf.pad(_x(tf), [[1, 1]]),
    "padneg": lambda tf: tf.pad(_x(tf), [[-1, 0], [0, 0]]),
    "padmode": lambda tf: tf.pad(_x(tf), [[1, 1], [0, 0]], "EDGE"),
    "bto": lambda tf: tf.broadcast_to(_x(tf), [2, 4]),
    "bto2": lambda tf: tf.broadcast_to(_x(tf), [3]),
    "oh": lambda tf: tf.one_hot([1], -1),
    "oh3": lambda tf: tf.one_hot([1], 3, on_value=1, off_value=0.5),
    "oh4": lambda tf: tf.one_hot([1], 3, on_value=1.5, dtype=tf.int32),
    "rev": lambda tf: tf.reverse(_x(tf), [2]),
    "rev2": lambda tf: tf.reverse(_x(tf), [0, 0]),
    "rseq": lambda tf: tf.reverse_sequence(_x(tf), [1, 2, 3], seq_axis=1),
    "rseq2": lambda tf: tf.reverse_sequence(_x(tf), [1, 2], seq_axis=4),
    "s2d": lambda tf: tf.space_to_depth(tf.ones([1, 3, 3, 1]), 2),
    "d2s": lambda tf: tf.depth_to_space(tf.ones([1, 2, 2, 3]), 2),
    "s2b": lambda tf: tf.space_to_batch(tf.ones([1, 3, 3, 1]), [[0, 0], [0, 0]], 2),
    "mask": lambda tf: tf.boolean_mask(_x(tf), [True, False, True]),
    "mask0": lambda tf: tf.boolean_mask(_x(tf), True),
    "masku": lambda tf: tf.boolean_mask(_x(tf), tf.placeholder(tf.bool)),
    "where": lambda tf: tf.where(_x(tf) > 0, _x(tf)),
    "seqm": lambda tf: tf.sequence_mask([1], [2, 3]),
    "snd": lambda tf: tf.scatter_nd([[0]], [1.0, 2.0], [3]),
    "tsu": lambda tf: tf.tensor_scatter_nd_update(_x(tf), [[0]], [[1.0, 2.0]]),
    "diagp": lambda tf: tf.diag_part(_x(tf)),
    "mdiag": lambda tf: tf.matrix_diag_part(_x(tf), k=7),
    "const": lambda tf: tf.constant([1, 2, 3], shape=[2]),
    "const2": lambda tf: tf.constant([1, 2], shape=[3], verify_shape=True),
    "const3": lambda tf: tf.constant(1.5, tf.int32),
    "const4": lambda tf: tf.constant([[1, 2], [3]]),
    "const5": lambda tf: tf.constant(None),
    "const6": lambda tf: tf.constant("a", tf.float32),
    "const8": lambda tf: tf.constant(_x(tf)),
    "ph_shape": lambda tf: tf.placeholder(tf.float32, [-1, 10]),
    "large_shape": lambda tf: tf.convert_to_tensor(
        tf.TensorShape([2**31, 2]), tf.int32
    ),
    "ph": lambda tf: tf.placeholder("nope"),
    "phd": lambda tf: tf.placeholder_with_default([1, 2], [3]),
    "ens": lambda tf: tf.ensure_shape(_x(tf), [2, 4]),
    "uniq": lambda tf: tf.unique(_x(tf)),
    "bc": lambda tf: tf.bitcast(tf.ones([3], tf.uint8), tf.int32),
    "eye": lambda tf: tf.eye(2.5),
    "mesh": lambda tf: tf.meshgrid([1], indexing="q"),
    "meshk": lambda tf: tf.meshgrid([1], foo=1),
    "ss": lambda tf: tf.searchsorted([1.0], [1.0], side="up"),
    "perm": lambda tf: tf.invert_permutation([[1]]),
    "dp": lambda tf: tf.dynamic_partition(_x(tf), [0, 1, 1], 2),
    "ds": lambda tf: tf.dynamic_stitch([[0], [1]], [_x(tf), _x(tf)]),
    "bss": lambda tf: tf.broadcast_static_shape(
        tf.TensorShape([2]), tf.TensorShape([3])
    ),
    "zeros": lambda tf: tf.zeros([-1]),
    "mtr": lambda tf: tf.matrix_transpose([1.0]),
    "aeq": lambda tf: tf.assert_equal(tf.constant(1), 2),
    "arank": lambda tf: tf.assert_rank(_x(tf), 3, message="m"),
    "atype": lambda tf: tf.assert_type(_x(tf), tf.int32),
    "aint": lambda tf: tf.assert_integer(_x(tf)),
    "ascal": lambda tf: tf.debugging.assert_scalar(_x(tf)),
    "rep": lambda tf: tf.repeat(_x(tf), [1, 2, 3], axis=0),
    "extr": lambda tf: tf.extract_image_patches(
        _x(tf), [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID"
    ),
    "group": lambda tf: tf.group(3),
    "tup": lambda tf: tf.tuple([]),
    "chk": lambda tf: tf.check_numerics(tf.constant(1), "m"),
    "lens": lambda tf: len(_x(tf)),
    "itr": lambda tf: list(_x(tf)),
    "boo": lambda tf: bool(_x(tf)),
    "arr": lambda tf: np.array(_x(tf)),
    "bgather": lambda tf: tf.batch_gather(_u(tf), _u(tf)),
    "listdiff": lambda tf: tf.setdiff1d([1], [1.0]),
    "unravel_scalar": lambda tf: tf.unravel_index([1], 3),
    "uniq_scalar_axis": lambda tf: tf.raw_ops.UniqueV2(x=[1, 2], axis=0),
    "distance": lambda tf: _distance(tf, [2], [3], run=False),
    "distance_of_scalars": lambda tf: _distance(tf, [], [], run=False),
    "bargs": lambda tf: tf.broadcast_dynamic_shape([2], [[3]]),
}

# Refused by a run.
RUNNING: dict[str, Mistake] = {
    "r_reshape": lambda tf: tf.reshape(_u(tf), [4, 4]),
    "r_gather": lambda tf: tf.gather(_x(tf), tf.placeholder_with_default(7, [])),
    "r_gnd": lambda tf: tf.gather_nd(
        _x(tf), tf.placeholder_with_default([[0, 9]], [1, 2])
    ),
    "r_slice": lambda tf: tf.slice(_u(tf), [0, 0], [9, 1]),
    "r_ss": lambda tf: _u(tf)[7],
    "r_scatter": lambda tf: tf.scatter_nd(
        tf.placeholder_with_default([[9]], [1, 1]), [1.0], [3]
    ),
    "r_concat": lambda tf: tf.concat([_u(tf), tf.ones([1, 7])], 0),
    "r_squeeze": lambda tf: tf.squeeze(_u(tf), 0),
    "r_ens": lambda tf: tf.ensure_shape(_u(tf), [5, 5]),
    "r_chk": lambda tf: tf.check_numerics(_u(tf) / 0.0, "oops"),
    "r_assert": lambda tf: tf.Assert(
        tf.placeholder_with_default(False, []), ["bad", _x(tf)]
    ),
    "r_aeq": lambda tf: tf.assert_equal(_u(tf), _u(tf) + 1.0),
    "r_pad": lambda tf: tf.pad(_u(tf), [[5, 0], [0, 0]], "REFLECT"),
    "r_split": lambda tf: tf.split(_u(tf), 2, axis=1)[0],
    "r_ph": lambda tf: tf.placeholder(tf.int32, [2], name="nofeed") + 1,
    "r_stack": lambda tf: tf.stack([_u(tf), tf.placeholder_with_default([1.0], None)]),
    "r_tile": lambda tf: tf.tile(_u(tf), [2]),
    "r_perm": lambda tf: tf.invert_permutation(
        tf.placeholder_with_default([1, 1], [2])
    ),
    "r_oh": lambda tf: tf.one_hot([1], tf.placeholder_with_default(-2, [])),
    "r_rev": lambda tf: tf.reverse(_u(tf), [3]),
    "r_uniq": lambda tf: tf.unique(_u(tf))[0],
    "r_diag_rank": lambda tf: tf.matrix_diag(*_p(tf, 1.0)),
    "r_diag_count": lambda tf: tf.matrix_diag(*_p(tf, _ROWS), k=(0, 2)),
    "r_diag_order": lambda tf: tf.matrix_diag(*_p(tf, _LINE), k=(1, 0)),
    "r_set_rank": lambda tf: tf.matrix_set_diag(*_p(tf, 1.0, _LINE)),
    "r_set_line": lambda tf: tf.matrix_set_diag(*_p(tf, _ROWS, 1.0)),
    "r_set_length": lambda tf: tf.matrix_set_diag(*_p(tf, _ROWS, _LINE)),
    "r_set_count": lambda tf: tf.matrix_set_diag(*_p(tf, _ROWS, _ROWS.T), k=(0, 1)),
    "r_part_rank": lambda tf: tf.matrix_diag_part(*_p(tf, 1.0)),
    "r_part_bound": lambda tf: tf.matrix_diag_part(*_p(tf, _ROWS), k=5),
    "r_singular": lambda tf: tf.matrix_inverse(*_p(tf, np.ones((2, 2)))),
    "r_singular_system": lambda tf: tf.matrix_solve(
        *_p(tf, np.ones((2, 2)), np.ones((2, 1)))
    ),
    "r_system": lambda tf: tf.matrix_solve(*_p(tf, np.ones((2, 2)), np.ones((3, 1)))),
    "r_least": lambda tf: tf.matrix_solve_ls(*_p(tf, _ROWS, _ROWS.T), fast=False),
    "r_root": lambda tf: tf.linalg.sqrtm(*_p(tf, _ROWS)),
    "r_ranks": lambda tf: tf.concat(_p(tf, _ROWS, _LINE), 0),
    "r_unstack": lambda tf: tf.unstack(*_p(tf, _ROWS), num=3),
    "r_parts": lambda tf: tf.split(_p(tf, _ROWS)[0], _p(tf, [1, 5])[0], 1, num=2),
    "r_open_parts": lambda tf: tf.split(
        _p(tf, _ROWS)[0], _p(tf, [-1, -1])[0], 1, num=2
    ),
    "r_widths": lambda tf: tf.pad(*_p(tf, _ROWS, [[1, -1], [0, 0]])),
    "r_pairs": lambda tf: tf.pad(*_p(tf, _ROWS, [[1, 1]])),
    "r_negative_size": lambda tf: tf.reshape(*_p(tf, _ROWS, [-2, 3])),
    "r_duplicate": lambda tf: tf.invert_permutation(*_p(tf, [0, 1, 0])),
    "r_outside": lambda tf: tf.invert_permutation(*_p(tf, [0, 3])),
    "r_nth": lambda tf: tf.raw_ops.NthElement(input=_p(tf, _LINE)[0], n=7),
    "r_slice_rank": lambda tf: tf.slice(*_p(tf, _ROWS, [0], [5])),
    "r_lists": lambda tf: tf.setdiff1d(*_p(tf, _ROWS, _LINE))[0],
    "r_width": lambda tf: tf.histogram_fixed_width(*_p(tf, _LINE, [5.0, 1.0])),
    "r_scatter_shape": lambda tf: tf.raw_ops.ScatterNd(
        **_scattered(tf, [[1]], [1, 1], [3])
    ),
    "r_scatter_slice": lambda tf: tf.raw_ops.ScatterNd(
        **_scattered(tf, [[1]], [[1]], [3])
    ),
    "r_extreme": lambda tf: tf.argmax(*_p(tf, _ROWS, 3)),
    "r_empty_extreme": lambda tf: tf.argmax(*_p(tf, np.ones((0, 3)), 0)),
    "r_fill": lambda tf: tf.fill(*_p(tf, [-1], 1.0)),
    "r_fill_rank": lambda tf: tf.fill(*_p(tf, [[1]], 1.0)),
    "r_copies": lambda tf: tf.tile(*_p(tf, _ROWS, [1, -1])),
    "r_choices": lambda tf: tf.where(_flags(tf), *_p(tf, _ROWS, _ROWS)),
    "r_alternatives": lambda tf: tf.where(_flags(tf), *_p(tf, _ROWS, _LINE)),
    "r_scatter_empty": lambda tf: tf.tensor_scatter_nd_add(
        *_p(tf, np.ones((0, 3)), np.zeros((2, 1), np.int32), np.ones((2, 3)))
    ),
    "r_text": lambda tf: tf.cast(_u(tf), tf.string),
    "r_number": lambda tf: tf.cast(["1"], tf.int32),
    "r_offset": lambda tf: tf.raw_ops.ConcatOffset(
        concat_dim=1, shape=[[2, 3, 5], [2, 7, 10]]
    )[0],
    "r_unravel_zero": lambda tf: _unravelled(tf, [1], [3, 0]),
    "r_unravel_below": lambda tf: _unravelled(tf, [1], [3, -2, 0]),
    "r_unravel_many": lambda tf: _unravelled(tf, [1], [2**40, 2**23]),
    "r_unravel_many_narrow": lambda tf: tf.unravel_index(*_p(tf, 0, [2**16, 2**15])),
    "r_unravel_outside": lambda tf: _unravelled(tf, 6, [3, 2]),
    "r_unravel_matrix": lambda tf: _unravelled(tf, [[1]], [3, 2]),
    "r_unravel_nothing": lambda tf: _unravelled(tf, [], [3, 2]),
    "r_unravel_scalar": lambda tf: tf.unravel_index(*_p(tf, 1, 3)),
    "r_distance": lambda tf: _distance(tf, [2, 2], [3], run=True),
    "r_distance_ranks": lambda tf: _distance(tf, [2], [3, 3], run=True),
    "r_tile_many": lambda tf: tf.tile(_x(tf), [2**40, 2**40]),
    "r_fill_many": lambda tf: tf.fill(*_p(tf, [2**30, 2**30, 2**30], 1.0)),
    "r_broadcast_many": lambda tf: tf.broadcast_to(*_p(tf, 1.0, [2**30] * 3)),
    "r_guarantee": _guaranteed_handle,
    "r_dp": lambda tf: tf.dynamic_partition(
        [1.0], tf.placeholder_with_default([5], [1]), 2
    )[0],
}

# The class is TensorFlow's, the words are ours.
OWN_WORDS = frozenset(
    {
        "reshape4",
        "concat_axis",
        "unstack",
        "split_axis",
        "slice_b",
        "slice_n",
        "transpose",
        "squeeze2",
        "padneg",
        "oh",
        "rev",
        "rev2",
        "snd",
        "tsu",
        "diagp",
        "mdiag",
        "const4",
        "const6",
        "ens",
        "bc",
        "meshk",
        "dp",
        "ds",
        "itr",
        "boo",
        "r_gnd",
        "r_rev",
        "r_unravel_many",
        "r_unravel_many_narrow",
        "r_unravel_matrix",
        "r_unravel_nothing",
        "r_unravel_scalar",
    }
)
