"""Nodes of matrix products, as TensorFlow's Python functions add them.

Source: tensorflow python/ops/math_ops.py matmul.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build.math import cast, conj
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["matmul"]

_SMALL_INTEGERS = (dtypes.int8, dtypes.uint8)
_SPARSE_DTYPES = (dtypes.bfloat16, dtypes.float32)


@dataclass(slots=True)
class _Factor:
    """One operand and what is to be done with it."""

    tensor: Tensor
    is_transposed: bool
    is_adjoint: bool
    is_sparse: bool

    def may_have_batch(self) -> bool:
        rank = self.tensor.shape.ndims
        return rank is None or rank > 2

    def make_adjoint(self) -> None:
        """Turn a transposition into an adjoint."""
        if self.is_transposed:
            self.tensor = conj(self.tensor)
            self.is_adjoint = True

    def make_transposed(self) -> None:
        """Turn an adjoint into a transposition."""
        if self.is_adjoint:
            self.tensor = conj(self.tensor)
            self.is_transposed = True


def _check_flags(a_or_b: str, is_transposed: bool, is_adjoint: bool) -> None:
    if is_transposed and is_adjoint:
        raise ValueError(
            f"Only one of `transpose_{a_or_b}` and `adjoint_{a_or_b}` can be True."
            f" Received `transpose_{a_or_b}`={is_transposed},"
            f" `adjoint_{a_or_b}`={is_adjoint}."
        )


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
) -> Tensor:
    """Multiply matrices, or batches of matrices.

    Adds `MatMul` for matrices, `BatchMatMulV2` where a rank is above 2 or unknown,
    `BatchMatMulV3` for another output type, `SparseMatMul` for operands said to be
    full of zeros.

    Raises:
        ValueError: An operand is to be both transposed and adjoint.
    """
    with name_scope(name, "MatMul", [a, b]) as scope:
        _check_flags("a", transpose_a, adjoint_a)
        _check_flags("b", transpose_b, adjoint_b)
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, preferred_dtype=a.dtype.base_dtype, name="b")
        left = _Factor(a, transpose_a, adjoint_a, a_is_sparse)
        right = _Factor(b, transpose_b, adjoint_b, b_is_sparse)
        has_other_output = bool(output_type) and (
            output_type != a.dtype or output_type != b.dtype
        )
        grads = (grad_a, grad_b)
        output = output_type if has_other_output else None
        is_sparse = a_is_sparse or b_is_sparse
        if not is_sparse and (left.may_have_batch() or right.may_have_batch()):
            left.make_adjoint()
            right.make_adjoint()
            return _batch_matmul(left, right, output, grads, scope)
        left.make_transposed()
        right.make_transposed()
        if _is_sparse_product(left, right):
            return _sparse_matmul(left, right, scope)
        if has_other_output:
            left.is_adjoint = left.is_adjoint or left.is_transposed
            right.is_adjoint = right.is_adjoint or right.is_transposed
            return _batch_matmul(left, right, output, grads, scope)
        return op(
            "MatMul",
            a=left.tensor,
            b=right.tensor,
            transpose_a=left.is_transposed,
            transpose_b=right.is_transposed,
            grad_a=grad_a,
            grad_b=grad_b,
            name=scope,
        )


def _batch_matmul(
    left: _Factor,
    right: _Factor,
    output_type: Any,
    grads: tuple[bool, bool],
    name: str,
) -> Tensor:
    attributes: dict[str, Any] = {
        "adj_x": left.is_adjoint,
        "adj_y": right.is_adjoint,
        "grad_x": grads[0],
        "grad_y": grads[1],
        "name": name,
    }
    if output_type is None:
        return op("BatchMatMulV2", x=left.tensor, y=right.tensor, **attributes)
    return op(
        "BatchMatMulV3", x=left.tensor, y=right.tensor, Tout=output_type, **attributes
    )


def _is_sparse_product(left: _Factor, right: _Factor) -> bool:
    a, b = left.tensor.dtype, right.tensor.dtype
    if (left.is_sparse or right.is_sparse) and (
        a in _SPARSE_DTYPES and b in _SPARSE_DTYPES
    ):
        return True
    # bfloat16 with another type: the sparse product alone takes two types.
    if a == b:
        return False
    return (a == dtypes.bfloat16 and b not in _SMALL_INTEGERS) or (
        b == dtypes.bfloat16 and a not in _SMALL_INTEGERS
    )


def _sparse_matmul(left: _Factor, right: _Factor, name: str) -> Tensor:
    product = op(
        "SparseMatMul",
        a=left.tensor,
        b=right.tensor,
        transpose_a=left.is_transposed,
        transpose_b=right.is_transposed,
        a_is_sparse=left.is_sparse,
        b_is_sparse=right.is_sparse,
        name=name,
    )
    if left.tensor.dtype == right.tensor.dtype == dtypes.bfloat16:
        product = cast(product, dtypes.bfloat16)
    return product


def same_batch_shape(x: TensorShape, y: TensorShape) -> bool:
    """Whether the batch dimensions of two operands are known to be equal."""
    if x.dims_tuple is None or y.dims_tuple is None:
        return False
    batch = x.dims_tuple[:-2]
    return None not in batch and batch == y.dims_tuple[:-2]
