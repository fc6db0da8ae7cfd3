"""Tables and colours where the output is a terminal, plain text elsewhere.

`rich` takes longer to load than most files to read, so it is loaded for terminals only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from metagraft.saved_model.readiness_report import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def is_terminal() -> bool:
    """Whether the output goes to somebody who looks at it."""
    return sys.stdout.isatty()


def console() -> Console:
    """Return what writes to the terminal; names in files are not taken for markup."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table; the first column is never folded.

    Args:
        columns: Their titles.
        rows: Their cells.
    """
    from rich.table import Table
    from rich.text import Text

    made = Table(*columns, header_style="bold", show_edge=False, pad_edge=False)
    made.columns[0].no_wrap = True
    for row in rows:
        # Names come from files: they are shown, not interpreted.
        made.add_row(*(Text(printable(cell)) for cell in row))
    return made


def write(text: str) -> None:
    """Write lines to the output, with what cannot be shown spelt out."""
    encoding = sys.stdout.encoding or "utf-8"
    shown = text.encode(encoding, "backslashreplace").decode(encoding)
    sys.stdout.write(f"{shown}\n")
