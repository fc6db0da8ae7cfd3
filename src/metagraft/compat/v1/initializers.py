"""`tf.initializers`: initial values of variables."""

from __future__ import annotations

from metagraft.lazy_names import lazy_names

_API = "metagraft.api.initializers"
_CLASSES = {
    "constant": "Constant",
    "glorot_normal": "GlorotNormal",
    "glorot_uniform": "GlorotUniform",
    "identity": "Identity",
    "ones": "Ones",
    "orthogonal": "Orthogonal",
    "random_normal": "RandomNormal",
    "random_uniform": "RandomUniform",
    "truncated_normal": "TruncatedNormal",
    "uniform_unit_scaling": "UniformUnitScaling",
    "variance_scaling": "VarianceScaling",
    "zeros": "Zeros",
}
_NAMES = {
    **{name: f"{_API}:{place}" for name, place in _CLASSES.items()},
    **{
        name: f"{_API}:{name}"
        for name in ("he_normal", "he_uniform", "lecun_normal", "lecun_uniform")
    },
    **{
        name: f"metagraft.compat.v1:{name}_initializer"
        for name in ("global_variables", "local_variables", "variables")
    },
    "tables_initializer": "metagraft.compat.v1:tables_initializer",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
