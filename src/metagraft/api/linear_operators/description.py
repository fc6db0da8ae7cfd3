"""What is known of an operator: type, hints, shapes.

Source: tensorflow python/ops/linalg/linear_operator.py.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from metagraft.api.linear_operators.batches import shape_tensor
from metagraft.api.linear_operators.parts import OperatorParts
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.conversion import convert_to_tensor, is_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import Dimension, TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["DescribedOperator"]

Hint = bool | None


class DescribedOperator(OperatorParts):
    """A matrix, or a batch of them, of which type, hints and shape are known."""

    def __init__(
        self,
        dtype: Any,
        graph_parents: Sequence[Any] | None = None,
        is_non_singular: Hint = None,
        is_self_adjoint: Hint = None,
        is_positive_definite: Hint = None,
        is_square: Hint = None,
        name: str | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> None:
        """Remember what is known of a matrix.

        Args:
            dtype: Type of its elements.
            graph_parents: Tensors that it is made of; no longer used.
            is_non_singular: Whether it has an inverse.
            is_self_adjoint: Whether it equals its conjugate transpose.
            is_positive_definite: Whether `Re(x^H A x) > 0` for all `x` but zero.
            is_square: Whether it has as many rows as columns.
            name: The scope of its nodes.
            parameters: The arguments of the constructor, by name.

        Raises:
            ValueError: Hints contradict each other, or a parent is no tensor.
        """
        if is_positive_definite:
            if is_non_singular is False:
                raise ValueError("A positive definite matrix is always non-singular.")
            is_non_singular = True
        if is_non_singular:
            if is_square is False:
                raise ValueError("A non-singular matrix is always square.")
            is_square = True
        if is_self_adjoint:
            if is_square is False:
                raise ValueError("A self-adjoint matrix is always square.")
            is_square = True
        for index, parent in enumerate(graph_parents or ()):
            if parent is None or not is_tensor(parent):
                raise ValueError(
                    f"Graph parent item {index} is not a Tensor; {parent}."
                )
        self._is_square_hint = is_square
        self._graph_parents = [] if graph_parents is None else graph_parents
        self._dtype = dtypes.as_dtype(dtype).base_dtype if dtype else dtype
        self._is_non_singular = is_non_singular
        self._is_self_adjoint = is_self_adjoint
        self._is_positive_definite = is_positive_definite
        self._parameters = dict(parameters or {})
        self._name = name or type(self).__name__

    @contextmanager
    def _name_scope(self, name: str | None = None) -> Iterator[str]:
        whole = self.name if name is None else f"{self.name}/{name}"
        with name_scope(whole) as scope:
            yield scope

    # -- what it is ----------------------------------------------------------------

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments that it was made with."""
        return dict(self._parameters)

    @property
    def dtype(self) -> Any:
        """The type of its elements."""
        return self._dtype

    @property
    def name(self) -> str:
        """The scope of its nodes."""
        return self._name

    @property
    def graph_parents(self) -> Sequence[Any]:
        """Tensors that were named to the constructor; no longer used."""
        return self._graph_parents

    @property
    def is_non_singular(self) -> Hint:
        """Whether it has an inverse."""
        return self._is_non_singular

    @property
    def is_self_adjoint(self) -> Hint:
        """Whether it equals its conjugate transpose."""
        return self._is_self_adjoint

    @property
    def is_positive_definite(self) -> Hint:
        """Whether `Re(x^H A x) > 0` for all `x` but zero."""
        return self._is_positive_definite

    @property
    def is_square(self) -> Hint:
        """Whether it has as many rows as columns.

        Raises:
            ValueError: It is, though the program said it is not.
        """
        found: Hint = self.domain_dimension == self.range_dimension
        if self._is_square_hint is False and found:
            raise ValueError(
                "User set is_square hint to False, but the operator was square."
            )
        return found if self._is_square_hint is None else self._is_square_hint

    # -- shapes --------------------------------------------------------------------

    @abstractmethod
    def _shape(self) -> TensorShape:
        raise NotImplementedError("_shape is not implemented.")

    def _shape_tensor(self) -> Tensor:
        raise NotImplementedError("_shape_tensor is not implemented.")

    @property
    def shape(self) -> TensorShape:
        """`[*batch, rows, columns]`, as far as known."""
        return self._shape()

    def shape_tensor(self, name: str = "shape_tensor") -> Tensor:
        """`[*batch, rows, columns]`, as a tensor."""
        with self._name_scope(name):
            if self.shape.is_fully_defined():
                return shape_tensor(self.shape.as_list())
            return self._shape_tensor()

    @property
    def batch_shape(self) -> TensorShape:
        """How many matrices there are, as far as known."""
        return self.shape[:-2]

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """How many matrices there are, as a tensor."""
        with self._name_scope(name):
            return self._batch_shape_tensor()

    def _batch_shape_tensor(self, shape: Tensor | None = None) -> Tensor:
        if self.batch_shape.is_fully_defined():
            return shape_tensor(self.batch_shape.as_list(), name="batch_shape")
        return (self.shape_tensor() if shape is None else shape)[:-2]

    def _known_or_dynamic_batch(self) -> Any:
        batch = self.batch_shape
        return batch if batch.is_fully_defined() else self.batch_shape_tensor()

    @property
    def tensor_rank(self) -> int | None:
        """How many dimensions it has with those of the batch, if known."""
        with self._name_scope("tensor_rank"):
            return self.shape.ndims

    def tensor_rank_tensor(self, name: str = "tensor_rank_tensor") -> Tensor:
        """How many dimensions it has with those of the batch, as a tensor."""
        with self._name_scope(name):
            if self.tensor_rank is not None:
                return convert_to_tensor(self.tensor_rank)
            return array.size(self.shape_tensor())

    def _dimension(self, index: int) -> Dimension:
        dims = self.shape.dims_tuple
        return Dimension(None if not dims else dims[index])

    @property
    def domain_dimension(self) -> Dimension:
        """How many columns it has, if known."""
        return self._dimension(-1)

    @property
    def range_dimension(self) -> Dimension:
        """How many rows it has, if known."""
        return self._dimension(-2)

    def domain_dimension_tensor(self, name: str = "domain_dimension_tensor") -> Tensor:
        """How many columns it has, as a tensor."""
        with self._name_scope(name):
            return self._domain_dimension_tensor()

    def _domain_dimension_tensor(self, shape: Tensor | None = None) -> Tensor:
        known = self.domain_dimension.value
        if known is not None:
            return convert_to_tensor(known)
        return (self.shape_tensor() if shape is None else shape)[-1]

    def range_dimension_tensor(self, name: str = "range_dimension_tensor") -> Tensor:
        """How many rows it has, as a tensor."""
        with self._name_scope(name):
            return self._range_dimension_tensor()

    def _range_dimension_tensor(self) -> Tensor:
        known = self.range_dimension.value
        return self.shape_tensor()[-2] if known is None else convert_to_tensor(known)
