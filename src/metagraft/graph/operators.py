"""What Python's operators do on a `Tensor`: each adds the nodes TensorFlow adds.

`a + b` opens the scope `add`, turns what is not a tensor into a constant inside it
and adds one node there, so that `x + 1.0` makes `add/y` and `add`.

Source: tensorflow python/ops/tensor_math_operator_overrides.py,
python/framework/override_binary_operator.py.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from metagraft.errors import OperatorNotAllowedInGraphError

if TYPE_CHECKING:
    from types import ModuleType

    from metagraft.graph.tensor import Tensor

__all__ = ["TensorOperators"]

_OWN_ADVICE = (
    "In graph mode a tensor has no value while the program builds the graph: use graph"
    " operations such as `tf.cond`, `tf.where` and `tf.while_loop`, or fetch the value"
    " with `Session.run`."
)


@cache
def _build() -> ModuleType:
    # Loaded when the first operator is used: it needs `Tensor`, which needs this.
    from metagraft.graph.build import operators

    return operators


class TensorOperators:
    """Python's operators of `Tensor`; a class without state of its own."""

    __slots__ = ()

    # NumPy arrays leave `array + tensor` to the tensor.
    __array_priority__: ClassVar[int] = 100

    if TYPE_CHECKING:
        name: Any  # given by Tensor

    def __add__(self, other: Any) -> Any:
        """Add `AddV2`."""
        return _build().apply("add", self, other)

    def __radd__(self, other: Any) -> Any:
        """Add `AddV2`."""
        return _build().apply_reflected("add", self, other)

    def __sub__(self, other: Any) -> Any:
        """Add `Sub`."""
        return _build().apply("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        """Add `Sub`."""
        return _build().apply_reflected("sub", self, other)

    def __mul__(self, other: Any) -> Any:
        """Add `Mul`."""
        return _build().apply("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        """Add `Mul`."""
        return _build().apply_reflected("mul", self, other)

    def __div__(self, other: Any) -> Any:
        """Divide as Python 2 does."""
        return _build().apply("div", self, other)

    def __rdiv__(self, other: Any) -> Any:
        """Divide as Python 2 does."""
        return _build().apply_reflected("div", self, other)

    def __truediv__(self, other: Any) -> Any:
        """Add `RealDiv`; integers become floating point first."""
        return _build().apply("truediv", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        """Add `RealDiv`; integers become floating point first."""
        return _build().apply_reflected("truediv", self, other)

    def __floordiv__(self, other: Any) -> Any:
        """Add `FloorDiv`."""
        return _build().apply("floordiv", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        """Add `FloorDiv`."""
        return _build().apply_reflected("floordiv", self, other)

    def __mod__(self, other: Any) -> Any:
        """Add `FloorMod`."""
        return _build().apply("mod", self, other)

    def __rmod__(self, other: Any) -> Any:
        """Add `FloorMod`."""
        return _build().apply_reflected("mod", self, other)

    def __pow__(self, other: Any) -> Any:
        """Add `Pow`."""
        return _build().apply("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        """Add `Pow`."""
        return _build().apply_reflected("pow", self, other)

    def __matmul__(self, other: Any) -> Any:
        """Add a matrix product."""
        return _build().apply("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        """Add a matrix product."""
        return _build().apply_reflected("matmul", self, other)

    def __and__(self, other: Any) -> Any:
        """Add `LogicalAnd`, or `BitwiseAnd` for integers."""
        return _build().apply("and", self, other)

    def __rand__(self, other: Any) -> Any:
        """Add `LogicalAnd`, or `BitwiseAnd` for integers."""
        return _build().apply_reflected("and", self, other)

    def __or__(self, other: Any) -> Any:
        """Add `LogicalOr`, or `BitwiseOr` for integers."""
        return _build().apply("or", self, other)

    def __ror__(self, other: Any) -> Any:
        """Add `LogicalOr`, or `BitwiseOr` for integers."""
        return _build().apply_reflected("or", self, other)

    def __xor__(self, other: Any) -> Any:
        """Add an exclusive or."""
        return _build().apply("xor", self, other)

    def __rxor__(self, other: Any) -> Any:
        """Add an exclusive or."""
        return _build().apply_reflected("xor", self, other)

    def __invert__(self) -> Any:
        """Add `LogicalNot`, or `Invert` for integers."""
        return _build().invert(self)

    def __neg__(self) -> Any:
        """Add `Neg`."""
        return _build().negate(self)

    def __abs__(self) -> Any:
        """Add `Abs`."""
        return _build().absolute(self)

    def __lt__(self, other: Any) -> Any:
        """Add `Less`."""
        return _build().compare("Less", self, other)

    def __le__(self, other: Any) -> Any:
        """Add `LessEqual`."""
        return _build().compare("LessEqual", self, other)

    def __gt__(self, other: Any) -> Any:
        """Add `Greater`."""
        return _build().compare("Greater", self, other)

    def __ge__(self, other: Any) -> Any:
        """Add `GreaterEqual`."""
        return _build().compare("GreaterEqual", self, other)

    def __eq__(self, other: object) -> bool:
        """Compare identity, as in TensorFlow 1; `tf.equal` compares values."""
        return self is other

    def __ne__(self, other: object) -> bool:
        """Compare identity, as in TensorFlow 1; `tf.not_equal` compares values."""
        return self is not other

    def __hash__(self) -> int:
        """Hash identity."""
        return id(self)

    def __getitem__(self, slice_spec: Any) -> Tensor:
        """Add a `StridedSlice`."""
        from metagraft.graph.slicing import slice_tensor

        return slice_tensor(self, slice_spec)

    def __len__(self) -> NoReturn:
        """Refuse: only a run knows.

        Raises:
            TypeError: Always.
        """
        raise TypeError(
            f"len is not well defined for a symbolic Tensor ({self.name}). Please call"
            " `x.shape` rather than `len(x)` for shape information."
        )

    def __iter__(self) -> NoReturn:
        """Refuse: only a run knows the elements.

        Raises:
            OperatorNotAllowedInGraphError: Always.
        """
        _disallow("Iterating over a symbolic `tf.Tensor`")

    def __bool__(self) -> NoReturn:  # noqa: PLE0304 - it never returns
        """Refuse: only a run knows the value.

        Raises:
            OperatorNotAllowedInGraphError: Always.
        """
        _disallow("Using a symbolic `tf.Tensor` as a Python `bool`")

    def __array__(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse: only a run knows the values.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            f"Cannot convert a symbolic tf.Tensor ({self.name}) to a numpy array. This"
            " error may indicate that you're trying to pass a Tensor to a NumPy call,"
            " which is not supported."
        )


def _disallow(task: str) -> NoReturn:
    raise OperatorNotAllowedInGraphError(f"{task} is not allowed. {_OWN_ADVICE}")
