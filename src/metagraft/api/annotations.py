"""`tf.types.experimental`: types for annotations.

Source: tensorflow python/types/core.py.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from metagraft.graph.tensor import Tensor

__all__ = ["TensorLike"]

# What can be made a tensor.
TensorLike: TypeAlias = (
    Tensor
    | int
    | float
    | bool
    | str
    | bytes
    | complex
    | tuple  # type: ignore[type-arg] # of anything
    | list  # type: ignore[type-arg] # of anything
    | np.ndarray
    | np.generic
)
