"""Shapes and zero states of recurrent networks.

Source: tensorflow python/keras/layers/legacy_rnn/rnn_cell_impl.py, python/ops/rnn.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.build.array import concat, expand_dims, rank, transpose, zeros
from metagraft.graph.build.math import number_range
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import constant
from metagraft.graph.shapes import TensorShape
from metagraft.graph.structure import flatten, is_nested, map_structure
from metagraft.graph.tensor import Tensor

__all__ = [
    "joined_shape",
    "joined_static_shape",
    "state_dtype",
    "swap_batch_and_time",
    "zero_states",
]


def joined_shape(prefix: Any, suffix: Any) -> Tensor:
    """Add the nodes of a shape that begins with `prefix`, a size or a vector.

    Raises:
        ValueError: A size is not known.
    """
    first, last = _as_vector(prefix, "prefix"), _as_vector(suffix, "suffix")
    if first is None or last is None:
        raise ValueError(f"Provided a prefix or suffix of None: {prefix} and {suffix}")
    joined: Tensor = concat((first, last), 0)
    return joined


def joined_static_shape(prefix: Any, suffix: Any) -> TensorShape:
    """Return what is known of that shape.

    TensorFlow adds the nodes of both parts here too, so they are added.
    """
    for part, name in ((prefix, "prefix"), (suffix, "suffix")):
        _as_vector(part, name)
    return _known(prefix).concatenate(_known(suffix))


def _as_vector(part: Any, name: str) -> Tensor | None:
    if isinstance(part, Tensor):
        if part.shape.ndims == 0:
            return expand_dims(part, 0)
        if part.shape.ndims != 1:
            raise ValueError(
                f"{name} tensor must be either a scalar or vector, but saw tensor: "
                f"{part}"
            )
        return part
    shape = _known(part)
    if not shape.is_fully_defined():
        return None
    return constant(shape.as_list(), dtype=dtypes.int32)


def _known(part: Any) -> TensorShape:
    """Read a size, a list of sizes or a tensor of them as a shape."""
    if isinstance(part, Tensor):
        part = constant_value(part)
        return TensorShape([part] if part is None or part.ndim == 0 else part)
    return TensorShape(part)


def zero_states(state_size: Any, batch_size: Any, dtype: Any) -> Any:
    """Return zeros for a state size or a structure of them."""

    def zero_state(size: Any) -> Tensor:
        made = zeros(joined_shape(batch_size, size), dtype=dtype)
        made.set_shape(joined_static_shape(batch_size, size))
        return made

    return map_structure(zero_state, state_size)


def state_dtype(given: Any, state: Any) -> Any:
    """Return the element type given, or else that of the state.

    Raises:
        ValueError: Parts of the state have different types.
    """
    if given is not None:
        return given
    if not is_nested(state):
        return state.dtype
    found = [part.dtype for part in flatten(state)]
    if not found:
        raise ValueError(f"Unable to infer dtype from argument state={state}.")
    if any(dtype != found[0] for dtype in found):
        raise ValueError(
            f"Argument state={state} has tensors of different inferred dtypes. Unable "
            f"to infer a single representative dtype. Dtypes received: {found}"
        )
    return found[0]


def swap_batch_and_time(x: Tensor) -> Tensor:
    """Exchange the first two axes; a vector stays as it is."""
    static = x.shape
    if static.ndims is not None and static.ndims < 2:
        return x
    axes = concat(([1, 0], number_range(2, rank(x))), axis=0)
    swapped = transpose(x, axes)
    if static.dims is not None:
        first, second = static.dims[:2]
        swapped.set_shape(TensorShape([second, first]).concatenate(static[2:]))
    return swapped
