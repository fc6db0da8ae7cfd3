"""Lookup tables; twin of `kernels/tables.py`.

A table comes out as a handle. Files from before 2017 have the older ops, whose handle
is a reference to a vector of two strings.

Source: tensorflow core/ops/lookup_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import DType, kernel_name
from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, ShapeFunction, Shapes
from metagraft.graph.shape_checks import (
    merge_dim,
    merged,
    with_rank,
    with_rank_at_least,
    with_rank_at_most,
)
from metagraft.graph.shapes import Dims

_SOURCE: Final = "tensorflow core/ops/lookup_ops.cc"
# Tables that say of what shape their values are.
_MUTABLE: Final = frozenset(
    {
        "AnonymousMutableDenseHashTable",
        "AnonymousMutableHashTable",
        "AnonymousMutableHashTableOfTensors",
        "MutableDenseHashTableV2",
        "MutableHashTableOfTensorsV2",
        "MutableHashTableV2",
    }
)


def handle_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A handle."""
    del attrs, inputs
    return ((),)


def reference_handle_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The older kind of handle: two strings."""
    del attrs, inputs
    return ((2,),)


def number_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """One number."""
    del attrs, inputs
    return ((),)


def _element(inputs: Shapes) -> tuple[Dims, Dims] | None:
    """Shapes of a key and a value of the table that comes first, if they are known."""
    table = inputs.tensor(0).op
    if table.type not in _MUTABLE:
        return None
    key: Dims = table.inputs[0].dims if table.inputs else ()
    value: Dims = table.attrs.get("value_shape", ())
    return key, value


def _values(keys: Dims, element: tuple[Dims, Dims] | None) -> Dims:
    """The shape of the values of keys of one shape."""
    if element is None or keys is None:
        return None
    key, value = element
    if key is None or value is None:
        return None
    return keys[: len(keys) - len(key)] + value


def _check_types(inputs: Shapes, key_dtype: DType, value_dtype: DType) -> None:
    """Refuse types that are not those of a table that says them."""
    table = inputs.tensor(0).op
    if table.type not in _MUTABLE:
        return
    for name, dtype in (("key_dtype", key_dtype), ("value_dtype", value_dtype)):
        expected = table.attrs[name]
        if dtype != expected:
            raise ValueError(
                f"Trying to read value with wrong dtype. Expected "
                f"{kernel_name(expected)} got {kernel_name(dtype)}"
            )


def find_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A value for each key."""
    with_rank(inputs[0], 0)
    _check_types(inputs, attrs["Tin"], attrs["Tout"])
    return (_values(inputs[1], _element(inputs)),)


def reference_find_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Values of which nothing is known."""
    del attrs
    with_rank_at_most(inputs[2], 1)
    return (None,)


def export_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Keys and values of which nothing is known, also where the table says it."""
    _check_types(inputs, attrs["Tkeys"], attrs["Tvalues"])
    return None, None


def reference_export_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Some keys; nothing is known of the values."""
    del attrs, inputs
    return (None,), None


def import_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Nothing; as many keys as values go in."""
    del attrs
    keys = with_rank(inputs[1], 1)
    values = with_rank_at_least(inputs[2], 1)
    if values is not None:
        merge_dim(keys[0], values[0])
    return ()


def remove_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Nothing; keys go in."""
    del attrs
    with_rank(inputs[0], 0)
    with_rank_at_least(inputs[1], 1)
    return ()


def initialize_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Nothing; as many keys as values go in."""
    del attrs
    merged(with_rank(inputs[1], 1), inputs[2])
    return ()


def initialize_from_file_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Nothing; the name of a file goes in."""
    del attrs
    with_rank(inputs[1], 0)
    return ()


_HANDLES: Final = (
    "HashTable",
    "MutableHashTable",
    "MutableHashTableOfTensors",
)
_ANONYMOUS: Final = (
    "AnonymousHashTable",
    "AnonymousMutableHashTable",
    "AnonymousMutableHashTableOfTensors",
)


def _marked(name: str, shape: ShapeFunction | None = None, ranks: str = "") -> OpSpec:
    return replace(_spec(name, shape, ranks), gradient=NOT_DIFFERENTIABLE)


def _spec(name: str, shape: ShapeFunction | None = None, ranks: str = "") -> OpSpec:
    return OpSpec(name=name, shape=shape, source=_SOURCE, ranks=ranks)


OPS = (
    *(_marked(name, reference_handle_shape) for name in _HANDLES),
    *(_marked(f"{name}V2", handle_shape) for name in _HANDLES),
    *(_spec(name, handle_shape) for name in _ANONYMOUS),
    _marked("InitializeTable", initialize_shape, "h"),
    _marked("InitializeTableV2", initialize_shape, "0"),
    _marked("InitializeTableFromTextFile", initialize_from_file_shape, "h"),
    _marked("InitializeTableFromTextFileV2", initialize_from_file_shape, "0"),
    _marked("LookupTableFind", reference_find_shape, "h"),
    _marked("LookupTableFindV2", find_shape),
    _marked("LookupTableInsert", ranks="h"),
    _marked("LookupTableInsertV2", ranks="0"),
    _marked("LookupTableSize", number_shape, "h"),
    _marked("LookupTableSizeV2", number_shape, "0"),
    _spec("LookupTableExport", reference_export_shape, "h"),
    _spec("LookupTableExportV2", export_shape, "0"),
    _spec("LookupTableImport", ranks="h"),
    _spec("LookupTableImportV2", import_shape, "0"),
    _spec("LookupTableRemoveV2", remove_shape),
)
