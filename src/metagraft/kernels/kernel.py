"""What the runtime knows of a kernel: the function and how its op has to be run.

A kernel is a plain function `fn(attrs, *operands) -> tuple of outputs`. Operands
follow the input args of the op's signature; a list-valued arg is one tuple. The
outputs are flat, in the order of the op's outputs, with exactly their dtypes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.kernels.waits import Waits

# NumPy arrays, JAX arrays and JAX tracers have no type in common but this one.
Array = Any
KernelFunction = Callable[..., tuple[Array, ...]]
# In what a kernel raises, stands for the name of the node's first input.
FIRST_INPUT: Final = "\0first input\0"


class RandomStream(Protocol):
    """The Philox stream of one op in one session, as a random kernel sees it."""

    def reserve(self, n_samples_128: int) -> tuple[Array, Array]:
        """Take the next samples of the stream.

        Args:
            n_samples_128: How many blocks of 128 bits the kernel will draw.

        Returns:
            `(key, counter)`: `uint32[2]` and `uint32[4]`, lowest word first. The
            block `i` of this run is Philox of `counter + i`. NumPy arrays on the
            host, traced arrays while a program is traced.
        """


class Resources(Protocol):
    """What a session keeps by name: queues, readers, tables."""

    def create_resource(
        self, kind: str, container: str, name: str, make: Callable[[], Any]
    ) -> Any:
        """Return a resource, made by `make()` if it does not exist."""


class RunContext(Protocol):
    """The run, as a kernel sees that acts on what the session keeps."""

    @property
    def store(self) -> Resources:
        """What the session keeps."""

    @property
    def waits(self) -> Waits:
        """What the run waits with, so that it can be cancelled."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel function and what the planner must know about it.

    Attributes:
        fn: `fn(attrs, *operands)`, or `fn(rng, attrs, *operands)` if `random`.
        static: Input args whose *value* must be known when a program is traced;
            they arrive as `np.ndarray`.
        host: Runs only on the host: every operand arrives as `np.ndarray`.
        random: The first argument is a `RandomStream`.
        updates: Input args that are variables (reference edges or resource handles)
            and that the op changes. The kernel receives their current values and
            returns their new values, in this order, before the outputs; it
            leaves out outputs that are references (the runtime supplies these).
        reads: Input args that are resource handles; the kernel receives the
            value of the variable behind each.
        static_for: Where `static` depends on the operation: returns it for one.
        on_run: It acts on what the session keeps: `fn(run, op, *operands)`, with a
            `RunContext` and the operation itself in place of its attributes.
        takes_op: `fn(op, *operands)`: it gets the operation itself in place of its
            attributes, for functions that these name.
        files: It reads or writes files, so it runs when the graph runs: never to learn
            a value while a graph is built, imported or shown.
        waits: It may wait for other runs of the session, so it runs while nothing is
            held that these need.
        in_place: `fn(undo, attrs, *operands)`, the same on the host for variables (they
            are the first operands) that nobody else holds: it may change the arrays
            themselves, and notes in `undo` how to take that back.
    """

    fn: KernelFunction
    static: tuple[str, ...] = ()
    host: bool = False
    random: bool = False
    updates: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    static_for: Callable[[Operation], tuple[str, ...]] | None = None
    on_run: bool = False
    takes_op: bool = False
    files: bool = False
    waits: bool = False
    in_place: Callable[..., tuple[Array, ...]] | None = None

    def static_names(self, op: Operation) -> tuple[str, ...]:
        """Return the input args whose value must be known when `op` is traced."""
        return self.static if self.static_for is None else self.static_for(op)
