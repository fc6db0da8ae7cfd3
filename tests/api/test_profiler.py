"""Profiles of graphs and of runs, and the files made of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from metagraft.compat.python.framework import ops
from metagraft.proto import Profile, ProfileProto
from tests.programs import profiles

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "profiles"
BUILDER = tf.profiler.ProfileOptionBuilder


@pytest.mark.golden
def test_profiles_of_tensorflow(tmp_path: Path) -> None:
    """Every view shows and returns what TensorFlow's does."""
    recorded = json.loads(gzip.decompress((GOLDEN / "profiles.json.gz").read_bytes()))
    found = profiles.answers(tf, tmp_path)
    assert sorted(found) == sorted(recorded)
    for name, expected in recorded.items():
        assert found[name] == expected, name


def _linear() -> tuple[Any, Any]:
    x = tf.placeholder(tf.float32, [2, 3])
    w = tf.get_variable("w", [3, 5])
    return x, tf.matmul(x, w, name="product")


def test_float_operations(capsys: pytest.CaptureFixture[str]) -> None:
    """The number of float operations of a graph is returned, and printed."""
    with tf.Graph().as_default() as graph:
        _linear()
        shown = tf.profiler.profile(graph, options=BUILDER.float_operation())
        # The product, and drawing the weights: products, sums, one difference.
        assert shown.total_float_ops == 2 * 2 * 3 * 5 + 15 + 15 + 1
    printed = capsys.readouterr().out
    assert "-min_float_ops              1\n" in printed
    assert "  product (60/60 flops)\n" in printed
    assert printed.endswith("End of Report==========================\n")


def test_parameters_are_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    """Without options the parameters of trainable variables are counted."""
    with tf.Graph().as_default():
        _linear()
        tf.get_variable("fixed", [7], trainable=False)
        assert tf.profiler.profile().total_parameters == 15
    assert "  w (3x5, 15/15 params)\n" in capsys.readouterr().out


def test_lines_of_python(tmp_path: Path) -> None:
    """The code view and the file for pprof tell which lines made costly nodes."""
    path = tmp_path / "profile.gz"
    options = BUILDER().select(["float_ops"]).with_empty_output()
    with tf.Graph().as_default():
        _, y = _linear()
        tf.gradients(y, tf.trainable_variables())
        shown = tf.profiler.profile(cmd="code", options=options.build())
        options = options.with_pprof_output(str(path))
        tf.profiler.profile(cmd="code", options=options.build())
    lines = {}
    waiting = [shown]
    while waiting:
        one = waiting.pop()
        waiting.extend(one.children)
        lines[one.name.partition(":")[2]] = one.total_float_ops
    (forward,) = (v for k, v in lines.items() if "_linear" in k and v == 60)
    assert forward == 60
    assert lines[next(k for k in lines if k.endswith("_linear (gradient)"))] == 120
    read = Profile.FromString(gzip.decompress(path.read_bytes()))
    assert sum(sample.value[1] for sample in read.sample) == shown.total_float_ops
    labels = [read.string_table[s.label[0].str] for s in read.sample]
    assert "product" in labels


def test_steps_of_a_profiler() -> None:
    """A profiler keeps steps apart, and averages over them."""
    with tf.Graph().as_default() as graph:
        _linear()
        profiler = tf.profiler.Profiler(graph)
        for step, micros in ((1, 10), (5, 30)):
            run = tf.RunMetadata()
            run.step_stats.dev_stats.add(device="/device:CPU:0").node_stats.add(
                node_name="product", all_start_micros=100, op_end_rel_micros=micros
            )
            profiler.add_step(step, run)
        options = BUILDER().select(["micros"]).with_empty_output()
        took = {
            step: profiler.profile_operations(
                options.with_step(step).build()
            ).total_exec_micros
            for step in (1, 5, -1)
        }
        assert took == {1: 10, 5: 30, -1: 20}
        stored = ProfileProto.FromString(profiler.serialize_to_string())
    assert list(stored.steps) == [1, 5]
    (node,) = (one for one in stored.nodes.values() if one.name == "product")
    assert sorted(node.execs) == [1, 5]
    assert node.float_ops == 60


