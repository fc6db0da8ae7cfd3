"""Nodes of `tf.pad`, which gradient rules use as well.

Source: tensorflow python/ops/array_ops.py pad.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.graph.apply_op import op
from metagraft.graph.constant_value import constant_value
from metagraft.graph.shapes import is_static
from metagraft.graph.tensor import Tensor

__all__ = ["pad"]


def pad(
    tensor: Any,
    paddings: Any,
    mode: str = "CONSTANT",
    name: str | None = None,
    constant_values: Any = 0,
) -> Tensor:
    """Add elements before and after every dimension.

    Raises:
        ValueError: `mode` is none of CONSTANT, REFLECT and SYMMETRIC.
    """
    kind = mode.upper()
    if kind == "CONSTANT":
        if _is_plain_zero(constant_values):
            result = op("Pad", input=tensor, paddings=paddings, name=name)
        else:
            result = op(
                "PadV2",
                input=tensor,
                paddings=paddings,
                constant_values=constant_values,
                name=name,
            )
    elif kind in ("REFLECT", "SYMMETRIC"):
        result = op("MirrorPad", input=tensor, paddings=paddings, mode=kind, name=name)
    else:
        raise ValueError(
            'Value of argument `mode` expected to be one of "CONSTANT", "REFLECT", or'
            f' "SYMMETRIC". Received `mode` = {kind}'
        )
    padded: Tensor = result
    _note_padded_shape(padded, paddings)
    return padded


def _is_plain_zero(value: Any) -> bool:
    if isinstance(value, Tensor) or np.ndim(value) != 0:
        return False
    return bool(value == np.zeros_like(value))


def _note_padded_shape(padded: Tensor, paddings: Any) -> None:
    dims = padded.op.inputs[0].dims
    if dims is None or is_static(padded.dims):
        return
    known = _known_paddings(paddings)
    if known is None:
        return
    sizes = []
    for amounts, dim in zip(known, dims, strict=False):
        unknown = amounts is None or dim is None or any(a is None for a in amounts)
        sizes.append(None if unknown else int(dim or 0) + sum(map(int, amounts)))
    padded.set_shape(sizes)


def _known_paddings(paddings: Any) -> Any:
    if isinstance(paddings, Tensor):
        return constant_value(paddings, partial=True)
    if isinstance(paddings, list | tuple):
        return [_known_paddings(item) for item in paddings]
    return paddings
