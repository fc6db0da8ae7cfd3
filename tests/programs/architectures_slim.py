"""Classifiers as the library slim of TensorFlow 1.x built them, narrow and cut short.

They need `tf.contrib`, so TensorFlow 1.15, and a Python that this release runs on.
"""

from __future__ import annotations

import contextlib
import importlib
from types import ModuleType
from typing import Any, Callable, Iterator  # noqa: UP035, as Python 3.7 has them

from tests.programs.architecture_parts import feed, finish


@contextlib.contextmanager
def _narrow(slim: ModuleType, layers: ModuleType, share: int) -> Iterator[None]:
    """Make every convolution so many times narrower than the network asks for."""
    original = layers.conv2d

    def conv2d(inputs: Any, num_outputs: int, *args: Any, **options: Any) -> Any:
        return original(inputs, max(num_outputs // share, 2), *args, **options)

    # Scopes of arguments know a function by this.
    conv2d._key_op = original._key_op  # type: ignore[attr-defined]
    owners = [owner for owner in (slim, layers) if hasattr(owner, "conv2d")]
    for owner in owners:
        owner.conv2d = conv2d
    try:
        yield
    finally:
        for owner in owners:
            owner.conv2d = original


def _nets(name: str) -> Any:
    return importlib.import_module(f"tensorflow.contrib.slim.python.slim.nets.{name}")


def _finish(tf: ModuleType, net: Callable[[Any, bool], Any], size: int) -> None:
    """Build a network for training and again for inference, and its training step."""
    slim = tf.contrib.slim
    tf.set_random_seed(20)
    image = feed(tf, "image", "normal", [4, size, size, 3])
    labels = feed(tf, "labels", "int64:4", [4])
    logits = net(image, True)
    hot = slim.one_hot_encoding(labels, 4)
    tf.losses.softmax_cross_entropy(hot, logits, label_smoothing=0.1)
    loss = tf.losses.get_total_loss()
    optimizer = tf.train.RMSPropOptimizer(0.01, decay=0.9, momentum=0.9, epsilon=1.0)
    with tf.control_dependencies([loss]):
        step = slim.learning.create_train_op(loss, optimizer, clip_gradient_norm=4.0)
    tf.get_variable_scope().reuse_variables()
    finish(tf, [slim.softmax(net(image, False))], [loss], step)


def _classified(tf: ModuleType, h: Any, training: bool) -> Any:
    slim = tf.contrib.slim
    h = tf.reduce_mean(h, [1, 2], keep_dims=True, name="global_pool")
    h = slim.dropout(h, 0.8, is_training=training, scope="Dropout_1b")
    h = slim.conv2d(
        h, 4, [1, 1], activation_fn=None, normalizer_fn=None, scope="Logits"
    )
    return tf.squeeze(h, [1, 2], name="SpatialSqueeze")


def _arguments(tf: ModuleType, training: bool) -> Any:
    """Return the scope of arguments that Inception networks share."""
    slim = tf.contrib.slim
    normalisation = {
        "is_training": training,
        "decay": 0.9,
        "epsilon": 0.001,
        "updates_collections": tf.GraphKeys.UPDATE_OPS,
    }
    return slim.arg_scope(
        [slim.conv2d],
        weights_regularizer=slim.l2_regularizer(0.00004),
        weights_initializer=slim.variance_scaling_initializer(seed=3),
        normalizer_fn=slim.batch_norm,
        normalizer_params=normalisation,
    )


def _inception(tf: ModuleType, version: str, last: str, share: int, size: int) -> None:
    module = _nets(f"inception_{version}")
    layers = module.layers

    def net(image: Any, training: bool) -> Any:
        with _arguments(tf, training), _narrow(tf.contrib.slim, layers, share):
            base = getattr(module, f"inception_{version}_base")
            h, _ = base(image, final_endpoint=last, scope=f"Inception{version.upper()}")
        with _arguments(tf, training):
            return _classified(tf, h, training)

    _finish(tf, net, size)


def inception_v1(tf: ModuleType) -> None:
    """The stem and the first mixed block of GoogLeNet."""
    _inception(tf, "v1", "Mixed_3b", 16, 32)


def inception_v2(tf: ModuleType) -> None:
    """A stem with a separable convolution, and a mixed block."""
    _inception(tf, "v2", "Mixed_3b", 16, 32)


def inception_v3(tf: ModuleType) -> None:
    """The stem and a block whose five by five is one of its branches."""
    _inception(tf, "v3", "Mixed_5b", 16, 79)


def inception_v4(tf: ModuleType) -> None:
    """The branching stem, factorised convolutions, a reduction."""
    slim = tf.contrib.slim

    def net(image: Any, training: bool) -> Any:
        same = {"stride": 1, "padding": "SAME"}
        with contextlib.ExitStack() as stack:
            stack.enter_context(_arguments(tf, training))
            pools = [slim.conv2d, slim.max_pool2d, slim.avg_pool2d]
            stack.enter_context(slim.arg_scope(pools, **same))
            stack.enter_context(tf.variable_scope("InceptionV4"))
            h = slim.conv2d(image, 4, 3, stride=2, padding="VALID", scope="Conv2d_1a")
            with tf.variable_scope("Mixed_3a"):
                pooled = slim.max_pool2d(h, 3, stride=2, padding="VALID")
                other = slim.conv2d(
                    h, 4, 3, stride=2, padding="VALID", scope="Conv2d_0a"
                )
                h = tf.concat(axis=3, values=[pooled, other])
            with tf.variable_scope("Mixed_6b"):
                first = slim.conv2d(h, 4, 1, scope="Conv2d_0a_1x1")
                second = slim.conv2d(h, 4, 1, scope="Branch_1_0a_1x1")
                second = slim.conv2d(second, 4, [1, 7], scope="Conv2d_0b_1x7")
                second = slim.conv2d(second, 4, [7, 1], scope="Conv2d_0c_7x1")
                third = slim.avg_pool2d(h, 3, scope="AvgPool_0a_3x3")
                third = slim.conv2d(third, 4, 1, scope="Conv2d_0b_1x1")
                h = tf.concat(axis=3, values=[first, second, third])
            return _classified(tf, h, training)

    _finish(tf, net, 32)


def _resnet(tf: ModuleType, version: str) -> None:
    slim = tf.contrib.slim
    module = _nets(f"resnet_{version}")
    utils = _nets("resnet_utils")
    units = [
        {"depth": 16, "depth_bottleneck": 4, "stride": 2},
        {"depth": 16, "depth_bottleneck": 4, "stride": 1},
    ]

    def net(image: Any, training: bool) -> Any:
        blocks = [utils.Block("block1", module.bottleneck, units)]
        with slim.arg_scope(utils.resnet_arg_scope(batch_norm_decay=0.9)):
            logits, _ = getattr(module, f"resnet_{version}")(
                image,
                blocks,
                4,
                is_training=training,
                include_root_block=False,
                scope=f"resnet_{version}",
            )
        return tf.squeeze(logits, [1, 2])

    _finish(tf, net, 8)


def resnet_v1(tf: ModuleType) -> None:
    """Bottlenecks that normalise after the convolution."""
    _resnet(tf, "v1")


def resnet_v2(tf: ModuleType) -> None:
    """Bottlenecks that normalise before it."""
    _resnet(tf, "v2")


def vgg(tf: ModuleType) -> None:
    """Convolutions of three by three, and dense layers written as convolutions."""
    slim = tf.contrib.slim

    def net(image: Any, training: bool) -> Any:
        arguments = slim.arg_scope(
            [slim.conv2d, slim.fully_connected],
            activation_fn=tf.nn.relu,
            weights_regularizer=slim.l2_regularizer(0.0005),
            biases_initializer=tf.zeros_initializer(),
        )
        with contextlib.ExitStack() as stack:
            stack.enter_context(arguments)
            stack.enter_context(tf.variable_scope("vgg_a"))
            h = slim.repeat(image, 1, slim.conv2d, 4, [3, 3], scope="conv1")
            h = slim.max_pool2d(h, [2, 2], scope="pool1")
            h = slim.repeat(h, 2, slim.conv2d, 8, [3, 3], scope="conv2")
            h = slim.max_pool2d(h, [2, 2], scope="pool2")
            h = slim.conv2d(h, 12, [4, 4], padding="VALID", scope="fc6")
            h = slim.dropout(h, 0.5, is_training=training, scope="dropout6", seed=4)
            h = slim.conv2d(
                h, 4, [1, 1], activation_fn=None, normalizer_fn=None, scope="fc8"
            )
            return tf.squeeze(h, [1, 2], name="fc8/squeezed")

    _finish(tf, net, 16)


PROGRAMS = (
    inception_v1,
    inception_v2,
    inception_v3,
    inception_v4,
    resnet_v1,
    resnet_v2,
    vgg,
)
