"""`tensorflow.python.layers.convolutional`: convolutions."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.layers",
        "Conv1D Conv2D Conv2DTranspose Conv3D Conv3DTranspose SeparableConv1D "
        "SeparableConv2D conv1d conv2d conv2d_transpose conv3d conv3d_transpose "
        "separable_conv1d separable_conv2d",
    ),
    "Convolution1D": "metagraft.compat.v1.layers:Conv1D",
    "Convolution2D": "metagraft.compat.v1.layers:Conv2D",
    "Convolution2DTranspose": "metagraft.compat.v1.layers:Conv2DTranspose",
    "Convolution3D": "metagraft.compat.v1.layers:Conv3D",
    "Convolution3DTranspose": "metagraft.compat.v1.layers:Conv3DTranspose",
    "Deconv2D": "metagraft.compat.v1.layers:Conv2DTranspose",
    "Deconv3D": "metagraft.compat.v1.layers:Conv3DTranspose",
    "Deconvolution2D": "metagraft.compat.v1.layers:Conv2DTranspose",
    "Deconvolution3D": "metagraft.compat.v1.layers:Conv3DTranspose",
    "SeparableConvolution2D": "metagraft.compat.v1.layers:SeparableConv2D",
    "convolution1d": "metagraft.compat.v1.layers:conv1d",
    "convolution2d": "metagraft.compat.v1.layers:conv2d",
    "convolution2d_transpose": "metagraft.compat.v1.layers:conv2d_transpose",
    "convolution3d": "metagraft.compat.v1.layers:conv3d",
    "convolution3d_transpose": "metagraft.compat.v1.layers:conv3d_transpose",
    "deconv2d": "metagraft.compat.v1.layers:conv2d_transpose",
    "deconv3d": "metagraft.compat.v1.layers:conv3d_transpose",
    "deconvolution2d": "metagraft.compat.v1.layers:conv2d_transpose",
    "deconvolution3d": "metagraft.compat.v1.layers:conv3d_transpose",
    "separable_convolution2d": "metagraft.compat.v1.layers:separable_conv2d",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
