"""Adagrad with dual averaging: sparse linear models.

Source: tensorflow python/training/adagrad_da.py; Duchi et al., 2011.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.build import array
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.scopes import colocate_with, device
from metagraft.graph.tensor import Tensor
from metagraft.training.optimizer import Optimizer


class AdagradDAOptimizer(Optimizer):
    """The Adagrad dual averaging algorithm."""

    def __init__(
        self,
        learning_rate: Any,
        global_step: Any,
        initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "AdagradDA",
    ) -> None:
        """Set rate, step, where the sums of squares begin, and strengths.

        Raises:
            ValueError: `initial_gradient_squared_accumulator_value` is not positive.
        """
        if initial_gradient_squared_accumulator_value <= 0.0:
            raise ValueError(
                "initial_gradient_squared_accumulator_value must be positive: "
                f"{initial_gradient_squared_accumulator_value}"
            )
        super().__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_squares = initial_gradient_squared_accumulator_value
        self._learning_rate_tensor: Any = None
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._global_step = global_step
        self._global_step_on_worker: Any = None

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            shape, dtype = var.get_shape(), var.dtype.base_dtype
            with colocate_with(var):
                sums = constant(0.0, shape=shape, dtype=dtype, name="Const")
                squares = constant(
                    self._initial_squares, shape=shape, dtype=dtype, name="Const"
                )
            self._get_or_make_slot(var, sums, "gradient_accumulator", self._name)
            self._get_or_make_slot(
                var, squares, "gradient_squared_accumulator", self._name
            )

    def _prepare(self) -> None:
        self._learning_rate_tensor = convert_to_tensor(
            self._learning_rate, name="learning_rate"
        )
        with colocate_with(self._learning_rate_tensor):
            self._global_step_on_worker = array.identity(self._global_step) + 1

    def _apply(self, grad: Tensor, var: Any, indices: Tensor | None = None) -> Any:
        with device(var.device):
            step = array.identity(self._global_step_on_worker)
        slots = {
            name: self.get_slot(var, name)
            for name in ("gradient_accumulator", "gradient_squared_accumulator")
        }
        return self._update(
            "AdagradDA",
            var,
            slots,
            {
                "lr": self._learning_rate_tensor,
                "l1": self._l1_regularization_strength,
                "l2": self._l2_regularization_strength,
            },
            ("grad", grad),
            indices,
            global_step=step,
        )

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        return self._apply(grad, var)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        return self._apply(grad, handle)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        return self._apply(grad.values, var, grad.indices)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        return self._apply(grad, handle, indices)
