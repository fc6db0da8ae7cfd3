"""Programs that evaluate probability distributions, and mistakes with them.

Each takes the module it calls `tf`.
"""

from __future__ import annotations

from contextlib import suppress
from types import ModuleType
from typing import Any

from tests.programs.distributions import OF_VALUES, STATISTICS


def _evaluated(tf: ModuleType, pairs: list[tuple[Any, Any]]) -> list[Any]:
    """What distributions give for values, their statistics, and samples."""
    fetches: list[Any] = []
    for distribution, value in pairs:
        calls = [(name, (value,)) for name in OF_VALUES]
        calls += [(name, ()) for name in STATISTICS]
        for name, arguments in calls:
            with suppress(NotImplementedError):
                fetches.append(getattr(distribution, name)(*arguments))
        fetches.append(distribution.sample([4], seed=5))
    with tf.Session() as session:
        values: list[Any] = session.run(fetches)
        return values


def continuous(tf: ModuleType) -> list[Any]:
    """Distributions over numbers, also far from their means."""
    d = tf.distributions
    far = [0.5, -30.0, 12.0, float("nan")]
    loc = [0.0, 1.0, -2.0, 3.0]
    return _evaluated(
        tf,
        [
            (d.Normal(loc, 2.0), far),
            (d.Laplace(loc, 2.0), far),
            (d.Uniform(loc, [1.0, 12.0, 13.0, 5.0]), far),
            (d.Gamma([0.5, 1.0, 3.0, 9.0], 2.0), [0.5, 3.0, 12.0, 1e-3]),
            (d.Beta([0.5, 1.0, 3.0, 9.0], 2.0), [0.5, 0.25, 0.9, 1e-3]),
        ],
    )


def quantiles(tf: ModuleType) -> list[Any]:
    """Where a normal distribution has a given part of its mass to the left."""
    mean, scale = (tf.constant(value, tf.float64) for value in (1.0, 2.0))
    normal = tf.distributions.Normal(mean, scale)
    parts = [0.0, 1e-40, 1e-5, 0.1, 0.5, 0.9, 1 - 1e-9, 1.0]
    with tf.Session() as session:
        return [session.run(normal.quantile(parts))]


def of_classes(tf: ModuleType) -> list[Any]:
    """Distributions over classes and counts of classes."""
    d = tf.distributions
    probs = [[0.2, 0.7, 0.1], [0.25, 0.25, 0.5]]
    return _evaluated(
        tf,
        [
            (d.Bernoulli(probs=[0.2, 0.7]), [0, 1]),
            (d.Bernoulli(logits=[-30.0, 2.0], dtype=tf.float64), [0, 1]),
            (d.Categorical(probs=probs), [0, 2]),
            (d.Categorical(logits=probs, dtype=tf.int64), [[1], [2]]),
            (d.Dirichlet([0.5, 2.0, 3.0]), [0.2, 0.5, 0.3]),
            (d.DirichletMultinomial(4.0, [0.5, 2.0, 3.0]), [1.0, 1.0, 2.0]),
            (d.Multinomial(4.0, probs=probs[0]), [1.0, 1.0, 2.0]),
        ],
    )


def divergences(tf: ModuleType) -> list[Any]:
    """Kullback-Leibler divergences and cross entropies."""
    d = tf.distributions
    pairs = [
        (d.Normal(0.0, [1.0, 2.0]), d.Normal(1.0, 0.5)),
        (d.Gamma(2.0, [1.0, 2.0]), d.Gamma(1.0, 0.5)),
        (d.Exponential(2.0), d.Gamma(1.0, 0.5)),
        (d.Beta(2.0, [1.0, 2.0]), d.Beta(1.0, 0.5)),
        (d.Dirichlet([2.0, 1.0, 3.0]), d.Dirichlet([1.0, 0.5, 2.0])),
        (d.Bernoulli(probs=[0.1, 0.5]), d.Bernoulli(probs=0.3)),
        (d.Categorical(probs=[0.1, 0.9]), d.Categorical(probs=[0.4, 0.6])),
    ]
    fetches = [d.kl_divergence(a, b) for a, b in pairs]
    fetches += [a.cross_entropy(b) for a, b in pairs]
    with tf.Session() as session:
        values: list[Any] = session.run(fetches)
        return values


def _no_divergence(tf: ModuleType) -> Any:
    a, b = tf.distributions.Normal(0.0, 1.0), tf.distributions.Laplace(0.0, 1.0)
    try:
        return tf.distributions.kl_divergence(a, b)
    except NotImplementedError as error:
        raise ValueError(str(error)) from None


def _static_shapes(tf: ModuleType) -> Any:
    shape = tf.TensorShape([None, 2])
    return tf.distributions.Normal.param_static_shapes(shape)


RUNS = {
    "continuous": continuous,
    "quantiles": quantiles,
    "of_classes": of_classes,
    "divergences": divergences,
}
MISTAKES = {
    "no_scale": lambda tf: tf.distributions.Normal(0.0, 0.0, validate_args=True).loc,
    "two_types": lambda tf: (
        tf.distributions.Normal(0.0, tf.constant(1.0, tf.float64)).loc
    ),
    "no_interval": lambda tf: (
        tf.distributions.Uniform(
            tf.placeholder_with_default(2.0, []), 1.0, validate_args=True
        ).low
    ),
    "both": lambda tf: tf.distributions.Bernoulli(logits=0.0, probs=0.5),
    "integers": lambda tf: tf.distributions.Categorical(probs=[1, 0]),
    "no_classes": lambda tf: (
        tf.distributions.Categorical([1.0], validate_args=True).logits
    ),
    "large_probability": lambda tf: (
        tf.distributions.Bernoulli(probs=[1.5], validate_args=True).probs
    ),
    "fractions": lambda tf: tf.distributions.Multinomial(
        4.0, probs=[0.5, 0.5], validate_args=True
    ).log_prob([1.5, 2.5]),
    "no_mode": lambda tf: tf.distributions.Gamma(
        [0.5], 1.0, allow_nan_stats=False
    ).mode(),
    "no_divergence": _no_divergence,
    "static_shapes": _static_shapes,
}
