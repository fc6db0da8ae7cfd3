"""What ops mean: one module per family, each with a table `OPS` of `OpSpec`.

Every module of this package takes part; it is loaded when the first of its ops is asked
for. `op_table` is the whole table, put together when it is first asked for.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from metagraft.graph.families import families_in, module_attribute
from metagraft.graph.op_spec import OpSpec

__all__ = ["families_of_ops", "op_table", "spec_of"]

FAMILIES_FILE: Final = Path(__file__).parent / "data" / "families.json"
"""The families of all op types that have a spec."""


def spec_of(op_type: str) -> OpSpec | None:
    """Return the spec of an op type, loading its family; None if there is none."""
    family = families_in(FAMILIES_FILE).get(op_type)
    if family is not None:
        for spec in module_attribute(__name__, family, "OPS") or ():
            if spec.name == op_type:
                found: OpSpec = spec
                return found
    return op_table().get(op_type)


@functools.cache
def op_table() -> Mapping[str, OpSpec]:
    """Return the specs of every family by op type, loading them on first use.

    Raises:
        ValueError: Two families declare the same op type.
    """
    return MappingProxyType({op_type: row[1] for op_type, row in _all_rows().items()})


def families_of_ops() -> Mapping[str, str]:
    """Return the module that declares each op type.

    Raises:
        ValueError: Two families declare the same op type.
    """
    return {op_type: family for op_type, (family, _) in _all_rows().items()}


@functools.cache
def _all_rows() -> Mapping[str, tuple[str, OpSpec]]:
    """Return family and spec by op type."""
    table: dict[str, tuple[str, OpSpec]] = {}
    for module_name in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        module = importlib.import_module(f"{__name__}.{module_name}")
        specs: tuple[OpSpec, ...] = vars(module).get("OPS", ())
        for spec in specs:
            if spec.name in table:
                raise ValueError(
                    f"Two specs for op type '{spec.name}': in ops/"
                    f"{table[spec.name][0]}.py and in ops/{module_name}.py."
                )
            table[spec.name] = (module_name, spec)
    return table
