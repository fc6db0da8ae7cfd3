"""Assertions about ranks, shapes and types: `tf.assert_rank` and its like.

Source: tensorflow python/ops/check_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from metagraft.api.assertion import assert_
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import no_op, with_dependencies
from metagraft.graph.build.math import equal
from metagraft.graph.composite import SparseTensor
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "assert_integer",
    "assert_proper_iterable",
    "assert_rank",
    "assert_rank_at_least",
    "assert_rank_in",
    "assert_same_float_dtype",
    "assert_scalar",
    "assert_type",
    "is_numeric_tensor",
    "message_prefix",
]

_NUMERIC = frozenset(
    {
        dtypes.float16, dtypes.float32, dtypes.float64, dtypes.bfloat16,
        dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64,
        dtypes.uint8, dtypes.uint16, dtypes.uint32, dtypes.uint64,
        dtypes.qint8, dtypes.qint16, dtypes.qint32, dtypes.quint8, dtypes.quint16,
        dtypes.complex64, dtypes.complex128,
    }
)  # fmt: skip


def message_prefix(message: str | None) -> str:
    """Return `message` as it is put before another, or nothing."""
    return f"{message}.  " if message else ""


class _StaticRankError(ValueError):
    """The rank is known and is not as demanded."""

    def __init__(self, rank: int) -> None:
        super().__init__("Static rank condition failed")
        self.rank = rank


def _tensor_or_sparse(x: Any) -> Any:
    return x if isinstance(x, SparseTensor) else convert_to_tensor(x, name="x")


def _shown_name(x: Any) -> str:
    return "" if isinstance(x, SparseTensor) else str(x.name)


def _rank_condition(
    x: Any,
    ranks: Sequence[Tensor],
    holds: Callable[[int, list[int]], bool],
    build: Callable[[Tensor, Sequence[Tensor]], Tensor],
    data: Sequence[Any],
    summarize: int | None,
) -> Operation:
    for rank in ranks:
        assert_type(rank, dtypes.int32)
    known = [constant_value(rank) for rank in ranks]
    if all(value is not None for value in known):
        if any(np.ndim(value) for value in known):
            raise ValueError("Rank must be a scalar.")
        found = x.shape.ndims
        if found is not None:
            if not holds(found, [int(value) for value in known]):
                raise _StaticRankError(found)
            return no_op(name="static_checks_determined_all_ok")
    condition = build(array.rank(x), ranks)
    for rank, value in zip(ranks, known, strict=True):
        if value is None:
            shown = ["Rank must be a scalar. Received rank: ", rank]
            check = assert_rank(rank, 0, data=shown)
            condition = with_dependencies([check], condition)
    return assert_(condition, data, summarize=summarize)


def assert_rank(
    x: Any,
    rank: Any,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Add a check that `x` has the given rank.

    Args:
        x: A tensor or sparse tensor.
        rank: A number, or a tensor of one.
        data: What the error shows; by default the rank and the shape.
        summarize: How many elements of each tensor the error shows.
        message: What the error begins with.
        name: Name of the scope.

    Raises:
        ValueError: The rank is known and is another.
    """
    with name_scope(name, "assert_rank", [x, rank, *(data or [])]):
        x = _tensor_or_sparse(x)
        wanted = convert_to_tensor(rank, name="rank")
        prefix, shown = message_prefix(message), _shown_name(x)
        if data is None:
            text = f"Tensor {shown} must have rank"
            data = [prefix, text, wanted, "Received shape: ", array.shape(x)]
        try:
            return _rank_condition(
                x,
                [wanted],
                lambda found, ranks: found == ranks[0],
                lambda found, ranks: equal(found, ranks[0]),
                data,
                summarize,
            )
        except _StaticRankError as error:
            raise ValueError(
                f"{prefix}Tensor {shown} must have rank {int(constant_value(wanted))}."
                f"  Received rank {error.rank}, shape {x.shape}"
            ) from None


