"""Handles of what a session keeps: an operation makes it once, handles lead to it.

Source: tensorflow core/framework/resource_mgr.cc ContainerInfo.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError, NotFoundError
from metagraft.formats.names import decode_name
from metagraft.kernels.kernel import Array, Kernel, RunContext

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

__all__ = [
    "DEFAULT_CONTAINER",
    "behind",
    "bytes_of",
    "handle_of",
    "kept",
    "on_run",
    "text_of",
]

DEFAULT_CONTAINER: Final = "localhost"
# Resources without a shared name are numbered, so that errors can tell them apart.
_numbers = itertools.count()


def kept(
    run: RunContext, op: Operation, kind: str, make: Callable[[str], Any]
) -> tuple[Array]:
    """Return the handle of what an operation keeps in the session.

    Args:
        run: The run.
        op: The operation; its `shared_name`, else its own name, is the resource's.
        kind: What it is, such as `queue`.
        make: Makes it, given the name for errors.
    """
    attrs = op.attrs
    container = decode_name(attrs.get("container", b"")) or DEFAULT_CONTAINER
    name = decode_name(attrs.get("shared_name", b""))
    if not name and attrs.get("use_node_name_sharing", False):
        name = op.name
    if name:
        resource = run.store.create_resource(kind, container, name, lambda: make(name))
    else:
        # No other operation has a resource of this name.
        resource = run.store.create_resource(
            kind,
            container,
            f"{op.name}:0",
            lambda: make(f"_{next(_numbers)}_{op.name}"),
        )
    return (handle_of(resource),)


def handle_of(resource: Any) -> Array:
    """Return the handle of something."""
    handle = np.empty((), object)
    handle[()] = resource
    return handle


def behind(handle: Array, cls: type[Any], op: Operation | None = None) -> Any:
    """Return what a handle leads to.

    Args:
        handle: The handle.
        cls: What it should lead to.
        op: The operation that takes it first, whose kind of handle is told apart.

    Raises:
        InvalidArgumentError: It is something else.
        NotFoundError: It is, and the handle is the name that older ops have.
    """
    resource = np.asarray(handle, object)[()]
    if isinstance(resource, cls):
        return resource
    if op is not None and op.inputs[0].dtype.is_ref:
        raise NotFoundError(
            None, None, f"Resource {op.inputs[0].name}/{cls.__name__} does not exist."
        )
    raise InvalidArgumentError(
        None,
        None,
        "Trying to access a handle's resource using the wrong type. The handle points"
        f" to a resource of type '{type(resource).__name__}' but you are trying to"
        f" access the resource as type '{cls.__name__}'",
    )


def on_run(
    function: Callable[..., tuple[Array, ...]], *, waits: bool = False
) -> Kernel:
    """Return the kernel of an op on what a session keeps.

    Args:
        function: Takes the run and the operation before the operands.
        waits: Whether it may wait for other runs.
    """
    return Kernel(function, host=True, on_run=True, waits=waits)


def bytes_of(value: Array) -> bytes:
    """Return the string in a scalar."""
    item: Any = np.asarray(value, object)[()]
    content: bytes = item
    return content


def text_of(value: Array) -> str:
    """Return the name of a file in a scalar."""
    return decode_name(bytes_of(value))
