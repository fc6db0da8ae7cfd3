"""Conditionals: `tf.cond` and what decides while the graph is built.

Source: tensorflow python/ops/cond.py, python/framework/smart_cond.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.branch_functions import cond_of_functions
from metagraft.errors import UnimplementedError
from metagraft.graph.build.branches import Branch, branch_by_switches
from metagraft.graph.constant_value import constant_value
from metagraft.graph.defaults import (
    builds_control_flow_of_functions,
    executing_eagerly,
)
from metagraft.graph.folding import folded_value
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor
from metagraft.graph.variable import GraphVariable

__all__ = ["cond", "smart_cond", "smart_constant_value"]


def cond(
    pred: Any,
    true_fn: Branch | None = None,
    false_fn: Branch | None = None,
    strict: bool = False,
    name: str | None = None,
    fn1: Branch | None = None,
    fn2: Branch | None = None,
) -> Any:
    """Return `true_fn()` if `pred` is true when the graph runs, else `false_fn()`.

    Both functions are called once, now; only the operations of one run later. What
    they use from outside is computed in any case.

    Args:
        pred: A `bool` scalar.
        true_fn: Makes the results of the branch taken if `pred` is true.
        false_fn: Makes results of the same structure and types for the other branch.
        strict: Whether a list or tuple with one result stays one.
        name: Name scope of the nodes.
        fn1: Old name of `true_fn`.
        fn2: Old name of `false_fn`.

    Raises:
        TypeError: A function is missing or cannot be called, or `pred` is a Python
            value, or the results are of different kinds.
        ValueError: The results differ in number or type, or there are none.
    """
    if_true = _branch("true_fn", "fn1", true_fn, fn1)
    if_false = _branch("false_fn", "fn2", false_fn, fn2)
    for branch, argument in ((if_true, "true_fn"), (if_false, "false_fn")):
        if not callable(branch):
            raise TypeError(f"'{argument}' must be callable.")
    if executing_eagerly():
        raise UnimplementedError(
            None, None, "tf.cond: eager execution is not built; open a graph."
        )
    if builds_control_flow_of_functions():
        return cond_of_functions(pred, if_true, if_false, name)
    with name_scope(name, "cond", [pred]):
        return branch_by_switches(pred, if_true, if_false, strict=strict)


def _branch(
    name: str, old_name: str, branch: Branch | None, old: Branch | None
) -> Branch:
    if old is not None:
        if branch is not None:
            raise TypeError(
                f"cond(): '{name}' and '{old_name}' may not be set simultaneously."
            )
        return old
    if branch is None:
        raise TypeError(f"cond(): '{name}' argument required")
    return branch


# -- deciding while the graph is built -------------------------------------------------


def smart_constant_value(pred: Any) -> bool | None:
    """Return the value of a predicate that never changes, else None.

    Args:
        pred: A tensor, a `bool`, or a number that equals 0 or 1.

    Raises:
        TypeError: It is none of these.
    """
    if isinstance(pred, Tensor):
        value = constant_value(pred)
        if value is None:
            value = folded_value(pred)
        return None if value is None else bool(value)
    if pred in {0, 1}:
        return bool(pred)
    raise TypeError(
        "Argument `pred` must be a Tensor, or a Python bool, or 1 or 0. Received: "
        f"pred={pred} of type {type(pred).__name__}"
    )


def smart_cond(
    pred: Any, true_fn: Branch, false_fn: Branch, name: str | None = None
) -> Any:
    """Return `true_fn()` or `false_fn()` if `pred` is known, else build a `cond`.

    Raises:
        TypeError: A function cannot be called, or `pred` is no predicate.
    """
    if not callable(true_fn):
        raise TypeError(f"Argument `true_fn` must be callable. Received {true_fn}")
    if not callable(false_fn):
        raise TypeError(f"Argument `false_fn` must be callable. Received {false_fn}")
    if isinstance(pred, GraphVariable):
        return cond(pred, true_fn, false_fn, strict=True, name=name)
    value = smart_constant_value(pred)
    if value is None:
        return cond(pred, true_fn, false_fn, name=name)
    return true_fn() if value else false_fn()
