"""`tf.raw_ops`: a function for every op of the catalogue, keyword arguments only."""

from __future__ import annotations

# Modules, not names out of them: `Any` is an op.
import collections
import typing
from collections.abc import Callable

from metagraft.graph import catalogue


def __getattr__(name: str) -> Callable[..., typing.Any]:
    if name.startswith("_") or catalogue.get(name) is None:
        raise AttributeError(f"module {__name__!r} has no op {name!r}")
    from metagraft.api.op_functions import argument_names, own_names, signature
    from metagraft.graph.apply_op import op

    def raw_op(*values: typing.Any, **arguments: typing.Any) -> typing.Any:
        if values:
            raise TypeError(
                f"{name} only takes keyword args (possible keys:"
                f" {argument_names(name)}). Please pass these args as kwargs instead."
            )
        node_name = arguments.pop("name", None)
        result = op(name, name=node_name, **own_names(name, arguments))
        return _named(name, result) if isinstance(result, tuple) else result

    raw_op.__name__ = raw_op.__qualname__ = name
    raw_op.__signature__ = signature(name)  # type: ignore[attr-defined]
    raw_op.__doc__ = f"Add a `{name}` node and return its outputs."
    globals()[name] = raw_op
    return raw_op


def _named(op_type: str, outputs: tuple[typing.Any, ...]) -> tuple[typing.Any, ...]:
    """Let several outputs have their names, too."""
    definition = catalogue.get(op_type)
    assert definition is not None
    names = [output.name for output in definition.outputs]
    made: tuple[typing.Any, ...] = collections.namedtuple(op_type, names)(*outputs)
    return made


def __dir__() -> list[str]:
    return [name for name in catalogue.names() if not name.startswith("_")]
