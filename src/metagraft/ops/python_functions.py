"""Calls of Python functions; twin of `kernels/python_functions.py`.

Source: tensorflow core/ops/script_ops.cc; python/ops/script_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.python_functions import PYTHON_FUNCTIONS
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/script_ops.cc"


def python_function_shape(attrs: Attrs, _inputs: Shapes) -> Sequence[Dims]:
    """Only the function knows what it returns."""
    return (None,) * len(attrs["Tout"])


def eager_py_func_gradient(
    g: GradientBuilder, node: Operation, *dy: Any
) -> Sequence[Any]:
    """Call a function that differentiates what this one did.

    Raises:
        LookupError: The function is not in this process.
    """
    token = node.get_attr("token").decode()
    function = PYTHON_FUNCTIONS.get(token)
    gradient = None if function is None else function.gradient()
    if gradient is None:
        raise LookupError(
            f"Operation '{node.name}' calls the Python function '{token}', which is "
            "not in this process, so it has no gradient."
        )
    with control_dependencies(node.outputs):
        results: Sequence[Any] = g.op(
            "EagerPyFunc",
            input=list(dy),
            token=PYTHON_FUNCTIONS.add(gradient),
            is_async=False,
            Tout=[tensor.dtype for tensor in node.inputs],
        )
    return results


OPS = (
    OpSpec(
        name="EagerPyFunc",
        shape=python_function_shape,
        gradient=eager_py_func_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="PyFunc",
        shape=python_function_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="PyFuncStateless",
        shape=python_function_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
)
