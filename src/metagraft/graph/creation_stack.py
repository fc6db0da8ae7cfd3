"""Where in the user's program an operation was made."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import CodeType
from typing import Final

_PACKAGE: Final = str(Path(__file__).resolve().parents[1]) + "/"
# A place in a program is clear from its innermost frames; TensorFlow keeps ten.
_FRAMES_MAX: Final = 10
_inside: dict[CodeType, bool] = {}


class CreationStack:
    """Frames of the user's program, innermost first, kept as code and line only."""

    __slots__ = ("frames",)

    def __init__(self, frames: tuple[tuple[CodeType, int], ...]) -> None:
        """Keep the frames."""
        self.frames = frames

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
        if not self.frames:
            return ""
        code, line = self.frames[0]
        return f"{code.co_filename}:{line}"


EMPTY: Final = CreationStack(())


def capture() -> CreationStack:
    """Return the frames outside the library that led here."""
    frame = sys._getframe(1)  # noqa: SLF001 - the only way without the source text
    frames: list[tuple[CodeType, int]] = []
    outside = False
    current = frame
    while current is not None and len(frames) < _FRAMES_MAX:
        code = current.f_code
        if not outside:
            inside = _inside.get(code)
            if inside is None:
                inside = code.co_filename.startswith(_PACKAGE)
                _inside[code] = inside
            outside = not inside
        if outside:
            frames.append((code, current.f_lineno))
        current = current.f_back  # type: ignore[assignment]
    return CreationStack(tuple(frames))
