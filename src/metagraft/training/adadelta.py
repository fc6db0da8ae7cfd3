"""Adadelta: rates from running averages of gradients and of updates.

Source: tensorflow python/training/adadelta.py; Zeiler, 2012.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.tensor import Tensor
from metagraft.training.optimizer import Optimizer


class AdadeltaOptimizer(Optimizer):
    """The Adadelta algorithm."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.95,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:
        """Set rate, decay of the averages and what is added to the divisor."""
        super().__init__(use_locking, name)
        self._lr = learning_rate
        self._rho = rho
        self._epsilon = epsilon
        self._lr_t: Any = None
        self._rho_t: Any = None
        self._epsilon_t: Any = None

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            self._zeros_slot(var, "accum", self._name)
            self._zeros_slot(var, "accum_update", self._name)

    def _prepare(self) -> None:
        rate = self._call_if_callable(self._lr)
        rho = self._call_if_callable(self._rho)
        epsilon = self._call_if_callable(self._epsilon)
        self._lr_t = convert_to_tensor(rate, name="lr")
        self._rho_t = convert_to_tensor(rho, name="rho")
        self._epsilon_t = convert_to_tensor(epsilon, name="epsilon")

    def _apply(self, grad: Tensor, var: Any, indices: Tensor | None = None) -> Any:
        return self._update(
            "Adadelta",
            var,
            {
                "accum": self.get_slot(var, "accum"),
                "accum_update": self.get_slot(var, "accum_update"),
            },
            {"lr": self._lr_t, "rho": self._rho_t, "epsilon": self._epsilon_t},
            ("grad", grad),
            indices,
        )

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        return self._apply(grad, var)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        return self._apply(grad, handle)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        return self._apply(grad.values, var, grad.indices)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        return self._apply(grad, handle, indices)
