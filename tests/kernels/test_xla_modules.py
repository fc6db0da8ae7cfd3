"""Models that JAX exported give what TensorFlow computes from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.runtime import program
from tests.programs.xla_module_runs import call

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "xla_modules"

pytestmark = pytest.mark.golden


def _run(name: str, x: Any) -> dict[str, Any]:
    """Return the results of a SavedModel of jax2tf."""
    with tf.Graph().as_default(), tf.Session() as session:
        loaded = tf.saved_model.load(session, ["serve"], str(GOLDEN / name))
        signature = loaded.signature_def["serving_default"]
        fetches = {key: info.name for key, info in signature.outputs.items()}
        found: dict[str, Any] = session.run(fetches, {signature.inputs["x"].name: x})
        return found


def test_batch_of_any_size() -> None:
    """A module for any batch and any platform computes what it does in TensorFlow."""
    with np.load(GOLDEN / "results.npz") as stored:
        found = _run("layer", stored["x"])
        assert set(found) == set(stored) - {"x", "weights"}
        for key, value in found.items():
            assert value.dtype == stored[key].dtype
            np.testing.assert_allclose(value, stored[key], 1e-6, err_msg=key)


def test_other_batch_sizes() -> None:
    """The same model takes other sizes; none is below one."""
    with np.load(GOLDEN / "results.npz") as stored:
        x, expected = stored["x"], stored["hidden"]
    np.testing.assert_allclose(_run("layer", x[1:3])["hidden"], expected[1:3], 1e-6)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Expected value >= 1"):
        _run("layer", x[:0])


@pytest.fixture(params=[False, True], ids=["host", "compiled"])
def compiled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run on the host, or compile what there is."""
    if request.param:
        monkeypatch.setattr(program, "DISPATCH_NS", -1.0)
        monkeypatch.setattr(program, "compile_ns", lambda _: 0.0)


@pytest.mark.usefixtures("compiled")
def test_modules_in_loops() -> None:
    """A module is a part of the program around it."""
    x, y = np.full((4, 3), 0.1, np.float32), np.full((3, 2), 0.2, np.float32)
    with tf.Graph().as_default(), tf.Session() as session:

        def turn(i: Any, state: Any) -> Any:
            product, _ = call(tf, "rows", state, y)
            return i + 1, tf.concat([product, state[:, :1]], 1)

        fed = tf.placeholder(tf.float32, [None, 3])
        _, last = tf.while_loop(
            lambda i, _: i < 3,
            turn,
            [0, fed],
            shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, None])],
        )
        found = session.run(last, {fed: x})
    expected = x
    for _ in range(3):
        expected = np.concatenate([np.sin(expected) @ y, expected[:, :1]], axis=1)
    np.testing.assert_allclose(found, expected, 1e-6)


@pytest.mark.usefixtures("compiled")
def test_functions_of_the_graph() -> None:
    """A module calls functions of the graph, in order or not."""
    with np.load(GOLDEN / "results.npz") as stored:
        x, weights = stored["x"], stored["weights"]
    found = _run("functions", x)
    doubled = 2 * np.sin(x)
    np.testing.assert_allclose(found["doubled"], np.cos(doubled), 1e-6)
    np.testing.assert_allclose(found["summed"], (doubled @ weights).sum(1) + 1, 1e-5)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones((4, 3)), "Element type mismatch for argument 0"),
        (np.ones((4, 4), np.float32), "Shape mismatch for argument 0"),
        (np.ones(3, np.float32), "Shape mismatch for argument 0"),
    ],
)
def test_refuses_other_arguments(x: Any, message: str) -> None:
    """Arguments of other types, ranks or sizes end with an error."""
    with tf.Graph().as_default(), tf.Session() as session:
        fetches = call(tf, "rows", x, np.ones((3, 2), np.float32))
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            session.run(fetches)


def _numbers() -> tuple[Any, Any]:
    x = np.random.RandomState(1).randn(4, 3).astype(np.float32)
    return x, np.ones((3, 2), np.float32)


def test_functions_of_lapack() -> None:
    """A module calls functions that JAX keeps elsewhere."""
    x, y = _numbers()
    shapes = [tf.TensorShape([3, 3]), tf.TensorShape([2, 2])]
    with tf.Graph().as_default(), tf.Session() as session:
        factor, _ = session.run(call(tf, "factor", x, y, Sout=shapes))
    np.testing.assert_allclose(factor, np.linalg.cholesky(x.T @ x + np.eye(3)), 1e-5)


def test_functions_of_others() -> None:
    """A module calls a function that nobody has told JAX of."""
    shapes = [tf.TensorShape([4, 3]), tf.TensorShape([3, 2])]
    with tf.Graph().as_default(), tf.Session() as session:
        fetches = call(tf, "unknown", *_numbers(), Sout=shapes)
        # TF: NotFoundError.
        with pytest.raises(tf.errors.InternalError, match="no_such_target"):
            session.run(fetches)
