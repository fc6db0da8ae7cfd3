"""Small networks that make images and sound: adversarial pairs, VAE, WaveNet."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.programs.architecture_parts import feed, finish, train


def _cross_entropy(tf: ModuleType, logits: Any, *, real: bool) -> Any:
    labels = tf.ones_like(logits) if real else tf.zeros_like(logits)
    return tf.reduce_mean(
        tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels)
    )


def _weights(tf: ModuleType, name: str, shape: list[int]) -> Any:
    return tf.get_variable(
        name, shape, initializer=tf.truncated_normal_initializer(stddev=0.2)
    )


def dcgan(tf: ModuleType) -> None:
    """A generator of transposed convolutions against a discriminator."""
    tf.set_random_seed(31)
    z = feed(tf, "z", "uniform", [4, 5], batched=False)
    images = feed(tf, "images", "uniform", [4, 8, 8, 1], batched=False)

    def generator(training: bool, reuse: bool) -> Any:
        with tf.variable_scope("generator", reuse=reuse):
            h = tf.matmul(z, _weights(tf, "project", [5, 4 * 4 * 6]))
            h = tf.reshape(h, [-1, 4, 4, 6])
            h = tf.layers.batch_normalization(
                h, momentum=0.9, epsilon=1e-5, training=training, name="bn"
            )
            h = tf.nn.conv2d_transpose(
                tf.nn.relu(h),
                _weights(tf, "w", [5, 5, 1, 6]),
                [4, 8, 8, 1],
                [1, 2, 2, 1],
            )
            return tf.nn.tanh(
                tf.nn.bias_add(
                    h, tf.get_variable("b", [1], initializer=tf.zeros_initializer())
                )
            )

    def discriminator(x: Any, reuse: bool) -> Any:
        with tf.variable_scope("discriminator", reuse=reuse):
            h = tf.nn.conv2d(x, _weights(tf, "w", [5, 5, 1, 4]), [1, 2, 2, 1], "SAME")
            h = tf.nn.leaky_relu(h)
            return tf.matmul(tf.reshape(h, [4, -1]), _weights(tf, "out", [64, 1]))

    fake = generator(training=True, reuse=False)
    on_real = discriminator(images, reuse=False)
    on_fake = discriminator(fake, reuse=True)
    d_loss = _cross_entropy(tf, on_real, real=True)
    d_loss += _cross_entropy(tf, on_fake, real=False)
    g_loss = _cross_entropy(tf, on_fake, real=True)
    trained = tf.trainable_variables()
    d_step = train(
        tf,
        tf.train.AdamOptimizer(2e-3, beta1=0.5),
        d_loss,
        var_list=[v for v in trained if "discriminator" in v.name],
    )
    g_step = train(
        tf,
        tf.train.AdamOptimizer(2e-3, beta1=0.5, name="generator_adam"),
        g_loss,
        var_list=[v for v in trained if "generator" in v.name],
    )
    sample = generator(training=False, reuse=True)
    finish(tf, [sample, tf.nn.sigmoid(on_real)], [d_loss, g_loss], d_step, g_step)


def pix2pix(tf: ModuleType) -> None:
    """An encoder and decoder with one skip, a patch discriminator, moving averages."""
    tf.set_random_seed(32)
    epsilon = 1e-12
    source = feed(tf, "source", "uniform", [2, 8, 8, 3])
    target = feed(tf, "target", "uniform", [2, 8, 8, 3])
    initial = tf.random_normal_initializer(0, 0.1)

    def conv(x: Any, width: int, stride: int, name: str) -> Any:
        padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="CONSTANT")
        return tf.layers.conv2d(
            padded, width, 4, stride, "valid", kernel_initializer=initial, name=name
        )

    with tf.variable_scope("generator"):
        first = conv(source, 4, 2, "encoder_1")
        second = conv(tf.nn.leaky_relu(first, 0.2), 6, 2, "encoder_2")
        mean, variance = tf.nn.moments(second, [0, 1, 2])
        second = tf.nn.batch_normalization(
            second, mean, variance, None, None, variance_epsilon=1e-5
        )
        up = tf.layers.conv2d_transpose(
            tf.nn.relu(second), 4, 4, 2, "same", kernel_initializer=initial
        )
        up = tf.concat([tf.nn.dropout(up, rate=0.5, seed=3), first], axis=3)
        made = tf.layers.conv2d_transpose(
            tf.nn.relu(up), 3, 4, 2, "same", kernel_initializer=initial
        )
        made = tf.tanh(made)

    def discriminator(given: Any, answer: Any) -> Any:
        h = conv(tf.concat([given, answer], 3), 4, 2, "layer_1")
        return tf.sigmoid(conv(tf.nn.leaky_relu(h, 0.2), 1, 1, "layer_2"))

    with tf.variable_scope("discriminator"):
        on_real = discriminator(source, target)
    with tf.variable_scope("discriminator", reuse=True):
        on_fake = discriminator(source, made)
    d_loss = tf.reduce_mean(
        -(tf.log(on_real + epsilon) + tf.log(1 - on_fake + epsilon))
    )
    g_loss = tf.reduce_mean(-tf.log(on_fake + epsilon))
    g_loss += 10.0 * tf.reduce_mean(tf.abs(target - made))
    with tf.name_scope("discriminator_train"):
        optimizer = tf.train.AdamOptimizer(2e-3, 0.5)
        of_d = [v for v in tf.trainable_variables() if v.name.startswith("disc")]
        gradients = optimizer.compute_gradients(d_loss, var_list=of_d)
        with tf.control_dependencies([d_loss, g_loss]):
            d_train = optimizer.apply_gradients(gradients)
    with tf.name_scope("generator_train"), tf.control_dependencies([d_train]):
        optimizer = tf.train.AdamOptimizer(2e-3, 0.5)
        of_g = [v for v in tf.trainable_variables() if v.name.startswith("gen")]
        gradients = optimizer.compute_gradients(g_loss, var_list=of_g)
        g_train = optimizer.apply_gradients(gradients)
    average = tf.train.ExponentialMovingAverage(decay=0.99)
    kept = average.apply([d_loss, g_loss])
    count = tf.assign_add(tf.train.get_or_create_global_step(), 1)
    finish(
        tf,
        [made, on_fake, tf.image.convert_image_dtype((made + 1) / 2, tf.uint8, True)],
        [d_loss, g_loss],
        tf.group(kept, count, g_train),
    )


def vae(tf: ModuleType) -> None:
    """A Bernoulli decoder over a Gaussian code, drawn by reparameterisation."""
    tf.set_random_seed(33)
    x = feed(tf, "x", "uniform", [6, 12])
    h = tf.layers.dense(x, 8, tf.nn.softplus, name="encoder")
    mean = tf.layers.dense(h, 2, name="mean")
    log_variance = tf.layers.dense(h, 2, name="log_variance")
    noise = tf.random_normal(tf.shape(mean), 0, 1, dtype=tf.float32, seed=9)
    z = mean + tf.sqrt(tf.exp(log_variance)) * noise
    h = tf.layers.dense(z, 8, tf.nn.softplus, name="decoder")
    logits = tf.layers.dense(h, 12, name="logits")
    made = tf.nn.sigmoid(logits)
    reconstruction = -tf.reduce_sum(
        x * tf.log(1e-10 + made) + (1 - x) * tf.log(1e-10 + 1 - made), 1
    )
    latent = -0.5 * tf.reduce_sum(
        1 + log_variance - tf.square(mean) - tf.exp(log_variance), 1
    )
    loss = tf.reduce_mean(reconstruction + latent)
    step = train(tf, tf.train.AdamOptimizer(0.01), loss)
    finish(tf, [made, mean], [loss, tf.reduce_mean(latent)], step)


def wavenet(tf: ModuleType) -> None:
    """Gated, dilated, causal convolutions over quantised sound."""
    tf.set_random_seed(34)
    channels, quantities = 4, 16
    sound = feed(tf, "sound", "uniform", [2, 40], batched=False) * 2.0 - 1.0
    with tf.name_scope("encode"):
        mu = float(quantities - 1)
        magnitude = tf.log1p(mu * tf.minimum(tf.abs(sound), 1.0)) / tf.log1p(mu)
        encoded = tf.to_int32((tf.sign(sound) * magnitude + 1) / 2 * mu + 0.5)
    one_hot = tf.one_hot(encoded, depth=quantities, dtype=tf.float32)

    def causal(x: Any, w: Any, dilation: int) -> Any:
        """Convolve in time alone, by a reshape that makes dilation a plain stride."""
        with tf.name_scope("causal_conv"):
            if dilation == 1:
                return tf.nn.conv1d(x, w, stride=1, padding="VALID")
            shape = tf.shape(x)
            pad = dilation - 1 - (shape[1] + dilation - 1) % dilation
            padded = tf.pad(x, [[0, 0], [0, pad], [0, 0]])
            y = tf.reshape(padded, [-1, dilation, shape[2]])
            y = tf.transpose(y, perm=[1, 0, 2])
            y = tf.reshape(y, [shape[0] * dilation, -1, shape[2]])
            y = tf.nn.conv1d(y, w, stride=1, padding="VALID")
            n = tf.shape(y)
            y = tf.transpose(tf.reshape(y, [dilation, -1, n[2]]), perm=[1, 0, 2])
            y = tf.reshape(y, [shape[0], -1, n[2]])
            return tf.slice(y, [0, 0, 0], [-1, shape[1] - dilation, -1])

    h = causal(one_hot[:, :-1], _weights(tf, "first", [2, quantities, channels]), 1)
    skipped = []
    for dilation in (1, 2, 4):
        with tf.variable_scope(f"layer_{dilation}"):
            filtered = causal(
                h, _weights(tf, "filter", [2, channels, channels]), dilation
            )
            gate = causal(h, _weights(tf, "gate", [2, channels, channels]), dilation)
            out = tf.tanh(filtered) * tf.sigmoid(gate)
            dense = _weights(tf, "dense", [1, channels, channels])
            new = tf.nn.conv1d(out, dense, stride=1, padding="SAME")
            kept = tf.slice(out, [0, tf.shape(out)[1] - 31, 0], [-1, -1, -1])
            skip = _weights(tf, "skip", [1, channels, 6])
            skipped.append(tf.nn.conv1d(kept, skip, stride=1, padding="SAME"))
            cut = tf.shape(h)[1] - tf.shape(new)[1]
            h = tf.slice(h, [0, cut, 0], [-1, -1, -1]) + new
    total = tf.nn.relu(sum(skipped))
    raw = tf.nn.conv1d(total, _weights(tf, "post", [1, 6, quantities]), 1, "SAME")
    prediction = tf.reshape(raw, [-1, quantities])
    targets = tf.reshape(one_hot[:, -31:], [-1, quantities])
    loss = tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits(logits=prediction, labels=targets)
    )
    loss += 0.001 * tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables()])
    step = train(tf, tf.train.AdamOptimizer(0.01, epsilon=1e-4), loss)
    odds = tf.cast(tf.nn.softmax(tf.cast(prediction, tf.float64)), tf.float32)
    finish(tf, [odds], [loss], step)


PROGRAMS = (dcgan, pix2pix, vae, wavenet)
