"""Programs with XLA's own operations, and mistakes with them.

Each takes the module it calls `tf`.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.functions import defun


def _op(tf: ModuleType, op_type: str, **arguments: Any) -> Any:
    """Add an operation; TensorFlow has these in a module of their own."""
    if tf.__name__.startswith("metagraft"):
        return importlib.import_module("metagraft.graph.apply_op").op(
            op_type, **arguments
        )
    names = importlib.import_module("tensorflow.compiler.tf2xla.ops.gen_xla_ops")
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", op_type).lower()
    return getattr(names, name)(**arguments)


def _defun(tf: ModuleType, function: Any, *types: Any) -> Any:
    return defun(tf, *types)(function)


def _numbers(seed: int, *shape: int) -> Any:
    return np.random.RandomState(seed).randint(-9, 10, shape).astype(np.float32)


def _lists(**fields: Any) -> bytes:
    """Encode a message of repeated numbers, `field_N=(...)`, or of one number."""
    content = b""
    for name, values in fields.items():
        number = int(name.rpartition("_")[2])
        if isinstance(values, int):
            content += bytes([number << 3, values])
        elif values:
            content += bytes([number << 3 | 2, len(values), *values])
    return content


def _fed(tf: ModuleType, value: Any) -> Any:
    """A tensor whose value is not known while the graph is built."""
    return tf.placeholder_with_default(value, np.shape(value))


def _fetched(tf: ModuleType, fetches: list[Any]) -> list[Any]:
    with tf.Session() as session:
        return list(session.run(fetches))


def products(tf: ModuleType) -> list[Any]:
    """Dot products over any axes, with and without a batch."""
    fetches = []
    a, b = _numbers(1, 2, 3, 4), _numbers(2, 2, 4, 5)
    batched = _lists(f_1=(2,), f_2=(1,), f_3=(0,), f_4=(0,))
    plain = _lists(f_1=(1, 2), f_2=(0, 1))
    fetches.append(
        _op(tf, "XlaDot", lhs=a, rhs=b, dimension_numbers=batched, precision_config="")
    )
    other = _numbers(3, 3, 4, 2)
    fetches += [
        _op(
            tf,
            "XlaDot",
            lhs=_fed(tf, a),
            rhs=other,
            dimension_numbers=plain,
            precision_config=config,
        )
        for config in (b"", b"\x0a\x02\x02\x02")
    ]
    for dtype, wanted in ((np.int8, tf.int32), (np.float32, tf.float64)):
        fetches.append(
            _op(
                tf,
                "XlaDotV2",
                lhs=(a * 10).astype(dtype),
                rhs=(other * 10).astype(dtype),
                dimension_numbers=plain,
                precision_config="",
                preferred_element_type=wanted,
            )
        )
    fetches.append(_op(tf, "XlaEinsum", a=a, b=_fed(tf, b), equation="abc,acd->dab"))
    return _fetched(tf, fetches)


_NHWC = _lists(
    f_7=0, f_8=3, f_11=(1, 2), f_3=2, f_4=3, f_6=(0, 1), f_9=0, f_10=3, f_12=(1, 2)
)
_NCHW = _lists(
    f_7=0, f_8=1, f_11=(2, 3), f_3=1, f_4=0, f_6=(2, 3), f_9=1, f_10=0, f_12=(3, 2)
)


def convolutions(tf: ModuleType) -> list[Any]:
    """Convolutions of every layout, dilated on both sides, in groups."""
    fetches = []
    image, kernel = _numbers(4, 2, 7, 6, 4), _numbers(5, 3, 2, 2, 6)
    for strides, padding, left, right in (
        ([1, 1], [[0, 0], [0, 0]], [1, 1], [1, 1]),
        ([2, 1], [[1, 2], [-1, 1]], [1, 2], [2, 1]),
    ):
        for op, extra in (
            ("XlaConv", {}),
            ("XlaConvV2", {"preferred_element_type": tf.float32}),
        ):
            fetches.append(
                _op(
                    tf,
                    op,
                    lhs=_fed(tf, image),
                    rhs=kernel,
                    window_strides=strides,
                    padding=padding,
                    lhs_dilation=left,
                    rhs_dilation=right,
                    feature_group_count=2,
                    dimension_numbers=_NHWC,
                    precision_config="",
                    **extra,
                )
            )
    fetches.append(
        _op(
            tf,
            "XlaConvV2",
            lhs=_numbers(6, 2, 3, 5, 5),
            rhs=_numbers(7, 4, 3, 2, 3),
            window_strides=[1, 1],
            padding=[[0, 1], [1, 0]],
            lhs_dilation=[1, 1],
            rhs_dilation=[1, 1],
            feature_group_count=1,
            dimension_numbers=_NCHW,
            precision_config="",
            preferred_element_type=tf.float32,
            batch_group_count=2,
        )
    )
    return _fetched(tf, fetches)


def slices(tf: ModuleType) -> list[Any]:
    """Slices that are taken, put and padded, inside and beyond the ends."""
    x = _numbers(8, 4, 5)
    fetches = []
    for start in ([1, 2], [9, -3], [-1, 4]):
        fetches.append(
            _op(
                tf,
                "XlaDynamicSlice",
                input=x,
                start_indices=_fed(tf, np.array(start, np.int32)),
                size_indices=[2, 3],
            )
        )
        fetches.append(
            _op(
                tf,
                "XlaDynamicUpdateSlice",
                input=x,
                update=_numbers(9, 2, 2),
                indices=_fed(tf, np.array(start, np.int64)),
            )
        )
    for low, high, between in (([1, 0], [0, 2], [0, 1]), ([-1, -2], [1, -1], [2, 0])):
        fetches.append(
            _op(
                tf,
                "XlaPad",
                input=x,
                padding_value=_fed(tf, np.float32(0.5)),
                padding_low=low,
                padding_high=high,
                padding_interior=between,
            )
        )
    for sizes, numbers in (
        ([1, 3], _lists(f_1=(1,), f_2=(0,), f_3=(0, 1), f_4=1)),
        ([2, 2], _lists(f_1=(0, 2), f_3=(1, 0), f_4=0)),
    ):
        fetches.append(
            _op(
                tf,
                "XlaGather",
                operand=x,
                start_indices=_fed(tf, np.array([[0, 3], [2, 9]], np.int32)),
                slice_sizes=sizes,
                dimension_numbers=numbers,
                indices_are_sorted=False,
            )
        )
    fetches += _op(tf, "XlaBroadcastHelper", lhs=x, rhs=x[0], broadcast_dims=[1])
    fetches += _op(tf, "XlaBroadcastHelper", lhs=x[:, 0], rhs=x, broadcast_dims=[0])
    return _fetched(tf, fetches)


def unchanged(tf: ModuleType) -> list[Any]:
    """What concerns many devices, order, or precision."""
    x = _numbers(10, 3, 4) / 7
    fetches = [_op(tf, "XlaSharding", input=x)]
    fetches += _op(tf, "XlaOptimizationBarrier", input=[x, x > 0])
    for exponent, mantissa in ((5, 3), (8, 7), (2, 10)):
        fetches.append(
            _op(
                tf,
                "XlaReducePrecision",
                operand=x * 9,
                exponent_bits=exponent,
                mantissa_bits=mantissa,
            )
        )
    fetches.append(
        tf.cast(
            _op(
                tf,
                "XlaDequantize",
                input=np.array([[1, 1 << 31], [0x01020304, 77]], np.uint32),
                min_range=-1.0,
                max_range=2.0,
                mode="MIN_COMBINED",
                transpose_output=False,
            ),
            tf.float32,
        )
    )
    return _fetched(tf, fetches)


def sorts(tf: ModuleType) -> list[Any]:
    """Rows put in order, alone, with values, and by any comparison."""
    x = _numbers(11, 3, 11)
    fetches = [_op(tf, "XlaSort", input=x), _op(tf, "XlaSort", input=np.int32(x))]
    fetches += _op(tf, "XlaKeyValueSort", keys=x[0] + np.arange(11) / 20, values=x[1])
    less = _defun(tf, lambda a, b: a < b, tf.float32, tf.float32)
    far = _defun(tf, lambda a, b: abs(a) > abs(b), tf.float32, tf.float32)
    pairs = _defun(
        tf,
        lambda a, b, c, d: tf.logical_or(a > b, tf.logical_and(tf.equal(a, b), c < d)),
        *[tf.float32] * 4,
    )
    for axis in (0, 1):
        for compare in (less, far):
            fetches += _op(
                tf,
                "XlaVariadicSort",
                inputs=[x],
                dimension=axis,
                comparator=compare,
                is_stable=True,
            )
        fetches += _op(
            tf,
            "XlaVariadicSort",
            inputs=[x, x[::-1]],
            dimension=axis,
            comparator=pairs,
            is_stable=True,
        )
    return _fetched(tf, fetches)


def reductions(tf: ModuleType) -> list[Any]:
    """Reductions by any function, of axes and of windows."""
    x = _numbers(12, 3, 4, 5)
    add = _defun(tf, lambda a, b: a + b, tf.float32, tf.float32)
    largest = _defun(tf, lambda a, b: tf.maximum(a, b), tf.float32, tf.float32)
    odd = _defun(tf, lambda a, b: tf.maximum(a, b) + 1 - 1, tf.float32, tf.float32)
    fetches = []
    for function, start in ((add, 1.0), (largest, -3.0), (odd, -3.0)):
        fetches += [
            _op(
                tf,
                "XlaReduce",
                input=_fed(tf, x),
                init_value=start,
                dimensions_to_reduce=axes,
                reducer=function,
            )
            for axes in ([1], [0, 2], [])
        ]
        for base, window in (([1, 1, 1], [1, 1, 1]), ([1, 2, 1], [1, 1, 2])):
            fetches.append(
                _op(
                    tf,
                    "XlaReduceWindow",
                    input=x,
                    init_value=start,
                    window_dimensions=[1, 2, 2],
                    window_strides=[1, 1, 2],
                    base_dilations=base,
                    window_dilations=window,
                    padding=[[0, 0], [1, 0], [0, 1]],
                    computation=function,
                )
            )
    pick = _defun(
        tf,
        lambda a, i, b, j: (tf.where(a >= b, a, b), tf.where(a >= b, i, j)),
        *[tf.float32, tf.int32] * 2,
    )
    places = np.broadcast_to(np.arange(5, dtype=np.int32), x.shape)
    fetches += _op(
        tf,
        "XlaVariadicReduceV2",
        inputs=[x, places],
        init_values=[-np.float32(np.inf), np.int32(0)],
        dimensions_to_reduce=[2],
        reducer=pick,
    )
    both = _defun(tf, lambda a, b, c, d: (a + c, b * d), *[tf.float32] * 4)
    fetches += _op(
        tf,
        "XlaVariadicReduce",
        input=[x, x / 4],
        init_value=[0.0, 1.0],
        dimensions_to_reduce=[1, 2],
        reducer=both,
    )
    return _fetched(tf, fetches)


def scatters(tf: ModuleType) -> list[Any]:
    """Updates added, multiplied, compared or put at places, also beyond the end."""
    x, updates = _numbers(13, 5, 4), _numbers(14, 3, 4)
    numbers = _lists(f_1=(1,), f_2=(0,), f_3=(0,), f_4=1)
    functions = (
        lambda a, b: a + b,
        lambda a, b: a * b,
        lambda a, b: tf.maximum(a, b),
        lambda a, b: tf.minimum(a, b),
        lambda a, b: b,
    )
    fetches = [
        _op(
            tf,
            "XlaScatter",
            operand=x,
            scatter_indices=_fed(tf, np.array([[4], [1], [9]], np.int32)),
            updates=updates,
            update_computation=_defun(tf, function, tf.float32, tf.float32),
            dimension_numbers=numbers,
            indices_are_sorted=False,
        )
        for function in functions
    ]
    select = _defun(tf, lambda a, b: a >= b, tf.float32, tf.float32)
    add = _defun(tf, lambda a, b: a + b, tf.float32, tf.float32)
    fetches.append(
        _op(
            tf,
            "XlaSelectAndScatter",
            operand=_numbers(15, 6, 6),
            window_dimensions=[2, 3],
            window_strides=[2, 2],
            padding=[[0, 0], [0, 1]],
            source=_numbers(16, 3, 3),
            init_value=0.5,
            select=select,
            scatter=add,
        )
    )
    return _fetched(tf, fetches)


def decompositions(tf: ModuleType) -> list[Any]:
    """Eigenvalues and singular values, and the integers that they come from."""
    a = _numbers(17, 2, 4, 4)
    low = np.tril(a) + 30 * np.eye(4, dtype=np.float32)
    fetches = []
    for is_lower in (True, False):
        w, v = _op(
            tf,
            "XlaSelfAdjointEig",
            a=low,
            lower=is_lower,
            max_iter=100,
            epsilon=1e-6,
        )
        product = tf.matmul(v * w[:, None, :], v, transpose_b=True)
        fetches += [w, tf.round(product)]
    s, u, v = _op(tf, "XlaSvd", a=a, max_iter=100, epsilon=1e-6, precision_config="")
    product = tf.matmul(u * s[:, None, :], v, transpose_b=True)
    fetches += [s, tf.round(product)]
    return _fetched(tf, fetches)


def random_bits(tf: ModuleType) -> list[Any]:
    """Numbers of a counter, and the next counter."""
    state = np.array([11, 1 << 40], np.uint64)
    fetches = []
    for algorithm in (1, 2):
        for dtype in (tf.uint32, tf.uint64):
            fetches += _op(
                tf,
                "XlaRngBitGenerator",
                algorithm=algorithm,
                initial_state=state,
                shape=[3, 2],
                dtype=dtype,
            )
    return _fetched(tf, fetches)


def branches(tf: ModuleType) -> list[Any]:
    """A branch and a loop over functions."""
    double = _defun(tf, lambda a: a * 2, tf.float32)
    less = _defun(tf, lambda a: a < 50, tf.float32)
    half = _defun(tf, lambda a: a / 2, tf.float32)
    fetches = []
    for flag in (True, False):
        fetches += _op(
            tf,
            "XlaIf",
            cond=_fed(tf, flag),
            inputs=[_fed(tf, np.float32(3))],
            then_branch=double,
            else_branch=half,
            Tout=[tf.float32],
        )
    fetches += _op(
        tf, "XlaWhile", input=[_fed(tf, np.float32(3))], cond=less, body=double
    )
    return _fetched(tf, fetches)


RUNS: dict[str, Callable[[ModuleType], list[Any]]] = {
    run.__name__: run
    for run in (
        products,
        convolutions,
        slices,
        unchanged,
        sorts,
        reductions,
        scatters,
        decompositions,
        random_bits,
    )
}


def xla_gradients(tf: ModuleType) -> list[Any]:
    """Gradients of products and of what divides tensors among devices."""
    x, y = tf.constant(_numbers(18, 2, 3)), tf.constant(_numbers(19, 3, 4))
    product = _op(tf, "XlaEinsum", a=x, b=y, equation="ab,bc->ca")
    whole = _op(tf, "XlaSharding", input=product, sharding=b"", unspecified_dims=[0])
    part = _op(tf, "XlaSpmdFullToShardShape", input=whole, manual_sharding=b"m")
    back = _op(
        tf,
        "XlaSpmdShardToFullShape",
        input=part,
        manual_sharding=b"m",
        full_shape=[4, 2],
        dim=1,
    )
    return list(tf.gradients(back, [x, y]))


PROGRAMS = (xla_gradients,)

MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    "axes": lambda tf: _op(
        tf,
        "XlaReduce",
        input=_numbers(1, 2, 2),
        init_value=0.0,
        dimensions_to_reduce=[2],
        reducer=_defun(tf, lambda a, b: a + b, tf.float32, tf.float32),
    ),
}
