"""Layers whose `get_config` is compared: a list for each kind."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def layers(tf: ModuleType) -> list[Any]:
    """Layers made with functions, objects and names."""
    module = tf.layers
    return [
        module.Dense(
            1,
            activation=tf.nn.relu,
            kernel_initializer=tf.truncated_normal_initializer(stddev=0.5),
        ),
        module.Conv1D(1, 1),
        module.Conv2D(
            3, 2, strides=2, padding="same", data_format="channels_first", groups=3
        ),
        module.Conv3D(1, (1, 2, 3), activation="tanh"),
        module.Conv2DTranspose(1, 1),
        module.Conv3DTranspose(1, 1, activation="relu"),
        module.SeparableConv1D(1, 1, depthwise_initializer="he_normal"),
        module.SeparableConv2D(1, 1),
        module.AveragePooling1D(2, 2),
        module.MaxPooling2D(2, (1, 2)),
        module.MaxPooling3D(2, 2, name="pool"),
        module.BatchNormalization(),
        module.BatchNormalization(axis=[1], gamma_initializer="uniform"),
        module.Dropout(0.25, seed=3),
        module.Flatten(),
        *(
            module.Dense(2, kernel_initializer=initializer)
            for initializer in (
                "HeUniform",
                "lecun_normal",
                "lecun_uniform",
                "glorot_normal",
                "orthogonal",
                "one",
                "normal",
                "random_uniform",
                "truncated_normal",
                tf.zeros_initializer,
                tf.variance_scaling_initializer(2.0),
                tf.constant_initializer(3.0),
            )
        ),
    ]


def cells(tf: ModuleType) -> list[Any]:
    """Cells of recurrent networks."""
    module = tf.nn.rnn_cell
    return [
        module.BasicRNNCell(2),
        module.GRUCell(3, bias_initializer=tf.ones_initializer()),
        module.BasicLSTMCell(2, forget_bias=0.5),
        module.LSTMCell(
            3, activation=tf.nn.relu, initializer=tf.zeros_initializer(), num_proj=2
        ),
    ]


def wrappers(tf: ModuleType) -> list[Any]:
    """Cells around others, which no config makes again."""
    module = tf.nn.rnn_cell
    return [
        module.DropoutWrapper(module.GRUCell(2), 0.5, seed=3),
        module.ResidualWrapper(module.GRUCell(2)),
        module.DeviceWrapper(module.GRUCell(2), "/cpu:0"),
        module.MultiRNNCell([module.GRUCell(2)]),
    ]


KINDS = (layers, cells, wrappers)
