"""Programs where how much is known of a shape decides which nodes there are."""

from __future__ import annotations

from types import ModuleType

import numpy as np


def images_in_proportion(tf: ModuleType) -> None:
    """Images that keep their proportions are resized even to their own size."""
    image = tf.placeholder(tf.float32, [2, 4, 6, 3])
    for size in ((4, 6), (8, 6), (4, 9)):
        tf.image.resize_images(image, size, preserve_aspect_ratio=True)
        tf.image.resize_images(image, size)
    tf.image.resize(image[0], (4, 6), preserve_aspect_ratio=True)


def rows_by_gradient_descent(tf: ModuleType) -> None:
    """Rows that were looked up are moved, in a variable of either kind."""
    optimizer = tf.train.GradientDescentOptimizer(0.5)
    for is_resource in (True, False):
        table = tf.get_variable(
            f"table{is_resource:d}",
            initializer=np.ones((4, 2), np.float32),
            use_resource=is_resource,
        )
        rows = tf.gather(table, tf.placeholder(tf.int32, [None]))
        optimizer.minimize(tf.reduce_sum(tf.square(rows)), var_list=[table])


def gradients_of_broadcasts(tf: ModuleType) -> None:
    """The shape is a constant, computed from one, or only known later."""
    x = tf.placeholder(tf.float32, [3, 1])
    late = tf.placeholder(tf.int32, [2])
    whole = tf.placeholder(tf.float32, [3, 4])
    shapes = ([3, 4], tf.constant([1, 2]) + 2, tf.shape(whole), tf.stack([3, 4]), late)
    for shape in shapes:
        tf.gradients(tf.broadcast_to(x, shape), x)


def similar_images(tf: ModuleType) -> None:
    """The windows of a similarity know nothing of the number of channels."""
    for shape in ([2, 12, 13, 3], [None, 12, 13, 3]):
        a, b = tf.placeholder(tf.float32, shape), tf.placeholder(tf.float32, shape)
        tf.gradients(tf.image.ssim(a, b, 1.0), [a, b])


PROGRAMS = (
    images_in_proportion,
    rows_by_gradient_descent,
    gradients_of_broadcasts,
    similar_images,
)
