"""Programs of signals: transforms, windows, frames."""

from __future__ import annotations

from types import ModuleType


def fourier_transforms(tf: ModuleType) -> None:
    """Transforms of every kind."""
    z = tf.placeholder(tf.complex64, [2, 4, 6, 8], name="z")
    x = tf.placeholder(tf.float64, [2, 4, 6, 8], name="x")
    unknown = tf.placeholder(tf.float32, name="unknown")
    any_size = tf.placeholder(tf.complex128, [None, None, 5], name="any_size")
    for name in ("fft", "fft2d", "fft3d", "ifft", "ifft2d", "ifft3d"):
        getattr(tf.signal, name)(z)
        getattr(tf, name)(z, name=f"old_{name}")
        getattr(tf.spectral, name)(z)
    for name in ("rfft", "rfft2d", "rfft3d"):
        rank = int(name[4:5] or 1)
        getattr(tf.signal, name)(x)
        getattr(tf.spectral, name)(x, [10] * rank, name=f"longer_{name}")
        getattr(tf.signal, name)(x, [3] * rank)
        getattr(tf.signal, name)(tf.placeholder(tf.float32, [None] * 4))
        getattr(tf.signal, name)(unknown, [7] * rank)
        length = tf.placeholder(tf.int32, [rank], name=f"length_{name}")
        getattr(tf.signal, name)(x, length)
        getattr(tf.signal, f"i{name}")(z)
        getattr(tf.spectral, f"i{name}")(z, [20] * rank, name=f"longer_i{name}")
        getattr(tf.signal, f"i{name}")(z, length)
        getattr(tf.signal, f"i{name}")(any_size)
    tf.signal.rfft([1.0, 2.0, 3.0])
    tf.signal.fftshift(z)
    tf.signal.fftshift(any_size, axes=1)
    tf.signal.ifftshift(z, axes=[0, -1], name="back")


def fourier_transforms_along_axes(tf: ModuleType) -> None:
    """Transforms along given axes."""
    z = tf.placeholder(tf.complex64, [2, 4, 6], name="z")
    x = tf.placeholder(tf.float32, [2, 4, 6], name="x")
    tf.signal.fftnd(z)
    tf.signal.fftnd(z, [8, 8], [1, 2])
    tf.signal.ifftnd(z, [8, 8, 8], norm="ortho", name="inverse")
    tf.signal.rfftnd(x, [3, 4, 6], norm="forward")
    tf.signal.irfftnd(z, [2, 4, 10])
    tf.fftnd(z, [2, 4, 6], [0, 1, 2], name="old")


def fourier_gradients(tf: ModuleType) -> None:
    """Gradients of transforms."""
    z = tf.placeholder(tf.complex64, [2, 4, 6, 8], name="z")
    x = tf.placeholder(tf.float32, [3, 6, 8], name="x")
    free = tf.placeholder(tf.float64, [None, None, None], name="free")
    for name in ("fft", "fft2d", "fft3d", "ifft", "ifft2d", "ifft3d"):
        tf.gradients(tf.abs(getattr(tf.signal, name)(z)), z)
    for name in ("rfft", "rfft2d"):
        rank = int(name[4:5] or 1)
        tf.gradients(tf.abs(getattr(tf.signal, name)(x)), x)
        tf.gradients(tf.abs(getattr(tf.signal, name)(x, [9] * rank)), x)
        tf.gradients(tf.abs(getattr(tf.signal, name)(free)), free)
        tf.gradients(getattr(tf.signal, f"i{name}")(z), z)
        lengths = [15] if rank == 1 else [6, 15]
        tf.gradients(getattr(tf.signal, f"i{name}")(z, lengths), z)


def signal_windows(tf: ModuleType) -> None:
    """Windows of known and of unknown lengths."""
    length = tf.placeholder(tf.int32, [], name="length")
    for name in ("hann_window", "hamming_window"):
        window = getattr(tf.signal, name)
        window(8)
        window(7, periodic=False, dtype=tf.float64, name=f"named_{name}")
        window(1)
        window(length)
    tf.signal.vorbis_window(8)
    tf.signal.vorbis_window(length, dtype=tf.float64, name="vorbis")
    tf.signal.kaiser_window(8)
    tf.signal.kaiser_window(1)
    tf.signal.kaiser_window(length, beta=3.0, name="kaiser")
    tf.signal.kaiser_bessel_derived_window(8)


