"""Nodes of two graphs compared: by name, and by what they do where names differ.

What means the same is the same: `x` and `x:0`, control inputs in any order, a missing
attribute and its default, two encodings of one tensor. Inferred shapes are compared
where both graphs have them.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from google.protobuf.unknown_fields import UnknownFieldSet

from metagraft.graph import catalogue
from metagraft.graph.input_names import node_of_input, split_input
from metagraft.graph.tensor_values import make_ndarray
from metagraft.meta_graph.differences import (
    FieldChange,
    NodeChange,
    NodeDifferences,
    TensorChange,
)
from metagraft.meta_graph.message_text import shown
from metagraft.proto import AttrValue, NodeDef, TensorProto

_SHAPES: Final = "_output_shapes"
_LOCAL_TO_A_NAME: Final = frozenset({_SHAPES, "_class", "shared_name", "frame_name"})
_LARGE_BYTES: Final = 64  # as long as a digest
_ROUNDS: Final = 3  # how far the surroundings of a node count when it is recognised

Array = npt.NDArray[Any]  # of the type that a tensor has


def compare_nodes(
    before: Sequence[NodeDef], after: Sequence[NodeDef]
) -> NodeDifferences:
    """Return how two lists of nodes differ; takes time linear in their lengths."""
    first = {node.name: node for node in before}
    second = {node.name: node for node in after}
    removed = {name: node for name, node in first.items() if name not in second}
    added = {name: node for name, node in second.items() if name not in first}
    renamed = _renames(removed, added)
    changed = []
    for name, node in first.items():
        other = second.get(renamed.get(name, name))
        if other is None or (node == other and not _takes_renamed(node, renamed)):
            continue
        change = _compare(node, other, renamed)
        if change:
            changed.append(change)
    new_names = set(renamed.values())
    common = [renamed.get(name, name) for name in first]
    common = [name for name in common if name in second]
    kept = set(common)
    return NodeDifferences(
        added=tuple(name for name in added if name not in new_names),
        removed=tuple(name for name in removed if name not in renamed),
        renamed=MappingProxyType(renamed),
        changed=tuple(changed),
        reordered=common != [name for name in second if name in kept],
    )


def _compare(node: NodeDef, other: NodeDef, renamed: Mapping[str, str]) -> NodeChange:
    attrs: list[FieldChange] = []
    tensors: list[TensorChange] = []
    _compare_attrs(node, other, renamed, attrs, tensors)
    change = NodeChange(
        name=other.name,
        op=_changed("op", node.op, other.op),
        device=_changed("device", node.device, other.device),
        inputs=tuple(_compare_inputs(node, other, renamed)),
        attrs=tuple(attrs),
        tensors=tuple(tensors),
    )
    if not change and _unknown(node) != _unknown(other):
        unknown = FieldChange(
            "unknown fields", shown(_unknown(node)), shown(_unknown(other))
        )
        return NodeChange(other.name, attrs=(unknown,))
    return change


def _takes_renamed(node: NodeDef, renamed: Mapping[str, str]) -> bool:
    """Whether an input of a node was renamed."""
    return bool(renamed) and any(node_of_input(text) in renamed for text in node.input)


def _changed(name: str, before: str, after: str) -> FieldChange | None:
    return FieldChange(name, before, after) if before != after else None


def _unknown(node: NodeDef) -> list[tuple[int, int, Any]]:
    """Return the fields that this release does not know, in order."""
    found = UnknownFieldSet(node)
    fields = [found[position] for position in range(len(found))]
    return [(f.field_number, f.wire_type, f.data) for f in fields]


# -- inputs --------------------------------------------------------------------------


def _compare_inputs(
    node: NodeDef, other: NodeDef, renamed: Mapping[str, str]
) -> Iterable[FieldChange]:
    if node.input == other.input and not renamed:
        return
    data, control = _inputs(node, renamed)
    other_data, other_control = _inputs(other, {})
    for position in range(max(len(data), len(other_data))):
        text = data[position] if position < len(data) else ""
        other_text = other_data[position] if position < len(other_data) else ""
        if text != other_text:
            yield FieldChange(f"input {position}", text, other_text)
    if control != other_control:
        gone = sorted(control - other_control)
        new = sorted(other_control - control)
        yield FieldChange("control inputs", ", ".join(gone), ", ".join(new))


def _inputs(node: NodeDef, renamed: Mapping[str, str]) -> tuple[list[str], set[str]]:
    data: list[str] = []
    control: set[str] = set()
    for text in node.input:
        marker, name, port = split_input(text)
        output = "" if port in (":", ":0") else port
        spelt = f"{marker}{renamed.get(name, name)}{output}"
        if marker:
            control.add(spelt)
        else:
            data.append(spelt)
    return data, control


# -- attributes ----------------------------------------------------------------------


def _compare_attrs(
    node: NodeDef,
    other: NodeDef,
    renamed: Mapping[str, str],
    attrs: list[FieldChange],
    tensors: list[TensorChange],
) -> None:
    names = dict.fromkeys([*sorted(node.attr), *sorted(other.attr)])
    for name in names:
        value, other_value = node.attr.get(name), other.attr.get(name)
        if value == other_value:
            continue
        if value is None or other_value is None:
            if not _is_implied(node.op, name, value or other_value):
                attrs.append(FieldChange(name, shown(value), shown(other_value)))
        elif name == "_class":
            if _colocations(value, renamed) != _colocations(other_value, {}):
                attrs.append(FieldChange(name, shown(value), shown(other_value)))
        elif value.HasField("tensor") and other_value.HasField("tensor"):
            _compare_tensors(name, value.tensor, other_value.tensor, attrs, tensors)
        else:
            attrs.append(FieldChange(name, shown(value), shown(other_value)))


def _is_implied(op_type: str, name: str, value: AttrValue | None) -> bool:
    """Whether an attribute that one node lacks says nothing new."""
    if name == _SHAPES:
        return True
    definition = catalogue.get(op_type)
    declared = None if definition is None else definition.attr(name)
    return declared is not None and declared.has_default and declared.default == value


def _colocations(value: AttrValue, renamed: Mapping[str, str]) -> set[str]:
    found = set()
    for entry in value.list.s:
        marker, _, name = entry.decode("utf-8", "replace").partition("@")
        found.add(f"{marker}@{renamed.get(name, name)}")
    return found


def _compare_tensors(
    name: str,
    before: TensorProto,
    after: TensorProto,
    attrs: list[FieldChange],
    tensors: list[TensorChange],
) -> None:
    dims, other_dims = _dims(before), _dims(after)
    if before.dtype != after.dtype or dims != other_dims:
        first_kind = f"{shown(AttrValue(type=before.dtype))} {dims}"
        second_kind = f"{shown(AttrValue(type=after.dtype))} {other_dims}"
        attrs.append(FieldChange(name, first_kind, second_kind))
        return
    repeats = 1
    if _is_one_value(before) and _is_one_value(after):
        # However large, it is one value many times over.
        before, after = _single(before), _single(after)
        repeats = math.prod(dims)
    try:
        first, second = make_ndarray(before), make_ndarray(after)
    # Of types and contents that have no arrays, or too large ones.
    except (TypeError, ValueError, KeyError, MemoryError, OverflowError):
        attrs.append(FieldChange(name, shown(before), shown(after)))
        return
    is_different = _different(first, second)
    count = int(np.count_nonzero(is_different))
    if count and repeats:
        distance = _max_difference(first[is_different], second[is_different])
        total = first.size * repeats
        tensors.append(TensorChange(name, count * repeats, total, distance))


def _dims(tensor: TensorProto) -> list[int]:
    return [dim.size for dim in tensor.tensor_shape.dim]


def _is_one_value(tensor: TensorProto) -> bool:
    """Whether a tensor is stored as the one value that all of its elements have."""
    stored = [
        value
        for field, value in tensor.ListFields()
        if field.name not in ("dtype", "tensor_shape", "version_number")
    ]
    if not stored:
        return True
    is_list = len(stored) == 1 and not isinstance(stored[0], bytes)
    return is_list and len(stored[0]) == 1


def _single(tensor: TensorProto) -> TensorProto:
    """Return a tensor's only value as a scalar."""
    scalar = TensorProto()
    scalar.CopyFrom(tensor)
    scalar.ClearField("tensor_shape")
    scalar.tensor_shape.SetInParent()
    return scalar


