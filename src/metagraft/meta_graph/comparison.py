"""`metagraft.diff`: two MetaGraphs, part by part."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from google.protobuf.message import DecodeError, Message

from metagraft.errors import NotFoundError
from metagraft.formats import files
from metagraft.graph.graph import Graph
from metagraft.meta_graph.codecs import get_collection_proto_type
from metagraft.meta_graph.differences import (
    CollectionChange,
    Differences,
    FieldChange,
    FunctionDifferences,
    NodeDifferences,
)
from metagraft.meta_graph.files import around, read_graph_file
from metagraft.meta_graph.message_text import compare_fields, shown
from metagraft.meta_graph.model_files import locate, read_model
from metagraft.meta_graph.native_export import Export, export_meta_graph
from metagraft.meta_graph.node_comparison import compare_nodes
from metagraft.meta_graph.renames import is_renamable, main_name
from metagraft.proto import (
    CollectionDef,
    FunctionDef,
    FunctionDefLibrary,
    GraphDef,
    MetaGraphDef,
    NodeDef,
)
from metagraft.proto.coercion import as_message


def diff(a: Any, b: Any) -> Differences:
    """Return what differs between two MetaGraphs or graphs.

    What means the same is the same, see `node_comparison.py`. If one of them is a
    `GraphDef`, only the graphs are compared. Takes time linear in the nodes.

    Args:
        a: The first: a `MetaGraphDef` or `GraphDef`, ours or TensorFlow's, a graph,
            what `metagraft.export_meta_graph` returned; or a path: of a file of one of
            these, of a checkpoint with a `.meta` file, in any form (`model-10`, one of
            its files, or the folder), or of a SavedModel with one MetaGraph.
        b: The second.

    Returns:
        The differences; false if there are none, and a report as text.

    Raises:
        OSError: A file does not exist or holds neither, or more than one MetaGraph.
        TypeError: `a` or `b` is something else.
    """
    first, first_is_whole = _as_meta_graph(a)
    second, second_is_whole = _as_meta_graph(b)
    graph, other = first.graph_def, second.graph_def
    nodes = compare_nodes(list(graph.node), list(other.node))
    functions = _compare_libraries(graph.library, other.library)
    versions = tuple(compare_fields(graph.versions, other.versions))
    if not (first_is_whole and second_is_whole):
        return Differences(nodes=nodes, functions=functions, versions=versions)
    return Differences(
        nodes=nodes,
        functions=functions,
        versions=versions,
        collections=_compare_collections(first, second),
        saver=tuple(compare_fields(first.saver_def, second.saver_def)),
        signatures=tuple(_compare_maps(first.signature_def, second.signature_def)),
        meta_info=tuple(_compare_infos(first.meta_info_def, second.meta_info_def)),
        other=tuple(_compare_rest(first, second)),
    )


# -- what can be compared ------------------------------------------------------------


def _as_meta_graph(source: Any) -> tuple[MetaGraphDef, bool]:
    """Return a source as a MetaGraph, and whether it is more than a graph."""
    if isinstance(source, Export):
        return source.meta_graph_def, True
    if isinstance(source, Graph):
        return export_meta_graph(graph=source).meta_graph_def, True
    if isinstance(source, str | bytes | os.PathLike):
        return _read(source)
    try:
        return as_message(source, MetaGraphDef), True
    except TypeError:
        pass
    try:
        return around(as_message(source, GraphDef)), False
    except TypeError:
        raise TypeError(
            "metagraft.diff compares MetaGraphDefs, GraphDefs, graphs and paths, got "
            f"{type(source).__name__}."
        ) from None


def _read(path: str | bytes | os.PathLike[str]) -> tuple[MetaGraphDef, bool]:
    try:
        found = locate(path)
    except NotFoundError as error:
        given = os.fsdecode(path)
        message = f"File does not exist. Received: {given}. {error.message}"
        raise OSError(message) from error
    if not files.is_folder(found):
        return read_graph_file(found)
    model = read_model(found)
    if len(model.meta_graphs) > 1:
        tags = [sorted(each.meta_info_def.tags) for each in model.meta_graphs]
        raise OSError(
            f"{found} holds {len(tags)} MetaGraphs, with the tags {tags}; read one and "
            "give that."
        )
    return model.meta_graphs[0], True


# -- functions -----------------------------------------------------------------------


def _compare_libraries(
    before: FunctionDefLibrary, after: FunctionDefLibrary
) -> FunctionDifferences:
    first = {function.signature.name: function for function in before.function}
    second = {function.signature.name: function for function in after.function}
    bodies: dict[str, NodeDifferences] = {}
    interfaces: list[FieldChange] = []
    for name, function in first.items():
        other = second.get(name)
        if other is None or function == other:
            continue
        nodes = compare_nodes(_body(function), _body(other))
        if nodes:
            bodies[name] = nodes
        interfaces += _compare_interfaces(name, function, other)
    interfaces += _compare_gradients(before, after)
    return FunctionDifferences(
        added=tuple(name for name in second if name not in first),
        removed=tuple(name for name in first if name not in second),
        bodies=MappingProxyType(bodies),
        interfaces=tuple(interfaces),
    )


def _body(function: FunctionDef) -> list[NodeDef]:
    """Return the nodes, with inputs spelt `x:0` for what functions spell `x:out:0`."""
    nodes = []
    for node in function.node_def:
        copied = NodeDef()
        copied.CopyFrom(node)
        copied.input[:] = [
            text.replace(":", ".", text.count(":") - 1) for text in node.input
        ]
        nodes.append(copied)
    return nodes


def _compare_interfaces(
    name: str, function: FunctionDef, other: FunctionDef
) -> Iterator[FieldChange]:
    for change in compare_fields(function, other, f"{name}."):
        if change.name != f"{name}.node_def":
            yield change


def _compare_gradients(
    before: FunctionDefLibrary, after: FunctionDefLibrary
) -> Iterator[FieldChange]:
    first = {g.function_name: g.gradient_func for g in before.gradient}
    second = {g.function_name: g.gradient_func for g in after.gradient}
    for name in dict.fromkeys([*first, *second]):
        if first.get(name) != second.get(name):
            yield FieldChange(
                f"gradient of {name}", first.get(name, ""), second.get(name, "")
            )


# -- collections ---------------------------------------------------------------------


def _compare_collections(
    before: MetaGraphDef, after: MetaGraphDef
) -> tuple[CollectionChange, ...]:
    first, second = before.collection_def, after.collection_def
    changes = []
    for key in sorted({*first, *second}):
        empty = CollectionDef()
        definition, other = first.get(key, empty), second.get(key, empty)
        if definition == other and (key in first) == (key in second):
            continue
        change = _compare_collection(key, definition, other)
        if change:
            changes.append(change)
    return tuple(changes)


def _compare_collection(
    key: str, before: CollectionDef, after: CollectionDef
) -> CollectionChange:
    kinds = [d.WhichOneof("kind") or "" for d in (before, after)]
    kind = FieldChange("kind", *kinds) if kinds[0] != kinds[1] else None
    first, second = _entries(key, before), _entries(key, after)
    counts, other_counts = Counter(first), Counter(second)
    removed = list((counts - other_counts).elements())
    added = list((other_counts - counts).elements())
    definitions, other_definitions = _definitions(key, before), _definitions(key, after)
    changed: list[FieldChange] = []
    for name, message in definitions.items():
        other = other_definitions.get(name)
        if other is not None and message != other:
            changed += compare_fields(message, other, f"{name}.")
    both = definitions.keys() & other_definitions.keys()
    return CollectionChange(
        name=key,
        kind=kind,
        added=tuple(text for text in added if text not in both),
        removed=tuple(text for text in removed if text not in both),
        changed=tuple(changed),
        reordered=counts == other_counts and first != second,
    )


def _entries(key: str, definition: CollectionDef) -> list[str]:
    """Return entries as text; definitions as the name of what they define."""
    kind = definition.WhichOneof("kind")
    if kind is None:
        return []
    found = []
    for value in getattr(definition, kind).value:
        message = _decoded(key, kind, value)
        found.append(shown(value) if message is None else _title(message))
    return found


def _definitions(key: str, definition: CollectionDef) -> dict[str, Message]:
    """Return the messages of a collection by the name of what they define."""
    kind = definition.WhichOneof("kind")
    if kind != "bytes_list":
        return {}
    messages = (_decoded(key, kind, value) for value in definition.bytes_list.value)
    return {_title(message): message for message in messages if message is not None}


def _decoded(key: str, kind: str, value: Any) -> Message | None:
    proto_type = get_collection_proto_type(key) if kind == "bytes_list" else None
    if proto_type is None:
        return None
    try:
        return proto_type.FromString(value)
    except DecodeError:
        return None


def _title(message: Message) -> str:
    if is_renamable(type(message)):
        return main_name(message)
    return shown(message)


# -- the rest ------------------------------------------------------------------------


def _compare_maps(before: Any, after: Any) -> Iterator[FieldChange]:
    """Compare messages by name; the maps of messages have no class of their own."""
    for name in sorted({*before, *after}):
        if name not in after:
            yield FieldChange(name, shown(before[name]), "")
        elif name not in before:
            yield FieldChange(name, "", shown(after[name]))
        else:
            yield from compare_fields(before[name], after[name], f"{name}.")


def _compare_infos(
    before: MetaGraphDef.MetaInfoDef, after: MetaGraphDef.MetaInfoDef
) -> Iterator[FieldChange]:
    for change in compare_fields(before, after):
        if not change.name.startswith("stripped_op_list."):
            yield change
    yield from _compare_ops(before.stripped_op_list.op, after.stripped_op_list.op)


def _compare_ops(before: Sequence[Any], after: Sequence[Any]) -> Iterator[FieldChange]:
    first: Mapping[str, Message] = {op.name: op for op in before}
    second: Mapping[str, Message] = {op.name: op for op in after}
    for name in _names(first, second):
        op, other = first.get(name), second.get(name)
        if op is None or other is None:
            yield FieldChange(
                f"op list: {name}", "listed" * (op is not None), "listed" * (op is None)
            )
        else:
            yield from compare_fields(op, other, f"op list: {name}.")


def _names(*maps: Mapping[str, Any]) -> Iterable[str]:
    return sorted({name for names in maps for name in names})


def _compare_rest(before: MetaGraphDef, after: MetaGraphDef) -> Iterator[FieldChange]:
    for field in ("asset_file_def", "object_graph_def"):
        value, other = getattr(before, field), getattr(after, field)
        if value != other:
            if isinstance(value, Message):
                yield from compare_fields(value, other, f"{field}.")
            else:
                texts = [", ".join(map(shown, items)) for items in (value, other)]
                yield FieldChange(field, *map(shown, texts))
