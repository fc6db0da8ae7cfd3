"""`tf.signal`: transforms of signals."""

from __future__ import annotations

from typing import Final

from metagraft.lazy_names import from_module, lazy_names

_API: Final = "metagraft.api"

_NAMES = {
    **from_module(f"{_API}.signal_cosine", "dct idct"),
    **from_module(
        f"{_API}.signal_fourier",
        "fft fft2d fft3d fftnd fftshift ifft ifft2d ifft3d ifftnd ifftshift irfft"
        " irfft2d irfft3d irfftnd rfft rfft2d rfft3d rfftnd",
    ),
    **from_module(f"{_API}.signal_frames", "frame overlap_and_add"),
    **from_module(
        f"{_API}.signal_mel",
        "linear_to_mel_weight_matrix mfccs_from_log_mel_spectrograms",
    ),
    **from_module(
        f"{_API}.signal_spectra",
        "inverse_mdct inverse_stft inverse_stft_window_fn mdct stft",
    ),
    **from_module(
        f"{_API}.signal_windows",
        "hamming_window hann_window kaiser_bessel_derived_window kaiser_window"
        " vorbis_window",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
