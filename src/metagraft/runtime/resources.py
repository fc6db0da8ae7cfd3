"""What a session remembers between runs: variables, random counters, resources.

Reference variables and resource variables share one store. A variable is named by
its container and its `shared_name` (or the name of its node), as in TensorFlow, so
two nodes with one `shared_name` are one variable.

Values are NumPy arrays (read-only: nothing that a caller holds may change them) or
JAX arrays, whichever the last update produced. `lock` is held while values are read
and handed to a program and while new values are stored: a compiled update donates
the buffers of the old values, so no other run may pick these up in between.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from metagraft.errors import FailedPreconditionError, NotFoundError, OpError
from metagraft.graph.dtypes import DType
from metagraft.graph.shapes import Dims
from metagraft.kernels.kernel import Array
from metagraft.kernels.waits import Waits

DEFAULT_CONTAINER = "localhost"


@dataclass(frozen=True, slots=True)
class VariableDeclaration:
    """A variable as the graph declares it.

    Attributes:
        container: Named group of resources that `Session.reset` clears.
        name: `shared_name` or the name of the node.
        dtype: Element type of the value.
        dims: Declared shape.
        is_resource: Whether a `VarHandleOp` made it, not a reference variable.
        key: What the store knows the variable by.
    """

    container: str
    name: str
    dtype: DType
    dims: Dims
    is_resource: bool
    key: tuple[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the key, which every run needs."""
        object.__setattr__(self, "key", (self.container, self.name))

    def uninitialized(self, container_exists: bool = True) -> FailedPreconditionError:
        """Return the error for a read before the variable has a value.

        Args:
            container_exists: Whether any variable of the container has a value.
        """
        if not self.is_resource:
            return FailedPreconditionError(
                None, None, f"Attempting to use uninitialized value {self.name}"
            )
        return FailedPreconditionError(
            None,
            None,
            f"Could not find variable {self.name}. This could mean that the variable "
            "has been deleted. In TF1, it can also mean the variable is "
            f"uninitialized. Debug info: container={self.container}, status error "
            f"message={self._not_found(container_exists)}",
        )

    def missing(self, container_exists: bool = True) -> OpError:
        """Return the error for an update before the variable has a value."""
        if not self.is_resource:
            return self.uninitialized()
        return NotFoundError(None, None, self._not_found(container_exists))

    def _not_found(self, container_exists: bool) -> str:
        path = f"{self.container}/{self.name}"
        if container_exists:
            return f"Resource {path}/N10tensorflow3VarE does not exist."
        return (
            f"Container {self.container} does not exist. "
            f"(Could not find resource: {path})"
        )


class RandomState:
    """Key and counter of one random op: the state of its Philox generator.

    Source: tensorflow core/util/guarded_philox_random.cc, core/lib/random/
    philox_random.h.
    """

    __slots__ = ("counter", "key")

    def __init__(self, seed: int, seed2: int) -> None:
        """Start the stream of two seeds; both 0 mean a stream of its own."""
        if seed == 0 and seed2 == 0:
            seed, seed2 = secrets.randbits(64), secrets.randbits(64)
        mask = (1 << 64) - 1
        self.key = _words(seed & mask, 2)
        # The first seed is the key, the second one the high half of the counter.
        self.counter = (seed2 & mask) << 64

    def counter_words(self, ahead: int = 0) -> np.ndarray[Any, Any]:
        """Return the counter, `ahead` blocks on, as `uint32[4]`, lowest word first."""
        return _words((self.counter + ahead) & ((1 << 128) - 1), 4)

    def skip(self, n_blocks: int) -> None:
        """Move past `n_blocks` blocks of 128 bits."""
        self.counter = (self.counter + n_blocks) & ((1 << 128) - 1)


def _words(value: int, count: int) -> np.ndarray[Any, Any]:
    return np.array(
        [(value >> (32 * i)) & 0xFFFFFFFF for i in range(count)], dtype=np.uint32
    )


