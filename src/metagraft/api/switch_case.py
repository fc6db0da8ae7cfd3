"""`tf.switch_case`: an integer chooses one of several functions.

Source: tensorflow python/ops/control_flow_switch_case.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from metagraft.api.branch_functions import indexed_case_of_functions
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["switch_case"]

Branch = Callable[[], Any]


def switch_case(
    branch_index: Any,
    branch_fns: Any,
    default: Branch | None = None,
    name: str = "switch_case",
) -> Any:
    """Return the result of the function that `branch_index` counts to.

    Args:
        branch_index: An integer scalar.
        branch_fns: Functions in a list, or pairs of a number and a function, or a
            dictionary of these.
        default: The function called for every other number; by default the last one.
        name: Name scope of the nodes.

    Raises:
        TypeError: An argument is of a wrong kind, or the results differ.
        ValueError: There are no functions, or the numbers are not 0, 1, ...
    """
    branches = _branches(branch_index, branch_fns)
    if default is not None:
        branches.append(default)
    with name_scope(name, "case", [branch_index]):
        return indexed_case_of_functions(branch_index, branches, "indexed_case")


def _branches(branch_index: Any, branch_fns: Any) -> list[Branch]:
    if not isinstance(branch_index, Tensor):
        raise TypeError(f"'branch_index' must be a Tensor, got {type(branch_index)}")
    if not branch_index.dtype.is_integer:
        raise TypeError(
            f"'branch_index' must be an integer Tensor, got {branch_index.dtype}"
        )
    if not branch_fns:
        raise ValueError("Must provide at least one item in 'branch_fns'")
    if not isinstance(branch_fns, list | tuple | Mapping):
        raise TypeError("'branch_fns' must be a list, tuple, or dict")
    pairs: list[Any] = list(
        branch_fns.items() if isinstance(branch_fns, Mapping) else branch_fns
    )
    if all(callable(branch) for branch in pairs):
        pairs = list(enumerate(pairs))
    for pair in pairs:
        _check_pair(pair)
    keys = sorted(key for key, _ in pairs)
    if keys != list(range(len(keys))):
        raise ValueError(
            "branch indices (keys) must form contiguous range of [0 to "
            f"{len(keys)}) but found {{{','.join(map(str, keys))}}}"
        )
    return [branch for _, branch in sorted(pairs, key=lambda pair: pair[0])]


def _check_pair(pair: Any) -> None:
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise TypeError(
            f"Each entry in 'branch_fns' must be a 2-tuple. Received {pair}."
        )
    key, branch = pair
    if not isinstance(key, int):
        raise TypeError(f"key must be a Python `int`, got {type(key)}")
    if not callable(branch):
        raise TypeError(f"fn for key {key} must be callable.")
