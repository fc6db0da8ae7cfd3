"""Scales of losses: numbers that keep small gradients apart from zero.

Source: tensorflow python/training/experimental/loss_scale.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from metagraft.api.arithmetic import maximum
from metagraft.api.cond import cond
from metagraft.api.math import is_finite
from metagraft.api.nest import flatten
from metagraft.api.reductions import reduce_all
from metagraft.api.variables import Variable, make_variable
from metagraft.graph import dtypes
from metagraft.graph.build.control_flow import group, no_op
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor

__all__ = ["DynamicLossScale", "FixedLossScale", "LossScale", "loss_scale_of"]


class LossScale(ABC):
    """A number that a loss is multiplied with, and how it changes."""

    def __init__(self) -> None:
        """Begin without variables."""
        self._weights: dict[tuple[str, Graph], Variable] = {}

    @abstractmethod
    def __call__(self) -> Tensor:
        """Return the number, a float32 scalar."""

    @abstractmethod
    def update(self, grads: Any) -> tuple[Operation, Any]:
        """Change the number after a step.

        Args:
            grads: The gradients of all variables, no longer scaled.

        Returns:
            The operation that changes it, and whether gradients are to be applied.
        """

    @abstractmethod
    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make another one like this."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LossScale:
        """Return what `get_config` told."""
        return cls(**config)

    def tracked(self) -> dict[str, Variable]:
        """Return the variables of the default graph, by name."""
        graph = get_default_graph()
        return {n: v for (n, owner), v in self._weights.items() if owner is graph}

    def variables(self) -> list[Variable]:
        """Return all variables."""
        return list(self._weights.values())

    def _add_weight(self, name: str, initial_value: Any, dtype: Any = None) -> Variable:
        """Make a variable that goes into checkpoints.

        Raises:
            RuntimeError: There is one of this name.
        """
        key = name, get_default_graph()
        variable = make_variable(
            initial_value=initial_value,
            name=name,
            dtype=dtype,
            trainable=False,
            use_resource=True,
        )
        if key in self._weights:
            raise RuntimeError(f"Duplicate variables detected. {key}")
        self._weights[key] = variable
        return variable


class FixedLossScale(LossScale):
    """A number that does not change."""

    def __init__(self, loss_scale_value: float) -> None:
        """Take the number.

        Raises:
            ValueError: It is no number, or less than one.
        """
        super().__init__()
        if not isinstance(loss_scale_value, int | float):
            raise ValueError(  # noqa: TRY004 - TensorFlow's class
                "loss_scale_value must be a Python int or float."
            )
        if loss_scale_value < 1:
            raise ValueError("loss_scale_value must be at least 1.")
        self._loss_scale_value = float(loss_scale_value)

    def __call__(self) -> Tensor:
        """Return the number."""
        return convert_to_tensor(self._loss_scale_value)

    def update(self, grads: Any) -> tuple[Operation, Any]:
        """Change nothing; all gradients are applied."""
        del grads
        return no_op(), True

    def __repr__(self) -> str:
        """Show the number."""
        return f"FixedLossScale({self._loss_scale_value})"

    def get_config(self) -> dict[str, Any]:
        """Return the number."""
        return {"loss_scale_value": self._loss_scale_value}


class DynamicLossScale(LossScale):
    """A number that grows after many good steps, and shrinks after one that is not.

    A step is good if all gradients are finite.
    """

    def __init__(
        self,
        initial_loss_scale: float = 2**15,
        increment_period: int = 2000,
        multiplier: float = 2.0,
    ) -> None:
        """Make the variables.

        Args:
            initial_loss_scale: The first number.
            increment_period: After how many good steps in a row it grows.
            multiplier: By how much it grows and shrinks.
        """
        super().__init__()
        self._initial_loss_scale = float(initial_loss_scale)
        self._increment_period = int(increment_period)
        self._multiplier = float(multiplier)
        self._scale: Any = self._add_weight(
            "current_loss_scale", self._initial_loss_scale, dtypes.float32
        )
        self._good_steps: Any = self._add_weight("good_steps", 0, dtypes.int64)

    @property
    def initial_loss_scale(self) -> float:
        """The first number."""
        return self._initial_loss_scale

    @property
    def increment_period(self) -> int:
        """After how many good steps in a row the number grows."""
        return self._increment_period

    @property
    def multiplier(self) -> float:
        """By how much the number grows and shrinks."""
        return self._multiplier

    def __call__(self) -> Tensor:
        """Return the number."""
        return convert_to_tensor(self._scale)

    def update(self, grads: Any) -> tuple[Operation, Any]:
        """Change the number after a step; only finite gradients are applied."""
        all_are_finite = _are_finite(flatten(grads))
        changed = cond(all_are_finite, self._after_good_step, self._after_bad_step)
        return changed, all_are_finite

    def _after_good_step(self) -> Any:
        return cond(
            self._good_steps + 1 >= self._increment_period,
            self._grow,
            lambda: self._good_steps.assign_add(1).op,
        )

    def _grow(self) -> Operation:
        larger = self._scale * self._multiplier
        assigned = cond(is_finite(larger), lambda: self._scale.assign(larger).op, no_op)
        return group(assigned, self._good_steps.assign(0))

    def _after_bad_step(self) -> Operation:
        smaller = maximum(self._scale / self._multiplier, 1)
        return group(self._good_steps.assign(0), self._scale.assign(smaller))

    def __repr__(self) -> str:
        """Show the arguments."""
        return (
            f"DynamicLossScale(initial_loss_scale={self.initial_loss_scale},"
            f" increment_period={self.increment_period},"
            f" multiplier={self.multiplier})"
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {
            "initial_loss_scale": self.initial_loss_scale,
            "increment_period": self.increment_period,
            "multiplier": self.multiplier,
        }


def _are_finite(grads: Iterable[Any]) -> Tensor:
    return reduce_all(
        [
            reduce_all(is_finite(g.values if isinstance(g, IndexedSlices) else g))
            for g in grads
            if g is not None
        ]
    )


def loss_scale_of(value: Any) -> LossScale:
    """Return a scale of a number, of the word `dynamic`, or as it is.

    Raises:
        ValueError: It is none of these.
    """
    if isinstance(value, int | float):
        return FixedLossScale(value)
    if isinstance(value, LossScale):
        return value
    if value == "dynamic":
        return DynamicLossScale()
    if value is None:
        raise ValueError("loss_scale cannot be None")
    raise ValueError(f"Could not interpret loss scale identifier: {value}")
