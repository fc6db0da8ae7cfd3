"""`tf.strings`: text to numbers and back, joined, cut, matched and hashed.

Source: tensorflow python/ops/string_ops.py, parsing_ops.py;
python/ops/ragged/ragged_string_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from metagraft.api.ragged_factories import as_values
from metagraft.api.renamed_arguments import renamed_argument
from metagraft.api.strings_ragged import rows_of, split_sparsely, split_v2
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import number_range
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "as_string",
    "decode_base64",
    "decode_raw",
    "encode_base64",
    "lower",
    "reduce_join",
    "regex_full_match",
    "regex_replace",
    "split",
    "string_format",
    "string_join",
    "string_length",
    "string_split",
    "string_strip",
    "string_to_hash_bucket",
    "string_to_hash_bucket_fast",
    "string_to_hash_bucket_strong",
    "string_to_number",
    "substr",
    "unicode_script",
    "unicode_transcode",
    "unsorted_segment_join",
    "upper",
]

_TEXT: Final = (str, bytes)


def as_string(
    input: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Tensor:
    """Return every element as text.

    Args:
        input: Numbers, booleans or strings.
        precision: Digits after the point; -1 is six. Not for integers and booleans.
        scientific: Write `1.5e+00`.
        shortest: Write the shorter of both forms.
        width: The least number of characters.
        fill: A flag of C's `printf`: a space, `0`, `+`, `-` or `#`.
        name: Name of the operation.
    """
    return _tensor(
        op(
            "AsString",
            input=input,
            precision=precision,
            scientific=scientific,
            shortest=shortest,
            width=width,
            fill=fill,
            name=name,
        )
    )


def string_to_number(
    string_tensor: Any = None,
    out_type: Any = dtypes.float32,
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """Read every string as a number; a run refuses those that are none."""
    strings = renamed_argument("input", input, "string_tensor", string_tensor)
    return _tensor(
        op("StringToNumber", string_tensor=strings, out_type=out_type, name=name)
    )


def string_to_hash_bucket(
    string_tensor: Any = None,
    num_buckets: int | None = None,
    name: str | None = None,
    input: Any = None,
) -> Tensor:
    """Return the bucket, an `int64`, of every string's hash."""
    strings = renamed_argument("input", input, "string_tensor", string_tensor)
    return _tensor(
        op(
            "StringToHashBucket",
            string_tensor=strings,
            num_buckets=num_buckets,
            name=name,
        )
    )


def string_to_hash_bucket_fast(
    input: Any, num_buckets: int, name: str | None = None
) -> Tensor:
    """Return the bucket, an `int64`, of every string's FarmHash fingerprint."""
    return _tensor(
        op("StringToHashBucketFast", input=input, num_buckets=num_buckets, name=name)
    )


def string_to_hash_bucket_strong(
    input: Any, num_buckets: int, key: Sequence[int], name: str | None = None
) -> Tensor:
    """Return the bucket, an `int64`, of every string's SipHash under a key of two."""
    return _tensor(
        op(
            "StringToHashBucketStrong",
            input=input,
            num_buckets=num_buckets,
            key=key,
            name=name,
        )
    )


def string_join(inputs: Any, separator: str = "", name: str | None = None) -> Tensor:
    """Join the strings at each place of tensors of one shape, or scalars."""
    return _tensor(op("StringJoin", inputs=inputs, separator=separator, name=name))


