"""Small parts of the namespace: build flags, benchmarks, maps, options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf


def test_build_flags() -> None:
    """Constants are TensorFlow's; there is nothing to compile against."""
    assert tf.CXX11_ABI_FLAG == tf.sysconfig.CXX11_ABI_FLAG == 1
    assert (tf.CXX_VERSION, tf.MONOLITHIC_BUILD) == (201703, 0)
    assert not tf.sysconfig.get_build_info()["is_tensorrt_build"]
    for name in ("get_compile_flags", "get_include", "get_lib", "get_link_flags"):
        with pytest.raises(tf.errors.UnimplementedError, match="register_op"):
            getattr(tf.sysconfig, name)()


def test_vectorized_map() -> None:
    """Every row, also of several tensors, with tensors from outside."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        outside = tf.Variable(10.0)
        found = tf.vectorized_map(
            lambda row: {"sum": tf.reduce_sum(row) + outside, "top": tf.argmax(row)}, x
        )
        single = tf.constant([[1.0, 1.0]])
        pairs = tf.vectorized_map(lambda ab: ab[0] + ab[1], (x, single))
        session.run(tf.global_variables_initializer())
        values = session.run([found, pairs])
        assert values[0]["sum"].tolist() == [13.0, 17.0]
        assert values[0]["top"].tolist() == [1, 1]
        assert values[1].tolist() == [[2.0, 3.0], [4.0, 5.0]]
        with pytest.raises(ValueError, match="the same first dimension"):
            tf.vectorized_map(lambda ab: ab[0], (x, tf.ones([3, 2])))


def test_vectorized_map_of_unknown_rows() -> None:
    """Single rows that only the run knows are repeated; ragged rows are taken."""
    with tf.Graph().as_default(), tf.Session() as session:
        a, b = tf.placeholder(tf.float32), tf.placeholder(tf.float32, [None])
        sums = tf.vectorized_map(sum, (a, b, tf.constant([1.0])))
        (slope,) = tf.gradients(sums, a)
        feeds = {a: [3.0], b: [-2.0, 6.0, 9.0]}
        found, total = session.run([sums, tf.convert_to_tensor(slope)], feeds)
        assert found.tolist() == [2.0, 10.0, 13.0]
        assert total.tolist() == [3.0]
        assert session.run(sums, {a: [3.0], b: [1.0]}).tolist() == [5.0]
        with pytest.raises(tf.errors.InvalidArgumentError, match="not in"):
            session.run(sums, {a: [3.0, 2.0], b: [-2.0, 6.0, 9.0]})
        ragged = tf.RaggedTensor.from_uniform_row_length(
            tf.RaggedTensor.from_row_lengths(tf.range(12), [3, 3, 3, 3]), 2
        )
        dense = tf.vectorized_map(lambda x: x.to_tensor(shape=[2, 3]), ragged)
        assert session.run(dense).tolist() == session.run(ragged.to_tensor()).tolist()
        doubled = session.run(tf.vectorized_map(lambda row: row * 2, ragged))
        assert doubled.to_list() == (np.arange(12).reshape(2, 2, 3) * 2).tolist()


def test_vectorized_map_of_other_results() -> None:
    """Operators get a batch; operations run for all rows; None stays None."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
        count = tf.Variable(0.0)

        def parts(row: Any) -> Any:
            diagonal = tf.linalg.LinearOperatorDiag(row)
            added = tf.assign_add(count, tf.reduce_sum(row)).op
            both = tf.linalg.LinearOperatorBlockDiag([diagonal, diagonal])
            identity = tf.linalg.LinearOperatorIdentity(2)
            return {"both": both, "none": None, "op": added, "same": identity}

        found = tf.vectorized_map(parts, x)
        session.run(tf.global_variables_initializer())
        session.run(found["op"])
        assert session.run(count) == 10.0
        assert found["none"] is None
        assert found["same"].batch_shape == []
        assert found["both"].batch_shape == [2]
        expected = [[1.0, 2.0, 1.0, 2.0], [3.0, 4.0, 3.0, 4.0]]
        assert session.run(found["both"].diag_part()).tolist() == expected
        sparse = session.run(tf.vectorized_map(tf.sparse.from_dense, x))
        assert sparse.indices.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
        assert sparse.values.tolist() == [1.0, 2.0, 3.0, 4.0]
        assert tf.vectorized_map(lambda row: None, x) is None


