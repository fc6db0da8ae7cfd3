"""RE2's regular expressions in the words of Python's `re`.

Both prefer what the pattern names first, so they match the same once a pattern is
written out: classes become ranges, flags are set around each piece. Text is decoded
with `surrogateescape`; bytes that are no UTF-8 are matched by nothing.

Source: https://github.com/google/re2/wiki/Syntax; re2/parse.cc, re2/re2.cc.
"""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from metagraft.errors import InvalidArgumentError, UnimplementedError

__all__ = ["compiled"]

Ranges = list[tuple[int, int]]

_LAST: Final = sys.maxunicode
# Bytes that are no UTF-8, as `surrogateescape` decodes them, and their neighbours.
_NO_TEXT: Final = (0xD800, 0xDFFF)
_DIGIT: Final = "09"
_LOWER: Final = "az"
_UPPER: Final = "AZ"
_PERL: Final = {"d": [_DIGIT], "s": ["\t\n", "\f\r", "  "]}
_PERL["w"] = [_DIGIT, _UPPER, "__", _LOWER]
_POSIX: Final = {
    "alnum": [_DIGIT, _UPPER, _LOWER],
    "alpha": [_UPPER, _LOWER],
    "ascii": ["\0\x7f"],
    "blank": ["\t\t", "  "],
    "cntrl": ["\0\x1f", "\x7f\x7f"],
    "digit": [_DIGIT],
    "graph": ["!~"],
    "lower": [_LOWER],
    "print": [" ~"],
    "punct": ["!/", ":@", "[`", "{~"],
    "space": ["\t\r", "  "],
    "upper": [_UPPER],
    "word": _PERL["w"],
    "xdigit": [_DIGIT, "AF", "af"],
}
_CONTROLS: Final = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_ANCHORS: Final = {"A": r"(?:\A)", "z": r"(?:\Z)", "b": r"(?a:\b)", "B": r"(?a:\B)"}
_CODE: Final = re.compile(
    r"\\(?:x([\da-fA-F]{2})|x\{([\da-fA-F]+)\}|(0[0-7]{0,2}|[1-7][0-7]{1,2}))"
)
_CATEGORY: Final = re.compile(r"\\([pP])(?:\{(\^?)(\w+)\}|(\w))")
_REPEAT: Final = re.compile(r"[*+?]|\{(\d+)(?:,(\d*))?\}")
_GROUP: Final = re.compile(r"\(\?(?:P<(\w+)>|([imsU]*)(?:-([imsU]+))?([:)]))")
_MOST_REPEATS: Final = 1000


class _Invalid(Exception):  # noqa: N818 - told as InvalidArgumentError
    """What RE2 says about a pattern."""


@functools.lru_cache(maxsize=256)
def compiled(pattern: bytes) -> re.Pattern[str]:
    """Return the pattern for text that was decoded with `surrogateescape`.

    Raises:
        InvalidArgumentError: RE2 does not take it.
        UnimplementedError: It asks for single bytes or a script of Unicode.
    """
    shown = pattern.decode("utf-8", "backslashreplace")
    try:
        return re.compile(_Translation(_decoded(pattern)).run())
    except _Invalid as error:
        raise InvalidArgumentError(
            None, None, f"Invalid pattern: {shown}, error: {error}"
        ) from error
    except re.error as error:
        raise UnimplementedError(
            None, None, f"Pattern '{shown}' cannot be run here: {error}."
        ) from error


def _decoded(pattern: bytes) -> str:
    try:
        return pattern.decode()
    except UnicodeDecodeError as error:
        raise _Invalid("invalid UTF-8") from error


@dataclass(frozen=True)
class _Flags:
    i: bool = False
    m: bool = False
    s: bool = False
    U: bool = False


