"""Programs about probability distributions."""

from __future__ import annotations

from contextlib import suppress
from types import ModuleType
from typing import Any

OF_VALUES = (
    "log_prob",
    "prob",
    "log_cdf",
    "cdf",
    "log_survival_function",
    "survival_function",
    "quantile",
)
FROM_CDF = ("log_cdf", "cdf", "log_survival_function", "survival_function")
STATISTICS = ("entropy", "mean", "variance", "stddev", "covariance", "mode")


def use(distribution: Any, value: Any, without: tuple[str, ...] = ()) -> None:
    """Call what a distribution has: functions, statistics, samples, shapes."""
    calls = [(name, (value,)) for name in OF_VALUES]
    calls += [(name, ()) for name in STATISTICS]
    for name, arguments in calls:
        if name in without:
            continue
        with suppress(NotImplementedError):
            getattr(distribution, name)(*arguments)
    for shape in ((), 5, [2, 3]):
        distribution.sample(shape, seed=3)
    distribution.batch_shape_tensor()
    distribution.event_shape_tensor()
    distribution.is_scalar_batch()
    distribution.is_scalar_event()


def use_divergence(tf: ModuleType, a: Any, b: Any) -> None:
    """Add divergences and cross entropies of two distributions."""
    tf.distributions.kl_divergence(a, b)
    tf.distributions.kl_divergence(a, b, allow_nan_stats=False, name="checked")
    a.kl_divergence(b)
    a.cross_entropy(b, name="crossed")


def normal_distributions(tf: ModuleType) -> None:
    """Normal distributions of numbers, tensors and unknown shapes."""
    x = tf.placeholder(tf.float32, [3])
    plain = tf.distributions.Normal(0.0, 2.0)
    use(plain, x)
    batch = tf.distributions.Normal(
        tf.placeholder(tf.float32, [2, 1]), [1.0, 2.0, 3.0], True, name="batch"
    )
    use(batch, x)
    unknown = tf.distributions.Normal(
        tf.placeholder(tf.float64), tf.placeholder(tf.float64, [None])
    )
    use(unknown, tf.placeholder(tf.float64))
    with tf.name_scope("inside"):
        plain.log_prob(1.5)
        plain.sample(tf.placeholder(tf.int32), seed=1)
        plain.sample(tf.placeholder(tf.int32, []), name="draw")
        plain.sample(tf.placeholder(tf.int32, [None]))
    use_divergence(tf, plain, batch)
    careful = tf.distributions.Normal(0.0, scale=x, allow_nan_stats=False)
    use_divergence(tf, careful, plain)
    tf.distributions.Normal.param_shapes([2, 3])
    tf.distributions.Normal.param_static_shapes([2, 3])
    tf.gradients(plain.log_prob(x), x)
    tf.gradients(batch.sample(2, seed=4), batch.scale)
    plain.copy(scale=3.0).mean()


def uniform_distributions(tf: ModuleType) -> None:
    """Uniform distributions."""
    x = tf.placeholder(tf.float32, [3])
    use(tf.distributions.Uniform(), x)
    low = tf.placeholder(tf.float32, [None, 1])
    uniform = tf.distributions.Uniform(low, [1.0, 2.0], validate_args=True, name="u")
    use(uniform, tf.placeholder(tf.float32))
    uniform.range()
    tf.distributions.Uniform.param_shapes(4)


def bernoulli_distributions(tf: ModuleType) -> None:
    """Bernoulli distributions of probabilities and of log-odds."""
    logits = tf.placeholder(tf.float32, [2, 3])
    odds = tf.distributions.Bernoulli(logits)
    use(odds, tf.placeholder(tf.int32, [2, 3]))
    use(odds, [1, 0, 1])
    chances = tf.distributions.Bernoulli(
        probs=tf.placeholder(tf.float64), dtype=tf.int64, validate_args=True
    )
    use(chances, tf.placeholder(tf.int32))
    use(chances, tf.placeholder(tf.float64, [None]))
    floats = tf.distributions.Bernoulli(probs=0.25, dtype=tf.float32, name="floats")
    use(floats, 1.0)
    use_divergence(tf, odds, floats)
    tf.gradients(odds.log_prob([1, 0, 1]), logits)


