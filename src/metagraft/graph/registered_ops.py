"""The ops that the running program registered, on top of those of `ops/`.

`catalogue.get` and `spec_for` look here first, and so does `metagraft.kernels`.
`runtime/registration.py` is what fills it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from metagraft.graph.catalogue import OpDef
    from metagraft.graph.op_spec import OpSpec

ORIGIN: Final = "registered"
"""The `origin` of the signatures of such ops."""


@dataclass(frozen=True, slots=True)
class RegisteredOp:
    """An op of the program.

    Attributes:
        definition: Its signature.
        spec: Its meaning.
        kernel: How it runs, a `Kernel` of a layer above; None if it does not.
        place: Where it was registered.
    """

    definition: OpDef
    spec: OpSpec
    kernel: Any
    place: str


_lock: Final = threading.Lock()
# Readers take no lock: the table changes by one entry at a time.
_table: Final[dict[str, RegisteredOp]] = {}
_change_count: int = 0

# Called several times for each operation that is added.
registered: Final[Callable[[str], RegisteredOp | None]] = _table.get
"""Return the op of a type if the program registered it."""


def registered_types() -> tuple[str, ...]:
    """Return the types of all ops that the program registered."""
    return tuple(_table.copy())


def change_count() -> int:
    """Return how often ops were registered or taken away.

    What was planned before a change may call a kernel that is gone.
    """
    return _change_count


def add(op: RegisteredOp) -> None:
    """Register an op.

    Raises:
        ValueError: One of that type is registered.
    """
    name = op.definition.name
    with _lock:
        earlier = _table.get(name)
        if earlier is not None:
            raise ValueError(
                f"Op '{name}' is registered already, at {earlier.place}. "
                f"metagraft.unregister_op('{name}') takes that away."
            )
        _table[name] = op
        _count_change()


def remove(op_type: str) -> None:
    """Take away an op that was registered.

    Raises:
        KeyError: It was not.
    """
    with _lock:
        if op_type not in _table:
            raise KeyError(f"Op '{op_type}' is not registered.")
        del _table[op_type]
        _count_change()


def _count_change() -> None:
    global _change_count  # noqa: PLW0603 - the count of the whole process
    _change_count += 1