@dataclass
class _Translation:
    """One pattern on its way from left to right."""

    pattern: str
    at: int = 0
    flags: _Flags = field(default_factory=_Flags)
    outer: list[_Flags] = field(default_factory=list)
    out: list[str] = field(default_factory=list)
    # Whether the last piece may be repeated; the text of the repetition just read.
    repeatable: bool = False
    repeated: str = ""

    def run(self) -> str:
        while self.at < len(self.pattern):
            self._piece()
        if self.outer:
            raise _Invalid(f"missing ): {self.pattern}")
        return "".join(self.out)

    def _piece(self) -> None:
        char = self.pattern[self.at]
        repeat = _REPEAT.match(self.pattern, self.at)
        if repeat:
            self._repeat(repeat)
            return
        self.repeated = ""
        readers = {
            "(": self._open,
            ")": self._close,
            "[": self._class,
            "\\": self._escape,
        }
        if char in readers:
            readers[char]()
            return
        self.at += 1
        if char == "|":
            self.out.append("|")
            self.repeatable = False
        elif char == ".":
            newline = [] if self.flags.s else [(10, 10)]
            self._emit(_class_text([*newline, _NO_TEXT], negated=True))
        elif char == "^":
            self._emit("(?m:^)" if self.flags.m else _ANCHORS["A"])
        elif char == "$":
            self._emit("(?m:$)" if self.flags.m else _ANCHORS["z"])
        else:
            self._emit(re.escape(char))

    def _emit(self, text: str) -> None:
        self.out.append(f"(?i:{text})" if self.flags.i else text)
        self.repeatable = True

    def _repeat(self, match: re.Match[str]) -> None:
        text = match[0]
        if not self.repeatable:
            raise _Invalid(f"no argument for repetition operator: {text}")
        counts = [int(count) for count in match.groups() if count]
        if max(counts, default=0) > _MOST_REPEATS or counts != sorted(counts):
            raise _Invalid(f"invalid repetition size: {text}")
        self.at = match.end()
        if self.pattern.startswith("?", self.at):
            self.at += 1
            text += "?"
        if self.repeated:
            raise _Invalid(f"bad repetition operator: {self.repeated}{text}")
        self.repeated = text
        lazy = text.endswith("?", 1) != self.flags.U
        self.out.append(match[0] + ("?" if lazy else ""))

    def _open(self) -> None:
        self.repeatable = False
        match = _GROUP.match(self.pattern, self.at)
        if match is None:
            if self.pattern.startswith("(?", self.at):
                raise _Invalid(
                    f"invalid perl operator: {self.pattern[self.at : self.at + 3]}"
                )
            self.outer.append(self.flags)
            self.out.append("(")
            self.at += 1
            return
        name, on, off, end = match.groups()
        self.at = match.end()
        if end != ")":
            self.outer.append(self.flags)
            self.out.append(f"(?P<{name}>" if name else "(?:")
        changes = {**dict.fromkeys(on or "", True), **dict.fromkeys(off or "", False)}
        self.flags = replace(self.flags, **changes)

    def _close(self) -> None:
        if not self.outer:
            raise _Invalid(f"unexpected ): {self.pattern}")
        self.flags = self.outer.pop()
        self.out.append(")")
        self.at += 1
        self.repeatable = True

    def _escape(self) -> None:
        if self.pattern.startswith("\\Q", self.at):
            end = self.pattern.find("\\E", self.at)
            end = len(self.pattern) if end < 0 else end
            for char in self.pattern[self.at + 2 : end]:
                self._emit(re.escape(char))
            self.at = end + 2
            return
        letter = self.pattern[self.at + 1 : self.at + 2]
        if letter in _ANCHORS:
            self.out.append(_ANCHORS[letter])
            self.repeatable = True
            self.at += 2
            return
        ranges = self._ranges()
        if ranges is not None:
            self._emit(_class_text(ranges))
        else:
            self._emit(re.escape(chr(self._code())))

    def _ranges(self) -> Ranges | None:
        """Read an escape that stands for a class, if there is one."""
        match = _CATEGORY.match(self.pattern, self.at)
        if match:
            self.at = match.end()
            sign, caret, name, letter = match.groups()
            ranges = _of_category(name or letter)
            if not ranges:
                raise _Invalid(f"invalid character class range: {match[0]}")
            return _others(ranges) if (sign == "P") != bool(caret) else ranges
        letter = self.pattern[self.at + 1 : self.at + 2]
        if not letter or letter.lower() not in _PERL:
            return None
        self.at += 2
        ranges = _of(_PERL[letter.lower()])
        return ranges if letter.islower() else _others(ranges)

    def _code(self) -> int:
        """Read an escaped character."""
        match = _CODE.match(self.pattern, self.at)
        text = self.pattern[self.at : self.at + 2]
        if match:
            self.at = match.end()
            short, long, octal = match.groups()
            code = int(short or long, 16) if octal is None else int(octal, 8)
            if code > _LAST:
                raise _Invalid(f"invalid escape sequence: {match[0]}")
            return code
        if len(text) < 2:
            raise _Invalid("trailing \\")
        if text == "\\C":
            raise UnimplementedError(
                None, None, f"Pattern '{self.pattern}': \\C, a byte, is not supported."
            )
        self.at += 2
        if text[1] in _CONTROLS:
            return _CONTROLS[text[1]]
        if text[1].isascii() and not text[1].isalnum():
            return ord(text[1])
        raise _Invalid(f"invalid escape sequence: {text}")

    def _class(self) -> None:
        start = self.at
        self.at += 1
        negated = self.pattern.startswith("^", self.at)
        self.at += negated
        ranges: Ranges = [_NO_TEXT] if negated else []
        first = True
        while first or not self.pattern.startswith("]", self.at):
            if self.at >= len(self.pattern):
                raise _Invalid(f"missing ]: {self.pattern[start:]}")
            ranges += self._class_item()
            first = False
        self.at += 1
        self._emit(_class_text(ranges, negated=negated))

    def _class_item(self) -> Ranges:
        end = self.pattern.find(":]", self.at)
        if self.pattern.startswith("[:", self.at) and end > 0:
            text = self.pattern[self.at + 2 : end]
            name = text.removeprefix("^")
            if name not in _POSIX:
                raise _Invalid(f"invalid character class range: [:{text}:]")
            self.at = end + 2
            ranges = _of(_POSIX[name])
            return ranges if name == text else _others(ranges)
        if self.pattern.startswith("\\", self.at):
            escaped = self._ranges()
            if escaped is not None:
                return escaped
        start = self.at
        low = high = self._class_char()
        rest = self.pattern[self.at : self.at + 2]
        if len(rest) == 2 and rest[0] == "-" and rest[1] != "]":
            self.at += 1
            high = self._class_char()
        if high < low:
            raise _Invalid(
                f"invalid character class range: {self.pattern[start : self.at]}"
            )
        return [(low, high)]

    def _class_char(self) -> int:
        if self.pattern.startswith("\\", self.at):
            return self._code()
        self.at += 1
        return ord(self.pattern[self.at - 1])