def reduce_join(
    inputs: Any,
    axis: Any = None,
    keep_dims: bool | None = None,
    separator: str = "",
    name: str | None = None,
    reduction_indices: Any = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Join the strings along axes, all of them if none is given.

    Raises:
        ValueError: An argument is given under its old and its new name.
    """
    keeps = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    with name_scope(None, "ReduceJoin", [inputs, axis]):
        strings = convert_to_tensor(inputs)
        if axis is None:
            axis = _all_axes(strings)
        return _tensor(
            op(
                "ReduceJoin",
                inputs=strings,
                reduction_indices=axis,
                keep_dims=bool(keeps),
                separator=separator,
                name=name,
            )
        )


def _all_axes(strings: Tensor) -> Any:
    """Return the axes from the last to the first, so that rows are joined first."""
    rank = strings.shape.ndims
    if rank is not None:
        return convert_to_tensor(np.arange(rank - 1, -1, -1, dtype=np.int32))
    return number_range(array.rank(strings) - 1, -1, -1)


def unsorted_segment_join(
    inputs: Any,
    segment_ids: Any,
    num_segments: Any,
    separator: str = "",
    name: str | None = None,
) -> Tensor:
    """Join the strings of every segment, in the order they stand in."""
    return _tensor(
        op(
            "UnsortedSegmentJoin",
            inputs=inputs,
            segment_ids=segment_ids,
            num_segments=num_segments,
            separator=separator,
            name=name,
        )
    )


def string_length(input: Any, name: str | None = None, unit: str = "BYTE") -> Tensor:
    """Return the length of every string, in bytes or in `UTF8_CHAR`."""
    return _tensor(op("StringLength", input=input, unit=unit, name=name))


def string_strip(input: Any, name: str | None = None) -> Tensor:
    """Remove white space at both ends of every string."""
    return _tensor(op("StringStrip", input=input, name=name))


def lower(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Return every string in lower case, of ASCII alone or of `utf-8`."""
    return _tensor(op("StringLower", input=input, encoding=encoding, name=name))


def upper(input: Any, encoding: str = "", name: str | None = None) -> Tensor:
    """Return every string in upper case, of ASCII alone or of `utf-8`."""
    return _tensor(op("StringUpper", input=input, encoding=encoding, name=name))


def substr(
    input: Any, pos: Any, len: Any, name: str | None = None, unit: str = "BYTE"
) -> Tensor:
    """Return a part of every string; a negative position counts from the end."""
    return _tensor(op("Substr", input=input, pos=pos, len=len, unit=unit, name=name))


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Tensor:
    """Tell which strings are matched by a pattern of RE2 as a whole."""
    kind = "StaticRegexFullMatch" if isinstance(pattern, _TEXT) else "RegexFullMatch"
    return _tensor(op(kind, input=input, pattern=pattern, name=name))


def regex_replace(
    input: Any,
    pattern: Any,
    rewrite: Any,
    replace_global: bool = True,
    name: str | None = None,
) -> Tensor:
    r"""Replace what a pattern of RE2 matches; `\\0` to `\\9` stand for its groups."""
    static = isinstance(pattern, _TEXT) and isinstance(rewrite, _TEXT)
    return _tensor(
        op(
            "StaticRegexReplace" if static else "RegexReplace",
            input=input,
            pattern=pattern,
            rewrite=rewrite,
            replace_global=replace_global,
            name=name,
        )
    )


def string_split(
    source: Any,
    sep: Any = None,
    skip_empty: bool = True,
    delimiter: Any = None,
    result_type: str = "SparseTensor",
    name: str | None = None,
) -> Any:
    """Split every string of a vector at any of the bytes of `sep`, at spaces if None.

    Returns:
        A `SparseTensor`, or a `RaggedTensor` if that is the `result_type`.

    Raises:
        ValueError: `sep` is also given as `delimiter`; `result_type` is unknown.
    """
    with name_scope(name, "StringSplit", [source]):
        separator = renamed_argument("sep", sep, "delimiter", delimiter)
        separator = " " if separator is None else separator
        separator = convert_to_tensor(separator, dtypes.string)
        strings = convert_to_tensor(source, dtypes.string)
        indices, values, shape = op(
            "StringSplit", input=strings, delimiter=separator, skip_empty=skip_empty
        )
        indices.set_shape([None, 2])
        values.set_shape([None])
        shape.set_shape([2])
        _check_result_type(result_type)
        found = SparseTensor(indices, values, shape)
        return found if result_type == "SparseTensor" else rows_of(found)


def split(
    input: Any = None,
    sep: Any = None,
    maxsplit: int = -1,
    result_type: str = "SparseTensor",
    source: Any = None,
    name: str | None = None,
) -> Any:
    """Split every string at `sep` as a whole, or at white space, as `str.split` does.

    Returns:
        A `SparseTensor`, or a `RaggedTensor` if that is the `result_type`.

    Raises:
        ValueError: `input` is also given as `source`; `result_type` is unknown.
    """
    input = renamed_argument("input", input, "source", source)
    with name_scope(name, "StringSplit", [input]):
        strings = as_values(input, dtype=dtypes.string, name="input")
        if strings.shape.rank == 0:
            strings = array.expand_dims(strings, 0)
        _check_result_type(result_type)
        if result_type == "RaggedTensor":
            return split_v2(strings, sep, maxsplit)
        if strings.shape.rank == 1:
            return split_sparsely(strings, sep, maxsplit)
        return split_v2(strings, sep, maxsplit).to_sparse()


def _check_result_type(result_type: str) -> None:
    if result_type not in ("RaggedTensor", "SparseTensor"):
        raise ValueError("result_type must be 'RaggedTensor' or 'SparseTensor'.")


def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Tensor:
    """Write every string in the base 64 that is safe in addresses."""
    return _tensor(op("EncodeBase64", input=input, pad=pad, name=name))


def decode_base64(input: Any, name: str | None = None) -> Tensor:
    """Read every string that is in the base 64 that is safe in addresses."""
    return _tensor(op("DecodeBase64", input=input, name=name))


def decode_raw(
    input_bytes: Any = None,
    out_type: Any = None,
    little_endian: bool = True,
    name: str | None = None,
    bytes: Any = None,
) -> Tensor:
    """Read the bytes of every string, all of one length, as numbers.

    Raises:
        ValueError: There is no type.
    """
    content = renamed_argument("input_bytes", input_bytes, "bytes", bytes)
    if out_type is None:
        raise ValueError("decode_raw_v1() missing 1 positional argument: 'out_type'")
    return _tensor(
        op(
            "DecodeRaw",
            bytes=content,
            out_type=out_type,
            little_endian=little_endian,
            name=name,
        )
    )


def string_format(
    template: str,
    inputs: Any,
    placeholder: str = "{}",
    summarize: int = 3,
    name: str | None = None,
) -> Tensor:
    """Put the text of tensors, of long ones their ends, where the placeholders are.

    Raises:
        ValueError: There are more or fewer placeholders than tensors.
    """
    tensors = [inputs] if isinstance(inputs, (Tensor, SparseTensor)) else inputs
    count = template.count(placeholder)
    if count != len(tensors):
        raise ValueError(
            f"The template expects {count} tensors, but the inputs only has "
            f"{len(tensors)}. Please ensure the number of placeholders in template "
            "matches inputs length."
        )
    return _tensor(
        op(
            "StringFormat",
            inputs=tensors,
            template=template,
            placeholder=placeholder,
            summarize=summarize,
            name=name,
        )
    )


def unicode_script(input: Any, name: str | None = None) -> Tensor:
    """Return the number of the script of every character, -1 for what is none."""
    return _tensor(op("UnicodeScript", input=input, name=name))


def unicode_transcode(
    input: Any,
    input_encoding: str,
    output_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> Tensor:
    """Write every string in another encoding.

    Args:
        input: Strings.
        input_encoding: The encoding they have.
        output_encoding: `UTF-8`, `UTF-16-BE` or `UTF-32-BE`.
        errors: What becomes of bytes that are no character: `replace`, `ignore`, or
            `strict`, which fails.
        replacement_char: What replaces them.
        replace_control_characters: Whether control characters are such, too.
        name: Name of the operation.
    """
    return _tensor(
        op(
            "UnicodeTranscode",
            input=input,
            input_encoding=input_encoding,
            output_encoding=output_encoding,
            errors=errors,
            replacement_char=replacement_char,
            replace_control_characters=replace_control_characters,
            name=name,
        )
    )


def _tensor(value: Any) -> Tensor:
    result: Tensor = value
    return result
