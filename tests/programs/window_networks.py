"""Programs about windows over images and about samples, with gradients."""

from __future__ import annotations

from types import ModuleType


def morphology(tf: ModuleType) -> None:
    """Dilation and erosion."""
    x = tf.placeholder(tf.float32, [None, 6, 7, 2], name="x")
    kernel = tf.get_variable("kernel", [2, 3, 2])
    steps, rates = [1, 2, 1, 1], [1, 1, 2, 1]
    one = tf.nn.dilation2d(x, kernel, steps, rates, "SAME")
    tf.nn.dilation2d(x, filters=kernel, strides=steps, dilations=rates, padding="VALID")
    two = tf.nn.erosion2d(x, kernel, steps, rates, "SAME", name="eroded")
    tf.gradients([one, two], [x, kernel])


def fractional_poolings(tf: ModuleType) -> None:
    """Pooling over windows of random sizes."""
    x = tf.placeholder(tf.float32, [3, 9, 11, 2], name="x")
    ratios = [1.0, 1.5, 1.75, 1.0]
    one, _, _ = tf.nn.fractional_max_pool(x, ratios)
    two, _, _ = tf.nn.fractional_avg_pool(
        x, ratios, True, True, deterministic=True, seed=3, seed2=4, name="average"
    )
    tf.gradients([one, two], x)


def frequent_samples(tf: ModuleType) -> None:
    """Samples by how frequent classes are."""
    classes = tf.placeholder(tf.int64, [None, 2], name="classes")
    tf.nn.fixed_unigram_candidate_sampler(
        classes, 2, 3, True, 5, unigrams=(1.0, 2.0, 3.0, 4.0, 5.0), seed=3
    )
    tf.nn.learned_unigram_candidate_sampler(classes, 2, 3, False, 5, name="learnt")


def chosen_values(tf: ModuleType) -> None:
    """Values by their place in order, and isotonic regression."""
    x = tf.placeholder(tf.float32, [3, 7], name="x")
    one = tf.raw_ops.NthElement(input=x, n=2, reverse=True)
    two, _ = tf.nn.approx_max_k(x, 3)
    three, _ = tf.nn.approx_min_k(x, 2, reduction_dimension=0, name="least")
    four, _ = tf.raw_ops.IsotonicRegression(input=x)
    tf.gradients([one, two, three, four], x)


PROGRAMS = (morphology, fractional_poolings, frequent_samples, chosen_values)
