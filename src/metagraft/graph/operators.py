"""What Python's operators do on a `Tensor`: each adds the nodes TensorFlow adds.

`a + b` opens the scope `add`, turns what is not a tensor into a constant inside it
and adds one node there, so that `x + 1.0` makes `add/y` and `add`.

Source: tensorflow python/ops/tensor_math_operator_overrides.py,
python/framework/override_binary_operator.py.
"""

from __future__ import annotations

from collections.abc import Callable
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
def _math() -> ModuleType:
    # Loaded when the first operator is used: it needs `Tensor`, which needs this.
    from metagraft.graph.build import math

    return math


def _binary(
    name: str, build: Callable[..., Any], x: Any, y: Any
) -> Any:  # a tensor, or what the other operand makes of it
    """Apply operator `name` to a tensor on the left.

    If `x` and `y` do not go together, the reflected operator of `y` gets its chance.
    """
    from metagraft.graph.scopes import name_scope

    with name_scope(None, name, [x, y]) as scope:
        try:
            return build(x, y, name=scope)
        except (TypeError, ValueError) as error:
            reflected = getattr(type(y), f"__r{name}__", None)
            if reflected is None:
                raise
            try:
                result = reflected(y, x)
            except (TypeError, ValueError):
                raise error from None
            if result is NotImplemented:
                raise
            return result


def _reflected(name: str, build: Callable[..., Any], y: Any, x: Any) -> Any:
    """Apply operator `name` to a tensor on the right; `x` takes its type."""
    from metagraft.graph.conversion import convert_to_tensor
    from metagraft.graph.scopes import name_scope

    with name_scope(None, name, [x, y]) as scope:
        x = convert_to_tensor(x, dtype=y.dtype.base_dtype, name="x")
        return build(x, y, name=scope)


def _subtract(x: Any, y: Any, name: str | None = None) -> Any:
    from metagraft.graph.apply_op import op

    return op("Sub", x=x, y=y, name=name)


def _is_bool(x: Any) -> bool:
    dtype = getattr(x, "dtype", None)
    return bool(getattr(dtype, "is_bool", False))


def _multiply(x: Any, y: Any, name: str | None = None) -> Any:
    from metagraft.graph import dtypes
    from metagraft.graph.apply_op import op
    from metagraft.graph.composite import SparseTensor

    if _is_bool(x) or _is_bool(y):
        factors = [op("Cast", x=factor, DstT=dtypes.int32) for factor in (x, y)]
        product = op("Mul", x=factors[0], y=factors[1], name=name)
        return op("Cast", x=product, DstT=dtypes.bool)
    if isinstance(y, SparseTensor):
        values = op(
            "SparseDenseCwiseMul",
            sp_indices=y.indices,
            sp_values=y.values,
            sp_shape=y.dense_shape,
            dense=x,
            name=name,
        )
        return SparseTensor(y.indices, values, y.dense_shape)
    return op("Mul", x=x, y=y, name=name)


def _logical_or_bitwise(
    logical: str, bitwise: str
) -> Callable[[Any, Any, str | None], Any]:
    def build(x: Any, y: Any, name: str | None = None) -> Any:
        from metagraft.graph.apply_op import op

        if _is_bool(x):
            if logical == "LogicalXor":
                return _math().logical_xor(x, y, name)
            return op(logical, x=x, y=y, name=name)
        return op(bitwise, x=x, y=y)

    return build


_and = _logical_or_bitwise("LogicalAnd", "BitwiseAnd")
_or = _logical_or_bitwise("LogicalOr", "BitwiseOr")
_xor = _logical_or_bitwise("LogicalXor", "BitwiseXor")


def _matmul(x: Any, y: Any, name: str | None = None) -> Any:
    from metagraft.graph.build.matmul import matmul

    return matmul(x, y, name=name)


def _compare(op_type: str, x: Any, y: Any) -> Any:
    from metagraft.graph.apply_op import op

    return op(op_type, x=x, y=y)


