"""XLA's operations that take functions: reduce, scatter, sort; twin of `kernels/`.

Source: tensorflow compiler/tf2xla/ops/xla_ops.cc.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims
from metagraft.proto import ScatterDimensionNumbers

__all__ = ["OPS", "ScatterNumbers"]

_SOURCE: Final = "tensorflow compiler/tf2xla/ops/xla_ops.cc"


@dataclass(frozen=True, slots=True)
class ScatterNumbers:
    """XLA's dimension numbers of a scatter.

    Attributes:
        window: Axes of the updates that belong to windows.
        inserted: Axes of the operand that windows do not have.
        indexed: Axes of the operand that a vector of indices tells.
        index_axis: The axis of the indices along which these vectors lie.
        batch: Axes of the operand that belong to axes of the indices.
        index_batch: These axes of the indices.
    """

    window: tuple[int, ...]
    inserted: tuple[int, ...]
    indexed: tuple[int, ...]
    index_axis: int
    batch: tuple[int, ...]
    index_batch: tuple[int, ...]

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> ScatterNumbers:
        """Read the attribute."""
        numbers = ScatterDimensionNumbers.FromString(attrs["dimension_numbers"])
        return cls(
            tuple(numbers.update_window_dims),
            tuple(numbers.inserted_window_dims),
            tuple(numbers.scatter_dims_to_operand_dims),
            numbers.index_vector_dim,
            tuple(numbers.input_batching_dims),
            tuple(numbers.scatter_indices_batching_dims),
        )


def _check_axes(axes: Sequence[int], rank: int, op_type: str) -> None:
    wrong = any(not 0 <= axis < rank for axis in axes)
    if wrong or len(axes) > rank or len(set(axes)) != len(axes):
        raise ValueError(f"Invalid dimensions_to_reduce argument to {op_type}")


def reduce_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Without the axes that are reduced; TensorFlow tells only how many are left."""
    count = len(inputs.op.outputs)
    axes: list[int] = attrs["dimensions_to_reduce"]
    if inputs[0] is None:
        return (None,) * count
    _check_axes(axes, len(inputs[0]), inputs.op.type)
    return ((None,) * (len(inputs[0]) - len(axes)),) * count


def reduce_all_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Without the axes that are reduced."""
    axes: list[int] = attrs["dimensions_to_reduce"]
    found: list[Dims] = []
    for dims in inputs[: len(inputs.op.outputs)]:
        if dims is None:
            found.append(None)
            continue
        _check_axes(axes, len(dims), inputs.op.type)
        found.append(tuple(d for i, d in enumerate(dims) if i not in axes))
    return found


def same_rank_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """As many dimensions as the operand has."""
    return (None if inputs[0] is None else (None,) * len(inputs[0]),)


def unchanged_shapes(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shapes of the operands."""
    return tuple(inputs[: len(inputs.op.outputs)])


def unknown_shapes(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """TensorFlow tells nothing."""
    return (None,) * len(inputs.op.outputs)


_SHAPES: Final = {
    "XlaIf": unknown_shapes,
    "XlaReduce": reduce_shape,
    "XlaReduceWindow": same_rank_shape,
    "XlaScatter": unchanged_shapes,
    "XlaSelectAndScatter": same_rank_shape,
    "XlaVariadicReduce": reduce_shape,
    "XlaVariadicReduceV2": reduce_all_shape,
    "XlaVariadicSort": unchanged_shapes,
    "XlaWhile": unknown_shapes,
}
OPS = tuple(
    OpSpec(name=name, shape=shape, gradient=NOT_DIFFERENTIABLE, source=_SOURCE)
    for name, shape in _SHAPES.items()
)
