"""What is written down of the ops that run is what the tables in the code say."""

from __future__ import annotations

from metagraft.runtime.op_support import SUPPORT_FILE, format_op_support, op_support
from tools import op_table


def test_list_is_generated() -> None:
    """The committed list is what its command writes."""
    assert SUPPORT_FILE.read_text("utf-8") == format_op_support(op_support()), (
        f"stale: run `{op_table.COMMAND}`"
    )


def test_page_is_generated() -> None:
    """The committed page about ops is what its command writes."""
    assert op_table.PAGE.read_text("utf-8") == op_table.page(), (
        f"stale: run `{op_table.COMMAND}`"
    )


def test_what_models_use_is_counted() -> None:
    """The survey counts models, and knows ops that everybody uses."""
    assert op_table.use()["Const"] == 260
    assert all(count >= 1 for count in op_table.use().values())
