"""Losses of linear models and their duals, for stochastic dual coordinate ascent.

Source: tensorflow core/kernels/logistic-loss.h, squared-loss.h, hinge-loss.h,
smooth-hinge-loss.h, poisson-loss.h; Shalev-Shwartz and Zhang, Stochastic Dual
Coordinate Ascent Methods for Regularized Loss Minimization (JMLR 2013).
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod

from metagraft.errors import InvalidArgumentError

__all__ = ["LOSSES", "DualLoss"]

_NEWTON_STEPS = 10
_LARGEST = sys.float_info.max


class DualLoss(ABC):
    """A loss of one example.

    In all methods `label` is the label as `converted`, `weight` the example's weight,
    `dual` its dual variable, `wx` the prediction, and `step` how fast the prediction
    grows with the dual variable.
    """

    smoothness = 0.0

    def converted(self, label: float) -> float:
        """Return a label as the other methods take it.

        Raises:
            InvalidArgumentError: There are no such labels.
        """
        return label

    @abstractmethod
    def updated_dual(self, label: float, dual: float, wx: float, step: float) -> float:
        """Return the dual variable that is best when the others stay."""

    @abstractmethod
    def primal(self, wx: float, label: float, weight: float) -> float:
        """Return the loss of a prediction."""

    @abstractmethod
    def dual(self, dual: float, label: float, weight: float) -> float:
        """Return the dual of the loss."""

    @abstractmethod
    def slope(self, wx: float, label: float) -> float:
        """Return the derivative of the loss by the prediction."""


def _signed(label: float) -> float:
    """Return -1 and 1 for 0 and 1."""
    if label not in (0.0, 1.0):
        raise InvalidArgumentError(
            None,
            None,
            "Only labels of 0.0 or 1.0 are supported right now. Found example with "
            f"label: {label:g}",
        )
    return 1.0 if label else -1.0


class Logistic(DualLoss):
    """`log(1 + exp(-label * wx))`."""

    smoothness = 4.0

    def converted(self, label: float) -> float:
        return _signed(label)

    def updated_dual(self, label: float, dual: float, wx: float, step: float) -> float:
        x = 0.0
        for _ in range(_NEWTON_STEPS):
            tanh = math.tanh(x)
            numerator = -2 * label * x - wx - step * (0.5 * (1 + tanh) / label - dual)
            x -= numerator / (-2 * label - step * (1 - tanh * tanh) * 0.5 / label)
        return 0.5 * (1 + math.tanh(x)) / label

    def primal(self, wx: float, label: float, weight: float) -> float:
        y_wx = label * wx
        if y_wx > 0:
            return math.log1p(math.exp(-y_wx)) * weight
        return (math.log1p(math.exp(y_wx)) - y_wx) * weight

    def dual(self, dual: float, label: float, weight: float) -> float:
        share = dual * label
        rest = 1 - share
        found = share * math.log(share) if share > 0 else 0.0
        return (found + (rest * math.log(rest) if rest > 0 else 0.0)) * weight

    def slope(self, wx: float, label: float) -> float:
        y_wx = label * wx
        if y_wx > 0:
            small = math.exp(-y_wx)
            return -label * small / (1 + small)
        return -label / (1 + math.exp(y_wx))


class Squared(DualLoss):
    """`(wx - label)^2 / 2`."""

    smoothness = 1.0

    def updated_dual(self, label: float, dual: float, wx: float, step: float) -> float:
        return dual + (label - dual - wx) / (1 + step)

    def primal(self, wx: float, label: float, weight: float) -> float:
        return (wx - label) ** 2 * weight * 0.5

    def dual(self, dual: float, label: float, weight: float) -> float:
        return dual * (0.5 * dual - label) * weight

    def slope(self, wx: float, label: float) -> float:
        return wx - label


class Hinge(DualLoss):
    """`max(0, 1 - label * wx)`, or with a parabola in place of the corner."""

    def __init__(self, gamma: float) -> None:
        """Choose how long the parabola is; 0 for a corner."""
        self._gamma = gamma
        self.smoothness = gamma

    def converted(self, label: float) -> float:
        return _signed(label)

    def updated_dual(self, label: float, dual: float, wx: float, step: float) -> float:
        gamma = self._gamma
        candidate = dual + (label - wx - gamma * dual) / (step + gamma)
        if label * candidate < 0:
            return 0.0
        return label if label * candidate > 1 else candidate

    def primal(self, wx: float, label: float, weight: float) -> float:
        gamma, missing = self._gamma, 1 - label * wx
        if missing <= 0:
            return 0.0
        if missing >= gamma:
            return (missing - gamma / 2) * weight
        return missing**2 * weight * 0.5 / gamma

    def dual(self, dual: float, label: float, weight: float) -> float:
        share = dual * label
        if not 0 <= share <= 1:
            return _LARGEST
        return (-share + 0.5 * self._gamma * dual * dual) * weight

    def slope(self, wx: float, label: float) -> float:
        missing = 1 - label * wx
        if missing <= 0:
            return 0.0
        return -label if missing >= self._gamma else -label * missing / self._gamma


class Poisson(DualLoss):
    """`exp(wx) - wx * label`."""

    smoothness = 1.0

    def converted(self, label: float) -> float:
        if label < 0:
            raise InvalidArgumentError(
                None,
                None,
                "Only non-negative labels can be used with the Poisson log loss. Found "
                f"example with label: {label:g}",
            )
        return label

    def updated_dual(self, label: float, dual: float, wx: float, step: float) -> float:
        rest = label - dual
        x = math.log(rest) if rest > 0 else 0.0
        for _ in range(_NEWTON_STEPS):
            power = math.exp(x)
            x -= (x - wx - step * (label - dual - power)) / (1 + step * power)
        return label - math.exp(x)

    def primal(self, wx: float, label: float, weight: float) -> float:
        return (math.exp(wx) - wx * label) * weight

    def dual(self, dual: float, label: float, weight: float) -> float:
        rest = label - dual
        if rest == 0:
            return 0.0
        return _LARGEST if rest < 0 else rest * (math.log(rest) - 1) * weight

    def slope(self, wx: float, label: float) -> float:
        return math.exp(wx) - label


LOSSES: dict[str, DualLoss] = {
    "hinge_loss": Hinge(0.0),
    "logistic_loss": Logistic(),
    "poisson_loss": Poisson(),
    "smooth_hinge_loss": Hinge(1.0),
    "squared_loss": Squared(),
}
