"""Adagrad followed by L1 and L2 shrinking.

Source: tensorflow python/training/proximal_adagrad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.scopes import colocate_with
from metagraft.graph.tensor import Tensor
from metagraft.training.optimizer import Optimizer


class ProximalAdagradOptimizer(Optimizer):
    """The proximal Adagrad algorithm."""

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: Any = 0.0,
        l2_regularization_strength: Any = 0.0,
        use_locking: bool = False,
        name: str = "ProximalAdagrad",
    ) -> None:
        """Set rate, where the sums of squares begin, and strengths.

        Raises:
            ValueError: `initial_accumulator_value` is not positive.
        """
        if initial_accumulator_value <= 0.0:
            raise ValueError(
                "initial_accumulator_value must be positive: "
                f"{initial_accumulator_value}"
            )
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_accumulator_value = initial_accumulator_value
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._scalars: dict[str, Tensor] = {}

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            with colocate_with(var):
                initial = constant(
                    self._initial_accumulator_value,
                    shape=var.get_shape(),
                    dtype=var.dtype.base_dtype,
                    name="Const",
                )
            self._get_or_make_slot(var, initial, "accumulator", self._name)

    def _prepare(self) -> None:
        self._scalars = {
            "lr": convert_to_tensor(self._learning_rate, name="learning_rate"),
            "l1": convert_to_tensor(
                self._l1_regularization_strength, name="l1_regularization_strength"
            ),
            "l2": convert_to_tensor(
                self._l2_regularization_strength, name="l2_regularization_strength"
            ),
        }

    def _apply(self, grad: Tensor, var: Any, indices: Tensor | None = None) -> Any:
        slots = {"accum": self.get_slot(var, "accumulator")}
        return self._update(
            "ProximalAdagrad", var, slots, self._scalars, ("grad", grad), indices
        )

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        return self._apply(grad, var)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        return self._apply(grad, handle)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        return self._apply(grad.values, var, grad.indices)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        return self._apply(grad, handle, indices)
