"""`tf.quantization`: quantised numbers, and rounding to what they stand for."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

FAKE_QUANT = (
    "fake_quant_with_min_max_args fake_quant_with_min_max_args_gradient "
    "fake_quant_with_min_max_vars fake_quant_with_min_max_vars_gradient "
    "fake_quant_with_min_max_vars_per_channel "
    "fake_quant_with_min_max_vars_per_channel_gradient"
)
QUANTIZE = "dequantize quantize quantized_concat"
_NAMES = {
    **from_module("metagraft.api.quantization", FAKE_QUANT),
    **from_module(
        "metagraft.api.quantize",
        f"{QUANTIZE} quantize_and_dequantize quantize_and_dequantize_v2",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
