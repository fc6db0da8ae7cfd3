"""Graphs and checkpoints of many variables, made without waiting for either side.

`python -m benchmarks.checkpoint_files KIND PREFIX COUNT SIZE` writes files, in a
process of its own so that its memory does not count.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

_FLOAT_BYTES = 4


def write_in_process(kind: str, prefix: str, count: int, size: int) -> None:
    """Write files in another process; see `write`."""
    arguments = (kind, prefix, str(count), str(size))
    subprocess.run([sys.executable, "-m", __name__, *arguments], check=True)


def write(kind: str, prefix: str, count: int, size: int) -> None:
    """Write a checkpoint of `count` variables of `size` elements.

    Args:
        kind: `full`, or `sparse`: the data file is a hole, so nothing can be read.
        prefix: What the names of the files start with.
        count: How many variables.
        size: Elements of each.
    """
    import numpy as np

    from metagraft.formats.bundle.format import Entry, Header, index_path, shard_path
    from metagraft.formats.bundle.writer import BundleWriter
    from metagraft.formats.table.writer import TableWriter

    names = list(variable_names(count))
    if kind == "full":
        array = np.ones(size, np.float32)
        with BundleWriter(prefix) as writer:
            for name in names:
                writer.add(name, array)
            writer.finish()
        return
    bytes_each = size * _FLOAT_BYTES
    entries = [
        Entry(1, (size,), 0, number * bytes_each, bytes_each, 1)
        for number in range(count)
    ]
    with Path(index_path(prefix)).open("wb") as index:
        table = TableWriter(index.write)  # type: ignore[arg-type]
        table.add(b"", Header(1).encode())
        keys = [name.encode() for name in names]
        table.add_many(keys, [entry.encode() for entry in entries])
        table.finish()
    with Path(shard_path(prefix, 0, 1)).open("wb") as data:
        data.truncate(count * bytes_each)


def variable_names(count: int) -> Iterable[str]:
    """Yield the names of the variables."""
    return (f"layer_{number // 10:05d}/v{number % 10}" for number in range(count))


def saver_meta_graph(tf: ModuleType, count: int, size: int, shards: int) -> Any:
    """Return the MetaGraph of variables and their saver, as TensorFlow builds it.

    To build 100,000 variables with `tf.get_variable` takes TensorFlow minutes.

    Args:
        tf: One of the sides.
        count: How many variables.
        size: Elements of each.
        shards: On how many devices they are; with more than one they are saved sharded.
    """
    meta_graph = tf.MetaGraphDef()
    meta_graph.graph_def.versions.producer = 1087
    nodes = _Nodes(tf, meta_graph.graph_def)
    nodes.constant("save/filename/input", [b"model"], scalar=True)
    nodes.add("save/filename", "PlaceholderWithDefault", ["save/filename/input"])
    names = list(variable_names(count))
    for number, name in enumerate(names):
        nodes.variable(name, size, _device(number % shards, shards))
    saves, restores = [], []
    files = ["save/filename"]
    if shards > 1:
        files = nodes.shard_names(shards)
    for shard, file in enumerate(files):
        device = _device(shard, shards)
        saves.append(nodes.save(shard, file, names[shard::shards], device))
        restores.append(nodes.restore(shard, names[shard::shards], device))
    if shards > 1:
        saves = [nodes.merge(files, saves)]
    done = ["save/filename", *saves]
    nodes.add("save/control_dependency", "Identity", done, T=tf.string)
    nodes.add("save/restore_all", "NoOp", restores)
    saver = meta_graph.saver_def
    saver.filename_tensor_name = "save/filename:0"
    saver.save_tensor_name = "save/control_dependency:0"
    saver.restore_op_name = "save/restore_all"
    saver.max_to_keep = 5
    saver.version = 2
    return meta_graph


def _device(shard: int, shards: int) -> str:
    return f"/device:CPU:{shard}" if shards > 1 else ""


class _Nodes:
    """The nodes of a graph, added one by one."""

    def __init__(self, tf: ModuleType, graph_def: Any) -> None:
        self._tf = tf
        self._graph_def = graph_def

    def add(
        self, name: str, op: str, inputs: Sequence[str], device: str = "", **types: Any
    ) -> Any:
        """Add a node; `types` are attributes."""
        node = self._graph_def.node.add(name=name, op=op, input=inputs, device=device)
        if op == "PlaceholderWithDefault":
            types["dtype"] = self._tf.string
            node.attr["shape"].shape.SetInParent()
        for attribute, dtype in types.items():
            node.attr[attribute].type = dtype.as_datatype_enum
        return node

    def constant(self, name: str, values: Sequence[Any], scalar: bool = False) -> None:
        """Add a constant of texts or of a number."""
        is_text = isinstance(values[0], bytes)
        dtype = self._tf.string if is_text else self._tf.int32
        node = self.add(name, "Const", [], dtype=dtype)
        tensor = node.attr["value"].tensor
        tensor.dtype = dtype.as_datatype_enum
        tensor.tensor_shape.SetInParent()
        if not scalar:
            tensor.tensor_shape.dim.add().size = len(values)
        (tensor.string_val if is_text else tensor.int_val).extend(values)

    def variable(self, name: str, size: int, device: str) -> None:
        """Add a variable."""
        node = self.add(name, "VariableV2", [], device, dtype=self._tf.float32)
        node.attr["shape"].shape.dim.add().size = size

    def shard_names(self, shards: int) -> list[str]:
        """Add the names of the files of several devices; return the nodes."""
        self.constant("save/suffix", [b"_temp/part"], scalar=True)
        inputs = ["save/filename", "save/suffix"]
        self.add("save/StringJoin", "StringJoin", inputs).attr["N"].i = 2
        self.constant("save/num_shards", [shards], scalar=True)
        names = []
        for shard in range(shards):
            self.constant(f"save/shard_{shard}", [shard], scalar=True)
            inputs = ["save/StringJoin", f"save/shard_{shard}", "save/num_shards"]
            names.append(f"save/ShardedFilename_{shard}")
            self.add(names[-1], "ShardedFilename", inputs, _device(shard, shards))
        return names

    def save(self, shard: int, file: str, names: Sequence[str], device: str) -> str:
        """Add what saves; return the control input that waits for it."""
        self._name_tables(shard, names)
        inputs = [file, f"save/names_{shard}", f"save/slices_{shard}", *names]
        node = self.add(f"save/SaveV2_{shard}", "SaveV2", inputs, device)
        node.attr["dtypes"].list.type.extend([1] * len(names))
        return f"^save/SaveV2_{shard}"

    def _name_tables(self, shard: int, names: Sequence[str]) -> None:
        self.constant(f"save/names_{shard}", [name.encode() for name in names])
        self.constant(f"save/slices_{shard}", [b""] * len(names))

    def restore(self, shard: int, names: Sequence[str], device: str) -> str:
        """Add what restores; return the control input that waits for it."""
        source = f"save/RestoreV2_{shard}"
        inputs = ["save/filename", f"save/names_{shard}", f"save/slices_{shard}"]
        node = self.add(source, "RestoreV2", inputs, device)
        node.attr["dtypes"].list.type.extend([1] * len(names))
        assigned = []
        for number, name in enumerate(names):
            inputs = [name, f"{source}:{number}"]
            assign = f"save/Assign/{name}"
            node = self.add(assign, "Assign", inputs, device, T=self._tf.float32)
            node.attr["_class"].list.s.append(b"loc:@" + name.encode())
            assigned.append(f"^{assign}")
        self.add(f"save/restore_shard_{shard}", "NoOp", assigned, device)
        return f"^save/restore_shard_{shard}"

    def merge(self, files: Sequence[str], saves: Sequence[str]) -> str:
        """Add what joins the files of several devices."""
        packed = self.add("save/Pack", "Pack", [*files, *saves], T=self._tf.string)
        packed.attr["N"].i = len(files)
        inputs = ["save/Pack", "save/filename", *saves]
        self.add("save/MergeV2Checkpoints", "MergeV2Checkpoints", inputs)
        return "^save/MergeV2Checkpoints"


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
