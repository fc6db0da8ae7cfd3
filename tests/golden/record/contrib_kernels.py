"""Records what kernels of `tf.contrib` compute: crosses, factorizations, LIBSVM.

Run with TensorFlow 1.15: python -m tests.golden.record.contrib_kernels
"""

from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.contrib.factorization.python.ops import gen_factorization_ops as wals
from tensorflow.contrib.layers.ops import gen_sparse_feature_cross_op as crosses
from tensorflow.contrib.libsvm.ops import gen_libsvm_ops as libsvm
from tensorflow.contrib.periodic_resample.python.ops import (
    gen_periodic_resample_op as resample,
)

OUT = Path(__file__).parents[1] / "contrib_kernels" / "values.npz"
RNG = np.random.RandomState(23)
PLACES = np.array([[0, 1], [0, 3], [1, 0], [3, 2], [3, 4]])


def feature_crosses():
    """Cross words and numbers, sparse and dense, hashed or not."""
    words = ([[0, 0], [0, 1], [1, 0]], [b"a", b"b", b"c"], [2, 2])
    numbers = ([[0, 0], [1, 0], [1, 1]], np.array([5, 7, -9]), [2, 2])
    both = {
        "indices": [words[0], numbers[0]],
        "values": [words[1], numbers[1]],
        "shapes": [words[2], numbers[2]],
        "dense": [tf.constant([["d"], ["e"]]), tf.constant([[3, -4], [1, 2]], "int64")],
    }
    for buckets in (0, 1000):
        hashed = {
            "hashed_output": True,
            "num_buckets": buckets,
            "out_type": tf.int64,
            "internal_type": tf.int64,
        }
        hashed.update(both)
        yield f"cross.{buckets}", crosses.sparse_feature_cross(**hashed)
        found = crosses.sparse_feature_cross_v2(hash_key=956888297470, **hashed)
        yield f"cross_v2.{buckets}", found
    texts = {
        "hashed_output": False,
        "num_buckets": 0,
        "out_type": tf.string,
        "internal_type": tf.int64,
    }
    texts.update(both)
    yield "cross.texts", crosses.sparse_feature_cross(**texts)


def factorizations():
    """Solve for rows and for columns, with both kinds of weights."""
    factors = RNG.randn(5, 3).astype(np.float32)
    by_factor, by_row, values, by_entry = (
        RNG.rand(size).astype(np.float32) for size in (5, 4, 5, 5)
    )
    none = np.zeros(0, np.float32)
    yield "wals.given", (factors, by_factor, by_row, values, by_entry)
    for name, places, turned in (
        ("rows", PLACES, False),
        ("columns", PLACES[:, ::-1], True),
    ):
        for kind, weights in (
            ("factor", (by_factor, by_row, none)),
            ("entry", (none, none, by_entry)),
        ):
            found = wals.wals_compute_partial_lhs_and_rhs(
                factors,
                weights[0],
                np.float32(0.1),
                weights[1],
                places,
                values,
                weights[2],
                4,
                turned,
            )
            yield f"wals.{name}.{kind}", found
    a, b = RNG.randn(4, 3).astype(np.float32), RNG.randn(3, 5).astype(np.float32)
    yield "product.given", (a, b)
    for first in (False, True):
        for second in (False, True):
            given = a.T if first else a, b.T if second else b
            found = wals.masked_matmul(given[0], given[1], PLACES, first, second)
            yield f"product.{first:d}.{second:d}", (found,)


def resampled():
    """Deal channels out to pixels, and take the gradients back."""
    for dtype in ("float32", "int32"):
        for given, wanted in (
            ((2, 3, 8), (4, 6, None)),
            ((2, 2, 2, 9), (2, 6, 6, None)),
            ((4, 3), (None, 6)),
            ((2, 3, 5), (3, 5, None)),
        ):
            x = np.arange(np.prod(given)).reshape(given).astype(dtype)
            y = resample.periodic_resample(x, wanted)
            dy = np.arange(np.prod(y.shape.as_list())).astype(dtype)
            shown = "x".join(map(str, given))
            yield f"resample.{dtype}.{shown}", (y,)
            back = resample.periodic_resample_op_grad(
                dy.reshape(y.shape.as_list()), given, wanted
            )
            # Not all of the last one is taken: what is left is any number.
            if given != (2, 3, 5):
                yield f"resample_grad.{dtype}.{shown}", (back,)


def lines():
    """Read lines of labels and features."""
    text = [["1 1:3.4 2:0.5", " -1 9:2.5e3"], ["7", "3\t2:-1 3:4 "]]
    for dtype in ("float32", "float64"):
        for label in ("int64", "float32"):
            found = libsvm.decode_libsvm(text, 6, dtype=dtype, label_dtype=label)
            yield f"libsvm.{dtype}.{label}", found


def main():
    """Record everything."""
    values = {}
    with tf.Session() as session:
        for maker in (feature_crosses, factorizations, resampled, lines):
            for name, fetches in maker():
                found = [
                    session.run(one) if isinstance(one, tf.Tensor) else one
                    for one in fetches
                ]
                for place, value in enumerate(found):
                    is_text = value.dtype == object
                    stored = value.astype(bytes) if is_text else value
                    values[f"{name}.{place}"] = stored
    OUT.parent.mkdir(exist_ok=True)
    np.savez_compressed(OUT, **values)
    version = f"tensorflow {tf.__version__}\n"
    (OUT.parent / "VERSION").write_text(version)


if __name__ == "__main__":
    main()
