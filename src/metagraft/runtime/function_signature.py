"""Whether a function fits the operation that calls it; see `function_lowering.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from metagraft.errors import InvalidArgumentError
from metagraft.graph.dtypes import from_enum
from metagraft.proto import DataType
from metagraft.runtime.lowering_scope import FunctionCall

ANY: Final = DataType.DT_INVALID
"""Stands for a type that is not told, or may be any."""


def check_signature(
    call: FunctionCall,
    name: str,
    arguments: Sequence[DataType],
    results: Sequence[DataType],
    given: Sequence[DataType],
    wanted: Sequence[DataType] | None,
) -> None:
    """Refuse a function whose arguments or results are not those of its call.

    TF: looks only when the call runs, and then fails, takes what there is, or ends the
    process.

    Args:
        call: The call.
        name: The name of the function.
        arguments: The types of its arguments.
        results: The types of its results.
        given: The types that it is called with.
        wanted: The types that the call returns; None if it does not tell.

    Raises:
        InvalidArgumentError: There are more or fewer, or one has another type.
    """
    pairs = [("arguments", arguments, given)]
    if wanted is not None:
        pairs.append(("results", results, wanted))
    for kind, found, expected in pairs:
        if len(found) != len(expected):
            raise InvalidArgumentError(
                call.node,
                None,
                f"'{call.name}' ({call.node.op}): {name} has {len(found)} {kind}, and "
                f"{len(expected)} are expected.",
            )
        for i, (a, b) in enumerate(zip(found, expected, strict=True)):
            if a != b and ANY not in (a, b):
                raise InvalidArgumentError(
                    call.node,
                    None,
                    f"'{call.name}' ({call.node.op}): {kind[:-1]} {i} of {name} is "
                    f"{from_enum(a).name}, and {from_enum(b).name} is expected.",
                )
