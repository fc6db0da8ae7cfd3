"""Whole recurrent cells as one op: LSTM and GRU blocks; twin of the kernels of it.

Gates lie side by side in the columns of the weights, `[inputs + units, 4 * units]`:
input, cell, forget, output; in `BlockLSTMV2` input, forget, cell, output.

Source: tensorflow core/ops/rnn_ops.cc; python/ops/rnn_grad.py; of version 1.15
contrib/rnn/python/ops/lstm_ops.py and gru_ops.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metagraft.graph.build import array
from metagraft.graph.build.matmul import matmul
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS", "LSTMAttrs"]

_SOURCE = "tensorflow core/ops/rnn_ops.cc"
_LSTM_INPUTS = ("x", "cs_prev", "h_prev", "w", "wci", "wcf", "wco", "b")
_LSTM_OUTPUTS = ("i", "cs", "f", "o", "ci", "co", "h")
_GRU_INPUTS = ("x", "h_prev", "w_ru", "w_c", "b_ru", "b_c")


@dataclass(frozen=True, slots=True)
class LSTMAttrs:
    """Attributes of the LSTM blocks.

    Attributes:
        forget_bias: Added to the forget gate.
        cell_clip: Cells are cut off at this value and its negative, if positive.
        use_peephole: Whether gates see the cells through `wci`, `wcf`, `wco`.
    """

    forget_bias: float
    cell_clip: float
    use_peephole: bool

    @classmethod
    def read(cls, attrs: Mapping[str, Any]) -> LSTMAttrs:
        """Read the attributes; the second version of the block has no bias."""
        return cls(
            attrs.get("forget_bias", 0.0),
            attrs.get("cell_clip", 0.0),
            attrs["use_peephole"],
        )


def lstm_cell_shape(_attrs: LSTMAttrs, inputs: Shapes) -> Sequence[Dims]:
    """All outputs are `[batch, units]`."""
    batch, _ = with_rank(inputs[0], 2)
    _, units = with_rank(inputs[1], 2)
    return ((batch, units),) * 7


def lstm_cell_grad_shape(_attrs: LSTMAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Cells, all gates, and the three peepholes."""
    batch, _ = with_rank(inputs[0], 2)
    _, units = with_rank(inputs[1], 2)
    gates = None if units is None else 4 * units
    return ((batch, units), (batch, gates), (units,), (units,), (units,))


