"""Products of matrices of which some are ragged.

Source: tensorflow python/ops/ragged/ragged_math_ops.py matmul.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from metagraft.api import array as dense
from metagraft.api.checks import assert_equal
from metagraft.api.functional import map_fn
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_spec import RaggedTensorSpec
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.repeat import repeat
from metagraft.graph.build import array
from metagraft.graph.build.matmul import matmul as dense_matmul
from metagraft.graph.conversion import constant
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
    output_type: Any = None,
    grad_a: bool = False,
    grad_b: bool = False,
    name: str | None = None,
) -> Any:
    """Multiply matrices; those of a batch may differ in their sizes.

    Raises:
        ValueError: The types or the ranks differ, or flags contradict each other.
    """
    del grad_a, grad_b  # as in TensorFlow, not for ragged tensors
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
        "output_type": output_type,
    }
    with name_scope(name, "RaggedMatMul", [a, b]):
        a, b = as_values(a, name="a"), as_values(b, name="b")
        if a.dtype != b.dtype:
            raise ValueError("`a` and `b` must have the same dtype.")
        rank = _common_rank(a, b)
        if rank == 2:
            return _product(a, b, flags)
        if rank > 3:
            return _of_batches(a, b, flags)
        is_turned = transpose_a or adjoint_a
        if isinstance(b, RaggedTensor) or a.ragged_rank != 1 or is_turned:
            return _one_by_one(a, b, flags)
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


def _of_batches(a: Any, b: Any, flags: dict[str, Any]) -> Any:
    """Multiply batches of batches, which are as long as each other in both."""
    a, b = (
        value
        if isinstance(value, RaggedTensor)
        else RaggedTensor.from_tensor(value, ragged_rank=1)
        for value in (a, b)
    )
    message = "Batch dimensions of `a` and `b` do not have the same size."
    check = assert_equal(a.row_splits, b.row_splits, message=message)
    with control_dependencies([check]):
        return a.with_values(matmul(a.values, b.values, **flags))


def _one_by_one(a: Any, b: Any, flags: dict[str, Any]) -> RaggedTensor:
    """Multiply the matrices of two batches in a loop."""
    a_is_turned = flags["transpose_a"] or flags["adjoint_a"]
    b_is_turned = flags["transpose_b"] or flags["adjoint_b"]
    is_b_ragged = isinstance(b, RaggedTensor)
    has_ragged_columns = is_b_ragged and (b.ragged_rank == 2 or b_is_turned)

    def multiplied(pair: tuple[Any, Any]) -> Any:
        found = _product(*pair, flags)
        return RaggedTensor.from_tensor(found) if has_ragged_columns else found

    found: RaggedTensor = map_fn(
        multiplied,
        (a, b),
        fn_output_signature=RaggedTensorSpec(
            None,
            flags["output_type"] or a.dtype,
            ragged_rank=int(has_ragged_columns),
            row_splits_dtype=(a if isinstance(a, RaggedTensor) else b).row_splits.dtype,
        ),
    )
    sizes_a, sizes_b = a.shape.as_list(), b.shape.as_list()
    count = sizes_b[0] if sizes_a[0] is None else sizes_a[0]
    rows, columns = sizes_a[2 if a_is_turned else 1], sizes_b[1 if b_is_turned else 2]
    return _of_known_sizes(found, [count, rows, columns])


def _of_known_sizes(value: RaggedTensor, sizes: list[int | None]) -> RaggedTensor:
    """Return a ragged tensor with what is known of its shape."""
    inner = value.values
    if isinstance(inner, RaggedTensor):
        inner = _of_known_sizes(inner, [None, *sizes[2:]])
    else:
        inner.set_shape([None, *sizes[2:]])
    splits = value.row_splits
    if sizes[0] is not None:
        splits.set_shape([sizes[0] + 1])
    partition = value.row_partition
    if sizes[1] is not None:
        partition = replace(
            partition,
            uniform_length=constant(sizes[1], splits.dtype),
            row_count=array.size(splits, out_type=splits.dtype) - 1,
        )
    return RaggedTensor(inner, partition, internal=True)
