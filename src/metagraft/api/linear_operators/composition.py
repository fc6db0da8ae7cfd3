"""Products of operators, one after the other.

Source: tensorflow python/ops/linalg/linear_operator_composition.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from metagraft.api.linear_algebra import cholesky
from metagraft.api.linear_operators.hints import described, given, has_adjoint_form
from metagraft.api.linear_operators.joined import (
    batch_sizes_by_adding,
    joint_batch_shape,
    operators_of_one_dtype,
)
from metagraft.api.linear_operators.lower_triangular import (
    LinearOperatorLowerTriangular,
)
from metagraft.api.linear_operators.operator import LinearOperator
from metagraft.api.math import sign
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import group
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

__all__ = ["LinearOperatorComposition"]


class LinearOperatorComposition(LinearOperator):
    """The product of operators; the last one acts first."""

    matrix_dims: ClassVar[Mapping[str, int]] = {"operators": 0}

    def __init__(
        self,
        operators: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        """Compose operators.

        Args:
            operators: The factors, from left to right.
            is_non_singular: A hint; see `LinearOperator`.
            is_self_adjoint: A hint.
            is_positive_definite: A hint.
            is_square: A hint.
            name: The scope of its nodes; if None, the names joined by `_o_`.

        Raises:
            TypeError: The operators have several types.
            ValueError: There are none, or a hint contradicts theirs.
        """
        parameters = given(locals())
        self._operators = operators_of_one_dtype(operators)
        hints = _hints(self._operators, parameters)
        if name is None:
            name = "_o_".join(operator.name for operator in self._operators)
        told = {**described(parameters), **hints, "name": name}
        with name_scope(name):
            super().__init__(dtype=self._operators[0].dtype, **told)

    @property
    def operators(self) -> list[LinearOperator]:
        """The factors, from left to right."""
        return self._operators

    def _shape(self) -> TensorShape:
        between = self.operators[0].domain_dimension
        for operator in self.operators[1:]:
            between.assert_is_compatible_with(operator.range_dimension)
            between = operator.domain_dimension
        ends = self.operators[0].range_dimension, self.operators[-1].domain_dimension
        return joint_batch_shape(self.operators).concatenate(TensorShape(ends))

    def _shape_tensor(self) -> Tensor:
        if self.shape.is_fully_defined():
            sizes = self.shape.as_list()
            return convert_to_tensor(sizes, dtype=dtypes.int32, name="shape")
        rows = self.operators[0].range_dimension_tensor()
        ends = array.stack([rows, self.operators[-1].domain_dimension_tensor()])
        return array.concat((batch_sizes_by_adding(self.operators), ends), 0)

    def _cholesky(self) -> LinearOperator:
        left = self.operators[0]
        is_product = len(self.operators) == 2 and has_adjoint_form(self.operators)
        if not is_product or not isinstance(left, LinearOperatorLowerTriangular):
            return LinearOperatorLowerTriangular(
                cholesky(self.to_dense()),
                is_non_singular=True,
                is_self_adjoint=False,
                is_square=True,
            )
        if left.is_positive_definite:
            return left
        signs = array.expand_dims(sign(left.diag_part()), axis=-2)
        return LinearOperatorLowerTriangular(
            tril=left.tril / signs,
            is_non_singular=left.is_non_singular,
            is_self_adjoint=left.is_self_adjoint,
            is_square=True,
        )

    def _matmul(
        self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        first, *others = self._in_order(forwards=adjoint)
        result: Tensor = first.matmul(x, adjoint=adjoint, adjoint_arg=adjoint_arg)
        for operator in others:
            result = operator.matmul(result, adjoint=adjoint)
        return result

    def _solve(
        self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False
    ) -> Tensor:
        first, *others = self._in_order(forwards=not adjoint)
        result: Tensor = first.solve(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)
        for operator in others:
            result = operator.solve(result, adjoint=adjoint)
        return result

    def _in_order(self, *, forwards: bool) -> list[LinearOperator]:
        return self.operators if forwards else self.operators[::-1]

    def _determinant(self) -> Tensor:
        result = self.operators[0].determinant()
        for operator in self.operators[1:]:
            result *= operator.determinant()
        return result

    def _log_abs_determinant(self) -> Tensor:
        result = self.operators[0].log_abs_determinant()
        for operator in self.operators[1:]:
            result += operator.log_abs_determinant()
        return result

    def _assert_non_singular(self) -> Operation:
        if all(operator.is_square for operator in self.operators):
            return group(
                [operator.assert_non_singular() for operator in self.operators]
            )
        return super()._assert_non_singular()


def _hints(
    operators: Sequence[LinearOperator], parameters: dict[str, Any]
) -> dict[str, Any]:
    """Hints of a product: as given, and what follows from its factors.

    Raises:
        ValueError: One that follows was said not to be.
    """
    hints = {
        "is_non_singular": parameters["is_non_singular"],
        "is_self_adjoint": parameters["is_self_adjoint"],
        "is_positive_definite": parameters["is_positive_definite"],
        "is_square": parameters["is_square"],
    }

    def conclude(name: str, message: str) -> None:
        if hints[name] is False:
            raise ValueError(message)
        hints[name] = True

    form = "have the form A @ A.H"
    wrong = "The user provided an incorrect `False` hint."
    if all(operator.is_non_singular for operator in operators):
        text = "The composition of non-singular operators is always non-singular."
        conclude("is_non_singular", text)
    is_single = len(operators) == 1 and operators[0].is_self_adjoint
    if is_single or has_adjoint_form(operators):
        text = (
            "The composition was determined to be self-adjoint but user provided"
            " incorrect `False` hint."
        )
        conclude("is_self_adjoint", text)
    if has_adjoint_form(operators):
        text = (
            f"The composition was determined {form}, hence it must be square. {wrong}"
        )
        conclude("is_square", text)
    if has_adjoint_form(operators) and hints["is_non_singular"]:
        text = (
            f"The composition was determined to be non-singular and {form}, hence it"
            f" must be positive-definite. {wrong}"
        )
        conclude("is_positive_definite", text)
    return hints
