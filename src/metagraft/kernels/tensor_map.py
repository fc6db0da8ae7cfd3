"""Maps of tensors as values; twin of `ops/tensor_map.py`.

Every operation makes a new map, also while a program is traced: keys are known then,
values may stand for others.

Source: tensorflow core/kernels/map_kernels.h.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.session_resources import behind, handle_of

_Key = tuple[str, tuple[int, ...], Any]


@dataclass(frozen=True, slots=True)
class MapValue:
    """Keys and values in the order in which the keys came."""

    entries: dict[_Key, tuple[Array, Array]] = field(default_factory=dict)


def is_map(value: Array) -> bool:
    """Whether a value is the handle of a map."""
    if not isinstance(value, np.ndarray) or value.ndim or value.dtype.kind != "O":
        return False
    return isinstance(value[()], MapValue)


def _key(key: Array) -> _Key:
    array = np.asarray(key)
    content = tuple(array.flat) if array.dtype == object else array.tobytes()
    return str(array.dtype), array.shape, content


def _shown(key: Array) -> str:
    return " ".join(str(item) for item in np.reshape(key, -1))


def _found(handle: Array) -> MapValue:
    found: MapValue = behind(handle, MapValue)
    return found


def empty(attrs: Any) -> tuple[Array]:
    """Make a map without entries."""
    del attrs
    return (handle_of(MapValue()),)


def size(attrs: Any, handle: Array) -> tuple[Array]:
    """Count the entries."""
    del attrs
    return (np.int32(len(_found(handle).entries)),)


def insert(attrs: Any, handle: Array, key: Array, value: Array) -> tuple[Array]:
    """Return a map with one more entry, or another value for its key."""
    del attrs
    found = _found(handle)
    entries = {**found.entries, _key(key): (key, value)}
    return (handle_of(replace(found, entries=entries)),)


def _entry(handle: Array, key: Array, verb: str) -> tuple[Array, Array]:
    entry = _found(handle).entries.get(_key(key))
    if entry is None:
        raise InvalidArgumentError(
            None,
            None,
            f'Trying to {verb} non-existent key. Could not find key "{_shown(key)}".'
            if verb == "lookup"
            else "Trying to erase non-existent item. Could not find key "
            f'"{_shown(key)}".',
        )
    return entry


def lookup(attrs: Any, handle: Array, key: Array) -> tuple[Array]:
    """Return the value of a key."""
    del attrs
    return (_entry(handle, key, "lookup")[1],)


def erase(attrs: Any, handle: Array, key: Array) -> tuple[Array]:
    """Return a map without an entry."""
    del attrs
    _entry(handle, key, "erase")
    found, gone = _found(handle), _key(key)
    entries = {k: entry for k, entry in found.entries.items() if k != gone}
    return (handle_of(replace(found, entries=entries)),)


def has_key(attrs: Any, handle: Array, key: Array) -> tuple[Array]:
    """Say whether there is an entry."""
    del attrs
    return (np.bool_(_key(key) in _found(handle).entries),)


def stack_keys(attrs: Any, handle: Array) -> tuple[Array]:
    """Return all keys as one array.

    # TF: in the order of a hash table.
    """
    entries = _found(handle).entries
    if not entries:
        raise InvalidArgumentError(
            None, None, "TensorMapStackKeys cannot be called on empty map."
        )
    keys = [key for key, _ in entries.values()]
    if len({np.shape(key) for key in keys}) > 1:
        raise InvalidArgumentError(None, None, "Keys must all have the same shape.")
    if any(key.dtype != attrs["key_dtype"].numpy_dtype for key in keys):
        raise InvalidArgumentError(None, None, "Key does not match requested dtype.")
    return (np.stack(keys),)


KERNELS = {
    "EmptyTensorMap": Kernel(empty),
    "TensorMapSize": Kernel(size),
    "TensorMapInsert": Kernel(insert, static=("key",)),
    "TensorMapLookup": Kernel(lookup, static=("key",)),
    "TensorMapErase": Kernel(erase, static=("key",)),
    "TensorMapHasKey": Kernel(has_key, static=("key",)),
    "TensorMapStackKeys": Kernel(stack_keys),
}