def test_benchmarks(capsys: pytest.CaptureFixture[str]) -> None:
    """A run is timed and reported under the names of class and method."""

    class Additions(tf.test.Benchmark):  # type: ignore[misc, name-defined]
        def benchmark_one(self) -> Any:
            with tf.Graph().as_default(), tf.Session() as session:
                total = tf.constant(1.0) + 1.0
                return self.run_op_benchmark(session, total, min_iters=2, mbs=3)

    told = Additions().benchmark_one()
    assert told["iters"] == 2
    assert told["throughput"] == pytest.approx(3 / told["wall_time"])
    assert 'name: "Additions.benchmark_one"' in capsys.readouterr().out
    Additions().report_benchmark(iters=1, extras={"kind": "none"}, name="other")
    shown = capsys.readouterr().out
    assert 'name: "Additions.other"' in shown
    assert 'value { string_value: "none" }' in shown
    with pytest.raises(TypeError, match="`extras` should be a dictionary"):
        Additions().report_benchmark(extras=[1])


def test_tools_of_tests() -> None:
    """What only says something, and what is refused."""
    assert tf.test.is_cpu_target_available("x86")
    assert not tf.test.is_cpu_target_available("abacus")

    @tf.test.with_eager_op_as_function(only_as_function=True)  # type: ignore[untyped-decorator]
    class Tests:
        pass

    assert tf.test.with_eager_op_as_function(Tests) is Tests
    tf.test.experimental.sync_devices()
    with pytest.raises(tf.errors.UnimplementedError, match="create_local_cluster"):
        tf.test.create_local_cluster(1, 1)


def test_debugging_switches() -> None:
    """The flag is kept; numbers are checked by another function."""
    assert tf.debugging.is_traceback_filtering_enabled()
    tf.debugging.disable_traceback_filtering()
    assert not tf.debugging.is_traceback_filtering_enabled()
    tf.debugging.enable_traceback_filtering()
    tf.debugging.disable_check_numerics()
    with pytest.raises(tf.errors.UnimplementedError, match="add_check_numerics_ops"):
        tf.debugging.enable_check_numerics()


def test_files_beside_the_caller() -> None:
    """Paths are relative to this file."""
    here = Path(__file__)
    assert tf.resource_loader.load_resource(here.name) == here.read_bytes()
    assert tf.resource_loader.get_root_dir_with_all_resources() == str(here.parent)


def test_names_without_effect() -> None:
    """Types of few bits, messages of the log, summaries without a writer."""
    assert tf.dtypes.experimental.int4.name == "int4"
    assert tf.LogMessage(message="m").message == "m"
    assert isinstance(3.0, tf.types.experimental.TensorLike)
    assert not isinstance({}, tf.types.experimental.TensorLike)
    with tf.Graph().as_default():
        assert tf.summary.all_v2_summary_ops() == []
        assert tf.check_pinned(1.0).op.type == "CheckPinned"
    with pytest.raises(RuntimeError, match="No default tf"):
        tf.summary.initialize()


def test_specs_of_arrays() -> None:
    """What is known of an array: shape and type of its elements."""
    with tf.Graph().as_default():
        array = tf.TensorArray(tf.float32, 2, element_shape=[3])
        spec = tf.type_spec_from_value(array)
        assert spec == tf.TensorArraySpec([3], tf.float32)
        assert repr(spec).startswith("TensorArraySpec(TensorShape([Dimension(3)])")
        assert spec.value_type is tf.TensorArray
        assert spec.is_compatible_with(array)
        wider = tf.TensorArraySpec([None])
        assert wider.is_compatible_with(spec)
        assert spec.is_subtype_of(wider)
        assert not wider.is_compatible_with(tf.TensorArraySpec([3], tf.int32))
        assert spec.most_specific_compatible_type(tf.TensorArraySpec([4])) == wider
        with pytest.raises(TypeError, match="Expected value to be a TensorArray"):
            tf.TensorArraySpec.from_value(1)


def test_errors_pass_through_status_blocks() -> None:
    """The block of old programs changes nothing."""
    with (
        pytest.raises(tf.errors.NotFoundError, match="here"),
        tf.errors.raise_exception_on_not_ok_status(),
    ):
        raise tf.errors.NotFoundError(None, None, "here")
