"""Values inside graphs: Python and NumPy values <-> `TensorProto`.

Layout rules of `TensorProto` are in formats section 9: whole arrays are stored raw in
`tensor_content`, scalars and odd types in the repeated field of their type, and a
repeated field that is shorter than the tensor repeats its last value.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Hashable, Iterable, Iterator
from math import prod
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from metagraft.graph import dtypes
from metagraft.graph.shapes import Dimension, as_dims, dims_from_proto
from metagraft.proto import TensorProto

Array = npt.NDArray[Any]

_RAW_LIMIT_BYTES: Final = 1 << 31
_LARGEST_COPY_BYTES: Final = 1 << 26
# Floating types of a byte or less, stored in `float8_val`.
_BYTE_FLOATS: Final = frozenset({24, 25, 26, 27, 28, 33})
# Types whose arrays of more than one element are stored raw.
_RAW: Final = frozenset({1, 2, 3, 4, 5, 6, 9, 11, 12, 13, 14, 15, 16, 19, 22, 23}) | (
    _BYTE_FLOATS
)
# Repeated field by type number.
_FIELD: Final = {
    1: "float_val",
    2: "double_val",
    3: "int_val",
    4: "int_val",
    5: "int_val",
    6: "int_val",
    7: "string_val",
    8: "scomplex_val",
    9: "int64_val",
    10: "bool_val",
    11: "int_val",
    12: "int_val",
    13: "int_val",
    14: "half_val",
    15: "int_val",
    16: "int_val",
    17: "int_val",
    18: "dcomplex_val",
    19: "half_val",
    22: "uint32_val",
    23: "uint64_val",
    29: "int_val",
    30: "int_val",
    31: "int_val",
    32: "int_val",
}


# -- Python value -> proto ---------------------------------------------------------


def _is_given(dtype: Any) -> bool:
    """Whether a type is asked for.

    Raises:
        AttributeError: It is nothing, but not None. TF: then asks whether it is one of
            integers before it asks whether it is a type.
    """
    is_nothing = dtype is not None and not dtype and isinstance(dtype, Hashable)
    if is_nothing and not hasattr(dtype, "is_integer"):
        kind = type(dtype).__name__
        raise AttributeError(f"{kind!r} object has no attribute 'is_integer'")
    return dtype is not None


def make_tensor_proto(
    values: Any,  # whatever NumPy or TensorFlow takes as a value
    dtype: Any = None,
    shape: Any = None,
    verify_shape: bool = False,
    allow_broadcast: bool = False,
) -> TensorProto:
    """Store a Python or NumPy value in a `TensorProto`.

    Without `dtype`, Python floats become float32 and Python integers int32 where that
    loses nothing. With a `shape` that has more elements than `values`, the last value
    is repeated.

    Raises:
        TypeError: A value does not fit `dtype`, or the shape is not the asked one.
        ValueError: `values` is None, ragged, too long for `shape` or over 2 GB.

    Source: tensorflow python/framework/tensor_util.py make_tensor_proto.
    """
    if allow_broadcast and verify_shape:
        raise ValueError("allow_broadcast and verify_shape are not both allowed.")
    if isinstance(values, TensorProto):
        return values
    wanted = dtypes.as_dtype(dtype) if _is_given(dtype) else None
    if isinstance(values, np.ndarray | np.generic) and values.dtype.names:
        wanted = wanted or dtypes.as_dtype(values.dtype)
        values = np.asarray(values)[values.dtype.names[0]]  # a record of one number
    array = as_array(values, wanted, shape)
    found = _stored_dtype(array, wanted, values)
    dims, is_whole = _checked_shape(array, shape, verify_shape, allow_broadcast)
    proto = TensorProto(dtype=found.as_datatype_enum)
    proto.tensor_shape.SetInParent()
    for size in dims:
        proto.tensor_shape.dim.add(size=size)
    if is_whole and array.size > 1 and found.as_datatype_enum in _RAW:
        if array.nbytes >= _RAW_LIMIT_BYTES:
            raise ValueError(
                "Cannot create a tensor proto whose content is larger than 2GB:"
                f" shape {list(dims)}, {array.nbytes} bytes."
            )
        proto.tensor_content = array.tobytes()
        return proto
    _append_values(proto, found, array)
    return proto


def as_array(values: Any, dtype: dtypes.DType | None, shape: Any = None) -> Array:
    """Convert a Python value to the host array that stores it."""
    if isinstance(values, (np.ndarray, np.generic)):
        return _converted(np.asarray(values), dtype)
    if values is None:
        raise ValueError("None values not supported.")
    if hasattr(values, "value_index"):
        raise TypeError("Expected any non-tensor type, but got a tensor instead.")
    is_array = hasattr(values, "__array__") or hasattr(values, "__array_interface__")
    if is_array and not isinstance(values, (str, bytes)):
        return _converted(np.asarray(values), dtype)
    if shape is not None and 0 in (as_dims(shape) or (None,)):
        empty_type = dtype.numpy_dtype if dtype is not None else np.float32
        return np.empty(cast(Any, as_dims(shape)), empty_type)
    return _from_python(values, dtype)


def _converted(array: Array, dtype: dtypes.DType | None) -> Array:
    if array.dtype.kind in "US":
        array = np.array(
            [_as_bytes(v) for v in array.ravel().tolist()], object
        ).reshape(array.shape)
    elif array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("="))
    if dtype is None or not dtype.is_numpy_compatible:
        return array
    if dtype.base_dtype is dtypes.string:
        if array.dtype != object:
            raise TypeError(
                f"`dtype` {dtype!r} is not compatible with an array of"
                f" dtype {array.dtype}."
            )
        return array
    return array.astype(dtype.numpy_dtype, copy=False)


def _from_python(values: Any, dtype: dtypes.DType | None) -> Array:
    _check_leaves(values, dtype)
    if isinstance(values, (str, bytes)):
        return np.array(_as_bytes(values), object)
    if _has_dimension(values):
        if dtype is None:
            raise _not_convertible(values)
        values = _plain(values)
    is_text = dtype is not None and dtype.base_dtype is dtypes.string
    if is_text or _first_leaf_is_text(values):
        return _text_array(values)
    usable = dtype is not None and dtype.is_numpy_compatible
    array = _numeric_array(values, dtype if usable else None)
    return array if dtype is not None else _narrowed(array)


def _numeric_array(values: Any, dtype: dtypes.DType | None) -> Array:
    try:
        array = np.array(values)
    except ValueError as error:
        raise ValueError(
            "Can't convert Python sequence with mixed types or lengths to Tensor:"
            f" {error}"
        ) from error
    if array.dtype == object and dtype is not None:
        if dtype.is_floating or dtype.is_complex:
            return np.array(values, dtype.numpy_dtype)  # numbers of more than 64 bits
        if dtype.is_integer:
            return array.astype(dtype.numpy_dtype)  # refuses them
    if array.dtype == object or array.dtype.kind in "US":
        raise _not_convertible(values)
    if dtype is None:
        return array
    # TF: integers too large for the type wrap around, as in TensorFlow 2.21.
    with np.errstate(over="ignore"):
        return array.astype(dtype.numpy_dtype)


def _not_convertible(values: Any) -> TypeError:
    return TypeError(
        f"Failed to convert elements of {values!r} to Tensor. Consider casting"
        " elements to a supported type. See"
        " https://www.tensorflow.org/api_docs/python/tf/dtypes for supported TF dtypes."
    )


def _narrowed(array: Array) -> Array:
    """Make Python's numbers 32 bits wide where that loses nothing."""
    if array.dtype == np.float64:
        return array.astype(np.float32)
    if array.dtype == np.int64:
        narrow = array.astype(np.int32)
        return narrow if np.array_equal(narrow, array) else array
    return array


