"""`tf.raw_ops`: a function for every op of the catalogue, keyword arguments only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.graph import catalogue


def __getattr__(name: str) -> Callable[..., Any]:
    if name.startswith("_") or catalogue.get(name) is None:
        raise AttributeError(f"module {__name__!r} has no op {name!r}")
    from metagraft.graph.apply_op import op

    def raw_op(**arguments: Any) -> Any:
        node_name = arguments.pop("name", None)
        return op(name, name=node_name, **arguments)

    raw_op.__name__ = raw_op.__qualname__ = name
    raw_op.__doc__ = f"Add a `{name}` node and return its outputs."
    globals()[name] = raw_op
    return raw_op


def __dir__() -> list[str]:
    return list(catalogue.names())
