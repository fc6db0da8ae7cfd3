"""Stochastic dual coordinate ascent; twin of `ops/sdca.py`.

Source: tensorflow core/kernels/sdca_ops.cc, sdca_internal.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.dual_losses import LOSSES, DualLoss
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.kernels.wide_hashes import fingerprint128

_F = np.float32


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _shrunk(weights: Array, shrinkage: float) -> Array:
    """Move weights towards zero, but not past it."""
    xp = namespace(weights)
    size = xp.maximum(xp.abs(weights) - _F(shrinkage), _F(0))
    return xp.sign(weights) * size


def shrink(attrs: Attrs, weights: Sequence[Array]) -> tuple[Array, ...]:
    with np.errstate(all="ignore"):
        shrinkage = float(np.float64(attrs["l1"]) / np.float64(attrs["l2"]))
    return tuple(_shrunk(one, shrinkage) for one in weights)


def fingerprints(_attrs: Attrs, texts: Array) -> tuple[Array]:
    """Hash names of examples; 0 and 1 are never a first half."""
    if texts.ndim != 1:
        raise _invalid(f"Input must be a vector, got shape {show(texts.shape)}")
    found = np.zeros((len(texts), 2), np.uint64)
    for place, text in enumerate(texts):
        low, high = fingerprint128(text)
        found[place] = low if low >= 2 else low + 2**64 - 2, high
    return (found.view(np.int64),)


@dataclass(slots=True)
class _Group:
    """One group of features: its weights, and what each example has of it.

    Attributes:
        weights: The weights before this step.
        deltas: What this step adds to them.
        places: Per example, the places of its features among the weights.
        values: Per example, the values of these features.
    """

    weights: Array
    deltas: Array
    places: list[Any]
    values: list[Array]

    def squared_norm(self, example: int) -> float:
        values = self.values[example].astype(np.float64)
        return float(values @ values)

    def predictions(
        self, example: int, partitions: int, shrinkage: float
    ) -> tuple[float, float]:
        """Return what the group adds to the prediction, before and in this step."""
        place, values = self.places[example], self.values[example].astype(np.float64)
        before = self.weights[place]
        now = before + self.deltas[place] * _F(partitions)
        both = (_shrunk(one, shrinkage).astype(np.float64) for one in (before, now))
        first, second = (float(values @ one) for one in both)
        return first, second

    def add(self, example: int, change: float) -> None:
        place, values = self.places[example], self.values[example]
        np.add.at(self.deltas, place, (values * change).astype(_F))


def optimize(
    attrs: Attrs,
    sparse_example_indices: Sequence[Array],
    sparse_feature_indices: Sequence[Array],
    sparse_feature_values: Sequence[Array],
    dense_features: Sequence[Array],
    example_weights: Array,
    example_labels: Array,
    sparse_indices: Sequence[Array],
    sparse_weights: Sequence[Array],
    dense_weights: Sequence[Array],
    example_state_data: Array,
) -> tuple[Array, ...]:
    count = len(example_weights)
    if np.shape(example_state_data) != (count, 4):
        raise _invalid(
            f"Expected shape {show((count, 4))} for example_state_data, got "
            f"{show(np.shape(example_state_data))}"
        )
    if not sparse_weights and not dense_weights:
        raise _invalid("Requires at least one feature to train.")
    groups = []
    for number, (weights, indices) in enumerate(
        zip(sparse_weights, sparse_indices, strict=True)
    ):
        with_values = number < len(sparse_feature_values)
        features = sparse_feature_indices[number]
        values = (
            sparse_feature_values[number] if with_values else np.ones(len(features), _F)
        )
        examples = sparse_example_indices[number]
        groups.append(_sparse(weights, indices, (examples, features, values), count))
    for weights, features in zip(dense_weights, dense_features, strict=True):
        if features.ndim != 2 or len(features) != count:
            raise _invalid(
                f"Dense features must be of {count} examples, and have shape "
                f"{show(features.shape)}"
            )
        flat = weights.reshape(-1)
        everywhere: list[Any] = [slice(None)] * count
        groups.append(_Group(flat, np.zeros_like(flat), everywhere, list(features)))
    work = _Ascent(attrs, groups, np.array(example_state_data))
    work.run(example_weights, example_labels)
    shapes = [np.shape(one) for one in (*sparse_weights, *dense_weights)]
    deltas = [g.deltas.reshape(s) for g, s in zip(groups, shapes, strict=True)]
    return work.state, *deltas


def _sparse(
    weights: Array, indices: Array, elements: tuple[Array, Array, Array], count: int
) -> _Group:
    examples, features, values = elements
    order = np.argsort(indices, kind="stable")
    found = np.searchsorted(indices[order], features)
    found = np.minimum(found, max(len(order) - 1, 0))
    places = order[found] if len(order) else found
    if len(features) and (
        not len(order) or not np.array_equal(indices[places], features)
    ):
        raise _invalid("Found sparse feature indices out of valid range")
    bounds = np.searchsorted(examples, np.arange(count + 1))
    parts = [slice(*pair) for pair in pairwise(bounds)]
    for part in parts:
        if len(np.unique(features[part])) != len(features[part]):
            raise _invalid("Duplicate index in sparse vector.")
    flat = weights.reshape(-1)
    return _Group(
        flat,
        np.zeros_like(flat),
        [places[part] for part in parts],
        [values[part] for part in parts],
    )


class _Ascent:
    """One step over all examples of a batch.

    # TF: by several threads, in an order that differs from run to run.
    """

    def __init__(self, attrs: Attrs, groups: Sequence[_Group], state: Array) -> None:
        self._loss: DualLoss = LOSSES[attrs["loss_type"].decode()]
        self._is_adaptive = attrs.get("adaptive", attrs.get("adaptative", False))
        self._partitions = attrs["num_loss_partitions"]
        self._l2 = attrs["l2"]
        self._shrinkage = attrs["l1"] / attrs["l2"]
        self._groups = groups
        self.state = state

    def run(self, weights: Array, labels: Array) -> None:
        """Change the state and the weights of all groups."""
        converted = [self._loss.converted(float(label)) for label in labels]
        for example in self._order(weights, converted):
            self._step(example, float(weights[example]), converted[example])

    def _order(self, weights: Array, labels: Sequence[float]) -> Array:
        random = np.random.default_rng()
        count = len(weights)
        if not self._is_adaptive or not count:
            return random.permutation(count)
        chances = np.zeros(count)
        for example, label in enumerate(labels):
            norm, _, wx = self._statistics(example)
            kappa = self.state[example, 0] + self._loss.slope(wx, label)
            root = np.sqrt(norm + self._l2 * self._loss.smoothness)
            chances[example] = weights[example] * root * abs(kappa)
        total = chances.sum()
        if not total > 0:
            return random.permutation(count)
        # One that was picked is picked again with a tenth of its chance.
        found: list[int] = []
        times = np.zeros(count)
        for picked in random.choice(count, 2 * count, p=chances / total):
            if len(found) < count and random.random() <= 0.1 ** times[picked]:
                times[picked] += 1
                found.append(picked)
        rest = np.flatnonzero(times == 0)
        rest = rest[np.argsort(-chances[rest], kind="stable")]
        return np.array([*found, *rest][:count], np.int64)

    def _statistics(self, example: int) -> tuple[float, float, float]:
        """Return the squared norm and the predictions, before and now."""
        groups = self._groups
        norm = sum(group.squared_norm(example) for group in groups)
        pairs = [
            group.predictions(example, self._partitions, self._shrinkage)
            for group in groups
        ]
        return norm, sum(a for a, _ in pairs), sum(b for _, b in pairs)

    def _step(self, example: int, weight: float, label: float) -> None:
        dual = float(self.state[example, 0])
        norm, before, wx = self._statistics(example)
        step = self._partitions * norm / self._l2 * weight
        updated = self._loss.updated_dual(label, dual, wx, step)
        change = (updated - dual) * weight / self._l2
        for group in self._groups:
            group.add(example, change)
        self.state[example] = (
            updated,
            self._loss.primal(before, label, weight),
            self._loss.dual(dual, label, weight),
            weight,
        )


_OPTIMIZE = Kernel(optimize, host=True)

KERNELS = {
    "SdcaFprint": Kernel(fingerprints, host=True),
    "SdcaOptimizer": _OPTIMIZE,
    "SdcaOptimizerV2": _OPTIMIZE,
    "SdcaShrinkL1": Kernel(shrink, updates=("weights",)),
}
