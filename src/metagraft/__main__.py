"""`python -m metagraft`: the same as the command `metagraft`."""

from __future__ import annotations

import sys

from metagraft.cli.program import main

if __name__ == "__main__":
    sys.exit(main())
