"""Compares two MetaGraphs as text and says readably where they part."""

from __future__ import annotations

import difflib
from typing import Any

from metagraft.meta_graph.codecs import get_collection_proto_type
from metagraft.proto import MetaGraphDef
from metagraft.proto.text import format_text
from tests import same_graph

SHOWN_LINES = 60


def parsed(meta_graph_def: Any) -> MetaGraphDef:
    """Return a MetaGraph of either library as one of Metagraft's."""
    return MetaGraphDef.FromString(meta_graph_def.SerializeToString())


def differences(expected: MetaGraphDef, found: MetaGraphDef) -> str:
    """Return where two MetaGraphs differ; empty when they are equal.

    Not compared are the commit of the producer, and what means nothing: whether there
    is an empty library, and the order of functions, which is one of hashes.
    """
    wanted, given = compared(expected), compared(found)
    of_nodes = same_graph.differences(wanted.graph_def, given.graph_def)
    if of_nodes:
        return of_nodes
    diff = difflib.unified_diff(
        lines(wanted), lines(given), "expected", "found", lineterm="", n=3
    )
    return "\n".join(list(diff)[:SHOWN_LINES])


def compared(meta_graph_def: MetaGraphDef) -> MetaGraphDef:
    """Return a copy without what is not compared."""
    copied = MetaGraphDef()
    copied.CopyFrom(meta_graph_def)
    copied.meta_info_def.tensorflow_git_version = ""
    if not copied.graph_def.library.ListFields():
        copied.graph_def.ClearField("library")
    copied.graph_def.library.function.sort(key=lambda each: each.signature.name)
    return copied


def lines(meta_graph_def: MetaGraphDef) -> list[str]:
    """Return a MetaGraph as text, with the messages in its collections spelt out."""
    spelt: list[str] = []
    rest = MetaGraphDef()
    rest.CopyFrom(meta_graph_def)
    for key, collection in sorted(rest.collection_def.items()):
        proto_type = get_collection_proto_type(key)
        if proto_type is not None:
            for value in collection.bytes_list.value:
                text = format_text(proto_type.FromString(value))
                spelt += [f"{key}: {line}" for line in text.splitlines()]
            collection.bytes_list.ClearField("value")
    return [*spelt, *format_text(rest).splitlines()]
