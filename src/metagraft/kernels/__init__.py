"""How ops run: one module per family, with the same file names as `metagraft.ops`.

Every module of this package that declares `KERNELS: dict[str, Kernel]` takes part. It
is loaded when the first of its kernels is asked for.
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
from metagraft.graph.registered_ops import registered
from metagraft.kernels.kernel import Kernel

__all__ = ["Kernel", "families_of_kernels", "kernel_for", "kernel_table"]

SUPPORT_FILE: Final = Path(__file__).parent / "data" / "op_support.json"
"""The families of all op types that run; see `runtime/op_support.py`."""

RUN: Final = "run"
"""In the place of a family: what acts on the run, `runtime/state_ops.py`."""

FUNCTIONS: Final = "functions"
"""In the place of a family: calls, branches and loops, which become other nodes."""


@functools.cache
def kernel_table() -> Mapping[str, Kernel]:
    """Return the kernels of every family by op type, loading all of them.

    Raises:
        ValueError: Two families declare a kernel for the same op type.
    """
    return MappingProxyType({op_type: row[1] for op_type, row in _all_rows().items()})


def families_of_kernels() -> Mapping[str, str]:
    """Return the module that declares the kernel of each op type.

    Raises:
        ValueError: Two families declare a kernel for the same op type.
    """
    return {op_type: family for op_type, (family, _) in _all_rows().items()}


@functools.cache
def _all_rows() -> Mapping[str, tuple[str, Kernel]]:
    """Return family and kernel by op type."""
    table: dict[str, tuple[str, Kernel]] = {}
    for module_name in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        module = importlib.import_module(f"{__name__}.{module_name}")
        kernels: Mapping[str, Kernel] = vars(module).get("KERNELS", {})
        for op_type, kernel in kernels.items():
            if op_type in table:
                raise ValueError(
                    f"Two kernels for op type '{op_type}': in kernels/"
                    f"{table[op_type][0]}.py and in kernels/{module_name}.py."
                )
            table[op_type] = (module_name, kernel)
    return table


def kernel_for(op_type: str) -> Kernel | None:
    """Return the kernel of an op type, or None if there is none."""
    found = registered(op_type)
    if found is not None:
        kernel: Kernel | None = found.kernel
        return kernel
    return _kernel_for(op_type)


@functools.cache
def _kernel_for(op_type: str) -> Kernel | None:
    family = families_in(SUPPORT_FILE).get(op_type)
    if family in (RUN, FUNCTIONS):
        return None
    if family is not None:
        kernels = module_attribute(__name__, family, "KERNELS") or {}
        if op_type in kernels:
            kernel: Kernel = kernels[op_type]
            return kernel
    return kernel_table().get(op_type)
