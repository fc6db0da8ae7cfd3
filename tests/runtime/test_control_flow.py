"""Branches and loops compute what TensorFlow computed, on the host and compiled."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.runtime import program
from tests.programs import (
    control_flow_runs,
    long_loops,
    optional_sums,
    tensor_array_runs,
    tensor_list_mistakes,
)

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "control_flow_runs"
VALUES = json.loads((FOLDER / "values.json").read_text(encoding="utf-8"))
ERRORS = json.loads((FOLDER / "errors.json").read_text(encoding="utf-8"))
_RUNS = (control_flow_runs, tensor_array_runs, long_loops, optional_sums)
_WITH_MISTAKES = (tensor_array_runs, tensor_list_mistakes, optional_sums)
PROGRAMS = {name: made for each in _RUNS for name, made in each.PROGRAMS.items()}
MISTAKES = {
    name: made for each in _WITH_MISTAKES for name, made in each.MISTAKES.items()
}


def check(name: str) -> None:
    """Run a program and compare its values with those recorded."""
    with tf.Graph().as_default():
        found = PROGRAMS[name](tf)
    assert len(found) == len(VALUES[name])
    for value, expected in zip(found, VALUES[name], strict=True):
        np.testing.assert_allclose(value, np.array(expected), rtol=2e-5, atol=1e-6)


@pytest.mark.golden
@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_on_host(name: str) -> None:
    """Plans that run on the host give TensorFlow's values."""
    check(name)


@pytest.mark.golden
@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_compiled(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans that are compiled when first run give TensorFlow's values."""
    monkeypatch.setattr(program, "DISPATCH_NS", -1.0)
    monkeypatch.setattr(program, "compile_ns", lambda _: 0.0)
    check(name)


@pytest.mark.golden
@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_mistakes_with_arrays_and_lists(name: str) -> None:
    """Class and text of the error are TensorFlow's, but for the number of the array."""
    expected = ERRORS[name]
    with tf.Graph().as_default(), pytest.raises(Exception) as raised:  # noqa: PT011
        MISTAKES[name](tf)
    assert type(raised.value).__name__ == expected["class"]
    wanted = re.sub(r"\bfoo_\d+", "foo", expected["message"])
    assert wanted.split("\n")[0] in str(raised.value)


def segments(session: tf.Session) -> list[bool]:
    """Return, for each segment of the last program, whether it runs on the device."""
    programs = [p._compiled for p in session._programs.values()]
    compiled = [p for p in programs if p is not None][-1]
    return [segment.on_device for segment in compiled.segments]


@pytest.fixture
def _always_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "DISPATCH_NS", -1.0)
    monkeypatch.setattr(program, "compile_ns", lambda _: 0.0)


@pytest.mark.usefixtures("_always_compile")
def test_switched_training_step_is_one_program() -> None:
    """A placeholder that switches batch normalization does not cut a training step."""
    with tf.Graph().as_default(), tf.Session() as session:
        training = tf.placeholder(tf.bool, [])
        x = tf.placeholder(tf.float32, [None, 3])
        h = tf.layers.batch_normalization(x, training=training)
        loss = tf.reduce_sum(tf.square(tf.layers.dense(h, 2)))
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        session.run(tf.global_variables_initializer())
        for value in (True, False):
            session.run(step, {training: value, x: np.ones([4, 3])})
            assert segments(session) == [True]


@pytest.mark.usefixtures("_always_compile")
def test_loop_with_known_length_is_one_program() -> None:
    """A recurrent network trains as one program: its short loops are unrolled."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 4])
        w = tf.get_variable("w", initializer=np.ones(4, np.float32))
        states = tf.scan(lambda a, v: tf.tanh(a * w + v), x, tf.zeros([4]))
        loss = tf.reduce_sum(states)
        step = tf.assign_sub(w, tf.gradients(loss, w)[0])
        session.run(w.initializer)
        session.run([loss, step], {x: np.ones([3, 4])})
        assert segments(session) == [True]


@pytest.mark.usefixtures("_always_compile")
def test_long_loop_with_gradients_is_one_small_program() -> None:
    """Its loops stay loops, however many turns there are."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [1000, 4])
        w = tf.get_variable("w", initializer=np.ones(4, np.float32))
        states = tf.scan(lambda a, v: tf.tanh(a * w + v), x, tf.zeros([4]))
        step = tf.assign_sub(w, tf.gradients(tf.reduce_mean(states), w)[0])
        session.run(w.initializer)
        session.run(step, {x: np.ones([1000, 4])})
        assert segments(session) == [True]


@pytest.mark.usefixtures("_always_compile")
def test_loop_of_any_length_is_part_of_a_program() -> None:
    """A loop whose length is fed is a loop of the program."""
    with tf.Graph().as_default(), tf.Session() as session:
        n = tf.placeholder(tf.int32, [])
        x = tf.placeholder(tf.float32, [4])
        _, y = tf.while_loop(lambda i, _: i < n, lambda i, v: (i + 1, v * 2.0), [0, x])
        total = tf.reduce_sum(y + 1.0)
        for count, expected in ((0, 8.0), (3, 36.0), (100, 4 * 2.0**100)):
            assert session.run(total, {n: count, x: np.ones(4)}) == expected
            assert segments(session) == [True]


