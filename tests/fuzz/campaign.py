"""Makes damaged inputs from a seed and examines them; one number makes one input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random

from metagraft.proto import MetaGraphDef
from metagraft.proto.text import format_text
from tests.fuzz import (
    damage_bytes,
    damage_nodes,
    damage_parts,
    file_campaign,
    model_runs,
)
from tests.fuzz.examination import Outcome, examine
from tests.fuzz.recorded import meta_graphs

KINDS = ("bytes", "text", "nodes", "parts")


@dataclass(frozen=True)
class Input:
    """A damaged MetaGraph.

    Attributes:
        kind: Which part was damaged: one of `KINDS`.
        seed: The number that makes it again.
        origin: The recorded file that was damaged.
        damages: What was done to it.
        content: The bytes.
    """

    kind: str
    seed: int
    origin: str
    damages: tuple[str, ...]
    content: bytes

    @property
    def suffix(self) -> str:
        """How a file of this kind is called."""
        return ".meta"

    def examine(self, folder: Path) -> Outcome:
        """Import it from a file, if its bytes were damaged, or as a message."""
        if self.kind not in ("bytes", "text"):
            meta = MetaGraphDef.FromString(self.content)
            return examine(meta, as_large=bool(self.seed % 2))
        path = folder / "damaged.meta"
        path.write_bytes(self.content)
        return examine(path)

    def __str__(self) -> str:
        """Say how to make it again."""
        done = ", ".join(self.damages)
        return (
            f"--kind={self.kind} --seed={self.seed} --count=1 ({self.origin}: {done})"
        )


def make(kind: str, seed: int) -> Input:
    """Return the input of a kind that a number stands for."""
    rng = Random(f"{kind} {seed}")
    recorded = meta_graphs()
    origin = rng.choice(sorted(recorded))
    content = recorded[origin]
    if kind == "text":
        content = format_text(MetaGraphDef.FromString(content)).encode()
    if kind in ("bytes", "text"):
        damages = damage_bytes.DAMAGES
        if kind == "text":
            damages += damage_bytes.DAMAGES_OF_TEXT
        damage = rng.choice(damages)
        damaged = damage(rng, content)
        return Input(kind, seed, origin, (damage.__name__,), damaged)
    table = damage_nodes.DAMAGES if kind == "nodes" else damage_parts.DAMAGES
    meta = MetaGraphDef.FromString(content)
    done = rng.choices(table, k=rng.choice((1, 1, 1, 2, 3)))
    for change in done:
        change(rng, meta)
    names = tuple(change.__name__ for change in done)
    return Input(kind, seed, origin, names, meta.SerializeToString(deterministic=True))


def inputs(
    first_seed: int, kind: str | None = None
) -> Iterator[Input | file_campaign.FileInput | model_runs.ModelInput]:
    """Return inputs of one kind, or of all kinds in turn, without end."""
    for seed in count(first_seed):
        for each in (*KINDS, *file_campaign.KINDS, *model_runs.KINDS):
            if kind in (None, each):
                yield _made(each, seed)


def _made(
    kind: str, seed: int
) -> Input | file_campaign.FileInput | model_runs.ModelInput:
    if kind in model_runs.KINDS:
        return model_runs.make(kind, seed)
    return make(kind, seed) if kind in KINDS else file_campaign.make(kind, seed)