def assert_rank_at_least(
    x: Any,
    rank: Any,
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Add a check that `x` has at least the given rank; see `assert_rank`.

    Raises:
        ValueError: The rank is known and is lower.
    """
    with name_scope(name, "assert_rank_at_least", [x, rank, *(data or [])]):
        x = convert_to_tensor(x, name="x")
        wanted = convert_to_tensor(rank, name="rank")
        prefix = message_prefix(message)
        if data is None:
            text = f"Tensor {x.name} must have rank at least"
            data = [prefix, text, wanted, "Received shape: ", array.shape(x)]
        try:
            return _rank_condition(
                x,
                [wanted],
                lambda found, ranks: found >= ranks[0],
                lambda found, ranks: op("GreaterEqual", x=found, y=ranks[0]),
                data,
                summarize,
            )
        except _StaticRankError as error:
            raise ValueError(
                f"{prefix}Tensor {x.name} must have rank at least"
                f" {int(constant_value(wanted))}.  Received rank {error.rank}, shape"
                f" {x.shape}"
            ) from None


def _is_one_of(found: Tensor, ranks: Sequence[Tensor]) -> Tensor:
    if not ranks:
        return convert_to_tensor(False)
    result = equal(ranks[0], found)
    for rank in ranks[1:]:
        result = op("LogicalOr", x=result, y=equal(rank, found))
    return result


def assert_rank_in(
    x: Any,
    ranks: Iterable[Any],
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Add a check that `x` has one of the given ranks; see `assert_rank`.

    Raises:
        ValueError: The rank is known and is none of them.
    """
    ranks = tuple(ranks)
    with name_scope(name, "assert_rank_in", [x, *ranks, *(data or [])]):
        x = _tensor_or_sparse(x)
        wanted = [convert_to_tensor(rank, name="rank") for rank in ranks]
        prefix, shown = message_prefix(message), _shown_name(x)
        if data is None:
            text = f"Tensor {shown} must have rank in"
            data = [prefix, text, *wanted, "Received shape: ", array.shape(x)]
        try:
            return _rank_condition(
                x,
                wanted,
                lambda found, known: found in known,
                _is_one_of,
                data,
                summarize,
            )
        except _StaticRankError as error:
            known = tuple(int(constant_value(rank)) for rank in wanted)
            raise ValueError(
                f"{prefix}Tensor {shown} must have rank in {known}.  Received rank"
                f" {error.rank}, shape {x.shape}"
            ) from None


def assert_integer(
    x: Any, message: str | None = None, name: str | None = None
) -> Operation:
    """Check that `x` is of an integer type.

    Raises:
        TypeError: It is not.
    """
    with name_scope(name, "assert_integer", [x]):
        tensor = convert_to_tensor(x, name="x")
        if not tensor.dtype.is_integer:
            raise TypeError(
                f'{message_prefix(message)}Expected "x" to be integer type.  Found:'
                f" {tensor.name} of dtype {tensor.dtype}"
            )
        return no_op("statically_determined_was_integer")


def assert_type(
    tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None
) -> Operation:
    """Check that `tensor` is of the given type.

    Raises:
        TypeError: It is not.
    """
    wanted = as_dtype(tf_type)
    with name_scope(name, "assert_type", [tensor]):
        if not isinstance(tensor, SparseTensor):
            tensor = convert_to_tensor(tensor, name="tensor")
        if tensor.dtype != wanted:
            raise TypeError(
                f"{message_prefix(message)}{getattr(tensor, 'name', 'tensor')} must be"
                f" of type {wanted!r};"
                f" got {tensor.dtype!r}"
            )
        return no_op("statically_determined_correct_type")


def assert_scalar(
    tensor: Any, name: str | None = None, message: str | None = None
) -> Tensor:
    """Return `tensor`, which is a scalar.

    Raises:
        ValueError: It is not.
    """
    with name_scope(name, "assert_scalar", [tensor]) as scope:
        found = convert_to_tensor(tensor, name=scope)
        if found.shape.ndims != 0:
            raise ValueError(
                f"{message_prefix(message)}Expected scalar shape for {found.name}, saw"
                f" shape: {found.shape}."
            )
        return found


def assert_same_float_dtype(
    tensors: Sequence[Any] | None = None, dtype: Any = None
) -> DType:
    """Return the floating-point type that all tensors (and `dtype`) have.

    Raises:
        ValueError: They differ, or the type is not floating-point.
    """
    expected = None if dtype is None else as_dtype(dtype)
    origin: Any = None
    for tensor in tensors or ():
        if tensor is None:
            continue
        found = tensor.dtype.base_dtype
        if expected is None:
            expected, origin = found, tensor
        elif found != expected:
            like = (
                f" as {getattr(origin, 'name', origin)}" if origin is not None else ""
            )
            shown = getattr(tensor, "name", tensor)
            raise ValueError(
                f"{shown}, type={found}, must be of the same type ({expected}){like}."
            )
    if expected is None:
        return dtypes.float32
    if not expected.is_floating:
        raise ValueError(f"Expected floating point type, got {expected}.")
    return expected


def assert_proper_iterable(values: Any) -> None:
    """Check that `values` is a collection of values, not one value.

    Raises:
        TypeError: It is a tensor, an array or a string, or no iterable.
    """
    if isinstance(values, Tensor | SparseTensor | np.ndarray | bytes | str):
        raise TypeError(
            'Expected argument "values" to be a "proper" iterable.  Found:'
            f" {type(values)}"
        )
    if not isinstance(values, Iterable):
        raise TypeError(
            f'Expected argument "values" to be iterable.  Found: {type(values)}'
        )


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether `tensor` is a tensor of numbers."""
    return isinstance(tensor, Tensor) and tensor.dtype in _NUMERIC
