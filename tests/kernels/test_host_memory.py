"""Keeping freed memory between runs of a program."""

import subprocess
import sys

import pytest

_PROGRAM = """
import resource
import threading
from metagraft.kernels.host_memory import keep_freed_blocks

is_kept = keep_freed_blocks()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    b"x" * 80_000_000
    found.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
found = []
for _ in range(2):
    faults()
for _ in range(2):
    thread = threading.Thread(target=faults)
    thread.start()
    thread.join()
print(is_kept, max(found[1:]) < 1000)
"""


def _run(**environment: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc's malloc that is told")
def test_a_freed_block_is_used_again() -> None:
    """Where glibc can be told so, a second block of 80 MB costs no new pages.

    Nor does one that another thread asks for, as those of JAX do.
    """
    is_kept, is_used_again = _run().split()
    assert is_kept == "False" or is_used_again == "True"


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc's malloc that is told")
def test_the_users_settings_win() -> None:
    """An environment that configures malloc is left alone."""
    assert _run(MALLOC_TRIM_THRESHOLD_="131072").startswith("False")
