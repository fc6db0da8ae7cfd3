"""The list of what can run says what the tables in the code say."""

from __future__ import annotations

from metagraft.runtime.op_support import SUPPORT_FILE, format_op_support, op_support
from tools import op_table


def test_list_is_generated() -> None:
    """The committed list is what its command writes."""
    assert SUPPORT_FILE.read_text("utf-8") == format_op_support(op_support()), (
        f"stale: run `{op_table.COMMAND}`"
    )
