"""The function library of a graph."""

from __future__ import annotations

from collections.abc import Iterator

from metagraft.proto import FunctionDef, FunctionDefLibrary


class FunctionLibrary:
    """`FunctionDef`s by name, stored in the graph's message."""

    __slots__ = ("_message", "_positions")

    def __init__(self, message: FunctionDefLibrary) -> None:
        """View the library inside a graph's message."""
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

    def add(self, function: FunctionDef) -> None:
        """Add a function.

        Raises:
            ValueError: Another function has the name.
        """
        name = function.signature.name
        known = self.get(name)
        if known is not None:
            if known != function:
                raise ValueError(
                    f"Cannot add function '{name}' because a different function with"
                    " the same name already exists."
                )
            return
        self._positions[name] = len(self._message.function)
        self._message.function.append(function)

    def add_gradient(self, function: str, gradient: str) -> None:
        """Name the gradient function of a function."""
        self._message.gradient.add(function_name=function, gradient_func=gradient)

    def truncate(self, function_count: int, gradient_count: int) -> None:
        """Forget what was added after the given counts."""
        del self._message.function[function_count:]
        del self._message.gradient[gradient_count:]
        self.rebind(self._message)

    @property
    def gradient_count(self) -> int:
        """The number of gradient entries."""
        return len(self._message.gradient)
