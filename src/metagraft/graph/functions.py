"""The function library of a graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from metagraft.errors import InvalidArgumentError
from metagraft.graph import catalogue
from metagraft.graph.dtypes import DType
from metagraft.graph.shapes import Dims
from metagraft.proto import FunctionDef, FunctionDefLibrary

MIN_CONSUMER_WITH_FUNCTIONS: Final = 12
"""A graph with functions asks for a reader at least this new."""


class LibraryFunction(Protocol):
    """A function that a graph can hold: built here, or read from a file."""

    @property
    def name(self) -> str:
        """The name under which it is called."""

    @property
    def definition(self) -> FunctionDef:
        """Its definition."""


class StoredFunction:
    """A function that came with a file.

    Attributes:
        definition: Its definition.
        grad_func_name: The function that is its gradient, if the file names one.
    """

    __slots__ = ("definition", "grad_func_name")

    def __init__(self, definition: FunctionDef, grad_func_name: str | None) -> None:
        """View a definition."""
        self.definition = definition
        self.grad_func_name = grad_func_name

    @property
    def name(self) -> str:
        """The name under which it is called."""
        return self.definition.signature.name

    @property
    def cached_definition(self) -> FunctionDef:
        """Its definition."""
        return self.definition


class FunctionLibrary:
    """`FunctionDef`s by name, stored in the graph's message."""

    __slots__ = ("_built", "_message", "_positions", "result_shapes")

    def __init__(self, message: FunctionDefLibrary) -> None:
        """View the library inside a graph's message."""
        self._built: dict[str, LibraryFunction] = {}
        # (function, shapes of its arguments, shapes and types of the variables behind
        # them, those that are constants) -> shapes of its results, if known.
        self.result_shapes: dict[
            tuple[
                str,
                tuple[Dims, ...],
                tuple[tuple[Dims, DType] | None, ...],
                tuple[tuple[int, bytes], ...],
            ],
            tuple[Dims, ...] | None,
        ] = {}
        self.rebind(message)

    def rebind(self, message: FunctionDefLibrary) -> None:
        """View another message, after the graph's storage was replaced."""
        self._message = message
        self._positions = {f.signature.name: i for i, f in enumerate(message.function)}

    def __contains__(self, name: str) -> bool:
        """Whether there is a function of this name."""
        return name in self._positions

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._positions)

    def __len__(self) -> int:
        """The number of functions."""
        return len(self._positions)

    def get(self, name: str) -> FunctionDef | None:
        """Return a function, or None."""
        position = self._positions.get(name)
        return None if position is None else self._message.function[position]

    def function(self, name: str) -> LibraryFunction | None:
        """Return a function as an object: the one that was added, or a view."""
        built = self._built.get(name)
        if built is not None:
            return built
        definition = self.get(name)
        if definition is None:
            return None
        return StoredFunction(definition, self.gradient_of(name))

    @property
    def built(self) -> Iterator[LibraryFunction]:
        """The functions that were added as objects."""
        return iter(self._built.values())

    def add(
        self, function: FunctionDef, built: LibraryFunction | None = None
    ) -> FunctionDef:
        """Add a function, or find that it is there.

        Args:
            function: Its definition, which is copied.
            built: The object that it is the definition of.

        Raises:
            InvalidArgumentError: A different function, or an op, has the name.
        """
        name = function.signature.name
        known = self.get(name)
        if known is None:
            _check_is_no_op(name)
            self._positions[name] = len(self._message.function)
            known = self._message.function.add()
            known.CopyFrom(function)
        elif not _are_same(known, function):
            raise InvalidArgumentError(
                None,
                None,
                f"Cannot add function '{name}' because a different function with the "
                "same name already exists.",
            )
        if built is not None:
            self._built[name] = built
        return known

    def gradient_of(self, name: str) -> str | None:
        """Return the function that is named as the gradient of another."""
        for entry in self._message.gradient:
            if entry.function_name == name:
                return entry.gradient_func
        return None

    def add_gradient(self, function: str, gradient: str) -> None:
        """Name the gradient function of a function.

        Raises:
            InvalidArgumentError: It has another one.
        """
        known = self.gradient_of(function)
        if known is None:
            self._message.gradient.add(function_name=function, gradient_func=gradient)
        elif known != gradient:
            raise InvalidArgumentError(
                None,
                None,
                f"Cannot assign gradient function '{gradient}' to '{function}' because "
                f"it already has gradient function '{known}'",
            )

    def remove(self, name: str) -> None:
        """Remove a function and its gradient entries."""
        message = self._message
        del message.function[self._positions[name]]
        kept = [entry for entry in message.gradient if entry.function_name != name]
        del message.gradient[:]
        message.gradient.extend(kept)
        self._built.pop(name, None)
        self.result_shapes = {}
        self.rebind(message)

    def truncate(self, function_count: int, gradient_count: int) -> None:
        """Forget what was added after the given counts."""
        if (len(self), self.gradient_count) == (function_count, gradient_count):
            return  # deleting nothing would leave an empty library behind
        del self._message.function[function_count:]
        del self._message.gradient[gradient_count:]
        self.rebind(self._message)
        self._built = {n: f for n, f in self._built.items() if n in self._positions}
        self.result_shapes = {}

    @property
    def gradient_count(self) -> int:
        """The number of gradient entries."""
        return len(self._message.gradient)


def _check_is_no_op(name: str) -> None:
    if catalogue.get(name) is not None:
        raise InvalidArgumentError(
            None,
            None,
            f"Cannot add function '{name}' because an op with the same name already "
            "exists.",
        )


def _are_same(one: FunctionDef, other: FunctionDef) -> bool:
    """Whether two definitions say the same; marks on nodes and arguments do not count.

    Source: tensorflow core/framework/function.cc FunctionDefsEqual.
    """
    return one == other or _without_marks(one) == _without_marks(other)


def _without_marks(function: FunctionDef) -> FunctionDef:
    plain = FunctionDef()
    plain.CopyFrom(function)
    plain.ClearField("arg_attr")
    plain.ClearField("resource_arg_unique_id")
    for node in plain.node_def:
        for key in [key for key in node.attr if key[0] == "_"]:
            del node.attr[key]
        node.ClearField("experimental_debug_info")
    nodes = sorted(plain.node_def, key=lambda node: node.name)
    del plain.node_def[:]
    plain.node_def.extend(nodes)
    return plain
