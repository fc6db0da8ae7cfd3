"""`tensorflow.python.ops.stateless_random_ops`: random numbers of given seeds."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1.random",
        "fold_in split stateless_categorical stateless_multinomial "
        "stateless_parameterized_truncated_normal stateless_truncated_normal",
    ),
    **from_module(
        "metagraft.compat.v1.random_experimental",
        "index_shuffle stateless_shuffle",
    ),
    "stateless_random_binomial": "metagraft.compat.v1.random:stateless_binomial",
    "stateless_random_gamma": "metagraft.compat.v1.random:stateless_gamma",
    "stateless_random_normal": "metagraft.compat.v1.random:stateless_normal",
    "stateless_random_poisson": "metagraft.compat.v1.random:stateless_poisson",
    "stateless_random_uniform": "metagraft.compat.v1.random:stateless_uniform",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
