"""Fourier transforms; twin of `kernels/fourier.py`.

Source: tensorflow core/ops/spectral_ops.cc; python/ops/signal/fft_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.fourier import (
    inverse_real_transform,
    real_transform,
    static_or,
)
from metagraft.graph.build.math import cast, conj, mod, number_range, real
from metagraft.graph.build.matmul import matmul
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    GradientBuilder,
    GradientRule,
    NoGradient,
    OpSpec,
    ShapeFunction,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import with_rank, with_rank_at_least, with_size
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/spectral_ops.cc"
Gradients = Sequence[Any]


def complex_transform_shape(rank: int) -> ShapeFunction:
    """Return the shape function of transforms that keep the shape."""

    def unchanged(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
        return (with_rank_at_least(inputs[0], rank),)

    return unchanged


def real_transform_shape(rank: int, *, forward: bool) -> ShapeFunction:
    """Return the shape function of transforms from or to real numbers."""

    def transformed(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
        dims = with_rank_at_least(inputs[0], rank)
        (count,) = with_rank(inputs[1], 1)
        with_size(count, rank)
        lengths = inputs.value(1)
        if dims is None:
            return (None,)
        inner: list[int | None] = [None] * rank
        if lengths is not None:
            inner = [None if length == -1 else int(length) for length in lengths]
            if forward and lengths[-1]:
                inner[-1] = max(int(lengths[-1]), 0) // 2 + 1
        return ((*dims[: len(dims) - rank], *inner),)

    return transformed


def batch_transform_shape(rank: int) -> ShapeFunction:
    """Return the shape function of the old transforms of batches."""
    return complex_transform_shape(rank)


def _size(dy: Tensor, rank: int) -> Tensor:
    return reduce_tensor("Prod", array.shape(dy)[-rank:])


def forward_gradient(rank: int, inverse: str) -> GradientRule:
    """Return the rule of a transform: the inverse, which divides, times the size."""

    def gradient(g: GradientBuilder, _node: Operation, dy: Tensor) -> Gradients:
        size = cast(_size(dy, rank), dy.dtype)
        return (g.op(inverse, input=dy) * size,)

    return gradient


def inverse_gradient(rank: int, forward: str) -> GradientRule:
    """Return the rule of an inverse transform: the transform, divided by the size."""

    def gradient(g: GradientBuilder, _node: Operation, dy: Tensor) -> Gradients:
        size = cast(1.0 / cast(_size(dy, rank), dy.dtype.real_dtype), dy.dtype)
        return (g.op(forward, input=dy) * size,)

    return gradient


def _alternating(length: Any, dtype: dtypes.DType) -> Any:
    """Return 1, -1, 1, ... as numbers of a type."""
    return cast(1 - 2 * (number_range(length) % 2), dtype)


def real_transform_gradient(rank: int) -> GradientRule:
    """Return the rule of a transform of real numbers.

    The half of the frequencies that is left out counts, too; those that stand for
    themselves, the first and for even lengths the last, are taken out again.
    """
    terms: dict[int, Callable[..., Tensor]] = {1: _own_terms, 2: _own_terms_of_rows}

    def gradient(_g: GradientBuilder, node: Operation, dy: Tensor) -> Gradients:
        signal, length = node.inputs
        dtype = dy.dtype
        shape = array.shape(signal)
        is_even = cast(1 - (length[-1] % 2), dtype)
        extra = terms[rank](dy, shape, is_even)
        size = cast(_size(signal, rank), dtype.real_dtype)
        inverse = inverse_real_transform(rank, dy, length)
        return (0.5 * (inverse * size + real(extra)), None)

    return gradient


def _own_terms(dy: Tensor, shape: Tensor, is_even: Tensor) -> Tensor:
    first = dy[..., 0:1]
    last = dy[..., -1:]
    return first + is_even * last * _alternating(shape[-1], dy.dtype)


def _own_terms_of_rows(dy: Tensor, shape: Tensor, is_even: Tensor) -> Tensor:
    first = dy[..., 0:1]
    matrix = _tiled_like(_transform_matrix(shape[-2], dy.dtype), first)
    first_term = matmul(matrix, conj(first))
    last = dy[..., -1:]
    last_term = matmul(matrix, conj(last))
    width = shape[-1]
    ones = array.ones([array.rank(dy) - 1], dtypes.int32)
    multiples = array.concat([ones, [width]], 0)
    tiled = op("Tile", input=last_term, multiples=multiples)
    return first_term + is_even * (tiled * _alternating(width, dy.dtype))


def _transform_matrix(length: Any, dtype: dtypes.DType) -> Tensor:
    """Return the matrix that transforms vectors of a length."""
    row = array.expand_dims(number_range(length), 0)
    a = op("Tile", input=row, multiples=(length, 1))
    b = array.transpose(a, [1, 0])
    turns = -2j * np.pi * cast(a * b, dtype) / cast(length, dtype)
    result: Tensor = op("Exp", x=turns)
    return result


def _tiled_like(matrix: Tensor, t: Tensor) -> Tensor:
    """Repeat a matrix along the outer axes of a tensor."""
    ones = array.ones([array.rank(t) - 2], dtypes.int32)
    expanded = array.reshape(matrix, array.concat([ones, array.shape(matrix)], 0))
    multiples = array.concat([array.shape(t)[:-2], [1, 1]], 0)
    result: Tensor = op("Tile", input=expanded, multiples=multiples)
    return result


def inverse_real_transform_gradient(rank: int) -> GradientRule:
    """Return the rule of an inverse transform to real numbers."""

    def gradient(_g: GradientBuilder, node: Operation, dy: Tensor) -> Gradients:
        length = static_or(node.inputs[1])
        is_odd = mod(length[-1], 2)
        last = array.shape(node.inputs[0])[-1]
        # All but the first, and the last of an even length, stand for two.
        twice = 2.0 * array.ones([last - 2 + is_odd], dy.dtype)
        mask = array.concat([[1.0], twice, array.ones([1 - is_odd], dy.dtype)], 0)
        size = op("Reciprocal", x=cast(_size(dy, rank), dy.dtype))
        transformed = real_transform(rank, dy, length)
        return (transformed * cast(size * mask, transformed.dtype), None)

    return gradient


def _spec(
    name: str, shape: ShapeFunction, gradient: GradientRule | NoGradient = NO_RULE_YET
) -> OpSpec:
    return OpSpec(name=name, shape=shape, gradient=gradient, source=_SOURCE)


_SUFFIX = {1: "", 2: "2D", 3: "3D"}
_RANKS = tuple(_SUFFIX.items())

OPS = (
    *(
        _spec(
            f"FFT{end}",
            complex_transform_shape(rank),
            forward_gradient(rank, f"IFFT{end}"),
        )
        for rank, end in _RANKS
    ),
    *(
        _spec(
            f"IFFT{end}",
            complex_transform_shape(rank),
            inverse_gradient(rank, f"FFT{end}"),
        )
        for rank, end in _RANKS
    ),
    *(
        _spec(
            f"RFFT{end}",
            real_transform_shape(rank, forward=True),
            # TF: it has no rule for three axes.
            real_transform_gradient(rank) if rank < 3 else NO_RULE_YET,
        )
        for rank, end in _RANKS
    ),
    *(
        _spec(
            f"IRFFT{end}",
            real_transform_shape(rank, forward=False),
            inverse_real_transform_gradient(rank) if rank < 3 else NO_RULE_YET,
        )
        for rank, end in _RANKS
    ),
    *(
        _spec(f"Batch{kind}{end}", batch_transform_shape(rank))
        for kind in ("FFT", "IFFT")
        for rank, end in _RANKS
    ),
    # TF: infers for these, too, that the shape is kept, whatever the lengths are.
    *(
        _spec(f"{kind}ND", complex_transform_shape(1))
        for kind in ("FFT", "IFFT", "RFFT", "IRFFT")
    ),
)
