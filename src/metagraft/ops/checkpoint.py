"""Saving and restoring: `SaveV2`, `RestoreV2`, names of shards; run by `runtime/`.

Source: tensorflow core/ops/io_ops.cc, core/util/saved_tensor_slice_util.cc
ParseShapeAndSlice; python/ops/io_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank, with_size
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/io_ops.cc"


def save_v2_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """No outputs; the operands are a prefix and two lists of as many names as tensors.

    Raises:
        ValueError: They are not.
    """
    with_rank(inputs[0], 0)
    for operand in (1, 2):
        (count,) = with_rank(inputs[operand], 1)
        with_size(count, len(inputs) - 3)
    return ()


def save_v1_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """No outputs; a file name, then a name for each tensor.

    Raises:
        ValueError: There are others.
    """
    with_rank(inputs[0], 0)
    with_size(with_rank(inputs[1], 1)[0], len(inputs) - 2)
    return ()


def restore_v2_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The shapes of slices are in their specifications; whole tensors have any.

    Raises:
        ValueError: There are not as many specifications as names, or as outputs.
    """
    with_rank(inputs[0], 0)
    (named,), (specified,) = (with_rank(inputs[operand], 1) for operand in (1, 2))
    if named != specified and None not in (named, specified):
        raise ValueError(
            f"Dimension 0 in both shapes must be equal, but are {named} and "
            f"{specified}. Shapes are [{named}] and [{specified}]."
        )
    count = len(attrs["dtypes"])
    specs = inputs.value(2)
    if specs is None:
        return (None,) * count
    if specs.size != count:
        raise ValueError("The number of shape_and_slice doesn't match tensor outputs.")
    return [_slice_shape(spec) for spec in specs.ravel()]


def restore_slice_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The shape is in the specification of the slice."""
    for operand in range(3):
        with_rank(inputs[operand], 0)
    spec = inputs.value(2)
    return (None if spec is None else _slice_shape(spec.item()),)


def restore_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Nothing is known of the tensor."""
    for operand in range(2):
        with_rank(inputs[operand], 0)
    return (None,)


def scalars_to_scalar(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Every operand and the result are scalars."""
    for dims in inputs:
        with_rank(dims, 0)
    return ((),)


def merge_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A list of prefixes and one prefix; no outputs."""
    with_rank(inputs[0], 1)
    with_rank(inputs[1], 0)
    return ()


def vocabulary_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A place for every new word, and a count."""
    for operand in range(2):
        with_rank(inputs[operand], 0)
    return ((attrs["num_new_vocab"],), ())


def matrix_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The attributes tell it."""
    with_rank(inputs[1], 0)
    return ((attrs["num_rows"], attrs["num_cols"]),)


def _slice_shape(spec: bytes | str) -> Dims:
    """Return the shape of a slice: `4 2 0,2:-` is 2 rows of a 4 by 2 matrix."""
    text = spec.decode() if isinstance(spec, bytes) else spec
    if not text:
        return None
    *sizes, part = text.split(" ")
    ranges = part.split(":") if part else []
    if len(sizes) != len(ranges):
        raise ValueError(f"Expected 'full_shape slice', got '{text}'")
    return tuple(
        int(size) if extent == "-" else _length(extent, part)
        for size, extent in zip(sizes, ranges, strict=True)
    )


def _length(extent: str, part: str) -> int:
    """Return the length that a range has: `0,2` is 2 from 0 on."""
    start, _, length = extent.partition(",")
    if not (start.isdecimal() and length.isdecimal()):
        raise ValueError(
            f"Expected a pair of numbers or '-' but got '{extent}': string = {part}"
        )
    return int(length)


OPS = tuple(
    OpSpec(
        name=name,
        shape=shape,
        source=_SOURCE,
        ranks="011" if name == "SaveSlices" else "",
    )
    for name, shape in (
        ("SaveV2", save_v2_shape),
        ("Save", save_v1_shape),
        ("SaveSlices", save_v2_shape),
        ("RestoreV2", restore_v2_shape),
        ("RestoreSlice", restore_slice_shape),
        ("Restore", restore_shape),
        ("MergeV2Checkpoints", merge_shape),
        ("ShardedFilename", scalars_to_scalar),
        ("ShardedFilespec", scalars_to_scalar),
        ("GenerateVocabRemapping", vocabulary_shape),
        ("LoadAndRemapMatrix", matrix_shape),
    )
)
