"""Functions applied along the first axis: `map_fn`, `foldl`, `foldr`, `scan`.

Each is a loop over `TensorArray`s.

Source: tensorflow python/ops/map_fn.py, python/ops/functional_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from metagraft.api import mapped_parts, nest
from metagraft.api.variable_scope import get_variable_scope
from metagraft.api.while_loop import while_loop
from metagraft.graph.build.array import shape
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape, merge_dims
from metagraft.graph.structure import (
    check_same_structure,
    flatten,
    is_nested,
    map_structure,
    pack_like,
)
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_array import TensorArray
from metagraft.graph.variable import with_values

__all__ = ["foldl", "foldr", "map_fn", "scan"]


def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """Apply `fn` to the parts of `elems` along the first axis.

    Args:
        fn: Takes a part, structured like `elems`.
        elems: A tensor, or a structure of tensors; they may be sparse or ragged.
        dtype: Types, or specs, of what `fn` returns, if not those of `elems`.
        parallel_iterations: How many calls may run at a time; 10 by default.
        back_prop: Whether there are gradients.
        swap_memory: Whether what gradients need may be kept on the host.
        infer_shape: Whether all results have the same shape.
        name: Name scope of the nodes.
        fn_output_signature: Another name of `dtype`.

    Raises:
        TypeError: `fn` cannot be called.
        ValueError: There are no elements, or they are scalars.
    """
    _check_callable(fn)
    signature = dtype if fn_output_signature is None else fn_output_signature
    elems = with_values(elems)
    given = nest.flatten(elems)
    if not given:
        raise ValueError(
            "elems must be a Tensor or (possibly nested) sequence of Tensors. Got "
            f"{elems}, which does not contain any Tensors."
        )
    results_like = elems if signature is None else signature
    with name_scope(name, "map", given), _cached_variables():
        flat = [mapped_parts.as_elem(value) for value in given]
        specs = [mapped_parts.spec_of(value) for value in flat]
        batches = [mapped_parts.elements_of(value) for value in flat]
        static_count = _static_count(batches)
        count = static_count or shape(batches[0])[0]
        arrays = [TensorArray(dtype=t.dtype, size=count) for t in batches]
        arrays = [a.unstack(t) for a, t in zip(arrays, batches, strict=True)]
        start = constant(0)
        kinds = (
            [mapped_parts.any_shape(spec) for spec in specs]
            if signature is None
            else [mapped_parts.spec_of_result(kind) for kind in nest.flatten(signature)]
        )
        results = [
            TensorArray(
                dtype=mapped_parts.element_dtype(kind),
                size=count,
                infer_shape=infer_shape,
                element_shape=mapped_parts.element_shape(kind),
            )
            for kind in kinds
        ]

        def compute(i: Tensor, written: list[TensorArray]) -> Any:
            pairs = zip(specs, [array.read(i) for array in arrays], strict=True)
            rows = [mapped_parts.part_of(spec, element) for spec, element in pairs]
            value = fn(nest.pack_sequence_as(elems, rows))
            nest.assert_same_structure(signature or elems, value)
            # Without types, results of any kind are left.
            found = zip(kinds, nest.flatten(value), strict=bool(kinds))
            kept = [mapped_parts.as_element(kind, item) for kind, item in found]
            writes = zip(written, kept, strict=True)
            written = [array.write(i, item) for array, item in writes]
            return i + 1, written

        _, results = while_loop(
            lambda i, _: i < count,
            compute,
            (start, results),
            parallel_iterations=parallel_iterations or 10,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=count,
        )
        stacked = zip(kinds, _stacked(results, static_count), strict=True)
        joined = [mapped_parts.joined(kind, static_count, t) for kind, t in stacked]
    return nest.pack_sequence_as(results_like, joined)


def foldl(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Combine the parts of `elems` along the first axis, the first one first.

    Args:
        fn: Takes what was combined so far and a part.
        elems: A tensor, or a structure of tensors.
        initializer: What to begin with; the first part by default.
        parallel_iterations: How many calls may run at a time.
        back_prop: Whether there are gradients.
        swap_memory: Whether what gradients need may be kept on the host.
        name: Name scope of the nodes.

    Raises:
        TypeError: `fn` cannot be called.
    """
    _check_callable(fn)
    with name_scope(name, "foldl", [elems]), _cached_variables():
        count, arrays = _arrays_of(elems)
        if initializer is None:
            total = _parts(arrays, 0)
            start = constant(1)
        else:
            total = initializer
            start = constant(0)

        def compute(i: Tensor, a: Any) -> list[Any]:
            a = fn(a, _parts(arrays, i))
            return [i + 1, a]

        _, result = while_loop(
            lambda i, _: i < count,
            compute,
            [start, total],
            parallel_iterations=parallel_iterations,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=count,
        )
    return result


