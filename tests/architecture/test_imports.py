"""What loads what: reading and building graphs never loads JAX."""

from __future__ import annotations

import subprocess
import sys

import pytest


def modules_after(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter loaded by a statement."""
    program = (
        f"import sys\n{statement}\nprint(*{{m.split('.')[0] for m in sys.modules}})"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return set(finished.stdout.split())


def test_import_metagraft_loads_nothing_heavy() -> None:
    """`import metagraft` is a list of names; the rest loads on first use."""
    loaded = modules_after("import metagraft")
    assert loaded.isdisjoint({"jax", "jaxlib", "numpy", "google", "rich"})


@pytest.mark.parametrize(
    "statement",
    [
        "import metagraft.compat.v1",
        "import metagraft.formats",
        "import metagraft.meta_graph",
        "import metagraft.ops",
        "import metagraft.api",
        "import metagraft.training",
    ],
)
def test_graphs_do_not_load_jax(statement: str) -> None:
    """What a file or a graph says never depends on JAX."""
    assert modules_after(statement).isdisjoint({"jax", "jaxlib", "tensorflow"})


def test_building_a_graph_does_not_load_jax() -> None:
    """Variables, layers, gradients and an optimizer are nodes and nothing more."""
    loaded = modules_after(
        "import metagraft.compat.v1 as tf\n"
        "x = tf.placeholder(tf.float32, [None, 4])\n"
        "w = tf.get_variable('w', [4, 2])\n"
        "loss = tf.reduce_mean(tf.square(tf.matmul(x, w)))\n"
        "tf.train.AdamOptimizer().minimize(loss)\n"
        "tf.train.export_meta_graph()\n"
    )
    assert loaded.isdisjoint({"jax", "jaxlib", "tensorflow"})
