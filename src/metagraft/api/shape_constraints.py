"""Relations between the shapes of several tensors (`tf.debugging.assert_shapes`).

Source: tensorflow python/ops/check_ops.py assert_shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from metagraft.api.assertion import assert_
from metagraft.api.cond import cond
from metagraft.api.shape_checks import assert_rank, assert_rank_at_least, assert_rank_in
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import group
from metagraft.graph.build.math import equal
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies, name_scope

__all__ = ["assert_shapes"]

_ANY_NUMBER = (Ellipsis, "*")
_ANY_SIZE = (None, ".")


class _Constraint(NamedTuple):
    """A tensor and what its shape is to be.

    Attributes:
        x: The tensor.
        is_innermost: Whether there may be more dimensions in front.
        actual: Its sizes: integers and tensors, or one tensor.
        symbols: The wanted sizes.
    """

    x: Any
    is_innermost: bool
    actual: Any
    symbols: tuple[Any, ...]

    @property
    def name(self) -> str:
        if isinstance(self.x, SparseTensor):
            return f"shape={self.x.get_shape()} dtype={self.x.dtype!r}"
        name: str = self.x.name
        return name


class _Report(NamedTuple):
    """What the checks say when they fail."""

    data: Sequence[Any] | None
    summarize: int | None
    prefix: str


def assert_shapes(
    shapes: Mapping[Any, Any] | Iterable[tuple[Any, Any]],
    data: Sequence[Any] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Add a check that sizes are as given, and alike where they have one name.

    Args:
        shapes: Pairs of a tensor and its shape: a size, a name, or `None` or `"."`
            for any size, each; `...` or `"*"` in front for any dimensions.
        data: What is printed if the check fails.
        summarize: How much of each tensor is printed.
        message: What the error begins with.
        name: Name of the scope.

    Raises:
        ValueError: A shape is malformed, or known sizes do not fit.
    """
    pairs = shapes.items() if isinstance(shapes, Mapping) else shapes
    report = _Report(data, summarize, f"{message}.  " if message else "")
    with name_scope(name, "assert_shapes", [shapes, data]):
        wanted = [
            (x if isinstance(x, SparseTensor) else convert_to_tensor(x), shape)
            for x, shape in pairs
            if shape is not None
        ]
        constraints = [_constraint(x, shape, report.prefix) for x, shape in wanted]
        ranks = [
            _rank_check(constraint, data, summarize, message, name)
            for constraint in constraints
            if not (constraint.is_innermost and len(constraint.symbols) <= 1)
        ]
        sizes = _size_checks(constraints, ranks, report)
    with control_dependencies(ranks):
        return group(*sizes)


def _constraint(x: Any, shape: Any, prefix: str) -> _Constraint:
    unnamed = _Constraint(x, is_innermost=False, actual=None, symbols=())
    if not hasattr(shape, "__iter__") and not hasattr(shape, "__getitem__"):
        raise ValueError(
            f"{prefix}Tensor {unnamed.name}.  Specified shape must be an iterable.  An"
            " iterable has the attribute `__iter__` or `__getitem__`.  Received"
            f" specified shape: {shape}"
        )
    symbols = tuple(shape)
    for place, symbol in enumerate(symbols):
        if place and symbol in _ANY_NUMBER:
            raise ValueError(
                f"{prefix}Tensor {unnamed.name} specified shape index {place}.  Symbol"
                " `...` or `*` for a variable number of unspecified dimensions is only"
                " allowed as the first entry"
            )
    is_innermost = bool(symbols) and symbols[0] in _ANY_NUMBER
    # A scalar counts as a vector of size 1.
    rest = symbols[1:] if is_innermost else symbols
    return _Constraint(x, is_innermost, _sizes(x), rest or (1,))


def _sizes(x: Any) -> Any:
    dynamic = array.shape(x)
    rank = x.get_shape().rank
    if rank == 0:
        return (1,)
    if rank is not None:
        return [
            dynamic[i] if size is None else int(size)
            for i, size in enumerate(x.get_shape().as_list())
        ]
    is_scalar = equal(array.rank(x), 0)
    return cond(is_scalar, lambda: convert_to_tensor([1]), lambda: dynamic)


def _rank_check(
    constraint: _Constraint,
    data: Sequence[Any] | None,
    summarize: int | None,
    message: str | None,
    name: str | None,
) -> Operation:
    rank = len(constraint.symbols)
    if constraint.is_innermost:
        check: Any = assert_rank_at_least
        wanted: Any = rank
    elif rank <= 1:
        check, wanted = assert_rank_in, [0, 1]
    else:
        check, wanted = assert_rank, rank
    made: Operation = check(
        constraint.x, wanted, data=data, summarize=summarize, message=message, name=name
    )
    return made


def _is_known(size: Any) -> bool:
    try:
        int(size)
    except (ValueError, TypeError):
        return False
    return True


def _size_checks(
    constraints: Sequence[_Constraint], ranks: Sequence[Operation], report: _Report
) -> list[Operation]:
    checks: list[Operation] = []
    named: dict[Any, tuple[Any, str]] = {}
    for constraint in constraints:
        for place, symbol in enumerate(constraint.symbols):
            if symbol in _ANY_SIZE:
                continue
            count = len(constraint.symbols)
            axis = place - count if constraint.is_innermost else place
            # A size is read where the rank is known to be enough.
            with control_dependencies(ranks):
                actual = constraint.actual[axis]
            if _is_known(symbol):
                wanted, origin = int(symbol), "Specified explicitly"
            elif symbol in named:
                wanted, origin = named[symbol]
            else:
                by = f"Specified by tensor {constraint.name} dimension {axis}"
                named[symbol] = (actual, by)
                continue
            check = _size_check(constraint, axis, (actual, wanted), origin, report)
            checks += [] if check is None else [check]
    return checks


def _size_check(
    constraint: _Constraint,
    axis: int,
    sizes: tuple[Any, Any],
    origin: str,
    report: _Report,
) -> Operation | None:
    actual, wanted = sizes
    if _is_known(actual) and _is_known(wanted):
        if int(actual) != int(wanted):
            raise ValueError(
                f"{report.prefix}{origin}.  Tensor {constraint.name} dimension {axis}"
                f" must have size {wanted}.  Received size {actual}, shape"
                f" {constraint.x.get_shape()}"
            )
        return None
    is_alike = equal(convert_to_tensor(actual), convert_to_tensor(wanted))
    data = report.data
    if data is None:
        data = [
            report.prefix,
            origin,
            f"Tensor {constraint.name} dimension",
            axis,
            "must have size",
            wanted,
            "Received shape: ",
            array.shape(constraint.x),
        ]
    return assert_(is_alike, data, summarize=report.summarize)
