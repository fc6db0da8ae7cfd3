"""Waiting for the checkpoints that another process writes.

Source: tensorflow python/training/checkpoint_utils.py checkpoints_iterator.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from typing import Final

from metagraft.training.checkpoint_management import latest_checkpoint

_log = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 1.0


def checkpoints_iterator(
    checkpoint_dir: str | os.PathLike[str],
    min_interval_secs: float = 0,
    timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Iterator[str]:
    """Yield the latest checkpoint of a folder again and again, each once.

    Args:
        checkpoint_dir: The folder.
        min_interval_secs: How many seconds are between two, at least.
        timeout: How many seconds to wait for the next; None for ever.
        timeout_fn: Called when the time is over, and after each checkpoint: whether
            there will be no more. Without it the first time-out is the end.
    """
    latest: str | None = None
    while True:
        found = wait_for_new_checkpoint(checkpoint_dir, latest, timeout)
        if found is not None:
            start = time.time()
            latest = found
            yield found
            left = start + min_interval_secs - time.time()
            if left > 0:
                time.sleep(left)
        elif timeout_fn is None:
            _log.info("Timed-out waiting for a checkpoint (without timeout_fn).")
            return
        if timeout_fn is not None and timeout_fn():
            _log.info("Done. No new checkpoints will be generated.")
            return


def wait_for_new_checkpoint(
    checkpoint_dir: str | os.PathLike[str],
    last_checkpoint: str | None = None,
    timeout: float | None = None,
) -> str | None:
    """Wait until the latest checkpoint of a folder is another one.

    Args:
        checkpoint_dir: The folder.
        last_checkpoint: The one that is known.
        timeout: How many seconds to wait; None for ever.

    Returns:
        The new one, or None if the time is over.
    """
    _log.info("Waiting for new checkpoint at %s", checkpoint_dir)
    end = None if timeout is None else time.time() + timeout
    while True:
        found = latest_checkpoint(checkpoint_dir)
        if found is not None and found != last_checkpoint:
            _log.info("Found new checkpoint at %s", found)
            return found
        if end is not None and time.time() + _PAUSE_SECONDS > end:
            return None
        time.sleep(_PAUSE_SECONDS)
