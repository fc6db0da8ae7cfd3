"""Keeping freed memory between runs of a program."""

import subprocess
import sys

import pytest

_PROGRAM = """
import resource
from metagraft.kernels.host_memory import keep_freed_blocks

is_kept = keep_freed_blocks()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    b"x" * 80_000_000
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(is_kept, faults() < 1000)
"""

_TEMPORARIES = """
import resource
import metagraft.compat.v1 as tf

with tf.Graph().as_default(), tf.Session() as session:
    image = tf.Variable(tf.zeros([8, 256, 256, 1]))
    largest = tf.reduce_max(tf.nn.conv2d(image, tf.ones([3, 3, 1, 64]), 1, "SAME"))
    session.run(tf.global_variables_initializer())
    faults = []
    for _ in range(10):  # the first few make room
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        session.run(largest)
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    print(sorted(faults)[len(faults) // 2] < 5000)
"""


def _run(program: str = _PROGRAM, **environment: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc's malloc that is told")
def test_a_freed_block_is_used_again() -> None:
    """Where glibc can be told so, a second block of 80 MB costs no new pages."""
    is_kept, is_used_again = _run().split()
    assert is_kept == "False" or is_used_again == "True"


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc's malloc that is told")
def test_temporaries_of_programs_are_used_again() -> None:
    """A run whose temporaries are 134 MB, or 33,000 pages, takes those of the last."""
    is_kept, _ = _run().split()
    assert is_kept == "False" or _run(_TEMPORARIES) == "True"


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc's malloc that is told")
def test_the_users_settings_win() -> None:
    """An environment that configures malloc is left alone."""
    assert _run(MALLOC_TRIM_THRESHOLD_="131072").startswith("False")
