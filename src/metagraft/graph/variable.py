"""What the layers below `api` know of variables: the base class of all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

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
