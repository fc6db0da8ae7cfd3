"""Which inputs or outputs of an operation belong to which argument of its op."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from metagraft.graph.catalogue import ArgDef

Value = TypeVar("Value")


def split_by_argument(
    values: Sequence[Value], args: Sequence[ArgDef], attrs: Mapping[str, Any]
) -> Iterator[tuple[ArgDef, Sequence[Value]]]:
    """Yield each argument with its part of the values; one value if it is no list.

    Args:
        values: One for each input, or output, of an operation.
        args: The inputs, or outputs, of the op's signature.
        attrs: The operation's attributes, which say how long lists are.
    """
    position = 0
    for arg in args:
        if arg.number_attr:
            count = int(attrs[arg.number_attr])
        elif arg.type_list_attr:
            count = len(attrs[arg.type_list_attr])
        else:
            count = 1
        yield arg, values[position : position + count]
        position += count
