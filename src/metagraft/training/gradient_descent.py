"""Gradient descent: `var -= learning_rate * gradient`.

Source: tensorflow python/training/gradient_descent.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build import math
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.tensor import Tensor
from metagraft.training.optimizer import Optimizer


class GradientDescentOptimizer(Optimizer):
    """The gradient descent algorithm."""

    def __init__(
        self,
        learning_rate: Any,
        use_locking: bool = False,
        name: str = "GradientDescent",
    ) -> None:
        """Set the learning rate: a number, a tensor or a function that returns one."""
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._learning_rate_tensor: Any = None

    def _prepare(self) -> None:
        rate = self._call_if_callable(self._learning_rate)
        self._learning_rate_tensor = convert_to_tensor(rate, name="learning_rate")

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        scalars = {"alpha": self._learning_rate_tensor}
        return self._update("GradientDescent", var, {}, scalars, ("delta", grad))

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        return self._apply_dense(grad, handle)

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Any:
        rate = math.cast(self._learning_rate_tensor, var.dtype.base_dtype)
        delta = IndexedSlices(grad.values * rate, grad.indices, grad.dense_shape)
        return var.scatter_sub(delta, use_locking=self._use_locking)

    def _resource_apply_sparse_duplicate_indices(
        self, grad: Tensor, handle: Any, indices: Tensor
    ) -> Any:
        step = -grad * math.cast(self._learning_rate_tensor, grad.dtype.base_dtype)
        return apply_op(
            "ResourceScatterAdd",
            resource=handle.handle,
            indices=indices,
            updates=step,
        )
