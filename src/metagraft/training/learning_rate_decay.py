"""Learning rates that fall with the global step.

Source: tensorflow python/keras/optimizer_v2/legacy_learning_rate_decay.py and
learning_rate_schedule.py, whose nodes these are.
"""

from __future__ import annotations

import math as numbers
from collections.abc import Sequence
from functools import partial
from typing import Any

from metagraft.api.case import case
from metagraft.api.cond import cond
from metagraft.api.random import random_normal
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build import math
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "cosine_decay",
    "cosine_decay_restarts",
    "exponential_decay",
    "inverse_time_decay",
    "linear_cosine_decay",
    "natural_exp_decay",
    "noisy_linear_cosine_decay",
    "piecewise_constant",
    "polynomial_decay",
]


def _initial(learning_rate: Any) -> Tensor:
    return convert_to_tensor(learning_rate, name="initial_learning_rate")


def _floor_if(condition: bool, progress: Any) -> Any:
    return apply_op("Floor", x=progress) if condition else progress


def _cosine(fraction: Any) -> Any:
    """`(1 + cos(pi * fraction)) / 2`."""
    return 0.5 * (
        1.0 + apply_op("Cos", x=constant(numbers.pi, name="Const") * fraction)
    )


def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """Return `learning_rate * decay_rate ** (global_step / decay_steps)`.

    Args:
        learning_rate: The rate at step 0.
        global_step: The step.
        decay_steps: After how many steps the rate has fallen by `decay_rate`.
        decay_rate: The factor.
        staircase: Whether the exponent is rounded down.
        name: Name of the result.
    """
    with name_scope(name or "ExponentialDecay") as scope:
        initial = _initial(learning_rate)
        steps = math.cast(decay_steps, initial.dtype)
        rate = math.cast(decay_rate, initial.dtype)
        progress = math.cast(global_step, initial.dtype) / steps
        factor = math.power(rate, _floor_if(staircase, progress))
        decayed: Tensor = apply_op("Mul", x=initial, y=factor, name=scope)
        return decayed


def natural_exp_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """Return `learning_rate * exp(-decay_rate * global_step / decay_steps)`."""
    natural_rate = apply_op("Exp", x=apply_op("Neg", x=decay_rate))
    return exponential_decay(
        learning_rate, global_step, decay_steps, natural_rate, staircase, name
    )


def inverse_time_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """Return `learning_rate / (1 + decay_rate * global_step / decay_steps)`."""
    with name_scope(name or "InverseTimeDecay") as scope:
        initial = _initial(learning_rate)
        steps = math.cast(decay_steps, initial.dtype)
        rate = math.cast(decay_rate, initial.dtype)
        progress = math.cast(global_step, initial.dtype) / steps
        progress = _floor_if(staircase, progress)
        one = math.cast(constant(1, name="Const"), initial.dtype)
        divisor = math.add(one, apply_op("Mul", x=rate, y=progress))
        return math.divide(initial, divisor, name=scope)


def piecewise_constant(
    x: Any, boundaries: Sequence[Any], values: Sequence[Any], name: str | None = None
) -> Tensor:
    """Return the value of the interval that `x` lies in.

    Args:
        x: The step.
        boundaries: Upper ends of all intervals but the last, rising.
        values: One more than boundaries.
        name: Name scope.

    Raises:
        ValueError: The lengths or types do not fit.
    """
    ends = [convert_to_tensor(boundary) for boundary in boundaries]
    levels = [convert_to_tensor(value) for value in values]
    step = convert_to_tensor(x)
    ends = [_like_step(end, step) for end in ends]
    for level in levels[1:]:
        if level.dtype.base_dtype != levels[0].dtype.base_dtype:
            raise ValueError(
                "Values must have elements all with the same dtype "
                f"({levels[0].dtype.base_dtype} vs {level.dtype.base_dtype})."
            )
    if len(ends) != len(levels) - 1:
        raise ValueError(
            "The length of boundaries should be 1 less than the length of values"
        )
    with name_scope(name or "PiecewiseConstant"):
        # TF: the schedule converts the step again: a resource variable is read again.
        step = convert_to_tensor(x)
        pairs: list[tuple[Any, Any]] = [
            (step <= ends[0], lambda: levels[0]),
            (step > ends[-1], lambda: levels[-1]),
        ]
        inner = zip(ends[:-1], ends[1:], levels[1:-1], strict=True)
        for low, high, level in inner:
            is_inside = (step > low) & (step <= high)
            pairs.append((is_inside, partial(_same, level)))
        chosen: Tensor = case(pairs, lambda: levels[0], exclusive=True)
        return chosen


def _like_step(end: Tensor, step: Tensor) -> Tensor:
    kind, wanted = end.dtype.base_dtype, step.dtype.base_dtype
    if kind == wanted:
        return end
    if kind == dtypes.int32 and wanted == dtypes.int64:
        widened: Tensor = math.cast(end, wanted)
        return widened
    raise ValueError(f"Boundaries ({kind}) must have the same dtype as x ({wanted}).")


def _same(tensor: Tensor) -> Tensor:
    return tensor


