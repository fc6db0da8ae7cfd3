"""Which op types can run, without loading what runs them.

Loading all kernels takes longer than reading a model, so the answer is in a file.
`python tools/op_table.py` writes it, and a test holds it against the tables that it is
made of.
"""

from __future__ import annotations

from collections.abc import Mapping

from metagraft.graph.families import families_in
from metagraft.kernels import FUNCTIONS, RUN, SUPPORT_FILE, families_of_kernels


def supported_ops() -> Mapping[str, str]:
    """Return the families of kernels, `RUN` or `FUNCTIONS`, by op type."""
    return families_in(SUPPORT_FILE)


def op_support() -> dict[str, str]:
    """Return the same from the tables that run the ops."""
    from metagraft.graph.function_body import CALLED
    from metagraft.runtime.state_ops import STATE_OPS

    found = dict(families_of_kernels())
    found.update(dict.fromkeys(STATE_OPS, RUN))
    found.update(dict.fromkeys(CALLED, FUNCTIONS))
    return found
