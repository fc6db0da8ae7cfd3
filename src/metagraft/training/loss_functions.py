"""Losses that are given as functions: their value, and the variables they read.

# TF: a tape records what the function computes, which names gradients differently.

Source: tensorflow python/training/optimizer.py Optimizer.compute_gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.structure import flatten

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor


def loss_of(function: Callable[[], Any]) -> Tensor:
    """Call the function and return the one tensor that it gives."""
    (value,) = flatten(function())
    tensor: Tensor = convert_to_tensor(value)
    return tensor


def variables_behind(loss: Tensor, trainable: Sequence[Any]) -> list[Any]:
    """Return those of the variables on which a loss depends, in the order of use."""
    first_use = _first_uses(loss.op)
    used = [(first_use[v.op], v) for v in trainable if v.op in first_use]
    return [variable for _, variable in sorted(used, key=itemgetter(0))]


def _first_uses(op: Operation) -> dict[Operation, int]:
    """Return, for all that an operation depends on, the number of its first user."""
    found = {op: op.op_id}
    waiting = [op]
    while waiting:
        user = waiting.pop()
        for tensor in user.inputs:
            before = tensor.op
            if before not in found:
                waiting.append(before)
            found[before] = min(found.get(before, user.op_id), user.op_id)
    return found
