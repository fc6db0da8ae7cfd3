"""Switches between the behaviours of TensorFlow 1 and 2.

Metagraft has the behaviour of version 1. Switching version 2 off is therefore what is
the case already, and switching it on is refused, except where both are built.

Source: tensorflow python/compat/v2_compat.py.
"""

from __future__ import annotations

from metagraft.api.variable_creation import disable_resource_variables
from metagraft.errors import UnimplementedError
from metagraft.graph.defaults import (
    builds_control_flow_of_functions,
    disable_eager_execution,
    use_control_flow_of_functions,
)


def disable_v2_behavior() -> None:
    """Behave as TensorFlow 1: graphs, reference variables, `Dimension`s in shapes."""
    disable_eager_execution()
    disable_resource_variables()
    disable_control_flow_v2()


def enable_v2_behavior() -> None:
    """Refuse: only version 1 is built.

    Raises:
        UnimplementedError: Always.
    """
    raise _not_built("enable_v2_behavior")


def disable_control_flow_v2() -> None:
    """Build conditionals and loops of Switch, Merge and frames, the default."""
    use_control_flow_of_functions(enabled=False)


def enable_control_flow_v2() -> None:
    """Build conditionals and loops as functions."""
    use_control_flow_of_functions(enabled=True)


def control_flow_v2_enabled() -> bool:
    """Whether the default graph gets conditionals and loops as functions."""
    return builds_control_flow_of_functions()


def disable_tensor_equality() -> None:
    """Compare tensors by identity, which is the case."""


def enable_tensor_equality() -> None:
    """Refuse: tensors are compared by identity.

    Raises:
        UnimplementedError: Always.
    """
    raise _not_built("enable_tensor_equality")


def disable_v2_tensorshape() -> None:
    """Give `Dimension`s when a `TensorShape` is indexed, which is the case."""


def enable_v2_tensorshape() -> None:
    """Refuse: indexing a `TensorShape` gives `Dimension`s.

    Raises:
        UnimplementedError: Always.
    """
    raise _not_built("enable_v2_tensorshape")


def _not_built(name: str) -> UnimplementedError:
    return UnimplementedError(
        None, None, f"tf.{name}: Metagraft has the behaviour of TensorFlow 1 only."
    )
