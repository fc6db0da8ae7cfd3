"""What a command is, and what it returns to the shell."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

DONE: Final = 0
"""Exit code: what was asked for is so, or is done."""

NOT_SO: Final = 1
"""Exit code: the answer is no."""

FAILED: Final = 2
"""Exit code: wrong arguments, or a file that cannot be read."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the program `metagraft`.

    Attributes:
        description: What it does and returns, for its help.
        add_arguments: Declares its arguments.
        run: Does it and returns the exit code.
    """

    description: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