def foldr(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Combine the parts of `elems` along the first axis, the last one first.

    Args:
        fn: Takes what was combined so far and a part.
        elems: A tensor, or a structure of tensors.
        initializer: What to begin with; the last part by default.
        parallel_iterations: How many calls may run at a time.
        back_prop: Whether there are gradients.
        swap_memory: Whether what gradients need may be kept on the host.
        name: Name scope of the nodes.

    Raises:
        TypeError: `fn` cannot be called.
    """
    _check_callable(fn)
    with name_scope(name, "foldr", [elems]), _cached_variables():
        count, arrays = _arrays_of(elems)
        if initializer is None:
            start = count - 1
            total = _parts(arrays, start)
        else:
            start = count
            total = initializer

        def compute(i: Tensor, a: Any) -> list[Any]:
            i -= 1
            return [i, fn(a, _parts(arrays, i))]

        _, result = while_loop(
            lambda i, _: i > 0,
            compute,
            [start, total],
            parallel_iterations=parallel_iterations,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=count,
        )
    return result


def scan(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Combine the parts of `elems` along the first axis and return every step.

    Args:
        fn: Takes what was combined so far and a part.
        elems: A tensor, or a structure of tensors.
        initializer: What to begin with; the first part by default.
        parallel_iterations: How many calls may run at a time.
        back_prop: Whether there are gradients.
        swap_memory: Whether what gradients need may be kept on the host.
        infer_shape: Whether all results have the same shape.
        reverse: Whether the last part comes first.
        name: Name scope of the nodes.

    Raises:
        TypeError: `fn` cannot be called.
    """
    _check_callable(fn)
    result_like = elems if initializer is None else initializer
    given = flatten(elems) if is_nested(elems) else [elems]
    with name_scope(name, "scan", given), _cached_variables():
        flat = [convert_to_tensor(value, name="elem") for value in given]
        known = _first_size(flat[0])
        count: Any = shape(flat[0])[0] if known is None else known
        arrays = [
            TensorArray(dtype=t.dtype, size=count, element_shape=t.shape[1:])
            for t in flat
        ]
        arrays = [a.unstack(t) for a, t in zip(arrays, flat, strict=True)]
        first = (count - 1 if reverse else 0) if initializer is None else None
        if first is not None:
            totals = [array.read(first) for array in arrays]
            skipped = 1
        else:
            values = flatten(initializer) if is_nested(initializer) else [initializer]
            totals = [convert_to_tensor(value) for value in values]
            skipped = 0
        results = [
            TensorArray(
                dtype=total.dtype,
                size=count,
                element_shape=total.shape if infer_shape else None,
                infer_shape=infer_shape,
            )
            for total in totals
        ]
        if first is not None:
            results = [
                array.write(first, total)
                for array, total in zip(results, totals, strict=True)
            ]

        def compute(i: Tensor, a: list[Any], written: list[TensorArray]) -> Any:
            parts = _packed(elems, [array.read(i) for array in arrays])
            value = fn(_packed(result_like, a), parts)
            check_same_structure(result_like, value)
            items = flatten(value) if is_nested(result_like) else [value]
            pairs = zip(written, items, strict=True)
            written = [array.write(i, item) for array, item in pairs]
            return (i - 1 if reverse else i + 1), items, written

        start = count - 1 - skipped if reverse else skipped
        _, _, results = while_loop(
            (lambda i, *_: i >= 0) if reverse else (lambda i, *_: i < count),
            compute,
            (start, totals, results),
            parallel_iterations=parallel_iterations,
            back_prop=back_prop,
            swap_memory=swap_memory,
            maximum_iterations=count,
        )
        stacked = _stacked(results, _static_count(flat))
    return _packed(result_like, stacked)


def _check_callable(fn: Any) -> None:
    if not callable(fn):
        raise TypeError(
            f"{getattr(fn, '__name__', fn)} is not callable. Please provide a callable "
            "function."
        )


@contextmanager
def _cached_variables() -> Iterator[None]:
    """Read variables made inside once, not in every iteration."""
    scope = get_variable_scope()
    if scope.caching_device is not None:
        yield
        return
    scope.set_caching_device(lambda op: op.device)
    yield
    scope.set_caching_device(None)


def _first_size(tensor: Tensor) -> int | None:
    dims = tensor.dims
    return None if dims is None else dims[0]


def _static_count(tensors: Sequence[Tensor]) -> int | None:
    """Return the size of the first axis, if known.

    Raises:
        ValueError: The tensors differ in it.
    """
    count = _first_size(tensors[0])
    for tensor in tensors[1:]:
        size = _first_size(tensor)
        if count is not None and size is not None and count != size:
            raise ValueError(f"Dimensions {count} and {size} are not compatible")
    return count


def _arrays_of(elems: Any) -> tuple[Any, Any]:
    """Return the size of the first axis and `elems` as arrays of their parts."""
    flat = [convert_to_tensor(value, name="elem") for value in flatten(elems)]
    count = _first_size(flat[0]) or shape(flat[0])[0]
    arrays = map_structure(
        lambda elem: TensorArray(dtype=elem.dtype, size=count).unstack(elem), elems
    )
    return count, arrays


def _parts(arrays: Any, index: Any) -> Any:
    return map_structure(lambda array: array.read(index), arrays)


def _packed(like: Any, values: Sequence[Any]) -> Any:
    return pack_like(like, values) if is_nested(like) else values[0]


def _stacked(arrays: Sequence[TensorArray], count: int | None) -> list[Tensor]:
    stacked = [array.stack() for array in arrays]
    for tensor in stacked:
        rest = None if tensor.dims is None else tensor.dims[1:]
        if rest is not None:
            tensor.set_shape(TensorShape(merge_dims((count, *rest), tensor.dims)))
    return stacked
