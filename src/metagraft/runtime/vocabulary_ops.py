"""Ops that bring a stored matrix into the order of another vocabulary.

Source: tensorflow core/kernels/generate_vocab_remapping_op.cc,
load_and_remap_matrix_op.cc.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.formats import files
from metagraft.formats.checkpoint import open_checkpoint
from metagraft.formats.names import decode_name
from metagraft.graph.shapes import show
from metagraft.kernels import Kernel
from metagraft.kernels.kernel import Array

_MISSING: Final = -1


def generate_vocab_remapping(
    attrs: Mapping[str, Any], new_vocab_file: Array, old_vocab_file: Array
) -> tuple[Array, Array]:
    """Return the old line of each new word, or -1, and how many words are old ones."""
    limit = attrs["old_vocab_size"]
    old_words = _words(old_vocab_file)
    places: dict[bytes, int] = {}
    for place, word in enumerate(old_words if limit < 0 else old_words[:limit]):
        if word in places:
            raise InvalidArgumentError(
                None,
                None,
                f"{_text(old_vocab_file)}: {word!r} is in line {places[word]} and in "
                f"line {place} of the vocabulary",
            )
        places[word] = place
    first, count = attrs["new_vocab_offset"], attrs["num_new_vocab"]
    words = _words(new_vocab_file)[first : first + count]
    if len(words) < count:
        raise InvalidArgumentError(
            None,
            None,
            f"{_text(new_vocab_file)} has {len(words)} lines from line {first} on, "
            f"{count} are asked for",
        )
    remapping = np.array([places.get(word, _MISSING) for word in words], np.int64)
    return remapping, np.asarray(np.count_nonzero(remapping >= 0), np.int32)


def load_and_remap_matrix(
    attrs: Mapping[str, Any],
    ckpt_path: Array,
    old_tensor_name: Array,
    row_remapping: Array,
    col_remapping: Array,
    initializing_values: Array,
) -> tuple[Array]:
    """Return a stored matrix, rows and columns rearranged; gaps take given values."""
    name = _text(old_tensor_name)
    rows, columns = np.asarray(row_remapping), np.asarray(col_remapping)
    for what, places in (("row_remapping", rows), ("col_remapping", columns)):
        if places.ndim != 1:
            raise InvalidArgumentError(
                None,
                None,
                f"The `{what}` tensor must be 1-D, got a tensor of shape"
                f" {show(places.shape)}",
            )
    with open_checkpoint(_text(ckpt_path)) as reader:
        shape = reader.shape(name)
        if len(shape) != 2:
            raise InvalidArgumentError(
                None, None, f"Old tensor must have 2 dimensions, {name} has {shape}"
            )
        stored = reader.read(name)
    if not columns.size:
        columns = np.arange(shape[1])
    expected = (attrs["num_rows"], attrs["num_cols"])
    _check_remapping(rows, expected[0], shape[0], "row_remapping")
    _check_remapping(columns, expected[1], shape[1], "col_remapping")
    is_stored = (rows >= 0)[:, None] & (columns >= 0)[None, :]
    values = np.asarray(initializing_values).reshape(-1)
    missing = is_stored.size - int(np.count_nonzero(is_stored))
    if values.size != missing:
        raise InvalidArgumentError(
            None,
            None,
            f"initializing_values contained {values.size} elements, but only {missing} "
            "elements were used to fill in missing values."
            if values.size > missing
            else f"initializing_values contained {values.size} elements, but {missing} "
            f"are missing in {name}",
        )
    matrix = np.empty(expected, np.float32)
    matrix[is_stored] = stored[np.ix_(rows[rows >= 0], columns[columns >= 0])].ravel()
    matrix[~is_stored] = values
    return (matrix,)


def _check_remapping(places: Array, count: int, limit: int, what: str) -> None:
    if places.shape != (count,):
        side = "num_rows" if what == "row_remapping" else "num_cols"
        raise InvalidArgumentError(
            None,
            None,
            f"Size of {what} is {places.size} instead of being equal to {side}={count}",
        )
    used = places[places >= 0]
    new_of: dict[int, int] = {}
    for new, old in enumerate(places.tolist()):
        if old >= 0 and new_of.setdefault(old, new) != new:
            raise UnimplementedError(
                None,
                None,
                f"Old ID {old} is mapped to both new ID {new_of[old]} and {new}, which "
                "is not supported.",
            )
    if used.size and int(used.max()) >= limit:
        raise InvalidArgumentError(
            None, None, f"{what} names place {used.max()} of {limit} stored ones"
        )


def _words(path: Array) -> list[bytes]:
    lines = files.read_bytes(_text(path)).split(b"\n")
    return lines if lines[-1] else lines[:-1]


def _text(array: Array) -> str:
    return decode_name(np.asarray(array).reshape(-1)[0])


VOCABULARY_KERNELS: Final = {
    "GenerateVocabRemapping": Kernel(generate_vocab_remapping, host=True),
    "LoadAndRemapMatrix": Kernel(load_and_remap_matrix, host=True),
}
