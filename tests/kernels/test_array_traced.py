"""Kernels of array ops compute the same while a program is traced as on the host."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.graph.operation import Operation
from metagraft.kernels import Kernel, kernel_for
from tests.programs.array_functions import PROGRAMS

# Programs whose nodes these are; the others repeat the same ops.
NAMES = (
    "array_dimensions",
    "array_slices",
    "array_joins",
    "array_gathers",
    "array_scatters",
    "array_paddings",
    "array_diagonals",
    "array_raw_ops",
    "array_shapes",
    "array_gather_gradients",
    "array_gradients",
    "array_fake_quantisation",
)


def _grouped(op: Operation, values: list[Any]) -> list[Any]:
    """Return operands by input argument; a list-valued one is a tuple."""
    definition = op.definition
    assert definition is not None
    grouped: list[Any] = []
    rest = iter(values)
    for arg in definition.inputs:
        if arg.number_attr:
            grouped.append(tuple(next(rest) for _ in range(op.attrs[arg.number_attr])))
        elif arg.type_list_attr:
            count = len(op.attrs[arg.type_list_attr])
            grouped.append(tuple(next(rest) for _ in range(count)))
        else:
            grouped.append(next(rest))
    return grouped


def _nodes(name: str) -> list[tuple[Operation, list[Any]]]:
    """Return the operations of a program, each kind once, with their operands."""
    nodes: dict[Any, tuple[Operation, list[Any]]] = {}
    with tf.Graph().as_default() as graph, tf.Session() as session:
        _, feeds = PROGRAMS[name](tf)
        operations = [
            op
            for op in graph.get_operations()
            if op.inputs and op.outputs and op.type != "Placeholder"
        ]
        tensors = list({id(t): t for op in operations for t in op.inputs}.values())
        values = dict(zip(tensors, session.run(tensors, feeds), strict=True))
    for op in operations:
        operands = [np.asarray(values[t]) for t in op.inputs]
        kernel = kernel_for(op.type)
        is_text = any(o.dtype == object for o in operands)
        if kernel is None or kernel.host or kernel.updates or is_text:
            continue
        shown = tuple((o.shape, str(o.dtype)) for o in operands)
        key = (op.type, shown, str(sorted(op.attrs.items(), key=lambda item: item[0])))
        nodes[key] = (op, _grouped(op, operands))
    return list(nodes.values())


def _unknown(op: Operation, kernel: Kernel) -> list[int]:
    """Return which operands need not be known while tracing."""
    definition = op.definition
    assert definition is not None
    args = enumerate(definition.inputs)
    static = kernel.static_names(op)
    return [i for i, arg in args if arg.name not in static]


@pytest.mark.parametrize("name", NAMES)
def test_traced_equals_host(name: str) -> None:
    """Whatever operands may be unknown while tracing are unknown."""
    nodes = _nodes(name)
    kernels = [kernel for op, _ in nodes if (kernel := kernel_for(op.type))]
    unknown = [_unknown(op, k) for (op, _), k in zip(nodes, kernels, strict=True)]
    given = [
        [operands[i] for i in places]
        for (_, operands), places in zip(nodes, unknown, strict=True)
    ]

    def run(values: list[list[Any]]) -> list[Any]:
        results = []
        for (op, operands), kernel, places, traced in zip(
            nodes, kernels, unknown, values, strict=True
        ):
            arguments = list(operands)
            for i, value in zip(places, traced, strict=True):
                arguments[i] = value
            results.append(kernel.fn(op.record, *arguments))
        return results

    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        found = jax.jit(run)(given)
    for (op, operands), kernel, outputs in zip(nodes, kernels, found, strict=True):
        expected = kernel.fn(op.record, *operands)
        for want, got in zip(expected, outputs, strict=True):
            assert np.asarray(got).dtype == np.asarray(want).dtype, op
            np.testing.assert_allclose(got, want, rtol=1e-6, err_msg=str(op.node_def))
