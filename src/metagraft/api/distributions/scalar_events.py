"""Distributions over numbers, most of them with parameters that broadcast.

Source: tensorflow python/ops/distributions/normal.py and its neighbours.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from metagraft.api.array import broadcast_dynamic_shape, broadcast_static_shape
from metagraft.api.distributions.distribution import Distribution
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.shapes import SCALAR, TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["BroadcastParameters", "ScalarEvents", "shapes_of_parameters"]


def shapes_of_parameters(names: tuple[str, ...], sample_shape: Any) -> dict[str, Any]:
    """Parameters that are all of the shape of the samples."""
    shape = convert_to_tensor(sample_shape, dtype=dtypes.int32)
    return dict.fromkeys(names, shape)


class ScalarEvents(Distribution):
    """A distribution whose draws are numbers."""

    def _event_shape_tensor(self) -> Tensor:
        return constant([], dtype=dtypes.int32)

    def _event_shape(self) -> TensorShape:
        return TensorShape(SCALAR)

    def _one(self) -> Tensor:
        return array.ones([], dtype=self.dtype)

    def _undefined(self, value: float, name: str) -> Tensor:
        """`value`, NaN or infinity, for each distribution."""
        filler = np.array(value, dtype=self.dtype.as_numpy_dtype)
        return array.fill(self.batch_shape_tensor(), filler, name=name)


class BroadcastParameters(ScalarEvents):
    """A distribution over numbers whose parameters broadcast to the batch."""

    def _broadcast_parameters(self) -> tuple[Tensor, ...]:
        """Return the parameters, which each distribution of this kind names."""
        raise NotImplementedError(f"{type(self).__name__} names no parameters")

    def _batch_shape_tensor(self) -> Tensor:
        return _joint_shape(self._broadcast_parameters())

    def _batch_shape(self) -> TensorShape:
        shapes = [parameter.shape for parameter in self._broadcast_parameters()]
        return reduce(broadcast_static_shape, shapes)


def _joint_shape(tensors: tuple[Tensor, ...]) -> Tensor:
    first, *others = tensors
    shape = array.shape(first)
    if not others:
        return shape
    return broadcast_dynamic_shape(shape, _joint_shape(tuple(others)))
