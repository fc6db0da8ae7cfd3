"""`tf.app`: starting a program with its flags parsed, by absl."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from absl import app as absl_app

from metagraft.api import flags

__all__ = ["flags", "run"]


def run(
    main: Callable[[list[str]], Any] | None = None, argv: list[str] | None = None
) -> None:
    """Parse flags and call `main(argv)`; the process ends with its result.

    Args:
        main: The program; by default the function `main` of the started script.
        argv: The command line; by default that of the process.

    Source: tensorflow python/platform/app.py run.
    """
    program = main or sys.modules["__main__"].main
    absl_app.run(program, argv=argv, flags_parser=_parse_known)


def _parse_known(args: Sequence[str]) -> list[str]:
    # TensorFlow's programs get flags they do not know handed on, not refused.
    remaining: list[str] = flags.FLAGS(list(args), known_only=True)
    return remaining
