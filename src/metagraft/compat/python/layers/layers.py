"""`tensorflow.python.layers.layers`: layers."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.layers",
        "AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization Conv1D "
        "Conv2D Conv2DTranspose Conv3D Conv3DTranspose Dense Dropout Flatten "
        "InputSpec Layer MaxPooling1D MaxPooling2D MaxPooling3D SeparableConv1D "
        "SeparableConv2D average_pooling1d average_pooling2d average_pooling3d "
        "batch_normalization conv1d conv2d conv2d_transpose conv3d conv3d_transpose "
        "dense dropout flatten max_pooling1d max_pooling2d max_pooling3d "
        "separable_conv1d separable_conv2d",
    ),
    "Convolution1D": "metagraft.compat.v1.layers:Conv1D",
    "Convolution2D": "metagraft.compat.v1.layers:Conv2D",
    "Convolution2DTranspose": "metagraft.compat.v1.layers:Conv2DTranspose",
    "Convolution3D": "metagraft.compat.v1.layers:Conv3D",
    "Convolution3DTranspose": "metagraft.compat.v1.layers:Conv3DTranspose",
    "SeparableConvolution2D": "metagraft.compat.v1.layers:SeparableConv2D",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