def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: Any = 0.0001,
    power: Any = 1.0,
    cycle: bool = False,
    name: str | None = None,
) -> Tensor:
    """Return a rate that falls to `end_learning_rate` as a polynomial of the step.

    Args:
        learning_rate: The rate at step 0.
        global_step: The step.
        decay_steps: When the end is reached.
        end_learning_rate: The rate at the end.
        power: Exponent of the polynomial.
        cycle: Whether the rate rises again and falls over twice, three times, ... the
            steps; else it stays.
        name: Name of the result.
    """
    with name_scope(name or "PolynomialDecay") as scope:
        initial = _initial(learning_rate)
        end = math.cast(end_learning_rate, initial.dtype)
        exponent = math.cast(power, initial.dtype)
        step = math.cast(global_step, initial.dtype)
        steps = math.cast(decay_steps, initial.dtype)
        if cycle:
            at_start = math.equal(step, 0)
            rounds = apply_op("Ceil", x=step / decay_steps)
            multiplier = math.select_v2(at_start, 1.0, rounds)
            steps = apply_op("Mul", x=steps, y=multiplier)
        else:
            step = apply_op("Minimum", x=step, y=steps)
        progress = math.divide(step, steps)
        above_end = initial - end
        factor = math.power(1 - progress, exponent)
        above_end = apply_op("Mul", x=above_end, y=factor)
        return math.add(above_end, end, name=scope)


def cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """Return a rate that falls to `alpha * learning_rate` as half a wave of cosine."""
    with name_scope(name or "CosineDecay"):
        initial = _initial(learning_rate)
        steps = math.cast(decay_steps, initial.dtype)
        step = math.cast(global_step, initial.dtype)
        step = apply_op("Minimum", x=step, y=steps)
        factor = (1 - alpha) * _cosine(step / steps) + alpha
        decayed: Tensor = apply_op("Mul", x=initial, y=factor)
        return decayed


def cosine_decay_restarts(
    learning_rate: Any,
    global_step: Any,
    first_decay_steps: Any,
    t_mul: Any = 2.0,
    m_mul: Any = 1.0,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """Return a rate that falls as half a wave of cosine, again and again.

    Args:
        learning_rate: The rate at step 0.
        global_step: The step.
        first_decay_steps: Steps of the first wave.
        t_mul: How many times longer each wave is than the one before.
        m_mul: How many times higher each wave begins.
        alpha: The lowest rate, as a part of `learning_rate`.
        name: Name of the result.
    """
    with name_scope(name or "SGDRDecay") as scope:
        initial = _initial(learning_rate)
        dtype = initial.dtype
        first = math.cast(first_decay_steps, dtype)
        lowest = math.cast(alpha, dtype)
        longer = math.cast(t_mul, dtype)
        higher = math.cast(m_mul, dtype)
        fraction = math.cast(global_step, dtype) / first

        def equal_waves() -> tuple[Any, Any]:
            wave = apply_op("Floor", x=fraction)
            return wave, fraction - wave

        def longer_waves() -> tuple[Any, Any]:
            ratio = apply_op("Log", x=1.0 - fraction * (1.0 - longer))
            wave = apply_op("Floor", x=ratio / apply_op("Log", x=longer))
            before = (1.0 - longer**wave) / (1.0 - longer)
            return wave, (fraction - before) / longer**wave

        wave, fraction = cond(math.equal(longer, 1.0), equal_waves, longer_waves)
        half_height = 0.5 * higher**wave
        half_turn = apply_op("Cos", x=constant(numbers.pi, name="Const") * fraction)
        cosine = half_height * (1.0 + half_turn)
        factor = (1 - lowest) * cosine + lowest
        decayed: Tensor = apply_op("Mul", x=initial, y=factor, name=scope)
        return decayed


def linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """Return `learning_rate * ((alpha + linear) * cosine + beta)`.

    `linear` falls from 1 to 0; `cosine` makes `num_periods` waves.
    """
    with name_scope(name or "LinearCosineDecay") as scope:
        initial = _initial(learning_rate)
        dtype = initial.dtype
        steps = math.cast(decay_steps, dtype)
        periods = math.cast(num_periods, dtype)
        lowest = math.cast(alpha, dtype)
        added = math.cast(beta, dtype)
        step = apply_op("Minimum", x=math.cast(global_step, dtype), y=steps)
        linear = (steps - step) / steps
        fraction = step / steps
        cosine = _cosine(2.0 * periods * fraction)
        factor = (lowest + linear) * cosine + added
        decayed: Tensor = apply_op("Mul", x=initial, y=factor, name=scope)
        return decayed


def noisy_linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    initial_variance: Any = 1.0,
    variance_decay: Any = 0.55,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """Return `linear_cosine_decay` with noise added to `linear`.

    Its variance is `initial_variance / (1 + global_step) ** variance_decay`.
    """
    with name_scope(name or "NoisyLinearCosineDecay") as scope:
        initial = _initial(learning_rate)
        dtype = initial.dtype
        steps = math.cast(decay_steps, dtype)
        first_variance = math.cast(initial_variance, dtype)
        decay = math.cast(variance_decay, dtype)
        periods = math.cast(num_periods, dtype)
        lowest = math.cast(alpha, dtype)
        added = math.cast(beta, dtype)
        step = apply_op("Minimum", x=math.cast(global_step, dtype), y=steps)
        linear = (steps - step) / steps
        variance = first_variance / math.power(1.0 + step, decay)
        deviation = apply_op("Sqrt", x=variance)
        noisy = linear + random_normal(linear.shape, stddev=deviation)
        fraction = step / steps
        cosine = _cosine(2.0 * periods * fraction)
        factor = (lowest + noisy) * cosine + added
        decayed: Tensor = apply_op("Mul", x=initial, y=factor, name=scope)
        return decayed
