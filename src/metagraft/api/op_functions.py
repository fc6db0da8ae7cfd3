"""Functions of single ops, as `tf.raw_ops` and the modules `gen_..._ops` have them.

Both take the inputs and the attributes of an op: the former by keyword only, the latter
in their order, too.

Source: tensorflow python/framework/python_op_gen.cc, core/api_def/base_api.
"""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np

from metagraft.graph import catalogue
from metagraft.graph.apply_op import op
from metagraft.graph.attrs import decode

__all__ = [
    "argument_names",
    "own_names",
    "positional_function",
    "positional_functions",
    "signature",
]

# Arguments whose Python name is not the name in the op's signature.
_AXIS: Final = {"axis": "reduction_indices"}
_RENAMED: Final = {
    **dict.fromkeys(
        ("All", "Any", "EuclideanNorm", "Max", "Mean", "Min", "Prod", "Sum"), _AXIS
    ),
    "ExpandDims": {"axis": "dim"},
    "Select": {"x": "t", "y": "e"},
    "Split": {"axis": "split_dim"},
    "SplitV": {"axis": "split_dim"},
    "Squeeze": {"axis": "squeeze_dims"},
    "Where": {"condition": "input"},
}
# Defaults that are not those of the op's signature.
_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "SdcaOptimizer": {"adaptative": True},
    "SdcaOptimizerV2": {"adaptive": True},
}
# A capital starts a word, except one that ends a word after a digit: `Conv2D`.
_WORD_START: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])")


def own_names(op_type: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments under the names that the op's signature has for them.

    Raises:
        TypeError: There is no argument of a name, or a name lacks its argument.
    """
    required, optional = _parameters(op_type)
    function = _python_name(op_type)
    for name in arguments:
        if name not in required and name not in optional:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
    missing = [repr(name) for name in required if name not in arguments]
    if missing:
        raise TypeError(
            f"{function}() missing {len(missing)} required positional"
            f" argument{'s' * (len(missing) > 1)}: {', '.join(missing)}"
        )
    renamed = {name: own for own, name in _python_names(op_type).items()}
    own = {renamed.get(key, key): value for key, value in arguments.items()}
    return {**_DEFAULTS.get(op_type, {}), **own}


@cache
def _parameters(op_type: str) -> tuple[list[str], frozenset[str]]:
    """Return the names of arguments without and with a default."""
    parameters = signature(op_type).parameters.values()
    required = [p.name for p in parameters if p.default is inspect.Parameter.empty]
    return required, frozenset(p.name for p in parameters) - set(required)


def argument_names(op_type: str) -> list[str]:
    """Return the arguments of an op: inputs, attributes, those with defaults last."""
    definition = catalogue.get(op_type)
    assert definition is not None
    python_names = _python_names(op_type)
    inferred = {
        attr
        for arg in definition.inputs
        for attr in (arg.type_attr, arg.number_attr, arg.type_list_attr)
    }
    free = [attr for attr in definition.attrs if attr.name not in inferred]
    free.sort(key=lambda attr: attr.has_default)
    names = [arg.name for arg in definition.inputs] + [attr.name for attr in free]
    return [*(python_names.get(name, name) for name in names), "name"]


@cache
def _python_names(op_type: str) -> dict[str, str]:
    """Return other names of arguments by those that the op's signature has."""
    definition = catalogue.get(op_type)
    assert definition is not None
    arguments = {arg.name for arg in definition.inputs}
    arguments |= {attr.name for attr in definition.attrs}
    names = {own: name for name, own in _RENAMED.get(op_type, {}).items()}
    return names | {own: f"{own}_" for own in arguments if keyword.iskeyword(own)}


def positional_function(op_type: str) -> Callable[..., Any]:
    """Return the function of an op that takes arguments by their order, too."""
    names = argument_names(op_type)

    def add_node(*values: Any, **arguments: Any) -> Any:
        if len(values) > len(names):
            raise TypeError(
                f"{op_type} takes at most {len(names)} arguments, {names};"
                f" {len(values)} were given."
            )
        given = dict(zip(names, values, strict=False))
        twice = sorted(given.keys() & arguments.keys())
        if twice:
            raise TypeError(f"{op_type}: {twice[0]!r} is given twice.")
        given.update(arguments)
        name = given.pop("name", None)
        return op(op_type, name=name, **own_names(op_type, given))

    add_node.__name__ = add_node.__qualname__ = _python_name(op_type)
    add_node.__signature__ = signature(op_type)  # type: ignore[attr-defined]
    add_node.__doc__ = f"Add a `{op_type}` node and return its outputs."
    return add_node


def signature(op_type: str) -> inspect.Signature:
    """Return how a function of an op may be called, with the defaults of attributes."""
    definition = catalogue.get(op_type)
    assert definition is not None
    python_names = _python_names(op_type)
    defaults = {
        python_names.get(attr.name, attr.name): _as_written(decode(attr.default))
        for attr in definition.attrs
        if attr.default is not None
    }
    defaults.update(name=None, **_DEFAULTS.get(op_type, {}))
    return inspect.Signature(
        [
            inspect.Parameter(
                name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=defaults.get(name, inspect.Parameter.empty),
            )
            for name in argument_names(op_type)
        ]
    )


def _as_written(value: Any) -> Any:
    """Return an attribute's value as one would write it."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float):
        return float(str(np.float32(value)))  # kept in single precision
    if isinstance(value, list):
        return [_as_written(item) for item in value]
    return value


def positional_functions(
    module_name: str, namespace: dict[str, Any]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a module of such functions.

    Args:
        module_name: The module's `__name__`.
        namespace: The module's `globals()`, where a function is kept once made.
    """

    def get(name: str) -> Any:
        op_type = _op_types().get(name.lstrip("_"))
        if op_type is None:
            raise AttributeError(f"module {module_name!r} has no attribute {name!r}")
        namespace[name] = function = positional_function(op_type)
        return function

    def listed() -> list[str]:
        return sorted(_op_types())

    return get, listed


def _python_name(op_type: str) -> str:
    """Return the name in snake case: `Conv2DBackpropInput`, `conv2d_backprop_input`."""
    return _WORD_START.sub("_", op_type).lower()


@cache
def _op_types() -> dict[str, str]:
    """Return the op types by the names of their functions."""
    return {
        _python_name(op_type): op_type
        for op_type in catalogue.names()
        if not op_type.startswith("_")
    }
