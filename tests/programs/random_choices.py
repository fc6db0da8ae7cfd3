"""Programs about random numbers and initializers."""

from __future__ import annotations

from types import ModuleType


def random_uniform(tf: ModuleType) -> None:
    """Uniform numbers."""
    tf.random_uniform([2, 3])
    tf.random_uniform([2, 3], -1, 1)
    tf.random_uniform([4], 0.0, 2.0, seed=3)
    tf.random_uniform([], maxval=5, dtype=tf.int32)
    tf.random_uniform((3,), 2.0)
    tf.random_uniform([2], maxval=2.5, dtype=tf.float64, name="nm")
    tf.random_uniform(tf.placeholder(tf.int32, [2]))


def random_seeds(tf: ModuleType) -> None:
    """Seeds of graph and operations."""
    tf.set_random_seed(7)
    tf.random_uniform([2])
    tf.random_normal([2], seed=9)
    tf.random_normal([2], 1.0, 2.0, name="q")
    tf.truncated_normal([3, 2], stddev=0.1)
    tf.random_shuffle(tf.constant([1, 2, 3]))


def random_crop(tf: ModuleType) -> None:
    """Random parts."""
    x = tf.placeholder(tf.float32, [10, 10, 3])
    tf.random_crop(x, [5, 5, 3])
    tf.random_crop(tf.placeholder(tf.float32, [None, 4]), [2, 2], seed=1, name="cc")


def random_multi(tf: ModuleType) -> None:
    """Drawn classes."""
    logits = tf.placeholder(tf.float32, [None, 4])
    tf.multinomial(logits, 3)
    tf.random.categorical(logits, 2, dtype=tf.int32, seed=4)


def random_gamma(tf: ModuleType) -> None:
    """Gamma and Poisson distributions."""
    tf.random_gamma([3], [1.0, 2.0])
    tf.random_gamma([3], [1.0, 2.0], beta=2.0, seed=1)
    tf.random_poisson([1.0, 2.0], [3])


def random_generators(tf: ModuleType) -> None:
    """Generators of every origin, and all they draw."""
    generator = tf.random.Generator.from_seed(1234)
    generator.normal([2, 3])
    generator.normal((), mean=1.0, dtype=tf.float64, name="scalar")
    generator.truncated_normal(tf.placeholder(tf.int32, [2]), stddev=2.0)
    generator.uniform([4], minval=-1, maxval=1, dtype=tf.int32)
    generator.uniform([4], minval=None, dtype=tf.int64)
    generator.uniform([4], maxval=3.0)
    generator.uniform_full_int([2])
    generator.binomial([2], counts=[3.0, 4.0], probs=[0.5, 0.25])
    generator.make_seeds(2)
    generator.skip(3)
    tf.random.Generator.from_state([1, 2, 3], alg="philox").reset([4, 5, 6])
    kept = tf.random.Generator.from_key_counter(7, [8, 9], alg="philox")
    kept.reset_from_key_counter(1, [2, 3])
    kept.reset_from_seed(2**70)
    tf.random.Generator.from_non_deterministic_state().uniform([1])
    tf.random.create_rng_state([1, 2**63], "auto_select")


def stateless_distributions(tf: ModuleType) -> None:
    """Distributions that depend on their seeds alone."""
    seed = tf.placeholder(tf.int32, [2])
    tf.random.stateless_binomial([3, 2], seed, counts=[1.0, 2.0], probs=0.5)
    tf.random.stateless_gamma([3, 2], [1, 2], alpha=[0.5, 2.0], beta=3.0)
    tf.random.stateless_poisson([3, 2], [1, 2], lam=[0.5, 2.0], dtype=tf.float32)
    tf.random.stateless_parameterized_truncated_normal([4], [1, 2], means=[0.5])
    experimental = tf.random.experimental
    experimental.index_shuffle(tf.range(5), seed=[1, 2], max_index=9)
    experimental.stateless_shuffle(tf.range(5), seed=[1, 2])
    experimental.stateless_split([1, 2], num=3)
    experimental.stateless_fold_in([1, 2], 5)
    for alg in ("philox", "threefry", tf.random.Algorithm.AUTO_SELECT):
        tf.random.stateless_uniform([2], seed, alg=alg)