class Store:
    """Variables, random counters and other resources of one session.

    `shape_version` grows when a variable gets a value of another shape or type, or
    loses its value, so that programs compiled for the old shapes are not used.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.lock = threading.RLock()
        self.waits = Waits()
        # What runs wait with that are limited, by their threads.
        self.limits: dict[int, Waits] = {}
        self.shape_version = 0
        self._values: dict[tuple[str, str], Array] = {}
        self._random: dict[str, RandomState] = {}
        self._resources: dict[tuple[str, str, str], Any] = {}

    def limited_waits(self) -> Waits:
        """Return what a run of this thread waits with."""
        return self.limits.get(threading.get_ident(), self.waits)

    def get(self, declaration: VariableDeclaration) -> Array | None:
        """Return the value of a variable, or None if it has none."""
        return self._values.get(declaration.key)

    def host_value(self, declaration: VariableDeclaration) -> Any:
        """Return the value as a read-only NumPy array, or None if it has none."""
        value = self._values.get(declaration.key)
        if value is None or isinstance(value, np.ndarray):
            return value
        # A view of the buffer on the CPU. While it lives, JAX copies instead of
        # donating the buffer, so the view never changes.
        return np.asarray(value)

    def put(self, declaration: VariableDeclaration, value: Array | None) -> None:
        """Give a variable a value that nobody else will change; None removes it."""
        key = declaration.key
        if value is None:
            self._values.pop(key, None)
            self.shape_version += 1
            return
        if isinstance(value, np.ndarray) and value.flags.writeable:
            value.flags.writeable = False
        old = self._values.get(key)
        if old is None or old.shape != value.shape or old.dtype != value.dtype:
            self.shape_version += 1
        self._values[key] = value

    def put_many(
        self,
        declarations: Sequence[VariableDeclaration],
        values: Sequence[npt.NDArray[Any] | None],
    ) -> None:
        """Give variables values as `put` does; arrays are read-only already."""
        stored = self._values
        for declaration, value in zip(declarations, values, strict=True):
            key = declaration.key
            old = stored.get(key)
            if (
                value is None
                or old is None
                or old.shape != value.shape
                or (old.dtype is not value.dtype and old.dtype != value.dtype)
            ):
                self.put(declaration, value)
            else:
                stored[key] = value

    def no_value(self, declaration: VariableDeclaration, *, in_update: bool) -> OpError:
        """Return the error for using a variable that has no value."""
        exists = any(key[0] == declaration.container for key in self._values)
        if in_update:
            return declaration.missing(exists)
        return declaration.uninitialized(exists)

    def replace(self, declaration: VariableDeclaration, value: Array) -> None:
        """Store the same value in another form (a NumPy array as a JAX array)."""
        self._values[declaration.key] = value

    def values(self) -> Mapping[tuple[str, str], Array]:
        """Return the initialised variables by (container, name)."""
        return dict(self._values)

    def random_state(self, op_name: str, seed: int, seed2: int) -> RandomState:
        """Return the generator of a random op, started on first use."""
        state = self._random.get(op_name)
        if state is None:
            with self.lock:
                state = self._random.setdefault(op_name, RandomState(seed, seed2))
        return state

    def resource(self, kind: str, container: str, name: str) -> Any:
        """Return a resource (table, queue, ...).

        Raises:
            NotFoundError: There is no such resource.
        """
        try:
            return self._resources[kind, container, name]
        except KeyError:
            raise NotFoundError(
                None,
                None,
                f"Container {container} has no {kind} named '{name}'.",
            ) from None

    def create_resource(self, kind: str, container: str, name: str, make: Any) -> Any:
        """Return a resource, made by `make()` if it does not exist."""
        key = (kind, container, name)
        found = self._resources.get(key)
        if found is not None:
            return found  # without the lock, which a step may hold for long
        with self.lock:
            if key not in self._resources:
                self._resources[key] = make()
            return self._resources[key]

    def clear(self, containers: list[str] | None = None) -> None:
        """Forget the variables and resources of some containers, or of all."""
        with self.lock:
            names = set(containers or ())
            if not names or DEFAULT_CONTAINER in names:
                self._random.clear()
            self._values = {
                key: value
                for key, value in self._values.items()
                if names and key[0] not in names
            }
            self._resources = {
                key: value
                for key, value in self._resources.items()
                if names and key[1] not in names
            }
            self.shape_version += 1
