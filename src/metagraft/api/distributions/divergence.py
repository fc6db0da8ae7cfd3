"""Kullback-Leibler divergences, found by the classes of two distributions.

Source: tensorflow python/ops/distributions/kullback_leibler.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.api.assertion import assert_
from metagraft.api.math import is_nan, logical_not
from metagraft.graph.build.array import identity
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["RegisterKL", "cross_entropy", "kl_divergence"]

Divergence = Callable[..., Tensor]

_divergences: dict[tuple[type, type], Divergence] = {}


def _registered(a: type, b: type) -> Divergence | None:
    """The divergence registered for the nearest classes that `a` and `b` derive from.

    Classes are nearer the fewer steps they are up both lists of parents together; of
    equally near ones, the one nearer to `a` is taken.
    """
    distances = [
        (above_a + above_b, above_a, found)
        for above_a, parent_a in enumerate(a.__mro__)
        for above_b, parent_b in enumerate(b.__mro__)
        if (found := _divergences.get((parent_a, parent_b))) is not None
    ]
    nearest = min(distances, key=lambda entry: entry[:2], default=None)
    return None if nearest is None else nearest[2]


def kl_divergence(
    distribution_a: Any,
    distribution_b: Any,
    allow_nan_stats: bool = True,
    name: str | None = None,
) -> Tensor:
    """The divergence of `distribution_a` from `distribution_b`, per batch member.

    Args:
        distribution_a: The distribution over which the mean is taken.
        distribution_b: The other one.
        allow_nan_stats: Whether the result may be NaN; else a run fails where it is.
        name: Given to the function that is registered.

    Raises:
        NotImplementedError: Nothing is registered for the two classes.
    """
    divergence = _registered(type(distribution_a), type(distribution_b))
    if divergence is None:
        raise NotImplementedError(
            "No KL(distribution_a || distribution_b) registered for distribution_a type"
            f" {type(distribution_a).__name__} and distribution_b type"
            f" {type(distribution_b).__name__}"
        )
    with name_scope("KullbackLeibler"):
        result = divergence(distribution_a, distribution_b, name=name)
        if allow_nan_stats:
            return result
        result = identity(result, name="kl")
        text = (
            f"KL calculation between {distribution_a.name} and {distribution_b.name}"
            " returned NaN values (and was called with allow_nan_stats=False). Values:"
        )
        is_number = logical_not(reduce_tensor("Any", is_nan(result)))
        with control_dependencies([assert_(is_number, [text, result])]):
            checked: Tensor = identity(result, name="checked_kl")
            return checked


def cross_entropy(
    ref: Any, other: Any, allow_nan_stats: bool = True, name: str | None = None
) -> Tensor:
    """The entropy of `ref` and its divergence from `other`."""
    with name_scope(name, "cross_entropy"):
        entropy = ref.entropy()
        divergence = kl_divergence(ref, other, allow_nan_stats=allow_nan_stats)
        result: Tensor = entropy + divergence
        return result


class RegisterKL:
    """Decorates the function that computes the divergence of two classes."""

    def __init__(self, dist_cls_a: type, dist_cls_b: type) -> None:
        """Remember the classes."""
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn: Divergence) -> Divergence:
        """Register `kl_fn(a, b, name=None)` and return it.

        Raises:
            TypeError: It is no function.
            ValueError: There is one already.
        """
        if not callable(kl_fn):
            raise TypeError(f"kl_fn must be callable, received: {kl_fn}")
        if self._key in _divergences:
            a, b = self._key
            raise ValueError(
                f"KL({a.__name__} || {b.__name__}) has already been registered to:"
                f" {_divergences[self._key]}"
            )
        _divergences[self._key] = kl_fn
        return kl_fn
