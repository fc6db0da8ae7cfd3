"""What TensorFlow demands of the operands of training ops, in its order and words.

Source: tensorflow core/kernels/training_ops.cc.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array
from metagraft.kernels.namespace import namespace

Check = Callable[[Mapping[str, Any], Mapping[str, Array]], None]

OUTSIDE: Final = "Index {index} at offset {place} in indices is out of range"
# One word for each check: a hyperparameter must be a scalar, a slot or a gradient have
# the shape of `var`; `>0`, `>=0` and `<=0` say more of a scalar. Those of the
# ops on rows are in `_OF_ROWS`.
_DENSE: Final = {
    "GradientDescent": "alpha delta",
    "Momentum": "lr accum grad momentum",
    "KerasMomentum": "lr accum grad momentum",
    "Adam": "beta1_power beta2_power lr beta1 beta2 epsilon m v grad",
    "AdamWithAmsgrad": "beta1_power beta2_power lr beta1 beta2 epsilon m v vhat grad",
    "AdaMax": "beta1_power lr beta1 beta2 epsilon m v grad",
    "RMSProp": "lr rho momentum epsilon ms mom grad",
    "CenteredRMSProp": "lr rho momentum epsilon mg ms mom grad",
    "Adagrad": "lr accum grad",
    "AdagradV2": "lr epsilon accum grad",
    "AdagradDA": "gradient_accumulator gradient_squared_accumulator grad lr l1 l2"
    " global_step",
    "Adadelta": "lr rho epsilon accum accum_update grad",
    "ProximalGradientDescent": "alpha l1 l2 delta",
    "ProximalAdagrad": "accum lr>0 l1>=0 l2>=0 grad",
    "Ftrl": "accum linear grad lr l1 l2 lr_power",
    "FtrlV2": "accum linear grad lr l1 l2 l2_shrinkage lr_power",
    "AddSign": "lr alpha sign_decay beta m grad",
    "PowerSign": "lr logbase sign_decay beta m grad",
}
_ROWS: Final = {
    "Momentum": "accum rank lr indices rows momentum",
    "KerasMomentum": "accum rank lr indices rows momentum",
    "RMSProp": "lr rho momentum epsilon ms mom rank indices rows",
    "CenteredRMSProp": "lr rho momentum epsilon mg ms mom rank indices rows",
    "Adagrad": "accum rank lr indices axes rows inner",
    "AdagradV2": "accum rank lr epsilon indices axes rows inner",
    "AdagradDA": "gradient_accumulator gradient_squared_accumulator rank indices lr"
    " l1 l2 global_step rows inner",
    "Adadelta": "accum accum_update rank lr rho epsilon indices rows",
    "ProximalGradientDescent": "rank alpha l1 l2 indices rows inner",
    "ProximalAdagrad": "accum rank lr>0 l1>=0 l2>=0 indices rows inner",
    "Ftrl": "accum linear rank indices lr>0 l1>=0 l2>=0 lr_power<=0 rows inner",
    "FtrlV2": "accum linear rank indices lr>0 l1>=0 l2>=0 lr_power<=0 rows inner"
    " l2_shrinkage>=0",
}
_LABELS: Final = {
    "l1": "l1 regularization strength",
    "l2": "l2 regularization strength",
    "l2_shrinkage": "l2 shrinkage regularization strength",
    "gradient_accumulator": "accum",
    "gradient_squared_accumulator": "accum",
}
# Where TensorFlow's words are others.
_LR_WITH_SPACE: Final = "lr is not a scalar : "
_DENSE_LABELS: Final = {
    ("Adam", "lr"): _LR_WITH_SPACE,
    ("AdamWithAmsgrad", "lr"): _LR_WITH_SPACE,
    ("AdaMax", "lr"): _LR_WITH_SPACE,
    ("RMSProp", "lr"): _LR_WITH_SPACE,
    ("CenteredRMSProp", "lr"): _LR_WITH_SPACE,
    ("Ftrl", "lr_power"): "lr_power is not a scalar",
    ("FtrlV2", "lr_power"): "lr_power is not a scalar",
}
_LR_OF_FTRL: Final = (
    "lr is not a positive scalar (or zero if multiply_linear_by_lr is set): "
)
_ROW_LABELS: Final = {
    ("Momentum", "lr"): _LR_WITH_SPACE,
    ("KerasMomentum", "lr"): _LR_WITH_SPACE,
    ("ProximalGradientDescent", "alpha"): "lr is not a scalar: ",
    ("Adadelta", "accum"): "accum_grad",
    ("Ftrl", "lr>0"): _LR_OF_FTRL,
    ("FtrlV2", "lr>0"): _LR_OF_FTRL,
}
_LIMITS: Final = {">0": "positive", ">=0": "non-negative", "<=0": "non-positive"}


def checks_of(rule: str, slots: Sequence[str], *, rows: bool) -> tuple[Check, ...]:
    """Return what is checked, in this order, before an optimizer's formula runs.

    Args:
        rule: The op type without `Apply`, `Resource` and `Sparse`.
        slots: The names of its variables.
        rows: Whether it is the op on rows.
    """
    words = (_ROWS if rows else _DENSE)[rule].split()
    labels = _ROW_LABELS if rows else _DENSE_LABELS
    return tuple(_check(word, slots, labels.get((rule, word))) for word in words)


def _check(word: str, slots: Sequence[str], label: str | None) -> Check:
    if word in _OF_ROWS:
        return _OF_ROWS[word]
    if word in slots or word in ("grad", "delta"):
        return partial(_same, word, label or _LABELS.get(word, word))
    name = word.rstrip("<>=0")
    limit = word.removeprefix(name)
    kind = f"a {_LIMITS[limit]} scalar" if limit else "a scalar"
    text = label or f"{_LABELS.get(name, name)} is not {kind}: "
    return partial(_scalar, name, limit, text)


def _refuse(text: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, text)


def _dims(array: Array) -> str:
    return "[" + ",".join(map(str, array.shape)) + "]"


def _same(name: str, label: str, _: Any, operands: Mapping[str, Array]) -> None:
    var, other = operands["var"], operands[name]
    if var.shape != other.shape:
        raise _refuse(
            f"var and {label} do not have the same shape{_dims(var)} {_dims(other)}"
        )


def _scalar(
    name: str,
    limit: str,
    text: str,
    attrs: Mapping[str, Any],
    operands: Mapping[str, Array],
) -> None:
    number = operands[name]
    if limit == ">0" and attrs.get("multiply_linear_by_lr", False):
        limit = ">=0"
    if number.shape or not _within(number, limit):
        raise _refuse(f"{text}{_dims(number)}")


def _within(number: Array, limit: str) -> bool:
    """Whether a number is so large; a compiled program cannot ask."""
    if not limit or namespace(number) is not np:
        return True
    if limit == ">0":
        return bool(number > 0)
    return bool(number >= 0 if limit == ">=0" else number <= 0)


def _rank(_: Any, operands: Mapping[str, Array]) -> None:
    if not operands["var"].shape:
        raise _refuse("var must be at least 1 dimensional")


def _vector(_: Any, operands: Mapping[str, Array]) -> None:
    if operands["indices"].ndim != 1:
        raise _refuse("indices must be one-dimensional")


def _axes(_: Any, operands: Mapping[str, Array]) -> None:
    if operands["var"].ndim != operands["grad"].ndim:
        raise _refuse("grad must have the same number of dimensions as var")


def _rows(_: Any, operands: Mapping[str, Array]) -> None:
    var, grad = operands["var"], operands["grad"]
    if grad.ndim < var.ndim:
        # TF: mostly ends the process.
        _axes(_, operands)
    for axis in range(1, var.ndim):
        if var.shape[axis] != grad.shape[axis]:
            raise _refuse(f"var and grad must match in dimension {axis}")
    if grad.shape[0] != operands["indices"].shape[0]:
        raise _refuse("grad must be the same size as indices in the first dimension.")
    # TF: takes more axes as long as they are of length 1.
    _axes(_, operands)


def _inner(_: Any, operands: Mapping[str, Array]) -> None:
    if math.prod(operands["grad"].shape[1:]) == 0:
        raise _refuse("Inner dimension should be greater than zero.")


_OF_ROWS: Final[Mapping[str, Check]] = {
    "rank": _rank,
    "indices": _vector,
    "axes": _axes,
    "rows": _rows,
    "inner": _inner,
}
