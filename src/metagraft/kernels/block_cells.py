"""LSTM and GRU blocks; twin of `ops/block_cells.py`.

A step is written once for both array libraries; over time it is a loop of NumPy or one
of XLA. Half precision is computed in single precision.

Source: tensorflow core/kernels/rnn/lstm_ops.h, lstm_ops.cc, gru_ops.h.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.kernels.time_loop import Carried, Row, loop_over_time
from metagraft.ops.block_cells import LSTMAttrs

__all__ = ["KERNELS"]

_FIRST = "icfo"
_SECOND = "ifco"


def _sigmoid(xp: Any, x: Array) -> Array:
    one = x.dtype.type(1)
    return one / (one + xp.exp(-x))


def _wide(*arrays: Array) -> tuple[Array, ...]:
    return tuple(x.astype(np.float32) if x.dtype == np.float16 else x for x in arrays)


def _narrow(dtype: Any, arrays: Sequence[Array]) -> tuple[Array, ...]:
    return tuple(x.astype(dtype) for x in arrays)


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, text)


@dataclass(frozen=True, slots=True)
class _LSTM:
    """An LSTM cell with its weights.

    Attributes:
        attrs: Attributes of the op.
        order: The gates in the order of their columns.
        w: `[inputs + units, 4 * units]`.
        wci: `[units]`, from the cells to the input gate.
        wcf: `[units]`, to the forget gate.
        wco: `[units]`, to the output gate.
        b: `[4 * units]`.
    """

    attrs: LSTMAttrs
    order: str
    w: Array
    wci: Array
    wcf: Array
    wco: Array
    b: Array

    def gates(self, x: Array) -> dict[str, Array]:
        """Take the columns apart."""
        units = x.shape[-1] // 4
        return {
            gate: x[..., place * units : (place + 1) * units]
            for place, gate in enumerate(self.order)
        }

    def joined(self, xp: Any, gates: dict[str, Array]) -> Array:
        return xp.concatenate([gates[gate] for gate in self.order], axis=1)

    def step(self, x: Array, cs_prev: Array, h_prev: Array) -> tuple[Array, ...]:
        """Return the seven outputs, each `[batch, units]`."""
        xp = namespace(x, cs_prev, h_prev, self.w)
        gate = self.gates(xp.concatenate([x, h_prev], axis=1) @ self.w + self.b)
        before_i, before_f, before_o = gate["i"], gate["f"], gate["o"]
        before_f = before_f + before_f.dtype.type(self.attrs.forget_bias)
        if self.attrs.use_peephole:
            before_i = before_i + cs_prev * self.wci
            before_f = before_f + cs_prev * self.wcf
        i, f, ci = _sigmoid(xp, before_i), _sigmoid(xp, before_f), xp.tanh(gate["c"])
        cs = i * ci + f * cs_prev
        if self.attrs.cell_clip > 0:
            bound = cs.dtype.type(self.attrs.cell_clip)
            cs = xp.clip(cs, -bound, bound)
        if self.attrs.use_peephole:
            before_o = before_o + cs * self.wco
        o, co = _sigmoid(xp, before_o), xp.tanh(cs)
        return i, cs, f, o, ci, co, o * co

    def step_back(
        self,
        cs_prev: Array,
        outputs: Sequence[Array],
        cs_grad: Array,
        h_grad: Array,
    ) -> tuple[Array, Array, tuple[Array, ...]]:
        """Return the gradients of the cells before, of the gates, of the peepholes."""
        xp = namespace(cs_prev, cs_grad, h_grad, self.w, *outputs)
        i, cs, f, o, ci, co = outputs
        one = cs.dtype.type(1)
        d_o = o * (one - o) * h_grad * co
        d_cs = (one - co * co) * h_grad * o + cs_grad
        if self.attrs.use_peephole:
            d_cs = d_cs + d_o * self.wco
        d_ci = (one - ci * ci) * d_cs * i
        d_f = f * (one - f) * d_cs * cs_prev
        d_i = i * (one - i) * d_cs * ci
        d_cs_prev = d_cs * f
        peepholes = tuple(xp.zeros_like(w) for w in (self.wci, self.wcf, self.wco))
        if self.attrs.use_peephole:
            d_cs_prev = d_cs_prev + d_i * self.wci + d_f * self.wcf
            peepholes = (
                (d_i * cs_prev).sum(0),
                (d_f * cs_prev).sum(0),
                (d_o * cs).sum(0),
            )
        gates = self.joined(xp, {"i": d_i, "c": d_ci, "f": d_f, "o": d_o})
        return d_cs_prev, gates, peepholes


def _check_lstm(
    batch: int, inputs: int, cs_prev: Array, h_prev: Array, weights: Sequence[Array]
) -> None:
    units = cs_prev.shape[1]
    w, *peepholes, b = weights
    for gate, peephole in zip("ifo", peepholes, strict=True):
        _require(
            peephole.ndim == 1,
            f"wc{gate}_tensor must be rank 1 but is rank {peephole.ndim}.",
        )
    for name, state in (("cs_prev", cs_prev), ("h_prev", h_prev)):
        _require(
            state.shape[0] == batch,
            f"{name}.dims(0) != batch_size: {state.shape[0]} vs. {batch}",
        )
        _require(
            state.shape[1] == units,
            f"{name}.dims(1) != cell_size: {state.shape[1]} vs. {units}",
        )
    _require(
        w.shape[0] == inputs + units,
        f"w.dim_size(0) != input_size + cell_size: {w.shape[0]} vs. {inputs + units}",
    )
    _require(
        w.shape[1] == units * 4,
        f"w.dim_size(1) != cell_size * 4: {w.shape[1]} vs. {units * 4}",
    )
    _require(
        b.shape[0] == units * 4,
        f"b.dim_size(0) != cell_size * 4: {b.shape[0]} vs. {units * 4}",
    )


def lstm_block_cell(
    attrs: LSTMAttrs, x: Array, cs_prev: Array, h_prev: Array, *weights: Array
) -> tuple[Array, ...]:
    shown = ",".join(map(str, cs_prev.shape))
    _require(cs_prev.size > 0, f"cs_prev_tensor is empty, has shape: ({shown}).")
    _check_lstm(x.shape[0], x.shape[1], cs_prev, h_prev, weights)
    cell = _LSTM(attrs, _FIRST, *_wide(*weights))
    return _narrow(x.dtype, cell.step(*_wide(x, cs_prev, h_prev)))


def lstm_block_cell_grad(
    attrs: LSTMAttrs, x: Array, cs_prev: Array, h_prev: Array, *more: Array
) -> tuple[Array, ...]:
    weights, outputs, (cs_grad, h_grad) = more[:5], more[5:11], more[11:]
    _check_lstm(x.shape[0], x.shape[1], cs_prev, h_prev, weights)
    cell = _LSTM(attrs, _FIRST, *_wide(*weights))
    cs_prev, cs_grad, h_grad = _wide(cs_prev, cs_grad, h_grad)
    d_cs_prev, d_gates, d_peepholes = cell.step_back(
        cs_prev, _wide(*outputs), cs_grad, h_grad
    )
    return _narrow(x.dtype, (d_cs_prev, d_gates, *d_peepholes))


# Over time.


def _block_lstm(order: str) -> Any:
    def block_lstm(
        attrs: LSTMAttrs,
        length: Array,
        x: Array,
        cs_prev: Array,
        h_prev: Array,
        *weights: Array,
    ) -> tuple[Array, ...]:
        _check_sequence(x, cs_prev, h_prev, weights)
        cell = _LSTM(attrs, order, *_wide(*weights))
        wide_x, wide_cs, wide_h = _wide(x, cs_prev, h_prev)
        xp = namespace(length, x, cs_prev, h_prev, *weights)
        if x.shape[0] == 0:
            return (xp.zeros((0, *cs_prev.shape), x.dtype),) * 7
        inside = np.arange(x.shape[0], dtype=np.int64) < length

        def step(carried: Carried, row: Row) -> Any:
            x_now, is_inside = row
            outputs = cell.step(x_now, *carried)
            # Memory that TensorFlow leaves as it was after the end is zero here.
            kept = tuple(xp.where(is_inside, y, xp.zeros_like(y)) for y in outputs)
            return (outputs[1], outputs[6]), kept

        _, rows = loop_over_time(xp, step, (wide_cs, wide_h), (wide_x, inside))
        return _narrow(x.dtype, rows)

    return block_lstm


def _check_sequence(
    x: Array, cs_prev: Array, h_prev: Array, weights: Sequence[Array]
) -> None:
    _require(x.ndim == 3, "x must be 3D")
    w, b = weights[0], weights[-1]
    batch, inputs, units = x.shape[1], x.shape[2], w.shape[1] // 4
    _require(
        inputs + units == w.shape[0],
        f"w matrix rows don't match: {inputs + units} vs. {w.shape[0]}",
    )
    _require(
        units == b.shape[0] // 4,
        f"w and b cell_size don't match: {units} vs. {b.shape[0]}",
    )
    for gate, peephole in zip("ifo", weights[1:4], strict=True):
        _require(peephole.ndim == 1, f"wc{gate} must be 1D")
        _require(
            len(peephole) == units,
            f"wc{gate}.dim_size(0) != cell_size: {len(peephole)} vs. {units}",
        )
    for name, state in (("cs_prev", cs_prev), ("h_prev", h_prev)):
        _require(
            state.shape == (batch, units),
            f"{name} must have shape {[batch, units]}, but has {list(state.shape)}",
        )


def _block_lstm_grad(order: str) -> Any:
    def block_lstm_grad(
        attrs: LSTMAttrs,
        length: Array,
        x: Array,
        cs_prev: Array,
        h_prev: Array,
        *more: Array,
    ) -> tuple[Array, ...]:
        _check_sequence(x, cs_prev, h_prev, more[:5])
        operands = _wide(x, cs_prev, h_prev, *more)
        xp = namespace(length, *operands)
        if x.shape[0] == 0:
            return tuple(
                xp.zeros(y.shape, x.dtype) for y in (x, cs_prev, h_prev, *more[:5])
            )
        return _narrow(x.dtype, _gradients(xp, attrs, order, length, operands))

    return block_lstm_grad


def _gradients(
    xp: Any, attrs: LSTMAttrs, order: str, length: Array, operands: tuple[Array, ...]
) -> tuple[Array, ...]:
    x, cs_first, h_first, *rest = operands
    cell = _LSTM(attrs, order, *rest[:5])
    outputs, h, (cs_grad, h_grad) = tuple(rest[5:11]), rest[11], rest[12:]
    cs_before = xp.concatenate([cs_first[None], outputs[1][:-1]])
    h_before = xp.concatenate([h_first[None], h[:-1]])
    inside = np.arange(x.shape[0], dtype=np.int64) < length

    def step(carried: Carried, row: Row) -> Any:
        is_inside, x_now, cs_prev, h_prev, d_cs, d_h, *now = row
        d_cs_next, d_h_next, *sums = carried
        d_cs_prev, d_gates, d_peepholes = cell.step_back(
            cs_prev, now, d_cs_next + d_cs, d_h_next + d_h
        )
        d_both = d_gates @ cell.w.T
        both = xp.concatenate([x_now, h_prev], axis=1)
        parts = (both.T @ d_gates, *d_peepholes, d_gates.sum(0))
        new = (
            d_cs_prev,
            d_both[:, x.shape[2] :],
            *(total + part for total, part in zip(sums, parts, strict=True)),
        )
        kept = tuple(
            xp.where(is_inside, a, b) for a, b in zip(new, carried, strict=True)
        )
        d_x = d_both[:, : x.shape[2]]
        return kept, (xp.where(is_inside, d_x, xp.zeros_like(d_x)),)

    weights = (cell.w, cell.wci, cell.wcf, cell.wco, cell.b)
    first = tuple(xp.zeros_like(y) for y in (cs_first, h_first, *weights))
    over = (inside, x, cs_before, h_before, cs_grad, h_grad, *outputs)
    carried, (d_x,) = loop_over_time(xp, step, first, over, backwards=True)
    return (d_x, *carried)


# The GRU.


def gru_block_cell(
    _attrs: Any,
    x: Array,
    h_prev: Array,
    w_gates: Array,
    w_c: Array,
    b_gates: Array,
    b_c: Array,
) -> tuple[Array, ...]:
    _check_gru(x, h_prev, w_gates, w_c, b_gates, b_c)
    xp = namespace(x, h_prev, w_gates, w_c, b_gates, b_c)
    units = h_prev.shape[1]
    gates = _sigmoid(xp, xp.concatenate([x, h_prev], axis=1) @ w_gates + b_gates)
    r, u = gates[:, :units], gates[:, units:]
    c = xp.tanh(xp.concatenate([x, h_prev * r], axis=1) @ w_c + b_c)
    return r, u, c, u * (h_prev - c) + c


def gru_block_cell_grad(
    _attrs: Any,
    x: Array,
    h_prev: Array,
    w_gates: Array,
    w_c: Array,
    b_gates: Array,
    b_c: Array,
    r: Array,
    u: Array,
    c: Array,
    d_h: Array,
) -> tuple[Array, ...]:
    _check_gru(x, h_prev, w_gates, w_c, b_gates, b_c)
    xp = namespace(x, h_prev, w_gates, w_c, r, u, c, d_h)
    size, one = x.shape[1], x.dtype.type(1)
    d_c = (d_h * (one - u)) * (one - c * c)
    d_u = d_h * (h_prev - c) * u * (one - u)
    second = d_c @ w_c.T
    d_reset = second[:, size:]
    d_r = (d_reset * h_prev * r) * (one - r)
    d_gates = xp.concatenate([d_r, d_u], axis=1)
    first = d_gates @ w_gates.T
    d_x = (first + second)[:, :size]
    d_h_prev = first[:, size:] + d_reset * r + d_h * u
    return d_x, d_h_prev, d_c, d_gates


def _check_gru(
    x: Array, h_prev: Array, w_gates: Array, w_c: Array, b_gates: Array, b_c: Array
) -> None:
    batch, inputs, units = x.shape[0], x.shape[1], h_prev.shape[1]
    rows = inputs + units
    checks = (
        ("h_prev.dims(0)", h_prev.shape[0], "batch_size", batch),
        ("w_ru.dim_size(0)", w_gates.shape[0], "input_size + cell_size", rows),
        ("w_ru.dim_size(1)", w_gates.shape[1], "cell_size * 2", units * 2),
        ("w_c.dim_size(0)", w_c.shape[0], "input_size + cell_size", rows),
        ("w_c.dim_size(1)", w_c.shape[1], "cell_size", units),
        ("b_ru.dim_size(0)", b_gates.shape[0], "cell_size * 2", units * 2),
        ("b_c.dim_size(0)", b_c.shape[0], "cell_size", units),
    )
    for name, size, expected_name, expected in checks:
        _require(size == expected, f"{name} != {expected_name}: {size} vs. {expected}")


KERNELS = {
    "LSTMBlockCell": Kernel(lstm_block_cell),
    "LSTMBlockCellGrad": Kernel(lstm_block_cell_grad),
    "BlockLSTM": Kernel(_block_lstm(_FIRST)),
    "BlockLSTMGrad": Kernel(_block_lstm_grad(_FIRST)),
    "BlockLSTMV2": Kernel(_block_lstm(_SECOND)),
    "BlockLSTMGradV2": Kernel(_block_lstm_grad(_SECOND)),
    "GRUBlockCell": Kernel(gru_block_cell),
    "GRUBlockCellGrad": Kernel(gru_block_cell_grad),
}
