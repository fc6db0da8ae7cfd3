"""`tf.layers`: functions and objects that make the variables they need."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_API = "metagraft.api"
_NAMES = {
    "InputSpec": f"{_API}.layer_input:InputSpec",
    "Layer": f"{_API}.layer:Layer",
    **from_module(f"{_API}.layers_core", "Dense Dropout Flatten dense dropout flatten"),
    **from_module(
        f"{_API}.layers_convolution", "Conv1D Conv2D Conv3D conv1d conv2d conv3d"
    ),
    **from_module(
        f"{_API}.layers_convolution_transpose",
        "Conv2DTranspose Conv3DTranspose conv2d_transpose conv3d_transpose",
    ),
    **from_module(
        f"{_API}.layers_separable",
        "SeparableConv1D SeparableConv2D separable_conv1d separable_conv2d",
    ),
    **from_module(
        f"{_API}.layers_pooling",
        "AveragePooling1D AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D "
        "MaxPooling3D average_pooling1d average_pooling2d average_pooling3d "
        "max_pooling1d max_pooling2d max_pooling3d",
    ),
    **from_module(
        f"{_API}.layers_normalization", "BatchNormalization batch_normalization"
    ),
    "experimental": "metagraft.compat.v1.layers_experimental",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
