"""Steps of optimizers on operands at the edge of what they take."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

NAN, INF = np.nan, np.inf
_BETAS = {"beta1": 0.9, "beta2": 0.95}
_REGULAR = {"lr": 0.1, "l1": 0.05, "l2": 0.02}
_FTRL = {**_REGULAR, "lr_power": -0.5}
_RMS = {"lr": 0.1, "rho": 0.8, "momentum": 0.6, "epsilon": 0.01}
_SIGN = {"lr": 0.1, "sign_decay": 0.4, "beta": 0.7}
# Slots and hyperparameters.
OPTIMIZERS: dict[str, tuple[str, dict[str, float]]] = {
    "Adadelta": ("accum accum_update", {"lr": 0.1, "rho": 0.8, "epsilon": 0.01}),
    "Adagrad": ("accum", {"lr": 0.1}),
    "AdagradDA": (
        "gradient_accumulator gradient_squared_accumulator",
        {**_REGULAR, "global_step": 3},
    ),
    "Adam": (
        "m v",
        {"beta1_power": 0.7, "beta2_power": 0.8, "lr": 0.1, **_BETAS, "epsilon": 0.01},
    ),
    "AddSign": ("m", {**_SIGN, "alpha": 0.3}),
    "CenteredRMSProp": ("mg ms mom", _RMS),
    "Ftrl": ("accum linear", _FTRL),
    "FtrlV2": ("accum linear", {**_FTRL, "l2_shrinkage": 0.03}),
    "KerasMomentum": ("accum", {"lr": 0.1, "momentum": 0.6}),
    "Momentum": ("accum", {"lr": 0.1, "momentum": 0.6}),
    "PowerSign": ("m", {**_SIGN, "logbase": 0.5}),
    "ProximalAdagrad": ("accum", _REGULAR),
    "RMSProp": ("ms mom", _RMS),
}
_DENSE_ONLY = ("Adam", "AddSign", "PowerSign")
_NUMBERS = {
    "var": [[0.5, -1], [2, -0.25]],
    "grad": [[1, -2], [0.5, 0.75]],
    "linear": [[-1, 1], [0.5, -2]],
}


def step(tf: ModuleType, optimizer: str, *, rows: bool, **others: Any) -> Any:
    """Run one step; return the new values, or the error.

    Args:
        tf: The library.
        optimizer: A key of `OPTIMIZERS`.
        rows: Whether the gradient is of rows 1 and 0.
        others: Operands in place of the usual ones; None: a variable without value.
    """
    slots, hyperparameters = OPTIMIZERS[optimizer]
    operands: dict[str, Any] = {n: np.float32(v) for n, v in hyperparameters.items()}
    if "global_step" in operands:
        operands["global_step"] = np.int64(3)
    usual = np.array([[1, 2], [0.5, 1.5]])
    for name in ("var", *slots.split(), "grad"):
        operands[name] = np.array(_NUMBERS.get(name, usual), np.float32)
    if rows:
        operands["indices"] = np.array([1, 0], np.int32)
    attrs = {k: others.pop(k) for k in list(others) if isinstance(others[k], bool)}
    operands.update(others)
    variables = ("var", *slots.split())
    with tf.Graph().as_default(), tf.Session() as session:
        feeds: dict[Any, Any] = {}
        given: dict[str, Any] = {}
        for name, value in operands.items():
            if name in variables:
                given[name] = _variable(tf, name, value, session)
                continue
            array = np.asarray(value)
            given[name] = tf.placeholder(tf.as_dtype(array.dtype), None)
            feeds[given[name]] = array
        op = f"Resource{'Sparse' if rows else ''}Apply{optimizer}"
        return _values(tf, session, op, {**given, **attrs}, feeds)


def _variable(tf: ModuleType, name: str, value: Any, session: Any) -> Any:
    handle = tf.raw_ops.VarHandleOp(
        dtype=tf.float32, shape=tf.TensorShape(None), shared_name=name
    )
    if value is not None:
        session.run(tf.raw_ops.AssignVariableOp(resource=handle, value=value))
    return handle


def _values(
    tf: ModuleType, session: Any, op: str, given: dict[str, Any], feeds: Any
) -> Any:
    made = getattr(tf.raw_ops, op)(**given)
    handles = [t for t in given.values() if getattr(t, "dtype", None) == tf.resource]
    read = [
        tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32)
        for handle in handles
    ]
    try:
        session.run(made, feeds)
    except tf.errors.OpError as error:
        message = error.message.rpartition("Node: ")[2].partition("\n\t [[")[0]
        return type(error).__name__, message.rpartition("'\n")[2].partition("\n")[0]
    return session.run(read)


def infinities(tf: ModuleType) -> Any:
    """Steps with infinities and NaN among slots and gradients."""
    return {
        f"{optimizer} {name} {number} {rows}": _short(
            step(tf, optimizer, rows=rows, **{name: _first(name, number)})
        )
        for optimizer, (slots, _) in OPTIMIZERS.items()
        for rows in (False, True)[: 1 if optimizer in _DENSE_ONLY else 2]
        if (rows, optimizer) != (False, "CenteredRMSProp")
        for name in (slots.split()[-1], "grad")
        for number in (INF, NAN)
    }


def _short(arrays: Any) -> list[str]:
    """Numbers as texts; libraries differ in the last digits."""
    return [" ".join(f"{number:.3g}" for number in array.flat) for array in arrays]


def _first(name: str, number: float) -> Any:
    array = np.array(_NUMBERS.get(name, [[1, 2], [0.5, 1.5]]), np.float32)
    array[0] = number
    return array


def hyperparameters(tf: ModuleType) -> Any:
    """Steps with hyperparameters that are refused, or should be."""
    cases: tuple[tuple[str, bool, dict[str, Any]], ...] = (
        ("Ftrl", False, {"l1": -0.5}),
        ("Ftrl", True, {"l1": -0.5}),
        ("Ftrl", True, {"lr": 0}),
        ("Ftrl", True, {"lr": 0, "multiply_linear_by_lr": True}),
        ("Ftrl", True, {"lr_power": 0.5}),
        ("FtrlV2", True, {"l2_shrinkage": NAN}),
        ("FtrlV2", False, {"l2_shrinkage": NAN}),
        ("ProximalAdagrad", False, {"lr": 0}),
        ("ProximalAdagrad", True, {"l2": -1}),
        ("AdagradDA", True, {"global_step": np.int64(0)}),
        ("AdagradDA", True, {"lr": INF}),
    )
    return [
        step(
            tf,
            name,
            rows=rows,
            **{
                k: v if isinstance(v, bool | np.int64) else np.float32(v)
                for k, v in others.items()
            },
        )
        for name, rows, others in cases
    ]


def mistakes(tf: ModuleType) -> Any:
    """Operands of other shapes, rows that are not there, variables without value."""
    return [step(tf, name, rows=rows, **wrong) for name, rows, wrong in _mistakes()]


def _mistakes() -> Iterator[tuple[str, bool, dict[str, Any]]]:
    two = np.ones(2, np.float32)
    for name, (slots, numbers) in OPTIMIZERS.items():
        yield name, False, {next(iter(numbers)): two}
        if name != "CenteredRMSProp":  # of which TensorFlow shows another shape
            yield name, False, {slots.split()[0]: np.ones((2, 3), np.float32)}
        yield name, False, {"grad": two}
        yield name, False, {"var": None}
    rows = (
        {"indices": np.array([0, 2], np.int32)},
        {"indices": np.array([[0, 1]], np.int32)},
        {"grad": np.ones((2, 3), np.float32)},
        {"grad": np.ones((3, 2), np.float32)},
        {"var": np.float32(1)},
    )
    for wrong in rows:
        yield "Momentum", True, wrong
        yield "Adagrad", True, wrong
    yield "Adagrad", True, {"grad": two}
    yield "KerasMomentum", True, rows[0]
    yield "Adadelta", True, {"accum": two}
    empty = np.zeros((2, 0), np.float32)
    yield "Adagrad", True, {"var": empty, "accum": empty, "grad": empty}
