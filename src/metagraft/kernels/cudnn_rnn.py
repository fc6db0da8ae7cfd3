"""cuDNN's recurrent networks on any device; twin of `ops/cudnn_rnn.py`.

Each layer and direction is one loop over time. The matrices on the inputs are applied
to all times at once. Gradients are those of JAX: the networks are run anew for them, so
what TensorFlow reserves for its gradients is empty here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import jax_numpy, lax, namespace
from metagraft.ops.cudnn_rnn import CudnnAttrs

__all__ = ["KERNELS"]


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, text)


@dataclass(frozen=True, slots=True)
class _Network:
    """The sizes of a network, and so where its weights lie.

    Attributes:
        attrs: Attributes of the op.
        layers: How many layers there are.
        units: Size of a cell.
        inputs: Size of the inputs.
    """

    attrs: CudnnAttrs
    layers: int
    units: int
    inputs: int

    @property
    def width(self) -> int:
        """Size of a state, which goes to the next step and layer."""
        return self.attrs.projection or self.units

    @property
    def skips(self) -> bool:
        """Whether inputs go into the first layer as they are."""
        mode = self.attrs.input_mode
        same = self.inputs == self.units
        _require(
            mode != "skip_input" or same,
            f"skip_input needs input_size == num_units, got {self.inputs} and"
            f" {self.units}",
        )
        return mode == "skip_input" or (mode == "auto_select" and same)

    def matrices(self, layer: int) -> list[tuple[int, int]]:
        """Return the shapes of a layer's matrices, `[rows, columns]`."""
        gates = self.attrs.gates
        taken = self.inputs if layer == 0 else self.width * self.attrs.directions
        on_inputs = [] if layer == 0 and self.skips else [(self.units, taken)] * gates
        on_state = [(self.units, self.width)] * gates
        last = [(self.width, self.units)] if self.attrs.projection else []
        return [*on_inputs, *on_state, *last]

    def shapes(self) -> list[tuple[int, int]]:
        """Return the shapes of all matrices."""
        return [
            shape
            for layer in range(self.layers)
            for _ in range(self.attrs.directions)
            for shape in self.matrices(layer)
        ]

    @property
    def biases(self) -> int:
        """How many vectors of biases there are."""
        return 2 * self.attrs.gates * self.layers * self.attrs.directions

    @property
    def size(self) -> int:
        """How many numbers all weights are."""
        matrices = sum(rows * columns for rows, columns in self.shapes())
        return matrices + self.biases * self.units

    def split(self, params: Array) -> tuple[list[Array], list[Array]]:
        """Take packed weights apart into matrices and biases."""
        _require(
            params.shape == (self.size,),
            f"params must have {self.size} elements for these sizes, but have shape"
            f" {show(params.shape)}",
        )
        matrices, start = [], 0
        for rows, columns in self.shapes():
            part = params[start : start + rows * columns]
            matrices.append(part.reshape(rows, columns))
            start += rows * columns
        biases = [
            params[start + i * self.units : start + (i + 1) * self.units]
            for i in range(self.biases)
        ]
        return matrices, biases


def _network(attrs: CudnnAttrs, sizes: Sequence[np.ndarray]) -> _Network:
    layers, units, inputs = (int(size) for size in sizes)
    _check_mode(attrs)
    return _Network(attrs, layers, units, inputs)


def _check_mode(attrs: CudnnAttrs) -> None:
    _require(
        not attrs.projection or attrs.has_cells,
        "Only lstm can have a projection (num_proj)",
    )


def params_size(attrs: CudnnAttrs, *sizes: np.ndarray) -> tuple[Array]:
    count = _network(attrs, sizes).size
    return (np.array([count], attrs.dtype.as_numpy_dtype),)


def params_to_canonical(attrs: CudnnAttrs, *operands: Array) -> tuple[Array, ...]:
    *sizes, params = operands
    matrices, biases = _network(attrs, sizes).split(params)
    return (*matrices, *biases)


def canonical_to_params(
    attrs: CudnnAttrs,
    layers: np.ndarray,
    units: np.ndarray,
    inputs: np.ndarray,
    weights: tuple[Array, ...],
    biases: tuple[Array, ...],
) -> tuple[Array]:
    network = _network(attrs, (layers, units, inputs))
    shapes = network.shapes()
    _require(
        len(weights) == len(shapes),
        f"Expected {len(shapes)} weights, got {len(weights)}",
    )
    _require(
        len(biases) == network.biases,
        f"Expected {network.biases} biases, got {len(biases)}",
    )
    for i, (given, (rows, columns)) in enumerate(zip(weights, shapes, strict=True)):
        _require(
            given.size == rows * columns,
            f"Weight {i} must have {rows} * {columns} elements, but has shape"
            f" {show(given.shape)}",
        )
    parts = [part.reshape(-1) for part in (*weights, *biases)]
    return (namespace(weights, biases).concatenate(parts),)


