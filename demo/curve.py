"""The learning curve: each half is a file, and both together a picture."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, slots=True)
class Curve:
    """The losses of one half.

    Attributes:
        first_step: The step of the first loss.
        losses: The loss of every batch, with dropout.
        at_stop: The loss on the whole training set, without dropout, at the stop: as
            the first program left it or as the second one found it.
    """

    first_step: int
    losses: list[float]
    at_stop: float


def write(path: Path, curve: Curve) -> None:
    """Write one half."""
    path.write_text(json.dumps(asdict(curve)), encoding="utf-8")


def read(path: Path) -> Curve:
    """Read one half."""
    return Curve(**json.loads(path.read_text(encoding="utf-8")))


def check(first: Curve, second: Curve) -> None:
    """Fail unless the second half goes on exactly where the first one stopped.

    Raises:
        ValueError: A step is missing or done twice, the loss at the stop differs, or
            the losses of the batches jump there.
    """
    stop = first.first_step + len(first.losses)
    if second.first_step != stop:
        raise ValueError(f"training stopped at {stop}, went on at {second.first_step}")
    if abs(second.at_stop - first.at_stop) > 1e-4 * first.at_stop:
        raise ValueError(f"loss {first.at_stop} saved, {second.at_stop} restored")
    before, after = np.mean(first.losses[-50:]), np.mean(second.losses[:50])
    if after > 1.25 * before:
        raise ValueError(f"mean loss {before} before the stop, {after} after it")


def draw(path: Path, first: Curve, second: Curve) -> None:
    """Write a picture of both halves and the stop between them."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5))
    for half, name, colour in (
        (first, "train.py", "tab:blue"),
        (second, "resume.py", "tab:orange"),
    ):
        steps = np.arange(len(half.losses)) + half.first_step
        axes.plot(steps, half.losses, label=name, color=colour, linewidth=1)
    axes.axvline(second.first_step, color="grey", linestyle="--", linewidth=1)
    axes.plot(
        second.first_step, second.at_stop, "ko", label="whole training set at the stop"
    )
    axes.set(xlabel="step", ylabel="loss", yscale="log", title="Digits, stopped once")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)
