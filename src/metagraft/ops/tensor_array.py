"""Arrays of tensors; kernels in kernels/tensor_array.py.

The gradient of a read is a write to the array of the gradients, and the other way
round.

Source: tensorflow python/ops/tensor_array_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.build.array import identity
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.shape_checks import merged
from metagraft.graph.shapes import Dims, is_static
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_array import TensorArray

_FORWARDING = frozenset(
    {"Identity", "Enter", "Exit", "Switch", "Merge", "NextIteration"}
)

# -- shapes ----------------------------------------------------------------------------


def array_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Handle and flow."""
    del attrs, inputs
    return ((2,), ())


def handle_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Two strings, as for all handles of the first kind."""
    del attrs, inputs
    return ((2,),)


def flow_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A scalar."""
    del attrs, inputs
    return ((),)


def read_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """That of the elements, if the array knows it."""
    del attrs
    return _known_of_elements(inputs.tensor(0)) or (None,)


def gather_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """That of the elements behind the one of the indices."""
    told = (attrs["element_shape"],)
    (element,) = _known_of_elements(inputs.tensor(0)) or told
    return (None if element is None else (*(inputs[1] or (None,)), *element),)


def write_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A scalar; the value is an element."""
    del attrs
    merged((_known_of_elements(inputs.tensor(0)) or (None,))[0], inputs[2])
    return ((),)


def scatter_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A scalar; the value is elements, one after the other."""
    del attrs
    element = None if inputs[2] is None else inputs[2][1:]
    merged((_known_of_elements(inputs.tensor(0)) or (None,))[0], element)
    return ((),)


def concat_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Unknown; then a vector of lengths."""
    del attrs, inputs
    return (None, (None,))


def _known_of_elements(handle: Tensor) -> tuple[Dims] | None:
    """Return what an array says of the shape of its elements; None if nothing."""
    op = handle.op
    while op.type in _FORWARDING or op.type == "TensorArrayGradV3":
        op = op.inputs[0].op
    if op.type == "TensorArrayGradWithShape":
        known, prefix = _known_of_elements(op.inputs[0]), op.inputs[2].dims
        if known is None or known[0] is None or not prefix or prefix[0] is None:
            return known and (None,)
        return ((*(None,) * prefix[0], *known[0]),)
    if op.type != "TensorArrayV3":
        return None
    dims: Dims = op.attrs["element_shape"]
    is_known = is_static(dims) or op.attrs["identical_element_shapes"]
    return (dims,) if is_known else None


# -- gradients -------------------------------------------------------------------------


def _source(tensor: Tensor) -> str:
    """Name the call of `gradients` that a gradient belongs to.

    Raises:
        ValueError: Its name scope does not begin with `gradients`.
    """
    parts = tensor.name.split("/")
    places = [i for i, part in enumerate(parts) if part.startswith("gradients")]
    if not places:
        raise ValueError(
            "Expected op/tensor name to start with gradients (excluding scope), got: "
            f"{tensor.name}. This means that a tf.gradients op with this op in its "
            "dependency path has a custom name that does not start with 'gradients'. "
            "Please make sure all calls to tf.gradients that have non-empty `name` "
            "arguments use names that start with 'gradients'."
        )
    return "/".join(parts[: places[-1] + 1])


def _gradients_of(
    handle: Tensor, dtype: Any, gradient: Tensor, flow: Tensor
) -> TensorArray:
    array = TensorArray(
        dtype=dtype, handle=handle, flow=flow, colocate_with_first_write_call=False
    )
    return array.grad(source=_source(gradient), flow=flow)


def _behind_write(op: Operation, flow: Tensor) -> Tensor:
    """Return the flow of the gradient, after the write that `op` is."""
    written = identity(op.outputs[0], "flow_out")
    with control_dependencies([written]):
        after: Tensor = identity(flow, "write_barrier")
    return after


def read_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Write it."""
    del g
    handle, index, flow = op.inputs
    gradients = _gradients_of(handle, op.attrs["dtype"], dy, flow)
    return [None, None, gradients.write(index, dy).flow]


def write_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Read it."""
    del g
    flow = _behind_write(op, dy)
    gradients = _gradients_of(op.inputs[0], op.attrs["T"], dy, flow)
    return [None, None, gradients.read(op.inputs[1]), flow]


def gather_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Scatter it."""
    del g
    handle, indices, flow = op.inputs
    gradients = _gradients_of(handle, op.attrs["dtype"], dy, flow)
    return [None, None, gradients.scatter(indices, dy).flow]


def scatter_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Gather it."""
    del g
    flow = _behind_write(op, dy)
    gradients = _gradients_of(op.inputs[0], op.attrs["T"], dy, flow)
    return [None, None, gradients.gather(op.inputs[1]), flow]


def concat_gradient(
    g: GradientBuilder, op: Operation, dy: Any, _: Any
) -> Sequence[Any]:
    """Split it."""
    del g
    handle, flow = op.inputs
    gradients = _gradients_of(handle, op.attrs["dtype"], dy, flow)
    return [None, gradients.split(dy, lengths=op.outputs[1]).flow]


def split_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Put it together."""
    del g
    flow = _behind_write(op, dy)
    gradients = _gradients_of(op.inputs[0], op.attrs["T"], dy, flow)
    return [None, gradients.concat(), None, flow]


_SOURCE = "tensorflow core/ops/data_flow_ops.cc"


def _spec(
    name: str,
    shape: Any = None,
    gradient: Any = NOT_DIFFERENTIABLE,
    ranks: str = "",
) -> OpSpec:
    return OpSpec(
        name=name, shape=shape, gradient=gradient, source=_SOURCE, ranks=ranks
    )


# Shapes, gradients and ranks of the operands.
_ON_ARRAYS = {
    "Read": (read_shape, read_gradient, "h00"),
    "Write": (write_shape, write_gradient, "h0-0"),
    "Gather": (gather_shape, gather_gradient, "h10"),
    "Scatter": (scatter_shape, scatter_gradient, "h1p0"),
    "Concat": (concat_shape, concat_gradient, "h0"),
    "Split": (flow_shape, split_gradient, "h-10"),
    "Size": (flow_shape, NOT_DIFFERENTIABLE, "h"),
    "Close": (None, NOT_DIFFERENTIABLE, "h"),
}
# What handles of the third kind know, those of the second do not.
_V2_SHAPES = {"Read": None, "Gather": None, "Write": flow_shape, "Scatter": flow_shape}
OPS = (
    _spec("TensorArrayV3", array_shape, ranks="0"),
    _spec("TensorArrayGradV3", array_shape, ranks="h"),
    _spec("TensorArrayGradWithShape", array_shape, ranks="h"),
    # Graphs of older releases; their gradients cannot be built any more.
    *(_spec(f"TensorArray{name}") for name in ("", "Grad", "Pack", "Unpack")),
    *(_spec(f"TensorArray{name}", handle_shape) for name in ("V2", "GradV2")),
    *(_spec(f"TensorArray{name}") for name in _ON_ARRAYS),
    *(
        _spec(
            f"TensorArray{name}V2",
            _V2_SHAPES.get(name, shape),
            ranks=ranks if name == "Concat" else "",
        )
        for name, (shape, _, ranks) in _ON_ARRAYS.items()
    ),
    *(
        _spec(f"TensorArray{name}V3", shape, gradient, ranks)
        for name, (shape, gradient, ranks) in _ON_ARRAYS.items()
    ),
)
