"""`tf.autograph`: what programs say about rewriting Python, which is not done here.

Source: tensorflow python/autograph/impl/api.py, core/converter.py,
utils/ag_logging.py.
"""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Feature", "do_not_convert", "set_loop_options", "set_verbosity", "trace"]


class Feature(enum.Enum):
    """What `tf.function(experimental_autograph_options=...)` may ask for."""

    ALL = "ALL"
    AUTO_CONTROL_DEPS = "AUTO_CONTROL_DEPS"
    ASSERT_STATEMENTS = "ASSERT_STATEMENTS"
    BUILTIN_FUNCTIONS = "BUILTIN_FUNCTIONS"
    EQUALITY_OPERATORS = "EQUALITY_OPERATORS"
    LISTS = "LISTS"
    NAME_SCOPES = "NAME_SCOPES"

    @classmethod
    def all(cls) -> tuple[Feature, ...]:
        """Return all of them."""
        return tuple(cls)

    @classmethod
    def all_but(cls, exclude: Feature | Iterable[Feature]) -> tuple[Feature, ...]:
        """Return all but some."""
        left_out = {exclude} if isinstance(exclude, Feature) else set(exclude)
        return tuple(set(cls) - left_out - {cls.ALL})


def do_not_convert(func: Callable[..., Any] | None = None) -> Any:
    """Decorate a function that is not to be rewritten, as none is."""
    if func is None:
        return do_not_convert
    inner = func

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return inner(*args, **kwargs)

    if inspect.isfunction(inner) or inspect.ismethod(inner):
        return functools.update_wrapper(wrapper, inner)
    return wrapper


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """Accept how much is to be told of what is rewritten; nothing is."""
    del level, alsologtostdout


def set_loop_options(
    parallel_iterations: Any = None,
    swap_memory: Any = None,
    maximum_iterations: Any = None,
    shape_invariants: Any = None,
) -> None:
    """Accept what a loop of Python is to be given when it becomes one of the graph.

    As in TensorFlow, this has no effect on loops that stay Python's, as all do here.
    """
    del parallel_iterations, swap_memory, maximum_iterations, shape_invariants


def trace(*args: Any) -> None:
    """Print values while a function is traced."""
    print(*args)  # noqa: T201 - what it is for
