"""Nested structures of tensors: lists, tuples, named tuples, dictionaries.

Composite values (`IndexedSlices`, `SparseTensor`) are taken apart into their tensors.
Dictionaries are read in the order of their keys.

Source: tensorflow python/util/nest.py, with `expand_composites=True`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from metagraft.graph.composite import CompositeTensor, IndexedSlices, SparseTensor


def is_nested(value: Any) -> bool:
    """Whether a value has parts; composite values do not count."""
    return isinstance(value, (list, tuple, Mapping))


def _parts(value: Any) -> Sequence[Any] | None:
    """Return the parts of one level, None for a leaf."""
    if isinstance(value, (list, tuple)):
        return value
    if isinstance(value, Mapping):
        return [value[key] for key in sorted(value)]
    if isinstance(value, IndexedSlices):
        parts = [value.values, value.indices]
        return parts if value.dense_shape is None else [*parts, value.dense_shape]
    if isinstance(value, SparseTensor):
        return [value.indices, value.values, value.dense_shape]
    if isinstance(value, CompositeTensor):
        return value.component_tensors()
    return None


def flatten(structure: Any) -> list[Any]:
    """Return the leaves in order."""
    parts = _parts(structure)
    if parts is None:
        return [structure]
    return [leaf for part in parts for leaf in flatten(part)]


def pack_like(structure: Any, leaves: Sequence[Any]) -> Any:
    """Return a structure of the same form with other leaves.

    Raises:
        ValueError: There are more or fewer leaves than the structure has.
    """
    count = len(flatten(structure))
    if count != len(leaves):
        raise ValueError(
            f"Could not pack sequence. Structure had {count} elements, but"
            f" flat_sequence had {len(leaves)} elements.  Structure: {structure},"
            f" flat_sequence: {list(leaves)}."
        )
    return _packed(structure, iter(leaves))


def _packed(structure: Any, leaves: Iterator[Any]) -> Any:
    parts = _parts(structure)
    if parts is None:
        return next(leaves)
    return _rebuilt(structure, [_packed(part, leaves) for part in parts])


def _rebuilt(like: Any, parts: list[Any]) -> Any:
    if isinstance(like, IndexedSlices):
        return IndexedSlices(*parts)
    if isinstance(like, SparseTensor):
        made = SparseTensor(*parts)
        made.set_shape(like.shape)
        return made
    if isinstance(like, CompositeTensor):
        return like.with_component_tensors(parts)
    kind: Any = type(like)
    if isinstance(like, Mapping):
        by_key = dict(zip(sorted(like), parts, strict=True))
        return kind((key, by_key[key]) for key in like)
    if hasattr(like, "_fields"):  # a named tuple
        return kind(*parts)
    return kind(parts)


def map_structure(function: Callable[..., Any], *structures: Any) -> Any:
    """Apply a function to the leaves of structures of the same form."""
    rows = zip(*(flatten(structure) for structure in structures), strict=True)
    return pack_like(structures[0], [function(*row) for row in rows])


def check_same_structure(first: Any, second: Any) -> None:
    """Check that two structures have the same form.

    Raises:
        ValueError: They have parts in different places.
        TypeError: They have sequences of different types.
    """
    try:
        _check(first, second)
    except (ValueError, TypeError) as error:
        text = (
            "The two structures don't have the same nested structure.\n\n"
            f"First structure: {_described(first)}\n\n"
            f"Second structure: {_described(second)}\n\nMore specifically: {error}\n"
            f"Entire first structure:\n{_outline(first)}\n"
            f"Entire second structure:\n{_outline(second)}"
        )
        raise type(error)(text) from None


def _check(first: Any, second: Any) -> None:
    a, b = _parts(first), _parts(second)
    if (a is None) != (b is None):
        nested, flat = (first, second) if b is None else (second, first)
        raise ValueError(
            f'Substructure "{_described(nested)}" is a sequence, while substructure '
            f'"{_described(flat)}" is not'
        )
    if a is None or b is None:
        return
    if _kind(first) is not _kind(second):
        raise TypeError(
            "The two namedtuples don't have the same sequence type. First structure "
            f"{_described(first)} has type {type(first).__name__}, while second "
            f"structure {_described(second)} has type {type(second).__name__}"
        )
    if isinstance(first, Mapping) and set(first) != set(second):
        raise ValueError(
            "The two dictionaries don't have the same set of keys. First structure "
            f"has keys {_described(sorted(first))}, while second structure has keys "
            f"{_described(sorted(second))}"
        )
    if len(a) != len(b):
        raise ValueError(
            "The two structures don't have the same number of elements. First "
            f"structure: {_described(first)}. Second structure: {_described(second)}"
        )
    for one, other in zip(a, b, strict=True):
        _check(one, other)


def _kind(value: Any) -> type:
    return dict if isinstance(value, Mapping) else type(value)


def _described(value: Any) -> str:
    return f"type={type(value).__name__} str={value}"


def _outline(value: Any) -> str:
    """Show the form alone: every leaf is a dot."""
    if not is_nested(value):
        return "."
    if isinstance(value, Mapping):
        items = ", ".join(f"{key!r}: {_outline(value[key])}" for key in value)
        return f"{{{items}}}"
    items = ", ".join(_outline(part) for part in value)
    if isinstance(value, tuple):
        return f"({items},)" if len(value) == 1 else f"({items})"
    return f"[{items}]"
