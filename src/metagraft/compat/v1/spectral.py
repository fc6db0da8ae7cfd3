"""`tf.spectral`: the older names of some functions of `tf.signal`."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.api.signal_cosine", "dct idct"),
    **from_module(
        "metagraft.api.signal_fourier",
        "fft fft2d fft3d ifft ifft2d ifft3d irfft irfft2d irfft3d rfft rfft2d rfft3d",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