def _different(first: Array, second: Array) -> Array:
    different: Array = np.asarray(first != second)
    if first.dtype.kind in "fcV":
        with np.errstate(invalid="ignore"):
            both_nan = np.asarray((first != first) & (second != second))
        different = different & ~both_nan
    return different


def _max_difference(first: Array, second: Array) -> float | None:
    if first.dtype == object:
        return None
    wide = np.complex128 if first.dtype.kind == "c" else np.float64
    with np.errstate(invalid="ignore", over="ignore"):
        distances = np.abs(first.astype(wide) - second.astype(wide))
    if not np.isfinite(distances).all():
        return float("inf")
    return float(distances.max())


# -- nodes under other names ---------------------------------------------------------


def _renames(
    removed: Mapping[str, NodeDef], added: Mapping[str, NodeDef]
) -> dict[str, str]:
    """Return which removed nodes are added ones under another name.

    Nodes are the same if they and what is around them, some steps up, are the same but
    for names. Where several are, those with the same last part of their names go
    together, then those in the same order, if they are equally many.
    """
    if not removed or not added:
        return {}
    kinds: dict[Hashable, int] = {}
    old = _groups(removed, kinds)
    new = _groups(added, kinds)
    renamed: dict[str, str] = {}
    for key, names in old.items():
        candidates = new.get(key, [])
        pairs = _pairs(names, candidates)
        renamed.update(pairs)
    return {name: renamed[name] for name in removed if name in renamed}


