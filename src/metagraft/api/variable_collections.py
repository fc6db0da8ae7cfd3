"""Lists of variables, and operations that set or check all of a list.

Source: tensorflow python/ops/variables.py.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

from metagraft.api.state import is_variable_initialized
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import group, no_op
from metagraft.graph.build.masks import boolean_mask
from metagraft.graph.conversion import constant
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.keys import GraphKeys
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import (
    colocate_with,
    device,
    get_collection,
    name_scope,
)
from metagraft.graph.tensor import Tensor

_REFERENCE_OPS: Final = ("Variable", "VariableV2", "AutoReloadVariable")


def global_variables(scope: str | None = None) -> list[Any]:
    """Return the variables that are shared and saved.

    Args:
        scope: A regular expression that their names begin with.
    """
    return get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def all_variables() -> list[Any]:
    """Return the global variables; the older name."""
    return global_variables()


def local_variables(scope: str | None = None) -> list[Any]:
    """Return the variables of this process that are not saved."""
    return get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def model_variables(scope: str | None = None) -> list[Any]:
    """Return the variables that inference needs."""
    return get_collection(GraphKeys.MODEL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """Return the variables that optimizers change by default."""
    return get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Any]:
    """Return the variables that have moving averages."""
    return get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


# -- setting ---------------------------------------------------------------------------


def variables_initializer(var_list: Sequence[Any], name: str = "init") -> Operation:
    """Return an operation that sets variables to their initial values."""
    if not var_list:
        return no_op(name=name)
    return group(*[variable.initializer for variable in var_list], name=name)


def global_variables_initializer() -> Operation:
    """Return an operation that sets all global variables to their initial values."""
    return variables_initializer(global_variables())


def local_variables_initializer() -> Operation:
    """Return an operation that sets all local variables to their initial values."""
    return variables_initializer(local_variables())


def tables_initializer(name: str = "init_all_tables") -> Operation:
    """Return an operation that fills all lookup tables of the graph.

    Args:
        name: Its name. Without tables the operation does nothing.
    """
    initializers = get_collection(GraphKeys.TABLE_INITIALIZERS)
    return group(*initializers, name=name) if initializers else no_op(name=name)


def initialize_all_tables(name: str = "init_all_tables") -> Operation:
    """Return `tables_initializer`; the older name."""
    return tables_initializer(name)


def initialize_variables(var_list: Sequence[Any], name: str = "init") -> Operation:
    """Return `variables_initializer`; the older name."""
    return variables_initializer(var_list, name=name)


def initialize_all_variables() -> Operation:
    """Return `global_variables_initializer`; the older name."""
    return global_variables_initializer()


def initialize_local_variables() -> Operation:
    """Return `local_variables_initializer`; the older name."""
    return local_variables_initializer()


# -- checking --------------------------------------------------------------------------


def _checked_variables(var_list: Sequence[Any] | None) -> Sequence[Any]:
    """The variables given, or all; in graphs without collections, all references."""
    if var_list is not None:
        return var_list
    found: Sequence[Any] = global_variables() + local_variables()
    return found or _reference_tensors()


def _reference_tensors() -> list[Tensor]:
    operations = get_default_graph().get_operations()
    return [op.outputs[0] for op in operations if op.type in _REFERENCE_OPS]


def assert_variables_initialized(
    var_list: Sequence[Any] | None = None,
) -> Tensor | None:
    """Return a tensor that fails to compute while a variable has no value."""
    variables = _checked_variables(var_list) or _reference_tensors()
    if not variables:
        return None
    ranks = []
    for variable in variables:
        with colocate_with(variable.op):
            ranks.append(array.rank(variable, optimize=False))
    return ranks[0] if len(ranks) == 1 else array.stack(ranks)


def report_uninitialized_variables(
    var_list: Sequence[Any] | None = None,
    name: str = "report_uninitialized_variables",
) -> Tensor:
    """Return a tensor of the names of the variables that have no value."""
    variables = _checked_variables(var_list)
    place = os.environ.get("TF_DEVICE_FOR_UNINITIALIZED_VARIABLE_REPORTING", "/cpu:0")
    with name_scope(name):
        are_set = [is_variable_initialized(variable) for variable in variables]
        with device(place):
            if not variables:
                return constant([], dtype=dtypes.string)
            unset = apply_op("LogicalNot", x=array.stack(are_set))
            names = constant([variable.op.name for variable in variables])
            return boolean_mask(names, unset)
