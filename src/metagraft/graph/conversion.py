"""Turning Python values into tensors.

Objects of other modules, such as variables, take part by a method
`_to_graph_tensor(dtype, name, as_ref)`; classes of users by a method
`__tf_tensor__(dtype, name)` or by `register_tensor_conversion_function`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

from metagraft.errors import UnimplementedError
from metagraft.graph import dtypes
from metagraft.graph.composite import CompositeTensor, IndexedSlices, SparseTensor
from metagraft.graph.defaults import executing_eagerly, get_default_graph
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import Dimension, TensorShape
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_values import make_tensor_proto
from metagraft.proto import AttrValue, TensorProto

ConversionFunction = Callable[..., Any]

_NUMBERS: Final = (int, float)
_NATIVE: Final = (int, float, complex, str, bytes, bool, np.ndarray, np.generic)
# Registered by users: (priority, order, types, function).
_registered: list[tuple[int, int, tuple[type, ...], ConversionFunction]] = []


def convert_to_tensor(
    value: Any,  # anything that a conversion exists for
    dtype: Any = None,
    name: str | None = None,
    preferred_dtype: Any = None,
    dtype_hint: Any = None,
    as_ref: bool = False,
) -> Tensor:
    """Return `value` as a tensor of the default graph.

    Args:
        value: A tensor, variable, number, text, array or nested list of these.
        dtype: The element type asked for.
        name: The name of a node made for it.
        preferred_dtype: The type tried first when `dtype` is None.
        dtype_hint: The newer name of `preferred_dtype`.
        as_ref: Whether a variable may give its reference.

    Raises:
        TypeError: There is no conversion.
        ValueError: A tensor has another type than `dtype`.

    Source: tensorflow python/framework/ops.py convert_to_tensor.
    """
    wanted = None if dtype is None else as_dtype(dtype)
    if type(value) is Tensor:
        return _checked(value, wanted, name)
    protocol = getattr(value, "__tf_tensor__", None)
    if protocol is not None:
        given: Tensor = protocol(wanted, name)
        return given
    preferred = dtype_hint if preferred_dtype is None else preferred_dtype
    if wanted is None and preferred is not None:
        preferred = as_dtype(preferred).base_dtype
        try:
            return _convert(value, preferred, name, as_ref)
        except (TypeError, ValueError):
            pass  # a preference only
    return _convert(value, wanted, name, as_ref)


def _checked(tensor: Tensor, dtype: DType | None, name: str | None) -> Tensor:
    if dtype is not None and not dtype.is_compatible_with(tensor.dtype):
        prefix = "" if name is None else f"{name}: "
        raise ValueError(
            f"{prefix}Tensor conversion requested dtype {dtype.name} for Tensor with"
            f" dtype {tensor.dtype.name}: {tensor!r}"
        )
    return tensor


def _convert(value: Any, dtype: DType | None, name: str | None, as_ref: bool) -> Tensor:
    if isinstance(value, Tensor):
        return _checked(value, dtype, name)
    hook = getattr(value, "_to_graph_tensor", None)
    if hook is not None:
        tensor: Tensor = hook(dtype, name, as_ref)
        return tensor
    found = _by_registration(value, dtype, name, as_ref)
    if found is not None:
        return found
    rule = None if isinstance(value, _NATIVE) else _RULES.get(type(value))
    if rule is not None:
        return rule(value, dtype, name)
    if isinstance(value, (list, tuple)) and not as_ref:
        packed = _autopack(value, dtype, name)
        if packed is not None:
            return packed
    found = constant(value, dtype, name=name)
    return found if dtype is None else _registered_result(found, constant, dtype, name)


def _by_registration(
    value: Any, dtype: DType | None, name: str | None, as_ref: bool
) -> Tensor | None:
    for _, _, types, function in _registered:
        if isinstance(value, types):
            found = function(value, dtype=dtype, name=name, as_ref=as_ref)
            if found is not NotImplemented:
                return _registered_result(found, function, dtype, name)
    return None


def _registered_result(
    found: Any, function: Callable[..., Any], dtype: DType | None, name: str | None
) -> Tensor:
    prefix = "" if name is None else f"{name}: "
    if not isinstance(found, Tensor):
        raise RuntimeError(  # noqa: TRY004 - TensorFlow's class
            f"{prefix}Conversion function {function!r} returned non-Tensor: {found!r}"
        )
    if dtype is not None and not dtype.is_compatible_with(found.dtype):
        raise RuntimeError(
            f"{prefix}Conversion function {function!r} returned incompatible dtype:"
            f" requested = {dtype.name}, actual = {found.dtype.name}"
        )
    return found


def constant(
    value: Any,
    dtype: Any = None,
    shape: Any = None,
    name: str | None = None,
    verify_shape: bool = False,
    allow_broadcast: bool = True,
) -> Tensor:
    """Add a `Const` node.

    Raises:
        TypeError: The value does not fit `dtype` or `shape`.
        ValueError: The value has no tensor form.
    """
    if executing_eagerly():
        raise UnimplementedError(
            None,
            None,
            "Eager execution of operations is not built; open a graph with"
            " `with tf.Graph().as_default():`.",
        )
    is_number = type(value) in _NUMBERS and value and shape is None and not verify_shape
    if is_number and (dtype is None or type(dtype) is DType):
        attrs = _attrs_of_number(value, dtype)
    else:
        proto = make_tensor_proto(
            value,
            dtype,
            shape,
            verify_shape=verify_shape,
            allow_broadcast=allow_broadcast,
        )
        attrs = _attrs_of_constant(proto)
    graph = get_default_graph()
    types = [attrs["dtype"].type]
    op = graph.create_op("Const", (), types, name=name or "Const", attrs=attrs)
    return op.outputs[0]


# Programs have the same few numbers in many places. Zero has two forms that are equal.
@lru_cache(maxsize=1024, typed=True)
def _attrs_of_number(value: float, dtype: DType | None) -> dict[str, AttrValue]:
    return _attrs_of_constant(make_tensor_proto(value, dtype))


def _attrs_of_constant(proto: TensorProto) -> dict[str, AttrValue]:
    return {"value": AttrValue(tensor=proto), "dtype": AttrValue(type=proto.dtype)}


def _shape_constant(
    value: TensorShape, dtype: DType | None, name: str | None
) -> Tensor:
    dims: Any = value.dims_tuple
    if dims is None or None in dims:
        raise ValueError(
            f"Cannot convert a partially known TensorShape {value} to a Tensor."
        )
    if dtype is not None and dtype not in (dtypes.int32, dtypes.int64):
        raise TypeError(
            f"Cannot convert {value} to dtype {dtype.name}. Only int32 and int64 are"
            " supported."
        )
    is_large = any(size >= 2**31 for size in dims)
    if is_large and dtype == dtypes.int32:
        raise ValueError(
            f"Cannot convert TensorShape {value} to dtype int32; a dimension is too "
            "large. Consider using tf.int64."
        )
    if dtype is None:
        dtype = dtypes.int64 if is_large else dtypes.int32
    return constant(list(dims), dtype, name=name or "shape_as_tensor")


def _dimension_constant(
    value: Dimension, dtype: DType | None, name: str | None
) -> Tensor:
    if value.value is None:
        raise ValueError(f"Cannot convert unknown Dimension {value} to a Tensor.")
    if dtype is not None and dtype not in (dtypes.int32, dtypes.int64):
        raise TypeError(
            f"Cannot convert {value} to dtype {dtype.name}. Only int32 and int64 are"
            " supported."
        )
    return constant(value.value, dtype or dtypes.int32, name=name or "shape_as_tensor")


def _dense(value: IndexedSlices, dtype: DType | None, name: str | None) -> Tensor:
    from metagraft.graph.apply_op import op

    if dtype is not None and not dtype.is_compatible_with(value.dtype):
        raise ValueError(
            f"Tensor conversion requested dtype {dtype.name} for IndexedSlices with"
            f" dtype {value.dtype.name}"
        )
    if value.dense_shape is None:
        raise ValueError(
            "Tensor conversion requested for IndexedSlices without dense_shape:"
            f" {value}"
        )
    tensor: Tensor = op(
        "UnsortedSegmentSum",
        data=value.values,
        segment_ids=value.indices,
        num_segments=value.dense_shape[0],
        name=name,
    )
    return tensor


def _refuse_sparse(
    value: SparseTensor, dtype: DType | None, name: str | None
) -> Tensor:
    del dtype, name
    raise TypeError(
        f"Failed to convert {value} to Tensor: a SparseTensor has no dense form"
        " without `tf.sparse.to_dense`."
    )


def _refuse_operation(
    value: Operation, dtype: DType | None = None, name: str | None = None
) -> Tensor:
    del dtype, name
    raise TypeError(f"can't convert Operation '{value.name}' to Tensor")


_RULES: Final[dict[type, Callable[..., Tensor]]] = {
    IndexedSlices: _dense,
    TensorShape: _shape_constant,
    Dimension: _dimension_constant,
    SparseTensor: _refuse_sparse,
    Operation: _refuse_operation,
}


# -- lists that hold tensors ---------------------------------------------------------


def is_tensor_like(value: Any) -> bool:
    """Whether a value is a tensor or turns into one without a new constant."""
    return isinstance(value, Tensor) or hasattr(value, "_to_graph_tensor")


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor, a variable or a value made of tensors."""
    return is_tensor_like(x) or isinstance(
        x, (IndexedSlices, SparseTensor, CompositeTensor)
    )


