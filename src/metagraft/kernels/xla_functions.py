"""XLA's operations that take functions; twin of `ops/xla_functions.py`.

Source: tensorflow compiler/tf2xla/kernels/xla_reduce_op.cc, xla_variadic_reduce_op.cc,
xla_reduce_window_op.cc, xla_scatter_op.cc, xla_select_and_scatter_op.cc,
xla_variadic_sort_op.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.library_function import LibraryFunction, library_function
from metagraft.kernels.namespace import jax_numpy, lax
from metagraft.kernels.xla import vectors_last
from metagraft.ops.xla_functions import ScatterNumbers

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

_SUMS: Final = ("Add", "AddV2")


def _ints(values: Array) -> tuple[int, ...]:
    return tuple(int(value) for value in np.reshape(values, -1))


def _pairs(padding: Array) -> list[tuple[int, int]]:
    if np.ndim(padding) != 2 or np.shape(padding)[1] != 2:
        raise InvalidArgumentError(
            None,
            None,
            "padding must be a matrix with minor dimension 2, got "
            f"{show(np.shape(padding))}",
        )
    return [(int(before), int(after)) for before, after in padding]


def _traced(*arrays: Array) -> list[Array]:
    xp = jax_numpy()
    return [xp.asarray(array) for array in arrays]


def reduce(op: Operation, x: Array, init_value: Array) -> tuple[Array]:
    function = library_function(op, "reducer")
    axes = tuple(op.attrs["dimensions_to_reduce"])
    x, init_value = _traced(x, init_value)
    result = lax().reduce(x, init_value, lambda a, b: function(a, b)[0], axes)
    return (result,)


def reduce_several(
    op: Operation, inputs: Sequence[Array], init_values: Sequence[Array]
) -> tuple[Array, ...]:
    function = library_function(op, "reducer")
    axes = tuple(op.attrs["dimensions_to_reduce"])

    def computation(a: Sequence[Array], b: Sequence[Array]) -> tuple[Array, ...]:
        return tuple(function(*a, *b))

    values, starts = tuple(_traced(*inputs)), tuple(_traced(*init_values))
    return tuple(lax().reduce(values, starts, computation, axes))


def reduce_window(
    op: Operation,
    x: Array,
    init_value: Array,
    dimensions: Array,
    strides: Array,
    base_dilations: Array,
    window_dilations: Array,
    padding: Array,
) -> tuple[Array]:
    function = library_function(op, "computation")
    x, init_value = _traced(x, init_value)
    result = lax().reduce_window(
        x,
        init_value,
        lambda a, b: function(a, b)[0],
        _ints(dimensions),
        _ints(strides),
        _pairs(padding),
        _ints(base_dilations),
        _ints(window_dilations),
    )
    return (result,)


def _unimplemented(op: Operation, function: LibraryFunction) -> UnimplementedError:
    what = function.only_op or "more than one op"
    return UnimplementedError(None, None, f"{op.type} with a function of {what}.")


def scatter(op: Operation, x: Array, indices: Array, updates: Array) -> tuple[Array]:
    function = library_function(op, "update_computation")
    numbers = ScatterNumbers.read(op.attrs)
    xla = lax()
    kinds: dict[str, Callable[..., Array]] = {
        **dict.fromkeys(_SUMS, xla.scatter_add),
        "Maximum": xla.scatter_max,
        "Minimum": xla.scatter_min,
        "Mul": xla.scatter_mul,
        "Second": xla.scatter,
    }
    kind = kinds.get(function.only_op)
    if kind is None:
        raise _unimplemented(op, function)
    axis = numbers.index_axis
    index_batch = tuple(i - (i > axis) for i in numbers.index_batch)
    dimension_numbers = xla.ScatterDimensionNumbers(
        update_window_dims=numbers.window,
        inserted_window_dims=numbers.inserted,
        scatter_dims_to_operand_dims=numbers.indexed,
        operand_batching_dims=numbers.batch,
        scatter_indices_batching_dims=index_batch,
    )
    x, updates = _traced(x, updates)
    result = kind(
        x,
        vectors_last(axis, indices),
        updates,
        dimension_numbers,
        indices_are_sorted=op.attrs["indices_are_sorted"],
        mode="drop",  # what does not fit in has no effect
    )
    return (result,)


def select_and_scatter(
    op: Operation,
    x: Array,
    dimensions: Array,
    strides: Array,
    padding: Array,
    source: Array,
    init_value: Array,
) -> tuple[Array]:
    """Put the values of a pooled array where their windows' extreme elements are."""
    import jax

    select, function = library_function(op, "select"), library_function(op, "scatter")
    x, source, init_value = _traced(x, source, init_value)
    xla = lax()
    # Of two equal ones the first is chosen, as by the gradient of the largest.
    limits = {"GreaterEqual": xla.max, "LessEqual": xla.min}
    if select.only_op not in limits:
        raise _unimplemented(op, select)
    if function.only_op not in _SUMS:
        raise _unimplemented(op, function)
    is_largest = select.only_op == "GreaterEqual"
    start = _least(x.dtype) if is_largest else -_least(x.dtype)

    def pooled(array: Array) -> Array:
        return xla.reduce_window(
            array,
            start,
            limits[select.only_op],
            _ints(dimensions),
            _ints(strides),
            _pairs(padding),
        )

    _, gradient = jax.vjp(pooled, x)
    return (gradient(source)[0] + init_value,)


