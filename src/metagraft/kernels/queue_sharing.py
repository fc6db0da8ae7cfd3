"""Whether an operation may share a queue that another one made under the same name.

Source: tensorflow core/kernels/queue_base.cc and random_shuffle_queue_op.cc, Matches*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metagraft.errors import InvalidArgumentError
from metagraft.formats.names import decode_name
from metagraft.graph.dtypes import DType, kernel_name
from metagraft.graph.shapes import Dims, dims_compatible, show

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation


@dataclass(frozen=True, slots=True)
class Declared:
    """What an operation says about its queue.

    Attributes:
        kind: The name of the op, without the version.
        attrs: Its attributes.
        dtypes: Element type of each component, that of priorities included.
        dims: Shape of each component; empty if they may have any.
    """

    kind: str
    attrs: Mapping[str, Any]
    dtypes: tuple[DType, ...]
    dims: tuple[Dims, ...]

    def check(self, asked: Declared, op: Operation) -> None:
        """Compare with what another operation says.

        Args:
            asked: What it says.
            op: The operation.

        Raises:
            InvalidArgumentError: It does not fit.
        """
        if asked.kind != self.kind:
            _refuse(f"Expected {self.kind}, found {op.type}")
        name = decode_name(op.attrs["shared_name"])
        capacity = _capacity(self.attrs)
        if capacity != _capacity(asked.attrs):
            _differ(
                name, "capacity", capacity, f"capacity was {_capacity(asked.attrs)}"
            )
        self._check_shuffling(asked, name)
        if asked.dtypes != self.dtypes:
            wanted = f"component types were {_types(asked.dtypes)}"
            _differ(name, "component types", _types(self.dtypes), wanted)
        if not self._have_shapes_of(asked):
            wanted = f"component shapes were {_shapes(asked.dims)}"
            _differ(name, "component shapes", _shapes(self.dims), wanted)

    def _check_shuffling(self, asked: Declared, name: str) -> None:
        least = "min_after_dequeue"
        ours, theirs = self.attrs.get(least), asked.attrs.get(least)
        if ours != theirs:
            _differ(name, least, ours, f"{least} was {theirs}.")
        seeds, others = _seeds(self.attrs), _seeds(asked.attrs)
        if any(others) and seeds != others:
            _differ(name, "random seeds", seeds, f"seeds are {others}.")

    def _have_shapes_of(self, asked: Declared) -> bool:
        if self.kind != "PaddingFIFOQueue":
            return asked.dims == self.dims
        return len(asked.dims) == len(self.dims) and all(
            dims_compatible(a, b) for a, b in zip(asked.dims, self.dims, strict=True)
        )


def _refuse(text: str) -> None:
    raise InvalidArgumentError(None, None, text)


def _differ(name: str, what: str, ours: Any, asked: str) -> None:
    _refuse(f"Shared queue '{name}' has {what} {ours} but requested {asked}")


def _capacity(attrs: Mapping[str, Any]) -> int:
    capacity: int = attrs["capacity"]
    return capacity if capacity >= 0 else (1 << 31) - 1


def _seeds(attrs: Mapping[str, Any]) -> tuple[int, int]:
    return attrs.get("seed", 0), attrs.get("seed2", 0)


def _types(dtypes: Sequence[DType]) -> str:
    return ", ".join(kernel_name(dtype) for dtype in dtypes)


def _shapes(shapes: Sequence[Dims]) -> str:
    return "[" + ", ".join(show(dims) for dims in shapes) + "]"
