"""What branches and loops carry in place of a Python object: its flow.

A `TensorArray` is such an object. Its flow, a scalar, orders what is done with it;
inside and outside of a loop the object stands on different flows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metagraft.graph.tensor import Tensor


class FlowCarrier(ABC):
    """An object that loops carry by its flow."""

    @property
    @abstractmethod
    def flow(self) -> Tensor:
        """The tensor that is carried."""

    @abstractmethod
    def with_flow(self, flow: Tensor) -> FlowCarrier:
        """Return the same thing on another flow."""


def to_flow(value: Any) -> Any:
    """Return the flow of an object that has one, anything else as it is."""
    return value.flow if isinstance(value, FlowCarrier) else value


def from_flow(like: Any, value: Any) -> Any:
    """Return what `like` is on another flow, `value` if it is no such object."""
    return like.with_flow(value) if isinstance(like, FlowCarrier) else value