def _of(pairs: Iterable[str]) -> Ranges:
    return [(ord(pair[0]), ord(pair[1])) for pair in pairs]


def _others(ranges: Ranges) -> Ranges:
    """Return all characters that are in none of the ranges."""
    found: Ranges = []
    start = 0
    for low, high in sorted([*ranges, _NO_TEXT]):
        if start < low:
            found.append((start, low - 1))
        start = max(start, high + 1)
    return [*found, (start, _LAST)] if start <= _LAST else found


@functools.cache
def _of_category(name: str) -> Ranges:
    """Return the characters of a general category (`L`, `Lu`), none if unknown.

    Raises:
        UnimplementedError: It is the name of a script.
    """
    if name == "Any":
        return _others([])
    if len(name) > 2:
        raise UnimplementedError(
            None, None, f"Patterns with scripts of Unicode are not supported: {name}."
        )
    found: Ranges = []
    for code in range(_LAST + 1):
        if not unicodedata.category(chr(code)).startswith(name):
            continue
        if found and found[-1][1] == code - 1:
            found[-1] = (found[-1][0], code)
        else:
            found.append((code, code))
    return found


def _class_text(ranges: Ranges, *, negated: bool = False) -> str:
    """Write a class; one without characters matches nothing."""
    if not ranges:
        return "(?!)"
    text = "".join(
        re.escape(chr(low)) + (f"-{re.escape(chr(high))}" if high > low else "")
        for low, high in ranges
    )
    return f"[{'^' if negated else ''}{text}]"
