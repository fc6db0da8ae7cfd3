"""`tf.compat.forward_compatible`: whether consumers know what came by some date.

Source: tensorflow python/compat/compat.py.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from metagraft.api.logging import warning

__all__ = ["forward_compatibility_horizon", "forward_compatible"]

_RELEASE: Final = datetime.date(2026, 1, 16)
_DAYS_AFTER: Final = "TF_FORWARD_COMPATIBILITY_DELTA_DAYS"


class _Horizon:
    """The date up to which consumers are thought to know everything."""

    def __init__(self) -> None:
        """Start with the usual date."""
        self.date = _RELEASE
        self.reset()

    def reset(self) -> None:
        """Go back to the date of the release, and as many days as are asked for."""
        self.move(_RELEASE + datetime.timedelta(int(os.getenv(_DAYS_AFTER) or 0)))

    def move(self, date: datetime.date) -> None:
        """Set the date, unless it is before the release."""
        if date >= _RELEASE:
            self.date = date
            return
        warning(
            f"Trying to set the forward compatibility date to the past date {date}."
            " This will be ignored by TensorFlow."
        )


_horizon: Final = _Horizon()


def forward_compatible(year: int, month: int, day: int) -> bool:
    """Return whether graphs may use what consumers know since a date.

    Args:
        year: The year.
        month: The month, from 1.
        day: The day of the month.
    """
    date = _horizon.date
    return (date.year, date.month, date.day) > (year, month, day)


@contextmanager
def forward_compatibility_horizon(year: int, month: int, day: int) -> Iterator[None]:
    """Move the date up to which consumers are thought to know everything.

    The usual date holds afterwards, also inside another such context.

    Args:
        year: The year.
        month: The month, from 1.
        day: The day of the month.

    Raises:
        ValueError: There is no such date.
    """
    try:
        _horizon.move(datetime.date(year, month, day))
        yield
    finally:
        _horizon.reset()
