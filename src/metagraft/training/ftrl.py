"""FTRL-Proximal: follow the regularized leader.

Source: tensorflow python/training/ftrl.py; McMahan et al., Ad click prediction, 2013.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build import array
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.tensor import Tensor
from metagraft.training.optimizer import Optimizer


class FtrlOptimizer(Optimizer):
    """The FTRL algorithm, with L1, L2 and shrinkage-type L2 regularization."""

    def __init__(
        self,
        learning_rate: Any,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "Ftrl",
        accum_name: str | None = None,
        linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float | None = None,
    ) -> None:
        """Set the hyperparameters.

        Args:
            learning_rate: A number or a tensor.
            learning_rate_power: How the rate falls with the sum of squares; at most 0.
            initial_accumulator_value: Where the sums of squares begin; not negative.
            l1_regularization_strength: Not negative.
            l2_regularization_strength: Not negative.
            use_locking: Whether updates of reference variables lock them.
            name: Name scope of the updates.
            accum_name: Name of the slots of the sums of squares; `name` if None.
            linear_name: Name of the slots of the linear terms; `name` if None.
            l2_shrinkage_regularization_strength: Not negative.
            beta: Added to the roots of the sums of squares.

        Raises:
            ValueError: A number has the wrong sign.
        """
        super().__init__(use_locking, name)
        _check_not_negative("initial_accumulator_value", initial_accumulator_value)
        if learning_rate_power > 0.0:
            raise ValueError(
                f"learning_rate_power {learning_rate_power:f} needs to be negative or "
                "zero"
            )
        _check_not_negative("l1_regularization_strength", l1_regularization_strength)
        _check_not_negative("l2_regularization_strength", l2_regularization_strength)
        _check_not_negative(
            "l2_shrinkage_regularization_strength",
            l2_shrinkage_regularization_strength,
        )
        self._learning_rate = learning_rate
        self._learning_rate_power = learning_rate_power
        self._initial_accumulator_value = initial_accumulator_value
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._l2_shrinkage_regularization_strength = (
            l2_shrinkage_regularization_strength
        )
        self._beta = 0.0 if beta is None else beta
        self._accum_name = accum_name
        self._linear_name = linear_name
        self._scalars: dict[str, Any] = {}

    def _create_slots(self, var_list: Sequence[Any]) -> None:
        for var in var_list:
            self._get_or_make_slot_with_initializer(
                var,
                self._initial_accumulator,
                var.shape,
                var.dtype,
                "accum",
                self._accum_name or self._name,
            )
            self._zeros_slot(var, "linear", self._linear_name or self._name)

    def _initial_accumulator(
        self, shape: Any, dtype: Any = dtypes.float32, partition_info: Any = None
    ) -> Tensor:
        del partition_info  # every part begins alike
        ones = array.ones(shape=shape, dtype=dtype)
        filled: Tensor = ones * self._initial_accumulator_value
        return filled

    def _prepare(self) -> None:
        rate = convert_to_tensor(self._learning_rate, name="learning_rate")
        l1 = convert_to_tensor(
            self._l1_regularization_strength, name="l1_regularization_strength"
        )
        divisor = 2.0 * apply_op("Maximum", x=self._learning_rate, y=1e-36)
        l2 = convert_to_tensor(
            self._l2_regularization_strength + self._beta / divisor,
            name="adjusted_l2_regularization_strength",
        )
        # Nothing uses it; it is there because it is there in TensorFlow.
        convert_to_tensor(self._beta, name="beta")
        shrinkage = convert_to_tensor(
            self._l2_shrinkage_regularization_strength,
            name="l2_shrinkage_regularization_strength",
        )
        power = convert_to_tensor(self._learning_rate_power, name="learning_rate_power")
        self._scalars = {"lr": rate, "l1": l1, "l2": l2}
        if self._l2_shrinkage_regularization_strength > 0.0:
            self._scalars["l2_shrinkage"] = shrinkage
        self._scalars["lr_power"] = power

    def _apply(self, grad: Tensor, var: Any, indices: Tensor | None = None) -> Any:
        return self._update(
            "FtrlV2" if "l2_shrinkage" in self._scalars else "Ftrl",
            var,
            {
                "accum": self.get_slot(var, "accum"),
                "linear": self.get_slot(var, "linear"),
            },
            self._scalars,
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


def _check_not_negative(name: str, value: float) -> None:
    if value < 0.0:
        raise ValueError(f"{name} {value:f} needs to be positive or zero")
