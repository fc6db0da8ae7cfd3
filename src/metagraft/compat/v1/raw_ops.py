"""`tf.raw_ops`: a function for every op of the catalogue, keyword arguments only."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

from metagraft.graph import catalogue

# Arguments whose Python name is not the name in the op's signature.
# Source: tensorflow core/api_def/base_api.
_AXIS = {"axis": "reduction_indices"}
_RENAMED = {
    **dict.fromkeys("All Any EuclideanNorm Max Mean Min Prod Sum".split(), _AXIS),
    "ExpandDims": {"axis": "dim"},
    "Select": {"x": "t", "y": "e"},
    "Split": {"axis": "split_dim"},
    "SplitV": {"axis": "split_dim"},
    "Squeeze": {"axis": "squeeze_dims"},
    "Where": {"condition": "input"},
}


def __getattr__(name: str) -> Callable[..., Any]:
    if name.startswith("_") or catalogue.get(name) is None:
        raise AttributeError(f"module {__name__!r} has no op {name!r}")
    from metagraft.graph.apply_op import op

    renamed = _RENAMED.get(name, {})

    def raw_op(**arguments: Any) -> Any:
        node_name = arguments.pop("name", None)
        own_names = {renamed.get(key, key): value for key, value in arguments.items()}
        result = op(name, name=node_name, **own_names)
        return _named(name, result) if isinstance(result, tuple) else result

    raw_op.__name__ = raw_op.__qualname__ = name
    raw_op.__doc__ = f"Add a `{name}` node and return its outputs."
    globals()[name] = raw_op
    return raw_op


def _named(op_type: str, outputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Let several outputs have their names, too."""
    definition = catalogue.get(op_type)
    assert definition is not None
    names = [output.name for output in definition.outputs]
    made: tuple[Any, ...] = namedtuple(op_type, names)(*outputs)
    return made


def __dir__() -> list[str]:
    return list(catalogue.names())
