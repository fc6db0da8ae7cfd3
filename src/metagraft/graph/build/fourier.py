"""Nodes of Fourier transforms of real signals, with the padding that comes before them.

Source: tensorflow python/ops/signal/fft_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.pad import pad
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor
from metagraft.graph.value_as_shape import value_as_shape

__all__ = ["inverse_real_transform", "padded_for", "real_transform", "static_or"]

_COMPLEX = {dtypes.float32: dtypes.complex64, dtypes.float64: dtypes.complex128}
_FORWARD = {1: "RFFT", 2: "RFFT2D", 3: "RFFT3D"}
_INVERSE = {1: "IRFFT", 2: "IRFFT2D", 3: "IRFFT3D"}


def real_transform(
    rank: int, input_tensor: Any, fft_length: Any = None, name: str | None = None
) -> Tensor:
    """Transform real numbers along the last `rank` axes.

    Raises:
        ValueError: The numbers are not of type `float32` or `float64`.
    """
    kind = _FORWARD[rank]
    with name_scope(name, kind.lower(), [input_tensor, fft_length]) as scope:
        signal = real_signal(input_tensor)
        signal.shape.with_rank_at_least(rank)
        if fft_length is None:
            length = _own_length(signal, rank)
        else:
            length = convert_to_tensor(fft_length, dtypes.int32)
        signal = padded_for(signal, rank, length)
        result: Tensor = op(
            kind,
            input=signal,
            fft_length=static_or(length),
            Tcomplex=complex_type_of(signal),
            name=scope,
        )
        return result


def real_signal(value: Any) -> Tensor:
    """Return real numbers as a tensor.

    Raises:
        ValueError: They are not of type `float32` or `float64`.
    """
    signal = convert_to_tensor(value, preferred_dtype=dtypes.float32)
    if signal.dtype not in _COMPLEX:
        raise ValueError(
            f"RFFT requires tf.float32 or tf.float64 inputs, got: {signal}"
        )
    return signal


def complex_signal(value: Any) -> Tensor:
    """Return complex numbers as a tensor.

    Raises:
        ValueError: They are not complex.
    """
    signal = convert_to_tensor(value, preferred_dtype=dtypes.complex64)
    if not signal.dtype.is_complex:
        raise ValueError(
            f"IRFFT requires tf.complex64 or tf.complex128 inputs, got: {signal}"
        )
    return signal


def complex_type_of(signal: Tensor) -> dtypes.DType:
    """Return the type of a real signal's transform."""
    return _COMPLEX[signal.dtype]


def inverse_real_transform(
    rank: int, input_tensor: Any, fft_length: Any = None, name: str | None = None
) -> Tensor:
    """Transform back, along the last `rank` axes, to real numbers.

    Raises:
        ValueError: The numbers are not complex.
    """
    kind = _INVERSE[rank]
    with name_scope(name, kind.lower(), [input_tensor, fft_length]) as scope:
        signal = convert_to_tensor(input_tensor, preferred_dtype=dtypes.complex64)
        signal.shape.with_rank_at_least(rank)
        signal = complex_signal(signal)
        if fft_length is None:
            length = _length_of_inverse(signal, rank)
        else:
            length = convert_to_tensor(fft_length, dtypes.int32)
        signal = padded_for(signal, rank, length, is_inverse=True)
        result: Tensor = op(
            kind,
            input=signal,
            fft_length=static_or(length),
            Treal=signal.dtype.real_dtype,
            name=scope,
        )
        return result


def static_or(tensor: Tensor) -> Any:
    """Return the value of a tensor if it is known, else the tensor."""
    value = constant_value(tensor)
    return tensor if value is None else value


def _own_length(signal: Tensor, rank: int) -> Any:
    sizes = signal.shape[-rank:]
    if not sizes.is_fully_defined():
        return array.shape(signal)[-rank:]
    return convert_to_tensor(sizes.as_list(), dtypes.int32)


def _length_of_inverse(signal: Tensor, rank: int) -> Any:
    sizes = signal.shape[-rank:]
    if not sizes.is_fully_defined():
        lengths: list[Any] = list(array.unstack(array.shape(signal)[-rank:]))
        lengths[-1] = op("Maximum", x=0, y=2 * (lengths[-1] - 1))
        return array.stack(lengths)
    known = sizes.as_list()
    if known:
        known[-1] = max(0, 2 * (known[-1] - 1))
    return convert_to_tensor(known, dtypes.int32)


def padded_for(
    signal: Tensor, rank: int, length: Tensor, *, is_inverse: bool = False
) -> Tensor:
    """Add zeros where a signal is shorter than its transform is to be."""
    length.shape.assert_has_rank(1)
    sizes = signal.dims
    if sizes is not None and 0 in sizes:
        return signal
    wanted = value_as_shape(length)
    if wanted is not None and None not in wanted and sizes is not None:
        known = sizes[len(sizes) - len(wanted) :]
        if None not in known:
            return _padded_statically(signal, wanted, known, is_inverse=is_inverse)
    return _padded_when_run(signal, rank, length, is_inverse=is_inverse)


def _padded_statically(
    signal: Tensor, wanted: Any, known: Any, *, is_inverse: bool
) -> Tensor:
    if is_inverse:
        wanted = (*wanted[:-1], wanted[-1] // 2 + 1)
    inner = [
        [0, max(length - size, 0)] for length, size in zip(wanted, known, strict=False)
    ]
    if not any(after for _, after in inner):
        return signal
    outer = [[0, 0]] * max(len(signal.dims or ()) - len(wanted), 0)
    return pad(signal, outer + inner)


def _padded_when_run(
    signal: Tensor, rank: int, length: Any, *, is_inverse: bool
) -> Tensor:
    signal_rank = array.rank(signal)
    sizes = array.shape(signal)[-rank:]
    outer_count = op("Maximum", x=0, y=signal_rank - rank)
    outer = array.zeros([outer_count], length.dtype)
    if is_inverse:
        length = array.concat([length[:-1], length[-1:] // 2 + 1], 0)
    inner = op("Maximum", x=0, y=length - sizes)
    after = array.concat([outer, inner], 0)
    paddings = array.stack([array.zeros_like(after), after], axis=1)
    return pad(signal, paddings)
