"""Questions about shapes, dimensions and specs whose answers TensorFlow gave.

Each probe takes the module that programs call `tf` and returns what JSON can hold.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np


def answer(call: Callable[[], Any]) -> str:
    """Return what a call returns as text, or its error."""
    try:
        return repr(call())
    except Exception as error:  # noqa: BLE001 - the error is the answer
        return f"{type(error).__name__}: {error}"


def copied(value: Any) -> list[str]:
    """Return what copies of a value are."""
    return [
        repr(copy.copy(value)),
        repr(copy.deepcopy(value)),
        repr(pickle.loads(pickle.dumps(value))),
    ]


def divisions_of_dimensions(tf: ModuleType) -> Any:
    three = tf.Dimension(3)
    return [
        answer(lambda: 6 / three),
        answer(lambda: three / 6),
        answer(lambda: three / three),
        answer(lambda: "a" / three),
        answer(lambda: 7 // three),
        answer(lambda: 7 % three),
    ]


def copies(tf: ModuleType) -> Any:
    return [
        copied(tf.Dimension(3)),
        copied(tf.Dimension(None)),
        copied(tf.TensorShape([2, None])),
        copied(tf.TensorShape(None)),
        copied(tf.TensorSpec([2, None], tf.int32, "x")),
        [d.value for d in tf.TensorShape([2, 3]).__reduce__()[1][0]],
        list(tf.Dimension(2).__reduce__()[1]),
    ]


def common_shapes(tf: ModuleType) -> Any:
    dims: tuple[Any, ...] = (None, [], [1, 2], [1, 3], [None, 2], [1, 2, 3])
    shapes = [tf.TensorShape(d) for d in dims]
    found = []
    for a in shapes:
        for b in shapes:
            found.append(repr(a.most_specific_compatible_shape(b)))
            found.append(repr(a.most_specific_common_supertype([b])))
            found.append(repr(a.is_subtype_of(b)))
    found.append(repr(shapes[2].most_specific_compatible_shape([1, 2])))
    found.append(repr(shapes[2].most_specific_common_supertype([shapes[3], [1]])))
    found.append(repr(shapes[2].is_subtype_of([1, 2])))
    return found


def mistakes(tf: ModuleType) -> Any:
    return [
        answer(lambda: tf.TensorShape("7")),
        answer(lambda: tf.TensorShape("")),
        answer(lambda: tf.TensorShape(b"7")),
        answer(lambda: tf.TensorShape([1]).assert_is_compatible_with([2])),
        answer(lambda: tf.TensorShape([1]).assert_is_compatible_with(None)),
    ]


def specs(tf: ModuleType) -> Any:
    plain = tf.TensorSpec([2])
    found = [
        answer(lambda: tf.TensorSpec.from_spec(tf.TensorSpec([1], tf.int32, "x"))),
        answer(lambda: tf.TensorSpec.from_spec(tf.TensorSpec([1]), "y")),
    ]
    others = (
        plain,
        tf.TensorSpec([3]),
        tf.TensorSpec(None),
        tf.TensorSpec([None], name="a"),
        tf.TensorSpec([2], name="b"),
        tf.TensorSpec([2], tf.int32),
        tf.TensorSpec([2, 2]),
    )
    for one in others:
        for other in others:
            found += [
                answer(partial(one.most_specific_common_supertype, [other])),
                answer(partial(one.is_subtype_of, other)),
                answer(partial(one.is_compatible_with, other)),
            ]
    return [*found, answer(lambda: plain.most_specific_compatible_type(others[1]))]


def _made(call: Callable[[], Any]) -> Any:
    """Return the shapes of what a call makes, or its error but for the operation."""
    try:
        made = call()
    except ValueError as error:
        return str(error).partition(" for ")[0]
    return [str(one.shape) for one in (made if isinstance(made, tuple) else [made])]


_SPARSE_PARTS: Any = (
    (None, None, None),
    ((None, 2), None, None),
    ((None, 3), None, None),
    (None, None, (2,)),
    (None, None, (1,)),
    ((None, None), (None,), (3,)),
    ((2, 3), (2,), (2,)),
    ((2, 2), (3,), (2,)),
)
_DENSE: Any = (None, (1,), (2, 3), (3, 3), (None, 3), (2, 3, 4))


def sparse_matrices(tf: ModuleType) -> Any:
    """Matrices of parts that fit each other or do not."""

    def matrix(dims: Any) -> Any:
        made = tf.raw_ops.SparseTensorToCSRSparseMatrix(
            indices=tf.placeholder(tf.int64, dims[0]),
            values=tf.placeholder(tf.float32, dims[1]),
            dense_shape=tf.placeholder(tf.int64, dims[2]),
        )
        return tf.raw_ops.CSRSparseMatrixToDense(sparse_input=made, type=tf.float32)

    return [_made(partial(matrix, dims)) for dims in _SPARSE_PARTS]


def sets(tf: ModuleType) -> Any:
    """Sets of operands that fit each other or do not, dense and sparse."""

    def operand(place: int, dims: Any) -> Any:
        if dims not in _SPARSE_PARTS:
            return {f"set{place}": tf.placeholder(tf.int32, dims)}
        return {
            f"set{place}_indices": tf.placeholder(tf.int64, dims[0]),
            f"set{place}_values": tf.placeholder(tf.int32, dims[1]),
            f"set{place}_shape": tf.placeholder(tf.int64, dims[2]),
        }

    def union(kind: str, first: Any, second: Any) -> Any:
        call = getattr(tf.raw_ops, f"{kind}SetOperation")
        operands = operand(1, first) | operand(2, second)
        return call(**operands, set_operation="union")

    kinds = (
        ("DenseToDense", _DENSE, _DENSE),
        ("DenseToSparse", _DENSE, _SPARSE_PARTS),
        ("SparseToSparse", _SPARSE_PARTS, _SPARSE_PARTS),
    )
    return [
        _made(partial(union, kind, first, second))
        for kind, firsts, seconds in kinds
        for first in firsts
        for second in seconds
    ]


def quantized_ranges(tf: ModuleType) -> Any:
    """Ranges along an axis that fit what is quantized, or not."""

    def quantized(op: str, axis: int, dims: Any, low: Any, high: Any) -> Any:
        kind = tf.quint8 if op == "Dequantize" else tf.float32
        prefix = "input_" if "And" in op else ""
        suffix = "" if "And" in op else "_range"
        operands = {
            "input": tf.placeholder(kind, dims),
            f"{prefix}min{suffix}": tf.placeholder(tf.float32, low),
            f"{prefix}max{suffix}": tf.placeholder(tf.float32, high),
        }
        extra = {
            "QuantizeV2": {"T": tf.quint8},
            "QuantizeAndDequantizeV3": {"num_bits": 8},
            "QuantizeAndDequantizeV4Grad": {"gradients": tf.placeholder(kind, dims)},
        }.get(op, {})
        return getattr(tf.raw_ops, op)(**operands, **extra, axis=axis)

    ops = (
        *("QuantizeV2", "Dequantize", "QuantizeAndDequantizeV2"),
        *("QuantizeAndDequantizeV3", "QuantizeAndDequantizeV4"),
        "QuantizeAndDequantizeV4Grad",
    )
    shapes: Any = (
        *((None, (), ()), ((2, 3), (2,), (2,)), ((2, 3), (2,), (3,))),
        *(((2, 3), None, (2,)), ((None, 3), (3,), None), ((), (2,), (2,))),
        *(((2, 3), (2, 2), (2, 2)), ((2, 3), (), (3,)), (None, None, None)),
    )
    return [
        _made(partial(quantized, op, axis, *dims))
        for op in ops
        for axis in (-2, -1, 0, 1, 2, (1 << 31) - 1)
        for dims in shapes
    ]


_UNKNOWN_OR_ZERO: Any = (
    *(((None,), (0,)), ((0, 4), (None, 4)), ((None, 1), (0, None)), ((2, None), (0,))),
    *(
        ((2, 3), (2, None)),
        ((2, 3), (4, None)),
        ((None,), (None,)),
        ((1, 2), (3, None)),
    ),
    *((None, (3,)), ((2, 1), (3,)), ((2, 3), (4, 3)), ((None, 2), (1, 3))),
)


def unknown_or_zero(tf: ModuleType) -> Any:
    """Operands of which one is empty along an axis that the other does not tell."""

    def element_wise(op: str, dims: Any, other: Any, **attrs: Any) -> Any:
        operands = {"x": dims, "y": other}
        made = {key: tf.placeholder(tf.float32, d) for key, d in operands.items()}
        return getattr(tf.raw_ops, op)(**made, **attrs)

    rows: tuple[tuple[str, dict[str, Any]], ...] = (
        *(("AddV2", {}), ("Less", {}), ("Xdivy", {}), ("ApproximateEqual", {})),
        *((op, {"incompatible_shape_error": False}) for op in ("Equal", "NotEqual")),
    )
    return [
        _made(partial(element_wise, op, *dims, **attrs))
        for op, attrs in rows
        for dims in _UNKNOWN_OR_ZERO
    ]


def told_by_first_operand(tf: ModuleType) -> Any:
    """Shapes that are compared, and which of them is told."""
    raw = tf.raw_ops

    def hidden(dims: Any, kind: Any = tf.float32) -> Any:
        return tf.placeholder(kind, dims)

    def quantized(dims: Any, low: Any, high: Any) -> Any:
        return raw.FakeQuantWithMinMaxVarsPerChannel(
            inputs=hidden(dims), min=hidden(low), max=hidden(high)
        )

    def bias(dims: Any, form: str) -> Any:
        return raw.BiasAddGrad(out_backprop=hidden(dims), data_format=form)

    def picked(dims: Any, axis: Any) -> Any:
        return raw.UniqueV2(x=hidden(dims), axis=axis)

    def scattered(size: Any, indices: Any, updates: Any) -> Any:
        return raw.ScatterNd(
            indices=hidden(indices, tf.int32), updates=hidden(updates), shape=size
        )

    def one_hot(dims: Any, axis: int) -> Any:
        return raw.OneHot(
            indices=hidden(dims, tf.int32),
            depth=4,
            on_value=1.0,
            off_value=0.0,
            axis=axis,
        )

    def decoded(dims: Any) -> Any:
        return raw.UnicodeDecode(input=hidden(dims, tf.string), input_encoding="UTF-8")

    calls = (
        *(
            partial(quantized, (2, None), low, high)
            for low in ((3,), None)
            for high in ((3,), (2,), (None,))
        ),
        *(partial(quantized, dims, (3,), (3,)) for dims in ((), None, (2, 4))),
        *(
            partial(bias, dims, form)
            for form in ("NHWC", "NCHW")
            for dims in ((3,), (2, 3), (2, 3, None), None)
        ),
        *(
            partial(picked, dims, np.array(axis, np.int64))
            for dims in (None, (2, 3))
            for axis in (1, [], [0], [-3], [0, 1])
        ),
        *(
            partial(scattered, size, (2, 1), updates)
            for size in ([0], [3], [2, 0])
            for updates in ((2,), (0,), None, (2, 2))
        ),
        *(partial(one_hot, (2, 3), axis) for axis in (-2, -1, 0, 2, 3, 7)),
        *(partial(decoded, dims) for dims in ((None, 0), (2, None), (2, 3), ())),
    )
    return [_made(call) for call in calls]


def counts_and_axes(tf: ModuleType) -> Any:
    """Numbers of names and of counts, axes and places that fit, or not."""
    raw = tf.raw_ops

    def hidden(dims: Any, kind: Any = tf.float32) -> Any:
        return tf.placeholder(kind, dims)

    def reversed_(axis: int, batch: int) -> Any:
        return raw.ReverseSequence(
            input=hidden((2, 3, None)),
            seq_lengths=hidden((2,), tf.int64),
            seq_dim=axis,
            batch_dim=batch,
        )

    def saved(op: str, names: Any, parts: Any) -> Any:
        more = {} if op == "Save" else {"shapes_and_slices": hidden(parts, tf.string)}
        operands = {"tensor_names": hidden(names, tf.string), **more}
        data = [hidden((2,)), hidden(None)]
        getattr(raw, op)(filename="x", **operands, data=data)
        return ()

    def counted(dims: Any, size: Any) -> Any:
        given = hidden((), tf.int32) if size is None else size
        return raw.DenseBincount(
            input=hidden(dims, tf.int32), size=given, weights=hidden(None)
        )

    def pooled(dims: Any, grads: Any, places: Any) -> Any:
        return raw.MaxPoolGradGradWithArgmax(
            input=hidden(dims),
            grad=hidden(grads),
            argmax=hidden(places, tf.int64),
            ksize=[1, 2, 2, 1],
            strides=[1, 2, 2, 1],
            padding="VALID",
        )

    calls = (
        *(
            partial(reversed_, axis, batch)
            for axis in (-1, 1, 3)
            for batch in (-2, 0, 1, 3)
        ),
        *(
            partial(saved, op, names, parts)
            for op in ("Save", "SaveSlices")
            for names in (None, (2,), (3,))
            for parts in (None, (3,))
        ),
        *(
            partial(counted, dims, size)
            for dims in (None, (3,), (2, 3), (2, 3, 4))
            for size in (None, 4, -1)
        ),
        partial(counted, (), 4),
        *(
            partial(pooled, dims, grads, (2, 3, 2, 1))
            for dims in (None, (2, 6, 4, None), (2, 4, 4, 1))
            for grads in (None, (2, 6, 4, 1))
        ),
    )
    return [_made(call) for call in calls]


SHAPE_PROBES = (
    divisions_of_dimensions,
    copies,
    common_shapes,
    mistakes,
    specs,
    sparse_matrices,
    sets,
    quantized_ranges,
    unknown_or_zero,
    told_by_first_operand,
    counts_and_axes,
)
