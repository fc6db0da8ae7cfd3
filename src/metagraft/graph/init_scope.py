"""Lifting the nodes that initialise variables out of what is open around them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from metagraft.graph.defaults import get_default_graph


@contextmanager
def init_scope() -> Iterator[None]:
    """Open a block without control dependencies and outside of loops and branches.

    Name scope and devices stay.

    Source: tensorflow python/framework/ops.py init_scope.
    """
    graph = get_default_graph()
    scope = graph.get_name_scope()
    # A slash at the end re-enters a scope instead of opening a new one.
    reentered = f"{scope}/" if scope else ""
    with graph.name_scope(reentered), graph.control_dependencies(None):
        yield
