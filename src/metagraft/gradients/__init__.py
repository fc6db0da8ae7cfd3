"""Gradients: the reverse walk over a graph that applies the rules of `ops/`."""

from metagraft.gradients.aggregation import AggregationMethod
from metagraft.gradients.backward import UnconnectedGradients, gradients
from metagraft.gradients.registry import (
    RegisterGradient,
    get_gradient_function,
    no_gradient,
)

__all__ = [
    "AggregationMethod",
    "RegisterGradient",
    "UnconnectedGradients",
    "get_gradient_function",
    "gradients",
    "no_gradient",
]
