"""Locks that one run takes, and what becomes of them."""

from __future__ import annotations

import pytest

import metagraft.compat.v1 as tf
from tests.programs.critical_sections import nested_sections


def test_one_lock_inside_of_another() -> None:
    """Worked by hand: the inner section adds 10 twice a run, the outer one 1 once."""
    with tf.Graph().as_default():
        found = [float(value) for value in nested_sections(tf)]
    # The outer use sees what it added before, and what the inner section had.
    assert found[2:] == [2, 40]
    assert found[0] == 10
    assert found[1] == 1 + 20 + 30


def test_a_run_that_fails_lets_go() -> None:
    """The next run does not wait for a lock whose run has failed."""
    number = tf.placeholder(tf.float32)
    section = tf.CriticalSection()
    checked = section.execute(lambda: tf.debugging.check_numerics(number, "no"))
    with tf.Session() as session:
        for _ in range(2):
            with pytest.raises(tf.errors.InvalidArgumentError):
                session.run(checked, {number: float("inf")})
        assert session.run(checked, {number: 2.0}) == 2
