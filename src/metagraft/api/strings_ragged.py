"""`tf.strings`: functions that return ragged tensors.

Source: tensorflow python/ops/ragged/ragged_string_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "bytes_split",
    "ngrams",
    "rows_of",
    "split_sparsely",
    "split_v2",
    "unicode_decode",
    "unicode_decode_with_offsets",
    "unicode_encode",
    "unicode_split",
    "unicode_split_with_offsets",
]


def rows_of(sparse: SparseTensor | Sequence[Tensor]) -> RaggedTensor:
    """Return a sparse matrix without gaps as a ragged one."""
    parts = (
        [sparse.indices, sparse.values, sparse.dense_shape]
        if isinstance(sparse, SparseTensor)
        else list(sparse)
    )
    indices, values, shape = parts
    rows: RaggedTensor = RaggedTensor.from_value_rowids(
        values=values, value_rowids=indices[:, 0], nrows=shape[0], validate=False
    )
    return rows


def split_sparsely(strings: Any, sep: Any, maxsplit: int) -> SparseTensor:
    """Split every string of a vector at `sep`, or at white space if it is None."""
    separator = convert_to_tensor("" if sep is None else sep, dtypes.string)
    indices, values, shape = op(
        "StringSplitV2", input=strings, sep=separator, maxsplit=maxsplit
    )
    indices.set_shape([None, 2])
    values.set_shape([None])
    shape.set_shape([2])
    return SparseTensor(indices, values, shape)


def bytes_split(input: Any, name: str | None = None) -> Any:
    """Split every string into its bytes.

    Raises:
        ValueError: The rank is not known.
    """
    with name_scope(name, "StringsByteSplit", [input]):
        strings = as_values(input, name="input")
        if isinstance(strings, RaggedTensor):
            return strings.with_flat_values(bytes_split(strings.flat_values))
        rank = strings.shape.ndims
        if rank is None:
            raise ValueError("input must have a statically-known rank.")
        if rank == 0:
            return bytes_split(array.stack([strings]))[0]
        if rank > 1:
            return bytes_split(RaggedTensor.from_tensor(strings))
        return rows_of(op("StringSplit", input=strings, delimiter="", skip_empty=False))


def split_v2(
    input: Any, sep: Any = None, maxsplit: int = -1, name: str | None = None
) -> Any:
    """Split every string at `sep`, or at white space, into a row of its own."""
    with name_scope(name, "StringSplit", [input]):
        strings = as_values(input, dtype=dtypes.string, name="input")
        if isinstance(strings, RaggedTensor):
            return strings.with_flat_values(
                split_v2(strings.flat_values, sep, maxsplit)
            )
        rank = strings.shape.ndims
        if rank == 0:
            return split_v2(array.stack([strings]), sep, maxsplit)[0]
        if rank is not None and rank > 1:
            return split_v2(RaggedTensor.from_tensor(strings), sep, maxsplit)
        return rows_of(split_sparsely(strings, sep, maxsplit))


def unicode_encode(
    input: Any,
    output_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    name: str | None = None,
) -> Any:
    """Write rows of characters as strings.

    Args:
        input: Numbers of characters, `[..., characters]`, dense or ragged.
        output_encoding: `UTF-8`, `UTF-16-BE` or `UTF-32-BE`.
        errors: What becomes of numbers that are no character: `replace`, `ignore`, or
            `strict`, which fails.
        replacement_char: What replaces them.
        name: Name scope of the nodes.

    Raises:
        ValueError: The rank is not known, or zero.
    """
    options = (output_encoding, errors, replacement_char)
    with name_scope(name, "UnicodeEncode", [input]):
        characters = as_values(input, name=None)
        rank = characters.shape.ndims
        if rank is None:
            raise ValueError("Rank of input_tensor must be statically known.")
        if isinstance(characters, RaggedTensor):
            return _encoded_rows(characters, options)
        if rank == 0:
            raise ValueError("input_tensor's rank must be at least 1.")
        if rank == 2:
            return unicode_encode(RaggedTensor.from_tensor(characters), *options)
        if rank > 2:
            width = array.shape(characters)[-1]
            flat = array.reshape(characters, array.stack([-1, width]))
            return array.reshape(unicode_encode(flat, *options), characters.shape[:-1])
        size = array.shape(characters, out_type=dtypes.int32)[0]
        row = RaggedTensor.from_row_splits(
            characters, array.stack([0, size]), validate=False
        )
        return array.reshape(unicode_encode(row, *options), [])


def _encoded_rows(characters: RaggedTensor, options: tuple[str, str, int]) -> Any:
    flat = characters.flat_values
    rank = flat.shape.ndims
    if rank is not None and rank > 1:
        return characters.with_flat_values(unicode_encode(flat, *options))
    if characters.ragged_rank > 1:
        return characters.with_values(unicode_encode(characters.values, *options))
    encoding, errors, replacement = options
    return op(
        "UnicodeEncode",
        input_values=characters.values,
        input_splits=characters.row_splits,
        output_encoding=encoding,
        errors=errors,
        replacement_char=replacement,
    )


def unicode_decode(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 0xFFFD,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> Any:
    """Return the numbers of the characters of every string.

    Args:
        input: Strings, dense or ragged, of known rank.
        input_encoding: Their encoding.
        errors: What becomes of bytes that are no character: `replace`, `ignore`, or
            `strict`, which fails.
        replacement_char: What replaces them.
        replace_control_characters: Whether control characters are such, too.
        name: Name scope of the nodes.

    Returns:
        One more axis than `input` has.
    """
    options = (input_encoding, errors, replacement_char, replace_control_characters)
    with name_scope(name, "UnicodeDecode", [input]):
        return _decoded("UnicodeDecode", input, options)[0]


def unicode_decode_with_offsets(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 0xFFFD,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> tuple[Any, Any]:
    """Return the numbers of characters, and at which byte each starts."""
    options = (input_encoding, errors, replacement_char, replace_control_characters)
    with name_scope(name, "UnicodeDecodeWithOffsets", [input]):
        characters, offsets = _decoded("UnicodeDecodeWithOffsets", input, options)
        return characters, offsets


def unicode_split(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 0xFFFD,
    name: str | None = None,
) -> Any:
    """Split every string into its characters, each a string."""
    with name_scope(name, "UnicodeSplit", [input]):
        options = (input_encoding, errors, replacement_char, False)
        characters = _decoded("UnicodeDecode", input, options)[0]
        single = _each_in_a_row(characters, -1)
        return unicode_encode(single, input_encoding, errors, replacement_char)


def unicode_split_with_offsets(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 0xFFFD,
    name: str | None = None,
) -> tuple[Any, Any]:
    """Split every string into its characters, and tell at which byte each starts."""
    with name_scope(name, "UnicodeSplitWithOffsets", [input]):
        options = (input_encoding, errors, replacement_char, False)
        characters, offsets = _decoded("UnicodeDecodeWithOffsets", input, options)
        single = _each_in_a_row(characters, -1)
        parts = unicode_encode(single, input_encoding, errors, replacement_char)
        return parts, offsets


def _each_in_a_row(characters: Any, axis: int) -> Any:
    """Add an axis of size one as the last."""
    with name_scope(None, "RaggedExpandDims", [characters]):
        if not isinstance(characters, RaggedTensor):
            return array.expand_dims(characters, axis)
        axis = characters.shape.ndims or 0
        inner = characters.values
        if isinstance(inner, RaggedTensor):
            return characters.with_values(_each_in_a_row(inner, axis - 1))
        return characters.with_values(array.expand_dims(inner, axis - 1))


def _decoded(kind: str, input: Any, options: tuple[str, str, int, bool]) -> list[Any]:
    """Return the characters, and where they start if the op tells."""
    strings = as_values(input, name="input")
    rank = strings.shape.ndims
    if rank is None:
        raise ValueError("Rank of `input` must be statically known.")
    if rank > 1:
        strings = _in_rows(strings, rank)
    encoding, errors, replacement, replaces_controls = options
    is_ragged = isinstance(strings, RaggedTensor)
    flat = array.reshape(strings.flat_values if is_ragged else strings, [-1])
    splits, *found = op(
        kind,
        input=flat,
        input_encoding=encoding,
        errors=errors,
        replacement_char=replacement,
        replace_control_characters=replaces_controls,
    )
    if rank == 0:
        return list(found)
    results = []
    for values in found:
        rows = RaggedTensor.from_row_splits(values, splits, validate=False)
        results.append(strings.with_flat_values(rows) if rank > 1 else rows)
    return results


def _in_rows(strings: Any, rank: int) -> RaggedTensor:
    """Make all axes but the last ragged."""
    if not isinstance(strings, RaggedTensor):
        ragged: RaggedTensor = RaggedTensor.from_tensor(strings, ragged_rank=rank - 1)
        return ragged
    if strings.ragged_rank == rank - 1:
        return strings
    inner = RaggedTensor.from_tensor(
        strings.flat_values, ragged_rank=rank - strings.ragged_rank - 1
    )
    return strings.with_flat_values(inner)


def ngrams(
    data: Any,
    ngram_width: Any,
    separator: str = " ",
    pad_values: Any = None,
    padding_width: int | None = None,
    preserve_short_sequences: bool = False,
    name: str | None = None,
) -> Any:
    """Join neighbours in every row.

    Args:
        data: Strings, `[..., words]`, dense or ragged.
        ngram_width: How many neighbours, or several such numbers.
        separator: What stands between them.
        pad_values: What is put before and after each row: a string, or one for each
            side; nothing by default.
        padding_width: How much of it at most.
        preserve_short_sequences: Whether rows too short for any are joined as a whole.
        name: Name scope of the nodes.

    Raises:
        TypeError: `pad_values` is no text.
        ValueError: A width is not positive, or the rank is not known.
    """
    again = (separator, pad_values, padding_width, preserve_short_sequences, name)
    with name_scope(name, "StringNGrams", [data]):
        left, right = _padding(pad_values, padding_width)
        words = as_values(data, name="data", dtype=dtypes.string)
        shape = None
        if not isinstance(words, RaggedTensor):
            shape = array.concat([array.shape(words)[:-1], [-1]], axis=0)
            rank = words.shape.ndims
            if rank is None:
                raise ValueError("Rank of data must be known.")
            if rank == 0:
                raise ValueError("Data must have rank>0")
            if rank == 1:
                row = RaggedTensor.from_row_starts(words, [0], validate=False)
                return ngrams(row, ngram_width, *again)[0]
            words = RaggedTensor.from_tensor(words, ragged_rank=rank - 1)
        if words.ragged_rank > 1:
            found = words.with_values(ngrams(words.values, ngram_width, *again))
        else:
            width = -1 if padding_width is None else padding_width
            padding = (left, right, 0 if pad_values is None else width)
            found = _joined(
                words, ngram_width, separator, padding, preserve_short_sequences
            )
        return found if shape is None else array.reshape(found.flat_values, shape)


def _padding(pad_values: Any, padding_width: int | None) -> tuple[Any, Any]:
    if padding_width is not None and padding_width < 1:
        raise ValueError("padding_width must be greater than 0.")
    if pad_values is None:
        if padding_width is not None:
            raise ValueError("pad_values must be provided if padding_width is set.")
        return "", ""
    both = pad_values if isinstance(pad_values, (list, tuple)) else (pad_values,) * 2
    left, right = both[0], both[1]
    if not (isinstance(left, (str, bytes)) and isinstance(right, (str, bytes))):
        raise TypeError("pad_values must be a string, tuple of strings, or None.")
    return left, right


def _joined(
    words: RaggedTensor,
    ngram_width: Any,
    separator: str,
    padding: tuple[Any, Any, int],
    keeps_short: bool,
) -> RaggedTensor:
    widths = ngram_width if isinstance(ngram_width, (list, tuple)) else [ngram_width]
    for width in widths:
        if width < 1:
            raise ValueError(
                f"All ngram_widths must be greater than 0. Got {ngram_width}"
            )
    left, right, pad_width = padding
    joined, splits = op(
        "StringNGrams",
        data=words.flat_values,
        data_splits=words.row_splits,
        separator=separator,
        ngram_widths=list(widths),
        left_pad=left,
        right_pad=right,
        pad_width=pad_width,
        preserve_short_sequences=keeps_short,
    )
    rows: RaggedTensor = RaggedTensor.from_row_splits(
        values=joined, row_splits=splits, validate=False
    )
    return rows