@pytest.mark.usefixtures("_always_compile")
def test_loop_with_a_stack_of_any_height_runs_on_the_host() -> None:
    """A loop whose length is computed still gives values and gradients."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [])
        y = tf.while_loop(lambda v: v < 99.5, lambda v: v * x, [1.0])
        gradient = tf.gradients(y, x)[0] + 2.0
        assert session.run(gradient, {x: 2.0}) == 7 * 2.0**6 + 2.0
        assert False in segments(session)


@pytest.mark.usefixtures("_always_compile")
def test_stacks_of_fed_length_are_part_of_a_program() -> None:
    """A program is made for the length that is fed."""
    with tf.Graph().as_default(), tf.Session() as session:
        n = tf.placeholder(tf.int32, [])
        x = tf.placeholder(tf.float32, [2])
        _, y = tf.while_loop(lambda i, _: i < n, lambda i, v: (i + 1, v * x), [0, x])
        gradient = tf.gradients(y, x)[0] + 2.0
        for count in (5, 0, 3, 80, 5):
            values = session.run(gradient, {n: count, x: [1.0, 1.01]})
            expected = (count + 1) * np.array([1.0, 1.01]) ** count + 2.0
            np.testing.assert_allclose(values, expected, rtol=1e-5)
            assert segments(session) == [True]


@pytest.mark.usefixtures("_always_compile")
def test_recurrent_step_with_fed_lengths_is_one_program() -> None:
    """The longest length is computed ahead, though a check comes before it."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, None, 1])
        lengths = tf.placeholder(tf.int32, [None])
        cell = tf.nn.rnn_cell.BasicRNNCell(1, activation=tf.identity)
        y, _ = tf.nn.dynamic_rnn(cell, x, lengths, dtype=tf.float32)
        kernel = tf.trainable_variables()[0]
        gradient = tf.gradients(y, kernel)[0] * 2.0
        session.run([v.initializer for v in tf.global_variables()])
        session.run(kernel.assign([[1.0], [1.0]]))
        values = np.random.default_rng(0).integers(0, 9, (3, 12, 1)).astype(np.float32)
        for longest in (12, 7, 9, 9, 7):
            ends = [longest, 1, 3]
            found = session.run(gradient, {x: values, lengths: ends})
            sums = [
                row[:end].cumsum().sum() for row, end in zip(values, ends, strict=True)
            ]
            assert found[0, 0] == 2.0 * sum(sums)
            assert segments(session) == [False, True]
        with pytest.raises(tf.errors.InvalidArgumentError, match="Expected shape"):
            session.run(gradient, {x: values, lengths: [5, 5]})


@pytest.mark.usefixtures("_always_compile")
def test_what_runs_ahead_of_a_check_does_not_fail_before_it() -> None:
    """An integer that a program is made for is computed before the checks."""
    with tf.Graph().as_default(), tf.Session() as session:
        n = tf.placeholder(tf.int32, [])
        x = tf.placeholder(tf.float32, [4])
        with tf.control_dependencies(
            [tf.assert_positive(n, message="is not positive")]
        ):
            size = 4 // n
        y = tf.reshape(x + 1.0, [size, -1]) * 2.0
        assert session.run(y, {n: 2, x: np.ones(4)}).shape == (2, 2)
        with pytest.raises(tf.errors.InvalidArgumentError, match="is not positive"):
            session.run(y, {n: 0, x: np.ones(4)})


@pytest.mark.usefixtures("_always_compile")
def test_random_numbers_of_a_compiled_loop() -> None:
    """Each turn, each of an inner loop, too, goes on where the one before stopped."""

    def drawn() -> tf.Tensor:
        return tf.random_uniform([3], seed=7)

    def inner(j: tf.Tensor, values: tf.Tensor) -> list[tf.Tensor]:
        return [j + 1, values + tf.cast(j, tf.float32) * drawn()]

    def body(i: tf.Tensor, values: tf.Tensor) -> list[tf.Tensor]:
        return [i + 1, tf.while_loop(lambda j, _: j < 6, inner, [0, values])[1]]

    with tf.Graph().as_default(), tf.Session() as session:
        n = tf.placeholder(tf.int32, [])
        _, total = tf.while_loop(lambda i, _: i < n, body, [0, tf.zeros([3])])
        single = drawn()
        total += 0.5
        found = [session.run(total, {n: 9}) for _ in range(2)]
        assert segments(session) == [True]
        for value in found:
            expected = np.full(3, 0.5)
            for _ in range(9):
                expected += sum(j * session.run(single) for j in range(6))
            np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("node", "position", "source", "frames"),
    [
        ("while/add", 1, "outer", ("while/while_context", "")),
        ("while_1/add", 1, "while/Exit", ("while_1/while_context", "")),
        (
            "while_1/Less",
            1,
            "while/Less/y",
            ("while_1/while_context", "while/while_context"),
        ),
    ],
)
def test_inputs_from_different_frames(
    node: str, position: int, source: str, frames: tuple[str, str]
) -> None:
    """Values of several loops, or of one and of none, do not mix."""
    with tf.Graph().as_default() as other:
        tf.placeholder_with_default(5, [], name="outer")
        for _ in range(2):
            tf.while_loop(lambda i: i < 3, lambda i: i + 1, [tf.constant(0)])
    graph_def = other.as_graph_def()
    (changed,) = (n for n in graph_def.node if n.name == node)
    changed.input[position] = source
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph_def, name="")
        with pytest.raises(tf.errors.InvalidArgumentError) as raised:
            session.run(node.split("/", maxsplit=1)[0] + "/Exit:0")
    text = str(raised.value)
    assert f"{{{{node {node}}}}} has inputs from different frames." in text
    for frame in frames:
        assert f"is in frame '{frame}'." in text


