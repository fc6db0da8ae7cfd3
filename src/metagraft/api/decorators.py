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
    "deprecated_arg_values",
    "deprecated_args",
    "deprecated_argument_lookup",
    "fn_args",
    "get_func_name",
    "getargspec",
    "has_kwargs",
    "keras_export",
    "make_all",
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
    when = _when(date)

    def telling(function: Callable[..., Any]) -> Callable[..., str | None]:
        text = (
            f"{function.__qualname__} is deprecated and will be removed {when}.\n"
            f"Instructions for updating:\n{instructions}"
        )
        return lambda *args, **kwargs: text

    return _warned(telling, warn_once)


def deprecated_args(
    date: str | None,
    instructions: str,
    *deprecated_arg_names_or_tuples: str | tuple[str, Any],
    warn_once: bool = True,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator of a function with arguments that are to be used no more.

    Args:
        date: When they go; None if that is not known.
        instructions: What to use instead.
        deprecated_arg_names_or_tuples: Names of arguments, or names with a value that
            may still be given.
        warn_once: Whether only the first such call logs a warning.

    Raises:
        ValueError: The decorated function does not take one of them.
    """
    allowed: dict[str, tuple[Any, ...]] = {
        (entry if isinstance(entry, str) else entry[0]): (
            () if isinstance(entry, str) else entry[1:]
        )
        for entry in deprecated_arg_names_or_tuples
    }
    return _deprecated_values(
        date,
        instructions,
        warn_once,
        list(allowed),
        lambda name, value: not any(_same(value, one) for one in allowed[name]),
    )


def deprecated_arg_values(
    date: str | None,
    instructions: str,
    warn_once: bool = True,
    **deprecated_kwargs: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator of a function with values that are to be given no more.

    Args:
        date: When they go; None if that is not known.
        instructions: What to use instead.
        warn_once: Whether only the first such call logs a warning.
        deprecated_kwargs: The values, by the names of their arguments.

    Raises:
        ValueError: The decorated function does not take one of them.
    """
    return _deprecated_values(
        date,
        instructions,
        warn_once,
        list(deprecated_kwargs),
        lambda name, value: _same(value, deprecated_kwargs[name]),
    )


def _when(date: str | None) -> str:
    return "in a future version" if date is None else f"after {date}"


def _same(value: Any, other: Any) -> bool:
    return value is other or (type(value) is type(other) and bool(value == other))


def _deprecated_values(
    date: str | None,
    instructions: str,
    warn_once: bool,
    names: Sequence[str],
    is_deprecated: Callable[[str, Any], bool],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    when = _when(date)

    def telling(function: Callable[..., Any]) -> Callable[..., str | None]:
        signature = inspect.signature(function)
        missing = [name for name in names if name not in signature.parameters]
        if missing:
            raise ValueError(
                f"{function.__qualname__} has no argument {', '.join(missing)}."
            )

        def text(*args: Any, **kwargs: Any) -> str | None:
            try:
                given = signature.bind_partial(*args, **kwargs).arguments
            except TypeError:  # the call itself says so
                return None
            found = [n for n in names if n in given and is_deprecated(n, given[n])]
            if not found:
                return None
            return (
                f"calling {function.__qualname__} with {', '.join(found)} is "
                f"deprecated and will be removed {when}.\n"
                f"Instructions for updating:\n{instructions}"
            )

        return text

    return _warned(telling, warn_once)


def _warned(
    telling: Callable[[Callable[..., Any]], Callable[..., str | None]], warn_once: bool
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that logs what `telling(function)` says of a call."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        told = False
        text_of = telling(function)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal told
            if not (warn_once and told):
                text = text_of(*args, **kwargs)
                if text is not None:
                    told = True
                    logging.warning("%s", text)
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
    stay = _documented(doc_string_modules or [module]) | set(
        allowed_exception_list or ()
    )
    for name in dir(module):
        if not name.startswith("_") and name not in stay:
            delattr(module, name)


def make_all(
    module_name: str, doc_string_modules: Sequence[Any] | None = None
) -> list[str]:
    """Return the names of a module that its documentation mentions, for `__all__`.

    Args:
        module_name: The module.
        doc_string_modules: The modules whose documentation counts, `@@name` in it.
    """
    module = sys.modules[module_name]
    return sorted(_documented(doc_string_modules or [module]) & set(dir(module)))


def _documented(modules: Sequence[Any]) -> set[str]:
    lines = (
        line.strip() for told in modules for line in (told.__doc__ or "").split("\n")
    )
    return {line[2:] for line in lines if line.startswith("@@")}
