"""`tf.signal`: Fourier transforms.

Source: tensorflow python/ops/signal/fft_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.api.array import roll
from metagraft.api.comparison import where
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array, fourier
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "fft",
    "fft2d",
    "fft3d",
    "fftnd",
    "fftnd_op",
    "fftshift",
    "ifft",
    "ifft2d",
    "ifft3d",
    "ifftnd",
    "ifftnd_op",
    "ifftshift",
    "irfft",
    "irfft2d",
    "irfft3d",
    "irfftnd",
    "irfftnd_op",
    "rfft",
    "rfft2d",
    "rfft3d",
    "rfftnd",
    "rfftnd_op",
]


def fft(input: Any, name: str | None = None) -> Tensor:
    """Transform complex numbers along the last axis."""
    return _tensor(op("FFT", input=input, name=name))


def ifft(input: Any, name: str | None = None) -> Tensor:
    """Transform complex numbers back along the last axis."""
    return _tensor(op("IFFT", input=input, name=name))


def fft2d(input: Any, name: str | None = None) -> Tensor:
    """Transform complex numbers along the last two axes."""
    return _tensor(op("FFT2D", input=input, name=name))


def ifft2d(input: Any, name: str | None = None) -> Tensor:
    """Transform complex numbers back along the last two axes."""
    return _tensor(op("IFFT2D", input=input, name=name))


def fft3d(input: Any, name: str | None = None) -> Tensor:
    """Transform complex numbers along the last three axes."""
    return _tensor(op("FFT3D", input=input, name=name))


def ifft3d(input: Any, name: str | None = None) -> Tensor:
    """Transform complex numbers back along the last three axes."""
    return _tensor(op("IFFT3D", input=input, name=name))


def rfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
    """Transform real numbers along the last axis, to `fft_length // 2 + 1` ones.

    Args:
        input_tensor: Numbers of type `float32` or `float64`.
        fft_length: `[1]`: the length, to which shorter signals are filled with zeros
            and longer ones cut; the signal's own by default.
        name: Name of the operation.
    """
    return fourier.real_transform(1, input_tensor, fft_length, name)


def rfft2d(
    input_tensor: Any, fft_length: Any = None, name: str | None = None
) -> Tensor:
    """Transform real numbers along the last two axes; see `rfft`."""
    return fourier.real_transform(2, input_tensor, fft_length, name)


def rfft3d(
    input_tensor: Any, fft_length: Any = None, name: str | None = None
) -> Tensor:
    """Transform real numbers along the last three axes; see `rfft`."""
    return fourier.real_transform(3, input_tensor, fft_length, name)


def irfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
    """Transform back to real numbers along the last axis; undoes `rfft`."""
    return fourier.inverse_real_transform(1, input_tensor, fft_length, name)


def irfft2d(
    input_tensor: Any, fft_length: Any = None, name: str | None = None
) -> Tensor:
    """Transform back to real numbers along the last two axes."""
    return fourier.inverse_real_transform(2, input_tensor, fft_length, name)


def irfft3d(
    input_tensor: Any, fft_length: Any = None, name: str | None = None
) -> Tensor:
    """Transform back to real numbers along the last three axes."""
    return fourier.inverse_real_transform(3, input_tensor, fft_length, name)


def fftnd(
    input_tensor: Any,
    fft_length: Any = None,
    axes: Any = None,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Transform complex numbers along given axes, all of them by default.

    Args:
        input_tensor: Complex numbers.
        fft_length: The length along each axis; the signal's own by default.
        axes: The axes.
        norm: `backward` by default, `forward` or `ortho`: what divides by the size.
        name: Name of the operation.
    """
    with name_scope(name, "fftnd", [input_tensor, fft_length, axes]) as scope:
        signal, length, places = _along(input_tensor, fft_length, axes)
        scaled = _divided(signal, length, norm)
        return _tensor(
            op("FFTND", input=scaled, fft_length=length, axes=places, name=scope)
        )


