"""Adam: gradients scaled by running averages of themselves and of their squares.

Source: tensorflow python/training/adam.py; Kingma, Ba: Adam, a method for stochastic
optimization, 2014.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from metagraft.api.state import assign, assign_sub, scatter_add
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build import math
from metagraft.graph.build.control_flow import group
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.init_scope import init_scope
from metagraft.graph.scopes import colocate_with, control_dependencies
from metagraft.graph.tensor import Tensor
from metagraft.training.optimizer import Optimizer


class AdamOptimizer(Optimizer):
    """The Adam algorithm."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "Adam",
        use_own_namescope_for_non_slot_vars: bool = False,
    ) -> None:
        """Set the hyperparameters: numbers, tensors or functions.

        Args:
            learning_rate: The learning rate.
            beta1: Decay of the average of gradients.
            beta2: Decay of the average of their squares.
            epsilon: Added to the divisor.
            use_locking: Whether updates of reference variables lock them.
            name: Name scope of the updates.
            use_own_namescope_for_non_slot_vars: Whether the powers of the decays are in
                a scope of that name.
        """
        super().__init__(use_locking, name, use_own_namescope_for_non_slot_vars)
        self._lr = learning_rate
        self._beta1 = beta1
        self._beta2 = beta2
        self._epsilon = epsilon
        self._lr_t: Any = None
        self._beta1_t: Any = None
        self._beta2_t: Any = None
        self._epsilon_t: Any = None

    def _get_beta_accumulators(self) -> tuple[Any, Any]:
        with init_scope():
            return (
                self._get_non_slot_variable("beta1_power"),
                self._get_non_slot_variable("beta2_power"),
            )

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        # Placed with the first by name, so that each program finds the same one.
        first = min(var_list, key=lambda var: var.name)
        self._create_non_slot_variable(self._beta1, "beta1_power", first)
        self._create_non_slot_variable(self._beta2, "beta2_power", first)
        for var in var_list:
            self._zeros_slot(var, "m", self._name)
            self._zeros_slot(var, "v", self._name)

    def _prepare(self) -> None:
        rate = self._call_if_callable(self._lr)
        beta1 = self._call_if_callable(self._beta1)
        beta2 = self._call_if_callable(self._beta2)
        epsilon = self._call_if_callable(self._epsilon)
        self._lr_t = convert_to_tensor(rate, name="learning_rate")
        self._beta1_t = convert_to_tensor(beta1, name="beta1")
        self._beta2_t = convert_to_tensor(beta2, name="beta2")
        self._epsilon_t = convert_to_tensor(epsilon, name="epsilon")

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        beta1_power, beta2_power = self._get_beta_accumulators()
        return self._update(
            "Adam",
            var,
            {"m": self.get_slot(var, "m"), "v": self.get_slot(var, "v")},
            {
                "beta1_power": beta1_power,
                "beta2_power": beta2_power,
                "lr": self._lr_t,
                "beta1": self._beta1_t,
                "beta2": self._beta2_t,
                "epsilon": self._epsilon_t,
            },
            ("grad", grad),
        )

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        return self._apply_dense(grad, handle)

    def _apply_sparse_shared(
        self,
        grad: Tensor,
        var: Any,
        indices: Tensor,
        add_rows: Callable[[Any, Tensor, Tensor], Any],
    ) -> Any:
        """Update all rows, also those without gradient: their averages decay, too."""
        dtype = var.dtype.base_dtype
        beta1_power, beta2_power = self._get_beta_accumulators()
        beta1_power = math.cast(beta1_power, dtype)
        beta2_power = math.cast(beta2_power, dtype)
        rate = math.cast(self._lr_t, dtype)
        beta1 = math.cast(self._beta1_t, dtype)
        beta2 = math.cast(self._beta2_t, dtype)
        epsilon = math.cast(self._epsilon_t, dtype)
        scaled = rate * apply_op("Sqrt", x=1 - beta2_power) / (1 - beta1_power)
        m: Any = self.get_slot(var, "m")
        m_rows = grad * (1 - beta1)
        m_t = assign(m, m * beta1, use_locking=self._use_locking)
        with control_dependencies([m_t]):
            m_t = add_rows(m, indices, m_rows)
        v: Any = self.get_slot(var, "v")
        v_rows = grad * grad * (1 - beta2)
        v_t = assign(v, v * beta2, use_locking=self._use_locking)
        with control_dependencies([v_t]):
            v_t = add_rows(v, indices, v_rows)
        root = apply_op("Sqrt", x=v_t)
        update = assign_sub(
            var, scaled * m_t / (root + epsilon), use_locking=self._use_locking
        )
        return group(update, m_t, v_t)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        def add_rows(slot: Any, indices: Tensor, rows: Tensor) -> Any:
            return scatter_add(slot, indices, rows, use_locking=self._use_locking)

        return self._apply_sparse_shared(grad.values, var, grad.indices, add_rows)

    def _resource_scatter_add(self, slot: Any, indices: Tensor, rows: Tensor) -> Tensor:
        added = apply_op(
            "ResourceScatterAdd", resource=slot.handle, indices=indices, updates=rows
        )
        with control_dependencies([added]):
            value: Tensor = slot.value()
            return value

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        return self._apply_sparse_shared(
            grad, handle, indices, self._resource_scatter_add
        )

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        with control_dependencies(update_ops):
            beta1_power, beta2_power = self._get_beta_accumulators()
            with colocate_with(beta1_power):
                updates = [
                    power.assign(power * beta, use_locking=self._use_locking)
                    for power, beta in (
                        (beta1_power, self._beta1_t),
                        (beta2_power, self._beta2_t),
                    )
                ]
        return group(*update_ops, *updates, name=name_scope)
