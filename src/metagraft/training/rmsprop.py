"""RMSProp: gradients divided by the root of a running average of their squares.

Source: tensorflow python/training/rmsprop.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.api.initializers import Ones
from metagraft.graph.build import array
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.tensor import Tensor
from metagraft.training.optimizer import Optimizer


class RMSPropOptimizer(Optimizer):
    """The RMSProp algorithm."""

    def __init__(
        self,
        learning_rate: Any,
        decay: Any = 0.9,
        momentum: Any = 0.0,
        epsilon: Any = 1e-10,
        use_locking: bool = False,
        centered: bool = False,
        name: str = "RMSProp",
    ) -> None:
        """Set the hyperparameters: numbers, tensors or functions.

        Args:
            learning_rate: The learning rate.
            decay: Decay of the average of squares.
            momentum: The momentum.
            epsilon: Added under the root.
            use_locking: Whether updates of reference variables lock them.
            centered: Whether the variance takes the place of the average of squares.
            name: Name scope of the updates.
        """
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._decay = decay
        self._momentum = momentum
        self._epsilon = epsilon
        self._centered = centered
        self._learning_rate_tensor: Any = None
        self._decay_tensor: Any = None
        self._momentum_tensor: Any = None
        self._epsilon_tensor: Any = None

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            dtype = var.dtype.base_dtype
            initial: Any
            if var.get_shape().is_fully_defined():
                initial = Ones(dtype=dtype)
            else:
                initial = array.ones_like(var)
            self._get_or_make_slot_with_initializer(
                var, initial, var.get_shape(), dtype, "rms", self._name
            )
            if self._centered:
                self._zeros_slot(var, "mg", self._name)
            self._zeros_slot(var, "momentum", self._name)

    def _prepare(self) -> None:
        rate = self._call_if_callable(self._learning_rate)
        decay = self._call_if_callable(self._decay)
        momentum = self._call_if_callable(self._momentum)
        epsilon = self._call_if_callable(self._epsilon)
        self._learning_rate_tensor = convert_to_tensor(rate, name="learning_rate")
        self._decay_tensor = convert_to_tensor(decay, name="decay")
        self._momentum_tensor = convert_to_tensor(momentum, name="momentum")
        self._epsilon_tensor = convert_to_tensor(epsilon, name="epsilon")

    def _apply(self, grad: Tensor, var: Any, indices: Tensor | None = None) -> Any:
        slots = {
            "ms": self.get_slot(var, "rms"),
            "mom": self.get_slot(var, "momentum"),
        }
        if self._centered:
            slots["mg"] = self.get_slot(var, "mg")
        return self._update(
            "CenteredRMSProp" if self._centered else "RMSProp",
            var,
            slots,
            {
                "lr": self._learning_rate_tensor,
                "rho": self._decay_tensor,
                "momentum": self._momentum_tensor,
                "epsilon": self._epsilon_tensor,
            },
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