def _text_array(values: Any) -> Array:
    flat = [_as_bytes(v) for v in _leaves(values)]
    dims = _nested_dims(values)
    array = np.empty(len(flat), object)
    array[:] = flat
    return array.reshape(dims)


def _nested_dims(values: Any) -> tuple[int, ...]:
    dims: list[int] = []
    while isinstance(values, (list, tuple)):
        dims.append(len(values))
        if not values:
            break
        values = values[0]
    return tuple(dims)


def _as_bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise TypeError(
        f"Expected string, but got {value} of type {type(value).__name__!r}."
    )


def _stored_text(value: Any) -> bytes:
    if not isinstance(value, (str, bytes)):
        raise TypeError(f"Expected binary or unicode string, got {value!r}")
    return _as_bytes(value)


def _leaves(values: Any) -> Iterator[Any]:
    if isinstance(values, (list, tuple, range)):
        for value in values:
            yield from _leaves(value)
    elif isinstance(values, np.ndarray) and values.dtype == object:
        yield from values.ravel().tolist()
    else:
        yield values


def _first_leaf_is_text(values: Any) -> bool:
    return isinstance(next(_leaves(values), None), (str, bytes))


def _has_dimension(values: Any) -> bool:
    return any(isinstance(v, Dimension) for v in _leaves(values))


