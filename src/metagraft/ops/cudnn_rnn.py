"""cuDNN's recurrent networks as one op, and their packed weights; twin of the kernels.

Weights are one vector: for every layer and direction the matrices on the inputs, gate
by gate, then those on the state, then the projection; after all matrices, the biases in
the same order. Gates are, for `lstm`: input, forget, cell, output; for `gru`: reset,
update, candidate.

Source: tensorflow core/ops/cudnn_rnn_ops.cc, python/ops/cudnn_rnn_grad.py; NVIDIA cuDNN
API reference, cudnnRNNMode_t and cudnnGetRNNLinLayerMatrixParams.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS", "CudnnAttrs"]

_SOURCE = "tensorflow core/ops/cudnn_rnn_ops.cc"
_GATES = {"lstm": 4, "gru": 3, "rnn_relu": 1, "rnn_tanh": 1}


@dataclass(frozen=True, slots=True)
class CudnnAttrs:
    """Attributes of these ops.

    Attributes:
        mode: `lstm`, `gru`, `rnn_relu` or `rnn_tanh`.
        input_mode: `linear_input`, `skip_input` or `auto_select`.
        directions: 1 or 2.
        dropout: Between layers.
        is_training: Whether there will be gradients.
        is_time_major: Whether time is the first axis.
        projection: Size that outputs are projected to; 0 for none.
        dtype: Type of a size, where an op returns one.
    """

    mode: str
    input_mode: str
    directions: int
    dropout: float
    is_training: bool
    is_time_major: bool
    projection: int
    dtype: Any

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> CudnnAttrs:
        """Read the attributes."""
        return cls(
            mode=attrs["rnn_mode"].decode(),
            input_mode=attrs["input_mode"].decode(),
            directions=2 if attrs["direction"] == b"bidirectional" else 1,
            dropout=attrs["dropout"],
            is_training=attrs.get("is_training", True),
            is_time_major=attrs.get("time_major", True),
            projection=attrs.get("num_proj", 0),
            dtype=attrs.get("S"),
        )

    @property
    def gates(self) -> int:
        """How many gates a cell has."""
        return _GATES[self.mode]

    @property
    def has_cells(self) -> bool:
        """Whether there is a second state."""
        return self.mode == "lstm"


def forward_shape(attrs: CudnnAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Outputs, the last states, and memory for the gradient."""
    first, second, _ = with_rank(inputs[0], 3)
    state = with_rank(inputs[1], 3)
    width = None if state[2] is None else state[2] * attrs.directions
    cells = inputs[2] if attrs.has_cells else ()
    return ((first, second, width), inputs[1], cells, None)


def forward_v1_shape(attrs: CudnnAttrs, inputs: Shapes) -> Sequence[Dims]:
    """As `forward_shape`; cells have the shape of states."""
    output, state, _, reserved = forward_shape(attrs, inputs)
    return (output, state, state if attrs.has_cells else (), reserved)


def forward_v2_shape(attrs: CudnnAttrs, inputs: Shapes) -> Sequence[Dims]:
    """As `forward_v1_shape`, and memory of the host."""
    return (*forward_v1_shape(attrs, inputs), None)


def forward_v3_shape(attrs: CudnnAttrs, inputs: Shapes) -> Sequence[Dims]:
    """As `forward_shape`, and memory of the host."""
    return (*forward_shape(attrs, inputs), None)


def backprop_shape(_attrs: CudnnAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Each gradient has the shape of its operand."""
    return tuple(inputs[:4])


def size_shape(_attrs: CudnnAttrs, inputs: Shapes) -> Sequence[Dims]:
    """A vector of one number."""
    for dims in inputs:
        with_rank(dims, 0)
    return ((1,),)


def canonical_shape(_attrs: CudnnAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Matrices, then vectors."""
    with_rank(inputs[3], 1)
    op = inputs.op
    if op.type.endswith("V2"):
        matrices, vectors = (
            op.get_attr(f"num_params_{part}") for part in ("weights", "biases")
        )
    else:
        matrices = vectors = op.get_attr("num_params")
    return (*((None, None),) * matrices, *((None,),) * vectors)


def packed_shape(_attrs: CudnnAttrs, _inputs: Shapes) -> Sequence[Dims]:
    """One vector."""
    return ((None,),)


_PASSED_ON = ("dropout", "seed", "seed2", "rnn_mode", "input_mode", "direction")


def forward_gradient(
    g: GradientBuilder, op: Operation, *grads: Tensor
) -> Sequence[Any]:
    """One op for all gradients.

    Raises:
        ValueError: The op was not made for training.
    """
    if not op.get_attr("is_training"):
        raise ValueError(
            f"To use {op.type} in gradients, is_training must be set to True."
        )
    version = op.type.removeprefix("CudnnRNN")
    more: dict[str, Any] = {}
    if version:
        more["host_reserved"] = op.outputs[4]
    if version == "V3":
        more["sequence_lengths"] = op.inputs[4]
    names = [*_PASSED_ON, *(("time_major", "num_proj") if version == "V3" else ())]
    results = g.op(
        f"CudnnRNNBackprop{version}",
        input=op.inputs[0],
        input_h=op.inputs[1],
        input_c=op.inputs[2],
        params=op.inputs[3],
        output=op.outputs[0],
        output_h=op.outputs[1],
        output_c=op.outputs[2],
        output_backprop=grads[0],
        output_h_backprop=grads[1],
        output_c_backprop=grads[2],
        reserve_space=op.outputs[3],
        **more,
        **{name: op.get_attr(name) for name in names},
    )
    return (*results, None) if version == "V3" else tuple(results)


def _rows() -> tuple[OpSpec, ...]:
    forward = {"": forward_v1_shape, "V2": forward_v2_shape, "V3": forward_v3_shape}
    others = {
        **{f"CudnnRNNBackprop{version}": backprop_shape for version in forward},
        "CudnnRNNParamsSize": size_shape,
        "CudnnRNNParamsToCanonical": canonical_shape,
        "CudnnRNNParamsToCanonicalV2": canonical_shape,
        "CudnnRNNCanonicalToParams": packed_shape,
        "CudnnRNNCanonicalToParamsV2": packed_shape,
    }
    return (
        *(
            OpSpec(
                name=f"CudnnRNN{version}",
                attrs=CudnnAttrs.read,
                shape=shape,
                gradient=forward_gradient,
                source=_SOURCE,
                ranks="33311" if version == "V3" else "33-1",
            )
            for version, shape in forward.items()
        ),
        *(
            OpSpec(name=name, attrs=CudnnAttrs.read, shape=shape, source=_SOURCE)
            for name, shape in others.items()
        ),
    )


OPS = _rows()
