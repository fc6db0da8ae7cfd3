"""`tf.nn.rnn_cell`: one step of a recurrent network.

Source: tensorflow python/keras/layers/legacy_rnn/rnn_cell_impl.py.
"""

from __future__ import annotations

import logging
from collections import namedtuple
from typing import Any, Final

from metagraft.api.arithmetic import multiply
from metagraft.api.clip import clip_by_value
from metagraft.api.initializers import constant_initializer, zeros_initializer
from metagraft.api.layer import Layer
from metagraft.api.layer_arguments import activation_function
from metagraft.api.layer_input import InputSpec
from metagraft.api.math import sigmoid, tanh
from metagraft.api.nn_bias import bias_add
from metagraft.api.partitioners import fixed_size_partitioner
from metagraft.api.rnn_cell import RNNCell
from metagraft.graph import dtypes
from metagraft.graph.build.array import concat, slice_, split
from metagraft.graph.build.math import add
from metagraft.graph.build.matmul import matmul
from metagraft.graph.conversion import constant
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.shapes import TensorShape
from metagraft.graph.structure import flatten

__all__ = [
    "BasicLSTMCell",
    "BasicRNNCell",
    "GRUCell",
    "LSTMCell",
    "LSTMStateTuple",
]

_LOG: Final = logging.getLogger("metagraft")


