"""Products of matrices of which some are ragged.

Source: tensorflow python/ops/ragged/ragged_math_ops.py matmul.
"""

from __future__ import annotations

from typing import Any

from metagraft.api import array as dense
from metagraft.api.checks import assert_equal
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.repeat import repeat
from metagraft.errors import UnimplementedError
from metagraft.graph.build import array
from metagraft.graph.build.matmul import matmul as dense_matmul
from metagraft.graph.scopes import control_dependencies, name_scope

__all__ = ["matmul"]


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Any:
    """Multiply matrices; a batch may have matrices of different heights.

    Raises:
        UnimplementedError: Matrices of a batch differ in another way.
        ValueError: The types or the ranks differ, or flags contradict each other.
    """
    if (transpose_a and adjoint_a) or (transpose_b and adjoint_b):
        side = "a" if transpose_a and adjoint_a else "b"
        raise ValueError(
            f"Only one of transpose_{side} and adjoint_{side} can be True."
        )
    flags: dict[str, Any] = {
        "transpose_a": transpose_a,
        "transpose_b": transpose_b,
        "adjoint_a": adjoint_a,
        "adjoint_b": adjoint_b,
        "a_is_sparse": a_is_sparse,
        "b_is_sparse": b_is_sparse,
    }
    with name_scope(name, "RaggedMatMul", [a, b]):
        a, b = as_values(a, name="a"), as_values(b, name="b")
        if a.dtype != b.dtype:
            raise ValueError("`a` and `b` must have the same dtype.")
        rank = _common_rank(a, b)
        if rank == 2:
            return _product(a, b, flags)
        folds = isinstance(a, RaggedTensor) and a.ragged_rank == 1
        turned = transpose_a or adjoint_a or isinstance(b, RaggedTensor)
        if rank != 3 or not folds or turned:
            # TF: multiplies the matrices of a batch one by one.
            raise UnimplementedError(
                None,
                None,
                "tf.matmul of ragged tensors takes two matrices, or a batch of matrices"
                f" of different heights and a dense batch. Received {a} and {b}.",
            )
        rows = array.expand_dims(a.values, 1)
        others = repeat(b, a.row_lengths(), axis=0)
        found = dense_matmul(rows, others, **flags)
        return a.with_values(dense.squeeze(found, axis=1))


def _common_rank(a: Any, b: Any) -> int:
    ranks = {value.shape.ndims for value in (a, b)} - {None}
    if not ranks:
        raise ValueError(
            "matmul requires at least one input to have known rank if either input is"
            " ragged."
        )
    if len(ranks) > 1 or min(ranks) < 2:
        raise ValueError("`a` and `b` must have the same rank.")
    return int(ranks.pop())


def _product(a: Any, b: Any, flags: dict[str, Any]) -> Any:
    """Multiply two matrices whose rows are equally long, which a run checks."""
    message = (
        "The matrices in `a` and `b` may not be ragged in their innermost dimension."
    )
    checks, operands = [], []
    for value in (a, b):
        if isinstance(value, RaggedTensor):
            before = array.size(value.flat_values)
            whole = value.to_tensor()
            checks.append(assert_equal(before, array.size(whole), message=message))
            operands.append(whole)
        else:
            operands.append(value)
    with control_dependencies(checks):
        return dense_matmul(operands[0], operands[1], **flags)
