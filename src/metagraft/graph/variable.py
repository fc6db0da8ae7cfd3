"""What the layers below `api` know of variables: the base class of all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from metagraft.graph.structure import flatten, map_structure

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor


class GraphVariable(ABC):
    """A Python object that stands for a variable of a graph.

    It becomes a tensor, its value, by `_to_graph_tensor`.
    """

    @property
    @abstractmethod
    def is_resource(self) -> bool:
        """Whether a resource handle names it; else a reference edge does."""

    @property
    @abstractmethod
    def gradient_source(self) -> Tensor:
        """The tensor that gradients are taken with respect to."""

    @property
    @abstractmethod
    def op(self) -> Operation:
        """The operation that stands for it in control dependencies."""


def with_values(structure: Any) -> Any:
    """Read the resource variables among the leaves of a structure."""
    if not any(isinstance(leaf, GraphVariable) for leaf in flatten(structure)):
        return structure
    from metagraft.graph.conversion import convert_to_tensor

    return map_structure(
        lambda leaf: (
            convert_to_tensor(leaf)
            if isinstance(leaf, GraphVariable) and leaf.is_resource
            else leaf
        ),
        structure,
    )
