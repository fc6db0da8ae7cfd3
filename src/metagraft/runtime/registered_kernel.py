"""The kernels that programs write, made to keep what the others promise.

Outputs have the types that the signature says, 64-bit types stay so, and what is wrong
is said in terms of the op.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.catalogue import ArgDef, OpDef
from metagraft.graph.dtypes import DType, from_enum
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import host_run, is_host, is_traced, jax_numpy


def registered_kernel(
    definition: OpDef, function: Callable[..., Any], host: bool, static: tuple[str, ...]
) -> Kernel:
    """Return the kernel of an op of a program.

    Args:
        definition: The op's signature.
        function: `function(attrs, *inputs)`, which returns an output or a tuple.
        host: Whether it runs on NumPy arrays only.
        static: Inputs whose values must be known while it is traced.
    """

    def run_on_host(attrs: Mapping[str, Any], *inputs: Any) -> tuple[Array, ...]:
        arrays = [_as_array(value) for value in inputs]
        return _outputs(definition, attrs, function(attrs, *arrays))

    def run(attrs: Mapping[str, Any], *inputs: Any) -> tuple[Array, ...]:
        if _any_traced(inputs):
            return run_on_host(attrs, *inputs)
        # What the kernel computes with JAX must keep 64-bit types.
        with host_run():
            jax_numpy()
            return run_on_host(attrs, *inputs)

    return Kernel(run_on_host if host else run, static=static, host=host)


def _as_array(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_as_array, value))
    return np.asarray(value) if is_host(value) else value


def _any_traced(inputs: tuple[Any, ...]) -> bool:
    return any(
        is_traced(*value) if isinstance(value, tuple) else is_traced(value)
        for value in inputs
    )


def _outputs(
    definition: OpDef, attrs: Mapping[str, Any], returned: Any
) -> tuple[Array, ...]:
    """Return what a kernel returned as a tuple of arrays of the right types."""
    wanted = [
        (arg, dtype)
        for arg in definition.outputs
        for dtype in _types(definition, arg, attrs)
    ]
    if returned is None and not wanted:
        return ()
    if not isinstance(returned, tuple | list):
        returned = (returned,)
    if len(returned) != len(wanted):
        raise InvalidArgumentError(
            None,
            None,
            f"The kernel of {definition.name} returned {len(returned)} values for "
            f"{len(wanted)} outputs.",
        )
    return tuple(
        _output(definition, arg.name, dtype, value)
        for (arg, dtype), value in zip(wanted, returned, strict=True)
    )


def _types(definition: OpDef, arg: ArgDef, attrs: Mapping[str, Any]) -> Iterator[DType]:
    if arg.type_list_attr:
        yield from attrs[arg.type_list_attr]
        return
    dtype = attrs[arg.type_attr] if arg.type_attr else from_enum(arg.type)
    for _ in range(attrs[arg.number_attr] if arg.number_attr else 1):
        yield dtype


def _output(definition: OpDef, name: str, dtype: DType, value: Any) -> Array:
    wanted = np.dtype(dtype.base_dtype.as_numpy_dtype)
    if wanted == np.dtype(object):
        return _text(value)
    if isinstance(value, bool | int | float | complex):
        return np.asarray(value, wanted)
    if not hasattr(value, "dtype"):
        value = np.asarray(value)
    if value.dtype != wanted:
        raise InvalidArgumentError(
            None,
            None,
            f"The kernel of {definition.name} returned {value.dtype} for output "
            f"'{name}', which is {wanted}.",
        )
    return value


def _text(value: Any) -> Array:
    """Return text as an array of bytes objects."""
    array = np.asarray(value, dtype=object)
    encoded = [
        item.encode() if isinstance(item, str) else item for item in array.ravel()
    ]
    result = np.empty(len(encoded), dtype=object)
    result[:] = encoded
    return result.reshape(array.shape)
