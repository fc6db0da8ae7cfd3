"""XLA's own operations; twin of `ops/xla.py`.

There is no NumPy side: XLA computes host arrays, too.

Source: tensorflow compiler/tf2xla/kernels/xla_*.cc.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import jax_numpy, lax, namespace
from metagraft.ops.xla import ConvolutionAttrs, DotAttrs, GatherAttrs


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def _precision(numbers: tuple[int, int]) -> Any:
    names = ("DEFAULT", "HIGH", "HIGHEST")
    wrong = [number for number in numbers if number >= len(names)]
    if wrong:
        raise UnimplementedError(None, None, f"XLA precision {wrong[0]}.")
    return tuple(lax().Precision[names[number]] for number in numbers)


def _ints(values: Array) -> tuple[int, ...]:
    return tuple(int(value) for value in np.reshape(values, -1))


def _preferred(attrs: DotAttrs | ConvolutionAttrs, lhs: Array) -> Any:
    return lhs.dtype if attrs.dtype is None else attrs.dtype.numpy_dtype


def dot(attrs: DotAttrs, lhs: Array, rhs: Array) -> tuple[Array]:
    result = lax().dot_general(
        lhs,
        rhs,
        (attrs.contracted, attrs.batch),
        precision=_precision(attrs.precision),
        preferred_element_type=_preferred(attrs, lhs),
    )
    return (result,)


def convolution(
    attrs: ConvolutionAttrs,
    lhs: Array,
    rhs: Array,
    window_strides: Array,
    padding: Array,
    lhs_dilation: Array,
    rhs_dilation: Array,
    feature_group_count: Array,
) -> tuple[Array]:
    if np.ndim(padding) != 2 or np.shape(padding)[1] != 2:
        raise _invalid(
            f"padding must be a matrix with minor dimension 2, got {np.shape(padding)}"
        )
    numbers = lax().ConvDimensionNumbers(attrs.image, attrs.kernel, attrs.result)
    result = lax().conv_general_dilated(
        lhs,
        rhs,
        window_strides=_ints(window_strides),
        padding=[(int(before), int(after)) for before, after in padding],
        lhs_dilation=_ints(lhs_dilation),
        rhs_dilation=_ints(rhs_dilation),
        dimension_numbers=numbers,
        feature_group_count=int(feature_group_count),
        batch_group_count=attrs.batch_group_count,
        precision=_precision(attrs.precision),
        preferred_element_type=_preferred(attrs, lhs),
    )
    return (result,)


def _check_places(name: str, x: Array, places: Array) -> None:
    if np.ndim(places) != 1 or np.shape(places)[0] != x.ndim:
        raise _invalid(
            f"{name} must be a vector with length equal to input rank, but input rank "
            f"is {x.ndim} and {name} has shape {show(np.shape(places))}"
        )


def dynamic_slice(
    _attrs: Attrs, x: Array, start_indices: Array, size_indices: Array
) -> tuple[Array]:
    _check_places("start_indices", x, start_indices)
    _check_places("size_indices", x, size_indices)
    sizes = _ints(size_indices)
    starts = _inside(x, start_indices, sizes)
    return (lax().dynamic_slice(x, starts, sizes),)


def dynamic_update_slice(
    _attrs: Attrs, x: Array, update: Array, indices: Array
) -> tuple[Array]:
    _check_places("indices", x, indices)
    if update.ndim != x.ndim:
        raise _invalid(
            "input and update must have the same rank, input shape is "
            f"{show(x.shape)}; update shape is {show(update.shape)}"
        )
    starts = _inside(x, indices, update.shape)
    return (lax().dynamic_update_slice(x, update, starts),)


def _inside(x: Array, starts: Array, sizes: tuple[int, ...]) -> list[Array]:
    """Move a slice until no part of it is outside, as XLA does."""
    most = np.array(x.shape) - np.array(sizes, np.int64)
    most = np.maximum(most, 0).astype(starts.dtype)
    clipped = namespace(starts).clip(starts, np.zeros_like(most), most)
    return [clipped[i] for i in range(x.ndim)]


def pad(
    _attrs: Attrs, x: Array, value: Array, low: Array, high: Array, interior: Array
) -> tuple[Array]:
    sizes = [_ints(one) for one in (low, high, interior)]
    for name, found in zip(("low", "high", "interior"), sizes, strict=True):
        if len(found) != x.ndim:
            raise _invalid(
                f"The size of padding_{name} must be equal to the input rank "
                f"({len(found)} vs. {x.ndim})"
            )
    if min(sizes[2], default=0) < 0:
        raise _invalid(f"padding_interior must be non-negative, got {sizes[2]}")
    return (lax().pad(x, value, tuple(zip(*sizes, strict=True))),)


def gather(
    attrs: GatherAttrs, operand: Array, indices: Array, slice_sizes: Array
) -> tuple[Array]:
    numbers = lax().GatherDimensionNumbers(
        offset_dims=attrs.offset,
        collapsed_slice_dims=attrs.collapsed,
        start_index_map=attrs.indexed,
        operand_batching_dims=attrs.batch,
        start_indices_batching_dims=index_batch_axes(attrs, indices.ndim),
    )
    result = lax().gather(
        operand,
        vectors_last(attrs.index_axis, indices),
        numbers,
        _ints(slice_sizes),
        indices_are_sorted=attrs.is_sorted,
        mode="clip",
    )
    return (result,)


def index_batch_axes(attrs: GatherAttrs, rank: int) -> tuple[int, ...]:
    """Return the axes of the batch when the vectors of indices are the last axis."""
    if attrs.index_axis == rank:
        return attrs.index_batch
    return tuple(i - (i > attrs.index_axis) for i in attrs.index_batch)


def vectors_last(axis: int, indices: Array) -> Array:
    """Make the axis along which vectors of indices lie the last one."""
    xp = jax_numpy()
    if axis == indices.ndim:
        return xp.expand_dims(indices, axis)
    return xp.moveaxis(indices, axis, -1)


def _is_one_each(sizes: Sequence[int], rank: int, what: str) -> None:
    if len(set(sizes)) != len(sizes) or any(not 0 <= i < rank for i in sizes):
        raise _invalid(f"{what} must be different axes below {rank}, got {sizes}")


def broadcast_helper(
    _attrs: Attrs, lhs: Array, rhs: Array, broadcast_dims: Array
) -> tuple[Array, Array]:
    """Give both operands one rank; an axis that one lacks has size 1."""
    axes = _ints(broadcast_dims)
    if lhs.ndim == rhs.ndim:
        if axes:
            raise _invalid(
                "If the operand ranks are equal, broadcast_dims must be empty; got "
                f"{show(axes)}"
            )
        return lhs, rhs
    small, large = (lhs, rhs) if lhs.ndim < rhs.ndim else (rhs, lhs)
    if small.ndim and len(axes) != small.ndim:
        raise _invalid(
            "broadcast_dims must have size equal to the smaller argument rank; got "
            f"broadcast_dims {show(axes)}; input shapes {show(lhs.shape)} and "
            f"{show(rhs.shape)}"
        )
    _is_one_each(axes, large.ndim, "broadcast_dims")
    sizes = [1] * large.ndim
    for axis, size in zip(axes, small.shape, strict=False):
        sizes[axis] = size
    wide = namespace(small).reshape(small, sizes)
    return (wide, rhs) if small is lhs else (lhs, wide)


def einsum(attrs: Attrs, a: Array, b: Array) -> tuple[Array]:
    equation = attrs["equation"].decode()
    result = jax_numpy().einsum(equation, a, b, preferred_element_type=a.dtype)
    return (result,)


def sort(_attrs: Attrs, x: Array) -> tuple[Array]:
    return (lax().sort(x, dimension=-1, is_stable=False),)


def key_value_sort(_attrs: Attrs, keys: Array, values: Array) -> tuple[Array, ...]:
    return tuple(lax().sort((keys, values), dimension=-1, num_keys=1, is_stable=False))


def unchanged(_attrs: Attrs, x: Array) -> tuple[Array]:
    return (x,)


def barrier(_attrs: Attrs, values: Sequence[Array]) -> tuple[Array, ...]:
    return tuple(lax().optimization_barrier(tuple(values)))


def reduce_precision(attrs: Attrs, x: Array) -> tuple[Array]:
    bits = attrs["exponent_bits"], attrs["mantissa_bits"]
    return (lax().reduce_precision(x, *bits),)


def replica_id(_attrs: Attrs) -> tuple[Array]:
    # One program runs, whatever devices it uses.
    return (np.int32(0),)


# As TensorFlow numbers them, which is not XLA's way.
_ALGORITHMS = ("RNG_DEFAULT", "RNG_PHILOX", "RNG_THREE_FRY")


def random_bits(
    attrs: Attrs, algorithm: Array, state: Array, shape: Array
) -> tuple[Array, Array]:
    from jax.lax import RandomAlgorithm, rng_bit_generator

    number, sizes = int(algorithm), _ints(shape)
    if not 0 <= number < len(_ALGORITHMS):
        raise _invalid(f"Unsupported algorithm {number}.")
    jax_numpy()
    kind = getattr(RandomAlgorithm, _ALGORITHMS[number])
    if number == _ALGORITHMS.index("RNG_THREE_FRY") and np.shape(state) != (2,):
        raise _invalid(f"The state must have 2 numbers, got {show(np.shape(state))}")
    wanted = attrs["dtype"].numpy_dtype
    drawn = np.dtype(f"uint{8 * wanted.itemsize}")
    draw: Any = rng_bit_generator
    after, bits = draw(state, sizes, dtype=drawn, algorithm=kind)
    if drawn != wanted:
        bits = lax().bitcast_convert_type(bits, wanted)
    return after, bits


def self_adjoint_eig(attrs: Attrs, a: Array) -> tuple[Array, Array]:
    """Values from the smallest on.

    # TF: iterates with XLA's Jacobi method until a tolerance; exact here.
    """
    v, w = _eigh(a, lower=attrs["lower"])
    return w, v


def _eigh(a: Array, *, lower: bool) -> tuple[Array, Array]:
    import jax

    jax_numpy()
    triangle = namespace(a).tril(a) if lower else namespace(a).triu(a)
    off = namespace(a).swapaxes(triangle, -1, -2).conj()
    diagonal = triangle * np.eye(a.shape[-1], dtype=a.dtype)
    v, w = jax.lax.linalg.eigh(triangle + off - diagonal, symmetrize_input=False)
    return v, w


def svd(attrs: Attrs, a: Array) -> tuple[Array, Array, Array]:
    """Values from the largest on; the columns of `v` are the right vectors."""
    del attrs  # how long XLA iterates
    xp = jax_numpy()
    u, s, v = xp.linalg.svd(a, full_matrices=False)
    return s, u, xp.swapaxes(v, -1, -2).conj()


def dequantize(attrs: Attrs, x: Array) -> tuple[Array]:
    """Four bytes of each number, the highest first, as bfloat16."""
    import ml_dtypes

    mode = attrs["mode"].decode()
    if mode != "MIN_COMBINED":
        raise _invalid(f"The mode must be MIN_COMBINED, got {mode}")
    xp = namespace(x)
    low, high = attrs["min_range"], attrs["max_range"]
    shifts = np.array([24, 16, 8, 0], np.uint32)
    bytes_ = xp.right_shift(x[..., None], shifts) & np.uint32(255)
    kind = np.dtype(ml_dtypes.bfloat16)
    scale = np.asarray((high - low) / 255, kind)
    values = bytes_.astype(kind) * scale + np.asarray(low, kind)
    values = values.reshape((*x.shape[:-1], math.prod(x.shape[-1:]) * 4))
    return (xp.swapaxes(values, 0, -1) if attrs["transpose_output"] else values,)


_WINDOW = ("window_strides", "padding", "lhs_dilation", "rhs_dilation")
_CONVOLUTION = Kernel(convolution, static=(*_WINDOW, "feature_group_count"))

KERNELS = {
    "XlaBroadcastHelper": Kernel(broadcast_helper, static=("broadcast_dims",)),
    "XlaConv": _CONVOLUTION,
    "XlaConvV2": _CONVOLUTION,
    "XlaDequantize": Kernel(dequantize),
    "XlaDot": Kernel(dot),
    "XlaDotV2": Kernel(dot),
    "XlaDynamicSlice": Kernel(dynamic_slice, static=("size_indices",)),
    "XlaDynamicUpdateSlice": Kernel(dynamic_update_slice),
    "XlaEinsum": Kernel(einsum),
    "XlaGather": Kernel(gather, static=("slice_sizes",)),
    "XlaKeyValueSort": Kernel(key_value_sort),
    "XlaOptimizationBarrier": Kernel(barrier),
    "XlaPad": Kernel(pad, static=("padding_low", "padding_high", "padding_interior")),
    "XlaReducePrecision": Kernel(reduce_precision),
    "XlaReplicaId": Kernel(replica_id),
    "XlaRngBitGenerator": Kernel(random_bits, static=("algorithm", "shape")),
    "XlaSelfAdjointEig": Kernel(self_adjoint_eig),
    "XlaClusterOutput": Kernel(unchanged),
    "XlaSharding": Kernel(unchanged),
    "XlaSort": Kernel(sort),
    "XlaSpmdFullToShardShape": Kernel(unchanged),
    "XlaSpmdShardToFullShape": Kernel(unchanged),
    "XlaSvd": Kernel(svd),
}
