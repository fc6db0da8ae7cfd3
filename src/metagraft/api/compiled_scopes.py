"""`tf.xla.experimental.jit_scope`: operations marked for TensorFlow's compiler.

Source: tensorflow python/compiler/xla/jit.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from metagraft.graph.defaults import executing_eagerly, get_default_graph
from metagraft.graph.scopes import add_to_collection, get_collection
from metagraft.proto import AttrValue

__all__ = ["jit_scope"]

# The collection that keeps how many scopes there were.
_KEY: Final = ("__xla_scope",)


@dataclass(slots=True)
class _Scopes:
    """How many scopes there were in a graph, and how many are open."""

    count: int = 0
    depth: int = 0


@contextmanager
def jit_scope(
    compile_ops: bool | Callable[[Any], bool] = True,
    separate_compiled_gradients: bool = False,
) -> Iterator[None]:
    """Mark the operations of a block to be compiled together by TensorFlow.

    Here all operations are compiled; the marks are kept for programs that read them.

    Args:
        compile_ops: Whether they are to be, or a function of a node that says so.
        separate_compiled_gradients: Whether gradients are to be compiled apart.

    Raises:
        RuntimeError: There is no graph.
    """
    if executing_eagerly():
        raise RuntimeError(
            "xla.experimental.jit_scope is not supported when eager execution is"
            " enabled. Try use it inside tf.function."
        )
    attrs: dict[str, Any] = {
        "_XlaCompile": _marked(compile_ops),
        "_XlaSeparateCompiledGradients": AttrValue(b=bool(separate_compiled_gradients)),
    }
    kept = get_collection(_KEY)
    if kept:
        scopes = kept[0]
    else:
        scopes = _Scopes()
        add_to_collection(_KEY, scopes)
    if scopes.depth == 0:
        attrs["_XlaScope"] = AttrValue(s=f"jit_scope_{scopes.count}".encode())
        scopes.count += 1
    scopes.depth += 1
    with get_default_graph()._attr_scope(attrs):  # noqa: SLF001 - TensorFlow's name
        yield
    scopes.depth -= 1


def _marked(compile_ops: bool | Callable[[Any], bool]) -> Any:
    if not callable(compile_ops):
        return AttrValue(b=compile_ops)

    def marked(node: Any) -> AttrValue:
        return AttrValue(b=compile_ops(node))

    return marked
