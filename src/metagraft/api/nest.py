"""`tf.nest`: structures of lists, tuples, mappings and other sequences.

More kinds of Python object have parts here than where graphs are built
(`graph/structure.py`), and composite tensors are taken apart only on demand.

Source: tensorflow python/util/nest.py, nest_util.py, util.cc.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, MappingView, Sequence
from typing import Any, Final

from metagraft.api.type_specs import is_composite, spec_of_composite
from metagraft.graph.type_spec import CompositeSpec, TypeSpec

__all__ = [
    "assert_same_structure",
    "flatten",
    "is_nested",
    "map_structure",
    "pack_sequence_as",
]

_SHOWN: Final = 100  # characters of a value in a message


class _Dot:
    """Stands for a leaf where only the form is shown."""

    def __repr__(self) -> str:
        return "."


def is_nested(seq: Any) -> bool:
    """Return whether a value has parts; text and composite tensors have none.

    Args:
        seq: Any value.
    """
    if isinstance(seq, str | bytes):
        return False
    return isinstance(seq, Sequence | Mapping | MappingView) or _is_attrs(seq)


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """Return the leaves of a structure; mappings in the order of their keys.

    Args:
        structure: A structure, or a leaf.
        expand_composites: Whether composite tensors, and their specs, have parts.

    Raises:
        TypeError: The keys of a mapping cannot be sorted.
    """
    if not _has_parts(structure, expand_composites):
        return [structure]
    return [
        leaf
        for part in _parts(structure)
        for leaf in flatten(part, expand_composites=expand_composites)
    ]


def pack_sequence_as(
    structure: Any, flat_sequence: Any, expand_composites: bool = False
) -> Any:
    """Return a structure of the same form with other leaves.

    Args:
        structure: A structure, or a leaf.
        flat_sequence: The leaves.
        expand_composites: Whether composite tensors, and their specs, have parts.

    Raises:
        TypeError: `flat_sequence` is no sequence.
        ValueError: There are more or fewer leaves than the structure has.
    """
    if not _has_parts(flat_sequence, expand_composites):
        raise TypeError(
            f"Attempted to pack value:\n  {_shortened(flat_sequence)}\ninto a"
            " structure, but found incompatible type"
            f" `{type(flat_sequence)}` instead."
        )
    count = len(flat_sequence)
    if not _has_parts(structure, expand_composites):
        if count != 1:
            raise ValueError(
                f"The target structure is of type `{type(structure)}`\n"
                f"  {_shortened(structure)}\nHowever the input is a sequence"
                f" ({type(flat_sequence)}) of length {count}.\n"
                f"  {_shortened(flat_sequence)}\nnest cannot guarantee that it is safe"
                " to map one to the other."
            )
        return flat_sequence[0]
    expected = len(flatten(structure, expand_composites))
    if expected != count:
        raise ValueError(
            f"Could not pack sequence. Structure had {expected} atoms, but"
            f" flat_sequence had {count} items.  Structure: {structure},"
            f" flat_sequence: {flat_sequence}."
        )
    leaves = (flat_sequence[place] for place in range(count))
    return _packed(structure, leaves, expand_composites)


def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """Return a structure of what a function makes of the leaves.

    Args:
        func: Takes a leaf of each structure.
        *structure: Structures of the same form.
        **kwargs: `check_types` and `expand_composites`, as in
            `assert_same_structure`.

    Raises:
        TypeError: `func` cannot be called, or sequences have different types.
        ValueError: There is no structure, they differ, or a keyword is unknown.
    """
    if not callable(func):
        raise TypeError(f"func must be callable, got: {func}")
    if not structure:
        raise ValueError("Must provide at least one structure")
    check_types = kwargs.pop("check_types", True)
    expand = kwargs.pop("expand_composites", False)
    if kwargs:
        raise ValueError(
            "Only valid keyword arguments are `check_types` and `expand_composites`,"
            f" not: `{'`, `'.join(kwargs)}`"
        )
    for other in structure[1:]:
        assert_same_structure(structure[0], other, check_types, expand)
    rows = zip(*(flatten(one, expand) for one in structure), strict=True)
    return pack_sequence_as(structure[0], [func(*row) for row in rows], expand)


def assert_same_structure(
    nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """Check that two structures have the same form.

    Args:
        nest1: A structure, or a leaf.
        nest2: Another.
        check_types: Whether sequences must have the same type, mappings the same keys.
        expand_composites: Whether composite tensors, and their specs, have parts.

    Raises:
        ValueError: They have parts in different places.
        TypeError: They have sequences of different types.
    """
    try:
        _check(nest1, nest2, check_types, expand_composites)
    except (ValueError, TypeError) as error:
        forms = [map_structure(lambda _: _Dot(), nest) for nest in (nest1, nest2)]
        text = (
            "The two structures don't have the same nested structure.\n\n"
            f"First structure: {_described(nest1)}\n\n"
            f"Second structure: {_described(nest2)}\n\nMore specifically: {error}\n"
            f"Entire first structure:\n{forms[0]}\n"
            f"Entire second structure:\n{forms[1]}"
        )
        raise type(error)(text) from None


def _is_attrs(value: Any) -> bool:
    return hasattr(type(value), "__attrs_attrs__")


def _is_namedtuple(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _has_parts(value: Any, expand_composites: bool) -> bool:
    if is_nested(value):
        return True
    return bool(expand_composites) and (
        isinstance(value, CompositeSpec) or is_composite(value)
    )


def _parts(value: Any) -> Sequence[Any]:
    """Return the parts of one level."""
    if isinstance(value, Mapping):
        return [value[key] for key in sorted(value)]
    if _is_attrs(value):
        return [getattr(value, field.name) for field in type(value).__attrs_attrs__]
    if isinstance(value, CompositeSpec):
        return value.flatten()
    if is_composite(value):
        return spec_of_composite(value).to_tensors(value)
    return list(value)


def _packed(structure: Any, leaves: Iterator[Any], expand_composites: bool) -> Any:
    if not _has_parts(structure, expand_composites):
        return next(leaves)
    parts = [_packed(part, leaves, expand_composites) for part in _parts(structure)]
    return _rebuilt(structure, parts)


def _rebuilt(like: Any, parts: list[Any]) -> Any:
    kind: Any = type(like)
    if isinstance(like, Mapping):
        by_key = dict(zip(sorted(like), parts, strict=True))
        if isinstance(like, defaultdict):
            return defaultdict(
                like.default_factory, ((key, by_key[key]) for key in like)
            )
        return kind((key, by_key[key]) for key in like)
    if isinstance(like, MappingView | range):
        return parts
    if _is_namedtuple(like) or _is_attrs(like):
        return kind(*parts)
    if isinstance(like, CompositeSpec):
        return like.from_tensors(parts)
    if is_composite(like):
        return spec_of_composite(like).from_tensors(parts)
    return kind(parts)


def _check(first: Any, second: Any, check_types: bool, expand: bool) -> None:
    if _has_parts(first, expand) != _has_parts(second, expand):
        nested, flat = (first, second) if _has_parts(first, expand) else (second, first)
        raise ValueError(
            f'Substructure "{_described(nested)}" is a sequence, while substructure '
            f'"{_described(flat)}" is not'
        )
    if not _has_parts(first, expand):
        return
    if check_types:
        _check_kinds(first, second)
    _check_specs(first, second)
    a, b = _parts(first), _parts(second)
    if len(a) != len(b):
        raise ValueError(
            "The two structures don't have the same number of elements. First "
            f"structure: {_described(first)}. Second structure: {_described(second)}"
        )
    for one, other in zip(a, b, strict=True):
        _check(one, other, check_types, expand)


def _check_kinds(first: Any, second: Any) -> None:
    if not _are_same_kind(first, second):
        raise TypeError(
            "The two namedtuples don't have the same sequence type. First structure "
            f"{_described(first)} has type {type(first).__name__}, while second "
            f"structure {_described(second)} has type {type(second).__name__}"
        )
    if isinstance(first, Mapping) and set(first) != set(second):
        raise ValueError(
            "The two dictionaries don't have the same set of keys. First structure "
            f"has keys {_described(list(first))}, while second structure has keys "
            f"{_described(list(second))}"
        )


def _are_same_kind(first: Any, second: Any) -> bool:
    if type(first) is type(second):
        return True
    for kind in (list, Mapping, TypeSpec):
        if isinstance(first, kind) and isinstance(second, kind):
            return True
    if _is_plain_namedtuple(first) and _is_plain_namedtuple(second):
        names = {(type(one).__name__, one._fields) for one in (first, second)}
        return len(names) == 1
    # What they hold is compared by their specs.
    return all(
        isinstance(one, TypeSpec) or is_composite(one) for one in (first, second)
    )


def _is_plain_namedtuple(value: Any) -> bool:
    return _is_namedtuple(value) and type(value).__bases__ == (tuple,)


def _check_specs(first: Any, second: Any) -> None:
    """Check what is known of composite tensors, where both are such."""
    specs = [
        one if isinstance(one, CompositeSpec) else spec_of_composite(one)
        for one in (first, second)
        if isinstance(one, CompositeSpec) or is_composite(one)
    ]
    if len(specs) == 2 and not _are_compatible(*specs):
        raise ValueError(
            f"Incompatible CompositeTensor TypeSpecs: {_described(specs[0])} vs."
            f" {_described(specs[1])}"
        )


def _are_compatible(first: CompositeSpec, second: CompositeSpec) -> bool:
    """Whether some spec has room for the values of both."""
    if type(first) is not type(second):
        return False
    return first.most_specific_common_supertype([second]) is not None


def _described(value: Any) -> str:
    return f"type={type(value).__name__} str={value}"


def _shortened(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