class _CellWithBuild(RNNCell):
    """A cell that makes its variables in `build`, in its own scope."""

    def __init__(
        self, num_units: int, activation: Any, reuse: Any, name: Any, **kwargs: Any
    ) -> None:
        super().__init__(_reuse=reuse, name=name, **kwargs)
        _check_dtype(self.dtype)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._activation = activation_function(activation) if activation else tanh

    def __call__(
        self, inputs: Any, state: Any, scope: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        """Add one step; arguments as of `RNNCell`."""
        return Layer.__call__(self, inputs, state, *args, scope=scope, **kwargs)

    @property
    def state_size(self) -> Any:
        """Size of the state."""
        return self._num_units

    @property
    def output_size(self) -> Any:
        """Size of the outputs."""
        return self._num_units

    def _input_depth(self, input_shape: Any) -> int:
        depth: int | None = TensorShape(input_shape)[-1].value
        if depth is None:
            raise ValueError(
                "Expected inputs.shape[-1] to be known, saw shape: "
                f"{tuple(TensorShape(input_shape).as_list())}"
            )
        _check_dtype(self.dtype)
        return depth


class BasicRNNCell(_CellWithBuild):
    """`output = new state = activation([inputs, state] @ kernel + bias)`."""

    _config_names = (
        "num_units",
        "activation",
        "reuse",
    )

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        name: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        """Set the cell up.

        Args:
            num_units: Size of state and outputs.
            activation: A function or its name; tanh if None.
            reuse: Whether variables that exist are used.
            name: The layer's name.
            dtype: Element type of the variables; that of the inputs if None.
            **kwargs: As of `Layer`.
        """
        super().__init__(num_units, activation, reuse, name, dtype=dtype, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        depth, units = self._input_depth(input_shape), self._num_units
        self._kernel = self.add_weight("kernel", shape=[depth + units, units])
        self._bias = self.add_weight(
            "bias", shape=[units], initializer=zeros_initializer(dtype=self.dtype)
        )
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        """Add one step."""
        _check_dtypes(inputs, state)
        gates = matmul(concat([inputs, state], 1), self._kernel)
        output = self._activation(bias_add(gates, self._bias))
        return output, output


class GRUCell(_CellWithBuild):
    """A gated recurrent unit."""

    _config_names = (
        "num_units",
        "kernel_initializer",
        "bias_initializer",
        "activation",
        "reuse",
    )

    def __init__(
        self,
        num_units: int,
        activation: Any = None,
        reuse: Any = None,
        kernel_initializer: Any = None,
        bias_initializer: Any = None,
        name: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        """Set the cell up.

        Args:
            num_units: Size of state and outputs.
            activation: A function or its name; tanh if None.
            reuse: Whether variables that exist are used.
            kernel_initializer: Of both kernels.
            bias_initializer: Of both biases; ones for the gates, zeros for the
                candidate if None.
            name: The layer's name.
            dtype: Element type of the variables; that of the inputs if None.
            **kwargs: As of `Layer`.
        """
        super().__init__(num_units, activation, reuse, name, dtype=dtype, **kwargs)
        self._kernel_initializer = kernel_initializer
        self._bias_initializer = bias_initializer

    def build(self, input_shape: Any) -> None:
        """Make kernels and biases of the gates and of the candidate."""
        depth, units = self._input_depth(input_shape), self._num_units
        given = self._bias_initializer
        ones = constant_initializer(1.0, dtype=self.dtype) if given is None else given
        zeros = zeros_initializer(dtype=self.dtype) if given is None else given
        self._gate_kernel, self._gate_bias = self._weights(
            "gates", depth + units, 2 * units, ones
        )
        self._candidate_kernel, self._candidate_bias = self._weights(
            "candidate", depth + units, units, zeros
        )
        self.built = True

    def _weights(self, part: str, rows: int, columns: int, bias: Any) -> Any:
        kernel = self.add_weight(
            f"{part}/kernel",
            shape=[rows, columns],
            initializer=self._kernel_initializer,
        )
        return kernel, self.add_weight(
            f"{part}/bias", shape=[columns], initializer=bias
        )

    def call(self, inputs: Any, state: Any) -> Any:
        """Add one step."""
        _check_dtypes(inputs, state)
        gates = matmul(concat([inputs, state], 1), self._gate_kernel)
        value = sigmoid(bias_add(gates, self._gate_bias))
        r, u = split(value=value, num_or_size_splits=2, axis=1)
        r_state = r * state
        candidate = matmul(concat([inputs, r_state], 1), self._candidate_kernel)
        c = self._activation(bias_add(candidate, self._candidate_bias))
        new_h = u * state + (1 - u) * c
        return new_h, new_h


class LSTMStateTuple(namedtuple("LSTMStateTuple", ("c", "h"))):
    """The state of an LSTM cell: its memory `c` and its output `h`."""

    __slots__ = ()

    @property
    def dtype(self) -> DType:
        """The element type of both.

        Raises:
            TypeError: They differ.
        """
        if self.c.dtype != self.h.dtype:
            raise TypeError(
                f"Inconsistent internal state: {self.c.dtype} vs {self.h.dtype}"
            )
        found: DType = self.c.dtype
        return found


class BasicLSTMCell(_CellWithBuild):
    """A long short-term memory cell without extras."""

    _config_names = (
        "num_units",
        "forget_bias",
        "state_is_tuple",
        "activation",
        "reuse",
    )

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        """Set the cell up.

        Args:
            num_units: Size of memory and outputs.
            forget_bias: Added to the forget gate.
            state_is_tuple: Whether the state is an `LSTMStateTuple`; else `c` and `h`
                are joined.
            activation: A function or its name; tanh if None.
            reuse: Whether variables that exist are used.
            name: The layer's name.
            dtype: Element type of the variables; that of the inputs if None.
            **kwargs: As of `Layer`.
        """
        super().__init__(num_units, activation, reuse, name, dtype=dtype, **kwargs)
        _warn_of_joined_state(self, state_is_tuple)
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple

    @property
    def state_size(self) -> Any:
        """Sizes of `c` and `h`."""
        if self._state_is_tuple:
            return LSTMStateTuple(self._num_units, self._num_units)
        return 2 * self._num_units

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias of the four gates."""
        depth, units = self._input_depth(input_shape), self._num_units
        self._kernel = self.add_weight("kernel", shape=[depth + units, 4 * units])
        self._bias = self.add_weight(
            "bias", shape=[4 * units], initializer=zeros_initializer(dtype=self.dtype)
        )
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        """Add one step."""
        _check_dtypes(inputs, state)
        one = constant(1, dtype=dtypes.int32)
        if self._state_is_tuple:
            c, h = state
        else:
            c, h = split(value=state, num_or_size_splits=2, axis=one)
        gates = bias_add(matmul(concat([inputs, h], 1), self._kernel), self._bias)
        i, j, f, o = split(value=gates, num_or_size_splits=4, axis=one)
        forget_bias = constant(self._forget_bias, dtype=f.dtype)
        kept = multiply(c, sigmoid(add(f, forget_bias)))
        new_c = add(kept, multiply(sigmoid(i), self._activation(j)))
        new_h = multiply(self._activation(new_c), sigmoid(o))
        if self._state_is_tuple:
            return new_h, LSTMStateTuple(new_c, new_h)
        return new_h, concat([new_c, new_h], 1)


class LSTMCell(_CellWithBuild):
    """A long short-term memory cell with peepholes, clipping and projection."""

    _config_names = (
        "num_units",
        "use_peepholes",
        "cell_clip",
        "initializer",
        "num_proj",
        "proj_clip",
        "num_unit_shards",
        "num_proj_shards",
        "forget_bias",
        "state_is_tuple",
        "activation",
        "reuse",
    )

    def __init__(
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Any = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: int | None = None,
        num_proj_shards: int | None = None,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Any = None,
        reuse: Any = None,
        name: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        """Set the cell up.

        Args:
            num_units: Size of the memory.
            use_peepholes: Whether the gates see the memory.
            cell_clip: Bound of the memory's magnitude.
            initializer: Of kernels and peepholes.
            num_proj: Size of the outputs; that of the memory if None.
            proj_clip: Bound of the magnitude of projected outputs.
            num_unit_shards: How many parts the kernel is dealt to.
            num_proj_shards: How many parts the projection is dealt to.
            forget_bias: Added to the forget gate.
            state_is_tuple: Whether the state is an `LSTMStateTuple`; else `c` and `h`
                are joined.
            activation: A function or its name; tanh if None.
            reuse: Whether variables that exist are used.
            name: The layer's name.
            dtype: Element type of the variables; that of the inputs if None.
            **kwargs: As of `Layer`.
        """
        super().__init__(num_units, activation, reuse, name, dtype=dtype, **kwargs)
        _warn_of_joined_state(self, state_is_tuple)
        if num_unit_shards is not None or num_proj_shards is not None:
            _LOG.warning(
                "%s: num_unit_shards and num_proj_shards are deprecated; use a "
                "variable scope with a partitioner instead.",
                self.name,
            )
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = initializer
        self._num_proj = num_proj
        self._proj_clip = proj_clip
        self._num_unit_shards = num_unit_shards
        self._num_proj_shards = num_proj_shards
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple

    @property
    def state_size(self) -> Any:
        """Sizes of `c` and `h`."""
        if self._state_is_tuple:
            return LSTMStateTuple(self._num_units, self.output_size)
        return self._num_units + self.output_size

    @property
    def output_size(self) -> Any:
        """Size of the outputs."""
        return self._num_proj or self._num_units

    def build(self, input_shape: Any) -> None:
        """Make the variables."""
        units = self._num_units
        h_depth = units if self._num_proj is None else self._num_proj
        self._kernel = self.add_weight(
            "kernel",
            shape=[self._input_depth(input_shape) + h_depth, 4 * units],
            initializer=self._initializer,
            partitioner=_dealt(self._num_unit_shards),
        )
        self._bias = self.add_weight(
            "bias", shape=[4 * units], initializer=zeros_initializer(dtype=self.dtype)
        )
        if self._use_peepholes:
            self._w_f_diag, self._w_i_diag, self._w_o_diag = (
                self.add_weight(name, shape=[units], initializer=self._initializer)
                for name in ("w_f_diag", "w_i_diag", "w_o_diag")
            )
        if self._num_proj is not None:
            self._proj_kernel = self.add_weight(
                "projection/kernel",
                shape=[units, self._num_proj],
                initializer=self._initializer,
                partitioner=_dealt(self._num_proj_shards),
            )
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        """Add one step."""
        _check_dtypes(inputs, state)
        if self._state_is_tuple:
            c_prev, m_prev = state
        else:
            units = self._num_units
            c_prev = slice_(state, [0, 0], [-1, units])
            m_prev = slice_(state, [0, units], [-1, self.output_size])
        if inputs.shape.with_rank(2).dims[1].value is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        gates = matmul(concat([inputs, m_prev], 1), self._kernel)
        i, j, f, o = split(
            value=bias_add(gates, self._bias), num_or_size_splits=4, axis=1
        )
        c = self._memory(c_prev, i, j, f)
        m = self._output(c, o)
        if self._state_is_tuple:
            return m, LSTMStateTuple(c, m)
        return m, concat([c, m], 1)

    def _memory(self, c_prev: Any, i: Any, j: Any, f: Any) -> Any:
        if self._use_peepholes:
            kept = sigmoid(f + self._forget_bias + self._w_f_diag * c_prev) * c_prev
            c = kept + sigmoid(i + self._w_i_diag * c_prev) * self._activation(j)
        else:
            kept = sigmoid(f + self._forget_bias) * c_prev
            c = kept + sigmoid(i) * self._activation(j)
        if self._cell_clip is None:
            return c
        return clip_by_value(c, -self._cell_clip, self._cell_clip)

    def _output(self, c: Any, o: Any) -> Any:
        if self._use_peepholes:
            m = sigmoid(o + self._w_o_diag * c) * self._activation(c)
        else:
            m = sigmoid(o) * self._activation(c)
        if self._num_proj is None:
            return m
        m = matmul(m, self._proj_kernel)
        if self._proj_clip is None:
            return m
        return clip_by_value(m, -self._proj_clip, self._proj_clip)


def _dealt(parts: int | None) -> Any:
    return None if parts is None else fixed_size_partitioner(parts)


def _warn_of_joined_state(cell: Layer, state_is_tuple: bool) -> None:
    if not state_is_tuple:
        _LOG.warning(
            "%s: a joined state is slower and deprecated; use state_is_tuple=True.",
            cell.name,
        )


def _check_dtypes(*values: Any) -> None:
    for tensor in flatten(values):
        _check_dtype(tensor.dtype)


def _check_dtype(dtype: Any) -> None:
    if dtype is None:
        return
    found = as_dtype(dtype)
    if not (found.is_floating or found.is_complex):
        raise ValueError(
            f"RNN cell only supports floating point inputs, but saw dtype: {found}"
        )
