"""Gradient descent with momentum.

Source: tensorflow python/training/momentum.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.tensor import Tensor
from metagraft.training.optimizer import Optimizer


class MomentumOptimizer(Optimizer):
    """The momentum algorithm, also as Nesterov describes it."""

    def __init__(
        self,
        learning_rate: Any,
        momentum: Any,
        use_locking: bool = False,
        name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        """Set learning rate and momentum: numbers, tensors or functions."""
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._momentum = momentum
        self._use_nesterov = use_nesterov

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            self._zeros_slot(var, "momentum", self._name)

    def _prepare(self) -> None:
        rate = self._call_if_callable(self._learning_rate)
        self._learning_rate_tensor = convert_to_tensor(rate, name="learning_rate")
        momentum = self._call_if_callable(self._momentum)
        self._momentum_tensor = convert_to_tensor(momentum, name="momentum")

    def _apply(self, grad: Tensor, var: Any, indices: Tensor | None = None) -> Any:
        return self._update(
            "Momentum",
            var,
            {"accum": self.get_slot(var, "momentum")},
            {"lr": self._learning_rate_tensor, "momentum": self._momentum_tensor},
            ("grad", grad),
            indices,
            use_nesterov=self._use_nesterov,
        )

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        return self._apply(grad, var)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        return self._apply(grad, handle)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        return self._apply(grad.values, var, grad.indices)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        return self._apply(grad, handle, indices)