def _pairs(names: list[str], candidates: list[str]) -> dict[str, str]:
    if len(names) == len(candidates) == 1:
        return {names[0]: candidates[0]}
    by_end: dict[str, list[str]] = defaultdict(list)
    for candidate in candidates:
        by_end[candidate.rpartition("/")[2]].append(candidate)
    own: dict[str, list[str]] = defaultdict(list)
    for name in names:
        own[name.rpartition("/")[2]].append(name)
    found: dict[str, str] = {}
    for end, ending in own.items():
        if len(ending) == len(by_end.get(end, ())):
            found.update(zip(ending, by_end[end], strict=True))
    rest = [name for name in names if name not in found]
    used = set(found.values())
    others = [name for name in candidates if name not in used]
    if len(rest) == len(others):
        found.update(zip(rest, others, strict=True))
    return found


def _groups(
    nodes: Mapping[str, NodeDef], kinds: dict[Hashable, int]
) -> dict[int, list[str]]:
    """Return nodes by what they are, their names aside.

    Args:
        nodes: The nodes by name.
        kinds: What two nodes have in common -> a number for it; grows.
    """

    def number(content: Hashable) -> int:
        return kinds.setdefault(content, len(kinds))

    marks = {name: number(_content(node)) for name, node in nodes.items()}
    sources = {name: _sources(node, nodes) for name, node in nodes.items()}
    for _ in range(_ROUNDS):
        marks = {
            name: number((marks[name], *[marks.get(s, s) for s in sources[name]]))
            for name in nodes
        }
    groups: dict[int, list[str]] = defaultdict(list)
    for name, mark in marks.items():
        groups[mark].append(name)
    return groups


def _sources(node: NodeDef, nodes: Container[str]) -> list[str]:
    """Return the inputs: names of the nodes that are compared, else all of the text."""
    found = []
    for text in node.input:
        _, name, port = split_input(text)
        found.append(name if name in nodes else f"{name}:{port[1:] or 0}")
    return found


def _content(node: NodeDef) -> Hashable:
    """Return a node without its name, inputs and what goes by names."""
    return (
        node.op,
        node.device,
        *[
            (key, _digest(node.attr[key]))
            for key in sorted(node.attr)
            if key not in _LOCAL_TO_A_NAME
            and not _is_implied(node.op, key, node.attr[key])
        ],
    )


def _digest(value: AttrValue) -> bytes:
    """Return an attribute's bytes, or of large ones something that stands for them."""
    encoded = value.SerializeToString(deterministic=True)
    if len(encoded) <= _LARGE_BYTES:
        return encoded
    return hashlib.blake2b(encoded).digest()
