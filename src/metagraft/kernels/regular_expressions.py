"""Patterns in strings, on the host; twin of `ops/regular_expressions.py`.

Source: tensorflow core/kernels/regex_replace_op.cc; re2/re2.cc.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.re2_syntax import compiled

_GROUP: Final = re.compile(r"\\(\d)")
# What `compiled` writes for places; characters that look like it are escaped.
_ANCHOR: Final = re.compile(r"\(\?(?::\\A|:\\Z|a:\\b|a:\\B|m:\^|m:\$)\)")
# What is put between texts; a point does not match the second.
_BETWEEN: Final = (b"\0", b"\n")
_STEP: Final = re.compile(r"\\(\d|\\)|[^\\]+", re.DOTALL)


def static_regex_full_match(attrs: Attrs, input: Array) -> tuple[Array]:
    return (_full_match(input, attrs["pattern"]),)


def regex_full_match(_: Attrs, input: Array, pattern: Array) -> tuple[Array]:
    return (_full_match(input, _scalar(pattern, "Pattern")),)


def static_regex_replace(attrs: Attrs, input: Array) -> tuple[Array]:
    every = attrs["replace_global"]
    return (_replaced(input, attrs["pattern"], attrs["rewrite"], every=every),)


def regex_replace(
    attrs: Attrs, input: Array, pattern: Array, rewrite: Array
) -> tuple[Array]:
    every = attrs["replace_global"]
    old, new = _scalar(pattern, "Pattern"), _scalar(rewrite, "Rewrite")
    return (_replaced(input, old, new, every=every),)


def _scalar(array: Array, name: str) -> bytes:
    if np.ndim(array):
        raise InvalidArgumentError(
            None, None, f"{name} must be scalar, but received {show(array.shape)}"
        )
    text: bytes = array.item()
    return text


def _text(content: bytes) -> str:
    # TF: RE2 also takes encoded surrogates, overlong encodings and code points that are
    # too large for characters.
    return content.decode("utf-8", "surrogateescape")


def _texts(strings: Array) -> list[str]:
    """Return texts, decoded at once unless they contain what is put between them."""
    listed = np.ravel(strings).tolist()
    joined = b"\0".join(listed)
    if joined.count(b"\0") != len(listed) - 1:
        return list(map(_text, listed))
    return _text(joined).split("\0")


def _full_match(strings: Array, pattern: bytes) -> Array:
    found = map(compiled(pattern).fullmatch, _texts(strings))
    matches = [match is not None for match in found]
    return np.array(matches, dtype=np.bool_).reshape(np.shape(strings))


def _replaced(strings: Array, pattern: bytes, rewrite: bytes, *, every: bool) -> Array:
    search, new = compiled(pattern), _Rewrite.of(_text(rewrite))
    # A group that the pattern does not have: nothing is replaced.
    if new.last_group > search.groups:
        return strings
    texts = np.ravel(strings).tolist()
    found = _at_once(search, texts, new) if every else None
    if found is None:
        decoded = _texts(strings)
        replaced = (
            _every_replaced(search, decoded, new)
            if every
            else [_first_replaced(search, text, new) for text in decoded]
        )
        found = [text.encode("utf-8", "surrogateescape") for text in replaced]
    result: Array = np.fromiter(found, object, len(texts))
    return result.reshape(np.shape(strings))


def _at_once(
    search: re.Pattern[str], texts: list[bytes], new: _Rewrite
) -> list[bytes] | None:
    """Replace in all texts as one; None if the pattern might tell where one ends."""
    if len(texts) < 2 or not _takes_characters(search):
        return None
    for between in _BETWEEN:
        found = _joined_by(between, search, texts, new)
        if found is not None:
            return found
    return None


def _joined_by(
    separator: bytes, search: re.Pattern[str], texts: list[bytes], new: _Rewrite
) -> list[bytes] | None:
    """Replace in all texts with a character between; None if that might take it."""
    joined, between = separator.join(texts), separator.decode()
    if joined.count(separator) != len(texts) - 1 or search.search(between):
        return None
    template = new.template()
    if isinstance(template, str):
        if between in template:
            return None
        replaced = search.sub(template, _text(joined))
    else:

        def put(match: re.Match[str]) -> str:
            if between in match[0]:
                raise _BeyondText
            return template(match)

        try:
            replaced = search.sub(put, _text(joined))
        except _BeyondText:
            return None
    # If a match went on into the next text, less is left between texts, or more.
    found = replaced.encode("utf-8", "surrogateescape").split(separator)
    return found if len(found) == len(texts) else None


def _takes_characters(search: re.Pattern[str]) -> bool:
    """Tell whether each match has characters, and looks at no others."""
    return _ANCHOR.search(search.pattern) is None and search.fullmatch("") is None


@dataclass(frozen=True, slots=True)
class _Rewrite:
    r"""What stands in the place of a match.

    Attributes:
        pieces: Text, and the numbers of the groups `\\0` to `\\9`.
        is_valid: Whether all of it was understood; the pieces are what comes before.
        last_group: The largest number that it names.
    """

    pieces: list[str | int]
    is_valid: bool
    last_group: int

    @classmethod
    def of(cls, new: str) -> _Rewrite:
        """Take a rewrite apart."""
        last_group = max(map(int, _GROUP.findall(new)), default=0)
        pieces: list[str | int] = []
        at = 0
        while step := _STEP.match(new, at):
            if step[1] is None:
                pieces.append(step[0])
            else:
                pieces.append("\\" if step[1] == "\\" else int(step[1]))
            at = step.end()
        return cls(pieces, at == len(new), last_group)

    def filling(self) -> Callable[[re.Match[str]], str]:
        """Return what puts groups of a match in."""
        pieces = self.pieces
        places = [at for at, piece in enumerate(pieces) if isinstance(piece, int)]
        if len(places) == 1:
            (at,) = places
            before, after = "".join(map(str, pieces[:at])), pieces[at + 1 :]
            group, behind = pieces[at], "".join(map(str, after))
            return lambda match: before + (match[group] or "") + behind
        if not places:
            whole = "".join(map(str, pieces))
            return lambda match: whole
        groups_of = itemgetter(*[pieces[at] for at in places])
        form = "".join(
            [p.replace("%", "%%") if isinstance(p, str) else "%s" for p in pieces]
        )

        def filled(match: re.Match[str]) -> str:
            groups = groups_of(match)
            if None in groups:
                groups = tuple([group or "" for group in groups])
            return form % groups

        return filled

    def text(self) -> str | None:
        """Return what it is if there are no groups in it."""
        texts = [piece for piece in self.pieces if isinstance(piece, str)]
        return "".join(texts) if len(texts) == len(self.pieces) else None

    def template(self) -> str | Callable[[re.Match[str]], str]:
        """Return what `re` puts in the place of matches that have any characters."""
        text = self.text()
        return self.filling() if text is None else text.replace("\\", r"\\")

    def filler(self) -> Callable[[re.Match[str]], str]:
        """Return what does the same to matches that have any characters.

        It raises `_EmptyMatch` for others.
        """
        text, filled = self.text(), self.filling()

        def put(match: re.Match[str]) -> str:
            if not match[0]:
                raise _EmptyMatch
            return filled(match) if text is None else text

        return put


class _BeyondText(Exception):  # noqa: N818 - it is caught here
    """A match contains what is between texts."""


class _EmptyMatch(Exception):  # noqa: N818 - it is caught here
    """Nothing was matched, where RE2 and Python go on differently."""


def _first_replaced(search: re.Pattern[str], text: str, new: _Rewrite) -> str:
    match = search.search(text)
    if match is None or not new.is_valid:
        return text
    return text[: match.start()] + new.filling()(match) + text[match.end() :]


def _every_replaced(
    search: re.Pattern[str], texts: list[str], new: _Rewrite
) -> list[str]:
    if _takes_characters(search):
        template = new.template()
        return [search.sub(template, text) for text in texts]
    fill, found = new.filler(), []
    for text in texts:
        try:
            found.append(search.sub(fill, text))
        except _EmptyMatch:
            found.append(_stepwise_replaced(search, text, new))
    return found


def _stepwise_replaced(search: re.Pattern[str], text: str, new: _Rewrite) -> str:
    match = search.search(text)
    out: list[str] = []
    at, last_end = 0, -1
    while match is not None:
        start, end = match.span()
        out.append(text[at:start])
        at = end
        # Nothing is not matched where the last match ended.
        if start == end == last_end:
            out.append(text[at : at + 1])
            at += 1
            if at > len(text):
                break
        else:
            # What a wrong rewrite says before it goes wrong counts.
            out.append(new.filling()(match))
            last_end = end
        match = search.search(text, at)
    return "".join(out) + text[at:]


KERNELS = {
    "RegexFullMatch": Kernel(regex_full_match, host=True),
    "RegexReplace": Kernel(regex_replace, host=True),
    "StaticRegexFullMatch": Kernel(static_regex_full_match, host=True),
    "StaticRegexReplace": Kernel(static_regex_replace, host=True),
}
