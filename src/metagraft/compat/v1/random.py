"""`tf.random`: random numbers."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_API = "metagraft.api.random"
_NAMES = {
    "Algorithm": "metagraft.api.random_algorithms:Algorithm",
    "categorical": f"{_API}:categorical",
    "experimental": "metagraft.compat.v1.random_experimental",
    "gamma": f"{_API}:random_gamma",
    "get_seed": "metagraft.graph.random_seed:get_seed",
    "multinomial": f"{_API}:multinomial",
    "normal": f"{_API}:random_normal",
    "poisson": f"{_API}:random_poisson",
    "set_random_seed": "metagraft.graph.random_seed:set_random_seed",
    "shuffle": f"{_API}:random_shuffle",
    **from_module(
        "metagraft.api.random_generator",
        "Generator create_rng_state get_global_generator set_global_generator",
    ),
    **from_module(
        "metagraft.api.stateless_distributions",
        "stateless_binomial stateless_gamma stateless_parameterized_truncated_normal "
        "stateless_poisson",
    ),
    **from_module(
        "metagraft.api.stateless_random",
        "fold_in split stateless_categorical stateless_multinomial stateless_normal "
        "stateless_truncated_normal stateless_uniform",
    ),
    "truncated_normal": f"{_API}:truncated_normal",
    "uniform": f"{_API}:random_uniform",
    **from_module(
        "metagraft.api.nn_sampling",
        "all_candidate_sampler fixed_unigram_candidate_sampler "
        "learned_unigram_candidate_sampler log_uniform_candidate_sampler "
        "uniform_candidate_sampler",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
