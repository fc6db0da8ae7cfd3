"""`tensorflow.python.ops.string_ops`: text."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module(
        "metagraft.compat.v1",
        "as_string decode_base64 encode_base64 reduce_join regex_replace string_join "
        "string_strip string_to_hash_bucket_fast string_to_hash_bucket_strong",
    ),
    **from_module(
        "metagraft.compat.v1.strings",
        "regex_full_match substr unicode_script unicode_transcode "
        "unsorted_segment_join",
    ),
    "string_format": "metagraft.compat.v1.strings:format",
    "string_length": "metagraft.compat.v1.strings:length",
    "string_lower": "metagraft.compat.v1.strings:lower",
    "string_to_hash_bucket_v1": "metagraft.compat.v1:string_to_hash_bucket",
    "string_to_number_v1": "metagraft.compat.v1:string_to_number",
    "string_upper": "metagraft.compat.v1.strings:upper",
    "substr_deprecated": "metagraft.compat.v1:substr",
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