# Running them.


@dataclass(frozen=True, slots=True)
class _Layer:
    """One direction of one layer.

    Attributes:
        mode: The kind of cell.
        w: `[gates, units, inputs]`, or None where inputs go in as they are.
        r: `[gates, units, width]`.
        bias: `[gates, units]`, added to what comes of the inputs.
        state_bias: `[gates, units]`, added to what comes of the state.
        projection: `[width, units]`, or None.
    """

    mode: str
    w: Array | None
    r: Array
    bias: Array
    state_bias: Array
    projection: Array | None

    def from_inputs(self, x: Array) -> Array:
        """Return what comes of the inputs, `[time, gates, batch, units]`."""
        if self.w is None:
            shape = (x.shape[0], len(self.r), *x.shape[1:])
            taken = jax_numpy().broadcast_to(x[:, None], shape)
        else:
            taken = jax_numpy().einsum("tbi,gui->tgbu", x, self.w)
        return taken + self.bias[:, None]

    def step(self, taken: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """Return the next state and cells."""
        jnp = jax_numpy()
        given = jnp.einsum("bh,guh->gbu", h, self.r) + self.state_bias[:, None]
        if self.mode == "lstm":
            i, f, new, o = taken + given
            c = _sigmoid(f) * c + _sigmoid(i) * jnp.tanh(new)
            h = _sigmoid(o) * jnp.tanh(c)
            return (h if self.projection is None else h @ self.projection.T), c
        if self.mode == "gru":
            reset, update = (_sigmoid(taken[i] + given[i]) for i in (0, 1))
            new = jnp.tanh(taken[2] + reset * given[2])
            one = h.dtype.type(1)
            return (one - update) * new + update * h, c
        total = taken[0] + given[0]
        return (_relu(total) if self.mode == "rnn_relu" else jnp.tanh(total)), c

    def run(
        self, x: Array, h: Array, c: Array, lengths: Array | None, *, backwards: bool
    ) -> tuple[Array, Array, Array]:
        """Return the states of all times, and the last state and cells."""
        jnp = jax_numpy()
        times = np.arange(x.shape[0], dtype=np.int32)

        def step(carried: tuple[Array, Array], row: tuple[Array, Array]) -> Any:
            taken, time = row
            h_next, c_next = self.step(taken, *carried)
            if lengths is None:
                return (h_next, c_next), h_next
            inside = (time < lengths)[:, None]
            kept = (
                jnp.where(inside, h_next, carried[0]),
                jnp.where(inside, c_next, carried[1]),
            )
            return kept, jnp.where(inside, h_next, jnp.zeros_like(h_next))

        over = (self.from_inputs(x), times)
        (h, c), states = lax().scan(step, (h, c), over, reverse=backwards)
        return states, h, c


def _sigmoid(x: Array) -> Array:
    one = x.dtype.type(1)
    return one / (one + jax_numpy().exp(-x))


def _relu(x: Array) -> Array:
    return jax_numpy().maximum(x, x.dtype.type(0))


def _layers(network: _Network, params: Array) -> Iterator[list[_Layer]]:
    """Yield the directions of each layer."""
    jnp = jax_numpy()
    gates = network.attrs.gates
    matrices, biases = (iter(parts) for parts in network.split(params))
    # Matrices and biases of both directions lie one after the other.
    for layer in range(network.layers):
        made = []
        for _ in range(network.attrs.directions):
            has_inputs = not (layer == 0 and network.skips)
            w = [next(matrices) for _ in range(gates)] if has_inputs else None
            r = [next(matrices) for _ in range(gates)]
            made.append(
                _Layer(
                    mode=network.attrs.mode,
                    w=None if w is None else jnp.stack(w),
                    r=jnp.stack(r),
                    bias=jnp.stack([next(biases) for _ in range(gates)]),
                    state_bias=jnp.stack([next(biases) for _ in range(gates)]),
                    projection=next(matrices) if network.attrs.projection else None,
                )
            )
        yield made


def _run(
    network: _Network,
    lengths: Array | None,
    x: Array,
    h: Array,
    c: Array,
    params: Array,
) -> tuple[Array, Array, Array]:
    """Run all layers; time is the first axis."""
    jnp = jax_numpy()
    last_h, last_c = [], []
    for layer, directions in enumerate(_layers(network, params)):
        outputs = []
        for number, direction in enumerate(directions):
            place = layer * len(directions) + number
            states, h_last, c_last = direction.run(
                x, h[place], c[place], lengths, backwards=number == 1
            )
            outputs.append(states)
            last_h.append(h_last)
            last_c.append(c_last)
        x = jnp.concatenate(outputs, axis=2)
    return x, jnp.stack(last_h), jnp.stack(last_c)


def _prepared(
    attrs: CudnnAttrs, x: Array, h: Array, c: Array, lengths: Array | None
) -> _Network:
    """Check the operands and return the network that they belong to."""
    _require(x.ndim == 3, "RNN input must be a 3-D vector.")
    _require(h.ndim == 3, "RNN input_h must be a 3-D vector.")
    _check_mode(attrs)
    batch = x.shape[1 if attrs.is_time_major else 0]
    states = h.shape[0 if attrs.is_time_major else 1]
    layers = states // attrs.directions
    width = h.shape[2]
    pair = (layers * attrs.directions, batch)
    expected = (*(pair if attrs.is_time_major else pair[::-1]), width)
    _require(
        h.shape == expected,
        f"Invalid input_h shape: {show(h.shape)} {show(expected)}",
    )
    units = width
    if attrs.has_cells:
        units = c.shape[2]
        _require(
            c.shape[:2] == h.shape[:2] and (attrs.projection > 0 or units == width),
            "input_h and input_c must have the same shape w/o projection:"
            f" {show(h.shape)} {show(c.shape)}",
        )
    if lengths is not None:
        _require(
            lengths.shape == (batch,),
            f"sequence_lengths must have shape [{batch}], but has"
            f" {show(lengths.shape)}",
        )
    if attrs.dropout and attrs.is_training and layers > 1:
        raise UnimplementedError(
            None,
            None,
            f"Dropout of {attrs.dropout} between the layers of a CudnnRNN is not"
            " built: cuDNN does not tell its random numbers. Set dropout to 0.",
        )
    return _Network(attrs, layers, units, x.shape[2])


def _swapped(attrs: CudnnAttrs, *arrays: Array) -> tuple[Array, ...]:
    """Put time first, or back."""
    if attrs.is_time_major:
        return arrays
    return tuple(namespace(x).swapaxes(x, 0, 1) for x in arrays)


def _whole(
    attrs: CudnnAttrs,
    lengths: Array | None,
    x: Array,
    h: Array,
    c: Array,
    params: Array,
) -> tuple[Array, Array, Array]:
    """Run the network on operands as they come."""
    network = _prepared(attrs, x, h, c, lengths)
    cells = c if attrs.has_cells else namespace(h).zeros_like(h)
    x, h, cells = _swapped(attrs, x, h, cells)
    y, h, cells = _swapped(attrs, *_run(network, lengths, x, h, cells, params))
    return y, h, cells if attrs.has_cells else jax_numpy().zeros((), h.dtype)


def _like_operands(results: Sequence[Array], *operands: Array) -> tuple[Array, ...]:
    is_host = namespace(*operands) is np
    return tuple(np.asarray(x) if is_host else x for x in results)


def _forward(version: int) -> Any:
    def forward(
        attrs: CudnnAttrs,
        x: Array,
        h: Array,
        c: Array,
        params: Array,
        lengths: Array | None = None,
    ) -> tuple[Array, ...]:
        given = [x, h, c, params, *([] if lengths is None else [lengths])]
        results = _like_operands(_whole(attrs, lengths, x, h, c, params), *given)
        reserved = namespace(*given).zeros(0, x.dtype)
        if version == 1:
            return (*results, reserved)
        return (*results, reserved, namespace(*given).zeros(0, np.int8))

    return forward


def _backprop(version: int) -> Any:
    def backprop(
        attrs: CudnnAttrs, x: Array, h: Array, c: Array, params: Array, *rest: Array
    ) -> tuple[Array, ...]:
        import jax

        lengths = rest[0] if version == 3 else None
        d_y, d_h, d_c = rest[4:7] if version == 3 else rest[3:6]

        def run(*operands: Array) -> tuple[Array, ...]:
            return _whole(attrs, lengths, *operands)

        asarray = jax_numpy().asarray
        results, transpose = jax.vjp(run, *map(asarray, (x, h, c, params)))
        d_c = asarray(d_c).reshape(results[2].shape)
        gradients = transpose((asarray(d_y), asarray(d_h), d_c))
        return _like_operands(gradients, x, h, c, params, *rest)

    return backprop


_SIZES = ("num_layers", "num_units", "input_size")

KERNELS = {
    "CudnnRNNParamsSize": Kernel(params_size, static=_SIZES),
    "CudnnRNNParamsToCanonical": Kernel(params_to_canonical, static=_SIZES),
    "CudnnRNNParamsToCanonicalV2": Kernel(params_to_canonical, static=_SIZES),
    "CudnnRNNCanonicalToParams": Kernel(canonical_to_params, static=_SIZES),
    "CudnnRNNCanonicalToParamsV2": Kernel(canonical_to_params, static=_SIZES),
    "CudnnRNN": Kernel(_forward(1)),
    "CudnnRNNV2": Kernel(_forward(2)),
    "CudnnRNNV3": Kernel(_forward(3)),
    "CudnnRNNBackprop": Kernel(_backprop(1)),
    "CudnnRNNBackpropV2": Kernel(_backprop(2)),
    "CudnnRNNBackpropV3": Kernel(_backprop(3)),
}
