"""The formulas of the ops that train variables, each once.

A formula is a function of `(attrs, *operands)` that returns the new values of the
variable and of its slots. Its operands have the names of the op's.

Source: tensorflow core/kernels/training_ops.cc.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import namespace

Attributes = Mapping[str, Any]
Formula = Callable[..., tuple[Array, ...]]
Leader = Callable[[tuple[Array, Array], Array, Array], Array]


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
    attrs: Attributes, var: Array, accum: Array, lr: Array, grad: Array, momentum: Array
) -> tuple[Array, ...]:
    accum = accum * momentum + grad
    if attrs["use_nesterov"]:
        return var - (grad * lr + accum * momentum * lr), accum
    return var - accum * lr, accum


def keras_momentum(
    attrs: Attributes, var: Array, accum: Array, lr: Array, grad: Array, momentum: Array
) -> tuple[Array, ...]:
    accum = accum * momentum - grad * lr
    if attrs["use_nesterov"]:
        return var + (accum * momentum - grad * lr), accum
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
    momentum: Array,
    epsilon: Array,
    grad: Array,
) -> tuple[Array, ...]:
    xp = namespace(var, ms, mom, grad)
    ms = ms + (grad * grad - ms) * (_one(grad) - rho)
    mom = mom * momentum + (grad * lr) / xp.sqrt(ms + epsilon)
    return var - mom, ms, mom


def centered_rms_prop(
    _: Attributes,
    var: Array,
    mg: Array,
    ms: Array,
    mom: Array,
    lr: Array,
    rho: Array,
    momentum: Array,
    epsilon: Array,
    grad: Array,
) -> tuple[Array, ...]:
    xp, one = namespace(var, ms, mom, grad), _one(grad)
    ms = ms + (grad * grad - ms) * (one - rho)
    mg = mg + (grad - mg) * (one - rho)
    denominator = (ms - mg * mg) + epsilon
    mom = mom * momentum + (grad * lr) / xp.sqrt(denominator)
    return var - mom, mg, ms, mom


def rms_prop_of_rows(
    _: Attributes,
    var: Array,
    ms: Array,
    mom: Array,
    lr: Array,
    rho: Array,
    momentum: Array,
    epsilon: Array,
    grad: Array,
) -> tuple[Array, ...]:
    """As `rms_prop`, with other infinities."""
    xp, one = namespace(var, ms, mom, grad), _one(grad)
    ms = ms * rho + grad * grad * (one - rho)
    mom = mom * momentum + one / xp.sqrt(ms + epsilon) * lr * grad
    return var - mom, ms, mom


def centered_rms_prop_of_rows(
    _: Attributes,
    var: Array,
    mg: Array,
    ms: Array,
    mom: Array,
    lr: Array,
    rho: Array,
    momentum: Array,
    epsilon: Array,
    grad: Array,
) -> tuple[Array, ...]:
    """As `centered_rms_prop`, with other infinities."""
    xp, one = namespace(var, ms, mom, grad), _one(grad)
    ms = ms * rho + grad * grad * (one - rho)
    mg = mg * rho + grad * (one - rho)
    denominator = ms + epsilon - mg * mg
    mom = mom * momentum + one / xp.sqrt(denominator) * lr * grad
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


def adagrad_da_of_rows(
    attrs: Attributes,
    var: Array,
    gradient_accumulator: Array,
    gradient_squared_accumulator: Array,
    grad: Array,
    lr: Array,
    l1: Array,
    l2: Array,
    global_step: Array,
) -> tuple[Array, ...]:
    """As `adagrad_da`; the quotient of rows of several numbers is taken another way."""
    slots = (gradient_accumulator, gradient_squared_accumulator)
    if math.prod(var.shape[1:]) <= 1:
        return adagrad_da(attrs, var, *slots, grad, lr, l1, l2, global_step)
    xp, one = namespace(var, *slots, grad), _one(grad)
    summed, squared = slots[0] + grad, slots[1] + grad * grad
    step = global_step.astype(var.dtype)
    shrunk = xp.maximum(xp.abs(summed) / step - l1, _zero(var))
    numerator = xp.where(l1 > _zero(l1), xp.sign(summed) * shrunk, summed / step)
    return -one * numerator / (l2 + xp.sqrt(squared) / (step * lr)), summed, squared


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


def _ftrl_slots(
    attrs: Attributes,
    variables: tuple[Array, Array, Array],
    gradients: tuple[Array, Array],
    lr: Array,
    lr_power: Array,
) -> tuple[Array, Array, Array]:
    """Return the new `accum` and `linear`, and the power of the first by the rate.

    Args:
        attrs: `multiply_linear_by_lr` keeps `linear` multiplied by the rate.
        variables: `var`, `accum`, `linear`.
        gradients: What `accum` collects, what `linear` collects.
        lr: Learning rate.
        lr_power: Exponent of the per-coordinate rate.
    """
    var, accum, linear = variables
    grad, linear_grad = gradients
    xp, scale = namespace(var, accum, linear, grad), lr
    if attrs["multiply_linear_by_lr"]:
        scale, linear_grad = _one(lr), linear_grad * lr
    new_accum = accum + grad * grad
    power = xp.power(new_accum, -lr_power)
    sigma = (power - xp.power(accum, -lr_power)) / scale
    return new_accum, linear + linear_grad - sigma * var, power / scale


def _limits(attrs: Attributes, lr: Array, l1: Array, l2: Array) -> tuple[Array, Array]:
    """The limit that `linear` must pass, and what slows the variable down."""
    if attrs["multiply_linear_by_lr"]:
        return l1 * lr, _two(l2) * l2 * lr
    return l1, _two(l2) * l2


def followed_leader(limits: tuple[Array, Array], linear: Array, power: Array) -> Array:
    """The variable; zero where `linear` is NaN, too."""
    xp, (limit, slow) = namespace(linear, power), limits
    pulled = (limit * xp.sign(linear) - linear) / (power + slow)
    return xp.where(xp.abs(linear) > limit, pulled, _zero(linear))


def followed_leader_of_rows(
    limits: tuple[Array, Array], linear: Array, power: Array
) -> Array:
    xp, (limit, slow) = namespace(linear, power), limits
    pulled = xp.minimum(xp.maximum(linear, -limit), limit) - linear
    return pulled / (power + slow)


def ftrl(
    leader: Leader,
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
    """Follow the regularized leader."""
    variables = (var, accum, linear)
    accum, linear, power = _ftrl_slots(attrs, variables, (grad, grad), lr, lr_power)
    return leader(_limits(attrs, lr, l1, l2), linear, power), accum, linear


def ftrl_v2(
    leader: Leader,
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
    """As `ftrl`, where the variable shrinks."""
    gradients = (grad, grad + _two(var) * l2_shrinkage * var)
    variables = (var, accum, linear)
    accum, linear, power = _ftrl_slots(attrs, variables, gradients, lr, lr_power)
    return leader(_limits(attrs, lr, l1, l2), linear, power), accum, linear


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
    m = m * beta + grad * (_one(grad) - beta)
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
    m = m * beta + grad * (_one(grad) - beta)
    scale = xp.exp(logbase * sign_decay * (xp.sign(grad) * xp.sign(m)))
    return var - lr * scale * grad, m