def _plain(values: Any) -> Any:
    if isinstance(values, (list, tuple)):
        return [_plain(v) for v in values]
    return values.value if isinstance(values, Dimension) else values


_INTEGRAL: Final = (numbers.Integral, np.integer, Dimension)
_ALLOWED: Final[dict[str, tuple[Any, ...]]] = {
    "integer": _INTEGRAL,
    "floating": (numbers.Real, np.integer, np.floating),
    "complex": (numbers.Complex, np.number),
    "string": (str, bytes),
    "bool": (bool, np.bool_),
}


def _leaf_kind(dtype: dtypes.DType) -> str | None:
    if dtype.is_integer or dtype.is_quantized:
        return "integer"
    if dtype.is_floating:
        return "floating"
    if dtype.is_complex:
        return "complex"
    return {"string": "string", "bool": "bool"}.get(dtype.base_dtype.name)


def _check_leaves(values: Any, dtype: dtypes.DType | None) -> None:
    """Raise `TypeError` for the first leaf that `dtype` does not take."""
    kind = None if dtype is None else _leaf_kind(dtype)
    allowed = None if kind is None else _ALLOWED[kind]
    for leaf in _leaves(values):
        if hasattr(leaf, "value_index"):
            raise TypeError("Expected any non-tensor type, but got a tensor instead.")
        if leaf is None:
            if dtype is None:
                if values is None:
                    raise ValueError("None values not supported.")
                raise _not_convertible(values)
            raise TypeError(f"Expected {dtype.name}, but got None of type 'NoneType'.")
        if allowed is None or isinstance(leaf, allowed):
            continue
        if hasattr(leaf, "dtype") or hasattr(leaf, "__array__"):
            _check_array_leaf(leaf, dtype, allowed)
            continue
        assert dtype is not None
        raise TypeError(
            f"Expected {dtype.name}, but got {leaf} of type {type(leaf).__name__!r}."
        )


def _check_array_leaf(leaf: Any, dtype: Any, allowed: tuple[Any, ...]) -> None:
    array = np.asarray(leaf)
    if not issubclass(array.dtype.type, allowed) and array.dtype.kind in "fcOSUb":
        raise TypeError(
            f"Expected {dtype.name}, but got {leaf} of type {type(leaf).__name__!r}."
        )


def _stored_dtype(
    array: Array, dtype: dtypes.DType | None, values: Any
) -> dtypes.DType:
    if dtype is not None and dtype.is_quantized:
        return dtype.base_dtype
    found = dtypes.as_dtype(array.dtype)
    if dtype is not None and dtype.base_dtype is not found:
        raise TypeError(
            f"`dtype` {dtype!r} is not compatible with {values!r} of dtype"
            f" {array.dtype}."
        )
    return found


def _checked_shape(
    array: Array, shape: Any, verify_shape: bool, allow_broadcast: bool
) -> tuple[tuple[int, ...], bool]:
    if shape is None:
        return array.shape, True
    sizes: Any = as_dims(shape)
    if sizes is None or None in sizes:
        raise TypeError(f"The shape of a constant must be fully known, got {shape}.")
    count = int(np.prod(sizes, dtype=np.int64))
    if allow_broadcast:
        fits = array.shape in ((), (1,)) or array.size == count
    else:
        fits = not verify_shape or array.shape == sizes
        if fits and array.size > count:
            raise ValueError(
                f"Too many elements provided. Takes at most {count}, but got"
                f" {array.size}."
            )
    if not fits:
        raise TypeError(f"Expected Tensor's shape: {sizes}, but got {array.shape}.")
    return sizes, count == array.size


