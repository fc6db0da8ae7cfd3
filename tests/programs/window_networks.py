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


def quantized_numbers(tf: ModuleType) -> None:
    """To quantised numbers, back, and there and back with gradients."""
    x = tf.placeholder(tf.float32, [3, 4], name="x")
    low, high = tf.constant(-1.0), tf.constant(2.0)
    y, y_min, y_max = tf.quantization.quantize(x, low, high, tf.quint8)
    tf.quantization.quantize(
        x, low, high, tf.qint8, "SCALED", "HALF_TO_EVEN", narrow_range=True, name="q"
    )
    tf.quantization.dequantize(y, y_min, y_max, "MIN_FIRST")
    tf.quantization.quantized_concat(0, [y, y], [y_min, low], [y_max, high])
    one = tf.quantization.quantize_and_dequantize(x, low, high, range_given=True)
    two = tf.quantization.quantize_and_dequantize_v2(
        x, [-1.0] * 4, [1.0] * 4, range_given=True, axis=-1, num_bits=4
    )
    tf.gradients([one, two], x)
    image = tf.placeholder(tf.quint8, [1, 5, 6, 2], name="image")
    kernel = tf.placeholder(tf.quint8, [2, 2, 2, 3], name="kernel")
    tf.nn.quantized_conv2d(image, kernel, low, high, low, high, [1, 1, 1, 1], "SAME")
    window = ([1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    tf.nn.quantized_avg_pool(image, low, high, *window)
    tf.nn.quantized_max_pool(image, low, high, *window, name="largest")
    tf.nn.quantized_relu_x(image, 1.0, low, high)


def scaled_losses(tf: ModuleType) -> None:
    """Losses of examples scaled to those of a batch, and dropout from seeds."""
    loss = tf.placeholder(tf.float32, [None, 2], name="loss")
    weights = tf.placeholder(tf.float32, [None], name="weights")
    unknown = tf.placeholder(tf.float32, name="unknown")
    size = tf.placeholder(tf.int32, [], name="size")
    tf.nn.compute_average_loss(loss)
    tf.nn.compute_average_loss(loss, weights, size)
    tf.nn.compute_average_loss(unknown, sample_weight=unknown, global_batch_size=8)
    tf.nn.scale_regularization_loss(loss)
    tf.nn.experimental.stateless_dropout(loss, 0.3, [1, 2], rng_alg="auto_select")
    tf.nn.experimental.general_dropout(loss, 0.3, tf.random.uniform)


PROGRAMS = (
    scaled_losses,
    quantized_numbers,
    morphology,
    fractional_poolings,
    frequent_samples,
    chosen_values,
)
