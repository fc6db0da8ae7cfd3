"""Gradient descent followed by L1 and L2 shrinking.

Source: tensorflow python/training/proximal_gradient_descent.py; Duchi, Singer, FOBOS,
2009.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.tensor import Tensor
from metagraft.training.optimizer import Optimizer


class ProximalGradientDescentOptimizer(Optimizer):
    """The proximal gradient descent algorithm."""

    def __init__(
        self,
        learning_rate: Any,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        use_locking: bool = False,
        name: str = "ProximalGradientDescent",
    ) -> None:
        """Set rate and strengths: numbers or tensors."""
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._scalars: dict[str, Tensor] = {}

    def _prepare(self) -> None:
        self._scalars = {
            "alpha": convert_to_tensor(self._learning_rate, name="learning_rate"),
            "l1": convert_to_tensor(
                self._l1_regularization_strength, name="l1_regularization_strength"
            ),
            "l2": convert_to_tensor(
                self._l2_regularization_strength, name="l2_regularization_strength"
            ),
        }

    def _apply(self, grad: Tensor, var: Any, indices: Tensor | None = None) -> Any:
        gradient = ("delta" if indices is None else "grad", grad)
        return self._update(
            "ProximalGradientDescent", var, {}, self._scalars, gradient, indices
        )

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        return self._apply(grad, var)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        return self._apply(grad, handle)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        return self._apply(grad.values, var, grad.indices)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        return self._apply(grad, handle, indices)
