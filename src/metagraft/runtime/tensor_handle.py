"""Handles of values that stay in a session; what fetching `get_session_handle` gives.

Source: tensorflow python/ops/session_ops.py TensorHandle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from metagraft.kernels import session_tensors

if TYPE_CHECKING:
    from metagraft.graph.dtypes import DType
    from metagraft.graph.tensor import Tensor
    from metagraft.runtime.resources import Store

_HANDLE_OPS: Final = frozenset({"GetSessionHandle", "GetSessionHandleV2"})


class TensorHandle:
    """The handle of a value; the value goes when the handle does.

    It may be fed in place of its value, and in place of its own text.
    """

    def __init__(self, handle: Any, dtype: DType, store: Store) -> None:
        """Hold the value that `handle`, a string, names in `store`."""
        self._handle = handle if isinstance(handle, str) else handle.decode()
        self._dtype = dtype
        self._store = store
        self._owns_value = True

    def __del__(self) -> None:
        """Let the value go."""
        if self._owns_value:
            session_tensors.forget(self._store, self._handle.encode())

    def __str__(self) -> str:
        """Return the text of the handle."""
        return self._handle

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Return what is fed: the value, or the text where that is asked for."""
        del copy
        if dtype is not None and np.dtype(dtype) == np.dtype(object):
            text = np.empty((), object)
            text[()] = self._handle.encode()
            return text
        value = self.eval()
        return value if dtype is None else np.asarray(value, dtype)

    @property
    def handle(self) -> str:
        """The text of the handle."""
        return self._handle

    @property
    def dtype(self) -> DType:
        """The element type of the value."""
        return self._dtype

    def eval(self) -> Any:
        """Return the value.

        Raises:
            TypeError: The value may be gone.
        """
        self._check_owned()
        return session_tensors.value_of(self._store, self._handle.encode())

    def delete(self) -> None:
        """Let the value go now.

        Raises:
            TypeError: It may be gone already.
        """
        self._check_owned()
        self._owns_value = False
        session_tensors.forget(self._store, self._handle.encode())

    def get_raw_handle(self) -> str:
        """Return the text; the value then stays until it is deleted."""
        self._owns_value = False
        return self._handle

    def _check_owned(self) -> None:
        if not self._owns_value:
            raise TypeError(
                f"Persistent tensor {self._handle} may have already been deleted."
            )


Rebuild = Callable[[Sequence[Any]], Any]


def with_handles(tensors: Sequence[Tensor], rebuild: Rebuild, store: Store) -> Rebuild:
    """Return a function that puts handles in the place of their texts.

    Args:
        tensors: What is fetched.
        rebuild: Makes the result of their values.
        store: Where the values are.
    """
    places = {
        i: tensor.op.inputs[0].dtype
        for i, tensor in enumerate(tensors)
        if tensor.op.type in _HANDLE_OPS
    }
    if not places:
        return rebuild

    def rebuilt(values: Sequence[Any]) -> Any:
        made = [
            TensorHandle(np.asarray(value, object)[()], places[i], store)
            if i in places
            else value
            for i, value in enumerate(values)
        ]
        return rebuild(made)

    return rebuilt
