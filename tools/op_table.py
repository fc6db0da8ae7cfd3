"""Write down which ops can run.

Usage: `python tools/op_table.py`

`src/metagraft/runtime/data/op_support.json` is read by `metagraft check`. A test fails
while the committed file says something else than the tables in the code.
"""

from __future__ import annotations

import sys

from metagraft.runtime.op_support import SUPPORT_FILE, format_op_support, op_support

COMMAND = "python tools/op_table.py"


def main() -> None:
    """Write the file."""
    by_family = op_support()
    SUPPORT_FILE.parent.mkdir(exist_ok=True)
    SUPPORT_FILE.write_text(format_op_support(by_family), "utf-8")
    count = sum(map(len, by_family.values()))
    sys.stdout.write(f"{SUPPORT_FILE.name} written: {count} op types\n")


if __name__ == "__main__":
    main()
