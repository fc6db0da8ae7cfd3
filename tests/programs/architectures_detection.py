"""Small networks that find objects and read lines, with what follows the network."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.programs.architecture_parts import feed, finish, train

_ANCHORS = ((1.0, 1.5), (2.0, 1.0))


def _leaky(
    tf: ModuleType, x: Any, width: int, size: int, stride: int, training: Any
) -> Any:
    x = tf.layers.conv2d(x, width, size, stride, "same", use_bias=False)
    x = tf.layers.batch_normalization(x, momentum=0.9, training=training, fused=True)
    return tf.nn.leaky_relu(x, 0.1)


def yolo(tf: ModuleType) -> None:
    """Two scales joined by a resize, decoded boxes, suppression class by class."""
    tf.set_random_seed(41)
    training = feed(tf, "is_training", "training", [])
    image = feed(tf, "image", "uniform", [2, 16, 16, 3], batched=False)
    truth = feed(tf, "truth", "uniform", [2, 4, 4, 2, 7], batched=False)
    fine = _leaky(tf, image, 4, 3, 4, training)
    coarse = _leaky(tf, fine, 6, 3, 2, training)
    size = tf.shape(fine)[1:3]
    up = tf.image.resize_nearest_neighbor(coarse, (size[0], size[1]), name="upsampled")
    raw = tf.layers.conv2d(tf.concat([up, fine], -1), 2 * 7, 1, name="detections")
    raw = tf.reshape(raw, [-1, 4, 4, 2, 7])
    columns = tf.tile(tf.range(4)[tf.newaxis, :], [4, 1])
    rows = tf.tile(tf.range(4)[:, tf.newaxis], [1, 4])
    grid = tf.to_float(tf.stack([columns, rows], axis=-1)[tf.newaxis, :, :, tf.newaxis])
    centers = (tf.sigmoid(raw[..., 0:2]) + grid) / 4.0
    sizes = (
        tf.exp(tf.clip_by_value(raw[..., 2:4], -9.0, 9.0)) * tf.constant(_ANCHORS) / 4
    )
    trust, classes = tf.sigmoid(raw[..., 4:5]), tf.sigmoid(raw[..., 5:])
    boxes = tf.concat([centers - sizes / 2, centers + sizes / 2], -1)
    corners = tf.reshape(boxes[0], [-1, 4])
    corners = tf.gather(corners, [1, 0, 3, 2], axis=1)
    scores = tf.reshape(trust[0] * classes[0], [-1, 2])
    found, labels = [], []
    for i in range(2):
        mask = scores[:, i] >= 0.2
        kept_boxes = tf.boolean_mask(corners, mask)
        kept_scores = tf.boolean_mask(scores[:, i], mask)
        chosen = tf.image.non_max_suppression(kept_boxes, kept_scores, 5, 0.4)
        found.append(tf.gather(kept_boxes, chosen))
        labels.append(tf.ones_like(tf.gather(kept_scores, chosen), "int32") * i)
    object_mask = tf.to_float(truth[..., 4:5] > 0.5)
    per_box = object_mask * tf.square(centers - truth[..., 0:2])
    per_box += object_mask * tf.square(tf.log(sizes) - tf.log(truth[..., 2:4] + 0.1))
    certain = tf.nn.sigmoid_cross_entropy_with_logits(
        labels=object_mask, logits=raw[..., 4:5]
    )
    kinds = object_mask * tf.nn.sigmoid_cross_entropy_with_logits(
        labels=truth[..., 5:7], logits=raw[..., 5:]
    )
    loss = sum(tf.reduce_sum(part) / 2.0 for part in (per_box, certain, kinds))
    step = train(tf, tf.train.AdamOptimizer(0.01), loss)
    finish(tf, [boxes, trust, tf.concat(found, 0), tf.concat(labels, 0)], [loss], step)


def ssd(tf: ModuleType) -> None:
    """Two maps of anchors, matches by overlap, hard negatives, combined suppression."""
    tf.set_random_seed(42)
    image = feed(tf, "image", "normal", [2, 16, 16, 3], batched=False)
    truth = feed(tf, "truth", "uniform", [2, 3, 4], batched=False)
    kinds = feed(tf, "kinds", "int64:3", [2, 3], batched=False)
    maps = [tf.layers.conv2d(image, 6, 3, 4, "same", activation=tf.nn.relu)]
    maps.append(tf.layers.conv2d(maps[0], 6, 3, 2, "same", activation=tf.nn.relu))
    offsets, logits, anchors = [], [], []
    for i, x in enumerate(maps):
        n = (4, 2)[i]
        place = tf.layers.conv2d(x, 4, 3, padding="same", name=f"box_{i}")
        kind = tf.layers.conv2d(x, 4, 3, padding="same", name=f"class_{i}")
        offsets.append(tf.reshape(place, [2, -1, 4]))
        logits.append(tf.reshape(kind, [2, -1, 4]))
        grid = tf.meshgrid(tf.range(n), tf.range(n), indexing="ij")
        middle = (tf.to_float(tf.stack(grid, -1)) + 0.5) / float(n)
        anchors.append(
            tf.reshape(tf.concat([middle, tf.fill([n, n, 2], 1.2 / n)], -1), [-1, 4])
        )
    offset, logit = tf.concat(offsets, 1), tf.concat(logits, 1)
    anchor = tf.concat(anchors, 0)
    corners = tf.concat(
        [anchor[:, :2] - anchor[:, 2:] / 2, anchor[:, :2] + anchor[:, 2:] / 2], 1
    )
    low, high = truth[..., :2] * 0.5, truth[..., :2] * 0.5 + truth[..., 2:] * 0.5 + 0.05
    given = tf.concat([low, high], -1)

    def overlap(boxes: Any) -> Any:
        """Return the intersections over unions of `[3, 4]` with the anchors."""
        inner = tf.minimum(boxes[:, None, 2:], corners[None, :, 2:])
        inner -= tf.maximum(boxes[:, None, :2], corners[None, :, :2])
        shared = tf.reduce_prod(tf.maximum(inner, 0.0), -1)
        areas = tf.reduce_prod(boxes[:, 2:] - boxes[:, :2], -1)[:, None]
        areas += tf.reduce_prod(corners[:, 2:] - corners[:, :2], -1)[None]
        return shared / (areas - shared)

    overlaps = tf.map_fn(overlap, given)
    best = tf.argmax(overlaps, 1)
    matched = tf.reduce_max(overlaps, 1) > 0.3
    rows = tf.tile(tf.range(2, dtype=tf.int64)[:, None], [1, 20])
    label = tf.gather_nd(kinds, tf.stack([rows, best], -1)) + 1
    label = tf.where(matched, label, tf.zeros_like(label))
    box = tf.gather_nd(given, tf.stack([rows, best], -1))
    goal = (box[..., :2] + box[..., 2:]) / 2 - anchor[:, :2]
    goal = tf.concat([goal, tf.log((box[..., 2:] - box[..., :2]) / anchor[:, 2:])], -1)
    per_anchor = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=label, logits=logit
    )
    positive = tf.to_float(matched)
    negative = tf.stop_gradient(
        tf.where(matched, tf.zeros_like(per_anchor), per_anchor)
    )
    hard, _ = tf.nn.top_k(tf.reshape(negative, [-1]), 6)
    chosen = tf.to_float(negative >= hard[-1]) * (1 - positive)
    count = tf.maximum(tf.reduce_sum(positive), 1.0)
    class_loss = tf.reduce_sum(per_anchor * (positive + chosen)) / count
    place_loss = tf.losses.huber_loss(goal, offset, positive[..., None])
    loss = class_loss + place_loss
    step = train(tf, tf.train.MomentumOptimizer(0.01, 0.9), loss)
    decoded = offset[..., :2] * 0.1 + anchor[:, :2]
    half = tf.exp(offset[..., 2:] * 0.2) * anchor[:, 2:] / 2
    decoded = tf.clip_by_value(
        tf.concat([decoded - half, decoded + half], -1), 0.0, 1.0
    )
    scores = tf.nn.softmax(logit)
    result = tf.image.combined_non_max_suppression(
        decoded[:, :, None], scores[..., 1:], 4, 6, 0.5, 0.1
    )
    finish(tf, [decoded, scores, *result], [class_loss, place_loss], step)


def crnn(tf: ModuleType) -> None:
    """Columns of an image through LSTM cells both ways; CTC aligns them with text."""
    tf.set_random_seed(43)
    image = feed(tf, "image", "uniform", [2, 8, 12, 1])
    symbols = feed(tf, "symbols", "int32:5", [2, 3], batched=False)
    h = tf.layers.conv2d(image, 4, 3, padding="same", activation=tf.nn.relu)
    h = tf.layers.max_pooling2d(h, [4, 1], [4, 1])
    h = tf.transpose(h, [0, 2, 1, 3])
    sequence = tf.reshape(h, [2, 12, 8])
    lengths = tf.constant([12, 9])
    cells = [tf.nn.rnn_cell.LSTMCell(5, name=f"lstm_{way}") for way in ("fw", "bw")]
    both, _ = tf.nn.bidirectional_dynamic_rnn(
        *cells, sequence, lengths, dtype=tf.float32
    )
    logits = tf.layers.dense(tf.concat(both, 2), 6)
    by_time = tf.transpose(logits, [1, 0, 2])
    labels = tf.SparseTensor(
        tf.where(tf.ones_like(symbols) > 0), tf.reshape(symbols, [-1]), [2, 3]
    )
    loss = tf.reduce_mean(
        tf.nn.ctc_loss(labels, by_time, lengths, ignore_longer_outputs_than_inputs=True)
    )
    step = train(tf, tf.train.AdadeltaOptimizer(1.0), loss)
    greedy, certainty = tf.nn.ctc_greedy_decoder(by_time, lengths)
    beams, odds = tf.nn.ctc_beam_search_decoder(
        by_time, lengths, beam_width=4, top_paths=1, merge_repeated=False
    )
    finish(
        tf,
        [tf.nn.softmax(logits), greedy[0].values, certainty, beams[0].values, odds],
        [loss],
        step,
    )


PROGRAMS = (yolo, ssd, crnn)