def _leaf_dtype(values: Iterable[Any]) -> DType | None:
    for value in values:
        if is_tensor_like(value):
            return value.dtype.base_dtype
        if isinstance(value, (list, tuple)):
            found = _leaf_dtype(value)
            if found is not None:
                return found
    return None


def _autopack(
    values: Sequence[Any], dtype: DType | None, name: str | None
) -> Tensor | None:
    """Pack a nested list that holds a tensor; None if it holds none."""
    inferred = _leaf_dtype(values)
    if inferred is None:
        return None
    if dtype is None:
        dtype = inferred
    elif dtype != inferred:
        values = _cast_leaves(values, dtype)
    packed = _pack_level(values, dtype, name or "packed")
    assert isinstance(packed, Tensor)
    return packed


def _cast_leaves(values: Sequence[Any], dtype: DType) -> list[Any]:
    from metagraft.graph.build.math import cast

    found: list[Any] = []
    for value in values:
        if isinstance(value, (list, tuple)):
            found.append(_cast_leaves(value, dtype))
        elif is_tensor_like(value) and value.dtype.base_dtype != dtype.base_dtype:
            found.append(cast(value, dtype))
        else:
            found.append(value)
    return found


def _pack_level(values: Sequence[Any], dtype: DType, name: str) -> Tensor | list[Any]:
    from metagraft.graph.apply_op import op

    with name_scope(name) as scope:
        items: list[Any] = []
        for position, value in enumerate(values):
            if is_tensor_like(value):
                if value.dtype.base_dtype != dtype.base_dtype:
                    raise TypeError(
                        f"Cannot convert a list containing a tensor of dtype"
                        f" {value.dtype} to {dtype} (Tensor is: {value!r})"
                    )
                items.append(value)
            elif isinstance(value, (list, tuple)):
                items.append(_pack_level(value, dtype, str(position)))
            else:
                items.append(value)
        if not any(is_tensor_like(item) for item in items):
            return items
        tensors = [
            item if is_tensor_like(item) else constant(item, dtype, name=str(position))
            for position, item in enumerate(items)
        ]
        packed: Tensor = op("Pack", values=tensors, name=scope)
        return packed


