"""Shapes of given rank: `tensor_shape.scalar`, `vector`, `matrix`.

Source: tensorflow python/framework/tensor_shape.py of version 1.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.shapes import TensorShape

__all__ = ["as_shape", "matrix", "scalar", "vector"]


def as_shape(shape: Any) -> TensorShape:
    """Return a value as a shape."""
    return shape if isinstance(shape, TensorShape) else TensorShape(shape)


def scalar() -> TensorShape:
    """Return the shape of a scalar, `[]`."""
    return TensorShape([])


def vector(length: Any) -> TensorShape:
    """Return the shape of a vector, `[length]`; None if the length is not known."""
    return TensorShape([length])


def matrix(rows: Any, cols: Any) -> TensorShape:
    """Return the shape of a matrix, `[rows, cols]`."""
    return TensorShape([rows, cols])
