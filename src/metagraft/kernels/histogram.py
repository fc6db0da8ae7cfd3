"""Histograms whose buckets grow by a tenth, as summaries hold them.

Source: tensorflow tsl/lib/histogram/histogram.cc.
"""

from __future__ import annotations

import functools
import sys
from typing import Final

import numpy as np
import numpy.typing as npt

from metagraft.proto import HistogramProto

_Doubles = npt.NDArray[np.float64]

_SMALLEST: Final = 1e-12
_LARGEST: Final = 1e20
_GROWTH: Final = 1.1


@functools.cache
def bucket_limits() -> _Doubles:
    """Return the upper, exclusive limit of every bucket."""
    positive = []
    limit = _SMALLEST
    while limit < _LARGEST:
        positive.append(limit)
        limit *= _GROWTH
    positive.append(sys.float_info.max)
    negative = [-limit for limit in reversed(positive)]
    limits = np.array([*negative, 0.0, *positive], np.float64)
    limits.flags.writeable = False
    return limits


def histogram_of(values: _Doubles) -> HistogramProto:
    """Return the histogram of finite numbers; runs of empty buckets are one."""
    if not values.size:
        return _message(values, np.zeros(len(bucket_limits()), np.int64))
    limits = bucket_limits()
    places = np.searchsorted(limits, values, side="right")
    # TF: the largest number of all lies past its last bucket, and memory is overrun.
    places = np.minimum(places, len(limits) - 1)
    return _message(values, np.bincount(places, minlength=len(limits)))


def _message(values: _Doubles, counts: npt.NDArray[np.int64]) -> HistogramProto:
    # Each run of empty buckets is kept as its last one.
    kept = counts > 0
    kept[:-1] |= counts[1:] > 0
    kept[-1] = True
    return HistogramProto(
        min=values.min() if values.size else sys.float_info.max,
        max=values.max() if values.size else -sys.float_info.max,
        num=values.size,
        sum=_in_order(values),
        sum_squares=_in_order(_squares(values)),
        bucket_limit=bucket_limits()[kept],
        bucket=counts[kept],
    )


def _squares(values: _Doubles) -> _Doubles:
    with np.errstate(over="ignore", under="ignore"):
        return values * values


def _in_order(values: _Doubles) -> float:
    """Return the sum from left to right; `np.sum` adds in pairs."""
    if not values.size:
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.cumsum(values)[-1])
