"""The functions of a file: named so that they can be called, and returning something.

Bodies are looked at when a function is called or differentiated, not before.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from metagraft.graph import catalogue
from metagraft.proto import FunctionDef, FunctionDefLibrary

# Where signatures of ops that TensorFlow 2.21 registers are from.
_CURRENT: Final = "tf-"


def check_functions(library: FunctionDefLibrary, op_types: Collection[str]) -> None:
    """Check the names of all functions and the results of those that nodes call.

    Args:
        library: The functions.
        op_types: The op types of the nodes; that of a call is the function's name.

    Raises:
        ValueError: A function has an op's name, or does not return what it says.

    Source: tensorflow core/framework/function.cc FunctionLibraryDefinition,
    InstantiateFunction.
    """
    if not len(library.function):
        return
    called = frozenset(op_types)
    for function in library.function:
        name = function.signature.name
        known = catalogue.get(name)
        if known is not None and known.origin.startswith(_CURRENT):
            raise ValueError(
                f"Cannot add function '{name}' because an op with the same name "
                "already exists."
            )
        if name in called:
            _check_returns(function)


def _check_returns(function: FunctionDef) -> None:
    sources = {node.name for node in function.node_def}
    sources.update(arg.name for arg in function.signature.input_arg)
    for output in function.signature.output_arg:
        problem = ""
        if output.name not in function.ret:
            problem = "missing"
        elif function.ret[output.name].partition(":")[0] not in sources:
            problem = f"-> {function.ret[output.name]} is not found"
        if problem:
            raise ValueError(
                f"Return {output.name} {problem}.\n\tIn function output {output.name} "
                f"of function '{function.signature.name}'"
            )
