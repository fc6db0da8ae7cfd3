"""`tf.distributions`: probability distributions."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_FOLDER = "metagraft.api.distributions"

_NAMES = {
    **from_module(
        f"{_FOLDER}.distribution",
        "Distribution FULLY_REPARAMETERIZED NOT_REPARAMETERIZED ReparameterizationType",
    ),
    **from_module(f"{_FOLDER}.divergence", "RegisterKL kl_divergence"),
    "Bernoulli": f"{_FOLDER}.bernoulli:Bernoulli",
    "Beta": f"{_FOLDER}.beta:Beta",
    "Categorical": f"{_FOLDER}.categorical:Categorical",
    "Dirichlet": f"{_FOLDER}.dirichlet:Dirichlet",
    "DirichletMultinomial": f"{_FOLDER}.dirichlet_multinomial:DirichletMultinomial",
    "Exponential": f"{_FOLDER}.exponential:Exponential",
    "Gamma": f"{_FOLDER}.gamma:Gamma",
    "Laplace": f"{_FOLDER}.laplace:Laplace",
    "Multinomial": f"{_FOLDER}.multinomial:Multinomial",
    "Normal": f"{_FOLDER}.normal:Normal",
    "StudentT": f"{_FOLDER}.student_t:StudentT",
    "Uniform": f"{_FOLDER}.uniform:Uniform",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
