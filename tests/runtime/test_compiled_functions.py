"""Loops of functions and their gradients give TensorFlow's values as programs, too.

The values are recorded by tests/golden/record/record_functions.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.runtime import program
from tests.programs.every_function_program import PROGRAMS, control_flow

RECORDED = Path(__file__).resolve().parent.parent / "golden" / "functions"


def fed_constants(graph: tf.Graph) -> dict[Any, Any]:
    """Return the constants that a program calls by one letter, as feeds."""
    return {
        op.outputs[0]: tf.get_static_value(op.outputs[0])
        for op in graph.get_operations()
        if op.type == "Const" and len(op.name) == 1
    }


@pytest.mark.parametrize(
    "name",
    [
        "gradients_of_captured_tensors",
        "gradients_of_nested_loops",
        "gradients_of_arrays_in_loops",
        "gradients_of_branches_in_loops",
        "gradients_of_lists",
    ],
)
def test_compiled_loops_compute_what_tensorflow_computes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists that loops carry are part of the program where their length is known."""
    monkeypatch.setattr(program, "DISPATCH_NS", -1.0)
    monkeypatch.setattr(program, "compile_ns", lambda _: 0.0)
    with control_flow(tf, name), tf.Graph().as_default() as graph:
        fetches = list(PROGRAMS[name](tf))
        with tf.Session(graph=graph) as session:
            values = session.run(fetches, fed_constants(graph))
    with np.load(RECORDED / f"{name}.npz") as recorded:
        for position, value in enumerate(values):
            expected = recorded[f"arr_{position}"]
            np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)


def test_training_loop_is_one_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop of known length and its gradient leave nothing to the host."""
    monkeypatch.setattr(program, "DISPATCH_NS", -1.0)
    monkeypatch.setattr(program, "compile_ns", lambda _: 0.0)
    with control_flow(tf, "loops"), tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2])
        _, y = tf.while_loop(
            lambda i, t: i < 4, lambda i, t: (i + 1, tf.sin(t) * t), [tf.constant(0), x]
        )
        (grad,) = tf.gradients(y, x)
        with tf.Session(graph=graph) as session:
            session.run(grad, {x: [0.5, 1.5]})
            compiled = [p._compiled for p in session._programs.values()]
    segments = [s for found in compiled if found is not None for s in found.segments]
    assert [s.on_device for s in segments] == [True]


def test_lists_that_are_fetched_leave_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is no array: what makes it runs on the host if it is asked for."""
    monkeypatch.setattr(program, "DISPATCH_NS", -1.0)
    monkeypatch.setattr(program, "compile_ns", lambda _: 0.0)
    raw, shape = tf.raw_ops, np.array([], np.int32)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2])
        values = raw.TensorListFromTensor(tensor=x * 2.0, element_shape=shape)
        stacked = raw.TensorListStack(
            input_handle=values, element_shape=shape, element_dtype=tf.float32
        )
        _, found = session.run([values, stacked], {x: [1.0, 2.0]})
    np.testing.assert_array_equal(found, [2.0, 4.0])


def test_list_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What uses a list that a variable keeps runs on the host, the rest compiled."""
    monkeypatch.setattr(program, "DISPATCH_NS", -1.0)
    monkeypatch.setattr(program, "compile_ns", lambda _: 0.0)
    raw = tf.raw_ops
    with tf.Graph().as_default(), tf.Session() as session:
        empty = raw.EmptyTensorList(
            element_shape=[2], max_num_elements=-1, element_dtype=tf.float32
        )
        v = raw.VarHandleOp(dtype=tf.variant, shape=[])
        p = tf.placeholder(tf.float32, [2])
        before = raw.ReadVariableOp(resource=v, dtype=tf.variant)
        longer = raw.TensorListPushBack(input_handle=before, tensor=p * 2.0 + 1.0)
        update = raw.AssignVariableOp(resource=v, value=longer)
        stacked = raw.TensorListStack(
            input_handle=before, element_shape=[2], element_dtype=tf.float32
        )
        session.run(raw.AssignVariableOp(resource=v, value=empty))
        for i in range(3):
            session.run(update, {p: [i, i + 1]})
        assert session.run(stacked + 1.0).tolist() == [[2, 4], [4, 6], [6, 8]]
