"""The ops that optimizers update variables with; twin of `kernels/training.py`.

All follow one pattern: first the variables (`var` and its slots, reference edges or
resource handles), then hyperparameters, which are scalars, and the gradient, which has
the shape of `var` or, in the `Sparse` ops, some of its rows.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.dtypes import resource
from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import (
    merge_dim,
    merged,
    with_rank,
)
from metagraft.graph.shapes import Dims

_GRADIENTS = ("grad", "delta")


def variable_dims(inputs: Shapes, index: int) -> Dims:
    """The shape of a variable, given by a reference or by a resource handle."""
    if inputs.dtype(index).base_dtype != resource:
        return inputs[index]
    behind = inputs.handle(index)
    return None if behind is None else behind[0]


def _merge_rows(dims: Dims, grad: Dims, indices: Dims) -> Dims:
    """Demand that `grad` holds one row of `dims` for every index.

    Raises:
        ValueError: It does not.
    """
    (count,) = with_rank(indices, 1)
    if grad is None:
        return dims
    if not grad:
        raise ValueError("Argument grad must not be a scalar. Got grad with rank 0")
    merge_dim(count, grad[0])
    return merged(dims, (None, *grad[1:]))


def training_shape(_: Any, inputs: Shapes) -> tuple[Dims, ...]:
    """Demand equal shapes of variables and gradient, and scalars elsewhere.

    The output of the ops on reference variables is `var` itself.
    """
    definition, op_type = inputs.op.definition, inputs.op.type
    if definition is None:
        raise AssertionError(f"{op_type} is not in the catalogue")
    dims: Dims = None
    names = [arg.name for arg in definition.inputs]
    for i, arg in enumerate(definition.inputs):
        if arg.is_ref or inputs.dtype(i) == resource:
            dims = merged(dims, variable_dims(inputs, i))
        elif arg.name in _GRADIENTS:
            # Gradients of resource variables are mostly left to the run.
            is_known = definition.outputs or op_type == "ResourceApplyGradientDescent"
            grad = inputs[i] if is_known else None
            if i + 1 < len(names) and names[i + 1] == "indices":
                dims = _merge_rows(dims, grad, inputs[i + 1])
            else:
                dims = merged(dims, grad)
        elif arg.name == "lr_power" and op_type.endswith("FtrlV2"):
            pass  # the kernel checks it
        elif arg.name != "indices":
            with_rank(inputs[i], 0)
    return (dims,) if definition.outputs else ()


_DENSE_ONLY = ("GradientDescent", "Adam", "AdaMax", "AddSign", "PowerSign")
_DENSE_AND_ROWS = (
    "Adadelta",
    "Adagrad",
    "AdagradDA",
    "AdagradV2",
    "CenteredRMSProp",
    "Ftrl",
    "FtrlV2",
    "Momentum",
    "ProximalAdagrad",
    "ProximalGradientDescent",
    "RMSProp",
)
OP_TYPES = (
    *(f"Apply{rule}" for rule in (*_DENSE_ONLY, *_DENSE_AND_ROWS)),
    *(f"SparseApply{rule}" for rule in _DENSE_AND_ROWS),
    *(f"ResourceApply{rule}" for rule in (*_DENSE_ONLY, *_DENSE_AND_ROWS)),
    *(f"ResourceSparseApply{rule}" for rule in _DENSE_AND_ROWS),
    "ResourceApplyAdamWithAmsgrad",
    "ResourceApplyKerasMomentum",
    "ResourceSparseApplyKerasMomentum",
)
OPS = tuple(
    OpSpec(
        name=op_type,
        shape=training_shape,
        source="tensorflow core/ops/training_ops.cc",
    )
    for op_type in OP_TYPES
)
