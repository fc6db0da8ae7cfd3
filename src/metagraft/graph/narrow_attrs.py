"""Attributes that TensorFlow reads as numbers of 32 bits, although they have 64.

`data/narrow_attrs.json` names them with the ops that have them: those that shape
functions read, and those that kernels read. TensorFlow's answers are in
`tests/golden/attribute_mistakes/narrow.json`.

Source: tensorflow core/framework/node_def_util.cc GetNodeAttr.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

__all__ = ["INT32", "Reader", "check_widths", "narrow_attrs", "too_wide"]

Reader = Literal["shape", "kernel"]
INT32: Final = range(-(1 << 31), 1 << 31)
_FILE: Final = Path(__file__).parent / "data" / "narrow_attrs.json"


@cache
def narrow_attrs(reader: Reader) -> Mapping[str, list[str]]:
    """Return the attributes that are read so, by op type."""
    found: dict[str, list[str]] = {}
    for name, op_types in json.loads(_FILE.read_text("utf-8"))[reader].items():
        for op_type in op_types:
            found.setdefault(op_type, []).append(name)
    return MappingProxyType(found)


def too_wide(op: Operation, reader: Reader) -> str:
    """Return what is said of an attribute that has too many bits; "" of none."""
    for name in narrow_attrs(reader).get(op.type, ()):
        value = op.attrs.get(name)
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, int) and number not in INT32:
                return f"Attr {name} has value {number} out of range for an int32"
    return ""


def check_widths(op: Operation, reader: Reader = "shape") -> None:
    """Refuse attributes that have too many bits.

    Raises:
        ValueError: There is one.
    """
    if text := too_wide(op, reader):
        raise ValueError(text)
