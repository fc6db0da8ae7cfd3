"""How the ops that train variables run: each optimizer's formula, once.

A formula is a function of `(attrs, *operands)` that returns the new values of the
variable and of its slots. The dense op applies it to whole variables, the sparse op
(`Sparse...`) to the rows named by `indices`; the ops on reference variables and on
resource variables share it. `metagraft.ops.training` says what the ops mean.

Source: tensorflow core/kernels/training_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.kernels.rows import Undo, updated_rows

Attributes = Mapping[str, Any]
Formula = Callable[..., tuple[Array, ...]]


def _one(array: Array) -> Any:
    """Return 1 in the dtype of `array`: no promotion, in either array library."""
    return np.ones((), array.dtype)


def _two(array: Array) -> Any:
    return np.full((), 2, array.dtype)


def _zero(array: Array) -> Any:
    return np.zeros((), array.dtype)


def gradient_descent(
    _: Attributes, var: Array, alpha: Array, delta: Array
) -> tuple[Array]:
    return (var - delta * alpha,)


def momentum(
    attrs: Attributes, var: Array, accum: Array, lr: Array, grad: Array, rate: Array
) -> tuple[Array, ...]:
    accum = accum * rate + grad
    if attrs["use_nesterov"]:
        return var - (grad * lr + accum * rate * lr), accum
    return var - accum * lr, accum


def keras_momentum(
    attrs: Attributes, var: Array, accum: Array, lr: Array, grad: Array, rate: Array
) -> tuple[Array, ...]:
    accum = accum * rate - grad * lr
    if attrs["use_nesterov"]:
        return var + (accum * rate - grad * lr), accum
    return var + accum, accum


def _adam_moments(
    m: Array, v: Array, beta1: Array, beta2: Array, grad: Array
) -> tuple[Array, Array]:
    one = _one(grad)
    return m + (grad - m) * (one - beta1), v + (grad * grad - v) * (one - beta2)


def _adam_rate(beta1_power: Array, beta2_power: Array, lr: Array) -> Array:
    xp, one = namespace(beta1_power, beta2_power, lr), _one(lr)
    return lr * xp.sqrt(one - beta2_power) / (one - beta1_power)


def adam(
    attrs: Attributes,
    var: Array,
    m: Array,
    v: Array,
    beta1_power: Array,
    beta2_power: Array,
    lr: Array,
    beta1: Array,
    beta2: Array,
    epsilon: Array,
    grad: Array,
) -> tuple[Array, ...]:
    xp = namespace(var, m, v, grad)
    alpha = _adam_rate(beta1_power, beta2_power, lr)
    m, v = _adam_moments(m, v, beta1, beta2, grad)
    step = m
    if attrs["use_nesterov"]:
        step = grad * (_one(grad) - beta1) + beta1 * m
    return var - (step * alpha) / (xp.sqrt(v) + epsilon), m, v


def adam_with_amsgrad(
    _: Attributes,
    var: Array,
    m: Array,
    v: Array,
    vhat: Array,
    beta1_power: Array,
    beta2_power: Array,
    lr: Array,
    beta1: Array,
    beta2: Array,
    epsilon: Array,
    grad: Array,
) -> tuple[Array, ...]:
    xp = namespace(var, m, v, grad)
    alpha = _adam_rate(beta1_power, beta2_power, lr)
    m, v = _adam_moments(m, v, beta1, beta2, grad)
    vhat = xp.where(v > vhat, v, vhat)  # a NaN is larger than nothing
    return var - (m * alpha) / (xp.sqrt(vhat) + epsilon), m, v, vhat


def ada_max(
    _: Attributes,
    var: Array,
    m: Array,
    v: Array,
    beta1_power: Array,
    lr: Array,
    beta1: Array,
    beta2: Array,
    epsilon: Array,
    grad: Array,
) -> tuple[Array, ...]:
    xp, one = namespace(var, m, v, grad), _one(grad)
    m = m + (grad - m) * (one - beta1)
    decayed, size = beta2 * v, xp.abs(grad)
    v = xp.where(size > decayed, size, decayed)  # a NaN is larger than nothing
    return var - lr / (one - beta1_power) * (m / (v + epsilon)), m, v


def rms_prop(
    _: Attributes,
    var: Array,
    ms: Array,
    mom: Array,
    lr: Array,
    rho: Array,
    rate: Array,
    epsilon: Array,
    grad: Array,
) -> tuple[Array, ...]:
    xp = namespace(var, ms, mom, grad)
    ms = ms + (grad * grad - ms) * (_one(grad) - rho)
    mom = mom * rate + (grad * lr) / xp.sqrt(ms + epsilon)
    return var - mom, ms, mom


def centered_rms_prop(
    _: Attributes,
    var: Array,
    mg: Array,
    ms: Array,
    mom: Array,
    lr: Array,
    rho: Array,
    rate: Array,
    epsilon: Array,
    grad: Array,
) -> tuple[Array, ...]:
    xp, one = namespace(var, ms, mom, grad), _one(grad)
    ms = ms + (grad * grad - ms) * (one - rho)
    mg = mg + (grad - mg) * (one - rho)
    denominator = (ms - mg * mg) + epsilon
    mom = mom * rate + (grad * lr) / xp.sqrt(denominator)
    return var - mom, mg, ms, mom


def adagrad(
    attrs: Attributes, var: Array, accum: Array, lr: Array, grad: Array
) -> tuple[Array, ...]:
    xp = namespace(var, accum, grad)
    if attrs["update_slots"]:
        accum = accum + grad * grad
    return var - grad * lr / xp.sqrt(accum), accum


def adagrad_v2(
    attrs: Attributes, var: Array, accum: Array, lr: Array, epsilon: Array, grad: Array
) -> tuple[Array, ...]:
    xp = namespace(var, accum, grad)
    if attrs["update_slots"]:
        accum = accum + grad * grad
    return var - grad * lr / (xp.sqrt(accum) + epsilon), accum


def adagrad_da(
    _: Attributes,
    var: Array,
    gradient_accumulator: Array,
    gradient_squared_accumulator: Array,
    grad: Array,
    lr: Array,
    l1: Array,
    l2: Array,
    global_step: Array,
) -> tuple[Array, ...]:
    xp = namespace(var, gradient_accumulator, gradient_squared_accumulator, grad)
    summed = gradient_accumulator + grad
    squared = gradient_squared_accumulator + grad * grad
    step = global_step.astype(var.dtype)
    denominator = l2 * step * lr + xp.sqrt(squared)
    shrunk = xp.sign(summed) * xp.maximum(xp.abs(summed) - l1 * step, _zero(var))
    numerator = xp.where(l1 > _zero(l1), shrunk, summed)
    # `var` is replaced, not moved: dual averaging starts from zero at every step.
    return -lr * numerator / denominator, summed, squared


def adadelta(
    _: Attributes,
    var: Array,
    accum: Array,
    accum_update: Array,
    lr: Array,
    rho: Array,
    epsilon: Array,
    grad: Array,
) -> tuple[Array, ...]:
    xp, one = namespace(var, accum, accum_update, grad), _one(grad)
    accum = accum * rho + grad * grad * (one - rho)
    update = xp.sqrt(accum_update + epsilon) / xp.sqrt(accum + epsilon) * grad
    accum_update = accum_update * rho + update * update * (one - rho)
    return var - update * lr, accum, accum_update


def _proximal(var: Array, grad: Array, rate: Array, l1: Array, l2: Array) -> Array:
    xp = namespace(var, grad, rate)
    moved = var - grad * rate
    shrunk = xp.sign(moved) * xp.maximum(xp.abs(moved) - rate * l1, _zero(var))
    return xp.where(l1 > _zero(l1), shrunk, moved) / (_one(var) + l2 * rate)


def proximal_gradient_descent(
    _: Attributes, var: Array, alpha: Array, l1: Array, l2: Array, delta: Array
) -> tuple[Array, ...]:
    return (_proximal(var, delta, alpha, l1, l2),)


def proximal_adagrad(
    _: Attributes,
    var: Array,
    accum: Array,
    lr: Array,
    l1: Array,
    l2: Array,
    grad: Array,
) -> tuple[Array, ...]:
    xp = namespace(var, accum, grad)
    accum = accum + grad * grad
    return _proximal(var, grad, lr / xp.sqrt(accum), l1, l2), accum


def _ftrl(
    attrs: Attributes,
    variables: tuple[Array, Array, Array],
    gradients: tuple[Array, Array],
    lr: Array,
    l1: Array,
    l2: Array,
    lr_power: Array,
) -> tuple[Array, ...]:
    """Follow the regularized leader.

    Args:
        attrs: `multiply_linear_by_lr` keeps `linear` multiplied by the rate.
        variables: `var`, `accum`, `linear`.
        gradients: What `accum` collects, what `linear` collects.
        lr: Learning rate.
        l1: L1 regularization strength.
        l2: L2 regularization strength.
        lr_power: Exponent of the per-coordinate rate.
    """
    var, accum, linear = variables
    grad, linear_grad = gradients
    xp = namespace(var, accum, linear, grad)
    if not attrs["multiply_linear_by_lr"]:
        scale, l1_limit, l2_term = lr, l1, _two(l2) * l2
    else:
        scale, l1_limit, l2_term = _one(lr), l1 * lr, _two(l2) * l2 * lr
        linear_grad = linear_grad * lr
    new_accum = accum + grad * grad
    new_power = xp.power(new_accum, -lr_power)
    sigma = (new_power - xp.power(accum, -lr_power)) / scale
    linear = linear + linear_grad - sigma * var
    pulled = xp.minimum(xp.maximum(linear, -l1_limit), l1_limit) - linear
    return pulled / (new_power / scale + l2_term), new_accum, linear


def ftrl(
    attrs: Attributes,
    var: Array,
    accum: Array,
    linear: Array,
    grad: Array,
    lr: Array,
    l1: Array,
    l2: Array,
    lr_power: Array,
) -> tuple[Array, ...]:
    return _ftrl(attrs, (var, accum, linear), (grad, grad), lr, l1, l2, lr_power)


def ftrl_v2(
    attrs: Attributes,
    var: Array,
    accum: Array,
    linear: Array,
    grad: Array,
    lr: Array,
    l1: Array,
    l2: Array,
    l2_shrinkage: Array,
    lr_power: Array,
) -> tuple[Array, ...]:
    shrunk = grad + _two(var) * l2_shrinkage * var
    return _ftrl(attrs, (var, accum, linear), (grad, shrunk), lr, l1, l2, lr_power)


def add_sign(
    _: Attributes,
    var: Array,
    m: Array,
    lr: Array,
    alpha: Array,
    sign_decay: Array,
    beta: Array,
    grad: Array,
) -> tuple[Array, ...]:
    xp = namespace(var, m, grad)
    m = m + (grad - m) * (_one(grad) - beta)
    scale = alpha + sign_decay * (xp.sign(grad) * xp.sign(m))
    return var - lr * scale * grad, m


def power_sign(
    _: Attributes,
    var: Array,
    m: Array,
    lr: Array,
    logbase: Array,
    sign_decay: Array,
    beta: Array,
    grad: Array,
) -> tuple[Array, ...]:
    xp = namespace(var, m, grad)
    m = m + (grad - m) * (_one(grad) - beta)
    scale = xp.exp(logbase * sign_decay * (xp.sign(grad) * xp.sign(m)))
    return var - lr * scale * grad, m


@dataclass(frozen=True, slots=True)
class Rule:
    """One optimizer: its formula and the op types that apply it.

    Attributes:
        name: The op type without `Apply`, `Resource` and `Sparse`.
        formula: New values of `variables`.
        variables: Input args that are variables: `var` and its slots.
        gradient_at: Position of the gradient among the operands; in the sparse op
            `indices` follows it.
        reference: Whether there are ops on reference variables.
        sparse: Whether there are ops on rows.
    """

    name: str
    formula: Formula
    variables: tuple[str, ...]
    gradient_at: int
    reference: bool = True
    sparse: bool = True


_FTRL = ("var", "accum", "linear")
_ACCUM_UPDATE = ("var", "accum", "accum_update")
_DUAL = ("var", "gradient_accumulator", "gradient_squared_accumulator")
_ONLY_RESOURCE: dict[str, bool] = {"reference": False}
_ONLY_DENSE: dict[str, bool] = {"sparse": False}

RULES = (
    Rule("GradientDescent", gradient_descent, ("var",), 2, **_ONLY_DENSE),
    Rule("Momentum", momentum, ("var", "accum"), 3),
    Rule("KerasMomentum", keras_momentum, ("var", "accum"), 3, **_ONLY_RESOURCE),
    Rule("Adam", adam, ("var", "m", "v"), 9, **_ONLY_DENSE),
    Rule(
        "AdamWithAmsgrad",
        adam_with_amsgrad,
        ("var", "m", "v", "vhat"),
        10,
        reference=False,
        sparse=False,
    ),
    Rule("AdaMax", ada_max, ("var", "m", "v"), 8, **_ONLY_DENSE),
    Rule("RMSProp", rms_prop, ("var", "ms", "mom"), 7),
    Rule("CenteredRMSProp", centered_rms_prop, ("var", "mg", "ms", "mom"), 8),
    Rule("Adagrad", adagrad, ("var", "accum"), 3),
    Rule("AdagradV2", adagrad_v2, ("var", "accum"), 4),
    Rule("AdagradDA", adagrad_da, _DUAL, 3),
    Rule("Adadelta", adadelta, _ACCUM_UPDATE, 6),
    Rule("ProximalGradientDescent", proximal_gradient_descent, ("var",), 4),
    Rule("ProximalAdagrad", proximal_adagrad, ("var", "accum"), 5),
    Rule("Ftrl", ftrl, _FTRL, 3),
    Rule("FtrlV2", ftrl_v2, _FTRL, 3),
    Rule("AddSign", add_sign, ("var", "m"), 6, **_ONLY_DENSE),
    Rule("PowerSign", power_sign, ("var", "m"), 6, **_ONLY_DENSE),
)


def _on_rows(rule: Rule) -> Formula:
    """Return what applies a formula to the rows named by `indices`.

    It takes, before the attributes, what `Kernel.in_place` does, or None.
    """
    count, at = len(rule.variables), rule.gradient_at

    def apply_to_rows(
        undo: Undo | None, attrs: Attributes, *operands: Array
    ) -> tuple[Array, ...]:
        gradient, indices = operands[at], operands[at + 1]
        before, after = operands[count:at], operands[at + 2 :]
        for number in (*before, *after):
            if number.shape:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"a number of SparseApply{rule.name} is not a scalar: "
                    f"{list(number.shape)}",
                )

        def formula(rows: tuple[Array, ...], gradient_rows: Array) -> tuple[Array, ...]:
            return rule.formula(attrs, *rows, *before, gradient_rows, *after)

        return updated_rows(formula, operands[:count], indices, gradient, undo)

    return apply_to_rows


def _on_whole(rule: Rule) -> Formula:
    """Return the kernel that applies a formula to whole variables.

    TensorFlow does not broadcast here, so neither may the formulas.
    """
    count, at = len(rule.variables), rule.gradient_at

    def apply_to_whole(attrs: Attributes, *operands: Array) -> tuple[Array, ...]:
        shape = operands[0].shape
        for position, operand in enumerate(operands):
            like_var = position < count or position == at
            if operand.shape != (shape if like_var else ()):
                raise InvalidArgumentError(
                    None,
                    None,
                    f"operand {position} of {rule.name} must have shape "
                    f"{list(shape) if like_var else []}, got {list(operand.shape)}",
                )
        return rule.formula(attrs, *operands)

    return apply_to_whole


def _kernels(rule: Rule) -> Iterator[tuple[str, Kernel]]:
    prefixes = ("", "Resource") if rule.reference else ("Resource",)
    for prefix in prefixes:
        yield (
            f"{prefix}Apply{rule.name}",
            Kernel(_on_whole(rule), updates=rule.variables),
        )
        if rule.sparse:
            apply_to_rows = _on_rows(rule)
            yield (
                f"{prefix}SparseApply{rule.name}",
                Kernel(
                    partial(apply_to_rows, None),
                    updates=rule.variables,
                    in_place=apply_to_rows,
                ),
            )


KERNELS = {name: kernel for rule in RULES for name, kernel in _kernels(rule)}
