"""Contexts inside of contexts, read from messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from metagraft.errors import UnimplementedError
from metagraft.proto import ControlFlowContextDef

if TYPE_CHECKING:
    from metagraft.graph.control_flow_context import ControlFlowContext


def read_nested(
    context: ControlFlowContext,
    messages: Iterable[ControlFlowContextDef],
    import_scope: str | None,
) -> None:
    """Rebuild the contexts inside of a context.

    Raises:
        UnimplementedError: One is of an unknown kind.
    """
    from metagraft.graph.cond_context import CondContext

    context.enter()
    try:
        for message in messages:
            kind = message.WhichOneof("ctxt")
            if kind == "cond_ctxt":
                CondContext.from_proto(message.cond_ctxt, import_scope)
            elif kind == "while_ctxt":
                from metagraft.graph.while_context import WhileContext

                WhileContext.from_proto(message.while_ctxt, import_scope)
            else:
                raise UnimplementedError(
                    None,
                    None,
                    f"The context '{context.name}' holds one that is neither a branch "
                    f"nor a loop: {kind}.",
                )
    finally:
        context.exit()
