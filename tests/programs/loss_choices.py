"""Programs about `tf.losses`, argument by argument."""

from __future__ import annotations

from types import ModuleType


def losses_all(tf: ModuleType) -> None:
    """Every loss, and their sums."""
    losses = tf.losses
    p = tf.placeholder(tf.float32, [4, 3])
    y = tf.placeholder(tf.float32, [4, 3])
    s = tf.placeholder(tf.int32, [4])
    losses.mean_squared_error(y, p)
    losses.absolute_difference(y, p, weights=2.0)
    losses.cosine_distance(y, p, axis=1)
    losses.hinge_loss(y, p)
    losses.huber_loss(y, p, delta=0.5)
    losses.log_loss(y, p)
    losses.mean_pairwise_squared_error(y, p)
    losses.sigmoid_cross_entropy(y, p, label_smoothing=0.1)
    losses.softmax_cross_entropy(y, p)
    losses.softmax_cross_entropy(y, p, label_smoothing=0.1, scope="sm")
    losses.sparse_softmax_cross_entropy(s, p)
    losses.mean_squared_error(y, p, weights=tf.ones([4, 1]))
    losses.compute_weighted_loss(p)
    losses.get_total_loss()
    losses.get_regularization_loss()
    tf.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, tf.constant(1.0))
    losses.get_total_loss(name="t2")
    losses.get_regularization_loss()


def losses_red(tf: ModuleType) -> None:
    """Every reduction."""
    losses = tf.losses
    p = tf.placeholder(tf.float32, [None, 3])
    y = tf.placeholder(tf.float32, [None, 3])
    for r in losses.Reduction.all():
        losses.mean_squared_error(y, p, reduction=r)
        losses.mean_squared_error(
            y, p, weights=tf.constant(2.0), reduction=r, loss_collection=None
        )


def losses_dyn(tf: ModuleType) -> None:
    """Weights whose fit is only known in the run."""
    losses = tf.losses
    p = tf.placeholder(tf.float32, [None, 3])
    y = tf.placeholder(tf.float32, [None, 3])
    w = tf.placeholder(tf.float32, [None, 1])
    losses.mean_squared_error(y, p, weights=w)


def losses_dyn2(tf: ModuleType) -> None:
    """Weights and values of unknown rank."""
    losses = tf.losses
    p = tf.placeholder(tf.float32)
    y = tf.placeholder(tf.float32)
    losses.mean_squared_error(y, p, weights=tf.placeholder(tf.float32))


def losses_sparse(tf: ModuleType) -> None:
    """Labels and weights with a dimension too many."""
    losses = tf.losses
    losses.sparse_softmax_cross_entropy(
        tf.placeholder(tf.int64, [None, 1]),
        tf.placeholder(tf.float32, [None, 5]),
        weights=tf.ones([2, 1]),
    )


def losses_sparse1(tf: ModuleType) -> None:
    """Sparse labels."""
    losses = tf.losses
    losses.sparse_softmax_cross_entropy(
        tf.placeholder(tf.int64, [None]), tf.placeholder(tf.float32, [None, 5])
    )


def losses_sparse2(tf: ModuleType) -> None:
    """Sparse labels of unknown rank."""
    tf.losses.sparse_softmax_cross_entropy(
        tf.placeholder(tf.int64), tf.placeholder(tf.float32)
    )


def losses_int(tf: ModuleType) -> None:
    """Labels that are integers."""
    tf.losses.mean_squared_error(tf.constant([1, 2, 3]), tf.constant([1.0, 2, 3.0]))


PROGRAMS = (
    losses_all,
    losses_red,
    losses_dyn,
    losses_dyn2,
    losses_sparse,
    losses_sparse1,
    losses_sparse2,
    losses_int,
)