def ifftnd(
    input_tensor: Any,
    fft_length: Any = None,
    axes: Any = None,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Transform complex numbers back along given axes; see `fftnd`."""
    with name_scope(name, "ifftnd", [input_tensor, fft_length, axes]) as scope:
        signal, length, places = _along(input_tensor, fft_length, axes)
        scaled = _multiplied(signal, length, norm)
        return _tensor(
            op("IFFTND", input=scaled, fft_length=length, axes=places, name=scope)
        )


def rfftnd(
    input_tensor: Any,
    fft_length: Any = None,
    axes: Any = None,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Transform real numbers along given axes; see `fftnd`."""
    with name_scope(name, "rfftnd", [input_tensor, fft_length, axes]) as scope:
        places = _axes(input_tensor, axes)
        signal = fourier.real_signal(input_tensor)
        signal, length, places = _along(signal, fft_length, places)
        return _tensor(
            op(
                "RFFTND",
                input=_divided(signal, length, norm),
                fft_length=length,
                axes=places,
                Tcomplex=fourier.complex_type_of(signal),
                name=scope,
            )
        )


def irfftnd(
    input_tensor: Any,
    fft_length: Any = None,
    axes: Any = None,
    norm: str | None = None,
    name: str | None = None,
) -> Tensor:
    """Transform back to real numbers along given axes; see `fftnd`."""
    with name_scope(name, "irfftnd", [input_tensor, fft_length]) as scope:
        places = _axes(input_tensor, axes)
        signal = fourier.complex_signal(input_tensor)
        if fft_length is None:
            sizes: list[Any] = list(signal.shape.as_list())
            sizes[-1] = max(0, 2 * (sizes[-1] - 1))
            fft_length = convert_to_tensor(sizes, dtypes.int32)
        signal, length, places = _along(signal, fft_length, places, is_inverse=True)
        return _tensor(
            op(
                "IRFFTND",
                input=_multiplied(signal, length, norm),
                fft_length=length,
                axes=places,
                Treal=signal.dtype.real_dtype,
                name=scope,
            )
        )


def fftnd_op(input: Any, fft_length: Any, axes: Any, name: str | None = None) -> Tensor:
    """Add the node alone that `fftnd` ends with."""
    return _tensor(
        op("FFTND", input=input, fft_length=fft_length, axes=axes, name=name)
    )


def ifftnd_op(
    input: Any, fft_length: Any, axes: Any, name: str | None = None
) -> Tensor:
    """Add the node alone that `ifftnd` ends with."""
    return _tensor(
        op("IFFTND", input=input, fft_length=fft_length, axes=axes, name=name)
    )


def rfftnd_op(
    input: Any,
    fft_length: Any,
    axes: Any,
    Tcomplex: Any = dtypes.complex64,  # noqa: N803 - TensorFlow's name
    name: str | None = None,
) -> Tensor:
    """Add the node alone that `rfftnd` ends with."""
    operands = {"input": input, "fft_length": fft_length, "axes": axes}
    return _tensor(op("RFFTND", **operands, Tcomplex=Tcomplex, name=name))


def irfftnd_op(
    input: Any,
    fft_length: Any,
    axes: Any,
    Treal: Any = dtypes.float32,  # noqa: N803 - TensorFlow's name
    name: str | None = None,
) -> Tensor:
    """Add the node alone that `irfftnd` ends with."""
    operands = {"input": input, "fft_length": fft_length, "axes": axes}
    return _tensor(op("IRFFTND", **operands, Treal=Treal, name=name))


def _axes(signal: Any, axes: Any) -> Tensor:
    if axes is None:
        axes = np.arange(len(signal.shape))
    return convert_to_tensor(axes, dtypes.int32)


def _along(
    value: Any, fft_length: Any, axes: Any, *, is_inverse: bool = False
) -> tuple[Tensor, Any, Tensor]:
    """Return the padded signal, the lengths and the axes."""
    places = axes if isinstance(axes, Tensor) else _axes(value, axes)
    rank = places.shape[0].value
    assert rank is not None
    signal = convert_to_tensor(value, preferred_dtype=dtypes.complex64)
    signal.shape.with_rank_at_least(rank)
    if fft_length is None:
        length = array.shape(signal)[-len(signal.shape) :]
    else:
        length = convert_to_tensor(fft_length, dtypes.int32)
    signal = fourier.padded_for(signal, rank, length, is_inverse=is_inverse)
    return signal, fourier.static_or(length), places


def _divided(signal: Any, length: Any, norm: str | None) -> Any:
    if norm == "forward":
        return signal / _product(length)
    return signal / np.sqrt(_product(length)) if norm == "ortho" else signal


def _multiplied(signal: Any, length: Any, norm: str | None) -> Any:
    if norm == "forward":
        return signal * _product(length)
    return signal * np.sqrt(_product(length)) if norm == "ortho" else signal


def _product(lengths: Any) -> Any:
    product: Any = 1
    for length in lengths:
        product *= length
    return product


def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """Move the zero frequency to the middle.

    Args:
        x: A transform.
        axes: An axis or several; all by default.
        name: Name of the operation.
    """
    with name_scope(name, "fftshift") as scope:
        x = convert_to_tensor(x)
        sizes, axes = _sizes_along(x, axes)
        return roll(x, sizes // 2, axes, scope)


def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Tensor:
    """Move the zero frequency from the middle to the start; undoes `fftshift`."""
    with name_scope(name, "ifftshift") as scope:
        x = convert_to_tensor(x)
        sizes, axes = _sizes_along(x, axes)
        return roll(x, -(sizes // 2), axes, scope)


def _sizes_along(x: Tensor, axes: Any) -> tuple[Tensor, Any]:
    if axes is None:
        return array.shape(x), tuple(range(x.shape.ndims or 0))
    if isinstance(axes, int):
        return array.shape(x)[axes], axes
    rank = array.rank(x)
    is_negative = op("Less", x=axes, y=0)
    axes = where(is_negative, axes + rank, axes)
    return array.gather(array.shape(x), axes), axes


def _tensor(value: Any) -> Tensor:
    result: Tensor = value
    return result
