"""What an import puts in the place of inputs: the caller's names made the file's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.input_names import node_of_input
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import dims_from_proto, show
from metagraft.graph.tensor import Tensor
from metagraft.meta_graph.part_collections import UNBOUND_INPUTS
from metagraft.meta_graph.reports import Omission
from metagraft.meta_graph.scoped import UNBOUND_INPUT_PREFIX
from metagraft.proto import DataType, GraphDef, MetaGraphDef

Source = Tensor | Operation
"""What is used in the place of an input; an operation of a control input."""


def resolved_input_map(
    meta_graph_def: MetaGraphDef,
    graph_def: GraphDef,
    input_map: Mapping[str, Any],
    prefix: str,
    omissions: list[Omission],
) -> dict[str, Source]:
    """Return the input map in the words of the file.

    A key may be spelt `x` or `x:0`, and an unbound input as it was called in the graph
    that it was exported from. The node behind a tensor stands in for a control input
    that is not given.

    Args:
        meta_graph_def: The file.
        graph_def: Its nodes.
        input_map: What the caller says. Values are tensors, operations, or anything
            that becomes a tensor.
        prefix: Scope of constants that are made of other values.
        omissions: Keys that name nothing in the file are appended.

    Raises:
        ValueError: An unbound input is not given; names all of them.
        TypeError: A key is no text, or the map no mapping.
    """
    if not isinstance(input_map, Mapping):
        raise TypeError(f"input_map must be a mapping, got {type(input_map).__name__}.")
    unbound = _unbound(meta_graph_def, graph_def)
    if not input_map and not unbound:
        return {}
    names = {node.name for node in graph_def.node}
    found: dict[str, Any] = {}
    for key, value in input_map.items():
        text = _as_text(key)
        is_own = node_of_input(text) in names or text in unbound
        own = text if is_own else _unbound_key(text)
        if own in unbound or node_of_input(own) in names:
            found[own] = value
        else:
            reason = "the file has no node and no unbound input of this name"
            omissions.append(Omission("input mapping", text, reason))
    _stand_in(found, unbound)
    missing = [key for key in unbound if key not in found]
    if missing:
        raise ValueError(_explain_missing(missing, meta_graph_def))
    return _converted(found, prefix)


def _unbound(meta_graph_def: MetaGraphDef, graph_def: GraphDef) -> dict[str, None]:
    """Return the inputs that the file lists as unbound and that a node uses.

    TensorFlow's own exports list inputs repeatedly, and control inputs not at all.
    """
    definition = meta_graph_def.collection_def.get(UNBOUND_INPUTS)
    if definition is None or definition.WhichOneof("kind") is None:
        return {}
    used = dict.fromkeys(text for node in graph_def.node for text in node.input)
    return {
        text.removesuffix(":0"): None
        for text in used
        if text.removeprefix("^").startswith(UNBOUND_INPUT_PREFIX)
    }


def _stand_in(found: dict[str, Any], unbound: Iterable[str]) -> None:
    """Give control inputs the operations behind the tensors of the same node."""
    given = {node_of_input(key): value for key, value in found.items() if key[0] != "^"}
    for key in unbound:
        if key[0] == "^" and key not in found and node_of_input(key) in given:
            found[key] = given[node_of_input(key)]


def _converted(found: Mapping[str, Any], prefix: str) -> dict[str, Source]:
    """Return tensors, and operations as they are for control inputs."""
    sources = {
        key: value
        for key, value in found.items()
        if isinstance(value, Tensor)
        or (isinstance(value, Operation) and key.startswith("^"))
    }
    others = {key: value for key, value in found.items() if key not in sources}
    if others:
        with name_scope(f"{prefix}/_inputs/" if prefix else "inputs"):
            for key, value in others.items():
                sources[key] = convert_to_tensor(value)
    return {key: sources[key] for key in found}


def _explain_missing(missing: Iterable[str], meta_graph_def: MetaGraphDef) -> str:
    """Return a message that says what inputs are missing, with types and shapes."""
    described = {}
    if UNBOUND_INPUTS in meta_graph_def.signature_def:
        described = dict(meta_graph_def.signature_def[UNBOUND_INPUTS].inputs)
    shown = []
    for key in missing:
        known = described.get(key)
        if known is None:
            shown.append(key)
            continue
        dtype = DataType.Name(known.dtype).removeprefix("DT_").lower()
        shown.append(f"{key} ({dtype} {show(dims_from_proto(known.tensor_shape))})")
    return (
        f"Graph contains unbound inputs: {', '.join(shown)}. Must provide these inputs "
        "through input_map."
    )


def _unbound_key(text: str) -> str:
    marker = "^" if text.startswith("^") else ""
    return f"{marker}{UNBOUND_INPUT_PREFIX}{text[len(marker) :]}"


def _as_text(key: Any) -> str:
    if isinstance(key, bytes):
        key = key.decode()
    if not isinstance(key, str):
        raise TypeError(f"Keys of input_map are names, got {type(key).__name__}.")
    return key.removesuffix(":0")
