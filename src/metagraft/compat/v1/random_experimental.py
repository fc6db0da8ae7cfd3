"""`tf.random.experimental`: generators, and what makes seeds of seeds."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_STATELESS = "metagraft.api.stateless_random"
_NAMES = {
    "Algorithm": "metagraft.api.random_algorithms:Algorithm",
    **from_module(
        "metagraft.api.random_generator",
        "Generator create_rng_state get_global_generator set_global_generator",
    ),
    "index_shuffle": "metagraft.api.stateless_distributions:index_shuffle",
    "stateless_fold_in": f"{_STATELESS}:fold_in",
    "stateless_shuffle": f"{_STATELESS}:stateless_shuffle",
    "stateless_split": f"{_STATELESS}:split",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
