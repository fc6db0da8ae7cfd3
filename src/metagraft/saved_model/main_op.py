"""Operations that prepare a model after it was loaded.

Source: tensorflow python/saved_model/main_op_impl.py.
"""

from __future__ import annotations

from metagraft.api.variable_collections import (
    global_variables_initializer,
    local_variables_initializer,
    tables_initializer,
)
from metagraft.graph.build.control_flow import group
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies


def main_op() -> Operation:
    """Return an operation that initialises all variables and tables."""
    return group(
        global_variables_initializer(),
        local_variables_initializer(),
        tables_initializer(),
    )


def main_op_with_restore(restore_op_name: Operation) -> Operation:
    """Return an operation that initialises everything and then restores.

    Args:
        restore_op_name: The operation that restores; its name is not taken.

    Raises:
        TypeError: It is no operation.
    """
    with control_dependencies([main_op()]):
        return group(restore_op_name)
