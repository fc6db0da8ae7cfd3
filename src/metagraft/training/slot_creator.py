"""Variables that belong to other variables, such as the momentum of a weight.

Source: tensorflow python/training/slot_creator.py.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from metagraft.api.initializers import Zeros
from metagraft.api.save_slice_info import SaveSliceInfo
from metagraft.api.variable_initial_value import initialized_value
from metagraft.api.variable_scope import (
    get_variable,
    get_variable_scope,
    variable_scope,
)
from metagraft.api.variables import Variable
from metagraft.graph.build import array
from metagraft.graph.scopes import colocate_with
from metagraft.graph.shapes import TensorShape


def create_slot(
    primary: Any, val: Any, name: str, colocate_with_primary: bool = True
) -> Variable:
    """Make a slot with an initial value.

    Args:
        primary: The variable or tensor it belongs to.
        val: The initial value, a tensor.
        name: Name of the slot, behind that of `primary`.
        colocate_with_primary: Whether it is placed with `primary`.
    """
    with _scope_of(primary, name), _placement(primary, colocate_with_primary):
        return _slot(
            primary, val, None, None, validate_shape=val.shape.is_fully_defined()
        )


def create_slot_with_initializer(
    primary: Any,
    initializer: Any,
    shape: TensorShape,
    dtype: Any,
    name: str,
    colocate_with_primary: bool = True,
) -> Variable:
    """Make a slot with an initializer, which is called with shape and type."""
    with _scope_of(primary, name), _placement(primary, colocate_with_primary):
        return _slot(
            primary,
            initializer,
            shape,
            dtype,
            validate_shape=shape.is_fully_defined(),
        )


def create_zeros_slot(
    primary: Any, name: str, dtype: Any = None, colocate_with_primary: bool = True
) -> Variable:
    """Make a slot of zeros, of the shape and (without `dtype`) type of `primary`."""
    if dtype is None:
        dtype = primary.dtype
    shape = primary.get_shape()
    if shape.is_fully_defined():
        return create_slot_with_initializer(
            primary, Zeros(), shape, dtype, name, colocate_with_primary
        )
    if isinstance(primary, Variable):
        sizes = array.shape(initialized_value(primary))
    else:
        sizes = array.shape(primary)
    val = array.zeros(sizes, dtype=dtype)
    return create_slot(primary, val, name, colocate_with_primary)


def _scope_of(primary: Any, name: str) -> AbstractContextManager[Any]:
    is_variable = isinstance(primary, Variable)
    prefix = primary._shared_name if is_variable else primary.op.name  # noqa: SLF001
    return variable_scope(None, f"{prefix}/{name}")


def _placement(primary: Any, is_colocated: bool) -> AbstractContextManager[Any]:
    if not is_colocated:
        return nullcontext()
    placed: AbstractContextManager[Any] = colocate_with(primary)
    return placed


def _slot(
    primary: Any,
    val: Any,
    shape: TensorShape | None,
    dtype: Any,
    *,
    validate_shape: bool,
) -> Variable:
    scope = get_variable_scope()
    partitioner = scope.partitioner
    # A slot of a piece of a partitioned variable is not cut again.
    scope.set_partitioner(None)
    try:
        slot: Variable = get_variable(
            "",
            initializer=val,
            trainable=False,
            use_resource=primary.is_resource if isinstance(primary, Variable) else None,
            shape=shape if callable(val) else None,
            dtype=dtype,
            validate_shape=validate_shape,
        )
    finally:
        scope.set_partitioner(partitioner)
    if isinstance(primary, Variable):
        _take_slice(primary, slot)
    return slot


def _take_slice(primary: Variable, slot: Variable) -> None:
    """Let a slot of a piece be saved as a piece."""
    info = primary._get_save_slice_info()  # noqa: SLF001 - TensorFlow's name for it
    rank = slot.shape.ndims
    if info is None or rank == 0:
        return
    name = slot.op.name[len(primary.op.name) + 1 :]
    slot._set_save_slice_info(  # noqa: SLF001 - TensorFlow's name for it
        SaveSliceInfo(
            f"{info.full_name}/{name}",
            info.full_shape[:rank],
            info.var_offset[:rank],
            info.var_shape[:rank],
        )
    )
