"""`tensorflow.python.ops.init_ops`: initial values."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "constant_initializer glorot_normal_initializer glorot_uniform_initializer "
        "ones_initializer orthogonal_initializer random_normal_initializer "
        "random_uniform_initializer truncated_normal_initializer "
        "uniform_unit_scaling_initializer variance_scaling_initializer "
        "zeros_initializer",
    ),
    **from_module(
        "metagraft.compat.v1.initializers",
        "he_normal he_uniform lecun_normal lecun_uniform",
    ),
    "Constant": "metagraft.compat.v1:constant_initializer",
    "GlorotNormal": "metagraft.compat.v1:glorot_normal_initializer",
    "GlorotUniform": "metagraft.compat.v1:glorot_uniform_initializer",
    "Identity": "metagraft.compat.v1.initializers:identity",
    "Ones": "metagraft.compat.v1:ones_initializer",
    "Orthogonal": "metagraft.compat.v1:orthogonal_initializer",
    "RandomNormal": "metagraft.compat.v1:random_normal_initializer",
    "RandomUniform": "metagraft.compat.v1:random_uniform_initializer",
    "TruncatedNormal": "metagraft.compat.v1:truncated_normal_initializer",
    "UniformUnitScaling": "metagraft.compat.v1:uniform_unit_scaling_initializer",
    "VarianceScaling": "metagraft.compat.v1:variance_scaling_initializer",
    "Zeros": "metagraft.compat.v1:zeros_initializer",
    "identity_initializer": "metagraft.compat.v1.initializers:identity",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
