"""Families of rarer ops: programs that run, and mistakes, by module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs import (
    audio_feature_runs,
    clustering_runs,
    compiled_runs,
    critical_sections,
    distribution_runs,
    linear_operator_runs,
    optional_runs,
    rare_gradients,
    rare_op_runs,
    row_partition_runs,
    sdca_runs,
    sparse_matrix_runs,
    xla_module_runs,
    xla_runs,
)

MODULES: Mapping[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        audio_feature_runs,
        clustering_runs,
        compiled_runs,
        critical_sections,
        distribution_runs,
        linear_operator_runs,
        optional_runs,
        rare_gradients,
        rare_op_runs,
        row_partition_runs,
        sdca_runs,
        sparse_matrix_runs,
        xla_module_runs,
        xla_runs,
    )
}
RUNS: Mapping[str, Callable[[ModuleType], list[Any]]] = {
    f"{name}.{run}": function
    for name, module in MODULES.items()
    for run, function in module.RUNS.items()
}
MISTAKES: Mapping[str, Callable[[ModuleType], Any]] = {
    f"{name}.{mistake}": function
    for name, module in MODULES.items()
    for mistake, function in module.MISTAKES.items()
}


def results(tf: ModuleType, name: str) -> list[Any]:
    """Return what a program returns, as arrays that need no pickling."""
    with tf.Graph().as_default():
        return [storable(value) for value in RUNS[name](tf)]


def storable(value: Any) -> Any:
    """Return an array of plain types; strings as bytes."""
    array = np.asarray(value)
    if array.dtype == np.dtype(object):
        return np.array([bytes(item) for item in array.reshape(-1)])
    return array.astype(np.float32) if array.dtype.kind == "V" else array


def error_of(tf: ModuleType, name: str) -> list[str]:
    """Return the class and the message of the error that a mistake ends with."""
    with tf.Graph().as_default(), tf.Session() as session:
        try:
            session.run(MISTAKES[name](tf))
        except tf.errors.OpError as error:
            text = error.message.partition("\n\t [[{{node ")[0].strip()
            text = text.rpartition("\n")[2].strip()
            return [type(error).__name__, text.partition(", node name: ")[0]]
        except (TypeError, ValueError, RuntimeError) as error:
            return [type(error).__name__, str(error).partition(" for '")[0]]
    raise AssertionError("the call did not fail")