def _append_values(proto: TensorProto, dtype: dtypes.DType, array: Array) -> None:
    number = dtype.as_datatype_enum
    flat = array.ravel()
    if number == 7:
        proto.string_val.extend(_stored_text(v) for v in flat.tolist())
        return
    if number in (8, 18):
        part = np.float32 if number == 8 else np.float64
        getattr(proto, _FIELD[number]).extend(flat.view(part).tolist())
        return
    if number in (14, 19):
        proto.half_val.extend(flat.view(np.uint16).tolist())
        return
    if number in _BYTE_FLOATS:
        proto.float8_val = flat.tobytes()
        return
    field = _FIELD.get(number)
    if field is None:
        raise TypeError(f"Element type not supported in TensorProto: {dtype.name}.")
    wide = flat.astype(np.int8) if number in (29, 30, 31, 32) else flat
    getattr(proto, field).extend(wide.tolist())


# -- proto -> array ----------------------------------------------------------------


def make_ndarray(tensor: TensorProto) -> Array:
    """Return the value of a `TensorProto` as an array.

    Raises:
        TypeError: Elements of this type have no array form (resources, variants).
        ValueError: The stored content does not fill the shape.

    Source: tensorflow python/framework/tensor_util.py MakeNdarray.
    """
    dtype = dtypes.from_enum(tensor.dtype).base_dtype
    dims = dims_from_proto(cast(Any, tensor.tensor_shape))
    if dims is None or None in dims:
        raise ValueError(f"The shape of a stored tensor must be known, got {dims}.")
    shape = cast("tuple[int, ...]", dims)
    count = prod(shape)
    number = dtype.as_datatype_enum
    if number in (20, 21):
        raise TypeError(f"Unsupported tensor type: {dtype.name}")
    if tensor.tensor_content and number != 7:
        content = tensor.tensor_content
        if len(content) != count * dtype.numpy_dtype.itemsize:
            raise ValueError(
                f"Tensor content has {len(content)} bytes, shape {list(shape)} of"
                f" {dtype.name} needs {count * dtype.numpy_dtype.itemsize}."
            )
        return np.frombuffer(content, dtype.numpy_dtype).reshape(shape).copy()
    flat = _typed_values(tensor, dtype)
    if len(flat) > count:
        raise ValueError(
            f"Tensor has {len(flat)} values, shape {list(shape)} takes {count}."
        )
    if len(flat) == count:
        return flat.reshape(shape)
    if len(flat) == 0:
        fill: Any = b"" if number == 7 else 0
        return _repeated(np.asarray(fill, dtype.numpy_dtype), shape)
    if len(flat) == 1:
        return _repeated(flat.reshape(()), shape)
    if count * dtype.numpy_dtype.itemsize >= _RAW_LIMIT_BYTES:
        raise ValueError(
            f"Tensor has {len(flat)} values, shape {list(shape)} takes {count}, which"
            " is more than 2 GB."
        )
    padded = np.full(count, flat[-1], dtype.numpy_dtype)
    padded[: len(flat)] = flat
    return padded.reshape(shape)


def _repeated(value: Array, shape: tuple[int, ...]) -> Array:
    """Return an array of one value; a large one takes no memory and is read-only."""
    array = np.broadcast_to(value, shape)
    return array if array.nbytes > _LARGEST_COPY_BYTES else array.copy()


def _typed_values(tensor: TensorProto, dtype: dtypes.DType) -> Array:
    number = dtype.as_datatype_enum
    if number == 7:
        array = np.empty(len(tensor.string_val), object)
        array[:] = list(tensor.string_val)
        return array
    if number in _BYTE_FLOATS:
        return np.frombuffer(tensor.float8_val, dtype.numpy_dtype)
    values: Iterable[Any] = getattr(tensor, _FIELD[number])
    if number in (14, 19):
        return (
            np.array(list(values), np.int64).astype(np.uint16).view(dtype.numpy_dtype)
        )
    if number in (8, 18):
        part = np.float32 if number == 8 else np.float64
        return np.array(list(values), part).view(dtype.numpy_dtype)
    if number in (29, 30, 31, 32):
        return (
            np.array(list(values), np.int64).astype(np.int8).astype(dtype.numpy_dtype)
        )
    return np.array(list(values), np.int64 if number in _WRAPPING else None).astype(
        dtype.numpy_dtype, copy=False
    )


_WRAPPING: Final = frozenset({4, 5, 6, 11, 12, 15, 16, 17})

MakeNdarray: Callable[[TensorProto], Array] = make_ndarray
