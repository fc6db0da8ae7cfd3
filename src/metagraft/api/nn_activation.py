"""Activation functions and dropout (`tf.nn.relu` and its kin).

Source: tensorflow python/ops/nn_ops.py, nn_impl.py.
"""

from __future__ import annotations

import functools
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.api.custom_gradient import custom_gradient
from metagraft.api.random import random_uniform
from metagraft.api.renamed_arguments import renamed_argument
from metagraft.api.stateless_random import stateless_uniform
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, power, select_v2
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.random_seed import get_seed
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = [
    "crelu",
    "dropout",
    "elu",
    "gelu",
    "general_dropout",
    "leaky_relu",
    "relu",
    "relu6",
    "selu",
    "softplus",
    "softsign",
    "stateless_dropout",
    "swish",
]


def relu(features: Any, name: str | None = None) -> Tensor:
    """`max(x, 0)`."""
    result: Tensor = op("Relu", features=features, name=name)
    return result


def relu6(features: Any, name: str | None = None) -> Tensor:
    """`min(max(x, 0), 6)`."""
    with name_scope(name, "Relu6", [features]) as scope:
        features = convert_to_tensor(features, name="features")
        result: Tensor = op("Relu6", features=features, name=scope)
        return result


def elu(features: Any, name: str | None = None) -> Tensor:
    """`exp(x) - 1` below 0, x above."""
    result: Tensor = op("Elu", features=features, name=name)
    return result


def selu(features: Any, name: str | None = None) -> Tensor:
    """`elu`, scaled so that activations keep mean 0 and variance 1."""
    result: Tensor = op("Selu", features=features, name=name)
    return result


def softplus(features: Any, name: str | None = None) -> Tensor:
    """`log(exp(x) + 1)`."""
    result: Tensor = op("Softplus", features=features, name=name)
    return result


def softsign(features: Any, name: str | None = None) -> Tensor:
    """`x / (abs(x) + 1)`."""
    result: Tensor = op("Softsign", features=features, name=name)
    return result


def leaky_relu(features: Any, alpha: Any = 0.2, name: str | None = None) -> Tensor:
    """`alpha * x` below 0, x above."""
    with name_scope(name, "LeakyRelu", [features, alpha]) as scope:
        features = convert_to_tensor(features, name="features")
        if features.dtype.is_integer:
            features = cast(features, dtypes.float32)
        if isinstance(alpha, np.ndarray):
            alpha = alpha.item()
        result: Tensor = op("LeakyRelu", features=features, alpha=alpha, name=scope)
        return result


def crelu(features: Any, name: str | None = None, axis: int = -1) -> Tensor:
    """`relu` of x and of -x, joined along `axis`."""
    with name_scope(name, "CRelu", [features]) as scope:
        features = convert_to_tensor(features, name="features")
        return relu(array.concat([features, -features], axis, name=scope))


def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Tensor:
    """X times the probability that a standard normal number is below it.

    Raises:
        ValueError: `features` are no floating-point numbers.
    """
    with name_scope(name, "Gelu", [features]):
        features = convert_to_tensor(features, name="features")
        if not features.dtype.is_floating:
            raise ValueError(
                "`features.dtype` must be a floating point tensor."
                f"Received:features.dtype={features.dtype}"
            )
        if approximate:
            coefficient = cast(0.044715, features.dtype)
            half = 0.5 * features
            cubed = features + coefficient * power(features, 3)
            return half * (1.0 + op("Tanh", x=0.7978845608028654 * cubed))
        half = 0.5 * features
        negative = -features
        root = cast(0.7071067811865476, features.dtype)
        return half * op("Erfc", x=negative * root)


def swish(features: Any, beta: Any = 1.0) -> Tensor:
    """`x * sigmoid(beta * x)`, remembering only x for its gradient."""
    features = convert_to_tensor(features, name="features")
    beta = cast(convert_to_tensor(beta, name="beta"), features.dtype)
    result: Tensor = custom_gradient(_swish)(features, beta)
    return result


def _swish(features: Tensor, beta: Tensor) -> tuple[Tensor, Any]:
    def gradient(dy: Tensor) -> tuple[Tensor, Tensor]:
        with control_dependencies([dy]):
            sigmoid = op("Sigmoid", x=beta * features)
        scaled = beta * features
        slope = sigmoid * (1.0 + scaled * (1.0 - sigmoid))
        weighted = dy * op("Square", x=features) * sigmoid
        d_beta = reduce_tensor("Sum", weighted * (1.0 - sigmoid))
        return dy * slope, d_beta

    return features * op("Sigmoid", x=beta * features), gradient


