"""Records the numbers that TensorFlow's random ops draw, in two successive runs.

Run in the interop environment: python -m tests.golden.record.record_random
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from tests.golden.record.kernel_values import packed
from tests.golden.record.tensorflow_v1 import load

OUT = Path(__file__).parents[1] / "random" / "values.npz"

Case = tuple[str, dict[str, Any], dict[str, Any]]
FILLS = ("RandomUniform", "RandomStandardNormal", "TruncatedNormal")
SEEDS = ((1, 2), (87654321, 7), (0, 5), (2**40 + 3, -5))


def fills() -> Iterator[Case]:
    """Yield arrays of every type and of sizes that end inside a block."""
    for op in FILLS:
        for dtype in ("float16", "bfloat16", "float32", "float64"):
            for size, (seed, seed2) in zip((1, 7, 33, 130), SEEDS, strict=True):
                attrs = {"dtype": dtype, "seed": seed, "seed2": seed2}
                yield op, attrs, {"shape": np.array([size], np.int32)}


def integers() -> Iterator[Case]:
    """Yield integers from narrow and from the widest ranges."""
    for dtype in ("int32", "int64"):
        limits = np.iinfo(dtype)
        for low, high in ((0, 10), (-5, 5), (limits.min, limits.max)):
            operands = {
                "shape": np.array([3, 7], np.int32),
                "minval": np.array(low, dtype),
                "maxval": np.array(high, dtype),
            }
            yield "RandomUniformInt", {"seed": 3, "seed2": 9}, operands


def choices() -> Iterator[Case]:
    """Yield permutations and drawn classes."""
    for shape in ((1,), (2,), (10,), (101,), (7, 3), (999,)):
        value = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
        yield "RandomShuffle", {"seed": 3, "seed2": 9}, {"value": value}
    logits = np.random.RandomState(0).standard_normal((3, 6))
    logits[1, 2] = -np.inf
    for dtype in ("float32", "float64", "float16"):
        for samples in (1, 4, 7, 50):
            operands = {
                "logits": logits.astype(dtype),
                "num_samples": np.array(samples, np.int32),
            }
            attrs = {"seed": 3, "seed2": 9, "output_dtype": "int32"}
            yield "Multinomial", attrs, operands


def stateless() -> Iterator[Case]:
    """Yield what depends on two seeds alone."""
    for seed in ([1, 2], [-5, 2**40]):
        operands = {
            "shape": np.array([7], np.int32),
            "seed": np.array(seed, np.int64),
        }
        for dtype in ("float32", "float64"):
            for op in ("RandomUniform", "RandomNormal", "TruncatedNormal"):
                yield f"Stateless{op}", {"dtype": dtype}, operands
        for dtype in ("int32", "uint64"):
            yield "StatelessRandomUniformFullInt", {"dtype": dtype}, operands
        bounds = {"minval": np.array(-3, np.int64), "maxval": np.array(9, np.int64)}
        yield "StatelessRandomUniformInt", {}, {**operands, **bounds}


def parametric() -> Iterator[Case]:
    """Yield gamma, Poisson and binomial numbers of small and large parameters."""
    seeds = {"seed": 3, "seed2": 9}
    shape = np.array([17], np.int32)
    seed = np.array([7, -2], np.int64)
    for dtype in ("float16", "float32", "float64"):
        alpha = np.array([0.25, 1.0, 3.5, 40.0], dtype)
        rate = np.array([0.0, 0.5, 9.5, 10.0, 60.0, 900.0], dtype)
        yield "RandomGamma", seeds, {"shape": shape, "alpha": alpha}
        ended = np.array([9, 4], np.int32)
        operands = {"shape": ended, "seed": seed, "alpha": alpha}
        yield "StatelessRandomGammaV2", {}, operands
        for drawn in ("float16", "float32", "float64", "int32", "int64"):
            attrs = {"dtype": drawn}
            yield "RandomPoissonV2", {**seeds, **attrs}, {"shape": shape, "rate": rate}
            operands = {"shape": np.array([8, 6]), "seed": seed, "lam": rate}
            yield "StatelessRandomPoisson", attrs, operands
            operands = {
                "shape": np.array([9, 2, 3], np.int32),
                "seed": seed,
                "counts": np.array([[5], [200]], dtype),
                "probs": np.array([0.0, 0.3, 0.875], dtype),
            }
            yield "StatelessRandomBinomial", attrs, operands
    position = {
        "key": np.array([5], np.uint64),
        "counter": np.array([1, 2**63 + 1], np.uint64),
        "alg": np.array(1, np.int32),
    }
    operands = {"shape": ended, **position, "alpha": np.array([0.5, 2, 3, 1], "f4")}
    yield "StatelessRandomGammaV3", {}, operands


def truncated() -> Iterator[Case]:
    """Yield normal numbers between bounds of every kind."""
    seeds = {"seed": 3, "seed2": 9}
    bounds = ((-2, 2), (-0.5, 0.25), (3, np.inf), (-np.inf, -2.5), (1, 1.5), (4, 9))
    for dtype in ("float16", "float32", "float64"):
        for low, high in bounds:
            operands = {
                "shape": np.array([3, 70], np.int32),
                "means": np.array(0.25, dtype),
                "stdevs": np.array(1.5, dtype),
                "minvals": np.array(low, dtype),
                "maxvals": np.array(high, dtype),
            }
            yield "ParameterizedTruncatedNormal", seeds, operands
    rows = {
        "means": np.array([0.0, 1.0, -1.0], np.float32),
        "stdevs": np.array([1.0, 2.0, 0.5], np.float32),
        "minvals": np.array([-1.0], np.float32),
        "maxvals": np.array([1.0, 6.0, 2.0], np.float32),
    }
    operands = {"shape": np.array([3, 11], np.int32), **rows}
    yield "ParameterizedTruncatedNormal", seeds, operands
    rows["stddevs"] = rows.pop("stdevs")
    for dtype in ("float16", "float32", "float64"):
        operands = {
            "shape": np.array([5, 2, 3], np.int32),
            "seed": np.array([7, -2], np.int64),
            "means": rows["means"].astype(dtype),
            "stddevs": rows["stddevs"].astype(dtype),
            "minvals": np.array([[-1], [-np.inf]], dtype),
            "maxvals": rows["maxvals"].astype(dtype),
        }
        yield "StatelessParameterizedTruncatedNormal", {}, operands


def generators() -> Iterator[Case]:
    """Yield what generators draw, whose state is a variable."""
    state = np.array([3, -7, 12345678901], np.int64)
    drawn = {
        "resource": state,
        "algorithm": np.array(1, np.int64),
        "shape": np.array([7]),
    }
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        for op in ("StandardNormalV2", "TruncatedNormal", "Uniform"):
            yield f"Stateful{op}", {"dtype": dtype}, drawn
    for dtype in ("int32", "int64", "uint32", "uint64"):
        yield "StatefulUniformFullInt", {"dtype": dtype}, drawn
    for dtype in ("int32", "int64"):
        bounds = {"minval": np.array(3, dtype), "maxval": np.array(90, dtype)}
        yield "StatefulUniformInt", {}, {**drawn, **bounds}
    for dtype in ("float16", "float32", "float64", "int32", "int64"):
        operands = {
            **drawn,
            "shape": np.array([9, 3], np.int32),
            "counts": np.array([5.0, 70.0, 200.0]),
            "probs": np.array([0.5, 0.25, 0.75]),
        }
        yield "StatefulRandomBinomial", {"dtype": dtype}, operands
    skips = {"resource": state, "alg": np.array(3, np.int32)}
    yield "RngReadAndSkip", {}, {**skips, "delta": np.array(5, np.uint64)}


def index_sequences() -> Iterator[Case]:
    """Yield permuted indices and points of Sobol sequences."""
    for dtype in ("int32", "uint32", "int64", "uint64"):
        for largest in (0, 5, 65536, 300000):
            operands = {
                "index": np.arange(min(largest + 1, 6)).astype(dtype),
                "seed": np.array([1, 2, 3], dtype),
                "max_index": np.array(largest, dtype),
            }
            yield "RandomIndexShuffle", {"rounds": 4}, operands
    operands = {
        "index": np.array(2**40),
        "seed": np.array([[1, 2, 3], [4, 5, 6]]),
        "max_index": np.array([2**41, 2**50]),
    }
    yield "RandomIndexShuffle", {"rounds": 8}, operands
    for dtype in ("float32", "float64"):
        for dim, skip in ((1, 0), (5, 0), (40, 10)):
            operands = {
                "dim": np.array(dim, np.int32),
                "num_results": np.array(11, np.int32),
                "skip": np.array(skip, np.int32),
            }
            yield "SobolSample", {"dtype": dtype}, operands


def _run(tf: Any, op: str, attrs: dict[str, Any], operands: dict[str, Any]) -> Any:
    # Some kernels draw other numbers on more threads.
    config = tf.ConfigProto(intra_op_parallelism_threads=1)
    with tf.Graph().as_default(), tf.Session(config=config) as session:
        given = dict(operands)
        if "resource" in given:
            variable = tf.Variable(given["resource"], use_resource=True)
            session.run(variable.initializer)
            given["resource"] = variable.handle
        given = {
            name: tf.constant(value) if isinstance(value, np.ndarray) else value
            for name, value in given.items()
        }
        drawn = getattr(tf.raw_ops, op)(**given, **attrs)
        if op == "StatefulRandomBinomial":
            # Its first update goes to memory shared with the initial value.
            session.run(drawn)
        values = [np.asarray(session.run(drawn)) for _ in range(2)]
    is_bfloat16 = values[0].dtype == ml_dtypes.bfloat16
    return [v.astype(np.float32) if is_bfloat16 else v for v in values]


FAMILIES = (
    fills,
    integers,
    choices,
    stateless,
    parametric,
    truncated,
    generators,
    index_sequences,
)


def main() -> None:
    """Write tests/golden/random/values.npz."""
    tf = load()
    arrays: dict[str, Any] = {}
    index = []
    for number, (op, attrs, operands) in enumerate(
        case for family in FAMILIES for case in family()
    ):
        for name, value in operands.items():
            arrays[f"{number}.{name}"] = value
        for run, value in enumerate(_run(tf, op, attrs, operands)):
            arrays[f"{number}.run{run}"] = value
        index.append({"op": op, "attrs": attrs, "operands": list(operands)})
    OUT.parent.mkdir(exist_ok=True)
    (OUT.parent / "VERSION").write_text(
        f"tensorflow {tf.__version__}\n", encoding="utf-8"
    )
    shapes = {name: value.shape for name, value in arrays.items()}
    np.savez_compressed(
        OUT,
        cases=np.array(json.dumps(index)),
        shapes=np.array(json.dumps(shapes)),
        **packed(arrays),
    )
    print(f"{OUT.name}: {len(index)} cases")


if __name__ == "__main__":
    main()
