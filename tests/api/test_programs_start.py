"""What programs do before they build a graph: switches, flags, start, log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import metagraft.compat.v1 as tf

PROGRAM = """
import metagraft.compat.v1 as tf

tf.disable_v2_behavior()
tf.app.flags.DEFINE_integer("steps", 3, "how many")
tf.flags.DEFINE_string("name", "a", "a name")
tf.flags.DEFINE_bool("fast", False, "whether")
FLAGS = tf.flags.FLAGS


def main(argv):
    tf.logging.set_verbosity(tf.logging.INFO)
    tf.logging.info("steps %d", FLAGS.steps)
    print(FLAGS.steps, FLAGS.name, FLAGS.fast, argv[1:])


if __name__ == "__main__":
    tf.app.run()
"""


def test_app_run_parses_flags(tmp_path: Path) -> None:
    """Known flags are taken, others and arguments are handed to `main`."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    finished = subprocess.run(
        [sys.executable, str(script), "--steps=5", "--fast", "x", "--other=1"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout == "5 a True ['x', '--other=1']\n"
    assert "program.py" in finished.stderr
    assert finished.stderr.endswith("] steps 5\n")


def test_version_1_behaviour_is_the_case() -> None:
    """Programs that switch version 2 off go on; switching it on is refused."""
    tf.disable_v2_behavior()
    tf.disable_control_flow_v2()
    tf.disable_tensor_equality()
    tf.disable_v2_tensorshape()
    assert not tf.executing_eagerly()
    assert not tf.control_flow_v2_enabled()
    assert repr(tf.TensorShape([2])[0]) == "Dimension(2)"
    with pytest.raises(tf.errors.UnimplementedError, match="enable_v2_behavior"):
        tf.enable_v2_behavior()


def test_resource_variables_by_default() -> None:
    """`enable_resource_variables` decides the kind where a program does not."""
    with tf.Graph().as_default():
        tf.enable_resource_variables()
        try:
            assert tf.get_variable("a", [1]).op.type == "VarHandleOp"
        finally:
            tf.disable_resource_variables()
        assert tf.get_variable("b", [1]).op.type == "VariableV2"


def test_log_first_and_every(caplog: pytest.LogCaptureFixture) -> None:
    """Counted messages appear as often as asked."""
    with caplog.at_level("INFO", logger="tensorflow"):
        for _ in range(4):
            tf.logging.log_first_n(tf.logging.INFO, "first", 2)
            tf.logging.log_every_n(tf.logging.INFO, "every", 3)
    assert [record.message for record in caplog.records].count("first") == 2
    assert [record.message for record in caplog.records].count("every") == 2
