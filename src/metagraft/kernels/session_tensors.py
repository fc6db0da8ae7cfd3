"""Values that stay in the session between runs; twin of `ops/session_tensors.py`.

Source: tensorflow core/kernels/session_ops.cc.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Resources, RunContext
from metagraft.kernels.session_resources import bytes_of, on_run

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

_DEVICE: Final = "/job:localhost/replica:0/task:0/device:CPU:0"


class _KeptTensors:
    """Values by their handles."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._values: dict[bytes, Array] = {}

    def keep(self, name: str, value: Array) -> bytes:
        """Keep a value and return its handle."""
        with self._lock:
            handle = f"{name};{next(self._numbers)};{_DEVICE}".encode()
            self._values[handle] = value
            return handle

    def get(self, handle: bytes) -> Array:
        """Return the value of a handle."""
        with self._lock:
            if handle not in self._values:
                _refuse(handle)
            return self._values[handle]

    def delete(self, handle: bytes) -> None:
        """Forget a value."""
        with self._lock:
            if self._values.pop(handle, None) is None:
                _refuse(handle)


def _refuse(handle: bytes) -> None:
    text = handle.decode("utf-8", "replace")
    raise InvalidArgumentError(
        None, None, f"The tensor with handle '{text}' is not in the session store."
    )


def _kept(store: Resources) -> _KeptTensors:
    found: _KeptTensors = store.create_resource(
        "session_tensors", "localhost", "", _KeptTensors
    )
    return found


def _tensors(run: RunContext) -> _KeptTensors:
    return _kept(run.store)


def value_of(store: Resources, handle: bytes) -> Array:
    """Return the value that a session keeps behind a handle.

    Raises:
        InvalidArgumentError: There is none.
    """
    return _kept(store).get(handle)


def forget(store: Resources, handle: bytes) -> None:
    """Forget the value behind a handle if there still is one."""
    try:
        _kept(store).delete(handle)
    except InvalidArgumentError:
        return


def keep(run: RunContext, op: Operation, value: Array) -> tuple[Array]:
    """Keep a value; return its handle."""
    handle = np.empty((), object)
    handle[()] = _tensors(run).keep(op.name, np.array(value))
    return (handle,)


def get(run: RunContext, op: Operation, handle: Array) -> tuple[Array]:
    """Return the value of a handle.

    Raises:
        InvalidArgumentError: There is none, or it is of another type.
    """
    value = _tensors(run).get(bytes_of(handle))
    wanted = op.attrs["dtype"].as_numpy_dtype
    if value.dtype != wanted:
        raise InvalidArgumentError(
            None,
            None,
            f"The tensor of type {value.dtype} behind the handle was asked for as "
            f"{np.dtype(wanted)}.",
        )
    return (value,)


def delete(run: RunContext, op: Operation, handle: Array) -> tuple[()]:
    """Forget the value of a handle."""
    del op
    _tensors(run).delete(bytes_of(handle))
    return ()


KERNELS = {
    "GetSessionHandle": on_run(keep),
    "GetSessionHandleV2": on_run(keep),
    "GetSessionTensor": on_run(get),
    "DeleteSessionTensor": on_run(delete),
}
