"""Gradients of single ops, and gradients of these, are TensorFlow's nodes."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from metagraft.graph import catalogue
from metagraft.graph.op_spec import spec_for
from tests import kernel_cases, same_graph
from tests.golden.record.kernel_values import RENAMED
from tests.kernel_cases import Recorded
from tests.programs.typed_ops import runs
from tests.programs.typed_ops.case import Case

GOLDEN = Path(__file__).parents[1] / "golden"
FLOATS = {"float32", "complex64"}
# What differs: a rule that asserts it is never called, rules that contrib had, and
# rules that say what they do not do but are called with one argument too many.
OTHERS = {
    *("DebugGradientIdentity", "GRUBlockCell", "LSTMBlockCell"),
    *("SparseSparseMaximum", "SparseSparseMinimum"),
}

# Adds an op to the default graph; returns what it is given and what it gives.
Builder = Callable[[ModuleType], tuple[list[Any], list[Any]]]


def _has_rule(name: str) -> bool:
    spec = spec_for(name)
    return spec is not None and callable(spec.gradient)


def _is_wanted(name: str) -> bool:
    """Whether it has a rule, and newer graphs may have it."""
    definition = catalogue.get(name)
    is_old = definition is None or definition.deprecated_at_producer_version is not None
    return _has_rule(name) and not is_old


def _typed(name: str, types: dict[str, str]) -> Builder:
    def build(tf: ModuleType) -> tuple[list[Any], list[Any]]:
        runs.allow(tf, name)
        case = Case(tf, name, types)
        given = runs.OPS[name].build(case)
        return list(case.feeds), tf.nest.flatten(given)

    return build


def _tables() -> Iterator[tuple[str, Builder]]:
    """Yield the ops of the tables of types, in single precision if they have that."""
    for group, ops in runs.GROUPS.items():
        stored = np.load(GOLDEN / "typed_ops" / f"{group}.npz")
        index = json.loads(str(stored["index"]))["values"]
        for name in filter(_has_rule, ops):
            types = [case["types"] for case in index[name]]
            usual = [kinds for kinds in types if FLOATS & set(kinds.values())]
            for chosen in (usual or types)[:1]:
                yield name, _typed(name, chosen)


def _packed(case: Recorded) -> Builder:
    definition = catalogue.get(case.op)
    assert definition is not None
    types = {attr.name for attr in definition.attrs if attr.type == "type"}

    def build(tf: ModuleType) -> tuple[list[Any], list[Any]]:
        given: list[Any] = []

        def fed(value: Any) -> Any:
            if isinstance(value, list):
                return [fed(item) for item in value]
            if value.dtype.kind in "iu":
                return tf.constant(value)
            given.append(tf.placeholder(value.dtype, value.shape))
            return given[-1]

        function = getattr(tf.raw_ops, case.op)
        known = inspect.signature(function).parameters
        operands = {
            name if name in known else RENAMED[name]: fed(value)
            for name, value in case.operands.items()
        }
        attrs = {
            name: tf.as_dtype(value) if name in types else value
            for name, value in case.attrs.items()
        }
        return given, tf.nest.flatten(function(**operands, **attrs))

    return build


def _cases() -> Iterator[tuple[str, Builder]]:
    """Yield ops of which single cases are recorded, once each."""
    seen: set[str] = set()
    for path in sorted(GOLDEN.glob("*/*.npz")):
        is_packed = {"cases", "places"} <= set(np.load(path))
        if not is_packed or path.parent.name == "random":
            continue
        for case in kernel_cases.load(path):
            arrays = [x for x in case.operands.values() if not isinstance(x, list)]
            is_usual = FLOATS & {array.dtype.name for array in arrays}
            if case.op not in seen and is_usual and _is_wanted(case.op):
                seen.add(case.op)
                yield case.op, _packed(case)


BUILDERS = {**dict(_cases()), **dict(_tables())}
NAMES = sorted(BUILDERS.keys() - OTHERS)


def _graphs(tf: ModuleType, build: Builder) -> list[Any]:
    """Return the graph with gradients, and with theirs, or what refused them."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(1)
        given, found = build(tf)
        xs, ys = _numbers(given), _numbers(found)
        graphs: list[Any] = []
        try:
            for _ in range(2):
                pairs = zip(xs, tf.gradients(ys, xs), strict=True)
                left = [(x, slope) for x, slope in pairs if slope is not None]
                graphs.append(same_graph.parsed(graph.as_graph_def()))
                xs = [x for x, _ in left]
                ys = [tf.convert_to_tensor(slope) for _, slope in left]
        except (
            AttributeError,
            LookupError,
            NotImplementedError,
            TypeError,
            ValueError,
        ) as error:
            graphs.append(type(error).__name__)
    return graphs


def _numbers(tensors: list[Any]) -> list[Any]:
    kinds = (tensor.dtype.base_dtype for tensor in tensors if hasattr(tensor, "dtype"))
    pairs = zip(kinds, tensors, strict=False)
    return [tensor for kind, tensor in pairs if kind.is_floating or kind.is_complex]


@pytest.mark.parametrize("name", NAMES)
def test_gradients(name: str, tf: ModuleType, mg: ModuleType) -> None:
    """Rules add the same nodes, twice, or are missing in both."""
    theirs, ours = (_graphs(library, BUILDERS[name]) for library in (tf, mg))
    assert len(theirs) == len(ours)
    for expected, found in zip(theirs, ours, strict=True):
        if isinstance(expected, str) or isinstance(found, str):
            assert found == expected
        else:
            differences = same_graph.differences(expected, found)
            assert not differences, differences
