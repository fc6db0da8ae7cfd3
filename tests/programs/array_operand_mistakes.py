"""Programs with operands of arrays, windows and sparse tensors that do not fit.

They are recorded with those of `operand_mistakes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Final

import numpy as np

Mistake = Callable[[ModuleType], Any]

_BLOCKS: Final = np.int64([1879048192] * 2)
_NO_WIDTHS: Final = np.zeros((2, 2), np.int32)
_CUBE: Final = np.zeros((2, 1, 4), np.float32)
_CELLS: Final = np.arange(6).reshape(3, 2, 1)


def _hidden(tf: ModuleType, value: Any) -> Any:
    return tf.placeholder_with_default(np.asarray(value), None)


def _raw(op: str, **operands: Any) -> Mistake:
    """Operands that are arrays are known only to a run, all others to the graph."""

    def build(tf: ModuleType) -> Any:
        given = {
            name: _hidden(tf, value) if isinstance(value, np.ndarray) else value
            for name, value in operands.items()
        }
        return getattr(tf.raw_ops, op)(**given)

    return build


def arrays() -> Iterator[tuple[str, Mistake]]:
    """Arrays that are joined, cut, spread and read."""
    for number, values in enumerate(
        ((2, [3], 7), ([2], 3, 7), ([2], [3], 7), (3, 7), ([[2]], [3], 7), ([2], [[3]]))
    ):
        for axis in (0, 1, -1):
            yield (
                f"misfit_concat_{number}_{axis}",
                lambda tf, v=values, a=axis: tf.concat([_hidden(tf, x) for x in v], a),
            )
    image = np.zeros((6, 30))
    for axes in ([], [0], [1, 1]):
        dims = np.array(axes, np.int32)
        word = f"{len(axes)}"
        yield (
            f"misfit_split_axis_{word}",
            _raw("Split", value=image, axis=dims, num_split=3),
        )
        yield (
            f"misfit_split_v_axis_{word}",
            _raw("SplitV", value=image, size_splits=[4, 1, 1], axis=dims, num_split=3),
        )
    for i, sizes in enumerate(([-1, -2], [7, -1], [5, 2], [6], [6, 0, 0], [[3, 3]])):
        counts = np.array(sizes)
        yield (
            f"misfit_split_v_{i}",
            _raw("SplitV", value=image, size_splits=counts, axis=0, num_split=2),
        )
    row = np.array([7])
    for multiples in (2, [2, 3], [-2]):
        yield (
            f"misfit_tile_{multiples}",
            _raw("Tile", input=row, multiples=np.array(multiples)),
        )
    yield "misfit_bitcast", lambda tf: tf.bitcast(np.zeros((1, 1), np.int8), tf.int32)
    for axes in ([[0]], [], [1, 2], [3], [-4]):
        axis = np.array(axes, np.int64)
        yield (
            f"misfit_unique_{axes}",
            lambda tf, a=axis: tf.raw_ops.UniqueV2(x=_CELLS, axis=a),
        )
    ones = np.ones(254, np.int64)
    yield "misfit_reshape", _raw("Reshape", tensor=np.ones((1, 1)), shape=ones)
    for name, make in (("seen", np.ndarray.tolist), ("hidden", np.asarray)):
        yield (
            f"misfit_blocks_{name}",
            _raw(
                "SpaceToBatchND",
                input=make(np.zeros((10, 19, 22))),
                block_shape=_BLOCKS.tolist(),
                paddings=make(_NO_WIDTHS),
            ),
        )
    yield "misfit_parse", lambda tf: tf.parse_tensor(tf.constant(b"bogus"), tf.uint16)
    yield "misfit_scatter", _scattered_into_number
    yield (
        "misfit_gather_dims",
        lambda tf: tf.gather_nd([[1, 2], [3, 4]], [[1], [0]], batch_dims=np.int32(1)),
    )


def _scattered_into_number(tf: ModuleType) -> Any:
    number = tf.Variable(np.float32(0), use_resource=True, shape=tf.TensorShape(None))
    with tf.control_dependencies([number.initializer]):
        return tf.raw_ops.ResourceScatterNdUpdate(
            ref=number.handle, indices=[[0]], updates=[0.22]
        )


def fractional() -> Iterator[tuple[str, Mistake]]:
    """Pooling over windows of random sizes, and its gradients."""
    pixel = np.ones((1, 1, 1, 1), np.float32)
    for kind in ("Max", "Avg"):
        for i, ratio in enumerate(
            ([1, 1.44, 1, 1], [1, 1.44, 1.44, 2], [1, 0.5, 1, 1])
        ):
            for name, value in (("one", pixel), ("none", pixel[..., :0])):
                yield (
                    f"misfit_fractional_{kind}_{i}_{name}",
                    _raw(f"Fractional{kind}Pool", value=value, pooling_ratio=ratio),
                )
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    best, half = image[:, 1::2, 1::2], np.int64([0, 2, 4])
    changes: dict[str, dict[str, Any]] = {
        "ok": {},
        "rank": {"orig_input": image[0]},
        "no_image": {"orig_input": image[:0]},
        "no_pooled": {"orig_output": best[:0]},
        "pooled_rank": {"orig_output": best[0]},
        "other": {"orig_output": best + np.float32(1)},
        "nan": {"orig_output": best * np.float32("nan")},
        "no_rows": {"row_pooling_sequence": half[:0]},
        "many_rows": {"row_pooling_sequence": np.arange(9)},
        "matrix": {"row_pooling_sequence": half[None]},
        "column_matrix": {"col_pooling_sequence": half[None]},
        "window_of_nothing": {
            "orig_output": np.full_like(best, np.finfo(np.float32).min),
            "row_pooling_sequence": np.int64([4, 4, 4]),
        },
    }
    for name, change in changes.items():
        operands = {
            "orig_input": image,
            "orig_output": best,
            "out_backprop": best,
            "row_pooling_sequence": half,
            "col_pooling_sequence": half,
        }
        yield (
            f"misfit_max_grad_{name}",
            _raw("FractionalMaxPoolGrad", **operands | change),
        )
    changes = {
        "ok": {},
        "shape": {"orig_input_tensor_shape": np.int64([4, 4])},
        "zero": {"orig_input_tensor_shape": np.int64([1, 4, 0, 1])},
        "rank": {"out_backprop": best[0]},
        "nothing": {"out_backprop": best[..., :0]},
        "rows": {"row_pooling_sequence": half[:2]},
        "columns": {"col_pooling_sequence": half[:2]},
        "negative": {"row_pooling_sequence": np.int64([-10, 2, 4])},
        "negative_column": {"col_pooling_sequence": np.int64([0, -2, 4])},
    }
    for name, change in changes.items():
        operands = {
            "orig_input_tensor_shape": np.int64([1, 4, 4, 1]),
            "out_backprop": best,
            "row_pooling_sequence": half,
            "col_pooling_sequence": half,
        }
        yield (
            f"misfit_mean_grad_{name}",
            _raw("FractionalAvgPoolGrad", **operands | change),
        )


def networks() -> Iterator[tuple[str, Mistake]]:
    """Losses, ranges of channels, sparse tensors and their hashes."""
    for i, (x, y) in enumerate(
        ((_CUBE, _CUBE), (_CUBE[0], _CUBE), (_CUBE[0, 0], _CUBE[0, 0]))
    ):
        operands = {"features": x.tolist(), "labels": y.tolist()}
        yield f"misfit_loss_{i}", _raw("SoftmaxCrossEntropyWithLogits", **operands)
    for i, (low, high) in enumerate(
        (
            ([[0.0]], [1.0]),
            ([0.0, 0.1], [1.0]),
            ([1.0], [[1.0]]),
            ([0.0], [1.0, 1.1]),
            ([0.0, 1.0], [1.0, 1.1]),
        )
    ):
        yield (
            f"misfit_channels_{i}",
            lambda tf, a=low, b=high: (
                tf.fake_quant_with_min_max_vars_per_channel_gradient(
                    [[1.0], [2.0]], [[1.0], [2.0]], a, b
                )
            ),
        )
    for i, (indices, count, dense) in enumerate(
        (((17, 2), 5, (3, 4)), ((17, 4), 17, (3, 4)), ((7, 2), 7, (3,)))
    ):
        yield (
            f"misfit_sparse_{i}",
            lambda tf, i=indices, c=count, d=dense: tf.sparse.add(
                tf.SparseTensor(np.zeros(i, np.int64), np.ones(c), [3, 4]), np.ones(d)
            ),
        )
    for size in (0, 3):
        yield (
            f"misfit_salt_{size}",
            _raw(
                "SparseCrossHashed",
                indices=[],
                values=[],
                shapes=[],
                dense_inputs=[],
                num_buckets=4,
                salt=np.zeros(size, np.int64),
                strong_hash=False,
            ),
        )


def maps() -> Iterator[tuple[str, Mistake]]:
    """Sparse tensors that are kept in a map, and taken out of it."""
    parts: dict[str, tuple[Any, Any, Any]] = {
        "ok": ([[1, 0], [2, 0]], [1.0, 2.0], [3, 2]),
        "order": ([[2, 1], [0, 0]], [1.0, 2.0], [3, 2]),
        "repeated": ([[0, 0], [0, 0]], [1.0, 2.0], [3, 2]),
        "outside": ([[3, 0]], [1.0], [3, 2]),
        "rank": ([[0]], [1.0], [3]),
        "vector": ([0], [1.0], [3, 2]),
        "values": ([[0, 0]], [[1.0]], [3, 2]),
        "shape": ([[0, 0]], [1.0], [[3, 2]]),
        "count": ([[0, 0]], [1.0, 2.0], [3, 2]),
        "columns": ([[0, 0, 0]], [1.0], [3, 2]),
        "negative": ([[0, 0]], [1.0], [3, -2]),
    }
    for op in ("AddSparseToTensorsMap", "AddManySparseToTensorsMap"):
        for name, (indices, values, shape) in parts.items():
            operands = {
                "sparse_indices": np.array(indices, np.int64),
                "sparse_values": np.array(values),
                "sparse_shape": np.array(shape, np.int64),
            }
            yield f"misfit_{op}_{name}", _raw(op, **operands)
    # A negative size, more elements than can be counted, two values for one place.
    for name, shape, count in (
        ("less", [3, -2], 1),
        ("huge", [1 << 40, 1 << 40], 1),
        ("two", [3, 2], 2),
    ):
        cells = np.zeros((1, 2), np.int64), np.ones(count), np.array(shape, np.int64)
        operands = dict(zip(("indices", "values", "shape"), cells, strict=True))
        for op in ("SerializeManySparse", "SparseReduceSum"):
            first = "sparse" if op == "SerializeManySparse" else "input"
            given = {f"{first}_{part}": value for part, value in operands.items()}
            axes = {"reduction_axes": [0]} if first == "input" else {}
            yield f"misfit_{op}_{name}", _raw(op, **given, **axes)
        yield (
            f"misfit_SparseSlice_{name}",
            _raw("SparseSlice", **operands, start=[0, 0], size=[2, 2]),
        )
    for name, handles, ranks, dtype in (
        ("ok", [1, 0], (1, 1), "float64"),
        ("rank", [0, 1], (1, 2), "float64"),
        ("missing", [0, 5], (1,), "float64"),
        ("twice", [0, 0], (1,), "float64"),
        ("none", [], (1,), "float64"),
        ("matrix", [[0]], (1,), "float64"),
        ("type", [0], (1,), "float32"),
    ):
        yield (
            f"misfit_taken_{name}",
            lambda tf, h=handles, r=ranks, d=dtype: _taken(tf, h, r, d),
        )


def _taken(tf: ModuleType, handles: Any, ranks: tuple[int, ...], dtype: str) -> Any:
    added: list[Any] = []
    for rank in ranks:
        with tf.control_dependencies(added):
            kept = tf.raw_ops.AddSparseToTensorsMap(
                sparse_indices=np.zeros((1, rank), np.int64),
                sparse_values=np.ones(1),
                sparse_shape=np.ones(rank, np.int64),
                shared_name="taken",
            )
        added.append(kept)
    with tf.control_dependencies(added):
        return tf.raw_ops.TakeManySparseFromTensorsMap(
            sparse_handles=_hidden(tf, np.array(handles, np.int64)),
            dtype=dtype,
            shared_name="taken",
        )


def bindings() -> Iterator[tuple[str, Mistake]]:
    """Arguments that do not fit the signature of a function."""
    calls: dict[str, Callable[[ModuleType, Any], Any]] = {
        "text": lambda tf, f: f(["foo"]),
        "type": lambda tf, f: f(tf.constant(1)),
        "shape": lambda tf, f: f(tf.constant([1.0, 2.0, 3.0])),
        "list": lambda tf, f: f([1.0, 2.0, 3.0]),
        "two": lambda tf, f: f([1.0, 2.0], 3),
        "none": lambda tf, f: f(),
        "nothing": lambda tf, f: f(None),
        "name": lambda tf, f: f(w=3),
    }
    for name, call in calls.items():
        yield (
            f"misfit_bound_{name}",
            lambda tf, c=call: c(
                tf, tf.function(lambda v: v, input_signature=[tf.TensorSpec([2])])
            ),
        )
