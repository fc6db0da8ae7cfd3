"""Initial values of variables (`tf.initializers`).

An initializer is an object that adds the nodes of a value when it is called with a
shape. `get_variable` calls it.

Source: tensorflow python/ops/init_ops.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from metagraft.api import random
from metagraft.api.array import eye
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import sign
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "Identity",
    "Initializer",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "UniformUnitScaling",
    "VarianceScaling",
    "Zeros",
    "constant_initializer",
    "glorot_normal_initializer",
    "glorot_uniform_initializer",
    "he_normal",
    "he_uniform",
    "identity_initializer",
    "lecun_normal",
    "lecun_uniform",
    "ones_initializer",
    "orthogonal_initializer",
    "random_normal_initializer",
    "random_uniform_initializer",
    "truncated_normal_initializer",
    "uniform_unit_scaling_initializer",
    "variance_scaling_initializer",
    "zeros_initializer",
]

# The standard deviation of a standard normal distribution cut at 2.
_CUT_DEVIATION = 0.87962566103423978
_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("normal", "uniform", "truncated_normal", "untruncated_normal")


class Initializer:
    """What all initializers have in common; users derive their own from it."""

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None
    ) -> Tensor:
        """Add the nodes of a value.

        Args:
            shape: Shape of the value.
            dtype: Its type; None for the initializer's own.
            partition_info: Which part of a larger variable the value is for.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define __call__.")

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make an initializer from what `get_config` returned."""
        return cls(**config)


def _floating(dtype: Any) -> DType:
    wanted = as_dtype(dtype)
    if not wanted.is_floating:
        raise ValueError(
            f"Argument `dtype` is expected to be floating point. Received: {wanted}."
        )
    return wanted


class Zeros(Initializer):
    """Zeros."""

    def __init__(self, dtype: Any = dtypes.float32) -> None:
        """Remember the type."""
        self.dtype = as_dtype(dtype)

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None
    ) -> Tensor:
        """Add the nodes of a value."""
        return array.zeros(shape, self.dtype if dtype is None else dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return {"dtype": self.dtype.name}


class Ones(Initializer):
    """Ones."""

    def __init__(self, dtype: Any = dtypes.float32) -> None:
        """Remember the type."""
        self.dtype = as_dtype(dtype)

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None
    ) -> Tensor:
        """Add the nodes of a value."""
        return array.ones(shape, self.dtype if dtype is None else dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return {"dtype": self.dtype.name}


class Constant(Initializer):
    """Given values; the last one is repeated to fill the shape."""

    def __init__(
        self, value: Any = 0, dtype: Any = dtypes.float32, verify_shape: bool = False
    ) -> None:
        """Remember the values.

        Args:
            value: A number, or a list or array of them.
            dtype: Type of the variable.
            verify_shape: Whether the values must have the variable's shape.

        Raises:
            TypeError: `value` is none of these.
        """
        if not (np.isscalar(value) or isinstance(value, (list, tuple, np.ndarray))):
            raise TypeError(
                f"Invalid type for initial value={value} of type:"
                f" {type(value).__name__}. Expected Python scalar, list or tuple of"
                " values, or numpy.ndarray."
            )
        self.value = value
        self.dtype = as_dtype(dtype)
        self._verify_shape = verify_shape

    def __call__(
        self,
        shape: Any,
        dtype: Any = None,
        partition_info: Any = None,
        verify_shape: bool | None = None,
    ) -> Tensor:
        """Add the nodes of a value."""
        return array.constant(
            self.value,
            dtype=self.dtype if dtype is None else dtype,
            shape=shape,
            verify_shape=self._verify_shape if verify_shape is None else verify_shape,
            allow_broadcast=False,
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return {"value": self.value, "dtype": self.dtype.name}


class RandomUniform(Initializer):
    """Uniformly distributed numbers."""

    def __init__(
        self,
        minval: Any = 0.0,
        maxval: Any = None,
        seed: int | None = None,
        dtype: Any = dtypes.float32,
    ) -> None:
        """Remember the range and the seed."""
        self.minval = minval
        self.maxval = maxval
        self.seed = seed
        self.dtype = as_dtype(dtype)

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None
    ) -> Tensor:
        """Add the nodes of a value."""
        wanted = self.dtype if dtype is None else dtype
        return random.random_uniform(
            shape, self.minval, self.maxval, wanted, seed=self.seed
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return {
            "minval": self.minval,
            "maxval": self.maxval,
            "seed": self.seed,
            "dtype": self.dtype.name,
        }


class RandomNormal(Initializer):
    """Normally distributed numbers."""

    def __init__(
        self,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        seed: int | None = None,
        dtype: Any = dtypes.float32,
    ) -> None:
        """Remember the distribution and the seed."""
        self.mean = mean
        self.stddev = stddev
        self.seed = seed
        self.dtype = _floating(dtype)

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None
    ) -> Tensor:
        """Add the nodes of a value."""
        wanted = self.dtype if dtype is None else dtype
        return random.random_normal(
            shape, self.mean, self.stddev, wanted, seed=self.seed
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return {
            "mean": self.mean,
            "stddev": self.stddev,
            "seed": self.seed,
            "dtype": self.dtype.name,
        }


class TruncatedNormal(Initializer):
    """Normally distributed numbers, none 2 deviations or more from the mean."""

    def __init__(
        self,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        seed: int | None = None,
        dtype: Any = dtypes.float32,
    ) -> None:
        """Remember the distribution and the seed."""
        self.mean = mean
        self.stddev = stddev
        self.seed = seed
        self.dtype = _floating(dtype)

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None
    ) -> Tensor:
        """Add the nodes of a value."""
        wanted = self.dtype if dtype is None else dtype
        return random.truncated_normal(
            shape, self.mean, self.stddev, wanted, seed=self.seed
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return {
            "mean": self.mean,
            "stddev": self.stddev,
            "seed": self.seed,
            "dtype": self.dtype.name,
        }


class UniformUnitScaling(Initializer):
    """Uniform numbers that keep the variance of what a layer passes on."""

    def __init__(
        self, factor: float = 1.0, seed: int | None = None, dtype: Any = dtypes.float32
    ) -> None:
        """Remember the factor and the seed."""
        self.factor = factor
        self.seed = seed
        self.dtype = _floating(dtype)

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None
    ) -> Tensor:
        """Add the nodes of a value."""
        wanted = self.dtype if dtype is None else dtype
        input_size = 1.0
        for size in _scaled_shape(shape, partition_info)[:-1]:
            input_size *= float(size)
        limit = math.sqrt(3 / max(input_size, 1.0)) * self.factor
        return random.random_uniform(shape, -limit, limit, wanted, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return {"factor": self.factor, "seed": self.seed, "dtype": self.dtype.name}


def _scaled_shape(shape: Any, partition_info: Any) -> Any:
    """The shape of the whole variable, of which `shape` may be a part."""
    return shape if partition_info is None else partition_info.full_shape


class VarianceScaling(Initializer):
    """Random numbers whose variance depends on the shape of the variable."""

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        dtype: Any = dtypes.float32,
    ) -> None:
        """Remember how to scale.

        Args:
            scale: Factor of the variance, above 0.
            mode: What divides it: the inputs (`fan_in`), the outputs (`fan_out`) or
                their average (`fan_avg`).
            distribution: `truncated_normal`, its alias `normal`,
                `untruncated_normal` or `uniform`.
            seed: Seed of the operation.
            dtype: Type of the variable.

        Raises:
            ValueError: An argument has another value.
        """
        if scale <= 0.0:
            raise ValueError(
                f"Argument `scale` must be a positive float. Received: {scale}"
            )
        if mode not in _MODES:
            raise ValueError(
                "Argument `mode` should be one of ('fan_in', 'fan_out', 'fan_avg')."
                f" Received: {mode}"
            )
        distribution = distribution.lower()
        if distribution not in _DISTRIBUTIONS:
            raise ValueError(
                "Argument `distribution` should be one of ('normal', uniform',"
                " 'truncated_normal', 'untruncated_normal'). Received:"
                f" {distribution}"
            )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.seed = seed
        self.dtype = _floating(dtype)

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None
    ) -> Tensor:
        """Add the nodes of a value."""
        wanted = self.dtype if dtype is None else dtype
        fan_in, fan_out = _fans(_scaled_shape(shape, partition_info))
        fan = {
            "fan_in": float(fan_in),
            "fan_out": float(fan_out),
            "fan_avg": (fan_in + fan_out) / 2.0,
        }[self.mode]
        scale = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * scale)
            return random.random_uniform(shape, -limit, limit, wanted, seed=self.seed)
        stddev = math.sqrt(scale)
        if self.distribution == "untruncated_normal":
            return random.random_normal(shape, 0.0, stddev, wanted, seed=self.seed)
        return random.truncated_normal(
            shape, 0.0, stddev / _CUT_DEVIATION, wanted, seed=self.seed
        )

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "seed": self.seed,
            "dtype": self.dtype.name,
        }


def _fans(shape: Any) -> tuple[int, int]:
    """How many inputs and outputs a weight of this shape connects."""
    if len(shape) < 1:
        return 1, 1
    if len(shape) == 1:
        return int(shape[0]), int(shape[0])
    receptive_field = 1
    for size in shape[:-2]:
        receptive_field *= int(size)
    return int(shape[-2]) * receptive_field, int(shape[-1]) * receptive_field


class GlorotUniform(VarianceScaling):
    """Uniform numbers scaled by inputs and outputs; the default of `get_variable`."""

    def __init__(self, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        """Remember the seed; the type is the one of the call, as in TensorFlow."""
        del dtype
        super().__init__(1.0, "fan_avg", "uniform", seed)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return {"seed": self.seed, "dtype": self.dtype.name}


class GlorotNormal(VarianceScaling):
    """Truncated normal numbers scaled by inputs and outputs."""

    def __init__(self, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        """Remember the seed; the type is the one of the call, as in TensorFlow."""
        del dtype
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return {"seed": self.seed, "dtype": self.dtype.name}


class Orthogonal(Initializer):
    """A matrix with orthogonal rows or columns, by decomposing a random one."""

    def __init__(
        self, gain: float = 1.0, seed: int | None = None, dtype: Any = dtypes.float32
    ) -> None:
        """Remember the factor and the seed."""
        self.gain = gain
        self.dtype = _floating(dtype)
        self.seed = seed

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None
    ) -> Tensor:
        """Add the nodes of a value; all but the last dimension make the rows.

        Raises:
            ValueError: The shape has fewer than two dimensions.
        """
        wanted = self.dtype if dtype is None else dtype
        if len(shape) < 2:
            raise ValueError(
                "The tensor to initialize, specified by argument `shape` must be at"
                f" least two-dimensional. Received shape={shape}"
            )
        rows = math.prod(int(size) for size in shape[:-1])
        columns = int(shape[-1])
        is_wide = rows < columns
        flat = (columns, rows) if is_wide else (rows, columns)
        drawn = random.random_normal(flat, dtype=wanted, seed=self.seed)
        q, r = op("Qr", input=drawn, full_matrices=False)
        diagonal = op("DiagPart", input=r)
        q = q * sign(diagonal)
        if is_wide:
            q = array.matrix_transpose(q)
        scaled: Tensor = self.gain * array.reshape(q, shape)
        return scaled

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return {"gain": self.gain, "seed": self.seed, "dtype": self.dtype.name}


class Identity(Initializer):
    """An identity matrix."""

    def __init__(self, gain: float = 1.0, dtype: Any = dtypes.float32) -> None:
        """Remember the factor."""
        self.gain = gain
        self.dtype = _floating(dtype)

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None
    ) -> Tensor:
        """Add the nodes of a value.

        Raises:
            ValueError: The variable is no matrix.
        """
        full_shape = _scaled_shape(shape, partition_info)
        if len(full_shape) != 2:
            raise ValueError(
                "The tensor to initialize, specified by argument `shape` must be at"
                f" least two-dimensional. Received shape={shape}"
            )
        if isinstance(full_shape, TensorShape):
            full_shape = full_shape.as_list()
        rows, columns = full_shape
        matrix = eye(rows, columns, dtype=self.dtype if dtype is None else dtype)
        if partition_info is not None:
            matrix = array.slice_(matrix, partition_info.var_offset, shape)
        scaled: Tensor = self.gain * matrix
        return scaled

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        return {"gain": self.gain, "dtype": self.dtype.name}


def lecun_normal(seed: int | None = None) -> VarianceScaling:
    """Truncated normal numbers scaled by the inputs."""
    return VarianceScaling(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed: int | None = None) -> VarianceScaling:
    """Uniform numbers scaled by the inputs."""
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


def he_normal(seed: int | None = None) -> VarianceScaling:
    """Truncated normal numbers scaled by the inputs, for rectified units."""
    return VarianceScaling(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed: int | None = None) -> VarianceScaling:
    """Uniform numbers scaled by the inputs, for rectified units."""
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


zeros_initializer = Zeros
ones_initializer = Ones
constant_initializer = Constant
random_uniform_initializer = RandomUniform
random_normal_initializer = RandomNormal
truncated_normal_initializer = TruncatedNormal
uniform_unit_scaling_initializer = UniformUnitScaling
variance_scaling_initializer = VarianceScaling
glorot_uniform_initializer = GlorotUniform
glorot_normal_initializer = GlorotNormal
orthogonal_initializer = Orthogonal
identity_initializer = Identity
