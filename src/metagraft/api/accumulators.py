"""Accumulators of gradients: gathered from several workers, then averaged.

Source: tensorflow python/ops/data_flow_ops.py ConditionalAccumulatorBase.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from metagraft.api.casts import cast
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import as_shape
from metagraft.graph.tensor import Tensor

__all__ = [
    "ConditionalAccumulator",
    "ConditionalAccumulatorBase",
    "SparseConditionalAccumulator",
]


class ConditionalAccumulatorBase:
    """What the two kinds of accumulators share.

    A gradient that was computed before the accumulator's global step is dropped.
    """

    # The accumulators of dense gradients have resource handles, the others references.
    _OPS = "Accumulator"

    def __init__(self, dtype: Any, shape: Any, accumulator_ref: Tensor) -> None:
        """Wrap a handle.

        Args:
            dtype: The type of the gradients.
            shape: Their shape; None if it is not known.
            accumulator_ref: The handle.
        """
        self._dtype = dtype
        self._shape = as_shape(shape)
        self._accumulator_ref = accumulator_ref
        self._name = accumulator_ref.op.name.split("/")[-1]

    @property
    def accumulator_ref(self) -> Tensor:
        """The handle."""
        return self._accumulator_ref

    @property
    def name(self) -> str:
        """The last part of the name of the operation."""
        return self._name

    @property
    def dtype(self) -> Any:
        """The type of the gradients."""
        return self._dtype

    def num_accumulated(self, name: str | None = None) -> Tensor:
        """Return how many gradients were gathered since the last were taken.

        Args:
            name: Name of the operation.
        """
        counted: Tensor = op(
            f"{self._OPS}NumAccumulated",
            handle=self._accumulator_ref,
            name=name or f"{self._name}_NumAccumulated",
        )
        return counted

    def set_global_step(
        self, new_global_step: Any, name: str | None = None
    ) -> Operation:
        """Return the operation that sets the step before which gradients are dropped.

        Args:
            new_global_step: The step, a scalar.
            name: Name of the operation.
        """
        added: Operation = op(
            f"{self._OPS}SetGlobalStep",
            handle=self._accumulator_ref,
            new_global_step=cast(convert_to_tensor(new_global_step), dtypes.int64),
            name=name,
        )
        return added


class ConditionalAccumulator(ConditionalAccumulatorBase):
    """Gathers dense gradients."""

    _OPS = "ResourceAccumulator"

    def __init__(
        self,
        dtype: Any,
        shape: Any = None,
        shared_name: str | None = None,
        name: str = "conditional_accumulator",
        reduction_type: str = "MEAN",
    ) -> None:
        """Add an accumulator.

        Args:
            dtype: The type of the gradients.
            shape: Their shape.
            shared_name: A name under which other graphs find it.
            name: Name of the operation.
            reduction_type: `MEAN` or `SUM`.
        """
        handle = op(
            "ResourceConditionalAccumulator",
            dtype=dtype,
            shape=as_shape(shape),
            shared_name=shared_name,
            name=name,
            reduction_type=reduction_type,
        )
        super().__init__(dtype, shape, handle)

    def apply_grad(
        self, grad: Any, local_step: Any = 0, name: str | None = None
    ) -> Operation:
        """Return the operation that adds a gradient.

        Args:
            grad: The gradient.
            local_step: The step at which it was computed.
            name: Name of the operation.

        Raises:
            ValueError: The gradient has another shape.
        """
        grad = convert_to_tensor(grad, self._dtype)
        grad.get_shape().assert_is_compatible_with(self._shape)
        added: Operation = op(
            "ResourceAccumulatorApplyGradient",
            handle=self._accumulator_ref,
            local_step=cast(convert_to_tensor(local_step), dtypes.int64),
            gradient=grad,
            name=name,
        )
        return added

    def take_grad(self, num_required: Any, name: str | None = None) -> Tensor:
        """Return the average of the gradients, waiting until there are enough.

        Args:
            num_required: How many.
            name: Name of the operation.
        """
        average: Tensor = op(
            "ResourceAccumulatorTakeGradient",
            handle=self._accumulator_ref,
            num_required=num_required,
            dtype=self._dtype,
            name=name,
        )
        average.set_shape(self._shape)
        return average


class SparseGradient(NamedTuple):
    """What `SparseConditionalAccumulator.take_grad` gives out."""

    indices: Tensor
    values: Tensor
    shape: Tensor


class SparseConditionalAccumulator(ConditionalAccumulatorBase):
    """Gathers gradients of some of the slices."""

    def __init__(
        self,
        dtype: Any,
        shape: Any = None,
        shared_name: str | None = None,
        name: str = "sparse_conditional_accumulator",
        reduction_type: str = "MEAN",
    ) -> None:
        """Add an accumulator.

        Args:
            dtype: The type of the gradients.
            shape: Their dense shape.
            shared_name: A name under which other graphs find it.
            name: Name of the operation.
            reduction_type: `MEAN` or `SUM`.
        """
        handle = op(
            "SparseConditionalAccumulator",
            dtype=dtype,
            shape=as_shape(shape),
            shared_name=shared_name,
            name=name,
            reduction_type=reduction_type,
        )
        super().__init__(dtype, shape, handle)

    def apply_indexed_slices_grad(
        self, grad: IndexedSlices, local_step: Any = 0, name: str | None = None
    ) -> Operation:
        """Return the operation that adds a gradient.

        Args:
            grad: The gradient.
            local_step: The step at which it was computed.
            name: Name of the operation.
        """
        return self.apply_grad(
            grad_indices=grad.indices,
            grad_values=grad.values,
            grad_shape=grad.dense_shape,
            local_step=local_step,
            name=name,
        )

    def apply_grad(
        self,
        grad_indices: Any,
        grad_values: Any,
        grad_shape: Any = None,
        local_step: Any = 0,
        name: str | None = None,
    ) -> Operation:
        """Return the operation that adds a gradient given by its parts.

        Args:
            grad_indices: Which slices.
            grad_values: The slices.
            grad_shape: The dense shape, if it is known.
            local_step: The step at which it was computed.
            name: Name of the operation.
        """
        step = cast(convert_to_tensor(local_step), dtypes.int64)
        added: Operation = op(
            "SparseAccumulatorApplyGradient",
            handle=self._accumulator_ref,
            local_step=step,
            gradient_indices=cast(grad_indices, dtypes.int64),
            gradient_values=grad_values,
            gradient_shape=cast([] if grad_shape is None else grad_shape, dtypes.int64),
            has_known_shape=grad_shape is not None,
            name=name,
        )
        return added

    def take_grad(self, num_required: Any, name: str | None = None) -> SparseGradient:
        """Return indices, values and shape of the average.

        Args:
            num_required: How many gradients are waited for.
            name: Name of the operation.
        """
        return SparseGradient(
            *op(
                "SparseAccumulatorTakeGradient",
                handle=self._accumulator_ref,
                num_required=num_required,
                dtype=self._dtype,
                name=name,
            )
        )

    def take_indexed_slices_grad(
        self, num_required: Any, name: str | None = None
    ) -> IndexedSlices:
        """Return the average as slices.

        Args:
            num_required: How many gradients are waited for.
            name: Name of the operation.
        """
        indices, values, shape = self.take_grad(num_required, name)
        return IndexedSlices(indices=indices, values=values, dense_shape=shape)
