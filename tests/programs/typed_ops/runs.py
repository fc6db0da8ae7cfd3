"""Running the ops of the tables in given types: what they give, or how they refuse."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tests.programs.typed_ops.arrays import ARRAYS
from tests.programs.typed_ops.case import Case, Op
from tests.programs.typed_ops.containers import CONTAINERS
from tests.programs.typed_ops.networks import NETWORKS
from tests.programs.typed_ops.others import OTHERS
from tests.programs.typed_ops.random_numbers import RANDOM
from tests.programs.typed_ops.state import STATE, TRAINING

GROUPS: dict[str, dict[str, Op]] = {
    "arrays": ARRAYS,
    "containers": CONTAINERS,
    "networks": NETWORKS,
    "others": OTHERS,
    "random_numbers": RANDOM,
    "state": STATE,
    "training": TRAINING,
}
OPS: dict[str, Op] = {
    name: op for group in GROUPS.values() for name, op in group.items()
}
RUNS = 2  # The second shows what a compiled program gives, and what random ops do next.

Types = Mapping[str, str]


# Ops whose values say what their nodes are called.
NAMED = {"TensorSummary"}


def spelled(types: Types) -> str:
    """Return a combination of types as a key."""
    return json.dumps(dict(sorted(types.items())))


def values(tf: Any, name: str, combinations: Iterable[Types]) -> list[list[list[Any]]]:
    """Return what an op gives: by combination, run and output.

    All combinations are nodes of one graph, so that they become one program.
    """
    if name not in NAMED:
        return _together(tf, name, combinations)
    return [_together(tf, name, [types])[0] for types in combinations]


def _together(
    tf: Any, name: str, combinations: Iterable[Types]
) -> list[list[list[Any]]]:
    with tf.Graph().as_default():
        allow(tf, name)
        feeds: dict[Any, Any] = {}
        fetched = []
        for number, types in enumerate(combinations):
            with tf.name_scope(f"case{number}"):
                case = Case(tf, name, types)
                built = OPS[name].build(case)
            fetched.append(tf.nest.flatten(built))
            feeds |= case.feeds
        with tf.Session() as session:
            runs = [session.run(fetched, feeds) for _ in range(RUNS)]
    return [[list(map(plain, run[i])) for run in runs] for i in range(len(fetched))]


# The last versions of graphs that may have ops which newer ones must not have.
OLD = {
    "AdjustContrast": 1,
    **{
        f"BatchMatrix{name}": 12 for name in ("BandPart", "Diag", "DiagPart", "SetDiag")
    },
    **{f"BatchMatrix{name}": 11 for name in ("Inverse", "Solve", "TriangularSolve")},
    "BatchNormWithGlobalNormalization": 8,
    "BatchNormWithGlobalNormalizationGrad": 8,
    "BatchSelfAdjointEig": 10,
    "BatchSelfAdjointEigV2": 12,
    "Conv3DBackpropFilter": 9,
    "Conv3DBackpropInput": 9,
    "RandomCrop": 7,
    "RandomPoisson": 24,
    "SelfAdjointEig": 10,
    "StatefulStandardNormal": 28,
    "TileGrad": 2,
    "TopK": 6,
}


OLD |= {
    name: 25 if name.endswith("V2") else 15
    for name in OPS
    if name.startswith("TensorArray") and not name.endswith("V3")
}


def allow(tf: Any, name: str) -> None:
    """Let the default graph be as old as an op of old graphs."""
    if name in OLD:
        old = tf.GraphDef()
        old.versions.producer = OLD[name]
        tf.import_graph_def(old, name="")


def plain(value: Any) -> Any:
    """Return a fetched value as an array, of plain integers if they are quantized."""
    array = np.asarray(value, object if isinstance(value, bytes) else None)
    return array.view(array.dtype[0]) if array.dtype.names else array


def closed(text: bytes) -> bytes:
    """Return a text with an end: NumPy's lose zeros at theirs."""
    return text + b"."


def opened(texts: Any) -> Any:
    """Return an array of texts without these ends."""
    return np.array([text[:-1] for text in texts.reshape(-1)], object)


def error_of(tf: Any, name: str, types: Types) -> str:
    """Return the class of the error that a combination brings about; empty if none."""
    try:
        values(tf, name, [types])
    except (tf.errors.OpError, TypeError, ValueError) as error:
        return type(error).__name__
    return ""
