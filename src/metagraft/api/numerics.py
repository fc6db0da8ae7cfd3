"""Checks that no value is infinite or no number at all.

Source: tensorflow python/ops/numerics.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build.control_flow import group, with_dependencies
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import colocate_with, control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["add_check_numerics_ops", "check_numerics", "verify_tensor_all_finite"]


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """Return `tensor`; a run fails with `message` if it holds infinities or NaN."""
    result: Tensor = op("CheckNumerics", tensor=tensor, message=message, name=name)
    return result


def verify_tensor_all_finite(
    t: Any = None,
    msg: str | None = None,
    name: str | None = None,
    x: Any = None,
    message: str | None = None,
) -> Tensor:
    """Return `x` (`t`); a run fails with `message` (`msg`) unless it is finite."""
    x = renamed_argument("x", x, "t", t)
    text = renamed_argument("message", message, "msg", msg)
    with name_scope(name, "VerifyFinite", [x]):
        x = convert_to_tensor(x, name="x")
        with colocate_with(x):
            checked = check_numerics(x, text)
            result: Tensor = with_dependencies([checked], x)
            return result


def add_check_numerics_ops() -> Operation:
    """Check every floating-point tensor of the graph, one after the other.

    Raises:
        ValueError: The graph has branches or loops.
    """
    floating = (dtypes.float16, dtypes.float32, dtypes.float64)
    last: list[Tensor] = []
    for operation in get_default_graph().get_operations():
        for output in operation.outputs:
            if output.dtype not in floating:
                continue
            if operation._get_control_flow_context() is not None:  # noqa: SLF001 - TensorFlow's public name
                raise ValueError(
                    "`tf.add_check_numerics_ops() is not compatible with TensorFlow"
                    " control flow operations such as `tf.cond()` or `tf.while_loop()`."
                )
            message = f"{operation.name}:{output.value_index}"
            with control_dependencies(last):
                last = [check_numerics(output, message)]
    return group(*last)
