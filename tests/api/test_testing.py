"""`tf.test`: what the tests of users stand on."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf

_ROWS = [[1.0, 2.0], [3.0]]
_CLOSE = [[1.0, 2.0], [3.0 + 1e-7]]


def _run(body: Callable[[Any], None]) -> unittest.TestResult:
    """Run one test method."""

    class Case(tf.test.TestCase):  # type: ignore[misc]
        def test_body(self) -> None:
            body(self)

    result = unittest.TestResult()
    Case("test_body").run(result)
    return result


def _passes(body: Callable[[Any], None]) -> None:
    result = _run(body)
    assert result.wasSuccessful(), result.failures + result.errors


def _fails(body: Callable[[Any], None], text: str = "") -> None:
    result = _run(body)
    assert len(result.failures) == 1, result.errors
    assert text in result.failures[0][1]


def test_tensors_are_compared_in_one_run() -> None:
    """Values that every run draws anew are those of the same run."""

    def body(case: Any) -> None:
        x = tf.random_uniform([3])
        y = tf.identity(x)
        with case.cached_session():
            case.assertAllClose(x, y)
            case.assertAllEqual(x, y)
            case.assertAllCloseAccordingToType(x, y)
            case.assertAllGreater(x, tf.reduce_min(y) - 1e-6)
            case.assertAllLess(x, tf.reduce_max(y) + 1e-6)
            case.assertAllGreaterEqual(x, tf.reduce_min(y))
            case.assertAllLessEqual(x, tf.reduce_max(y))

    _passes(body)


def test_sessions() -> None:
    """A test starts with an empty graph; sessions see its nodes."""
    tf.constant(1.0, name="left_over")

    def body(case: Any) -> None:
        assert tf.get_default_graph().get_operations() == []
        assert tf.get_default_graph().seed == 87654321
        x = tf.constant([1.0, 2.0])
        with case.session() as sess:
            assert sess.run(x).tolist() == [1, 2]
        with case.cached_session() as first:
            assert x.eval().tolist() == [1, 2]
        with case.test_session() as second, tf.device("/gpu:0"):
            assert first is second
        with case.test_session(graph=tf.Graph()) as other:
            assert other is not first
            assert other.graph is tf.get_default_graph()
        assert case.evaluate({"a": x, "b": [x]})["b"][0].tolist() == [1, 2]
        sparse = tf.SparseTensor([[1]], [7], [3])
        assert case.evaluate([sparse])[0].values.tolist() == [7]
        with pytest.raises(ValueError, match="graph used to get the cached session"):
            case.cached_session(graph=tf.Graph()).__enter__()

    _passes(body)


def test_devices_of_sessions() -> None:
    """`use_gpu=False` asks for the CPU, `force_gpu=True` for a GPU."""

    def body(case: Any) -> None:
        with case.session(use_gpu=False):
            assert tf.constant(1).device == "/device:CPU:0"
        with case.session(force_gpu=True):
            assert tf.constant(1).device == "/device:GPU:0"

    _passes(body)


@pytest.mark.parametrize(
    "body",
    [
        lambda c: c.assertAllClose(tf.constant([1.0, 2.0]), [1.0, 2.0 + 1e-7]),
        lambda c: c.assertAllClose({"a": [1.0, [2.0]]}, {"a": [1.0, [2.0]]}),
        lambda c: c.assertAllClose([np.nan], [np.nan]),
        lambda c: c.assertAllClose([1.0, 2.0], [1.5, 2.0], np.array([0.5, 0.0])),
        lambda c: c.assertAllCloseAccordingToType(np.float16(1.0005), 1.0),
        lambda c: c.assertNotAllClose([1.0], [1.1]),
        lambda c: c.assertAllEqual(tf.constant(["a", "b"]), [b"a", b"b"]),
        lambda c: c.assertAllEqual(["a"], np.array([b"a"])),
        lambda c: c.assertAllEqual(
            *[np.array([np.nan, 1.0]).astype(tf.bfloat16.as_numpy_dtype)] * 2
        ),
        lambda c: c.assertAllEqual([np.nan, 1.0], [np.nan, 1.0]),
        lambda c: c.assertNotAllEqual([1], [2]),
        lambda c: c.assertAllEqual(tf.ragged.constant(_ROWS), _ROWS),
        lambda c: c.assertAllEqual(
            [np.array(row) for row in _ROWS], tf.ragged.constant(_ROWS)
        ),
        lambda c: c.assertAllEqual(_ROWS, tf.ragged.constant_value(_ROWS)),
        lambda c: c.assertAllClose(tf.ragged.constant(_ROWS), _ROWS),
        lambda c: c.assertAllClose(_CLOSE, tf.ragged.constant(_ROWS)),
        lambda c: c.assertAllClose(
            tf.ragged.constant(_ROWS), tf.ragged.constant_value(_CLOSE)
        ),
        lambda c: c.assertNotAllEqual(tf.ragged.constant(_ROWS), [[1], [2, 3]]),
        lambda c: c.assertNotAllClose(tf.ragged.constant(_ROWS), [[1.0, 2.1], [3.0]]),
        lambda c: c.assertNotAllEqual(np.ones((2, 1)), tf.ragged.constant([[1], [1]])),
        lambda c: c.assertAllGreater([2, 3], 1),
        lambda c: c.assertAllLess([2, 3], 4),
        lambda c: c.assertAllGreaterEqual([2, 3], 2),
        lambda c: c.assertAllLessEqual(tf.constant([2, 3]), 3),
        lambda c: c.assertAllInRange([1.0, 2.0], 1, 2),
        lambda c: c.assertAllInSet([1, 2, 1], {1, 2, 3}),
        lambda c: c.assertNear(1.0, 1.05, 0.1),
        lambda c: c.assertArrayNear([1.0, 2.0], [1.05, 2.0], 0.1),
        lambda c: c.assertNDArrayNear(np.ones(2), np.ones(2), 0.1),
        lambda c: c.assertDTypeEqual(tf.constant(1.0), tf.float32),
        lambda c: c.assertShapeEqual(np.zeros((2, 3)), tf.zeros([2, 3])),
        lambda c: c.assertDeviceEqual("/gpu:0", "/device:GPU:0"),
        lambda c: c.assertStartsWith("meta", "me"),
        lambda c: c.assertItemsEqual([1, 2], [2, 1]),
        lambda c: c.assertProtoEquals("name: 'n'", tf.NodeDef(name="n")),
        lambda c: c.assertProtoEquals(tf.NodeDef(name="n"), tf.NodeDef(name="n")),
    ],
)
def test_assertions_hold(body: Callable[[Any], None]) -> None:
    """Each assertion takes arrays, lists and tensors."""
    _passes(body)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (lambda c: c.assertAllClose([1.0], [1.1]), "Not equal to tolerance"),
        (lambda c: c.assertAllClose([1.0], [1.0, 1.0]), "Shape mismatch"),
        (lambda c: c.assertAllClose([1.0], [2.0], [0.1]), "Not equal to tolerance"),
        (lambda c: c.assertNotAllClose([1.0], [1.0]), "close at all elements"),
        (lambda c: c.assertAllEqual([1, 2], [1, 3]), "Arrays are not equal"),
        (lambda c: c.assertAllEqual([np.nan], [1.0]), "not equal"),
        (lambda c: c.assertNotAllEqual([1], [1]), "equal at all elements"),
        (lambda c: c.assertAllGreater([1, 2], 1), "1"),
        (lambda c: c.assertAllInRange([1.0, 3.0], 1, 2), "1 of the 2 element(s)"),
        (lambda c: c.assertAllInRange([1.0, np.nan], 1, 2), "outside the range [1, 2]"),
        (lambda c: c.assertAllInRange([2.0], 1, 2, False, True), "[1, 2)"),
        (lambda c: c.assertAllInSet([4], {1}), "not in the set"),
        (lambda c: c.assertNear(1.0, 2.0, 0.1), "1.0 != 2.0 +/- 0.1"),
        (lambda c: c.assertDTypeEqual(np.zeros(1), tf.float32), "float64"),
        (lambda c: c.assertProtoEquals("name: 'm'", tf.NodeDef(name="n")), "name"),
        (lambda c: c.assertStartsWith("meta", "ta"), "does not start with"),
    ],
)
def test_assertions_fail(body: Callable[[Any], None], text: str) -> None:
    """Each says what it found."""
    _fails(body, text)


def test_errors_of_operations() -> None:
    """A pattern is searched for in the message and the name of the operation."""

    def body(case: Any) -> None:
        x = tf.placeholder(tf.float32, name="fed")
        checked = tf.check_numerics(x, "broken value", name="checked")
        with case.session() as sess:
            with case.assertRaisesOpError("broken value"):
                sess.run(checked, {x: np.nan})
            with case.assertRaisesWithPredicateMatch(
                tf.errors.InvalidArgumentError, lambda e: e.op is checked.op
            ):
                sess.run(checked, {x: np.nan})
            with case.assertRaisesWithPredicateMatch(ValueError, "text"):
                raise ValueError("some text")

    _passes(body)

    def nothing_raised(case: Any) -> None:
        with case.assertRaisesOpError("x"):
            pass

    _fails(nothing_raised, "OpError not raised")


def test_checked_threads() -> None:
    """The failure of a thread is the test's; so is one that nobody waits for."""

    def body(case: Any) -> None:
        found: list[int] = []
        thread = case.checkedThread(found.append, args=(3,))
        thread.start()
        thread.join()
        assert found == [3]
        assert not thread.is_alive()

    _passes(body)

    def broken(case: Any) -> None:
        thread = case.checkedThread(lambda: 1 // 0)
        thread.start()
        thread.join()

    _fails(broken, "division")
    _fails(lambda case: case.checkedThread(lambda: None), "not joined")


def test_skipped_by_predicate() -> None:
    """A method is skipped while the predicate holds."""

    class Case(tf.test.TestCase):  # type: ignore[misc]
        @tf.test.disable_with_predicate(lambda: True, "not here")  # type: ignore[untyped-decorator]
        def test_nothing(self) -> None:
            raise AssertionError

    result = unittest.TestResult()
    Case("test_nothing").run(result)
    assert [reason for _, reason in result.skipped] == ["not here"]


def test_temp_dirs() -> None:
    """A test has one folder of its own."""
    folders: list[str] = []

    def body(case: Any) -> None:
        folders.append(case.get_temp_dir())
        assert case.get_temp_dir() == folders[-1]
        assert folders[-1].startswith(tf.test.get_temp_dir())

    _passes(body)
    _passes(body)
    assert len(set(folders)) == 2


def test_equal_graph_defs() -> None:
    """Order of nodes and control inputs means nothing; an attribute does."""
    first, second = tf.GraphDef(), tf.GraphDef()
    first.node.add(name="a", op="NoOp", input=["^b", "^c"])
    first.node.add(name="b", op="NoOp")
    second.node.add(name="b", op="NoOp")
    second.node.add(name="a", op="NoOp", input=["^c", "^b"])
    tf.test.assert_equal_graph_def(first, second)
    second.node[0].device = "/cpu:0"
    with pytest.raises(AssertionError, match="device"):
        tf.test.assert_equal_graph_def(first, second)


def test_gradients_against_differences() -> None:
    """The Jacobian of x^2 is diagonal with 2x; that of a gather has ones."""
    with tf.Graph().as_default(), tf.Session():
        x = tf.constant([1.0, 2.0, 3.0], tf.float64)
        start = np.array([1.0, 2.0, 3.0])
        by_rules, by_steps = tf.test.compute_gradient(x, [3], x * x, [3], start)
        np.testing.assert_allclose(by_rules, np.diag([2.0, 4.0, 6.0]), atol=1e-12)
        np.testing.assert_allclose(by_steps, np.diag([2.0, 4.0, 6.0]), atol=1e-6)
        picked = tf.gather(x, [2, 0, 2])
        by_rules, _ = tf.test.compute_gradient(x, [3], picked, [3], start)
        np.testing.assert_array_equal(by_rules, [[0, 1, 0], [0, 0, 0], [1, 0, 1]])
        assert tf.test.compute_gradient_error(x, [3], tf.sin(x), [3]) < 1e-5


def test_gradients_of_complex_numbers() -> None:
    """Real and imaginary parts count separately: d(i x)/dx turns by a right angle."""
    with tf.Graph().as_default(), tf.Session():
        x = tf.constant([1.0 + 2.0j], tf.complex128)
        by_rules, by_steps = tf.test.compute_gradient(x, [1], x * 1j, [1])
        np.testing.assert_allclose(by_steps, [[0, 1], [-1, 0]], atol=1e-9)
        np.testing.assert_allclose(by_rules, by_steps, atol=1e-9)


def test_gradients_of_lists() -> None:
    """Several tensors, initialised first, with other values fed."""
    with tf.Graph().as_default(), tf.Session():
        v = tf.Variable([2.0], dtype=tf.float64)
        scale = tf.placeholder(tf.float64, [])
        x = tf.constant([1.0], tf.float64)
        pairs = tf.test.compute_gradient(
            [x, v.value()],
            [[1], [1]],
            x * v.value() * scale,
            [1],
            [np.array([3.0]), np.array([5.0])],
            init_targets=[v.initializer],
            extra_feed_dict={scale: 2.0},
        )
        for (by_rules, by_steps), expected in zip(pairs, (4.0, 2.0), strict=True):
            np.testing.assert_allclose(by_rules, [[expected]])
            np.testing.assert_allclose(by_steps, [[expected]], rtol=1e-6)
        with pytest.raises(ValueError, match="init_data shape"):
            tf.test.compute_gradient(x, [2], x * x, [1], np.zeros(1))
        with pytest.raises(TypeError, match="int32"):
            tf.test.compute_gradient(tf.constant(1), [], tf.constant(1), [])


def test_text_and_bytes() -> None:
    """`tf.compat` turns one into the other."""
    assert tf.compat.as_bytes("\u00e9") == b"\xc3\xa9"
    assert tf.compat.as_text(b"\xc3\xa9") == tf.compat.as_str(b"\xc3\xa9") == "\u00e9"
    assert tf.compat.as_str_any(3) == "3"
    assert tf.compat.as_str_any(b"x") == "x"
    assert isinstance(np.int64(1), tf.compat.integral_types)
    assert not isinstance(1.0, tf.compat.integral_types)
    assert tf.compat.v1 is tf
    for convert in (tf.compat.as_bytes, tf.compat.as_text):
        with pytest.raises(TypeError, match="binary or unicode"):
            convert(3)


def test_lists_of_different_shapes_are_compared_part_by_part() -> None:
    """What no array holds is equal if its parts are."""
    case = tf.test.TestCase()
    values = [np.array([[3.0]]), np.float32(3.0), [3.0]]
    case.assertAllEqual(values, [[[3.0]], 3.0, [3.0]])
    case.assertAllEqual([[1, 2], [3]], ([1, 2], (3,)))
    for others in ([[1, 2], [4]], [[1, 2], [3], [4]], [[1], [3]]):
        with pytest.raises(AssertionError):
            case.assertAllEqual([[1, 2], [3]], others)