def test_input_shapes_are_those_of_the_output_taken() -> None:
    """The shapes of inputs are those of the very outputs that are taken."""
    with tf.Graph().as_default() as graph:
        _, second = tf.split(tf.ones([3]), [1, 2])
        tf.identity(second, name="taken")
        shown = tf.profiler.profile(
            graph,
            options=BUILDER().select(["input_shapes"]).with_empty_output().build(),
        )
    (taken,) = (child for child in shown.children if child.name == "taken")
    assert taken.input_shapes[0].dim[0].size == 2


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("paper", "Unknown output type: paper"),
        ("file:name=x", "Unrecognized options name for output_type: file"),
        ("file:outfile=", "Visualize format"),
        ("timeline", "Missing required output_options for timeline"),
    ],
)
def test_wrong_outputs(
    output: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """An output that does not exist is told, and an empty message returned."""
    with tf.Graph().as_default() as graph:
        shown = tf.profiler.profile(graph, options={"output": output})
    assert shown.ByteSize() == 0
    assert message in capsys.readouterr().err


def test_unknown_view() -> None:
    """A view that does not exist is refused."""
    with (
        tf.Graph().as_default(),
        pytest.raises(tf.errors.InvalidArgumentError, match="unknown cmd: tree"),
    ):
        tf.profiler.profile(cmd="tree")


def test_own_statistics(tmp_path: Path) -> None:
    """A program can say what its ops cost, and of which kind nodes are."""
    log = tf.profiler.OpLogProto()
    log.log_entries.add(name="product", types=["mine"], float_ops=7)
    with tf.Graph().as_default() as graph:
        _linear()
        options = BUILDER(BUILDER.float_operation()).with_accounted_types(["mine"])
        options = options.with_empty_output().build()
        shown = tf.profiler.profile(graph, op_log=log, options=options)
        assert shown.total_float_ops == 7
        tf.profiler.write_op_log(graph, str(tmp_path), log, add_trace=False)
    written = tf.profiler.OpLogProto.FromString((tmp_path / "tfprof_log").read_bytes())
    types = {entry.name: list(entry.types) for entry in written.log_entries}
    assert types["product"] == ["mine"]
    assert types["w"] == ["_trainable_variables"]


def test_registered_statistics() -> None:
    """Statistics are found by op type and kind; registering one twice fails."""

    def _difficulty(graph: Any, node: Any) -> Any:
        return ops.OpStats("difficulty", len(node.input) + graph.version)

    ops.RegisterStatistics("Shape", "difficulty")(_difficulty)
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32)
        node = tf.shape(x).op.node_def
        assert ops.get_stats_for_node_def(graph, node, "difficulty").value == 3
        assert ops.get_stats_for_node_def(graph, node, "flops").value is None
    with pytest.raises(KeyError, match="Shape,difficulty"):
        ops.RegisterStatistics("Shape", "difficulty")(_difficulty)
    with pytest.raises(KeyError, match="MatMul,flops"):
        ops.RegisterStatistics("MatMul", "flops")(_difficulty)
    total = ops.OpStats("flops")
    total += ops.OpStats("flops", 3)
    total += ops.OpStats("flops", 4)
    assert total.value == 7
    with pytest.raises(ValueError, match="Can't add an OpStat of type"):
        total += ops.OpStats("difficulty", 1)


def test_shapes_of_a_run_fill_in() -> None:
    """A run tells shapes that the graph does not know, and so what nodes cost."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 4], name="x")
        tf.square(x, name="squared")
        run = tf.RunMetadata()
        device = run.step_stats.dev_stats.add(device="/device:CPU:0")
        output = device.node_stats.add(node_name="x", all_start_micros=1).output.add()
        for size in (6, 4):
            output.tensor_description.shape.dim.add(size=size)
        options = BUILDER(BUILDER.float_operation()).with_min_float_operations(0)
        options = options.with_empty_output().build()
        # What did not run has taken nothing.
        assert tf.profiler.profile(graph, run, options=options).total_float_ops == 24
        assert x.shape.as_list() == [6, 4]
