"""`tf.raw_ops`: a function for every op of the catalogue, keyword arguments only."""

from __future__ import annotations

# Modules, not names out of them: `Any` is an op.
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
        return op(name, name=node_name, **own_names(name, arguments))

    raw_op.__name__ = raw_op.__qualname__ = name
    raw_op.__signature__ = signature(name)  # type: ignore[attr-defined]
    raw_op.__doc__ = f"Add a `{name}` node and return its outputs."
    globals()[name] = raw_op
    return raw_op


def __dir__() -> list[str]:
    return [name for name in catalogue.names() if not name.startswith("_")]
