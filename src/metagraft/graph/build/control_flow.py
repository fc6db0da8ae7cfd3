"""Nodes that only order others: NoOp groups, gates and dependencies.

Source: tensorflow python/ops/control_flow_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.conversion import (
    convert_to_tensor,
    internal_convert_to_tensor_or_indexed_slices,
)
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import (
    colocate_with,
    control_dependencies,
    device,
    name_scope,
)
from metagraft.graph.structure import flatten
from metagraft.graph.tensor import Tensor

__all__ = ["group", "no_op", "tuple_", "with_dependencies"]


def no_op(name: str | None = None) -> Operation:
    """Add an operation that does nothing."""
    added: Operation = apply_op("NoOp", name=name)
    return added


def group(*inputs: Any, name: str | None = None) -> Operation:
    """Add an operation that is done when all inputs are.

    Args:
        *inputs: Operations, tensors or variables, also nested.
        name: Name of the operation.

    Raises:
        TypeError: An input is none of these.
    """
    with name_scope(name, "group_deps", inputs) as scope:
        if not inputs:
            return no_op(name=scope)
        by_device: dict[str, list[Any]] = {}
        for item in flatten(inputs):
            if not hasattr(item, "device"):
                raise TypeError(
                    "'inputs' should be zero or more (nested) Tensors. Received "
                    f"'{item}' with type '{type(item)}'."
                )
            by_device.setdefault(item.device or "", []).append(item)
        if len(by_device) == 1:
            ((where, items),) = by_device.items()
            return _after(items, where, scope)
        parts = [_after(by_device[where], where, None) for where in sorted(by_device)]
        with control_dependencies(parts):
            return no_op(name=scope)


def _after(items: Sequence[Any], where: str, name: str | None) -> Operation:
    with control_dependencies(items), device(where):
        return no_op(name=name)


def with_dependencies(
    dependencies: Sequence[Any], output_tensor: Any, name: str | None = None
) -> Any:
    """Return a value equal to `output_tensor` that is there after `dependencies`."""
    values = [*dependencies, output_tensor]
    with (
        name_scope(name, "control_dependency", values) as scope,
        colocate_with(output_tensor),
        control_dependencies(dependencies),
    ):
        output = internal_convert_to_tensor_or_indexed_slices(output_tensor)
        if isinstance(output, IndexedSlices):
            return IndexedSlices(
                _identity(output.values, scope), output.indices, output.dense_shape
            )
        return _identity(output, scope)


def _identity(tensor: Tensor, name: str) -> Tensor:
    op_type = "RefIdentity" if tensor.dtype.is_ref else "Identity"
    same: Tensor = apply_op(op_type, input=tensor, name=name)
    return same


def tuple_(
    tensors: Sequence[Any], name: str | None = None, control_inputs: Any = None
) -> list[Any]:
    """Return the tensors, each there only when all of them are.

    Raises:
        ValueError: There is no tensor among them.
        TypeError: A control input is neither an operation nor a tensor.
    """
    with name_scope(name, "tuple", tensors):
        given = [_element(item) for item in tensors]
        gating = {_operation(item) for item in given if item is not None}
        for item in control_inputs or ():
            if not isinstance(item, Operation | Tensor):
                raise TypeError(
                    "'control_inputs' must only contain Operation or Tensor. "
                    f"Received: {type(item)}"
                )
            gating.add(_operation(item))
        if not gating:
            raise ValueError(
                f"'tensors' must have at least one Tensor. Received: {tensors}."
            )
        gate = group(*sorted(gating, key=lambda op: op.op_id))
        return [_gated(item, gate) for item in given]


def _element(item: Any) -> Any:
    if item is None or isinstance(item, Operation | Tensor | IndexedSlices):
        return item
    return convert_to_tensor(item)


def _operation(item: Any) -> Operation:
    found: Operation = item if isinstance(item, Operation) else item.op
    return found


def _gated(item: Any, gate: Operation) -> Any:
    if item is None:
        return None
    if isinstance(item, Operation):
        with control_dependencies([gate]):
            return group(item)
    return with_dependencies([gate], item)
