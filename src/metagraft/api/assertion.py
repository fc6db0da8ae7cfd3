"""`tf.Assert`: a run fails unless a condition holds.

Source: tensorflow python/ops/control_flow_assert.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.api.cond import cond
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build.control_flow import no_op
from metagraft.graph.conversion import convert_n_to_tensor, convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope

__all__ = ["assert_"]

# On the host anyway, so that nothing is saved by fetching them only on failure.
_HOST_TYPES = frozenset({dtypes.string, dtypes.int32})


def assert_(
    condition: Any,
    data: Sequence[Any],
    summarize: int | None = None,
    name: str | None = None,
) -> Operation:
    """Add an operation that fails with `data` if `condition` is false.

    Args:
        condition: A `bool` scalar.
        data: What the error shows.
        summarize: How many elements of each tensor it shows; 3 by default.
        name: Name scope of the nodes.
    """
    with name_scope(name, "Assert", [condition, data]):
        tensors = convert_n_to_tensor(data)
        if all(tensor.dtype in _HOST_TYPES for tensor in tensors):
            return _checked(condition, data, summarize)
        flag = convert_to_tensor(condition, name="Condition")
        guarded = cond(
            flag,
            no_op,
            lambda: _checked(flag, data, summarize),
            name="AssertGuard",
        )
        done: Operation = guarded.op
        return done


def _checked(condition: Any, data: Sequence[Any], summarize: int | None) -> Operation:
    # TF: the values are converted anew, in the branch.
    checked: Operation = apply_op(
        "Assert", condition=condition, data=data, summarize=summarize, name="Assert"
    )
    return checked
