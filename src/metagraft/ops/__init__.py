"""What ops mean: one module per family, each with a table `OPS` of `OpSpec`.

Every module of this package takes part; `SPECS` is the whole table, put together when
it is first asked for.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from metagraft.graph.op_spec import OpSpec

__all__ = ["SPECS", "op_table"]


@functools.cache
def op_table() -> Mapping[str, OpSpec]:
    """Return the specs of every family by op type, loading them on first use.

    Raises:
        ValueError: Two families declare the same op type.
    """
    table: dict[str, OpSpec] = {}
    declared_in: dict[str, str] = {}
    for module_name in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        module = importlib.import_module(f"{__name__}.{module_name}")
        specs: tuple[OpSpec, ...] = vars(module).get("OPS", ())
        for spec in specs:
            if spec.name in table:
                raise ValueError(
                    f"Two specs for op type '{spec.name}': in ops/"
                    f"{declared_in[spec.name]}.py and in ops/{module_name}.py."
                )
            table[spec.name] = spec
            declared_in[spec.name] = module_name
    return MappingProxyType(table)


def __getattr__(name: str) -> Any:
    if name == "SPECS":
        return op_table()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
