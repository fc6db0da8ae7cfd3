"""`tensorflow.python.layers.pooling`: pooling."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.layers",
        "AveragePooling1D AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D "
        "MaxPooling3D average_pooling1d average_pooling2d average_pooling3d "
        "max_pooling1d max_pooling2d max_pooling3d",
    ),
    "AvgPool2D": "metagraft.compat.v1.layers:AveragePooling2D",
    "MaxPool2D": "metagraft.compat.v1.layers:MaxPooling2D",
    "avg_pool2d": "metagraft.compat.v1.layers:average_pooling2d",
    "max_pool2d": "metagraft.compat.v1.layers:max_pooling2d",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