def categorical_distributions(tf: ModuleType) -> None:
    """Categorical distributions of probabilities and of log-probabilities."""
    logits = tf.placeholder(tf.float32, [2, 4])
    known = tf.distributions.Categorical(logits)
    for value in (tf.placeholder(tf.int32, [2]), 3, tf.placeholder(tf.float32, [5, 1])):
        use(known, value)
    one = tf.distributions.Categorical(probs=[0.1, 0.2, 0.3, 0.4], dtype=tf.int64)
    use(one, tf.placeholder(tf.int64, [None]))
    batch = tf.distributions.Categorical(
        probs=tf.placeholder(tf.float64, [None, 2, 3]), validate_args=True
    )
    use(batch, tf.placeholder(tf.int32, [None, 2]))
    unknown = tf.distributions.Categorical(
        tf.placeholder(tf.float32), validate_args=True, dtype=tf.float32, name="what"
    )
    use(unknown, tf.placeholder(tf.float32))
    use_divergence(tf, known, one.copy(dtype=tf.int32, name="other"))
    tf.gradients(known.log_prob([1, 2]), logits)
    tf.gradients(known.entropy(), logits)


def beta_distributions(tf: ModuleType) -> None:
    """Beta distributions."""
    x = tf.placeholder(tf.float32, [3])
    a, b = tf.placeholder(tf.float32, [2, 1]), tf.placeholder(tf.float32, [None])
    plain = tf.distributions.Beta(2.0, 3.0)
    use(plain, x)
    batch = tf.distributions.Beta(a, b, validate_args=True, allow_nan_stats=False)
    use(batch, x, FROM_CDF)
    use_divergence(tf, plain, batch)
    tf.gradients(batch.sample(4, seed=1), [a, b])
    tf.distributions.Beta.param_shapes([2])


def gamma_distributions(tf: ModuleType) -> None:
    """Gamma and exponential distributions."""
    x = tf.placeholder(tf.float32, [3])
    a, b = tf.placeholder(tf.float32, [2, 1]), tf.placeholder(tf.float32, [None])
    plain = tf.distributions.Gamma(2.0, 3.0)
    use(plain, x)
    batch = tf.distributions.Gamma(a, b, validate_args=True, allow_nan_stats=False)
    use(batch, x)
    use_divergence(tf, plain, batch)
    tf.gradients(batch.sample(4, seed=1), [a, b])
    exponential = tf.distributions.Exponential(b, name="waiting")
    use(exponential, x)
    use(tf.distributions.Exponential([1.0, 2.0], validate_args=True), [1.0])
    use_divergence(tf, exponential, plain)
    exponential.copy(rate=[3.0]).sample(2, seed=8)


def laplace_distributions(tf: ModuleType) -> None:
    """Laplace distributions."""
    x = tf.placeholder(tf.float32, [3])
    use(tf.distributions.Laplace(0.0, 2.0), x)
    scale = tf.placeholder(tf.float64, [None, 1])
    loc = tf.placeholder(tf.float64, [2])
    batch = tf.distributions.Laplace(loc, scale, validate_args=True, name="b")
    use(batch, tf.placeholder(tf.float64))
    tf.gradients(batch.sample(3, seed=5), [loc, scale])


def student_distributions(tf: ModuleType) -> None:
    """Student's t distributions."""
    x = tf.placeholder(tf.float32, [3])
    use(tf.distributions.StudentT(3.0, 0.0, 2.0), x)
    df = tf.placeholder(tf.float32, [None, 1])
    batch = tf.distributions.StudentT(
        df, [1.0, 2.0, 3.0], x, validate_args=True, allow_nan_stats=False, name="b"
    )
    use(batch, x, FROM_CDF)
    tf.gradients(batch.log_prob(x), [df, x])


