"""Fourier transforms; twin of `ops/fourier.py`.

Source: tensorflow core/kernels/fft_ops.cc.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel, KernelFunction
from metagraft.kernels.namespace import namespace

_SUFFIX = {1: "", 2: "2D", 3: "3D"}


def complex_transform(name: str, rank: int) -> KernelFunction:
    """Return the kernel of a transform along the last axes."""

    def transform(_attrs: Attrs, input: Array) -> tuple[Array]:
        if np.ndim(input) < rank:
            raise _invalid(
                f"Input must have rank of at least {rank} but got: {show(input.shape)}"
            )
        if not math.prod(np.shape(input)):
            return (input,)
        xp = namespace(input)
        axes = tuple(range(-rank, 0))
        found = getattr(xp.fft, name)(input, axes=axes)
        return (found.astype(input.dtype),)

    return transform


# TF: a length of zero ends the process, here and in the inverse transform.
def real_transform(rank: int) -> KernelFunction:
    """Return the kernel of a transform of real numbers."""

    def transform(attrs: Attrs, input: Array, fft_length: Array) -> tuple[Array]:
        dtype = as_dtype(attrs["Tcomplex"]).as_numpy_dtype
        _check_types("forward", input.dtype, dtype, input.dtype.itemsize * 2)
        lengths = _lengths(input, fft_length, rank)
        half = lengths[-1] // 2 + 1 if lengths[-1] else 0
        shape = (*np.shape(input)[:-rank], *lengths[:-1], half)
        xp = namespace(input)
        if not math.prod(shape) or not math.prod(np.shape(input)):
            return (xp.zeros(shape, dtype),)
        cut = _cut(input, lengths)
        found = xp.fft.rfftn(cut, s=lengths, axes=tuple(range(-rank, 0)))
        return (found.astype(dtype),)

    return transform


def inverse_real_transform(rank: int) -> KernelFunction:
    """Return the kernel of an inverse transform to real numbers."""

    def transform(attrs: Attrs, input: Array, fft_length: Array) -> tuple[Array]:
        dtype = as_dtype(attrs["Treal"]).as_numpy_dtype
        _check_types("backward", input.dtype, dtype, input.dtype.itemsize // 2)
        lengths = _lengths(input, fft_length, rank, is_inverse=True)
        shape = (*np.shape(input)[:-rank], *lengths)
        xp = namespace(input)
        if not math.prod(shape) or not math.prod(np.shape(input)):
            return (xp.zeros(shape, dtype),)
        cut = _cut(input, [*lengths[:-1], lengths[-1] // 2 + 1])
        axes = tuple(range(-rank, 0))
        if rank > 1:
            cut = xp.fft.ifftn(cut, axes=axes[:-1])
        found = xp.fft.irfft(cut, n=lengths[-1], axis=-1)
        return (found.astype(dtype),)

    return transform


def _check_types(way: str, given: Any, wanted: Any, size: int) -> None:
    """Refuse results that are more or less precise than what they come from.

    # TF: it refuses them once it knows that there is something to transform.
    """
    if np.dtype(wanted).itemsize != size:
        pair = as_dtype(given), as_dtype(wanted)
        raise _invalid(
            f"Wrong types for {way} real FFT: in={int(pair[0])} out={int(pair[1])}"
        )


def _lengths(
    input: Array, fft_length: Array, rank: int, *, is_inverse: bool = False
) -> list[int]:
    """Return the lengths to transform with, which the input must have.

    Raises:
        InvalidArgumentError: There are more or fewer, or the input is shorter.
    """
    if np.ndim(input) < rank:
        raise _invalid(
            f"Input must have rank of at least {rank} but got: {show(input.shape)}"
        )
    if np.shape(fft_length) != (rank,):
        raise _invalid(f"fft_length must have shape [{rank}]")
    lengths: list[int] = np.asarray(fft_length).tolist()
    for place, length in enumerate(lengths):
        if length < 0:
            raise _invalid(f"fft_length[{place}] must >= 0, but got: {length}")
        least = length
        if is_inverse and place == rank - 1 and length:
            least = length // 2 + 1
        size = np.shape(input)[place - rank]
        if size < least and (size or math.prod(np.shape(input))):
            raise _invalid(
                f"Input dimension {np.ndim(input) - rank + place} must have length of "
                f"at least {least} but got: {size}"
            )
    return lengths


def _cut(input: Array, lengths: Sequence[int]) -> Array:
    return input[(..., *(slice(length) for length in lengths))]


def transform_along_axes(name: str) -> KernelFunction:
    """Return the kernel of a transform along given axes, padded or cut to lengths.

    Args:
        name: `fft`, `ifft`, `rfft` or `irfft`: the transform of the last of the axes;
            the others have a complex one.
    """

    def transform(
        attrs: Attrs, input: Array, fft_length: Array, axes: Array
    ) -> tuple[Array]:
        result = attrs["Treal" if name == "irfft" else "Tcomplex"]
        lengths = np.asarray(fft_length).tolist()
        places = np.asarray(axes).tolist()
        if len(lengths) != len(places):
            raise _invalid("axes must have the same shape as fft_length")
        pairs = list(zip(lengths, places, strict=True))
        library = namespace(input).fft
        found = input
        if name == "rfft":
            found = library.rfft(found, *pairs.pop())
        last = pairs.pop() if name == "irfft" else None
        of_others = library.ifft if name in ("ifft", "irfft") else library.fft
        for length, place in pairs:
            found = of_others(found, length, place)
        if last is not None:
            found = library.irfft(found, *last)
        return (found.astype(as_dtype(result).as_numpy_dtype),)

    return transform


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


_LENGTH = ("fft_length",)
KERNELS: dict[str, Any] = {
    "FFTND": Kernel(transform_along_axes("fft"), static=(*_LENGTH, "axes")),
    "IFFTND": Kernel(transform_along_axes("ifft"), static=(*_LENGTH, "axes")),
    "RFFTND": Kernel(transform_along_axes("rfft"), static=(*_LENGTH, "axes")),
    "IRFFTND": Kernel(transform_along_axes("irfft"), static=(*_LENGTH, "axes")),
}
for _rank, _end in _SUFFIX.items():
    KERNELS |= {
        f"FFT{_end}": Kernel(complex_transform("fftn", _rank)),
        f"IFFT{_end}": Kernel(complex_transform("ifftn", _rank)),
        f"BatchFFT{_end}": Kernel(complex_transform("fftn", _rank)),
        f"BatchIFFT{_end}": Kernel(complex_transform("ifftn", _rank)),
        f"RFFT{_end}": Kernel(real_transform(_rank), static=_LENGTH),
        f"IRFFT{_end}": Kernel(inverse_real_transform(_rank), static=_LENGTH),
    }
