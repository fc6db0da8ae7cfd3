"""Ops take and refuse operands of random shapes and values as TensorFlow does.

What is inferred of their results may be more than TensorFlow infers, never less.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, Final

import pytest

import metagraft.compat.v1 as tf
from metagraft.graph import catalogue
from tests.programs.random_calls import names, outcome, random_calls

FILE: Final = Path(__file__).parents[1] / "golden" / "random_calls" / "outcomes.json.gz"
OUTCOMES: Final[dict[str, list[Any]]] = json.loads(gzip.decompress(FILE.read_bytes()))
_HANDLES = "TensorFlow takes the shape of a handle that no op made for a variable's"
_BANDS = "TensorFlow takes an unknown band for one diagonal"
_POOLED = "TensorFlow infers one place too few"
# Ops of which TensorFlow infers something else.
OTHERWISE: Final = {
    "CudnnRNNV3": "cells that no kind of network but one has are looked at, too",
    "DebugNanCount": "TensorFlow says that the vector is a scalar",
    "DenseBincount": "TensorFlow says that the counts of a scalar are one",
    "FractionalAvgPool": _POOLED,
    "FractionalMaxPool": _POOLED,
    "MatrixSetDiagV2": _BANDS,
    "MatrixSetDiagV3": _BANDS,
    "QueueSizeV2": "TensorFlow says that the number has the shape of the handle",
    "ResourceApplyProximalAdagrad": _HANDLES,
    "ResourceCountUpTo": "the variable may be behind a function",
}

pytestmark = pytest.mark.golden


def is_as_informative(ours: Any, theirs: Any) -> bool:
    """Whether shapes, or an error, say all that others say."""
    if isinstance(ours, str) or isinstance(theirs, str):
        return bool(ours == theirs)
    return len(ours) == len(theirs) and all(
        other is None
        or (
            mine is not None
            and len(mine) == len(other)
            and all(b in (None, a) for a, b in zip(mine, other, strict=True))
        )
        for mine, other in zip(ours, theirs, strict=True)
    )


@pytest.mark.parametrize("name", sorted(OUTCOMES.keys() - OTHERWISE.keys()))
def test_same_shapes(name: str) -> None:
    """Results have the shapes, and mistakes the classes, that TensorFlow gives them."""
    definition = catalogue.get(name)
    assert definition is not None
    for call, theirs in zip(random_calls(definition), OUTCOMES[name], strict=True):
        if theirs == "":
            continue  # it ended the process
        ours = outcome(tf, definition, call)
        assert is_as_informative(ours, theirs), (call, ours, theirs)


def test_all_are_recorded() -> None:
    """All ops of TensorFlow that have a function; those of XLA do not run in it."""
    without = {"AudioMicrofrontend", "NegTrain", "QuantizedConcatV2"}
    definitions = map(catalogue.get, names() - OUTCOMES.keys())
    missing = {d.name for d in definitions if d and d.origin.startswith("tf-")}
    assert {name for name in missing if not name.startswith("Xla")} == without
