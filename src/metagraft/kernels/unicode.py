"""Text as numbers of characters, on the host; twin of `ops/unicode.py`.

Source: tensorflow core/kernels/unicode_ops.cc, unicode_script_op.cc,
string_ngrams_op.cc.
"""

from __future__ import annotations

import codecs
import functools
import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import as_dtype
from metagraft.kernels.kernel import Array, Kernel

_LAST_CHARACTER = 0x10FFFF
_LAST_CONTROL = 0x1F
_SURROGATES = (0xD800, 0xDFFF)
_ILL_FORMED = "Invalid formatting on input string"
# What Python calls the encodings that are written.
_CODECS = {"UTF-8": "utf-8", "UTF-16-BE": "utf-16-be", "UTF-32-BE": "utf-32-be"}
_MARKS = {
    # TF: a mark may also hold for strings that are read after it.
    "utf-16": {
        codecs.BOM_UTF16_BE: "utf-16-be",
        codecs.BOM_UTF16_LE: "utf-16-le",
        b"": "utf-16-be",
    },
    "utf-32": {
        codecs.BOM_UTF32_BE: "utf-32-be",
        codecs.BOM_UTF32_LE: "utf-32-le",
        b"": "utf-32-be",
    },
}
_UTF8 = codecs.lookup("utf-8").name


# Bytes that are no character are decoded as this one plus their number: what is read
# has no lone surrogates otherwise.
_DAMAGE = 0xDC00
_DAMAGES = (_DAMAGE + 1, 0xDFFF)
_MARKING = "metagraft.damage"