def random_gradients(tf: ModuleType) -> None:
    """How samples move with the parameters of their distribution."""
    alpha = tf.placeholder(tf.float32, [None, 2])
    tf.gradients(tf.random_gamma([3], alpha, beta=[1.0, 2.0]), alpha)
    drawn = tf.random.stateless_gamma([5, 4, 2], [1, 2], alpha=alpha)
    tf.gradients(drawn, alpha)
    operands = [tf.constant(x) for x in (0.5, 1.5, -1.0, [2.0, 3.0])]
    drawn = tf.random.stateless_parameterized_truncated_normal(
        [3, 2], [1, 2], *operands
    )
    tf.gradients(drawn, operands)
    old = tf.raw_ops.StatelessRandomGammaV2(shape=[3, 2], seed=[1, 2], alpha=[1.0, 2.0])
    tf.gradients(old, old.op.inputs[2])


def random_inits(tf: ModuleType) -> None:
    """Every initializer."""
    kinds = tf.initializers
    for i in (
        kinds.zeros(),
        kinds.ones(),
        kinds.constant(3.0),
        kinds.random_uniform(-1, 1),
        kinds.random_normal(),
        kinds.truncated_normal(stddev=0.1),
        kinds.uniform_unit_scaling(),
        kinds.variance_scaling(),
        kinds.variance_scaling(2.0, "fan_out", "uniform"),
        kinds.variance_scaling(mode="fan_avg", distribution="untruncated_normal"),
        kinds.glorot_normal(),
        kinds.glorot_uniform(seed=1),
        kinds.he_normal(),
        kinds.he_uniform(),
        kinds.lecun_normal(),
        kinds.lecun_uniform(),
        kinds.orthogonal(),
        kinds.orthogonal(gain=2.0, seed=3),
        kinds.identity(),
    ):
        i([4, 6])
        if type(i).__name__ != "Identity":
            i([3, 3, 4, 6], dtype=tf.float64)
    kinds.zeros()([3], dtype=tf.int32)
    kinds.constant([1, 2, 3])([2, 2])


def random_getvar(tf: ModuleType) -> None:
    """Initializers of variables."""
    tf.get_variable("a", [3, 4])
    tf.get_variable("b", [3], initializer=tf.zeros_initializer())
    tf.get_variable("c", [3], initializer=tf.constant_initializer([1.0, 2.0, 3.0]))
    tf.get_variable(
        "d",
        [3, 3, 2, 4],
        initializer=tf.truncated_normal_initializer(stddev=0.05),
        regularizer=None,
    )


def random_s(tf: ModuleType) -> None:
    """Random numbers that depend on their seeds alone."""
    r = tf.random
    r.stateless_normal([2], seed=[1, 2])
    r.stateless_uniform([3], [1, 2], -1.0, 1.0)
    r.stateless_uniform([3], [1, 2], minval=None, maxval=None, dtype=tf.int32)
    r.stateless_uniform(
        [3], tf.constant([1, 2], tf.int64), 0, 10, dtype=tf.int64, name="n"
    )
    r.stateless_truncated_normal([2, 2], [3, 4], stddev=0.1)
    r.stateless_categorical([[1.0, 2.0]], 3, seed=[1, 2])
    r.stateless_multinomial([[1.0, 2.0]], 3, seed=[1, 2])
    r.split([1, 2], 3)
    r.fold_in([1, 2], 7)


PROGRAMS = (
    random_uniform,
    random_seeds,
    random_crop,
    random_multi,
    random_gamma,
    random_inits,
    random_getvar,
    random_s,
    random_generators,
    stateless_distributions,
    random_gradients,
)
