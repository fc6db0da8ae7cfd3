"""What programs import of `tensorflow.python.util` to inspect and decorate functions.

Source: tensorflow python/util/tf_decorator.py, tf_inspect.py, function_utils.py,
deprecation.py, tf_export.py, all_util.py.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from metagraft.api import logging

__all__ = [
    "ArgSpec",
    "deprecated",
    "deprecated_argument_lookup",
    "fn_args",
    "get_func_name",
    "getargspec",
    "has_kwargs",
    "keras_export",
    "make_decorator",
    "remove_undocumented",
    "tf_export",
    "unwrap",
]

_Any = TypeVar("_Any")

ArgSpec = namedtuple("ArgSpec", "args varargs keywords defaults")


def make_decorator(
    target: Callable[..., Any],
    decorator_func: Callable[..., Any],
    decorator_name: str | None = None,
    decorator_doc: str = "",
    decorator_argspec: Any = None,
) -> Callable[..., Any]:
    """Make a function look like the one it calls.

    Args:
        target: The function that is decorated.
        decorator_func: What calls it.
        decorator_name: Only for messages; not used.
        decorator_doc: Put before the documentation of the target.
        decorator_argspec: Not used: the signature is the target's.
    """
    del decorator_name, decorator_argspec
    made = functools.wraps(target)(decorator_func)
    if decorator_doc:
        made.__doc__ = f"{decorator_doc}\n\n{target.__doc__ or ''}".rstrip()
    return made


def unwrap(maybe_tf_decorator: Any) -> tuple[list[Any], Any]:
    """Return what decorates a function, the outermost first, and the function."""
    decorators = []
    target = maybe_tf_decorator
    while hasattr(target, "__wrapped__"):
        decorators.append(target)
        target = target.__wrapped__
    return decorators, target


def getargspec(obj: Any) -> Any:
    """Return the arguments of a function as Python 2 told them.

    Raises:
        ValueError: There are arguments by keyword only.
    """
    spec = inspect.getfullargspec(obj)
    if spec.kwonlyargs:
        raise ValueError(
            f"{obj} has arguments by keyword only; getfullargspec tells them."
        )
    return ArgSpec(spec.args, spec.varargs, spec.varkw, spec.defaults)


def fn_args(fn: Any) -> tuple[str, ...]:
    """Return the names of the arguments that a function can be given.

    Args:
        fn: A function, a method, an object that can be called, or a partial function.
    """
    if isinstance(fn, functools.partial):
        taken = fn_args(fn.func)[len(fn.args) :]
        return tuple(name for name in taken if name not in (fn.keywords or {}))
    is_bound = inspect.ismethod(fn)
    if not is_bound and not inspect.isfunction(fn) and hasattr(fn, "__call__"):  # noqa: B004 - the method itself is looked at
        fn, is_bound = fn.__call__, True
    names = inspect.getfullargspec(fn).args
    if is_bound and names and names[0] in ("self", "cls"):
        names = names[1:]
    return tuple(names)


def has_kwargs(fn: Any) -> bool:
    """Whether a function takes any argument by keyword.

    Raises:
        TypeError: It cannot be called.
    """
    if isinstance(fn, functools.partial):
        return has_kwargs(fn.func)
    if not callable(fn):
        raise TypeError(
            f"Argument `fn` should be a callable. Received: fn={fn} (of type"
            f" {type(fn)})"
        )
    return inspect.getfullargspec(fn).varkw is not None


def get_func_name(func: Any) -> str:
    """Return the name of a function.

    Raises:
        ValueError: It cannot be called.
    """
    if isinstance(func, functools.partial):
        return get_func_name(func.func)
    if inspect.isfunction(func) or inspect.ismethod(func):
        return str(func.__name__)
    if callable(func):
        return type(func).__name__
    raise ValueError(f"Argument `func` must be a callable. Received {func}")


def deprecated(
    date: str | None, instructions: str, warn_once: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator of a function that is to be used no more.

    Args:
        date: When it goes; None if that is not known.
        instructions: What to use instead.
        warn_once: Whether only the first call logs a warning.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        told = False

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal told
            if not (warn_once and told):
                told = True
                when = "in a future version" if date is None else f"after {date}"
                logging.warning(
                    "%s is deprecated and will be removed %s.\n"
                    "Instructions for updating:\n%s",
                    function.__qualname__,
                    when,
                    instructions,
                )
            return function(*args, **kwargs)

        return call

    return decorate


def deprecated_argument_lookup(
    new_name: str, new_value: Any, old_name: str, old_value: Any
) -> Any:
    """Return an argument that has an old name, too.

    Raises:
        ValueError: It is given under both.
    """
    if old_value is None:
        return new_value
    if new_value is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'.")
    return old_value


def tf_export(*names: str, **options: Any) -> Callable[[_Any], _Any]:
    """Return a decorator that leaves what it is given: nothing is exported.

    Args:
        names: Public names.
        options: Such as `v1`.
    """
    del names, options
    return lambda value: value


keras_export = tf_export


def remove_undocumented(
    module_name: str,
    allowed_exception_list: Sequence[str] | None = None,
    doc_string_modules: Sequence[Any] | None = None,
) -> None:
    """Remove from a module the names that its documentation does not mention.

    Args:
        module_name: The module.
        allowed_exception_list: Names that stay.
        doc_string_modules: The modules whose documentation counts, `@@name` in it.
    """
    module = sys.modules[module_name]
    documented = set(allowed_exception_list or ())
    for told in doc_string_modules or [module]:
        lines = (told.__doc__ or "").splitlines()
        documented.update(
            line.strip()[2:] for line in lines if line.strip().startswith("@@")
        )
    for name in dir(module):
        if not name.startswith("_") and name not in documented:
            delattr(module, name)
