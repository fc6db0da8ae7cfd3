"""Variables as Python objects: values, descriptions, errors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft import errors
from metagraft.meta_graph.codecs import codec_of
from metagraft.proto import VariableDef

KINDS = pytest.mark.parametrize("use_resource", [False, True])


@pytest.fixture(autouse=True)
def graph() -> Iterator[tf.Graph]:
    """A graph of its own for every test."""
    with tf.Graph().as_default() as opened:
        yield opened


@KINDS
def test_values_in_a_session(use_resource: bool) -> None:
    """Initialising, loading, assigning and fetching."""
    v = tf.Variable([1.0, 2.0], use_resource=use_resource)
    total = v.assign_add([1.0, 1.0])
    with tf.Session() as session:
        assert not session.run(tf.is_variable_initialized(v))
        with pytest.raises(errors.FailedPreconditionError, match="Variable"):
            session.run(v)
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run(v), [1.0, 2.0])
        np.testing.assert_array_equal(session.run(total), [2.0, 3.0])
        v.load([7.0, 8.0], session)
        np.testing.assert_array_equal(v.eval(session), [7.0, 8.0])
        assert session.run(v.is_initialized())


@KINDS
def test_updates_of_rows_and_slices(use_resource: bool) -> None:
    """The scatter functions change what they name."""
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], use_resource=use_resource)
    with tf.Session() as session:

        def after(update: object) -> list[list[float]]:
            session.run(v.initializer)
            session.run(update)
            return session.run(v).tolist()

        twice = ([0, 0], [[1.0, 1.0], [2.0, 2.0]])
        assert after(tf.scatter_add(v, *twice))[0] == [4.0, 5.0]
        assert after(tf.scatter_sub(v, *twice))[0] == [-2.0, -1.0]
        assert after(tf.scatter_mul(v, *twice))[0] == [2.0, 4.0]
        assert after(tf.scatter_div(v, *twice))[0] == [0.5, 1.0]
        assert after(tf.scatter_max(v, [1], [[9.0, 0.0]]))[1] == [9.0, 4.0]
        assert after(tf.scatter_min(v, [1], [[9.0, 0.0]]))[1] == [3.0, 0.0]
        assert after(tf.scatter_update(v, [2], 7.0))[2] == [7.0, 7.0]
        assert after(tf.scatter_nd_add(v, [[0, 1]], [10.0]))[0] == [1.0, 12.0]
        assert after(tf.scatter_nd_update(v, [[1]], [[0.0, 0.0]]))[1] == [0.0, 0.0]
        assert after(v[1:, 0].assign([0.0, 0.0])) == [[1, 2], [0, 4], [0, 6]]
        with pytest.raises(errors.InvalidArgumentError, match=r"3 is not in \[0, 3\)"):
            session.run(tf.scatter_add(v, [3], [[1.0, 1.0]]))


@KINDS
def test_counting_stops_at_the_limit(use_resource: bool) -> None:
    """`count_up_to` returns the value before, and fails when there is no more."""
    v = tf.Variable(3, use_resource=use_resource)
    count = v.count_up_to(5)
    with tf.Session() as session:
        session.run(v.initializer)
        assert [session.run(count) for _ in range(2)] == [3, 4]
        with pytest.raises(errors.OutOfRangeError, match="Reached limit of 5"):
            session.run(count)
        assert session.run(v) == 5


@KINDS
def test_a_description_rebuilds_the_variable(use_resource: bool) -> None:
    """`from_proto(to_proto())` gives a variable of equal description."""
    v = tf.get_variable(
        "v", [2], initializer=tf.zeros_initializer(), use_resource=use_resource
    )
    v._set_save_slice_info(tf.Variable.SaveSliceInfo("whole", [4], [2], [2]))
    message = v.to_proto()
    assert message == VariableDef(
        variable_name="v:0",
        initializer_name="v/Assign",
        snapshot_name="v/Read/ReadVariableOp:0" if use_resource else "v/read:0",
        initial_value_name="v/Initializer/zeros:0",
        is_resource=use_resource,
        trainable=True,
        save_slice_info_def={
            "full_name": "whole",
            "full_shape": [4],
            "var_offset": [2],
            "var_shape": [2],
        },
    )
    again = tf.Variable.from_proto(message)
    assert type(again) is type(v)
    assert again.to_proto() == message
    assert again._get_save_slice_info().spec == "4 2,2"


@KINDS
def test_descriptions_inside_scopes(use_resource: bool) -> None:
    """A scope is cut off at export and put before at import."""
    with tf.variable_scope("a"):
        v = tf.Variable(1.0, name="v", use_resource=use_resource)
    message = v.to_proto(export_scope="a")
    assert message is not None
    assert message.variable_name == "v:0"
    assert v.to_proto(export_scope="b") is None
    codec = codec_of("trainable_variables")
    assert codec is not None
    assert codec.from_proto(message, import_scope="a").name == "a/v:0"
    with pytest.raises(KeyError, match="b/v"):
        tf.Variable.from_proto(message, import_scope="b")


def test_arguments_are_checked() -> None:
    """What does not fit is refused with both values."""
    with pytest.raises(ValueError, match="initial_value must be specified"):
        tf.Variable()
    with pytest.raises(ValueError, match=r"collections argument .* Got c of type"):
        tf.Variable(1.0, collections="c")
    with pytest.raises(ValueError, match="constraint` argument must be a callable"):
        tf.Variable(1.0, constraint=3)
    with pytest.raises(ValueError, match=r"\(2,\).*not compatible.*\[3\]"):
        tf.Variable([1.0, 2.0], shape=[3], use_resource=True)
    with pytest.raises(ValueError, match=r"synchronization mode: 9 for variable: v"):
        tf.Variable(1.0, synchronization=9, name="v")
    v = tf.Variable([1.0, 2.0], use_resource=True)
    with pytest.raises(ValueError, match=r"variable shape \(2,\).*shape \(3,\)"):
        v.assign([1.0, 2.0, 3.0])
    with pytest.raises(RuntimeError, match="assign_add"):
        v += 1.0


def test_keys_are_by_identity() -> None:
    """Variables are equal to themselves only, and may be keys."""
    v, w = tf.Variable(1.0), tf.Variable(1.0)
    assert v == v
    assert v != w
    assert {v: 1}[v] == 1
    assert v.ref() == v.ref()
    assert v.ref() != w.ref()
    assert v.ref().deref() is v
    assert repr(v) == "<tf.Variable 'Variable:0' shape=() dtype=float32_ref>"


def test_partitioned_variables_assign_by_pieces() -> None:
    """The whole is assigned, and read as one tensor."""
    with tf.variable_scope("cut", partitioner=tf.fixed_size_partitioner(2)):
        w = tf.get_variable("w", [3, 2], initializer=tf.ones_initializer())
    assert [v.shape.as_list() for v in w] == [[2, 2], [1, 2]]
    update = w.assign(np.arange(6, dtype=np.float32).reshape(3, 2))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(update)
        whole = session.run(tf.convert_to_tensor(w))
    np.testing.assert_array_equal(whole, [[0, 1], [2, 3], [4, 5]])


def test_uninitialised_variables_are_reported() -> None:
    """The report names those without a value, and is empty afterwards."""
    tf.Variable(1.0, name="a")
    tf.Variable(1.0, name="b", use_resource=True)
    report = tf.report_uninitialized_variables()
    with tf.Session() as session:
        assert session.run(report).tolist() == [b"a", b"b"]
        session.run(tf.global_variables_initializer())
        assert session.run(report).tolist() == []