def signal_frames(tf: ModuleType) -> None:
    """Signals cut into frames and put together."""
    x = tf.placeholder(tf.float32, [2, 50], name="x")
    free = tf.placeholder(tf.float32, [None, None], name="free")
    unknown = tf.placeholder(tf.float32, name="unknown")
    length = tf.placeholder(tf.int32, [], name="length")
    tf.signal.frame(x, 8, 4)
    tf.signal.frame(x, 8, 3, pad_end=True, pad_value=1.0, name="padded")
    tf.signal.frame(x, 1, 1, axis=0)
    tf.signal.frame(free, 6, 4, pad_end=True)
    tf.signal.frame(free, length, 4)
    tf.signal.frame(unknown, 6, 4)
    frames = tf.placeholder(tf.float64, [3, 5, 8], name="frames")
    tf.signal.overlap_and_add(frames, 3)
    tf.signal.overlap_and_add(frames, 8, name="apart")
    tf.signal.overlap_and_add(tf.placeholder(tf.float32, [None, None, 6]), length)
    tf.signal.overlap_and_add(unknown, 2)


def signal_spectra(tf: ModuleType) -> None:
    """Spectra of frames, and back."""
    x = tf.placeholder(tf.float32, [2, 500], name="x")
    free = tf.placeholder(tf.float64, [None, None], name="free")
    length = tf.placeholder(tf.int32, [], name="length")
    spectra = tf.signal.stft(x, 100, 40)
    tf.signal.stft(free, length, 10, window_fn=tf.signal.hamming_window, name="free_st")
    tf.signal.stft(x, 64, 64, fft_length=128, window_fn=None, pad_end=True)
    back = tf.signal.inverse_stft(
        spectra, 100, 40, window_fn=tf.signal.inverse_stft_window_fn(40)
    )
    tf.gradients(back, x)
    tf.signal.inverse_stft(spectra, 64, 40, fft_length=128, window_fn=None, name="in")
    tf.signal.inverse_stft(spectra, 200, 40)
    tf.signal.inverse_stft(tf.placeholder(tf.complex64, [None, None, None]), length, 10)
    coefficients = tf.signal.mdct(x, 40)
    tf.signal.mdct(free, length, window_fn=None, norm="ortho")
    tf.signal.inverse_mdct(coefficients)
    tf.signal.inverse_mdct(coefficients, window_fn=None, norm="ortho", name="back")


def cosine_transforms(tf: ModuleType) -> None:
    """Cosine transforms of all types."""
    x = tf.placeholder(tf.float32, [3, 8], name="x")
    free = tf.placeholder(tf.float64, [None, None], name="free")
    for kind in (1, 2, 3, 4):
        tf.signal.dct(x, type=kind)
        tf.spectral.idct(x, type=kind, n=5)
        tf.signal.dct(x, type=kind, n=12, name=f"named_{kind}")
        tf.spectral.dct(free, type=kind)
        if kind > 1:
            tf.signal.idct(x, type=kind, norm="ortho")
    tf.gradients(tf.signal.dct(x, norm="ortho"), x)


def mel_spectra(tf: ModuleType) -> None:
    """Spectra as the ear hears them."""
    tf.signal.linear_to_mel_weight_matrix()
    rate = tf.placeholder(tf.float32, [], name="rate")
    tf.signal.linear_to_mel_weight_matrix(
        40, 257, rate, 20.0, 4000.0, dtype=tf.float64, name="mel"
    )
    tf.signal.linear_to_mel_weight_matrix(sample_rate=tf.constant(16000))
    tf.signal.mfccs_from_log_mel_spectrograms(tf.placeholder(tf.float32, [2, None, 20]))
    tf.signal.mfccs_from_log_mel_spectrograms(
        tf.placeholder(tf.float32, [2, None]), name="mfccs"
    )


def sounds(tf: ModuleType) -> None:
    """Sound as files, and what is computed of it."""
    content = tf.placeholder(tf.string, [], name="content")
    found = tf.audio.decode_wav(content)
    audio, rate = tf.audio.decode_wav(content, 2, 16000, name="two")
    tf.audio.encode_wav(audio, rate)
    tf.audio.encode_wav(found.audio, found.sample_rate, name="again")
    spectra = tf.raw_ops.AudioSpectrogram(input=audio, window_size=480, stride=160)
    tf.raw_ops.Mfcc(spectrogram=spectra, sample_rate=rate, dct_coefficient_count=20)


PROGRAMS = (
    sounds,
    fourier_transforms,
    fourier_transforms_along_axes,
    fourier_gradients,
    signal_windows,
    signal_frames,
    signal_spectra,
    cosine_transforms,
    mel_spectra,
)
