"""Features of many sequences, read from the bytes of all of them at once.

Source: tensorflow core/util/example_proto_fast_parsing.cc; the encoding of protobuf.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metagraft.graph.dtypes import DType
from metagraft.kernels.example_columns import (
    LEAST_AT_ONCE,
    Column,
    Content,
    list_elements,
    read_columns,
)
from metagraft.kernels.example_scan import scan_sequences
from metagraft.kernels.kernel import Array

__all__ = ["SequenceColumns"]

# Where something begins and ends in every sequence.
_Places = tuple[Array, Array]


@dataclass(frozen=True, slots=True)
class SequenceColumns:
    """Where the features of sequences lie.

    Attributes:
        content: The sequences, one after the other.
        context: Places of each feature of the context, by name; both are zero for
            sequences without it.
        lists: Those of each list of features.
    """

    content: Content
    context: Mapping[bytes, _Places]
    lists: Mapping[bytes, _Places]

    @classmethod
    def of(
        cls,
        texts: Sequence[bytes],
        context: Sequence[bytes],
        lists: Sequence[bytes],
    ) -> SequenceColumns | None:
        """Find features and lists; None if anything is not written the usual way.

        Args:
            texts: The sequences.
            context: Names of features of the context.
            lists: Names of lists of features.
        """
        if len(texts) < LEAST_AT_ONCE:
            return None
        scans = scan_sequences(texts)
        if scans is None:
            return None
        found = [
            scan.find(names)
            for scan, names in zip(scans, (context, lists), strict=True)
        ]
        if found[0] is None or found[1] is None:
            return None
        return cls(
            scans[0].content,
            dict(zip(context, zip(*found[0], strict=True), strict=True)),
            dict(zip(lists, zip(*found[1], strict=True), strict=True)),
        )

    def feature(self, key: bytes, dtype: DType) -> Column | None:
        """Read a feature of the context; None if it is not written the usual way."""
        return self._column(self.context[key], dtype)

    def steps(self, key: bytes, dtype: DType) -> tuple[Column, Array] | None:
        """Read a list of features, one row a step.

        Returns:
            The rows and how many each sequence has; None if one is not written the
            usual way.
        """
        elements = list_elements(self.content, *self.lists[key])
        if elements is None:
            return None
        column = self._column(elements[:2], dtype)
        return None if column is None else (column, elements[2])

    def _column(self, places: _Places, dtype: DType) -> Column | None:
        begins, ends = places
        found = read_columns(self.content, begins[None], ends[None], dtype)
        return None if found is None else found[0]
