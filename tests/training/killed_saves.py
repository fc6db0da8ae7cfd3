"""Kills processes that save, and looks at what they leave.

`test_saver_killed.py` runs it.

Usage: python -m tests.training.killed_saves FOLDER

Every save is made by a child process. It is killed before each call that changes files,
one call after the other, and then at random times. What the children
leave must be restorable. Prints what was wrong and how often it killed, as JSON.
"""

from __future__ import annotations

import builtins
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import metagraft.compat.v1 as tf
from metagraft.formats.bundle.reader import BundleReader

_CALLS = ("fsync", "replace", "unlink", "rmdir", "mkdir", "makedirs")
_RANDOM_KILLS = 5
_KEPT = 2


class Killer:
    """Kills this process at the n-th point."""

    def __init__(self, after: int) -> None:
        self.left = after

    def point(self) -> None:
        """Pass a point at which the process may end."""
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with a point before it."""

        def call(*args: Any, **kwargs: Any) -> Any:
            self.point()
            return function(*args, **kwargs)

        return call

    def watch(self) -> None:
        """Put points before all calls that change files."""
        for name in _CALLS:
            setattr(os, name, self.before(getattr(os, name)))
        builtins.open = self.before(builtins.open)


class Run:
    """A training whose variables all have the number of the step."""

    def __init__(self, folder: Path, sharded: bool, numbered: bool) -> None:
        self.prefix = folder / "m"
        self.numbered = numbered
        self.folder = folder
        with tf.Graph().as_default():
            with tf.device("/job:a"):
                names = [tf.get_variable(f"v{n}", [50]) for n in range(3)]
            with tf.device("/job:b"):
                names.append(tf.get_variable("w", [], use_resource=True))
            self.variables = names
            self.value = tf.placeholder(tf.float32, [])
            self.assign = tf.group(
                *(v.assign(tf.fill(v.shape, self.value)) for v in names)
            )
            self.saver = tf.train.Saver(sharded=sharded, max_to_keep=_KEPT)
            self.session = tf.Session()
        self.problems: list[str] = []
        self.step = 0
        for _ in range(_KEPT + 1):
            self.save()

    def save(self) -> None:
        """Save the next step."""
        self.step += 1
        self.session.run(self.assign, {self.value: self.step})
        step = self.step if self.numbered else None
        self.saver.save(self.session, self.prefix, step)

    def killed_save(self, prepare: Callable[[], object], seconds: float | None) -> bool:
        """Save in a child that is killed; return whether it was."""
        self.save()
        before = tf.train.latest_checkpoint(self.folder)
        self.step += 1  # of the child
        child = os.fork()
        if child == 0:
            prepare()
            self.step -= 1
            self.save()
            os._exit(0)
        if seconds is not None:
            time.sleep(seconds)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            self.problems.append(f"a child failed: {status}")
        if self.numbered:
            self.check(before)
        else:
            self.check_restored({self.step - 1, self.step})
        return os.WIFSIGNALED(status)

    def check_restored(self, steps: set[int]) -> None:
        """Note if the one checkpoint cannot be restored, or is of other steps."""
        try:
            self.saver.restore(self.session, self.prefix)
        except Exception as error:  # noqa: BLE001
            self.problems.append(f"{self.step}: {error}"[:300])
            return
        values = [self.session.run(v).max() for v in self.variables]
        if len(set(values)) > 1 or values[0] not in steps:
            self.problems.append(f"{values} are not of {steps}")

    def check(self, before: str | None) -> None:
        """Note what is wrong with the latest checkpoint and with the one before."""
        latest = tf.train.latest_checkpoint(self.folder)
        for prefix in {latest, before}:
            if prefix is None:
                self.problems.append("there is no latest checkpoint")
                continue
            try:
                with BundleReader(prefix) as reader:
                    values = [reader.read(name).max() for name in reader.keys()]  # noqa: SIM118
            except Exception as error:  # noqa: BLE001
                self.problems.append(f"{prefix}: {error}")
                continue
            if values != [float(prefix.rpartition("-")[2])] * 4:
                self.problems.append(f"{prefix}: {values}")


def examine(folder: Path, sharded: bool, numbered: bool) -> dict[str, Any]:
    """Kill at every point, then at random; return what happened."""
    folder.mkdir()
    run = Run(folder, sharded, numbered)
    points = 0
    while run.killed_save(Killer(points).watch, None):
        points += 1
    start = time.perf_counter()
    run.save()
    duration = time.perf_counter() - start
    generator = random.Random(7)
    for _ in range(_RANDOM_KILLS):
        run.killed_save(lambda: None, generator.uniform(0, 1.5 * duration))
    run.save()
    if numbered:
        run.check(f"{run.prefix}-{run.step}")
    else:
        run.check_restored({run.step})
    return {"points": points, "problems": run.problems}


KINDS = {
    "plain": {"sharded": False, "numbered": True},
    "sharded": {"sharded": True, "numbered": True},
    "one_prefix": {"sharded": False, "numbered": False},
}


def main(folder: str) -> None:
    """Print what was found for every kind of saver."""
    found = {kind: examine(Path(folder) / kind, **how) for kind, how in KINDS.items()}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