@pytest.mark.usefixtures("_always_compile")
def test_fed_predicate_inside_of_a_loop() -> None:
    """A branch that is not taken is not in the program, and draws no numbers."""
    with tf.Graph().as_default(), tf.Session() as session:
        p = tf.placeholder(tf.bool, [])
        number = tf.random_uniform([], seed=7)

        def body(i: tf.Tensor, total: tf.Tensor) -> list[tf.Tensor]:
            drawn = tf.cond(p, lambda: tf.random_uniform([], seed=7), lambda: 2.0)
            return [i + 1, total + drawn]

        total = tf.while_loop(lambda i, _: i < 8, body, [0, 0.0])[1] + 0.5
        singles = [session.run(number) for _ in range(16)]
        first = session.run(total, {p: True})
        assert session.run(total, {p: False}) == 16.5
        second = session.run(total, {p: True})
        assert segments(session) == [True]
    np.testing.assert_allclose(first, sum(singles[:8]) + 0.5, rtol=1e-5)
    np.testing.assert_allclose(second, sum(singles[8:]) + 0.5, rtol=1e-5)


@pytest.mark.parametrize("is_compiled", [False, True])
def test_predicates_are_scalars(
    monkeypatch: pytest.MonkeyPatch, is_compiled: bool
) -> None:
    """A predicate whose shape is known only in the run is checked there."""
    if is_compiled:
        monkeypatch.setattr(program, "DISPATCH_NS", -1.0)
        monkeypatch.setattr(program, "compile_ns", lambda _: 0.0)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, None)
        y = tf.cond(x * 2.0 > 1.0, lambda: x + 1.0, lambda: x - 1.0) * 2.0
        assert session.run(y, {x: 3.0}) == 8.0
        with pytest.raises(
            tf.errors.InvalidArgumentError,
            match=r"The second input must be a scalar, but it has shape \[2\]",
        ):
            session.run(y, {x: [1.0, 2.0]})


def test_loop_imported_twice() -> None:
    """Copies of one loop run side by side, though their frames have one name."""
    with tf.Graph().as_default() as other:
        a = tf.placeholder(tf.float32, [], name="a")
        n = tf.placeholder(tf.int32, [], name="n")
        _, b = tf.while_loop(lambda i, _: i < n, lambda i, v: (i + 1, v * a), [0, a])
        tf.identity(b, name="b")
        graph_def = other.as_graph_def()

    def imported(value: float, count: int) -> tf.Tensor:
        inputs = {"a:0": tf.constant(value), "n:0": tf.constant(count)}
        return tf.import_graph_def(graph_def, inputs, ["b:0"])[0]

    with tf.Graph().as_default(), tf.Session() as session:
        powers = [imported(2.0, 3), imported(3.0, 1), imported(5.0, 0)]
        assert session.run(powers) == [16.0, 9.0, 5.0]


@pytest.mark.parametrize("use_resource", [False, True])
def test_what_is_asked_for_inside_a_loop(use_resource: bool) -> None:
    """An operation outside that waits for an update in a loop has it done."""
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(1.0, use_resource=use_resource)
        made = []

        def body(i: tf.Tensor) -> tf.Tensor:
            def inner(j: tf.Tensor) -> tf.Tensor:
                made.append(tf.assign_add(v, tf.cast(i + j, tf.float32)))
                return j + 1

            made.append(tf.assign_add(v, 100.0))
            tf.while_loop(lambda j: j < 2, inner, [0])
            return i + 1

        tf.while_loop(lambda i: i < 3, body, [0])
        outer, deep = (tf.group(update) for update in made)
        session.run(v.initializer)
        session.run(outer)
        assert session.run(v) == 301.0
        session.run(deep)
        assert session.run(v) == 301.0 + sum(i + j for i in range(3) for j in range(2))
