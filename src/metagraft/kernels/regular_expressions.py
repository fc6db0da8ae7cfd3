"""Patterns in strings, on the host; twin of `ops/regular_expressions.py`.

Source: tensorflow core/kernels/regex_replace_op.cc; re2/re2.cc.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.re2_syntax import compiled

_GROUP: Final = re.compile(r"\\(\d)")
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
    texts = _texts(strings)
    replaced = (
        _every_replaced(search, texts, new)
        if every
        else [_first_replaced(search, text, new) for text in texts]
    )
    joined = "\0".join(replaced).encode("utf-8", "surrogateescape")
    found = joined.split(b"\0") if texts else []
    if len(found) != len(texts):
        found = [text.encode("utf-8", "surrogateescape") for text in replaced]
    result: Array = np.fromiter(found, object, len(texts))
    return result.reshape(np.shape(strings))


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

    def filled(self, match: re.Match[str]) -> str:
        """Put groups of a match in."""
        pieces = self.pieces
        if len(pieces) == 1 and isinstance(pieces[0], str):
            return pieces[0]
        return "".join([p if isinstance(p, str) else match[p] or "" for p in pieces])

    def filler(self) -> Callable[[re.Match[str]], str]:
        """Return what does the same to matches that have any characters.

        It raises `_EmptyMatch` for others.
        """
        filled, pieces = self.filled, self.pieces
        if not pieces or (len(pieces) == 1 and isinstance(pieces[0], str)):
            new = "".join(map(str, pieces))

            def put_text(match: re.Match[str]) -> str:
                if not match[0]:
                    raise _EmptyMatch
                return new

            return put_text

        def put_pieces(match: re.Match[str]) -> str:
            if not match[0]:
                raise _EmptyMatch
            return filled(match)

        return put_pieces


class _EmptyMatch(Exception):  # noqa: N818 - it is caught here
    """Nothing was matched, where RE2 and Python go on differently."""


def _first_replaced(search: re.Pattern[str], text: str, new: _Rewrite) -> str:
    match = search.search(text)
    if match is None or not new.is_valid:
        return text
    return text[: match.start()] + new.filled(match) + text[match.end() :]


def _every_replaced(
    search: re.Pattern[str], texts: list[str], new: _Rewrite
) -> list[str]:
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
            out.append(new.filled(match))
            last_end = end
        match = search.search(text, at)
    return "".join(out) + text[at:]


KERNELS = {
    "RegexFullMatch": Kernel(regex_full_match, host=True),
    "RegexReplace": Kernel(regex_replace, host=True),
    "StaticRegexFullMatch": Kernel(static_regex_full_match, host=True),
    "StaticRegexReplace": Kernel(static_regex_replace, host=True),
}
