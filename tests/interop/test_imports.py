"""Recorded files, imported by both libraries and exported again."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from metagraft.proto import MetaGraphDef
from tests import same_meta_graph

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
FILES = [
    path
    for pattern in ("meta_graphs/*.pb.gz", "contexts/*.meta.gz", "old_graphs/*.meta.gz")
    for path in sorted(GOLDEN.glob(pattern))
]
# What TensorFlow refuses and Metagraft takes: ops of contrib (MG-142), bytes that are
# no text (MG-168).
TAKEN = ("NotFoundError", "UnicodeDecodeError")


def in_a_scope(tf: ModuleType, content: bytes) -> Any:
    """Import into a scope."""
    meta = tf.MetaGraphDef.FromString(content)
    return tf.train.import_meta_graph(meta, import_scope="s")


def in_open_scopes(tf: ModuleType, content: bytes) -> Any:
    """Import into a scope inside of others, on a device."""
    with tf.name_scope("open"), tf.device("/cpu:1"):
        return in_a_scope(tf, content)


def without_devices(tf: ModuleType, content: bytes) -> Any:
    """Import without devices."""
    meta = tf.MetaGraphDef.FromString(content)
    return tf.train.import_meta_graph(meta, clear_devices=True)


def after_an_operation(tf: ModuleType, content: bytes) -> Any:
    """Import under a control dependency."""
    meta = tf.MetaGraphDef.FromString(content)
    with tf.control_dependencies([tf.no_op(name="first")]):
        return tf.train.import_meta_graph(meta)


def with_other_inputs(tf: ModuleType, content: bytes) -> Any:
    """Import with new placeholders, whose shapes are known where they were not."""
    meta = tf.MetaGraphDef.FromString(content)
    input_map = {}
    for node in meta.graph_def.node:
        if node.op != "Placeholder" or is_of_sparse_tensor(node.name):
            continue
        shape = node.attr["shape"].shape if "shape" in node.attr else None
        dims = None
        if shape is not None and not shape.unknown_rank:
            dims = [2 if dim.size < 0 else dim.size for dim in shape.dim]
        dtype = tf.as_dtype(node.attr["dtype"].type)
        input_map[f"{node.name}:0"] = tf.placeholder(dtype, dims, name="new")
    return tf.train.import_meta_graph(meta, import_scope="s", input_map=input_map)


def is_of_sparse_tensor(name: str) -> bool:
    """Whether an input is part of a sparse tensor, whose parts fit together."""
    return name.endswith(("/shape", "/values", "/indices"))


def outcome(
    tf: ModuleType, path: Path, load: Callable[[ModuleType, bytes], Any]
) -> MetaGraphDef | str:
    """Return the graph after the import, or the class of the error."""
    with tf.Graph().as_default():
        try:
            saver = load(tf, gzip.decompress(path.read_bytes()))
        except Exception as error:  # noqa: BLE001 - the class is the answer
            return type(error).__name__
        definition = None if saver is None else saver.as_saver_def()
        found = same_meta_graph.parsed(tf.train.export_meta_graph(saver_def=definition))
        # TensorFlow's library has no order after an import.
        found.graph_def.library.function.sort(key=lambda f: f.signature.name)
        return found


@pytest.mark.parametrize(
    "load",
    [
        in_a_scope,
        in_open_scopes,
        without_devices,
        after_an_operation,
        with_other_inputs,
    ],
)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])
def test_same_graph_after_import(
    path: Path,
    load: Callable[[ModuleType, bytes], Any],
    tf: ModuleType,
    mg: ModuleType,
) -> None:
    """The same message (MG-130, MG-136, MG-137, MG-144, MG-150, MG-163, MG-176)."""
    expected, found = (outcome(library, path, load) for library in (tf, mg))
    if expected in TAKEN:
        return
    if isinstance(expected, str) or isinstance(found, str):
        assert found == expected
        return
    differences = same_meta_graph.differences(expected, found)
    assert not differences, f"{path.name}:\n{differences}"