# -- several values, and registration --------------------------------------------------


def convert_n_to_tensor(
    values: Any,
    dtype: Any = None,
    name: str | None = None,
    preferred_dtype: Any = None,
    as_ref: bool = False,
) -> list[Tensor]:
    """Return every item of a sequence as a tensor, named `name_0`, `name_1`, ...

    Raises:
        TypeError: `values` is no sequence, or an item has no conversion.
    """
    if not isinstance(values, Sequence) or isinstance(values, (str, bytes)):
        raise TypeError("values must be a sequence.")
    return [
        convert_to_tensor(
            value,
            dtype,
            None if name is None else f"{name}_{position}",
            preferred_dtype,
            as_ref=as_ref,
        )
        for position, value in enumerate(values)
    ]


def convert_to_tensor_or_indexed_slices(
    value: Any, dtype: Any = None, name: str | None = None, as_ref: bool = False
) -> Tensor | IndexedSlices:
    """Return a tensor, or `value` itself if it is an `IndexedSlices`."""
    if isinstance(value, IndexedSlices):
        if dtype is not None and not as_dtype(dtype).is_compatible_with(value.dtype):
            raise ValueError(
                f"Tensor conversion requested dtype {as_dtype(dtype).name} for Tensor"
                f" with dtype {value.dtype.name}: {value}"
            )
        return value
    return convert_to_tensor(value, dtype, name, as_ref=as_ref)


internal_convert_to_tensor_or_indexed_slices = convert_to_tensor_or_indexed_slices


def convert_n_to_tensor_or_indexed_slices(
    values: Sequence[Any], dtype: Any = None, name: str | None = None
) -> list[Tensor | IndexedSlices | None]:
    """Convert every item; None stays None."""
    return [
        None
        if value is None
        else convert_to_tensor_or_indexed_slices(
            value, dtype, None if name is None else f"{name}_{position}"
        )
        for position, value in enumerate(values)
    ]


def register_tensor_conversion_function(
    base_type: type | tuple[type, ...],
    conversion_func: ConversionFunction,
    priority: int = 100,
) -> None:
    """Teach `convert_to_tensor` a class.

    Args:
        base_type: The class, or several.
        conversion_func: `f(value, dtype=None, name=None, as_ref=False)` that returns a
            tensor or NotImplemented.
        priority: Lower runs first.

    Raises:
        TypeError: An argument is of a wrong kind.
    """
    types = base_type if isinstance(base_type, tuple) else (base_type,)
    if not types or not all(isinstance(t, type) for t in types):
        raise TypeError(
            "Argument `base_type` must be a type or a tuple of types."
            f" Obtained: {base_type}"
        )
    if any(issubclass(t, (Tensor, *_NATIVE)) for t in types):
        raise TypeError(
            "Cannot register conversions for Python numeric types and"
            " NumPy scalars and arrays."
        )
    if not callable(conversion_func):
        raise TypeError(
            f"Argument `conversion_func` must be callable. Received {conversion_func}."
        )
    _registered.append((priority, len(_registered), types, conversion_func))
    _registered.sort(key=lambda row: row[:2])
