"""Every type that TensorFlow's CPU has a kernel for is recorded, op by op."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from metagraft.graph import catalogue
from metagraft.kernels import kernel_for
from tests import kernel_cases
from tests.programs.typed_ops.case import QUANTIZED

GOLDEN = Path(__file__).parents[1] / "golden"

# Why a kernel's types are not recorded.
UNRUNNABLE = "TensorFlow's kernel asks for an attribute or operand that the op lacks"
REWRITTEN = "only TensorFlow's optimizer makes it, from ops that are recorded"
EXCEPTIONS = {
    "AudioMicrofrontend": "tests/programs/audio_feature_runs.py has both",
    "MutableDenseHashTable": UNRUNNABLE,
    "NonDeterministicInts": "gives other numbers every time",
    "QuantizedConcatV2": REWRITTEN,
    "TileGrad": UNRUNNABLE,
    "TopK": UNRUNNABLE,
    "_FusedBatchNormEx": REWRITTEN,
    "_FusedConv2D": REWRITTEN,
    "_FusedConv3D": REWRITTEN,
    "_FusedDepthwiseConv2dNative": REWRITTEN,
    "_FusedMatMul": REWRITTEN,
    "_QuantizedMatMul": REWRITTEN,
    "_TensorToHashBucketFast": REWRITTEN,
    "_UnaryOpsComposition": REWRITTEN,
}

pytestmark = pytest.mark.golden


def _typed() -> Iterator[tuple[str, str]]:
    """Yield op and type of the cases that are made in every type, and of refusals."""
    for path in (GOLDEN / "typed_ops").glob("*.npz"):
        index = json.loads(str(np.load(path)["index"]))
        for op, cases in index["values"].items():
            yield from ((op, k) for case in cases for k in case["types"].values())
        for refusals in (index["refused"], index["missing"]):
            for op, combinations in refusals.items():
                for types in map(json.loads, combinations):
                    yield from ((op, kind) for kind in types.values())


def _packed() -> Iterator[tuple[str, str]]:
    """Yield op and type of operands and attributes of the other cases."""
    for path in GOLDEN.glob("*/*.npz"):
        is_packed = {"cases", "places"} <= set(np.load(path))
        if not is_packed or path.parent.name == "random":
            continue
        for case in kernel_cases.load(path):
            values = [*case.operands.values(), *case.outputs]
            for value in values:
                for array in value if isinstance(value, list) else [value]:
                    yield case.op, array.dtype.name
            yield from ((case.op, v) for v in case.attrs.values() if isinstance(v, str))


def test_every_type_of_every_kernel() -> None:
    """What a kernel of TensorFlow's takes was run with it, and its results are here."""
    stored = gzip.decompress((GOLDEN / "typed_ops" / "kernels.json.gz").read_bytes())
    recorded = {*_typed(), *_packed()}
    missing = [
        f"{op} {attr}={kind}"
        for op, attrs in json.loads(stored).items()
        if kernel_for(op) is not None and op not in EXCEPTIONS
        for attr, kinds in attrs.items()
        for kind in kinds
        if not {(op, kind), (op, _as_array(kind))} & recorded
    ]
    assert not missing, "\n".join(missing)


def test_exceptions_are_ops_that_run() -> None:
    """An exception names an op of the catalogue."""
    assert all(catalogue.get(op) is not None for op in EXCEPTIONS)


def _as_array(kind: str) -> str:
    """Return what a type is called as an array's."""
    return "object" if kind == "string" else QUANTIZED.get(kind, kind)
