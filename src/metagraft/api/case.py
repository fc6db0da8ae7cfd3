"""`tf.case`: the first of several conditions decides.

Source: tensorflow python/ops/control_flow_case.py.
"""

from __future__ import annotations

import functools
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final

from metagraft.api.assertion import assert_
from metagraft.api.cond import cond
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build.array import stack
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import constant
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["case"]

_LOGGER: Final = logging.getLogger("metagraft")
Action = Callable[[], Any]


def case(
    pred_fn_pairs: Any,
    default: Action | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:
    """Return the result of the first function whose predicate is true.

    Args:
        pred_fn_pairs: Pairs of a `bool` scalar and a function, or a dictionary.
        default: The function called if no predicate is true; without it that is an
            error when the graph runs.
        exclusive: Whether more than one true predicate is an error.
        strict: Whether a list or tuple with one result stays one.
        name: Name scope of the nodes.

    Raises:
        TypeError: The pairs are no pairs of a predicate and a function.
    """
    predicates, actions = _pairs(pred_fn_pairs, exclusive, name)
    with name_scope(name, "case", [predicates]):
        if default is None:
            last, chosen = predicates[-1], actions[-1]
            predicates, actions = predicates[:-1], actions[:-1]
            default = _checked_default(predicates, last, chosen)
        function = default
        # Conditions are tried in their order, so the first one is outermost.
        for pred, action in reversed(list(zip(predicates, actions, strict=True))):
            function = functools.partial(
                cond, pred, true_fn=action, false_fn=function, strict=strict
            )
        if not exclusive:
            return function()
        checked = _check_count_of_true(predicates, 1, "Input error: exclusive=True")
        with control_dependencies([checked]):
            return function()


def _pairs(
    given: Any, exclusive: bool, name: str
) -> tuple[Sequence[Tensor], Sequence[Action]]:
    if not isinstance(given, (list, tuple, dict)):
        raise TypeError(
            f"'pred_fn_pairs' must be a list, tuple, or dict. Received: {type(given)}"
        )
    pairs: Any = given
    if isinstance(given, OrderedDict):
        pairs = list(given.items())
    elif isinstance(given, dict):
        pairs = sorted(given.items(), key=lambda item: str(item[0].name))
        if not exclusive:
            _LOGGER.warning(
                "%s: the predicates come in a dictionary, and exclusive=False: they "
                "are tried in the order of their names.",
                name,
            )
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(
                f"Each entry in 'pred_fn_pairs' must be a 2-tuple. Received {pair}."
            )
        pred, action = pair
        if not isinstance(pred, Tensor):
            raise TypeError(f"pred must be a Tensor, got: {pred}")
        if pred.dtype != dtypes.bool:
            raise TypeError(f"pred must be Tensor of type bool: {pred.name}")
        if not callable(action):
            raise TypeError(f"fn for pred {pred.name} must be callable.")
    return [pred for pred, _ in pairs], [action for _, action in pairs]


def _checked_default(others: Sequence[Tensor], pred: Tensor, action: Action) -> Action:
    """Return an action that checks that it alone was chosen."""

    def checked() -> Any:
        message = (
            f"Implementation error: selected default action #{len(others)} was called,"
            " but some of other predicates are True: "
        )
        text = "Input error: None of conditions evaluated as True:"
        stacked = stack([*others, pred], name="preds_c")
        no_other = _check_count_of_true(others, 0, message)
        this_one = assert_(pred, [text, stacked])
        with control_dependencies([no_other, this_one]):
            return action()

    return checked


def _check_count_of_true(predicates: Sequence[Tensor], count: int, text: str) -> Any:
    """Add an Assert that at most `count` predicates are true."""
    stacked = stack(predicates, name="preds_c")
    true_count = reduce_tensor(
        "Sum", cast(stacked, dtypes.int32), name="num_true_conds"
    )
    condition = apply_op(
        "LessEqual", x=true_count, y=constant(count, name="n_true_conds")
    )
    names = ", ".join(pred.name for pred in predicates)
    message = f"{text}: more than {count} conditions ({names}) evaluated as True:"
    return assert_(condition, [message, stacked], len(predicates))
