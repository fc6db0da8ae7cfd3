"""What is written down of the ops that run is what the tables in the code say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from metagraft.graph.families import families_in
from metagraft.kernels import SUPPORT_FILE, kernel_for, kernel_table
from metagraft.ops import op_table, spec_of
from tools import op_table as tool


def test_files_are_generated() -> None:
    """The committed files are what their command writes."""
    stale = [
        path.name
        for path, content in tool.files().items()
        if path.read_text("utf-8") != content
    ]
    assert not stale, f"stale: run `{tool.COMMAND}`"


def test_every_op_is_found() -> None:
    """By family or in the whole table, the answer is the same."""
    for op_type, kernel in kernel_table().items():
        if op_type in families_in(SUPPORT_FILE):
            assert kernel_for(op_type) in (kernel, None), op_type
    for op_type, spec in op_table().items():
        assert spec_of(op_type) is spec


def test_a_stale_file_is_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An op that moved to another module, or is new, is found in all modules."""
    stale = tmp_path / "families.json"
    stale.write_text('{"gone": ["Conv2D"], "math": ["Relu"]}')
    monkeypatch.setattr("metagraft.kernels.SUPPORT_FILE", stale)
    monkeypatch.setattr("metagraft.ops.FAMILIES_FILE", stale)
    from metagraft.kernels import _kernel_for

    for op_type in ("Conv2D", "Relu", "MatMul"):
        assert _kernel_for.__wrapped__(op_type) is kernel_table()[op_type]
        assert spec_of(op_type) is op_table()[op_type]


def test_only_needed_families_are_loaded() -> None:
    """A small graph is built and run without the kernels of images and trees."""
    program = (
        "import sys\nimport metagraft.compat.v1 as tf\n"
        "x = tf.placeholder(tf.float32, [2])\n"
        "print(tf.Session().run(tf.nn.relu(x + 1.0), {x: [1, -2]}))\n"
        "print(*(m for m in sys.modules if m.startswith('metagraft.kernels.')))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = found.stdout.split()
    assert "metagraft.kernels.activation" in loaded
    assert "metagraft.kernels.convolution" not in loaded
    assert len(loaded) < 30


def test_what_models_use_is_counted() -> None:
    """The survey counts models, and knows ops that everybody uses."""
    assert tool.use()["Const"] == 260
    assert all(count >= 1 for count in tool.use().values())
