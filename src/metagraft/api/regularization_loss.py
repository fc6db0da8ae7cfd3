"""The loss of a regularized variable, built again wherever it is used.

Source: tensorflow python/ops/variable_scope.py _LazyEvalTensor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.api.operators import operators_on
from metagraft.graph.dtypes import DType
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor


class RegularizationLoss:
    """Stands for a loss: every use as a tensor adds its nodes anew.

    So that a loss used inside a branch or loop is built inside it.
    """

    def __init__(self, build: Callable[[], Tensor]) -> None:
        """Build the loss once, for its name and for fetching."""
        self._build = build
        self._tensor = build()

    def _to_graph_tensor(
        self, dtype: DType | None, name: str | None, as_ref: bool
    ) -> Tensor:
        del name, as_ref  # the nodes have the names that the regularizer gives
        if dtype is not None and not dtype.is_compatible_with(self.dtype):
            raise ValueError(
                f"A regularization loss of type {self.dtype.name} cannot become a "
                f"tensor of type {dtype.name}: {self._tensor}"
            )
        return self._build()

    def _as_graph_element(self) -> Tensor:
        return self._tensor

    @property
    def name(self) -> str:
        """The name of the first tensor."""
        return self._tensor.name

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._tensor.dtype

    @property
    def shape(self) -> TensorShape:
        """The static shape."""
        return self._tensor.shape

    def get_shape(self) -> TensorShape:
        """Return the static shape."""
        return self._tensor.shape

    @property
    def op(self) -> Operation:
        """The operation of the first tensor."""
        return self._tensor.op

    @property
    def value_index(self) -> int:
        """Which output of the operation the first tensor is."""
        return self._tensor.value_index

    @property
    def graph(self) -> Graph:
        """The graph it is in."""
        return self._tensor.graph

    @property
    def device(self) -> str:
        """The requested device."""
        return self._tensor.device

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Return the value in a session."""
        return self._tensor.eval(feed_dict=feed_dict, session=session)

    def __str__(self) -> str:
        """Format as a tensor."""
        return str(self._tensor)


def _built(loss: RegularizationLoss) -> Tensor:
    return loss._to_graph_tensor(None, None, as_ref=False)  # noqa: SLF001 - its own


for _name, _operator in operators_on(_built).items():
    setattr(RegularizationLoss, _name, _operator)
