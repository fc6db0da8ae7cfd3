"""Ops that draw random numbers, with seeds and with states of generators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.programs.typed_ops.case import Case, Op, op

SEEDS = {"seed": 3, "seed2": 9}
PHILOX = 1


def _seeded(t: Case) -> Any:
    return t.op(shape=[2, 3], **SEEDS)


def _stateless(t: Case, **more: Any) -> Any:
    return t.op(shape=[2, 3], seed=t.known([7, -2], "Tseed"), **more)


def _keyed(t: Case, **more: Any) -> Any:
    key = t.fed([12345], "uint64")
    counter = t.fed([6, 7], "uint64")
    return t.op(shape=[2, 3], key=key, counter=counter, alg=PHILOX, **more)


def _stateful(t: Case, **more: Any) -> Any:
    state = [1, 2, 3]
    if t.name == "StatefulStandardNormal":
        state = [PHILOX, *state]
    else:
        more["algorithm"] = t.known(PHILOX, "int64")
    handle, start = t.resource(state, "int64")
    return t.after(start, lambda: t.op(resource=handle, shape=[2, 3], **more))


def _bounds(t: Case, attr: str) -> dict[str, Any]:
    return {"minval": t.fed(1, attr), "maxval": t.fed(90, attr)}


def _truncated(t: Case, deviations: str) -> dict[str, Any]:
    return {
        "means": t.fed([0.5, 1.0], "dtype"),
        deviations: t.fed([1.0, 2.0], "dtype"),
        "minvals": t.fed([-1.0, 0.0], "dtype"),
        "maxvals": t.fed([2.0, 1.5], "dtype"),
    }


def _multinomial(t: Case, **more: Any) -> Any:
    return t.op(logits=t.x(2, 4), num_samples=5, **more)


def _shuffled_index(t: Case) -> Any:
    return t.op(
        index=t.known([0, 5, 9], "dtype"),
        seed=t.known([1, 2, 3], "Tseed"),
        max_index=t.known([9, 9, 9], "dtype"),
    )


def _fills(build: Callable[[Case], Any], *names: str) -> dict[str, Op]:
    return {name: op(build) for name in names}


RANDOM: dict[str, Op] = {
    **_fills(_seeded, "RandomStandardNormal", "RandomUniform", "TruncatedNormal"),
    **_fills(
        _stateless,
        "StatelessRandomNormal",
        "StatelessRandomUniform",
        "StatelessRandomUniformFullInt",
        "StatelessTruncatedNormal",
    ),
    **_fills(
        _keyed,
        "StatelessRandomNormalV2",
        "StatelessRandomUniformFullIntV2",
        "StatelessRandomUniformV2",
        "StatelessTruncatedNormalV2",
    ),
    **_fills(
        _stateful,
        "StatefulStandardNormal",
        "StatefulStandardNormalV2",
        "StatefulTruncatedNormal",
        "StatefulUniform",
        "StatefulUniformFullInt",
    ),
    "Multinomial": op(lambda t: _multinomial(t, **SEEDS)),
    "ParameterizedTruncatedNormal": op(
        lambda t: t.op(shape=[2, 3], **SEEDS, **_truncated(t, "stdevs"))
    ),
    "RandomGamma": op(lambda t: t.op(shape=[3], alpha=t.fed([0.5, 2.0], "T"), **SEEDS)),
    "RandomGammaGrad": op(
        lambda t: t.op(alpha=t.fed([0.5, 2.0], "T"), sample=t.fed([0.25, 1.5], "T"))
    ),
    "RandomIndexShuffle": op(_shuffled_index),
    "RandomPoisson": op(
        lambda t: t.op(shape=[3], rate=t.fed([0.5, 20.0], "dtype"), **SEEDS)
    ),
    "RandomPoissonV2": op(lambda t: t.op(shape=[3], rate=t.fed([2, 20], "R"), **SEEDS)),
    "RandomShuffle": op(lambda t: t.op(value=t.x(5, 2), **SEEDS)),
    "RandomUniformInt": op(lambda t: t.op(shape=[2, 3], **_bounds(t, "Tout"), **SEEDS)),
    "SobolSample": op(lambda t: t.op(dim=2, num_results=4, skip=1)),
    "StatefulRandomBinomial": op(
        lambda t: _stateful(
            t, counts=t.fed([4, 30, 4], "T"), probs=t.fed([0, 1, 0.5], "T")
        )
    ),
    "StatefulUniformInt": op(lambda t: _stateful(t, **_bounds(t, "dtype"))),
    "StatelessMultinomial": op(lambda t: _multinomial(t, seed=[7, -2])),
    "StatelessParameterizedTruncatedNormal": op(
        lambda t: t.op(shape=[3, 2], seed=[7, -2], **_truncated(t, "stddevs"))
    ),
    "StatelessRandomBinomial": op(
        lambda t: _stateless(
            t, counts=t.fed([4, 30, 4], "T"), probs=t.fed([0, 1, 0.5], "T")
        )
    ),
    "StatelessRandomGammaV2": op(
        lambda t: t.op(shape=[3, 2], seed=[7, -2], alpha=t.fed([0.5, 2.0], "dtype"))
    ),
    "StatelessRandomGammaV3": op(
        lambda t: _keyed(t, alpha=t.fed([0.5, 2.0, 9.0], "dtype"))
    ),
    "StatelessRandomPoisson": op(
        lambda t: t.op(shape=[3, 2], seed=[7, -2], lam=t.fed([2, 20], "Rtype"))
    ),
    "StatelessRandomUniformInt": op(lambda t: _stateless(t, **_bounds(t, "dtype"))),
    "StatelessRandomUniformIntV2": op(lambda t: _keyed(t, **_bounds(t, "dtype"))),
    "StatelessShuffle": op(
        lambda t: t.op(
            value=t.x(5, 2),
            key=t.fed([12345], "uint64"),
            counter=t.fed([6, 7], "uint64"),
            alg=PHILOX,
        )
    ),
}
