"""Small networks of text: convolutions over words, and three kinds of attention."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

from tests.programs.architecture_parts import feed, finish, train


def text_cnn(tf: ModuleType) -> None:
    """Filters of three widths over embedded words, maxima over time, dropout."""
    tf.set_random_seed(51)
    training = feed(tf, "is_training", "training", [])
    words = feed(tf, "words", "int32:20", [4, 9])
    labels = feed(tf, "labels", "int32:2", [4])
    with tf.device("/cpu:0"), tf.name_scope("embedding"):
        w = tf.Variable(tf.random_uniform([20, 6], -1.0, 1.0, seed=1), name="W")
        embedded = tf.expand_dims(tf.nn.embedding_lookup(w, words), -1)
    pooled = []
    for size in (2, 3, 4):
        with tf.name_scope(f"conv-maxpool-{size}"):
            w = tf.Variable(tf.truncated_normal([size, 6, 1, 3], stddev=0.1), name="W")
            b = tf.Variable(tf.constant(0.1, shape=[3]), name="b")
            h = tf.nn.conv2d(embedded, w, strides=[1, 1, 1, 1], padding="VALID")
            h = tf.nn.relu(tf.nn.bias_add(h, b), name="relu")
            ksize = [1, 9 - size + 1, 1, 1]
            pooled.append(
                tf.nn.max_pool(h, ksize=ksize, strides=[1, 1, 1, 1], padding="VALID")
            )
    flat = tf.reshape(tf.concat(pooled, 3), [-1, 9])
    keep_prob = tf.cond(training, lambda: 0.5, lambda: 1.0)
    dropped = tf.nn.dropout(flat, rate=1 - keep_prob, seed=2)
    with tf.name_scope("output"):
        w = tf.get_variable("W", shape=[9, 2])
        b = tf.Variable(tf.constant(0.1, shape=[2]), name="b")
        scores = tf.nn.xw_plus_b(dropped, w, b, name="scores")
        predictions = tf.argmax(scores, 1, name="predictions")
    losses = tf.nn.softmax_cross_entropy_with_logits(
        logits=scores, labels=tf.one_hot(labels, 2)
    )
    loss = tf.reduce_mean(losses) + 0.1 * (tf.nn.l2_loss(w) + tf.nn.l2_loss(b))
    step = tf.Variable(0, name="global_step", trainable=False)
    optimizer = tf.train.AdamOptimizer(1e-2)
    with tf.control_dependencies([loss]):
        gradients = optimizer.compute_gradients(loss)
        train_op = optimizer.apply_gradients(gradients, global_step=step)
    finish(tf, [scores, predictions], [loss], train_op)


def _layer_norm(tf: ModuleType, x: Any, name: str) -> Any:
    with tf.variable_scope(name):
        width = x.shape[-1]
        gamma = tf.get_variable("gamma", [width], initializer=tf.ones_initializer())
        beta = tf.get_variable("beta", [width], initializer=tf.zeros_initializer())
        mean, variance = tf.nn.moments(x, axes=[-1], keep_dims=True)
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-12)


def bert(tf: ModuleType) -> None:
    """A masked model and the next sentence, with weight decay outside of Adam."""
    tf.set_random_seed(52)
    ids = feed(tf, "input_ids", "int32:20", [2, 8], batched=False)
    mask = tf.to_int32(feed(tf, "input_mask", "int32:4", [2, 8], batched=False) > 0)
    kinds = feed(tf, "segment_ids", "int32:2", [2, 8], batched=False)
    places = feed(tf, "masked_lm_positions", "int32:8", [2, 2], batched=False)
    words = feed(tf, "masked_lm_ids", "int32:20", [2, 2], batched=False)
    follows = feed(tf, "next_sentence_labels", "int32:2", [2], batched=False)
    width, heads, initial = 8, 2, tf.truncated_normal_initializer(stddev=0.2)

    def gelu(x: Any) -> Any:
        return x * 0.5 * (1.0 + tf.erf(x / tf.sqrt(2.0)))

    def dense(x: Any, n: int, name: str, activation: Any = None) -> Any:
        return tf.layers.dense(x, n, activation, name=name, kernel_initializer=initial)

    def dropped(x: Any) -> Any:
        return tf.nn.dropout(x, keep_prob=1.0 - 0.1, seed=7)

    with tf.variable_scope("bert/embeddings"):
        table = tf.get_variable("word_embeddings", [20, width], initializer=initial)
        flat = tf.reshape(tf.expand_dims(ids, axis=[-1]), [-1])
        h = tf.reshape(tf.gather(table, flat), [2, 8, width])
        types = tf.get_variable(
            "token_type_embeddings", [2, width], initializer=initial
        )
        one_hot = tf.one_hot(tf.reshape(kinds, [-1]), depth=2)
        h += tf.reshape(tf.matmul(one_hot, types), [2, 8, width])
        enough = tf.assert_less_equal(8, 10)
        with tf.control_dependencies([enough]):
            full = tf.get_variable(
                "position_embeddings", [10, width], initializer=initial
            )
            h += tf.reshape(tf.slice(full, [0, 0], [8, -1]), [1, 8, width])
        h = dropped(_layer_norm(tf, h, "LayerNorm"))
    wide = tf.ones([2, 8, 1]) * tf.cast(tf.reshape(mask, [2, 1, 8]), tf.float32)
    adder = (1.0 - tf.expand_dims(wide, 1)) * -10000.0
    with tf.variable_scope("bert/encoder/layer_0"):
        parts = []
        for name in ("query", "key", "value"):
            x = tf.reshape(dense(h, width, name), [2, 8, heads, width // heads])
            parts.append(tf.transpose(x, [0, 2, 1, 3]))
        scores = tf.matmul(parts[0], parts[1], transpose_b=True)
        scores = tf.multiply(scores, 1.0 / math.sqrt(width / heads)) + adder
        context = tf.matmul(dropped(tf.nn.softmax(scores)), parts[2])
        context = tf.reshape(tf.transpose(context, [0, 2, 1, 3]), [2, 8, width])
        h = _layer_norm(
            tf, dropped(dense(context, width, "output")) + h, "attention_norm"
        )
        inner = dense(h, 16, "intermediate", gelu)
        h = _layer_norm(tf, dropped(dense(inner, width, "down")) + h, "output_norm")
    with tf.variable_scope("bert/pooler"):
        first = tf.squeeze(h[:, 0:1, :], axis=1)
        pooled = dense(first, width, "dense", tf.tanh)
    with tf.variable_scope("cls"):
        offsets = tf.reshape(tf.range(0, 2, dtype=tf.int32) * 8, [-1, 1])
        picked = tf.gather(
            tf.reshape(h, [16, width]), tf.reshape(places + offsets, [-1])
        )
        picked = _layer_norm(tf, dense(picked, width, "transform", gelu), "norm")
        bias = tf.get_variable("bias", [20], initializer=tf.zeros_initializer())
        logits = tf.nn.bias_add(tf.matmul(picked, table, transpose_b=True), bias)
        log_odds = tf.nn.log_softmax(logits, axis=-1)
        hot = tf.one_hot(tf.reshape(words, [-1]), depth=20, dtype=tf.float32)
        lm_loss = -tf.reduce_sum(log_odds * hot) / 4.0
        sentence = tf.nn.log_softmax(dense(pooled, 2, "seq_relationship"), axis=-1)
        hot = tf.one_hot(follows, depth=2, dtype=tf.float32)
        next_loss = tf.reduce_mean(-tf.reduce_sum(hot * sentence, axis=-1))
    loss = lm_loss + next_loss
    step = _adam_with_decay(tf, loss)
    finish(tf, [h, pooled, tf.argmax(log_odds, -1)], [lm_loss, next_loss], step)


def _adam_with_decay(tf: ModuleType, loss: Any) -> Any:
    """Return a step of Adam, warmed up, clipped, its decay applied to the weights."""
    step = tf.train.get_or_create_global_step()
    rate = tf.train.polynomial_decay(tf.constant(1e-2), step, 10, end_learning_rate=0.0)
    done = tf.cast(step, tf.float32) / tf.constant(2.0)
    early = tf.cast(tf.to_int32(step) < 2, tf.float32)
    rate = (1.0 - early) * rate + early * 1e-2 * done
    variables = tf.trainable_variables()
    with tf.control_dependencies([loss]):
        gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 1.0)
    assignments = []
    for gradient, variable in zip(gradients, variables, strict=True):
        name = variable.op.name
        shape, zeros = variable.shape.as_list(), tf.zeros_initializer()
        m = tf.get_variable(f"{name}/adam_m", shape, trainable=False, initializer=zeros)
        v = tf.get_variable(f"{name}/adam_v", shape, trainable=False, initializer=zeros)
        next_m = tf.multiply(0.9, m) + tf.multiply(1.0 - 0.9, gradient)
        next_v = tf.multiply(0.999, v) + tf.multiply(1.0 - 0.999, tf.square(gradient))
        update = next_m / (tf.sqrt(next_v) + 1e-6)
        if "bias" not in name and "norm" not in name.lower():
            update += 0.01 * variable
        new = variable - rate * update
        assignments += [variable.assign(new), m.assign(next_m), v.assign(next_v)]
    with tf.control_dependencies(assignments):
        return tf.group(step.assign_add(1))


def _gpt2_block(tf: ModuleType, x: Any, scope: str, *, past: Any) -> tuple[Any, Any]:
    """One block: masked attention over what came before, then a wide layer."""

    def norm(x: Any, name: str) -> Any:
        with tf.variable_scope(name):
            g = tf.get_variable("g", [8], initializer=tf.constant_initializer(1))
            b = tf.get_variable("b", [8], initializer=tf.constant_initializer(0))
            u = tf.reduce_mean(x, axis=-1, keepdims=True)
            s = tf.reduce_mean(tf.square(x - u), axis=-1, keepdims=True)
            return (x - u) * tf.rsqrt(s + 1e-5) * g + b

    def conv1d(x: Any, name: str, n: int) -> Any:
        with tf.variable_scope(name):
            initial = tf.random_normal_initializer(stddev=0.2)
            w = tf.get_variable("w", [1, x.shape[-1], n], initializer=initial)
            b = tf.get_variable("b", [n], initializer=tf.constant_initializer(0))
            flat = tf.reshape(x, [-1, x.shape[-1]])
            product = tf.matmul(flat, tf.reshape(w, [-1, n])) + b
            return tf.reshape(product, tf.concat([tf.shape(x)[:-1], [n]], 0))

    with tf.variable_scope(scope):
        c = conv1d(norm(x, "ln_1"), "c_attn", 24)
        shape = tf.concat([tf.shape(c)[:-1], [2, 4]], 0)
        q, k, v = (
            tf.transpose(tf.reshape(part, shape), [0, 2, 1, 3])
            for part in tf.split(c, 3, axis=2)
        )
        present = tf.stack([k, v], axis=1)
        if past is not None:
            past_k, past_v = tf.unstack(past, axis=1)
            k, v = tf.concat([past_k, k], axis=-2), tf.concat([past_v, v], axis=-2)
        scores = tf.matmul(q, k, transpose_b=True)
        scores *= tf.rsqrt(tf.cast(v.shape[-1], scores.dtype))
        n_to, n_from = tf.shape(scores)[2], tf.shape(scores)[3]
        rows = tf.range(n_to)[:, None]
        allowed = tf.cast(rows >= tf.range(n_from) - n_from + n_to, scores.dtype)
        allowed = tf.reshape(allowed, [1, 1, n_to, n_from])
        scores = scores * allowed - tf.cast(1e10, scores.dtype) * (1 - allowed)
        scores -= tf.reduce_max(scores, axis=-1, keepdims=True)
        odds = tf.exp(scores)
        odds /= tf.reduce_sum(odds, axis=-1, keepdims=True)
        a = tf.transpose(tf.matmul(odds, v), [0, 2, 1, 3])
        a = tf.reshape(a, tf.concat([tf.shape(a)[:-2], [8]], 0))
        a.set_shape([None, None, 8])
        x += conv1d(a, "c_proj", 8)
        m = conv1d(norm(x, "ln_2"), "c_fc", 16)
        m = 0.5 * m * (1 + tf.tanh(0.79788456 * (m + 0.044715 * tf.pow(m, 3))))
        m.set_shape([None, None, 16])
        return x + conv1d(m, "c_out", 8), present


def gpt2(tf: ModuleType) -> None:
    """A language model, and a loop that writes on with what it remembers."""
    tf.set_random_seed(53)
    tokens = feed(tf, "tokens", "int32:15", [2, 6], batched=False)

    def model(x: Any, past: Any) -> tuple[Any, Any]:
        with tf.variable_scope("model", reuse=tf.AUTO_REUSE):
            wpe = tf.get_variable(
                "wpe", [12, 8], initializer=tf.random_normal_initializer(stddev=0.1)
            )
            wte = tf.get_variable(
                "wte", [15, 8], initializer=tf.random_normal_initializer(stddev=0.5)
            )
            start = 0 if past is None else tf.shape(past)[-2]
            steps = tf.shape(x)[1]
            at = tf.tile(
                tf.expand_dims(start + tf.range(steps), 0), [tf.shape(x)[0], 1]
            )
            h = tf.gather(wte, x) + tf.gather(wpe, at)
            kept = None if past is None else past[:, 0]
            h, present = _gpt2_block(tf, h, "h0", past=kept)
            logits = tf.matmul(tf.reshape(h, [-1, 8]), wte, transpose_b=True)
            present = tf.expand_dims(present, 1)
            return tf.reshape(logits, tf.concat([tf.shape(x), [15]], 0)), present

    logits, present = model(tokens, None)
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tokens[:, 1:], logits=logits[:, :-1]
        )
    )
    step = train(tf, tf.train.AdamOptimizer(0.01), loss)

    def body(past: Any, previous: Any, written: Any) -> list[Any]:
        following, present = model(previous[:, tf.newaxis], past)
        chosen = tf.to_int32(tf.argmax(following[:, -1, :] / 0.7, axis=-1))
        return [
            tf.concat([past, present], axis=-2),
            chosen,
            tf.concat([written, chosen[:, tf.newaxis]], axis=1),
        ]

    _, _, written = tf.while_loop(
        cond=lambda *_: True,
        body=body,
        loop_vars=[present, tokens[:, -1], tokens],
        maximum_iterations=3,
        shape_invariants=[
            tf.TensorShape([2, 1, 2, 2, None, 4]),
            tf.TensorShape([2]),
            tf.TensorShape([2, None]),
        ],
        back_prop=False,
    )
    finish(tf, [logits, present, written], [loss], step)


def transformer(tf: ModuleType) -> None:
    """An encoder and a decoder, sinusoids for places, smoothed labels, warming up."""
    tf.set_random_seed(54)
    source = feed(tf, "source", "int32:10", [2, 5])
    target = feed(tf, "target", "int32:10", [2, 4])
    training = feed(tf, "is_training", "training", [])
    width, heads = 8, 2

    def embedded(ids: Any, name: str) -> Any:
        with tf.variable_scope(name, use_resource=True):
            table = tf.get_variable("table", [10, width])
            table = tf.concat((tf.zeros([1, width]), table[1:, :]), 0)
            x = tf.nn.embedding_lookup(table, ids) * width**0.5
        n = tf.shape(ids)[1]
        rates = 1.0 / tf.pow(10000.0, 2.0 * tf.range(4.0) / width)
        angles = tf.to_float(tf.range(n))[:, None] * rates[None]
        x += tf.concat([tf.sin(angles), tf.cos(angles)], 1)[None]
        return tf.layers.dropout(x, 0.1, seed=4, training=training)

    def attended(q: Any, k: Any, keys: Any, name: str, causal: bool) -> Any:
        with tf.variable_scope(name):
            parts = [
                tf.layers.dense(x, width, use_bias=False, name=part)
                for x, part in ((q, "q"), (k, "k"), (k, "v"))
            ]
            q_, k_, v_ = (tf.concat(tf.split(x, heads, axis=2), axis=0) for x in parts)
            scores = tf.matmul(q_, tf.transpose(k_, [0, 2, 1])) / 2.0
            hidden = tf.tile(tf.to_float(tf.equal(keys, 0)), [heads, 1])[:, None]
            scores += hidden * -1e9
            if causal:
                ones = tf.ones_like(scores[0, :, :])
                below = tf.linalg.band_part(ones, -1, 0)
                below = tf.tile(below[None], [tf.shape(scores)[0], 1, 1])
                scores = tf.where(
                    tf.equal(below, 0), tf.fill(tf.shape(scores), -1e9), scores
                )
            x = tf.matmul(tf.nn.softmax(scores), v_)
            x = tf.concat(tf.split(x, heads, axis=0), axis=2)
            return _layer_norm(tf, x + q, "ln")

    def wide(x: Any, name: str) -> Any:
        with tf.variable_scope(name):
            y = tf.layers.dense(tf.layers.dense(x, 16, tf.nn.relu), width)
            return _layer_norm(tf, x + y, "ln")

    memory = embedded(source, "encoder")
    memory = attended(memory, memory, source, "encoder/self", False)
    memory = wide(memory, "encoder/wide")
    before = tf.concat([tf.ones_like(target[:, :1]), target[:, :-1]], 1)
    h = embedded(before, "decoder")
    h = attended(h, h, before, "decoder/self", True)
    h = wide(attended(h, memory, source, "decoder/cross", False), "decoder/wide")
    logits = tf.einsum("ntd,dk->ntk", h, tf.get_variable("out", [width, 10]))
    hot = tf.one_hot(target, 10)
    smoothed = (1 - 0.1) * hot + 0.1 / 10
    entropy = tf.nn.softmax_cross_entropy_with_logits_v2(logits=logits, labels=smoothed)
    real = tf.to_float(tf.not_equal(target, 0))
    loss = tf.reduce_sum(entropy * real) / (tf.reduce_sum(real) + 1e-7)
    step = tf.train.get_or_create_global_step()
    number = tf.cast(step + 1, dtype=tf.float32)
    rate = 0.05 * 2.0**0.5 * tf.minimum(number * 2.0**-1.5, number**-0.5)
    train_op = train(
        tf, tf.train.AdamOptimizer(rate, 0.9, 0.98, 1e-9), loss, global_step=step
    )
    predicted = tf.to_int32(tf.argmax(logits, axis=-1))
    finish(tf, [tf.nn.softmax(logits), predicted], [loss], train_op)


PROGRAMS = (text_cnn, bert, gpt2, transformer)
