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
    for shape in ((1,), (2,), (10,), (101,), (7, 3)):
        value = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
        yield "RandomShuffle", {"seed": 3, "seed2": 9}, {"value": value}
    logits = np.random.RandomState(0).standard_normal((3, 6))
    logits[1, 2] = -np.inf
    for dtype in ("float32", "float64", "float16"):
        for samples in (1, 4, 7):
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


def _run(tf: Any, op: str, attrs: dict[str, Any], operands: dict[str, Any]) -> Any:
    with tf.Graph().as_default(), tf.Session() as session:
        drawn = getattr(tf.raw_ops, op)(**operands, **attrs)
        values = [np.asarray(session.run(drawn)) for _ in range(2)]
    is_bfloat16 = values[0].dtype == ml_dtypes.bfloat16
    return [v.astype(np.float32) if is_bfloat16 else v for v in values]


def main() -> None:
    """Write tests/golden/random/values.npz."""
    tf = load()
    arrays: dict[str, Any] = {}
    index = []
    for number, (op, attrs, operands) in enumerate(
        case for family in (fills, integers, choices, stateless) for case in family()
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
    np.savez_compressed(OUT, cases=np.array(json.dumps(index)), **arrays)
    print(f"{OUT.name}: {len(index)} cases")


if __name__ == "__main__":
    main()
