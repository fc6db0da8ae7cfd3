"""Checks and prints inside a compiled program: done when it has run.

`Assert`, `CheckNumerics` and `Print` run on the host, but cutting the plan at each
would break a training step to pieces. Instead the program gives out their operands, and
a flag for each that says whether there is anything to do; the kernels run afterwards,
before new values of variables are stored, so that a failed check changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import is_traced, jax_numpy
from metagraft.runtime.evaluate import Environment, holds, traced_truth
from metagraft.runtime.node_errors import placed
from metagraft.runtime.plan import Node

CHECKS: Final = frozenset({"Assert", "CheckNumerics", "CheckNumericsV2"})
_DEFERRED: Final = CHECKS | {"Print"}


def is_deferred(node: Node) -> bool:
    """Whether a node of a program runs after it."""
    return node.op.type in _DEFERRED


@dataclass(slots=True)
class Deferred:
    """The deferred nodes of one program.

    While it is traced, `add` collects them; `outputs` is what the program gives out
    for them, and `run` takes that.
    """

    _nodes: list[Node] = field(default_factory=list)
    _flags: list[Array] = field(default_factory=list)
    _known: dict[int, Any] = field(default_factory=dict)
    _traced: dict[int, Array] = field(default_factory=dict)

    def add(self, node: Node, environment: Environment) -> None:
        """Note a node; its output, if any, is its first operand."""
        if holds(node.guards, environment) is False:
            return
        for slot in node.flat_inputs():
            value = environment[slot]
            (self._traced if is_traced(value) else self._known)[slot] = value
        first = environment[node.flat_inputs()[0]]
        for slot in node.outputs:
            environment[slot] = first
        self._nodes.append(node)
        alive = traced_truth(node.guards, environment)
        self._flags.append(alive & _needs_attention(node, first))

    def outputs(self) -> tuple[Any, Any]:
        """Return (flags, operands) for the program to give out."""
        if not self._nodes:
            return None, ()
        jnp = jax_numpy()
        flags = jnp.stack([jnp.asarray(flag).reshape(()) for flag in self._flags])
        return flags, tuple(self._traced.values())

    def run(self, flags: Any, operands: Sequence[Any]) -> None:
        """Run the kernels whose flag is set.

        Raises:
            OpError: A check failed.
        """
        if flags is None or not np.any(flags):
            return
        values = dict(self._known)
        values.update(zip(self._traced_slots(), operands, strict=True))
        for node, flag in zip(self._nodes, np.asarray(flags), strict=True):
            if flag:
                _call(node, values)

    def _traced_slots(self) -> list[int]:
        return list(self._traced)

    def forget_traced_values(self) -> None:
        """Let go of the tracers, which must not outlive their trace."""
        self._traced = dict.fromkeys(self._traced)
        self._flags.clear()


def _needs_attention(node: Node, first: Array) -> Array:
    """Return whether the kernel of a node has anything to do."""
    if node.op.type not in CHECKS:
        return np.bool_(True)
    jnp = jax_numpy()
    if node.op.type == "Assert":
        return np.bool_(True) if jnp.ndim(first) else ~first
    return ~jnp.all(jnp.isfinite(first))


def _call(node: Node, values: dict[int, Any]) -> None:
    arguments = [
        np.asarray(values[slots])
        if isinstance(slots, int)
        else tuple(np.asarray(values[slot]) for slot in slots)
        for slots in node.inputs
    ]
    try:
        node.kernel.fn(node.attrs, *arguments)
    except Exception as error:
        operands = [values[slot] for slot in node.flat_inputs()]
        raise placed(error, node.op, operands) from error
