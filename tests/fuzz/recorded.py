"""Real MetaGraphs to damage: what TensorFlow wrote, from the golden files."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

from metagraft.proto import GraphDef, MetaGraphDef

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
# Larger ones take longer to examine and show nothing else.
MOST_NODES = 250
FOLDERS_OF_META_GRAPHS = ("meta_graphs", "contexts", "old_graphs", "input_queues")
FOLDERS_OF_GRAPHS = ("same_graph", "functions", "frozen_graphs")


@cache
def meta_graphs() -> dict[str, bytes]:
    """Return recorded MetaGraphs by name, encoded, small ones only."""
    found: dict[str, bytes] = {}
    folders = (*FOLDERS_OF_META_GRAPHS, *FOLDERS_OF_GRAPHS)
    for path in sorted(path for name in folders for path in (GOLDEN / name).iterdir()):
        message = _read(path)
        if message is not None and 0 < len(message.graph_def.node) <= MOST_NODES:
            name = path.relative_to(GOLDEN).as_posix()
            found[name] = message.SerializeToString(deterministic=True)
    return found


def _read(path: Path) -> MetaGraphDef | None:
    if path.suffix == ".meta":
        return MetaGraphDef.FromString(path.read_bytes())
    if path.suffixes[-2:] not in ([".pb", ".gz"], [".meta", ".gz"]):
        return None
    content = gzip.decompress(path.read_bytes())
    if path.parent.name in FOLDERS_OF_META_GRAPHS:
        return MetaGraphDef.FromString(content)
    return MetaGraphDef(graph_def=GraphDef.FromString(content))