def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
    rate: Any = None,
) -> Tensor:
    """Set elements to zero at random and scale up the rest.

    Args:
        x: Floating-point numbers.
        keep_prob: `1 - rate`, under its old name.
        noise_shape: Shape of the random choices; broadcasts to that of `x`.
        seed: Seed of the choices.
        name: Name of the scope.
        rate: The probability that an element is dropped, in `[0, 1)`.

    Raises:
        ValueError: The rate is missing, given twice or out of range, or `x` has
            another type.
    """
    try:
        from_keep_prob = None if keep_prob is None else 1.0 - keep_prob
    except TypeError:
        raise ValueError(
            "`keep_prob` must be a floating point number or Tensor. Received:"
            f" keep_prob={keep_prob}"
        ) from None
    rate = renamed_argument("rate", rate, "keep_prob", from_keep_prob)
    if rate is None:
        raise ValueError(f"`rate` must be provided. Received: rate={rate}")
    return _dropped(
        x,
        rate,
        noise_shape,
        functools.partial(random_uniform, seed=seed),
        # TF: a seed is used up, as if numbers had been drawn.
        lambda: get_seed(seed),
        (name, "dropout"),
    )


def general_dropout(
    x: Any,
    rate: Any,
    uniform_sampler: Callable[..., Tensor],
    noise_shape: Any = None,
    name: str | None = None,
) -> Tensor:
    """As `dropout`, with random numbers of one's own.

    Args:
        x: Floating-point numbers.
        rate: The probability that an element is dropped, in `[0, 1)`.
        uniform_sampler: Takes `shape` and `dtype`; returns numbers in `[0, 1)`.
        noise_shape: Shape of the random choices; broadcasts to that of `x`.
        name: Name of the scope.

    Raises:
        ValueError: The rate is out of range, or `x` has another type.
    """
    names = (name, "general_dropout")
    return _dropped(x, rate, noise_shape, uniform_sampler, lambda: None, names)


def stateless_dropout(
    x: Any,
    rate: Any,
    seed: Any,
    rng_alg: Any = None,
    noise_shape: Any = None,
    name: str | None = None,
) -> Tensor:
    """As `dropout`; the same seed, a pair, drops the same elements.

    Args:
        x: Floating-point numbers.
        rate: The probability that an element is dropped, in `[0, 1)`.
        seed: Two numbers.
        rng_alg: The generator; see `tf.random.stateless_uniform`.
        noise_shape: Shape of the random choices; broadcasts to that of `x`.
        name: Name of the scope.

    Raises:
        ValueError: The rate is out of range, or `x` has another type.
    """
    draw = functools.partial(stateless_uniform, seed=seed, alg=rng_alg)
    names = (name, "stateless_dropout")
    return _dropped(x, rate, noise_shape, draw, lambda: None, names)


def _dropped(
    x: Any,
    rate: Any,
    noise_shape: Any,
    draw: Callable[..., Tensor],
    skip: Callable[[], object],
    names: tuple[str | None, str],
) -> Tensor:
    """Drop elements where `draw` gives less than the rate."""
    with name_scope(*names, [x]):
        is_number = isinstance(rate, numbers.Real)
        if is_number and not 0 <= rate < 1:
            raise ValueError(
                "`rate` must be a scalar tensor or a float in the range [0, 1)."
                f" Received: rate={rate}"
            )
        x = convert_to_tensor(x, name="x")
        if not x.dtype.is_floating:
            raise ValueError(
                "`x.dtype` must be a floating point tensor as `x` will be scaled."
                f" Received: x_dtype={x.dtype}"
            )
        if is_number and rate == 0:
            skip()
            unchanged: Tensor = x
            return unchanged
        kept, rate = _scaled_up(x, rate, is_number)
        noise = draw(shape=_noise_shape(x, noise_shape), dtype=x.dtype)
        is_kept = noise >= rate
        zero = array.constant(0, dtype=x.dtype)
        result = select_v2(is_kept, kept, zero)
        result.set_shape(x.shape)
        return result


def _scaled_up(x: Tensor, rate: Any, is_number: bool) -> tuple[Tensor, Any]:
    """Return `x / (1 - rate)`, and the rate in the type of `x`."""
    if is_number:
        scale = convert_to_tensor(1 / (1 - rate), dtype=x.dtype)
        return op("Mul", x=x, y=scale), rate
    if not isinstance(rate, Tensor):
        if not hasattr(rate, "_to_graph_tensor"):
            raise ValueError(
                f"`rate` must be a scalar or scalar tensor. Received: rate={rate}"
            )
        rate = convert_to_tensor(rate)
    rate.shape.assert_has_rank(0)
    if rate.dtype != x.dtype:
        if not rate.dtype.is_compatible_with(x.dtype):
            raise ValueError(
                "`x.dtype` must be compatible with `rate.dtype`. Received:"
                f" x.dtype={x.dtype} and rate.dtype={rate.dtype}"
            )
        rate = op("Cast", x=rate, DstT=x.dtype, name="rate")
    one = array.constant(1, dtype=x.dtype)
    return op("RealDiv", x=x, y=op("Sub", x=one, y=rate)), rate


def _noise_shape(x: Tensor, noise_shape: Any) -> Any:
    if noise_shape is None:
        return array.shape(x)
    try:
        given = TensorShape(noise_shape)
    except (TypeError, ValueError):
        return noise_shape
    if x.dims is not None and given.ndims == len(x.dims):
        pairs = zip(x.dims, given.as_list(), strict=True)
        return TensorShape([size if wish is None else wish for size, wish in pairs])
    return noise_shape
