"""Adagrad: every coordinate has its own, ever smaller rate.

Source: tensorflow python/training/adagrad.py; Duchi et al., 2011.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from metagraft.api.initializers import Constant
from metagraft.graph.build import array, math
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType
from metagraft.graph.tensor import Tensor
from metagraft.training.optimizer import Optimizer


class AdagradOptimizer(Optimizer):
    """The Adagrad algorithm."""

    def __init__(
        self,
        learning_rate: Any,
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        """Set the learning rate, and where the sums of squares begin.

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
        self._learning_rate_tensor: Any = None

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            dtype = var.dtype.base_dtype
            initializer: Any
            if var.get_shape().is_fully_defined():
                initializer = Constant(self._initial_accumulator_value, dtype=dtype)
            else:
                initializer = self._init_constant_op(var, dtype)
            self._get_or_make_slot_with_initializer(
                var, initializer, var.get_shape(), dtype, "accumulator", self._name
            )

    def _init_constant_op(self, var: Any, dtype: DType) -> Callable[[], Tensor]:
        def initial_value() -> Tensor:
            filled = array.fill(array.shape(var), self._initial_accumulator_value)
            value: Tensor = math.cast(filled, dtype)
            return value

        return initial_value

    def _prepare(self) -> None:
        rate = self._call_if_callable(self._learning_rate)
        self._learning_rate_tensor = convert_to_tensor(rate, name="learning_rate")

    def _apply(self, grad: Tensor, var: Any, indices: Tensor | None = None) -> Any:
        slots = {"accum": self.get_slot(var, "accumulator")}
        scalars = {"lr": self._learning_rate_tensor}
        return self._update("Adagrad", var, slots, scalars, ("grad", grad), indices)

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        return self._apply(grad, var)

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        return self._apply(grad, handle)

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        return self._apply(grad.values, var, grad.indices)

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        return self._apply(grad, handle, indices)