def block_lstm_shape(_attrs: LSTMAttrs, inputs: Shapes) -> Sequence[Dims]:
    """All outputs are `[time, batch, units]`.

    Raises:
        ValueError: The bias is not that of four gates.
    """
    time, batch, _ = with_rank(inputs[1], 3)
    (gates,) = with_rank(inputs[8], 1)
    if gates is not None and gates % 4:
        raise ValueError(f"Dimension size must be evenly divisible by 4 but is {gates}")
    return ((time, batch, None if gates is None else gates // 4),) * 7


def block_lstm_grad_shape(_attrs: LSTMAttrs, inputs: Shapes) -> Sequence[Dims]:
    """Each gradient has the shape of its operand."""
    ranks = (3, 2, 2, 2, 1, 1, 1, 1)
    return tuple(
        with_rank(dims, rank) for dims, rank in zip(inputs[1:9], ranks, strict=True)
    )


def gru_cell_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """All outputs are `[batch, units]`."""
    batch, _ = with_rank(inputs[0], 2)
    _, units = with_rank(inputs[1], 2)
    return ((batch, units),) * 4


def gru_cell_grad_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Inputs, state, candidate, and both gates."""
    x = with_rank(inputs[0], 2)
    _, units = with_rank(inputs[1], 2)
    _, gates = with_rank(inputs[2], 2)
    cells = (x[0], units)
    return (x, cells, cells, (x[0], gates))


def _named(names: Sequence[str], tensors: Sequence[Tensor]) -> dict[str, Any]:
    return dict(zip(names, tensors, strict=True))


def block_lstm_gradient(
    g: GradientBuilder, op: Operation, *grads: Tensor
) -> Sequence[Any]:
    """One op for the whole sequence.

    TF: the gradient of `BlockLSTMV2` is the op for the first version's gates, too.
    """
    length, *inputs = op.inputs
    results = g.op(
        "BlockLSTMGrad",
        seq_len_max=length,
        **_named(_LSTM_INPUTS, inputs),
        **_named(_LSTM_OUTPUTS, op.outputs),
        cs_grad=grads[1],
        h_grad=grads[6],
        use_peephole=op.get_attr("use_peephole"),
    )
    return (None, *results)


def lstm_cell_gradient(
    g: GradientBuilder, op: Operation, *grads: Tensor
) -> Sequence[Any]:
    """An op for the gates; products with the weights are nodes of their own.

    Raises:
        ValueError: The number of inputs or of units is not known.
    """
    x, cs_prev, h_prev, w, *_ = op.inputs
    batch, size = with_rank(x.dims, 2)
    _, units = with_rank(cs_prev.dims, 2)
    if size is None:
        raise ValueError("input_size from `x` should not be None.")
    if units is None:
        raise ValueError("cell_size from `cs_prev` should not be None.")
    rows = -1 if batch is None else batch
    d_cs_prev, d_gates, *d_peepholes = g.op(
        "LSTMBlockCellGrad",
        **_named(_LSTM_INPUTS, op.inputs),
        **_named(_LSTM_OUTPUTS[:6], op.outputs[:6]),
        cs_grad=grads[1],
        h_grad=grads[6],
        use_peephole=op.get_attr("use_peephole"),
    )
    d_both = matmul(d_gates, w, transpose_b=True)
    d_x = array.slice_(d_both, (0, 0), (rows, size))
    d_h_prev = array.slice_(d_both, (0, size), (rows, units))
    both = array.concat([x, h_prev], 1)
    d_w = matmul(both, d_gates, transpose_a=True)
    d_b = g.op("BiasAddGrad", out_backprop=d_gates)
    return (d_x, d_cs_prev, d_h_prev, d_w, *d_peepholes, d_b)


def gru_cell_gradient(
    g: GradientBuilder, op: Operation, *grads: Tensor
) -> Sequence[Any]:
    """An op for the gates; products with the weights are nodes of their own."""
    x, h_prev, *_ = op.inputs
    r, u, c, _ = op.outputs
    d_x, d_h_prev, d_c, d_gates = g.op(
        "GRUBlockCellGrad",
        **_named(_GRU_INPUTS, op.inputs),
        r=r,
        u=u,
        c=c,
        d_h=grads[3],
    )
    both = array.concat([x, h_prev], 1)
    d_w_gates = matmul(both, d_gates, transpose_a=True)
    d_b_gates = g.op("BiasAddGrad", out_backprop=d_gates)
    reset = array.concat([x, h_prev * r], 1)
    d_w_c = matmul(reset, d_c, transpose_a=True)
    d_b_c = g.op("BiasAddGrad", out_backprop=d_c)
    return d_x, d_h_prev, d_w_gates, d_w_c, d_b_gates, d_b_c


OPS = (
    OpSpec(
        name="LSTMBlockCell",
        attrs=LSTMAttrs.read,
        shape=lstm_cell_shape,
        gradient=lstm_cell_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="LSTMBlockCellGrad",
        attrs=LSTMAttrs.read,
        shape=lstm_cell_grad_shape,
        source=_SOURCE,
    ),
    *(
        OpSpec(
            name=name,
            attrs=LSTMAttrs.read,
            shape=block_lstm_shape,
            gradient=block_lstm_gradient,
            source=_SOURCE,
        )
        for name in ("BlockLSTM", "BlockLSTMV2")
    ),
    *(
        OpSpec(
            name=name,
            attrs=LSTMAttrs.read,
            shape=block_lstm_grad_shape,
            source=_SOURCE,
        )
        for name in ("BlockLSTMGrad", "BlockLSTMGradV2")
    ),
    OpSpec(
        name="GRUBlockCell",
        shape=gru_cell_shape,
        gradient=gru_cell_gradient,
        source=_SOURCE,
    ),
    OpSpec(name="GRUBlockCellGrad", shape=gru_cell_grad_shape, source=_SOURCE),
)
