"""cuDNN's recurrent networks, against formulas of cuDNN's manual, step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import InvalidArgumentError, UnimplementedError

TIME, BATCH, INPUTS, UNITS = 4, 3, 2, 3
GATES = {"lstm": 4, "gru": 3, "rnn_relu": 1, "rnn_tanh": 1}
RNG = np.random.RandomState(5)

Vector = np.ndarray[Any, Any]


def _sigmoid(x: Vector) -> Any:
    return 1 / (1 + np.exp(-x))


def _cell(mode: str, w: Any, r: Any, b: Any, d: Any) -> Callable[..., Any]:
    """Return one step of a cell, as the manual has it."""

    def step(x: Vector, h: Vector, c: Vector) -> tuple[Vector, Vector]:
        a = [w[i] @ x + b[i] for i in range(len(r))]
        s = [r[i] @ h + d[i] for i in range(len(r))]
        if mode == "lstm":
            i, f, o = (_sigmoid(a[n] + s[n]) for n in (0, 1, 3))
            c = f * c + i * np.tanh(a[2] + s[2])
            return o * np.tanh(c), c
        if mode == "gru":
            reset, update = _sigmoid(a[0] + s[0]), _sigmoid(a[1] + s[1])
            new = np.tanh(a[2] + reset * s[2])
            return (1 - update) * new + update * h, c
        total = a[0] + s[0]
        return (np.maximum(total, 0) if mode == "rnn_relu" else np.tanh(total)), c

    return step


def _expected(
    mode: str,
    layers: int,
    directions: int,
    lengths: list[int],
    x: Vector,
    h: Vector,
    c: Vector,
    params: Vector,
) -> tuple[Vector, Vector, Vector]:
    """Run a network example by example, cell by cell."""
    gates, taken = GATES[mode], x.shape[2]
    matrices, start = [], 0
    for layer in range(layers):
        size = taken if layer == 0 else UNITS * directions
        for _ in range(directions):
            for columns in [size] * gates + [UNITS] * gates:
                end = start + UNITS * columns
                matrices.append(params[start:end].reshape(UNITS, columns))
                start = end
    biases = list(params[start:].reshape(-1, UNITS))
    h, c = h.copy(), c.copy()
    for place in range(layers * directions):
        layer, is_backward = divmod(place, directions)
        first = 2 * gates * place
        w, r = (matrices[first + i * gates :][:gates] for i in (0, 1))
        b, d = (biases[first + i * gates :][:gates] for i in (0, 1))
        if not is_backward:
            below, outputs = x, np.zeros((*x.shape[:2], UNITS * directions))
        step = _cell(mode, w, r, b, d)
        for row, length in enumerate(lengths):
            order = range(length)
            for time in reversed(order) if is_backward else order:
                h[place, row], c[place, row] = step(
                    below[time, row], h[place, row], c[place, row]
                )
                part = slice(is_backward * UNITS, (is_backward + 1) * UNITS)
                outputs[time, row, part] = h[place, row]
        if is_backward == directions - 1:
            x = outputs
    return x, h, c


def _operands(mode: str, layers: int, directions: int) -> dict[str, Any]:
    gates = GATES[mode]
    count = 0
    for layer in range(layers):
        size = INPUTS if layer == 0 else UNITS * directions
        count += directions * gates * UNITS * (size + UNITS + 2)
    state = (layers * directions, BATCH, UNITS)
    return {
        "input": RNG.standard_normal((TIME, BATCH, INPUTS)),
        "input_h": RNG.standard_normal(state),
        "input_c": RNG.standard_normal(state),
        "params": RNG.standard_normal(count) * 0.5,
    }


@pytest.mark.parametrize(
    ("mode", "layers", "directions"),
    [("lstm", 1, 1), *((mode, 2, 2) for mode in GATES)],
)
def test_networks_compute_the_formulas(mode: str, layers: int, directions: int) -> None:
    """Outputs and last states are those of the cells, for any lengths."""
    given = _operands(mode, layers, directions)
    direction = "bidirectional" if directions == 2 else "unidirectional"
    attrs = {"rnn_mode": mode, "direction": direction}
    lengths = [4, 2, 1]
    with tf.Graph().as_default(), tf.Session() as session:
        whole = tf.raw_ops.CudnnRNN(**given, **attrs)
        short = tf.raw_ops.CudnnRNNV3(**given, **attrs, sequence_lengths=lengths)
        size = tf.raw_ops.CudnnRNNParamsSize(
            num_layers=layers,
            num_units=UNITS,
            input_size=INPUTS,
            T=tf.float64,
            S=tf.int64,
            **attrs,
        )
        found = session.run([list(whole)[:3], list(short)[:3], size])
    for results, counts in zip(found[:2], ([TIME] * BATCH, lengths), strict=True):
        expected = _expected(mode, layers, directions, counts, *given.values())
        for result, value in zip(results, expected, strict=True):
            if result.ndim:
                np.testing.assert_allclose(result, value, rtol=1e-10, atol=1e-12)
            else:
                assert mode != "lstm"
    assert found[2].tolist() == [len(given["params"])]


@pytest.mark.parametrize("mode", ["lstm", "gru"])
def test_gradients_are_slopes(mode: str) -> None:
    """What the gradient says is how the outputs change."""
    given = _operands(mode, 1, 2)
    attrs = {"rnn_mode": mode, "direction": "bidirectional"}
    with tf.Graph().as_default(), tf.Session() as session:
        fed = {name: tf.placeholder(tf.float64, v.shape) for name, v in given.items()}
        three = tf.raw_ops.CudnnRNNV3(**fed, **attrs, sequence_lengths=[4, 2, 1])
        total = tf.reduce_sum(three.output**2) + tf.reduce_sum(three.output_h)
        if mode == "lstm":
            total += tf.reduce_sum(three.output_c**3)
        slopes = tf.gradients(total, list(fed.values()))
        feeds = {fed[name]: value for name, value in given.items()}
        gradients = session.run(slopes, feeds)
        step = 1e-6
        for name, gradient in zip(given, gradients, strict=True):
            towards = RNG.standard_normal(gradient.shape)
            ahead, behind = (
                session.run(
                    total, {**feeds, fed[name]: given[name] + sign * step * towards}
                )
                for sign in (1, -1)
            )
            slope = (ahead - behind) / (2 * step)
            np.testing.assert_allclose((gradient * towards).sum(), slope, rtol=1e-5)


def test_packed_weights_come_apart_and_together() -> None:
    """Matrices come before biases, in cuDNN's order of gates."""
    sizes = {"num_layers": 2, "num_units": 3, "input_size": 2}
    params = np.arange(180, dtype=np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        weights, biases = tf.raw_ops.CudnnRNNParamsToCanonical(
            **sizes, params=params, num_params=16
        )
        again = tf.raw_ops.CudnnRNNCanonicalToParams(
            **sizes, weights=weights, biases=biases
        )
        weights, biases, again = session.run([weights, biases, again])
    assert weights[0].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert [w.shape for w in weights] == [(3, 2)] * 4 + [(3, 3)] * 12
    assert biases[-1].tolist() == params[-3:].tolist()
    assert again.tolist() == params.tolist()


def test_a_projection_makes_states_smaller() -> None:
    """The last matrix of each layer maps cells to states."""
    given = {
        "input": np.ones((1, 1, 2)),
        "input_h": np.ones((1, 1, 1)),
        "input_c": np.ones((1, 1, 3)),
        "params": np.zeros(4 * 3 * (2 + 1) + 3 + 2 * 4 * 3),
    }
    given["params"][4 * 3 * 3 :][:3] = [1, 10, 100]
    with tf.Graph().as_default(), tf.Session() as session:
        made = tf.raw_ops.CudnnRNNV3(**given, sequence_lengths=[1], num_proj=1)
        found = session.run(made.output)
    # All gates are open by half: cells 0.5, outputs 0.5 * tanh(0.5).
    assert found.tolist() == pytest.approx(np.full((1, 1, 1), 111 * 0.5 * np.tanh(0.5)))


@pytest.mark.parametrize(
    ("changed", "attrs", "error", "text"),
    [
        ({"params": np.zeros(5)}, {}, InvalidArgumentError, "params must have"),
        ({"input_h": np.zeros((1, 2, 3))}, {}, InvalidArgumentError, "Invalid input_h"),
        ({"input_c": np.zeros((1, 3, 4))}, {}, InvalidArgumentError, "same shape w/o"),
        ({}, {"input_mode": "skip_input"}, InvalidArgumentError, "skip_input needs"),
    ],
)
def test_operands_that_do_not_fit(
    changed: dict[str, Any], attrs: dict[str, Any], error: type, text: str
) -> None:
    """The error says what was expected."""
    given = {**_operands("lstm", 1, 1), **changed}
    with tf.Graph().as_default(), tf.Session() as session:
        made = tf.raw_ops.CudnnRNN(**given, **attrs)
        with pytest.raises(error, match=text):
            session.run(made.output)


def test_dropout_is_refused() -> None:
    """Random numbers of cuDNN are not known."""
    with tf.Graph().as_default(), tf.Session() as session:
        made = tf.raw_ops.CudnnRNN(
            **_operands("gru", 2, 1), rnn_mode="gru", dropout=0.5
        )
        with pytest.raises(UnimplementedError, match="Dropout of"):
            session.run(made.output)


def test_the_batch_may_come_first() -> None:
    """`time_major=False` swaps the first two axes of inputs, outputs and states."""
    given = _operands("lstm", 2, 1)
    swapped = {
        name: v if v.ndim == 1 else v.swapaxes(0, 1) for name, v in given.items()
    }
    with jax.enable_x64(True), tf.Graph().as_default(), tf.Session() as session:
        lengths = {"sequence_lengths": [4, 3, 2]}
        one = tf.raw_ops.CudnnRNNV3(**given, **lengths)
        two = tf.raw_ops.CudnnRNNV3(**swapped, **lengths, time_major=False)
        found, other = session.run([list(one)[:3], list(two)[:3]])
    for a, b in zip(found, other, strict=True):
        np.testing.assert_array_equal(a, b.swapaxes(0, 1))
