"""Fed values: found in the graph, converted to the tensor's type, checked.

The messages are TensorFlow's.

Source: tensorflow python/client/session.py BaseSession._run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from metagraft.errors import InternalError
from metagraft.graph.composite import CompositeTensor, IndexedSlices, SparseTensor
from metagraft.graph.tensor import Tensor

if TYPE_CHECKING:
    from metagraft.graph.graph import Graph

Converter = Callable[[Any], Any]


def flattened(feed_dict: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield (key, value) with tuple keys and composite tensors spread out.

    Raises:
        TypeError: It is no dictionary.
        ValueError: A tuple key and its value differ in structure.
    """
    if not isinstance(feed_dict, Mapping):
        raise TypeError(
            "FlattenDictItems: 'dict' must be a dictionary or collection.Mapping type "
            f"object, instead of '{type(feed_dict).__name__}'."
        )
    for key, value in feed_dict.items():
        yield from _flattened_item(key, value)


def _flattened_item(key: Any, value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(key, (tuple, list)):
        if not isinstance(value, (tuple, list)) or len(key) != len(value):
            raise ValueError(
                f"Could not flatten dictionary. Key had {len(key)} elements, but "
                f"value had {_length(value)} elements. Key: {key}, value: {value}."
            )
        for inner_key, inner_value in zip(key, value, strict=True):
            yield from _flattened_item(inner_key, inner_value)
        return
    parts = composite_parts(key)
    if parts is None:
        yield key, value
    elif isinstance(key, CompositeTensor):
        yield from zip(parts, key.component_feeds(value), strict=True)
    else:
        yield from zip(parts, value, strict=False)


def _length(value: Any) -> int:
    return len(value) if isinstance(value, (tuple, list)) else 1


def composite_parts(key: Any) -> Sequence[Tensor] | None:
    """Return the tensors that a composite tensor consists of, None for others."""
    if isinstance(key, SparseTensor):
        return [key.indices, key.values, key.dense_shape]
    if isinstance(key, IndexedSlices):
        parts = [key.values, key.indices]
        return parts if key.dense_shape is None else [*parts, key.dense_shape]
    return key.component_tensors() if isinstance(key, CompositeTensor) else None


def fed_tensor(graph: Graph, key: Any) -> Tensor:
    """Return the tensor that a key of a feed dictionary means.

    Raises:
        TypeError: It means none.
        ValueError: The tensor may not be fed.
    """
    try:
        tensor = graph.as_graph_element(key, allow_tensor=True, allow_operation=False)
    except (TypeError, ValueError, KeyError) as error:
        reason = error.args[0] if error.args else error
        raise TypeError(
            f"Cannot interpret feed_dict key as Tensor: {reason}"
        ) from error
    assert isinstance(tensor, Tensor)
    return tensor


def make_converter(graph: Graph, tensor: Tensor, key: Any) -> Converter:
    """Return the function that checks and converts the values fed to a tensor."""
    dtype = tensor.dtype.base_dtype
    if dtype.name in ("resource", "variant"):
        return _checked_handle
    numpy_dtype = np.dtype(dtype.as_numpy_dtype)
    scalar_class = dtype.as_numpy_dtype
    dims = tensor.dims
    name = tensor.name
    is_text = numpy_dtype == np.dtype(object)

    def convert(value: Any) -> Any:
        if type(value) is np.ndarray and value.dtype == numpy_dtype and not is_text:
            array = value
        else:
            _check_value(value, scalar_class, key)
            array = np.asarray(value, dtype=numpy_dtype)
        if dims is not None and dims != array.shape and not _fits(dims, array.shape):
            raise ValueError(
                f"Cannot feed value of shape {array.shape} for Tensor {name}, "
                f"which has shape {tensor.get_shape()}"
            )
        return _encoded(array) if is_text else array

    if not graph.is_feedable(tensor):
        raise ValueError(f"Tensor {name} may not be fed.")
    return convert


def _checked_handle(value: Any) -> Any:
    if isinstance(value, str | bytes | int | float | None):
        raise TypeError(f"Cannot feed {value!r} for a resource or variant.")
    return value


def _check_value(value: Any, scalar_class: Any, key: Any) -> None:
    if isinstance(value, Tensor):
        raise TypeError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values "
            "include Python scalars, strings, lists, numpy ndarrays, or TensorHandles. "
            f"For reference, the tensor object was {value} which was passed to the "
            f"argument `feed_dict` with key {key}."
        )
    if isinstance(value, int) and not _holds(scalar_class, value):
        raise TypeError(
            f"Type of feed value {value} with type {type(value)} is not compatible "
            f"with Tensor type {scalar_class}. Try explicitly setting the type of the "
            "feed tensor to a larger type (e.g. int64)."
        )


def _holds(scalar_class: Any, value: int) -> bool:
    if scalar_class is object:
        return False
    return bool(np.array(value).astype(scalar_class) == value)


def _fits(dims: Sequence[int | None], shape: tuple[int, ...]) -> bool:
    if len(dims) != len(shape):
        return False
    for known, size in zip(dims, shape, strict=True):
        if known is not None and known != size:
            return False
    return True


def _encoded(array: Any) -> Any:
    """Return a string array whose elements are all bytes."""
    flat = array.reshape(-1)
    if set(map(type, flat.tolist())) <= {bytes}:
        return array
    result = np.empty(flat.shape, dtype=object)
    for i, item in enumerate(flat):
        if isinstance(item, str):
            result[i] = item.encode()
        elif isinstance(item, bytes):
            result[i] = bytes(item)
        else:
            raise InternalError(
                None, None, f"Unsupported object type {type(item).__name__}"
            )
    return result.reshape(array.shape)
