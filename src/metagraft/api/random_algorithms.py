"""Algorithms of random numbers, and where in their streams seeds point.

Source: tensorflow python/ops/random_ops_util.py.
"""

from __future__ import annotations

import enum
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.tensor import Tensor

__all__ = ["Algorithm", "algorithm_number", "position", "unsupported_algorithm"]

_SCRAMBLING_KEY = 0x02461E293EC8F720


class Algorithm(enum.Enum):
    """The algorithms that random numbers are drawn with."""

    PHILOX = 1
    THREEFRY = 2
    AUTO_SELECT = 3


_NAMES = {
    "philox": Algorithm.PHILOX,
    "threefry": Algorithm.THREEFRY,
    "autoselect": Algorithm.AUTO_SELECT,
}


def algorithm_number(alg: Any) -> Any:
    """Return the number of an algorithm given as number, member, name or tensor.

    Raises:
        ValueError: There is no algorithm of that name.
        TypeError: It is given as something else.
    """
    if isinstance(alg, (int, Tensor)):
        return alg
    if isinstance(alg, Algorithm):
        return alg.value
    if not isinstance(alg, str):
        raise TypeError(
            f"Can't convert argument `alg` (of value {alg} and type {type(alg)}) to"
            " int."
        )
    found = _NAMES.get(alg.strip().lower().replace("-", "").replace("_", ""))
    if found is None:
        raise unsupported_algorithm(alg)
    return found.value


def unsupported_algorithm(alg: Any) -> ValueError:
    """Return the error that names the algorithms there are, in the caller's terms."""
    philox, threefry, automatic = Algorithm
    known: tuple[Any, ...] = (philox, threefry, automatic)
    if isinstance(alg, int):
        known = tuple(member.value for member in Algorithm)
    elif isinstance(alg, str):
        known = tuple(member.name.lower() for member in Algorithm)
    return ValueError(
        f"Argument `alg` got unsupported value {alg}. Supported values are"
        f" {known[0]} for the Philox algorithm, {known[1]} for the ThreeFry"
        f" algorithm, and {known[2]} for auto-selection."
    )


def position(seed: Any, alg: Any) -> dict[str, Any]:
    """Return the operands that say where to draw: key, counter and algorithm.

    Raises:
        ValueError: There is no such algorithm.
    """
    number = algorithm_number(Algorithm.AUTO_SELECT if alg is None else alg)
    if number == Algorithm.AUTO_SELECT.value:
        key, counter = op("StatelessRandomGetKeyCounter", seed=seed)
    elif number == Algorithm.PHILOX.value:
        key, counter = _scrambled(seed)
    elif number == Algorithm.THREEFRY.value:
        key = array.reshape(_joined(cast(seed, dtypes.uint32)), [1])
        counter = array.zeros([1], dtypes.uint64)
    else:
        raise unsupported_algorithm(number)
    return {"key": key, "counter": counter, "alg": number}


def _joined(words: Any) -> Tensor:
    """Put a number together from its words, the low one first."""
    low = cast(words[0], dtypes.uint64)
    high = cast(words[1], dtypes.uint64)
    shift = convert_to_tensor(32, dtype=dtypes.uint64)
    joined: Tensor = op("BitwiseOr", x=low, y=op("LeftShift", x=high, y=shift))
    return joined


def _scrambled(seed: Any) -> tuple[Tensor, Tensor]:
    """Mix two seeds, so that it does not matter which one varies."""
    key = convert_to_tensor([_SCRAMBLING_KEY], dtype=dtypes.uint64)
    mixed = op(
        "StatelessRandomUniformFullIntV2",
        shape=[4],
        key=key,
        counter=cast(seed, dtypes.uint64),
        dtype=dtypes.uint32,
        alg=Algorithm.PHILOX.value,
    )
    key = array.reshape(_joined(mixed[:2]), [1])
    return key, array.stack([0, _joined(mixed[2:])], axis=0)