def _least(dtype: Any) -> Any:
    return np.asarray(-np.inf, dtype)


# -- sorting by any comparison --------------------------------------------------------


def sort(op: Operation, inputs: Sequence[Array], dimension: Array) -> tuple[Array, ...]:
    """Sort several arrays alike, by a comparison of their elements.

    Comparisons are of arrays, so all pairs that a step of a sorting network exchanges
    are compared at once.
    """
    compare = library_function(op, "comparator")
    values = _traced(*inputs)
    axis = int(dimension)
    if not -values[0].ndim <= axis < values[0].ndim:
        raise InvalidArgumentError(
            None, None, f"dimension {axis} is not one of {values[0].ndim} axes"
        )
    if len(inputs) == 1 and compare.only_op == "Less" and values[0].dtype.kind in "iu":
        return (lax().sort(values[0], dimension=axis),)
    return _network(compare, values, axis)


def _network(
    compare: LibraryFunction, values: Sequence[Array], axis: int
) -> tuple[Array, ...]:
    """Sort by Batcher's bitonic network; equal elements keep their order."""
    xp = jax_numpy()
    moved = [xp.moveaxis(value, axis, -1) for value in values]
    size = moved[0].shape[-1]
    if size < 2:
        return tuple(values)
    width = 1 << (size - 1).bit_length()
    place = xp.broadcast_to(np.arange(width), (*moved[0].shape[:-1], width))
    padded = [_padded(value, width) for value in moved]

    def precedes(a: Sequence[Array], b: Sequence[Array]) -> Array:
        """Whether elements at `a` come before those at `b`."""
        *ours, place_a = a
        *theirs, place_b = b
        pairs = [one for pair in zip(ours, theirs, strict=True) for one in pair]
        swapped = [one for pair in zip(theirs, ours, strict=True) for one in pair]
        before, after = compare(*pairs)[0], compare(*swapped)[0]
        known = before | (~after & (place_a < place_b))
        # What fills up comes last.
        return xp.where((place_a >= size) | (place_b >= size), place_a < place_b, known)

    state = [*padded, place]
    for step, stage in _exchanges(width):
        partner = np.arange(width) ^ step
        others = [value[..., partner] for value in state]
        is_low = np.arange(width) < partner
        rises = (np.arange(width) & stage) == 0
        first = precedes(state, others)
        keeps = xp.where(is_low == rises, first, ~first)
        state = [
            xp.where(keeps, own, other)
            for own, other in zip(state, others, strict=True)
        ]
    return tuple(xp.moveaxis(value[..., :size], -1, axis) for value in state[:-1])


def _exchanges(width: int) -> Sequence[tuple[int, int]]:
    """Return how far apart pairs are, and how long rising runs get, step by step."""
    found = []
    stage = 2
    while stage <= width:
        step = stage // 2
        while step:
            found.append((step, stage))
            step //= 2
        stage *= 2
    return found


def _padded(value: Array, width: int) -> Array:
    xp = jax_numpy()
    sizes = [(0, 0)] * (value.ndim - 1) + [(0, width - value.shape[-1])]
    return xp.pad(value, sizes)


_WINDOW = ("window_dimensions", "window_strides", "padding")
KERNELS = {
    "XlaReduce": Kernel(reduce, takes_op=True),
    "XlaReduceWindow": Kernel(
        reduce_window,
        takes_op=True,
        static=(*_WINDOW, "base_dilations", "window_dilations"),
    ),
    "XlaScatter": Kernel(scatter, takes_op=True),
    "XlaSelectAndScatter": Kernel(select_and_scatter, takes_op=True, static=_WINDOW),
    "XlaVariadicReduce": Kernel(reduce_several, takes_op=True),
    "XlaVariadicReduceV2": Kernel(reduce_several, takes_op=True),
    "XlaVariadicSort": Kernel(sort, takes_op=True, static=("dimension",)),
}
