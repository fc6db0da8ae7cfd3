"""Python's operators for objects that stand for a tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from metagraft.graph.operators import TensorOperators

_OPERATORS: Final = (
    *("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__"),
    *("__div__", "__rdiv__", "__truediv__", "__rtruediv__"),
    *("__floordiv__", "__rfloordiv__", "__mod__", "__rmod__", "__pow__", "__rpow__"),
    *("__matmul__", "__rmatmul__", "__and__", "__rand__", "__or__", "__ror__"),
    *("__xor__", "__rxor__", "__invert__", "__neg__", "__abs__"),
    *("__lt__", "__le__", "__gt__", "__ge__"),
)


def operators_on(value: Callable[[Any], Any]) -> dict[str, Callable[..., Any]]:
    """Return the operators of `Tensor`, applied to the value of an object.

    Args:
        value: Returns the tensor that an object stands for.
    """
    return {name: _on_value(name, value) for name in _OPERATORS}


def _on_value(name: str, value: Callable[[Any], Any]) -> Callable[..., Any]:
    of_tensor = getattr(TensorOperators, name)

    def operator(self: Any, *others: Any) -> Any:
        return of_tensor(value(self), *others)

    operator.__name__ = name
    operator.__doc__ = of_tensor.__doc__
    return operator
