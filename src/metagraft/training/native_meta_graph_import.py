"""`metagraft.import_meta_graph`: a MetaGraph grafted into a graph, with its saver.

The twin for programs written for TensorFlow is `meta_graph_import.py`; the nodes and
collections are the work of `meta_graph/native_import.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from metagraft.errors import NotFoundError
from metagraft.formats import files
from metagraft.formats.checkpoint_paths import checkpoint_prefix, existing_files
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.scope_names import strip_name_scope
from metagraft.graph.tensor import Tensor
from metagraft.meta_graph.native_import import (
    Grafted,
    Options,
    collection_choice,
    grafted,
)
from metagraft.meta_graph.reports import Report
from metagraft.meta_graph.unknown_ops import UnknownOp
from metagraft.training.checkpoint_management import meta_graph_filename
from metagraft.training.saver import Saver

_META: Final = ".meta"


@dataclass(frozen=True, slots=True)
class Import:
    """What `metagraft.import_meta_graph` returns.

    Attributes:
        graph: The graph that the nodes are in.
        scope: The scope that they are in, without slash at its end; "" for none.
        saver: Saves and restores the variables of this import; None if the file has no
            saver and none was to be added.
        variables: The imported global variables by their names in the file.
        elements: The operations and tensors of `return_elements`.
        names: The names of all nodes in the graph, by their names in the file.
        unknown_ops: Op types that are not registered; running their nodes fails.
        report: What was left out, and why.
    """

    graph: Graph
    scope: str
    saver: Saver | None
    variables: Mapping[str, Any]  # of either kind of variable
    elements: tuple[Operation | Tensor, ...]
    names: Mapping[str, str] = field(repr=False)
    unknown_ops: tuple[UnknownOp, ...]
    report: Report

    def __getitem__(self, name: str) -> Operation | Tensor:
        """Return what the file calls `name`: `x` is an operation, `x:0` a tensor.

        Raises:
            KeyError: The file has no such node.
        """
        node, colon, port = name.partition(":")
        if node not in self.names:
            raise KeyError(f"The MetaGraph has no node '{node}'.")
        return self.graph.as_graph_element(f"{self.names[node]}{colon}{port}")


def import_meta_graph(
    source: Any,
    *,
    graph: Graph | None = None,
    scope: str | None = None,
    input_map: Mapping[str, Any] | None = None,
    return_elements: Sequence[str] = (),
    collections: Iterable[str] | Callable[[str], bool] | None = None,
    skip_unresolvable: bool = False,
    share_resources: bool = False,
    add_saver: bool = False,
    allow_unknown_ops: bool = True,
    clear_devices: bool = False,
    constants: str | os.PathLike[str] | None = None,
) -> Import:
    """Import a MetaGraph into a graph; imports share nothing unless asked to.

    If anything goes wrong the graph stays as it was. The source is not changed.

    Args:
        source: A `MetaGraphDef`, ours or TensorFlow's; or the path of a file, binary or
            text, or of a checkpoint that has one, `model-10`, in any form: one of its
            files, or the folder, for the latest in it.
        graph: The graph; by default the default graph.
        scope: Name scope to put the nodes into, made unique; with a slash at its end it
            is taken as it is.
        input_map: Names of inputs (`x`, `x:1`, `^x`) -> what is used in their place:
            tensors, operations for control inputs, or values. Unbound inputs also go by
            the names that they had in the graph that they were exported from. Names
            that the file does not have are reported, not refused.
        return_elements: Names of operations and tensors to return.
        collections: Names of the collections to restore, or a function that says
            whether to restore one; None for all.
        skip_unresolvable: Whether entries of collections, or a saver, that name nodes
            that do not exist are left out and reported, instead of refused.
        share_resources: Whether variables, queues, tables and iterators keep the names
            by which a session shares them.
        add_saver: Whether a saver for the imported variables is added if the file has
            none; it restores checkpoints of the program that wrote the file.
        allow_unknown_ops: Whether ops that are not registered are imported.
        clear_devices: Whether nodes come without devices.
        constants: Prefix of the checkpoint with large constants; None to look for it
            beside the file and where it was written.

    Raises:
        ValueError: Inputs are unbound, or the nodes are malformed.
        KeyError: Collections or the saver name nodes that do not exist.
        NotFoundError: Ops are not registered, or the checkpoint with large constants is
            missing.
        OSError: The file does not exist or holds no MetaGraph.
        TypeError: An argument has the wrong type.
        RuntimeError: Eager execution is on, and no graph is given.
    """
    options = Options(
        scope=scope,
        input_map={} if input_map is None else input_map,
        return_elements=return_elements,
        collections=collection_choice(collections),
        skip_unresolvable=skip_unresolvable,
        share_resources=share_resources,
        allow_unknown_ops=allow_unknown_ops,
        clear_devices=clear_devices,
        constants=None if constants is None else os.fspath(constants),
    )
    with grafted(_file_of(source), graph, options) as found:
        saver = _saver_of(found, add_saver=add_saver)
    return Import(
        graph=found.graph,
        scope=found.scope,
        saver=saver,
        variables=MappingProxyType(found.variables),
        elements=tuple(found.elements),
        names=MappingProxyType(found.names),
        unknown_ops=found.unknown_ops,
        report=Report(tuple(found.omissions)),
    )


def _file_of(source: Any) -> Any:
    """Return the file that a path means; anything else as it is.

    Raises:
        OSError: There is no such file; says what may help.
    """
    if not isinstance(source, str | bytes | os.PathLike):
        return source
    path = os.fsdecode(source)
    if files.exists(path) and not files.is_folder(path) and path.endswith(_META):
        return path
    prefix = path
    try:
        prefix = checkpoint_prefix(path)
        beside = meta_graph_filename(prefix, _META[1:])
    except (NotFoundError, ValueError):
        beside = path
    is_part = beside != path + _META  # the path is that of another of its files
    if files.exists(beside) and (is_part or existing_files(prefix)):
        if not files.is_folder(beside):
            return beside
    elif files.exists(path) and not files.is_folder(path) and not is_part:
        return path
    raise OSError(
        f"File does not exist. Received: {path}. There is no {_META} file of a "
        "checkpoint there; `metagraft.recover_meta_graph` may find the graph in event "
        "files or graph.pbtxt, and `tf.saved_model.load` loads SavedModels."
    )


def _saver_of(found: Grafted, *, add_saver: bool) -> Saver | None:
    if found.saver_def is not None:
        return Saver(saver_def=found.saver_def)
    # TF: adds a saver by itself, and for all variables of the graph.
    if add_saver and found.variables:
        return Saver(_by_stored_name(found))
    return None


def _by_stored_name(found: Grafted) -> dict[str, Any]:
    """Return the variables by their names in the checkpoints of the file's program.

    The parts of a partitioned variable are there under the name of the whole.
    """
    stored: dict[str, Any] = {}
    for name, variable in found.variables.items():
        part = variable._save_slice_info  # noqa: SLF001 - TensorFlow's name for it
        if part is None or not part.full_name:
            stored[name] = variable
        else:
            whole = strip_name_scope(part.full_name, found.scope)
            stored.setdefault(whole, []).append(variable)
    return stored
