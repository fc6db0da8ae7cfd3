"""`tf.signal`: spectra as the ear hears them.

Source: tensorflow python/ops/signal/mel_ops.py, mfcc_ops.py.
"""

from __future__ import annotations

from typing import Any, Final

from metagraft.api.arithmetic import maximum, minimum
from metagraft.api.math import log, rsqrt
from metagraft.api.sequences import linspace
from metagraft.api.signal_cosine import dct
from metagraft.api.signal_frames import frame
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.pad import pad
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["linear_to_mel_weight_matrix", "mfccs_from_log_mel_spectrograms"]

_BREAK_HERTZ: Final = 700.0
_HIGH_FREQUENCY_Q: Final = 1127.0


def linear_to_mel_weight_matrix(
    num_mel_bins: int = 20,
    num_spectrogram_bins: int = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: float = 125.0,
    upper_edge_hertz: float = 3800.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Return the matrix that turns linear spectra to the mel scale.

    Args:
        num_mel_bins: How many bands there are.
        num_spectrogram_bins: How many frequencies a spectrum has.
        sample_rate: Samples in a second.
        lower_edge_hertz: Where the first band begins.
        upper_edge_hertz: Where the last one ends.
        dtype: A type of floating-point numbers.
        name: Name of the result.

    Returns:
        `[num_spectrogram_bins, num_mel_bins]`.

    Raises:
        ValueError: A number is out of its range, or `dtype` of another kind.
    """
    with name_scope(name, "linear_to_mel_weight_matrix") as scope:
        if isinstance(sample_rate, Tensor):
            known = constant_value(sample_rate)
            sample_rate = sample_rate if known is None else known
        kind = as_dtype(dtype)
        _check(num_mel_bins, sample_rate, (lower_edge_hertz, upper_edge_hertz), kind)
        rate = cast(sample_rate, kind, name="sample_rate")
        lower = convert_to_tensor(lower_edge_hertz, kind, name="lower_edge_hertz")
        upper = convert_to_tensor(upper_edge_hertz, kind, name="upper_edge_hertz")
        zero = convert_to_tensor(0.0, kind)
        # The frequency zero is in no band.
        frequencies = linspace(zero, rate / 2.0, num_spectrogram_bins)[1:]
        places = array.expand_dims(_mel_of_hertz(frequencies), 1)
        edges = frame(
            linspace(_mel_of_hertz(lower), _mel_of_hertz(upper), num_mel_bins + 2),
            frame_length=3,
            frame_step=1,
        )
        begin, center, end = (
            array.reshape(edge, [1, num_mel_bins])
            for edge in array.split(edges, 3, axis=1)
        )
        rising = (places - begin) / (center - begin)
        falling = (end - places) / (end - center)
        weights = maximum(zero, minimum(rising, falling))
        return pad(weights, [[1, 0], [0, 0]], name=scope)


def _mel_of_hertz(frequencies: Any) -> Any:
    with name_scope(None, "hertz_to_mel", [frequencies]):
        hertz = convert_to_tensor(frequencies)
        return _HIGH_FREQUENCY_Q * log(1.0 + (hertz / _BREAK_HERTZ))


def _check(
    count: int, sample_rate: Any, edges: tuple[float, float], dtype: DType
) -> None:
    lower, upper = edges
    if count <= 0:
        raise ValueError(f"num_mel_bins must be positive. Got: {count}")
    if lower < 0.0:
        raise ValueError(f"lower_edge_hertz must be non-negative. Got: {lower}")
    if lower >= upper:
        raise ValueError(
            f"lower_edge_hertz {lower:.1f} >= upper_edge_hertz {upper:.1f}"
        )
    if not isinstance(sample_rate, Tensor):
        if sample_rate <= 0.0:
            raise ValueError(f"sample_rate must be positive. Got: {sample_rate}")
        if upper > sample_rate / 2:
            raise ValueError(
                "upper_edge_hertz must not be larger than the Nyquist frequency "
                f"(sample_rate / 2). Got {upper} for sample_rate: {sample_rate}"
            )
    if not dtype.is_floating:
        raise ValueError(f"dtype must be a floating point type. Got: {dtype}")


def mfccs_from_log_mel_spectrograms(
    log_mel_spectrograms: Any, name: str | None = None
) -> Tensor:
    """Return the cepstral coefficients of logarithmic mel spectra.

    Args:
        log_mel_spectrograms: `[..., num_mel_bins]`.
        name: Name scope of the nodes.

    Raises:
        ValueError: There are no bins.
    """
    with name_scope(name, "mfccs_from_log_mel_spectrograms", [log_mel_spectrograms]):
        spectra = convert_to_tensor(log_mel_spectrograms)
        count: Any = spectra.dims[-1] if spectra.dims else None
        if count is None:
            count = array.shape(spectra)[-1]
        elif count == 0:
            raise ValueError(f"num_mel_bins must be positive. Got: {spectra}")
        coefficients = dct(spectra, type=2)
        return coefficients * rsqrt(cast(count, coefficients.dtype) * 2.0)
