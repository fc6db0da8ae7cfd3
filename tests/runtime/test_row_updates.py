"""Rows of tables that change in place, unless anybody else holds the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft import errors
from metagraft.runtime.variable_values import declared_variable, take_values

RATE, START = 0.5, 4.0


class Table:
    """A table of five rows of two, all 4; an update takes half a gradient of 1."""

    def __init__(self, *, use_resource: bool) -> None:
        """Build the graph and start a session."""
        self.variable = tf.get_variable(
            "table",
            initializer=np.full([5, 2], START, np.float32),
            use_resource=use_resource,
        )
        self.rows = tf.placeholder(tf.int32, [None])
        gradient = tf.IndexedSlices(
            tf.ones([tf.size(self.rows), 2]), self.rows, tf.constant([5, 2])
        )
        # Its formula has no square root of small numbers: 0 beside 1 is exact here.
        optimizer = tf.train.MomentumOptimizer(RATE, 0.0)
        self.update = optimizer.apply_gradients([(gradient, self.variable)])
        self.session = tf.Session()
        self.session.run(tf.global_variables_initializer())

    def run(self, *rows: int) -> None:
        """Update rows."""
        self.session.run(self.update, {self.rows: rows})

    def held(self) -> Any:
        """Return the array that the session keeps."""
        (array,) = take_values(self.session, [declared_variable(self.declaring)])
        return array

    @property
    def declaring(self) -> Any:
        """The operation that declares the variable."""
        op = self.variable.op
        return op if op.type != "ReadVariableOp" else self.variable.handle.op

    def first_numbers(self) -> list[float]:
        """Return the first number of every row."""
        value: Any = self.session.run(self.variable)
        found: list[float] = value[:, 0].tolist()
        return found


@pytest.fixture(params=[False, True], ids=["reference", "resource"])
def table(request: pytest.FixtureRequest) -> Any:
    """Return a table, of both kinds of variables."""
    with tf.Graph().as_default():
        yield Table(use_resource=request.param)


def test_changes_in_place(table: Table) -> None:
    """The array stays the same one from the second update on."""
    table.run(0)
    place = table.held().ctypes.data
    table.run(3, 1)
    assert table.held().ctypes.data == place
    assert table.first_numbers() == [3.5, 3.5, 4.0, 3.5, 4.0]
    assert not table.held().flags.writeable


def test_repeated_rows(table: Table) -> None:
    """A row that occurs twice is updated twice (the optimizer adds up first)."""
    table.run(0)
    table.run(2, 2, 1)
    assert table.first_numbers() == [3.5, 3.5, 3.0, 4.0, 4.0]


def test_value_held_outside(table: Table) -> None:
    """A value that was taken out before an update does not change."""
    table.run(0)
    before = table.held()
    part = before[1:2]
    del before
    table.run(1)
    assert part.tolist() == [[4.0, 4.0]]
    assert table.first_numbers() == [3.5, 3.5, 4.0, 4.0, 4.0]


def test_value_fetched_beside(table: Table) -> None:
    """A value read before the update in the same run is the old one."""
    table.run(0)
    old = tf.identity(table.variable.read_value())[:, 0]
    with tf.control_dependencies([old]):
        gradient = tf.IndexedSlices(tf.ones([1, 2]), [4], tf.constant([5, 2]))
        later = tf.train.GradientDescentOptimizer(RATE).apply_gradients(
            [(gradient, table.variable)]
        )
    found: Any = table.session.run([old, later])[0]
    assert found.tolist() == [3.5, 4.0, 4.0, 4.0, 4.0]
    assert table.first_numbers() == [3.5, 4.0, 4.0, 4.0, 3.5]


def test_failing_run_changes_nothing(table: Table) -> None:
    """What was changed before an operation failed is taken back."""
    with tf.control_dependencies([table.update]):
        fails = tf.Assert(tf.less(tf.size(table.rows), 2), ["too many"])
    for _ in range(2):
        table.session.run(fails, {table.rows: [0]})
    place = table.held().ctypes.data
    with pytest.raises(errors.InvalidArgumentError, match="too many"):
        table.session.run(fails, {table.rows: [0, 3, 3]})
    assert table.first_numbers() == [3.0, 4.0, 4.0, 4.0, 4.0]
    assert table.held().ctypes.data == place
    table.run(3)
    assert table.first_numbers() == [3.0, 4.0, 4.0, 3.5, 4.0]


def test_is_not_compiled_for_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps whose sizes depend on what a batch names stay on the host."""

    def refuse(*_: Any) -> None:
        raise AssertionError("compiled")

    monkeypatch.setattr("metagraft.runtime.compile.CompiledProgram.run", refuse)
    with tf.Graph().as_default(), tf.Session() as session:
        table = tf.get_variable("t", [5000, 40], initializer=tf.ones_initializer())
        rows = tf.placeholder(tf.int64, [None])
        loss = tf.reduce_sum(tf.nn.embedding_lookup(table, rows))
        step = tf.train.AdagradOptimizer(0.1).minimize(loss)
        session.run(tf.global_variables_initializer())
        for count in range(400):
            session.run(step, {rows: [0, 1, count % 7, 9]})
