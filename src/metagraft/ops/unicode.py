"""Text as numbers of characters; twin of `kernels/unicode.py`.

Source: tensorflow core/ops/string_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims, element_count

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/string_ops.cc"


def unicode_decode_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Bounds of the rows, one more than there are strings, and the characters."""
    count = element_count(inputs[0])
    return ((None if count is None else count + 1,), (None,))


def unicode_decode_with_offsets_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As above, and where each character starts."""
    return (*unicode_decode_shape(_attrs, inputs), (None,))


def unicode_encode_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """One string for each row, of which there are one less than bounds."""
    with_rank(inputs[0], 1)
    (bounds,) = with_rank(inputs[1], 1)
    if bounds == 0:
        raise ValueError("Negative dimension size caused by subtracting 1 from 0")
    return ((None if bounds is None else bounds - 1,),)


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Every element becomes one."""
    return (inputs[0],)


def string_ngrams_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As many bounds of rows as before."""
    with_rank(inputs[0], 1)
    return ((None,), with_rank(inputs[1], 1))


OPS = (
    OpSpec(name="StringNGrams", shape=string_ngrams_shape, source=_SOURCE),
    OpSpec(name="UnicodeDecode", shape=unicode_decode_shape, source=_SOURCE),
    OpSpec(
        name="UnicodeDecodeWithOffsets",
        shape=unicode_decode_with_offsets_shape,
        source=_SOURCE,
    ),
    OpSpec(name="UnicodeEncode", shape=unicode_encode_shape, source=_SOURCE),
    OpSpec(name="UnicodeScript", shape=unchanged_shape, source=_SOURCE),
    OpSpec(name="UnicodeTranscode", shape=unchanged_shape, source=_SOURCE),
)
