"""Where in the user's program an operation was made."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

_PACKAGE: Final = str(Path(__file__).resolve().parents[1]) + "/"
# A place in a program is clear from its innermost frames; TensorFlow keeps ten.
_FRAMES_MAX: Final = 10
# Whether a file belongs to the library; asked for every frame of every operation.
_inside: dict[str, bool] = {}

# Code objects, each followed by a byte position in it; flat, as every operation has it.
Marks = tuple[Any, ...]


class CreationStack:
    """Frames of the user's program, innermost first.

    A frame is kept as code and position in it; the line is worked out when asked for,
    because most are never asked for.
    """

    __slots__ = ("_marks",)

    def __init__(self, marks: Marks) -> None:
        """Tell what `capture` found."""
        self._marks = marks

    @property
    def frames(self) -> tuple[tuple[CodeType, int], ...]:
        """Code and line of every frame, innermost first."""
        codes, positions = self._marks[::2], self._marks[1::2]
        return tuple((c, _line(c, p)) for c, p in zip(codes, positions, strict=True))

    def format(self) -> list[tuple[str, int, str, str]]:
        """Return (file, line, function, source line), outermost first."""
        return [
            (
                code.co_filename,
                line,
                code.co_name,
                linecache.getline(code.co_filename, line).strip(),
            )
            for code, line in reversed(self.frames)
        ]

    def place(self) -> str:
        """Return `file:line` of the innermost frame; empty if unknown."""
        if not self._marks:
            return ""
        code = self._marks[0]
        return f"{code.co_filename}:{_line(code, self._marks[1])}"


def _line(code: CodeType, position: int) -> int:
    for start, end, line in code.co_lines():
        if start <= position < end and line is not None:
            return line
    return code.co_firstlineno


def capture(depth: int = 1) -> Marks:
    """Return the frames outside the library that led here, for `CreationStack`.

    Args:
        depth: How many frames, this function's included, are known to be inside.
    """
    frame: FrameType | None = sys._getframe(depth)  # noqa: SLF001 - no other way
    while frame is not None:
        file_name = frame.f_code.co_filename
        inside = _inside.get(file_name)
        if inside is None:
            inside = _inside[file_name] = file_name.startswith(_PACKAGE)
        if not inside:
            break
        frame = frame.f_back
    marks: list[Any] = []
    while frame is not None and len(marks) < 2 * _FRAMES_MAX:
        marks.append(frame.f_code)
        marks.append(frame.f_lasti)
        frame = frame.f_back
    return tuple(marks)