class TensorOperators:
    """Python's operators of `Tensor`; a class without state of its own."""

    __slots__ = ()

    # NumPy arrays leave `array + tensor` to the tensor.
    __array_priority__: ClassVar[int] = 100

    if TYPE_CHECKING:
        name: Any  # given by Tensor

    def __add__(self, other: Any) -> Any:
        """Add `AddV2`."""
        return _binary("add", _math().add_operands, self, other)

    def __radd__(self, other: Any) -> Any:
        """Add `AddV2`."""
        return _reflected("add", _math().add_operands, self, other)

    def __sub__(self, other: Any) -> Any:
        """Add `Sub`."""
        return _binary("sub", _subtract, self, other)

    def __rsub__(self, other: Any) -> Any:
        """Add `Sub`."""
        return _reflected("sub", _subtract, self, other)

    def __mul__(self, other: Any) -> Any:
        """Add `Mul`."""
        return _binary("mul", _multiply, self, other)

    def __rmul__(self, other: Any) -> Any:
        """Add `Mul`."""
        return _reflected("mul", _multiply, self, other)

    def __div__(self, other: Any) -> Any:
        """Divide as Python 2 does."""
        return _binary("div", _math().div, self, other)

    def __rdiv__(self, other: Any) -> Any:
        """Divide as Python 2 does."""
        return _reflected("div", _math().div, self, other)

    def __truediv__(self, other: Any) -> Any:
        """Add `RealDiv`; integers become floating point first."""
        return _binary("truediv", _math().truediv, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        """Add `RealDiv`; integers become floating point first."""
        return _reflected("truediv", _math().truediv, self, other)

    def __floordiv__(self, other: Any) -> Any:
        """Add `FloorDiv`."""
        return _binary("floordiv", _math().floordiv, self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        """Add `FloorDiv`."""
        return _reflected("floordiv", _math().floordiv, self, other)

    def __mod__(self, other: Any) -> Any:
        """Add `FloorMod`."""
        return _binary("mod", _math().mod, self, other)

    def __rmod__(self, other: Any) -> Any:
        """Add `FloorMod`."""
        return _reflected("mod", _math().mod, self, other)

    def __pow__(self, other: Any) -> Any:
        """Add `Pow`."""
        return _binary("pow", _math().power, self, other)

    def __rpow__(self, other: Any) -> Any:
        """Add `Pow`."""
        return _reflected("pow", _math().power, self, other)

    def __matmul__(self, other: Any) -> Any:
        """Add a matrix product."""
        return _binary("matmul", _matmul, self, other)

    def __rmatmul__(self, other: Any) -> Any:
        """Add a matrix product."""
        return _reflected("matmul", _matmul, self, other)

    def __and__(self, other: Any) -> Any:
        """Add `LogicalAnd`, or `BitwiseAnd` for integers."""
        return _binary("and", _and, self, other)

    def __rand__(self, other: Any) -> Any:
        """Add `LogicalAnd`, or `BitwiseAnd` for integers."""
        return _reflected("and", _and, self, other)

    def __or__(self, other: Any) -> Any:
        """Add `LogicalOr`, or `BitwiseOr` for integers."""
        return _binary("or", _or, self, other)

    def __ror__(self, other: Any) -> Any:
        """Add `LogicalOr`, or `BitwiseOr` for integers."""
        return _reflected("or", _or, self, other)

    def __xor__(self, other: Any) -> Any:
        """Add an exclusive or."""
        return _binary("xor", _xor, self, other)

    def __rxor__(self, other: Any) -> Any:
        """Add an exclusive or."""
        return _reflected("xor", _xor, self, other)

    def __invert__(self) -> Any:
        """Add `LogicalNot`, or `Invert` for integers."""
        from metagraft.graph.apply_op import op

        return op("LogicalNot" if _is_bool(self) else "Invert", x=self)

    def __neg__(self) -> Any:
        """Add `Neg`."""
        from metagraft.graph.apply_op import op

        return op("Neg", x=self)

    def __abs__(self) -> Any:
        """Add `Abs`."""
        return _math().absolute(self)

    def __lt__(self, other: Any) -> Any:
        """Add `Less`."""
        return _compare("Less", self, other)

    def __le__(self, other: Any) -> Any:
        """Add `LessEqual`."""
        return _compare("LessEqual", self, other)

    def __gt__(self, other: Any) -> Any:
        """Add `Greater`."""
        return _compare("Greater", self, other)

    def __ge__(self, other: Any) -> Any:
        """Add `GreaterEqual`."""
        return _compare("GreaterEqual", self, other)

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
