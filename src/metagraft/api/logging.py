"""`tf.logging`: messages through Python's `logging`, under the name `tensorflow`.

Source: tensorflow python/platform/tf_logging.py.
"""

from __future__ import annotations

import logging as python_logging
from collections import Counter
from typing import Any, Final

DEBUG: Final = python_logging.DEBUG
INFO: Final = python_logging.INFO
WARN: Final = python_logging.WARNING
ERROR: Final = python_logging.ERROR
FATAL: Final = python_logging.CRITICAL

_LOGGER: Final = python_logging.getLogger("tensorflow")
_NAMES: Final = {"DEBUG": DEBUG, "INFO": INFO, "WARN": WARN, "ERROR": ERROR,
                 "FATAL": FATAL}  # fmt: skip
_counts: Counter[str] = Counter()


def get_logger() -> python_logging.Logger:
    """Return the logger that all these messages go through."""
    return _LOGGER


def log(level: int, msg: str, *args: Any, **kwargs: Any) -> None:
    """Log a message at a level."""
    _LOGGER.log(level, msg, *args, stacklevel=2, **kwargs)


def debug(msg: str, *args: Any, **kwargs: Any) -> None:
    """Log a message at level DEBUG."""
    _LOGGER.debug(msg, *args, stacklevel=2, **kwargs)


def info(msg: str, *args: Any, **kwargs: Any) -> None:
    """Log a message at level INFO."""
    _LOGGER.info(msg, *args, stacklevel=2, **kwargs)


def warning(msg: str, *args: Any, **kwargs: Any) -> None:
    """Log a message at level WARN."""
    _LOGGER.warning(msg, *args, stacklevel=2, **kwargs)


warn = warning


def error(msg: str, *args: Any, **kwargs: Any) -> None:
    """Log a message at level ERROR."""
    _LOGGER.error(msg, *args, stacklevel=2, **kwargs)


def fatal(msg: str, *args: Any, **kwargs: Any) -> None:
    """Log a message at level FATAL; the program goes on."""
    _LOGGER.critical(msg, *args, stacklevel=2, **kwargs)


def vlog(level: int, msg: str, *args: Any, **kwargs: Any) -> None:
    """Log a message at a numbered level."""
    _LOGGER.log(level, msg, *args, stacklevel=2, **kwargs)


def log_every_n(level: int, msg: str, n: int, *args: Any) -> None:
    """Log the first of every `n` calls with this message."""
    if not _counts[msg] % n:
        log(level, msg, *args)
    _counts[msg] += 1


def log_first_n(level: int, msg: str, n: int, *args: Any) -> None:
    """Log the first `n` calls with this message."""
    if _counts[msg] < n:
        log(level, msg, *args)
    _counts[msg] += 1


def log_if(level: int, msg: str, condition: object, *args: Any) -> None:
    """Log a message if `condition` holds."""
    if condition:
        log(level, msg, *args)


def get_verbosity() -> int:
    """Return the level from which on messages are shown."""
    return _LOGGER.getEffectiveLevel()


def set_verbosity(v: int | str) -> None:
    """Show messages from a level on, given as a number or name."""
    _LOGGER.setLevel(_NAMES.get(v, v) if isinstance(v, str) else v)
    if not _LOGGER.handlers and not python_logging.getLogger().handlers:
        handler = python_logging.StreamHandler()
        handler.setFormatter(
            python_logging.Formatter("%(levelname)s:%(name)s:%(message)s")
        )
        _LOGGER.addHandler(handler)
        _LOGGER.propagate = False


def flush() -> None:
    """Write out what handlers hold back."""
    for handler in _LOGGER.handlers:
        handler.flush()


def TaskLevelStatusMessage(msg: str) -> None:  # noqa: N802 - TensorFlow's name
    """Log a message at level ERROR."""
    error(msg)
