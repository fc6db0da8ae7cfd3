"""What debuggers ask about values, with the answers that TensorFlow gave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf

NAN, INF = float("nan"), float("inf")
MIXED = np.array([[1, -2, 0, NAN], [INF, -INF, 5, -7]])


def ask(kind: str, value: Any, **attrs: Any) -> Any:
    """Run one op on a value."""
    op = getattr(tf.raw_ops, kind)
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(op(input=value, tensor_name="a:0", **attrs)).tolist()


@pytest.mark.parametrize(
    ("value", "bounds", "expected"),
    [
        (MIXED, {}, [1, 8, 1, 1, 2, 1, 2, 1, -7, 5, -0.6, 15.44, 2, 2, 2, 4]),
        (
            MIXED,
            {"lower_bound": -2.0, "upper_bound": 2.0},
            [1, 8, 1, 3, 0, 1, 1, 2, -7, 5, -0.6, 15.44, 2, 2, 2, 4],
        ),
        (np.arange(-3, 5), {}, [1, 8, 0, 0, 3, 1, 4, 0, -3, 4, 0.5, 5.25, 9, 1, 8]),
        (
            np.array([True, False]),
            {},
            [1, 2, 0, 0, 0, 1, 1, 0, 0, 1, 0.5, 0.25, 10, 1, 2],
        ),
        (
            np.zeros([0, 2], np.float32),
            {},
            [1, 0, 0, 0, 0, 0, 0, 0, INF, -INF, NAN, NAN, 1, 2, 0, 2],
        ),
    ],
)
def test_summary(value: Any, bounds: Any, expected: list[float]) -> None:
    """Numbers are counted by kind; those that reach a bound count as infinite."""
    found = ask("DebugNumericSummary", value, **bounds)
    np.testing.assert_allclose(found, expected)


def test_values_go_through() -> None:
    """Copies are the values; those that are no numbers are counted."""
    for kind in ("Copy", "CopyHost", "DebugIdentity"):
        assert ask(kind, [b"a", b"b"]) == [b"a", b"b"]
    assert ask("DebugNanCount", MIXED) == [1]
    assert ask("DebugNanCount", [1, 2]) == [0]


def test_nothing_is_sent() -> None:
    """An op with an address to send to is refused."""
    with pytest.raises(tf.errors.UnimplementedError, match="debug_urls"):
        ask("DebugIdentity", [1.0], debug_urls=["file:///tmp/a"])


def test_values_and_gradients_go_through() -> None:
    """Newer ops for debuggers hand on what they get, and its gradient."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([1.0, 2.0])
        y = tf.raw_ops.DebugIdentityV2(input=x * 3.0)
        z = tf.raw_ops.DebugIdentityV3(input=y)
        found = session.run([y, z, *tf.gradients(y, [x])])
    assert [value.tolist() for value in found] == [[3, 6], [3, 6], [3, 3]]
