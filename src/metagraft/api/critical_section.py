"""`tf.CriticalSection`: parts of a graph that never run at the same time.

Source: tensorflow python/ops/critical_section_ops.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from metagraft.api import nest
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import group, tuple_
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.init_scope import init_scope
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import (
    add_to_collections,
    colocate_with,
    control_dependencies,
    get_collection,
    name_scope,
)
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_array import TensorArray

__all__ = ["CriticalSection"]

_SECTIONS: Final = "critical_sections"
_EXECUTIONS: Final = "critical_section_executions"


class _Execution(NamedTuple):
    """What one use of a section holds."""

    op: Operation
    handle: Tensor
    resources: list[Tensor]
    exclusive_resource_access: bool


class _Held(threading.local):
    """The sections whose functions are being built in this thread."""

    def __init__(self) -> None:
        self.signatures: list[Any] = []


_held: Final = _Held()


class CriticalSection:
    """A lock of the session: functions executed in it run one after the other."""

    def __init__(
        self,
        name: str | None = None,
        shared_name: str | None = None,
        critical_section_def: Any = None,
        import_scope: str | None = None,
    ) -> None:
        """Add the lock.

        Args:
            name: Name of the lock.
            shared_name: The name by which runs share it; its name by default.
            critical_section_def: Not supported, as in TensorFlow.
            import_scope: Without a definition it has no meaning.

        Raises:
            ValueError: There is a definition.
        """
        del import_scope
        if critical_section_def and name is not None:
            raise ValueError(
                f"Arguments critical_section_def={critical_section_def} and"
                f" shared_name={shared_name} are mutually exclusive. Please only"
                " specify one of them."
            )
        if critical_section_def:
            raise ValueError("Argument `critical_section_def` is not supported.")
        with name_scope(name, "CriticalSection", []) as scope, init_scope():
            shared_name = scope if shared_name is None else shared_name
            self._handle: Tensor = op("MutexV2", shared_name=shared_name, name=scope)
        made = self._handle.op
        container = made.get_attr("container").decode()
        self._signature = (container, shared_name, made.device or _colocation(made))
        add_to_collections(_SECTIONS, self)

    @property
    def name(self) -> str:
        """The name of the lock's operation."""
        return self._handle.op.name

    def execute(
        self,
        fn: Callable[[], Any],
        exclusive_resource_access: bool = True,
        name: str | None = None,
    ) -> Any:
        """Return what a function returns, computed while nobody else has the lock.

        Args:
            fn: Adds operations, and returns at least one tensor.
            exclusive_resource_access: Whether no other section may use the resources
                that the operations use.
            name: Name of the scope.

        Raises:
            ValueError: The function locks the same section, or uses a resource that
                another section does.
        """
        graph = get_default_graph()
        with name_scope(name, "critical_section_execute", []):
            with _holding(self._signature):
                lock = op("MutexLock", mutex=self._handle)
                before = set(graph.get_operations())
                with control_dependencies([lock]):
                    result = fn()
                created = [one for one in graph.get_operations() if one not in before]
            _wait_for_operands(created, lock.op)
            resources = _resources(created)
            self._check_resources(resources, exclusive_resource_access)
            leaves = [_identity(one) for one in nest.flatten(result)]
            with control_dependencies(leaves):
                with colocate_with(self._handle):
                    consumed = op("ConsumeMutexLock", mutex_lock=lock)
                result = nest.pack_sequence_as(result, tuple_(nest.flatten(result)))
            with control_dependencies([consumed]):
                outputs = nest.map_structure(_identity, result)
            add_to_collections(
                _EXECUTIONS,
                _Execution(lock.op, self._handle, resources, exclusive_resource_access),
            )
            return outputs

    def _is_own(self, handle: Tensor) -> bool:
        made, own = handle.op, self._handle.op
        if made.type != "MutexV2" or not made.get_attr("shared_name"):
            return False
        return made.get_attr("shared_name") == own.get_attr("shared_name") and (
            made.device == own.device or _colocation(made) == _colocation(own)
        )

    def _check_resources(self, resources: list[Tensor], is_exclusive: bool) -> None:
        if any(self._is_own(one) for one in resources):
            raise ValueError(
                "Attempting to lock a CriticalSection in which we are already running"
                f" (signature={self._signature}). This is illegal and may cause"
                " deadlocks."
            )
        for other in get_collection(_EXECUTIONS):
            if self._is_own(other.handle):
                continue
            if not (is_exclusive or other.exclusive_resource_access):
                continue
            shared = [one for one in resources if _is_among(one, other.resources)]
            if shared:
                raise ValueError(
                    f"This execution would access resources: {shared}. Either this lock"
                    f" (CriticalSection: {self._handle}) or lock '{other}'"
                    f" (CriticalSection: {other.handle}) requested exclusive resource"
                    " access of this resource. Did you mean to call execute with"
                    " keyword argument exclusive_resource_access=False?"
                )


@contextmanager
def _holding(signature: Any) -> Iterator[None]:
    if signature in _held.signatures:
        raise ValueError(
            f"Attempting to lock a CriticalSection (signature={signature}) in which we"
            " are already running. This is illegal and may cause deadlocks."
        )
    _held.signatures.append(signature)
    try:
        yield
    finally:
        _held.signatures.pop()


def _wait_for_operands(created: list[Operation], lock: Operation) -> None:
    """Make a lock wait for all that its function takes: else it could wait for it."""
    needed = {one.op for made in created for one in made.inputs}
    needed |= {one for made in created for one in made.control_inputs}
    needed -= {*created, *lock.control_inputs, lock}
    needed -= {one.op for one in lock.inputs}
    if needed:
        lock._add_control_input(  # noqa: SLF001
            group(*sorted(needed, key=lambda one: one.op_id))
        )


def _resources(created: list[Operation]) -> list[Tensor]:
    found: list[Tensor] = []
    for made in created:
        for one in made.inputs:
            if one.dtype == dtypes.resource and not _is_among(one, found):
                found.append(one)
    return found


def _is_among(tensor: Tensor, others: list[Tensor]) -> bool:
    return any(one is tensor for one in others)


def _colocation(made: Operation) -> Any:
    try:
        return made.get_attr("_class")
    except ValueError:
        return None


def _identity(value: Any) -> Any:
    if isinstance(value, TensorArray):
        return value.identity()
    if isinstance(value, Operation):
        return group(value)
    return array.identity(value)
