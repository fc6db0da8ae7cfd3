"""Where in the user's program an operation was made."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Final

_PACKAGE: Final = str(Path(__file__).resolve().parents[1]) + "/"
# A place in a program is clear from its innermost frames; TensorFlow keeps ten.
_FRAMES_MAX: Final = 10
# Whether a file belongs to the library; asked for every frame of every operation.
_inside: dict[str, bool] = {}


class CreationStack:
    """Frames of the user's program, innermost first.

    A frame is kept as code and position in it; the line is worked out when asked for,
    because most are never asked for.
    """

    __slots__ = ("_marks",)

    def __init__(self, marks: tuple[tuple[CodeType, int], ...]) -> None:
        """Keep code objects and byte positions in them."""
        self._marks = marks

    @property
    def frames(self) -> tuple[tuple[CodeType, int], ...]:
        """Code and line of every frame, innermost first."""
        return tuple((code, _line(code, position)) for code, position in self._marks)

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
        code, position = self._marks[0]
        return f"{code.co_filename}:{_line(code, position)}"


def _line(code: CodeType, position: int) -> int:
    for start, end, line in code.co_lines():
        if start <= position < end and line is not None:
            return line
    return code.co_firstlineno


EMPTY: Final = CreationStack(())


def capture() -> CreationStack:
    """Return the frames outside the library that led here."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - there is no other way
    while frame is not None and _is_inside(frame.f_code.co_filename):
        frame = frame.f_back
    marks: list[tuple[CodeType, int]] = []
    while frame is not None and len(marks) < _FRAMES_MAX:
        marks.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return CreationStack(tuple(marks))


def _is_inside(file_name: str) -> bool:
    found = _inside.get(file_name)
    if found is None:
        found = _inside[file_name] = file_name.startswith(_PACKAGE)
    return found
