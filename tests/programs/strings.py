"""Programs of text: numbers, hashes, patterns and pieces."""

from __future__ import annotations

from types import ModuleType


def text_of_numbers(tf: ModuleType) -> None:
    """Numbers as text, and text as numbers."""
    x = tf.placeholder(tf.float64, [None, 2], name="x")
    text = tf.as_string(x, precision=2, width=8, fill="0", name="text")
    tf.dtypes.as_string(x, scientific=True)
    tf.strings.as_string(tf.constant([True, False]))
    tf.string_to_number(text, tf.int64)
    tf.string_to_number(input=text, name="number")
    tf.strings.to_number(["1", "2"], out_type=tf.float64)


def text_hashes(tf: ModuleType) -> None:
    """Text to numbers of buckets."""
    words = tf.placeholder(tf.string, [None], name="words")
    tf.string_to_hash_bucket(words, 10)
    tf.strings.to_hash_bucket(input=words, num_buckets=3, name="bucket")
    tf.string_to_hash_bucket_fast(words, 100)
    tf.strings.to_hash_bucket_fast(words, 7, name="fast")
    tf.string_to_hash_bucket_strong(words, 100, [1, 2])
    tf.strings.to_hash_bucket_strong(words, 100, key=[3, 4], name="strong")
    tf.fingerprint(words)
    tf.fingerprint(tf.zeros([3, 2]), name="rows")


def text_joins(tf: ModuleType) -> None:
    """Text put together."""
    words = tf.placeholder(tf.string, [None, 3], name="words")
    any_rank = tf.placeholder(tf.string, name="any_rank")
    tf.string_join([words, "suffix", words], separator="-")
    tf.strings.join(["a", "b"], name="both")
    tf.reduce_join(words)
    tf.reduce_join(any_rank, separator=" ")
    tf.reduce_join(words, 0, keep_dims=True, name="kept")
    tf.strings.reduce_join(words, axis=[-1, 0], keepdims=True)
    tf.strings.reduce_join(words, reduction_indices=[1])
    count = tf.placeholder(tf.int32, [], name="count")
    tf.strings.unsorted_segment_join(words, [0, 1, 0, 1], 2, separator=":")
    tf.strings.unsorted_segment_join(words, tf.constant([1, 0], tf.int64), count)
    tf.strings.format("{} and {}", [words, count], summarize=2)
    tf.strings.format("only %", count, placeholder="%", name="only")


def text_pieces(tf: ModuleType) -> None:
    """Text cut into pieces."""
    words = tf.placeholder(tf.string, [None], name="words")
    tf.string_split(words)
    tf.string_split(["a,b"], ",", skip_empty=False, name="commas")
    tf.string_split(words, delimiter=tf.constant("-"))
    tf.strings.split(words)
    tf.strings.split("a b", maxsplit=1)
    tf.strings.split(source=["a,b"], sep=",", name="commas")
    tf.substr(words, 0, 3)
    tf.strings.substr(words, [[-2], [1]], [[1], [2]], unit="UTF8_CHAR", name="part")
    tf.strings.substr(tf.placeholder(tf.string), tf.constant(1, tf.int64), 2)


def text_changes(tf: ModuleType) -> None:
    """Text changed, measured and matched."""
    words = tf.placeholder(tf.string, [None, 2], name="words")
    pattern = tf.placeholder(tf.string, [], name="pattern")
    tf.regex_replace(words, "a(.)", r"\1", replace_global=False)
    tf.strings.regex_replace(words, pattern, "x", name="dynamic")
    tf.strings.regex_full_match(words, "a.*")
    tf.strings.regex_full_match(words, pattern)
    tf.strings.length(words, unit="UTF8_CHAR")
    tf.strings.length(words, name="length")
    tf.strings.lower(words)
    tf.strings.upper(words, encoding="utf-8")
    tf.string_strip(words)
    tf.strings.strip(words, name="stripped")
    tf.encode_base64(words, pad=True)
    tf.io.encode_base64(words)
    tf.decode_base64(words)
    tf.io.decode_base64(words, name="decoded")
    tf.decode_raw(words, tf.int16)
    tf.io.decode_raw(words, out_type=tf.float32, little_endian=False)
    tf.decode_raw(bytes=words, out_type=tf.uint8, name="old")


def text_encodings(tf: ModuleType) -> None:
    """Characters and their encodings."""
    words = tf.placeholder(tf.string, [None], name="words")
    tf.strings.unicode_transcode(words, "UTF-8", "UTF-16-BE")
    tf.strings.unicode_transcode(
        words, "UTF-16", "UTF-8", "ignore", 63, True, name="coded"
    )
    tf.strings.unicode_script([65, 0x3042])
    tf.strings.unicode_script(tf.placeholder(tf.int32), name="script")


def ragged_texts(tf: ModuleType) -> None:
    """Strings in rows of different lengths."""
    word = tf.placeholder(tf.string, [], name="word")
    words = tf.placeholder(tf.string, [None], name="words")
    table = tf.placeholder(tf.string, [2, None], name="table")
    ragged = tf.ragged.constant([["a b", "c"], ["d"]])
    for text in (word, words, table, ragged):
        tf.strings.bytes_split(text)
        tf.strings.split(text, result_type="RaggedTensor")
        tf.strings.unicode_decode(text, "UTF-8")
        tf.strings.unicode_decode_with_offsets(text, "UTF-8", errors="ignore")
        tf.strings.unicode_split(text, "UTF-8", name="characters")
        tf.strings.unicode_split_with_offsets(text, "UTF-16-BE")
    tf.strings.split(table, sep=",")
    tf.strings.split(ragged, maxsplit=1)
    tf.string_split(words, result_type="RaggedTensor")
    tf.strings.unicode_encode([72, 105], "UTF-8")
    tf.strings.unicode_encode([[72, 105]], "UTF-16-BE", name="encoded")
    tf.strings.unicode_encode(tf.placeholder(tf.int32, [2, 3, None]), "UTF-8")
    characters = tf.ragged.constant([[[72], [105, 106]], []], tf.int32)
    tf.strings.unicode_encode(characters, "UTF-32-BE", "ignore", 63)
    tf.strings.ngrams(words, 2)
    tf.strings.ngrams(table, [1, 2], separator="-", pad_values="#", name="grams")
    tf.strings.ngrams(ragged, 3, pad_values=("<", ">"), padding_width=1)


PROGRAMS = (
    ragged_texts,
    text_encodings,
    text_of_numbers,
    text_hashes,
    text_joins,
    text_pieces,
    text_changes,
)