def _marked(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return chr(_DAMAGE + error.end - error.start), error.end


codecs.register_error(_MARKING, _marked)


@dataclass(frozen=True, slots=True)
class _Texts:
    """The characters of some strings, one after the other.

    Attributes:
        characters: Their numbers, `int32`.
        starts: Where each starts in its string, in bytes.
        counts: How many characters each string has.
        is_damaged: Which stand for bytes that are no character.
    """

    characters: Array
    starts: Array
    counts: Array
    is_damaged: Array

    def only(self, kept: Array) -> _Texts:
        """Return some of the characters."""
        before = np.append(0, kept.cumsum())
        ends = self.counts.cumsum()
        counts = before[ends] - before[ends - self.counts]
        parts = (self.characters[kept], self.starts[kept])
        return _Texts(*parts, counts, self.is_damaged[kept])


@dataclass(frozen=True, slots=True)
class _Policy:
    """What becomes of bytes that are no character, and of control characters."""

    substitute: int
    errors: str
    replaces_controls: bool

    def replaced(self, texts: _Texts) -> Array:
        """Tell which characters do not stay.

        Raises:
            InvalidArgumentError: One is damaged, and that is an error.
        """
        if self.errors == "strict" and texts.is_damaged.any():
            raise _invalid(_ILL_FORMED)
        if not self.replaces_controls:
            return texts.is_damaged
        return texts.is_damaged | (texts.characters <= _LAST_CONTROL)

    def applied(self, texts: _Texts) -> _Texts:
        """Return what is left of the characters, and what takes their places."""
        replaced = self.replaced(texts)
        if not replaced.any():
            return texts
        if self.errors == "ignore":
            return texts.only(~replaced)
        substitute = np.int32(self.substitute)
        changed = np.where(replaced, substitute, texts.characters)
        return _Texts(changed, texts.starts, texts.counts, texts.is_damaged)


def _policy(attrs: Attrs) -> _Policy:
    substitute: int = attrs["replacement_char"]
    if not 0 <= substitute <= _LAST_CHARACTER:
        raise _invalid("replacement_char out of unicode codepoint range")
    return _Policy(
        substitute,
        attrs["errors"].decode(),
        attrs.get("replace_control_characters", False),
    )


def _codec(attrs: Attrs) -> str:
    name: str = attrs["input_encoding"].decode("utf-8", "replace")
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise _invalid(
            f"Could not create converter for input encoding: {name}"
        ) from error


def _after_mark(content: bytes, codec: str) -> tuple[int, str]:
    """Return how long a mark of the order of bytes is, and the encoding it tells.

    Without one the highest byte comes first.
    """
    marks = _MARKS.get(codec, {})
    for mark, marked in marks.items():
        if mark and content.startswith(mark):
            return len(mark), marked
    return 0, marks.get(b"", codec)


def _read(texts: Sequence[bytes], codec: str) -> _Texts:
    """Read strings; in each, what is damaged is one character for each piece."""
    found = _read_utf8(texts) if codec == _UTF8 else None
    return _read_each(texts, codec) if found is None else found


def _read_utf8(texts: Sequence[bytes]) -> _Texts | None:
    """Read all strings at once, if nothing is damaged."""
    joined = b"".join(texts)
    bounds = np.append(0, np.fromiter(map(len, texts), np.int64, len(texts)).cumsum())
    # Other bytes continue a character.
    is_first = np.frombuffer(joined + b"\n", np.int8) >= -0x40
    try:
        numbers = _numbers(joined.decode())
    except UnicodeDecodeError:
        return None
    if not is_first[bounds].all():
        return None
    if len(numbers) == len(joined):
        starts, counts = np.arange(len(joined)), np.diff(bounds)
    else:
        starts = np.flatnonzero(is_first[:-1])
        counts = np.diff(starts.searchsorted(bounds))
    starts -= np.repeat(bounds[:-1], counts)
    return _Texts(numbers, starts, counts, np.zeros(len(numbers), bool))


# TF: bytes that an encoding of one byte leaves open stand for themselves in some.
def _read_each(texts: Sequence[bytes], codec: str) -> _Texts:
    strings, marks = _strings(texts, codec)
    text = "".join(strings)
    numbers = _numbers(text)
    counts = np.fromiter(map(len, strings), np.int64, len(strings))
    is_damaged = (numbers >= _DAMAGES[0]) & (numbers <= _DAMAGES[1])
    sizes = np.where(is_damaged, numbers - _DAMAGE, _sizes(text, numbers, codec))
    firsts = counts.cumsum() - counts
    # A mark counts as bytes of the first character. TF: alone it becomes 65535, and in
    # strings after the first it may become a character.
    sizes[firsts[counts > 0]] += marks[counts > 0]
    ends = np.append(0, sizes.cumsum())
    return _Texts(
        numbers, ends[:-1] - np.repeat(ends[firsts], counts), counts, is_damaged
    )


def _strings(texts: Sequence[bytes], codec: str) -> tuple[list[str], Array]:
    """Decode strings, damages marked; return how long the mark of each is, too."""
    marks = np.zeros(len(texts), np.int64)
    if codec not in _MARKS:
        decode = codecs.getdecoder(codec)
        return [decode(text, _MARKING)[0] for text in texts], marks
    strings = []
    for place, text in enumerate(texts):
        marks[place], marked = _after_mark(text, codec)
        strings.append(text[marks[place] :].decode(marked, _MARKING))
    return strings, marks


def _numbers(text: str) -> Array:
    """Return the numbers of characters, also of lone surrogates, `int32`."""
    return np.array([text]).view(np.int32)[: len(text)]


def _sizes(text: str, numbers: Array, codec: str) -> Array:
    """Return how many bytes each character has."""
    codec = _MARKS.get(codec, {}).get(b"", codec)
    sizes = np.zeros(int(numbers.max(initial=0)) + 1, np.int8)
    for character in set(text):
        sizes[ord(character)] = len(character.encode(codec, "replace"))
    return sizes[numbers].astype(np.int64)


def _decoded(attrs: Attrs, input: Array) -> tuple[Array, Array, Array]:
    """Return bounds of rows, characters, and where they start."""
    policy, codec = _policy(attrs), _codec(attrs)
    found = policy.applied(_read(np.ravel(input).tolist(), codec))
    splits = np.append(0, found.counts.cumsum())
    dtype = as_dtype(attrs["Tsplits"]).as_numpy_dtype
    return splits.astype(dtype), found.characters, found.starts


def unicode_decode(attrs: Attrs, input: Array) -> tuple[Array, Array]:
    return _decoded(attrs, input)[:2]


def unicode_decode_with_offsets(
    attrs: Attrs, input: Array
) -> tuple[Array, Array, Array]:
    return _decoded(attrs, input)


def unicode_transcode(attrs: Attrs, input: Array) -> tuple[Array]:
    policy, codec = _policy(attrs), _codec(attrs)
    to = _CODECS[attrs["output_encoding"].decode()]
    texts: list[bytes] = np.ravel(input).tolist()
    read = _read(texts, codec)
    if codec == _UTF8 == to and not policy.replaced(read).any():
        return (np.array(input),)
    left = policy.applied(read)
    written = _written(left.characters, np.append(0, left.counts.cumsum()), to)
    return (written.reshape(np.shape(input)),)


def _written(characters: Array, bounds: Array, codec: str) -> Array:
    """Encode what is between bounds."""
    text = _text(characters)
    written = np.empty(len(bounds) - 1, object)
    written[:] = [
        text[start:end].encode(codec, "surrogatepass")
        for start, end in itertools.pairwise(bounds.tolist())
    ]
    return written


def _text(characters: Array) -> str:
    return characters.astype("<i4").tobytes().decode("utf-32-le", "surrogatepass")


def unicode_encode(
    attrs: Attrs, input_values: Array, input_splits: Array
) -> tuple[Array]:
    policy = _policy(attrs)
    _check_splits(input_splits, input_values.size)
    is_wrong = (input_values < 0) | (input_values > _LAST_CHARACTER)
    is_wrong |= (input_values >= _SURROGATES[0]) & (input_values <= _SURROGATES[1])
    if policy.errors == "strict" and is_wrong.any():
        raise _invalid("Code point is out of range for Unicode, or is a surrogate.")
    values = np.where(is_wrong, np.int32(policy.substitute), input_values)
    bounds = np.asarray(input_splits)
    if policy.errors == "ignore":
        values = values[~is_wrong]
        bounds = np.append(0, (~is_wrong).cumsum())[bounds]
    codec = _CODECS[attrs["output_encoding"].decode()]
    return (_written(values, bounds, codec),)


def _check_splits(splits: Array, count: int) -> None:
    if not splits.size:
        raise _invalid(
            "Input_splits should contain elements, but given input_values has 0 "
            "elements"
        )
    if splits[0] != 0:
        raise _invalid("First value in input_splits must be zero.")
    if splits[-1] != count:
        raise _invalid(
            "Last value in input_splits must be equal to length of input_tensor."
        )
    if np.any(splits > count):
        raise _invalid(
            "Values in input_splits must be less than or equal to input_tensor length."
        )
    if np.any(np.diff(splits) < 0):
        raise _invalid("Values in input_splits must be equal or in ascending order.")


@functools.cache
def _scripts() -> tuple[Array, Array]:
    """Return where runs of characters of one script start, and their scripts."""
    path = resources.files("metagraft.kernels") / "data" / "unicode_scripts.bin"
    content = zlib.decompress(path.read_bytes())
    stored = np.frombuffer(content, "<i4").reshape(2, -1)
    return stored[0], stored[1]


def unicode_script(_attrs: Attrs, input: Array) -> tuple[Array]:
    found = _script_of_each().take(input, mode="clip")
    is_character = (input >= 0) & (input <= _LAST_CHARACTER)
    return (np.where(is_character, found, np.int32(-1)).astype(np.int32),)


@functools.cache
def _script_of_each() -> Array:
    """Return the script of every character, and of none at the end."""
    starts, scripts = _scripts()
    sizes = np.diff(starts, append=_LAST_CHARACTER + 1)
    return np.append(np.repeat(scripts, sizes), np.int32(-1)).astype(np.int32)


@dataclass(frozen=True, slots=True)
class _NGrams:
    """How the attributes say that neighbours are joined."""

    separator: bytes
    widths: Sequence[int]
    left: bytes
    right: bytes
    padding: int
    keeps_short: bool

    def of_row(self, words: Sequence[bytes]) -> list[bytes]:
        """Return the n-grams of one row, the widths one after the other."""
        found = [gram for width in self.widths for gram in self._wide(words, width)]
        if not found and self.keeps_short and words:
            width = len(words) + 2 * self.padding
            return self._wide(words, width, count=1)
        return found

    def _wide(
        self, words: Sequence[bytes], width: int, count: int | None = None
    ) -> list[bytes]:
        if width == 1:
            return list(words)
        padding = width - 1 if self.padding < 0 else min(self.padding, width - 1)
        padded = [self.left] * padding + list(words) + [self.right] * padding
        if count is not None or width > len(padded):
            return [
                self.separator.join(padded[i : i + width]) for i in range(count or 0)
            ]
        neighbours = zip(*(padded[i:] for i in range(width)), strict=False)
        return list(map(self.separator.join, neighbours))


def string_ngrams(attrs: Attrs, data: Array, data_splits: Array) -> tuple[Array, Array]:
    if min(attrs["ngram_widths"], default=1) < 1:
        raise _invalid("ngram_widths must contain positive values")
    # TensorFlow takes any shapes, and reads both one after the other.
    bounds = data_splits.reshape(-1)
    if bounds.size:
        _check_ngram_splits(bounds, data.size)
    if not data.size or not bounds.size:
        return np.full(data.shape, b"", object), data_splits
    grams = _NGrams(
        attrs["separator"],
        attrs["ngram_widths"],
        attrs["left_pad"],
        attrs["right_pad"],
        attrs["pad_width"],
        attrs["preserve_short_sequences"],
    )
    words = data.reshape(-1).tolist()
    pairs = itertools.pairwise(bounds.tolist())
    rows = [grams.of_row(words[start:end]) for start, end in pairs]
    splits = np.concatenate(([0], np.cumsum([len(row) for row in rows])))
    joined = np.fromiter(itertools.chain.from_iterable(rows), object, int(splits[-1]))
    return joined, splits.astype(data_splits.dtype).reshape(data_splits.shape)


def _check_ngram_splits(splits: Array, count: int) -> None:
    if splits[0] != 0:
        raise _invalid(f"First split value must be 0, got {splits[0]}")
    wrong = np.flatnonzero((np.diff(splits) < 0) | (splits[1:] > count))
    if wrong.size:
        least, found = splits[wrong[0] : wrong[0] + 2]
        raise _invalid(f"Invalid split value {found}, must be in [{least}, {count}]")
    if splits[-1] != count:
        raise _invalid(
            f"Last split value must be data size. Expected {count}, got {splits[-1]}"
        )


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "StringNGrams": Kernel(string_ngrams, host=True),
    "UnicodeDecode": Kernel(unicode_decode, host=True),
    "UnicodeDecodeWithOffsets": Kernel(unicode_decode_with_offsets, host=True),
    "UnicodeEncode": Kernel(unicode_encode, host=True),
    "UnicodeScript": Kernel(unicode_script, host=True),
    "UnicodeTranscode": Kernel(unicode_transcode, host=True),
}
