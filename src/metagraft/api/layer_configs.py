"""Arguments of layers as plain values: `get_config`, and names of initializers.

Source: tf_keras initializers/__init__.py, initializers/initializers_v1.py,
saving/legacy/serialization.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from metagraft.api import initializers
from metagraft.graph import dtypes

__all__ = ["described", "initializer_of"]


class _FanIn(initializers.VarianceScaling):
    """Random numbers by the number of inputs of a layer."""

    _scale: float
    _kind: str

    def __init__(self, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        """Take a seed and a type."""
        super().__init__(self._scale, "fan_in", self._kind, seed, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal initializer."""
        # TF: its type is not among them.
        return {"seed": self.seed}


class HeNormal(_FanIn):
    """Normal numbers for layers with `relu`."""

    _scale, _kind = 2.0, "truncated_normal"


class HeUniform(_FanIn):
    """Uniform numbers for layers with `relu`."""

    _scale, _kind = 2.0, "uniform"


class LecunNormal(_FanIn):
    """Normal numbers for layers with `selu`."""

    _scale, _kind = 1.0, "truncated_normal"


class LecunUniform(_FanIn):
    """Uniform numbers for layers with `selu`."""

    _scale, _kind = 1.0, "uniform"


_INITIALIZERS: Final[dict[str, Callable[..., Any]]] = {
    "Constant": initializers.Constant,
    "GlorotNormal": initializers.GlorotNormal,
    "GlorotUniform": initializers.GlorotUniform,
    "HeNormal": HeNormal,
    "HeUniform": HeUniform,
    "Identity": initializers.Identity,
    "LecunNormal": LecunNormal,
    "LecunUniform": LecunUniform,
    "Ones": initializers.Ones,
    "Orthogonal": initializers.Orthogonal,
    # TF: Keras's have a smaller range than those of `tf.initializers`.
    "RandomNormal": partial(initializers.RandomNormal, stddev=0.05),
    "RandomUniform": partial(initializers.RandomUniform, minval=-0.05, maxval=0.05),
    "TruncatedNormal": partial(initializers.TruncatedNormal, stddev=0.05),
    "VarianceScaling": initializers.VarianceScaling,
    "Zeros": initializers.Zeros,
}
_ALIASES: Final = {
    "constant": "Constant",
    "glorot_normal": "GlorotNormal",
    "glorot_uniform": "GlorotUniform",
    "he_normal": "HeNormal",
    "he_uniform": "HeUniform",
    "identity": "Identity",
    "lecun_normal": "LecunNormal",
    "lecun_uniform": "LecunUniform",
    "normal": "RandomNormal",
    "one": "Ones",
    "ones": "Ones",
    "orthogonal": "Orthogonal",
    "random_normal": "RandomNormal",
    "random_uniform": "RandomUniform",
    "truncated_normal": "TruncatedNormal",
    "uniform": "RandomUniform",
    "variance_scaling": "VarianceScaling",
    "zero": "Zeros",
    "zeros": "Zeros",
}


def initializer_of(value: Any) -> Any:
    """Return the initializer that an argument of a layer means.

    Args:
        value: An initializer, its class, its name, what `get_config` described, or
            None.

    Raises:
        ValueError: There is no such initializer.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = {"class_name": value, "config": {}}
    if isinstance(value, Mapping):
        name: str = value["class_name"]
        found = _INITIALIZERS.get(_ALIASES.get(name, name))
        if found is None:
            raise ValueError(
                f"Unknown initializer: '{name}'. Known are {sorted(_INITIALIZERS)}; any"
                " function of a shape does."
            )
        return found(**value["config"])
    if callable(value):
        return value() if isinstance(value, type) else value
    raise ValueError(f"Could not interpret initializer identifier: {value}")


def described(value: Any) -> Any:
    """Return an argument of a layer as a plain value.

    Args:
        value: An initializer, a function, or a plain value.
    """
    if isinstance(value, initializers.Initializer):
        config = value.get_config()
        return {"class_name": type(value).__name__, "config": config}
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return value
