"""`tf.strings`: functions of text."""

from __future__ import annotations

from metagraft.api.ragged_dispatch import with_ragged
from metagraft.lazy_names import from_module, lazy_names

_STRINGS = "metagraft.api.strings"

_NAMES = {
    **from_module(
        _STRINGS,
        "as_string lower reduce_join regex_full_match regex_replace split substr"
        " unicode_script unicode_transcode unsorted_segment_join upper",
    ),
    **from_module(
        f"{_STRINGS}_ragged",
        "bytes_split ngrams unicode_decode unicode_decode_with_offsets unicode_encode"
        " unicode_split unicode_split_with_offsets",
    ),
    "format": f"{_STRINGS}:string_format",
    **{
        name: f"{_STRINGS}:string_{name}"
        for name in (
            "join",
            "length",
            "strip",
            "to_hash_bucket",
            "to_hash_bucket_fast",
            "to_hash_bucket_strong",
            "to_number",
        )
    },
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES, with_ragged)
