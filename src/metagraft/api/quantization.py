"""Quantisation imitated in floating point (`tf.quantization`)."""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.tensor import Tensor

__all__ = [
    "fake_quant_with_min_max_args",
    "fake_quant_with_min_max_args_gradient",
    "fake_quant_with_min_max_vars",
    "fake_quant_with_min_max_vars_gradient",
    "fake_quant_with_min_max_vars_per_channel",
    "fake_quant_with_min_max_vars_per_channel_gradient",
]


def fake_quant_with_min_max_args(
    inputs: Any,
    min: float = -6,
    max: float = 6,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Tensor:
    """Return values rounded to the `2**num_bits` that represent a range.

    Args:
        inputs: float32 values; those outside of the range are clipped.
        min: The lowest value of the range.
        max: The highest value of the range.
        num_bits: Bits of a quantised value, 2 to 16.
        narrow_range: Whether the lowest quantised value stays unused.
        name: Name of the operation.
    """
    result: Tensor = op(
        "FakeQuantWithMinMaxArgs",
        inputs=inputs,
        min=min,
        max=max,
        num_bits=num_bits,
        narrow_range=narrow_range,
        name=name,
    )
    return result


def fake_quant_with_min_max_args_gradient(
    gradients: Any,
    inputs: Any,
    min: float = -6,
    max: float = 6,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Tensor:
    """Return `gradients` where `inputs` lie in the range, zeros elsewhere."""
    result: Tensor = op(
        "FakeQuantWithMinMaxArgsGradient",
        gradients=gradients,
        inputs=inputs,
        min=min,
        max=max,
        num_bits=num_bits,
        narrow_range=narrow_range,
        name=name,
    )
    return result


def fake_quant_with_min_max_vars(
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Tensor:
    """Like `fake_quant_with_min_max_args`, with the range in two scalars."""
    return _with_range(
        "FakeQuantWithMinMaxVars", inputs, min, max, num_bits, narrow_range, name
    )


def fake_quant_with_min_max_vars_per_channel(
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> Tensor:
    """Like `fake_quant_with_min_max_args`, with a range per channel."""
    op_type = "FakeQuantWithMinMaxVarsPerChannel"
    return _with_range(op_type, inputs, min, max, num_bits, narrow_range, name)


def _with_range(
    op_type: str,
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int,
    narrow_range: bool,
    name: str | None,
) -> Tensor:
    result: Tensor = op(
        op_type,
        inputs=inputs,
        min=min,
        max=max,
        num_bits=num_bits,
        narrow_range=narrow_range,
        name=name,
    )
    return result


def fake_quant_with_min_max_vars_gradient(
    gradients: Any,
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients for the values and for both ends of the range."""
    op_type = "FakeQuantWithMinMaxVarsGradient"
    options = (num_bits, narrow_range, name)
    return _gradient_with_range(op_type, gradients, inputs, min, max, *options)


def fake_quant_with_min_max_vars_per_channel_gradient(
    gradients: Any,
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int = 8,
    narrow_range: bool = False,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients for the values and for both ends of every range."""
    op_type = "FakeQuantWithMinMaxVarsPerChannelGradient"
    options = (num_bits, narrow_range, name)
    return _gradient_with_range(op_type, gradients, inputs, min, max, *options)


def _gradient_with_range(
    op_type: str,
    gradients: Any,
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: int,
    narrow_range: bool,
    name: str | None,
) -> tuple[Tensor, Tensor, Tensor]:
    result: tuple[Tensor, Tensor, Tensor] = op(
        op_type,
        gradients=gradients,
        inputs=inputs,
        min=min,
        max=max,
        num_bits=num_bits,
        narrow_range=narrow_range,
        name=name,
    )
    return result
