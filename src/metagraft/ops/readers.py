"""Readers, whole files, names of files; twin of `kernels/readers.py`.

A reader takes names of files from a queue and gives out their records, one by one.

Source: tensorflow core/ops/io_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, ShapeFunction, Shapes
from metagraft.graph.shape_checks import with_rank, with_rank_at_most
from metagraft.graph.shapes import Dims

_SOURCE: Final = "tensorflow core/ops/io_ops.cc"


def handle_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A handle."""
    del attrs, inputs
    return ((),)


def reference_handle_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The older kind of handle: two strings."""
    del attrs, inputs
    return ((2,),)


def record_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A key and a value."""
    del attrs, inputs
    return (), ()


def records_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Some keys and values."""
    del attrs, inputs
    return (None,), (None,)


def number_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """One number, or one string."""
    del attrs, inputs
    return ((),)


def read_file_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The content of one file."""
    del attrs
    with_rank(inputs[0], 0)
    return ((),)


def matching_files_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Some names, of one pattern or several."""
    del attrs
    with_rank_at_most(inputs[0], 1)
    return ((None,),)


def write_file_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Nothing; one name and one content go in."""
    del attrs
    with_rank(inputs[0], 0)
    with_rank(inputs[1], 0)
    return ()


def state_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Nothing; a reader and its state go in."""
    del attrs
    with_rank(inputs[1], 0)
    return ()


_READERS: Final = (
    "FixedLengthRecordReader",
    "IdentityReader",
    "TFRecordReader",
    "TextLineReader",
    "WholeFileReader",
)
# What acts on a reader, and the ranks of the operands of both versions.
_ON_READERS: Final[tuple[tuple[str, ShapeFunction | None, str, str], ...]] = (
    ("ReaderRead", record_shape, "hh", "00"),
    ("ReaderReadUpTo", records_shape, "110", "000"),
    ("ReaderNumRecordsProduced", number_shape, "h", "0"),
    ("ReaderNumWorkUnitsCompleted", number_shape, "h", "0"),
    ("ReaderSerializeState", number_shape, "h", "0"),
    ("ReaderRestoreState", state_shape, "h", "0"),
    ("ReaderReset", None, "h", "0"),
)


def _marked(name: str, shape: ShapeFunction | None, ranks: str = "") -> OpSpec:
    return replace(_spec(name, shape, ranks), gradient=NOT_DIFFERENTIABLE)


def _spec(name: str, shape: ShapeFunction | None, ranks: str = "") -> OpSpec:
    return OpSpec(name=name, shape=shape, source=_SOURCE, ranks=ranks)


OPS = (
    *(_marked(name, reference_handle_shape) for name in (*_READERS, "LMDBReader")),
    *(_spec(f"{name}V2", handle_shape) for name in _READERS),
    *(_marked(name, shape, ranks) for name, shape, ranks, _ in _ON_READERS),
    *(_spec(f"{name}V2", shape, ranks) for name, shape, _, ranks in _ON_READERS),
    _spec("ReadFile", read_file_shape),
    _spec("MatchingFiles", matching_files_shape),
    _spec("WriteFile", write_file_shape),
)
