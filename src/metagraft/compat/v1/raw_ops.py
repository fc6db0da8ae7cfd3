"""`tf.raw_ops`: a function for every op of the catalogue, keyword arguments only."""

from __future__ import annotations

# Modules, not names out of them: `Any` is an op.
import collections
import typing
from collections.abc import Callable

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


def __getattr__(name: str) -> Callable[..., typing.Any]:
    if name.startswith("_") or catalogue.get(name) is None:
        raise AttributeError(f"module {__name__!r} has no op {name!r}")
    from metagraft.graph.apply_op import op

    renamed = _RENAMED.get(name, {})

    def raw_op(*values: typing.Any, **arguments: typing.Any) -> typing.Any:
        if values:
            raise TypeError(
                f"{name} only takes keyword args (possible keys: {_keys(name)}). Please"
                " pass these args as kwargs instead."
            )
        node_name = arguments.pop("name", None)
        own_names = {renamed.get(key, key): value for key, value in arguments.items()}
        result = op(name, name=node_name, **own_names)
        return _named(name, result) if isinstance(result, tuple) else result

    raw_op.__name__ = raw_op.__qualname__ = name
    raw_op.__doc__ = f"Add a `{name}` node and return its outputs."
    globals()[name] = raw_op
    return raw_op


def _keys(op_type: str) -> list[str]:
    """Return the keyword arguments of an op: inputs, attributes, its name."""
    definition = catalogue.get(op_type)
    assert definition is not None
    python_names = {own: name for name, own in _RENAMED.get(op_type, {}).items()}
    inferred = {
        attr
        for arg in definition.inputs
        for attr in (arg.type_attr, arg.number_attr, arg.type_list_attr)
    }
    inputs = [python_names.get(arg.name, arg.name) for arg in definition.inputs]
    attrs = [
        python_names.get(attr.name, attr.name)
        for attr in definition.attrs
        if attr.name not in inferred
    ]
    return [*inputs, *attrs, "name"]


def _named(op_type: str, outputs: tuple[typing.Any, ...]) -> tuple[typing.Any, ...]:
    """Let several outputs have their names, too."""
    definition = catalogue.get(op_type)
    assert definition is not None
    names = [output.name for output in definition.outputs]
    made: tuple[typing.Any, ...] = collections.namedtuple(op_type, names)(*outputs)
    return made


def __dir__() -> list[str]:
    return [name for name in catalogue.names() if not name.startswith("_")]
