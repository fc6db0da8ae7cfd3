"""Functions that keep values in the session from run to run.

Source: tensorflow python/ops/session_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.constants import placeholder
from metagraft.graph.apply_op import op
from metagraft.graph.dtypes import string
from metagraft.graph.scopes import colocate_with, device
from metagraft.graph.tensor import Tensor

__all__ = ["delete_session_tensor", "get_session_handle", "get_session_tensor"]


def get_session_handle(data: Any, name: str | None = None) -> Tensor:
    """Keep a value in the session.

    Args:
        data: The tensor.
        name: Name of the operation.

    Returns:
        A scalar; running it gives the handle of the value.

    Raises:
        TypeError: `data` is no tensor.
    """
    if not isinstance(data, Tensor):
        raise TypeError("`data` must be of type Tensor.")
    with colocate_with(data):
        made: Tensor = op("GetSessionHandle", value=data, name=name)
    return made


def get_session_tensor(
    handle: Any, dtype: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Use a value that the session keeps.

    Args:
        handle: The text of its handle.
        dtype: The element type of the value.
        name: Name of the operation.

    Returns:
        A placeholder for the text of the handle, and the value.
    """
    with device(_device_of(handle)):
        holder = placeholder(string)
        value: Tensor = op("GetSessionTensor", handle=holder, dtype=dtype, name=name)
    return holder, value


def delete_session_tensor(handle: Any, name: str | None = None) -> tuple[Tensor, Any]:
    """Forget a value that the session keeps.

    Args:
        handle: The text of its handle.
        name: Name of the operation.

    Returns:
        A placeholder for the text of the handle, and the operation.
    """
    with device(_device_of(handle)):
        holder = placeholder(string)
        deleter = op("DeleteSessionTensor", handle=holder, name=name)
    return holder, deleter


def _device_of(handle: Any) -> str:
    """Return the device at the end of a handle."""
    text = handle.decode() if isinstance(handle, bytes) else str(handle)
    return text.rpartition(";")[2]
