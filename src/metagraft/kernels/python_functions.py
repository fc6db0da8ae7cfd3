"""Calls of Python functions, on the host; twin of `ops/python_functions.py`.

Source: tensorflow python/lib/core/py_func.cc; python/ops/script_ops.py.
"""

from __future__ import annotations

import traceback
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from metagraft import errors
from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import DType, as_dtype, kernel_name
from metagraft.graph.python_functions import PYTHON_FUNCTIONS, PythonFunction
from metagraft.kernels.kernel import Array, Kernel

# Which error of a run each error of Python becomes; all others are unknown.
_ERRORS: tuple[
    tuple[tuple[type[Exception], ...], Callable[..., errors.OpError]], ...
] = (
    ((ValueError, TypeError), errors.InvalidArgumentError),
    ((StopIteration,), errors.OutOfRangeError),
    ((MemoryError,), errors.ResourceExhaustedError),
    ((NotImplementedError,), errors.UnimplementedError),
)


def python_function(attrs: Attrs, input: Sequence[Array]) -> tuple[Array, ...]:
    token = _token(attrs)
    function = PYTHON_FUNCTIONS.get(token)
    if function is None:
        raise errors.InvalidArgumentError(
            None,
            None,
            f"ValueError: Could not find callback with key={token} in the registry. "
            "The function is not stored in the graph: only the process that built the "
            "graph has it.",
        )
    try:
        result = function.call([_argument(array) for array in input])
        values = _as_list(result)
    except errors.InternalError:
        raise
    except Exception as error:
        raise _error_of(error) from error
    return _checked(token, values, attrs["Tout"])


def _token(attrs: Attrs) -> str:
    """Return the name of the function.

    Raises:
        InternalError: It is not UTF-8.
    """
    try:
        return str(attrs["token"], "utf-8")
    except UnicodeDecodeError:
        raise errors.InternalError(
            None,
            None,
            "Failed to create python tuple. Please make sure `token` is a well-formed "
            "UTF-8 string.",
        ) from None


# TF: folds it in every session anew.
def stateless_function(attrs: Attrs, input: Sequence[Array]) -> tuple[Array, ...]:
    """Call a function that returns the same for the same inputs.

    Without inputs it is called once: it is a constant that graph optimizers fold.
    """
    if input:
        return python_function(attrs, input)
    function = PYTHON_FUNCTIONS.get(_token(attrs))
    if function is None or function not in _CONSTANTS:
        values = python_function(attrs, input)
        if function is None:
            return values
        _CONSTANTS[function] = values
    return _CONSTANTS[function]


_CONSTANTS: weakref.WeakKeyDictionary[PythonFunction, tuple[Array, ...]]
_CONSTANTS = weakref.WeakKeyDictionary()


def _argument(array: Array) -> Any:
    """Return what the function gets: a scalar of NumPy's or `bytes` for rank zero."""
    array = np.asarray(array)
    if array.ndim:
        return array if array.flags.writeable else array.copy()
    return array.item() if array.dtype == object else array[()]


def _as_list(result: Any) -> list[Array]:
    if result is None:
        return []
    if isinstance(result, (tuple, list)):
        return [_as_array(value) for value in result]
    return [_as_array(result)]


def _as_array(value: Any) -> Array:
    """Return a value as an array; text becomes bytes."""
    array = np.asarray(value, order="C")
    if array.dtype.names:
        raise errors.InternalError(None, None, "Unsupported numpy data type")
    if array.dtype.char not in "SU":
        return array
    if array is not value:
        # NumPy drops zeros at the end of text, objects keep them.
        array = np.asarray(value, dtype=object)
    plain = np.empty(array.shape, object)
    for place in np.ndindex(array.shape):
        item = array[place]
        plain[place] = item.encode() if isinstance(item, str) else bytes(item)
    return plain


def _error_of(error: Exception) -> errors.OpError:
    kind = next(
        (to for of, to in _ERRORS if isinstance(error, of)), errors.UnknownError
    )
    text = "".join(traceback.format_exception(error))
    return kind(None, None, f"{type(error).__name__}: {error}\n{text}")


def _checked(
    token: str, values: Sequence[Array], types: Sequence[DType]
) -> tuple[Array, ...]:
    if not types:
        return ()
    if len(values) != len(types):
        raise errors.InvalidArgumentError(
            None,
            None,
            f"{token} returns {len(values)} values, but expects to see {len(types)} "
            "values.",
        )
    return tuple(
        _output(token, place, value, dtype)
        for place, (value, dtype) in enumerate(zip(values, types, strict=True))
    )


def _output(token: str, place: int, value: Array, dtype: DType) -> Array:
    if value.dtype == object:
        value = _texts(value)
    found = as_dtype(value.dtype)
    if found != dtype:
        raise errors.InvalidArgumentError(
            None,
            None,
            f"{place}-th value returned by {token} is {kernel_name(found)}, but "
            f"expects {kernel_name(dtype)}",
        )
    return value


def _texts(value: Array) -> Array:
    """Return objects as bytes.

    Raises:
        InternalError: One is no text.
    """
    texts = np.empty(value.shape, object)
    for place in np.ndindex(value.shape):
        item = value[place]
        if isinstance(item, str):
            item = item.encode()
        if not isinstance(item, bytes):
            name = type(item).__name__
            raise errors.InternalError(None, None, f"Unsupported object type {name}")
        texts[place] = item
    return texts


# Functions may run the session, and wait for each other.
_KERNEL = Kernel(python_function, host=True, files=True, waits=True)

KERNELS = {
    "EagerPyFunc": _KERNEL,
    "PyFunc": _KERNEL,
    "PyFuncStateless": Kernel(stateless_function, host=True, files=True, waits=True),
}