def dirichlet_distributions(tf: ModuleType) -> None:
    """Dirichlet and Dirichlet-multinomial distributions."""
    a = tf.placeholder(tf.float32, [2, 3])
    b = tf.placeholder(tf.float32, [None, None])
    x = tf.placeholder(tf.float32, [3])
    plain = tf.distributions.Dirichlet(a)
    use(plain, x, ("mode",))
    use(tf.distributions.Dirichlet([1.0, 2.0, 3.0]), x)
    checked = tf.distributions.Dirichlet(b, validate_args=True, allow_nan_stats=False)
    use(checked, x)
    use_divergence(tf, plain, checked)
    counts = tf.distributions.DirichletMultinomial(5.0, a)
    use(counts, x)
    checked_counts = tf.distributions.DirichletMultinomial(
        tf.placeholder(tf.float32, []), b, validate_args=True, name="counts"
    )
    use(checked_counts, x)
    tf.gradients(counts.log_prob(x), a)


def multinomial_distributions(tf: ModuleType) -> None:
    """Multinomial distributions."""
    x = tf.placeholder(tf.float32, [3])
    logits = tf.placeholder(tf.float32, [2, 3])
    known = tf.distributions.Multinomial([4.0, 5.0], logits)
    use(known, x)
    checked = tf.distributions.Multinomial(
        tf.placeholder(tf.float32, [None]),
        probs=tf.placeholder(tf.float32, [None, 3]),
        validate_args=True,
        name="checked",
    )
    use(checked, tf.placeholder(tf.float32, [None, 3]))
    use(tf.distributions.Multinomial(4.0, probs=[0.2, 0.3, 0.5]), x)
    tf.gradients(known.log_prob(x), logits)


def _own_classes(tf: ModuleType) -> tuple[type, type]:
    """A class that changes one of TensorFlow's, and one of its own."""

    class Shifted(tf.distributions.Normal):  # type: ignore[name-defined,misc]
        """A normal distribution moved to the right."""

        def _mean(self) -> Any:
            return super()._mean() + 1.0

    class Point(tf.distributions.Distribution):  # type: ignore[name-defined,misc]
        """All of the probability at one place."""

        def __init__(self, place: Any, name: str = "Point") -> None:
            with tf.name_scope(name) as scope:
                self.place = tf.convert_to_tensor(place, name="place")
            super().__init__(
                dtype=self.place.dtype,
                reparameterization_type=tf.distributions.FULLY_REPARAMETERIZED,
                validate_args=False,
                allow_nan_stats=True,
                graph_parents=[self.place],
                name=scope,
            )

        def _batch_shape(self) -> Any:
            return self.place.shape

        def _batch_shape_tensor(self) -> Any:
            return tf.shape(self.place)

        def _event_shape(self) -> Any:
            return tf.TensorShape([])

        def _prob(self, value: Any) -> Any:
            return tf.cast(tf.equal(value, self.place), self.dtype)

        def _cdf(self, value: Any) -> Any:
            return tf.cast(value >= self.place, self.dtype)

        def _stddev(self) -> Any:
            return tf.zeros_like(self.place)

    return Shifted, Point


def own_distributions(tf: ModuleType) -> None:
    """Distributions of a program's own, and their divergence."""
    shifted_class, point_class = _own_classes(tf)

    @tf.distributions.RegisterKL(point_class, tf.distributions.Normal)
    def divergence(point: Any, normal: Any, name: Any = None) -> Any:
        with tf.name_scope(name, "of_point"):
            return -normal.log_prob(point.place)

    shifted = shifted_class(0.0, 1.0)
    use(shifted, [1.0, 2.0])
    point = point_class(tf.placeholder(tf.float32, [2]))
    for name in ("log_prob", "log_cdf", "log_survival_function", "survival_function"):
        getattr(point, name)(1.0)
    point.variance()
    point.is_scalar_batch()
    tf.distributions.kl_divergence(point, shifted)


PROGRAMS = (
    normal_distributions,
    uniform_distributions,
    bernoulli_distributions,
    categorical_distributions,
    beta_distributions,
    gamma_distributions,
    laplace_distributions,
    student_distributions,
    dirichlet_distributions,
    multinomial_distributions,
    own_distributions,
)
