"""Shapes: plain tuples inside, `TensorShape` and `Dimension` for users.

Inside Metagraft a shape is `Dims`: a tuple with an int or None per dimension, or
None when not even the rank is known. `TensorShape` wraps one with the methods of
TensorFlow 1.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

from metagraft.proto import TensorShapeProto

Dims: TypeAlias = tuple[int | None, ...] | None

MOST_DIMENSIONS: Final = 254
"""The largest rank of a tensor, as in TensorFlow."""


def merge_dims(a: Dims, b: Dims) -> Dims:
    """Combine what two shapes know.

    Raises:
        ValueError: They contradict each other.
    """
    if a is None or a == b:
        return b
    if b is None:
        return a
    if len(a) != len(b):
        raise ValueError(
            f"Shapes must be equal rank, but are {len(a)} and {len(b)}. "
            f"Shapes are {show(a)} and {show(b)}."
        )
    merged = []
    for i, (x, y) in enumerate(zip(a, b, strict=True)):
        if x is not None and y is not None and x != y:
            raise ValueError(
                f"Dimension {i} in both shapes must be equal, but are {x} and {y}. "
                f"Shapes are {show(a)} and {show(b)}."
            )
        merged.append(y if x is None else x)
    return tuple(merged)


def dims_compatible(a: Dims, b: Dims) -> bool:
    """Whether one array could have both shapes."""
    if a is None or b is None:
        return True
    return len(a) == len(b) and all(
        x is None or y is None or x == y for x, y in zip(a, b, strict=True)
    )


def is_refinement(dims: Dims, less_specific: Dims) -> bool:
    """Whether a shape says all that another one says."""
    if less_specific is None:
        return True
    if dims is None or len(dims) != len(less_specific):
        return False
    pairs = zip(dims, less_specific, strict=True)
    return all(wanted is None or size == wanted for size, wanted in pairs)


def broadcast_dims(a: Dims, b: Dims) -> Dims:
    """Return the shape of an element-wise operation on shapes `a` and `b`.

    Raises:
        ValueError: They cannot be broadcast together.
    """
    if a is None or b is None:
        return None
    if a == b or not b:
        return a
    if not a:
        return b
    rank = max(len(a), len(b))
    padded_a = (1,) * (rank - len(a)) + a
    padded_b = (1,) * (rank - len(b)) + b
    return tuple(_broadcast_dim(x, y) for x, y in zip(padded_a, padded_b, strict=True))


def _broadcast_dim(x: int | None, y: int | None) -> int | None:
    if x == 1:
        return y
    if y == 1:
        return x
    if x is None or y is None:
        # What is unknown may be one or the other size; zero is not taken for granted.
        return (y if x is None else x) or None
    if x == y:
        return x
    raise ValueError(f"Dimensions must be equal, but are {x} and {y}")


def is_static(dims: Dims) -> bool:
    """Whether every dimension is known."""
    return dims is not None and None not in dims


def num_elements(dims: Dims) -> int | None:
    """Return the number of elements, or None when a dimension is unknown."""
    if dims is None:
        return None
    count = 1
    for size in dims:
        if size is None:
            return None
        count *= size
    return count


def element_count(dims: Dims) -> int | None:
    """Return the number of elements as shape functions know it: one zero is enough.

    Source: tensorflow core/framework/shape_inference.cc NumElements.
    """
    return 0 if dims is not None and 0 in dims else num_elements(dims)


def show(dims: Dims) -> str:
    """Format a shape as TensorFlow's op errors do: `[?,3]`."""
    if dims is None:
        return "<unknown>"
    return "[" + ",".join("?" if d is None else str(d) for d in dims) + "]"


def dims_from_proto(proto: TensorShapeProto) -> Dims:
    """Read a `TensorShapeProto`."""
    if proto.unknown_rank:
        return None
    return tuple(None if d.size < 0 else d.size for d in proto.dim)


def dims_to_proto(dims: Dims) -> TensorShapeProto:
    """Write a `TensorShapeProto`."""
    proto = TensorShapeProto()
    if dims is None:
        proto.unknown_rank = True
    else:
        add = proto.dim.add
        for size in dims:
            add(size=-1 if size is None else size)
    return proto


def as_dims(shape: Any) -> Dims:  # anything TensorFlow accepts as a shape
    """Convert a shape in any of TensorFlow's spellings to `Dims`.

    Accepts a `TensorShape`, a `TensorShapeProto`, None, an integer, or a sequence of
    integers, None and `Dimension`s.

    Raises:
        TypeError: An element is no dimension.
        ValueError: A dimension is negative.
    """
    if shape is None:
        return None
    if isinstance(shape, TensorShape):
        return shape.dims_tuple
    if hasattr(shape, "unknown_rank"):  # a message, ours or TensorFlow's
        return dims_from_proto(shape)
    if isinstance(shape, Dimension) or not isinstance(shape, Iterable):
        return (_as_size(shape),)
    if isinstance(shape, str) and shape:
        raise TypeError(
            f"Failed to convert '{shape!r}' to a shape: '{shape[0]!r}'could not be "
            "converted to a dimension. A shape should either be single dimension (e.g. "
            "10), or an iterable of dimensions (e.g. [1, 10, None])."
        )
    return tuple(_as_size(d) for d in shape)


def _as_size(value: Any) -> int | None:
    if type(value) is int and value >= 0:
        return value
    return Dimension(value).value


class Dimension:
    """One dimension of a `TensorShape`: `value` is an int, or None if unknown."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        """Make a dimension from an integer, None or another dimension."""
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            self._value: int | None = value
        elif isinstance(value, Dimension):
            self._value = value.value
        elif (
            hasattr(value, "DESCRIPTOR")  # a message, ours or TensorFlow's
            and hasattr(value, "size")
        ):
            self._value = None if value.size < 0 else value.size
        else:
            try:
                self._value = int(operator.index(value))
            except TypeError:
                raise TypeError(
                    "Dimension value must be integer or None or have an __index__"
                    f" method, got value '{value!r}' with type '{type(value)!r}'"
                ) from None
        if self._value is not None and self._value < 0:
            raise ValueError(f"Dimension {self._value} must be >= 0")

    @property
    def value(self) -> int | None:
        """The size, or None if it is unknown."""
        return self._value

    def is_compatible_with(self, other: Any) -> bool:
        """Whether the two may be the same."""
        theirs = as_dimension(other).value
        return self._value is None or theirs is None or self._value == theirs

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raise `ValueError` unless the two may be the same."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {other} are not compatible")

    def merge_with(self, other: Any) -> Dimension:
        """Return the known one of the two."""
        self.assert_is_compatible_with(other)
        return self if self._value is not None else as_dimension(other)

    def _binary(self, other: Any, function: Any) -> Any:
        try:
            theirs = as_dimension(other).value
        except (TypeError, ValueError):
            return NotImplemented
        if self._value is None or theirs is None:
            return Dimension(None)
        return Dimension(function(self._value, theirs))

    def __add__(self, other: Any) -> Dimension:
        """Add sizes; unknown if either is."""
        return self._binary(other, operator.add)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Dimension:
        """Subtract sizes; unknown if either is."""
        return self._binary(other, operator.sub)

    def __rsub__(self, other: Any) -> Dimension:
        """Subtract sizes; unknown if either is."""
        return as_dimension(other) - self

    def __mul__(self, other: Any) -> Dimension:
        """Multiply sizes; unknown if either is."""
        return self._binary(other, operator.mul)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Dimension:
        """Divide sizes; unknown if either is."""
        return self._binary(other, operator.floordiv)

    def __rfloordiv__(self, other: Any) -> Dimension:
        """Divide sizes; unknown if either is."""
        return as_dimension(other) // self

    def __div__(self, other: Any) -> Dimension:
        """Divide sizes, as in Python 2."""
        return self // other

    def __truediv__(self, other: Any) -> Dimension:
        """Refuse with a `TypeError`: a size is an integer."""
        raise _no_fractions("Dimension", type(other).__name__)

    def __rtruediv__(self, other: Any) -> Dimension:
        """Refuse with a `TypeError`: a size is an integer."""
        raise _no_fractions(type(other).__name__, "Dimension")

    def __mod__(self, other: Any) -> Dimension:
        """Remainder; unknown if either is."""
        return self._binary(other, operator.mod)

    def __rmod__(self, other: Any) -> Dimension:
        """Remainder; unknown if either is."""
        return as_dimension(other) % self

    def _compare(self, other: Any, function: Any) -> bool | None:
        theirs = as_dimension(other).value
        if self._value is None or theirs is None:
            return None
        return bool(function(self._value, theirs))

    def __lt__(self, other: Any) -> bool | None:
        """Compare; None if either is unknown."""
        return self._compare(other, operator.lt)

    def __le__(self, other: Any) -> bool | None:
        """Compare; None if either is unknown."""
        return self._compare(other, operator.le)

    def __gt__(self, other: Any) -> bool | None:
        """Compare; None if either is unknown."""
        return self._compare(other, operator.gt)

    def __ge__(self, other: Any) -> bool | None:
        """Compare; None if either is unknown."""
        return self._compare(other, operator.ge)

    def __eq__(self, other: object) -> Any:
        """Compare; None if either is unknown."""
        try:
            theirs = as_dimension(other).value
        except (TypeError, ValueError):
            return NotImplemented
        if self._value is None or theirs is None:
            return None
        return self._value == theirs

    def __ne__(self, other: object) -> Any:
        """Compare; None if either is unknown."""
        equal = self.__eq__(other)
        return equal if equal is NotImplemented or equal is None else not equal

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        """False for an unknown or zero dimension."""
        return bool(self._value)

    def __int__(self) -> int:
        """Return the size, which must be known."""
        return self._value  # type: ignore[return-value]

    def __long__(self) -> int | None:
        """Return the size."""
        return self._value

    def __index__(self) -> int:
        """Return the size, which must be known."""
        return self._value  # type: ignore[return-value]

    def __str__(self) -> str:
        """Format the size, `?` if unknown."""
        return "?" if self._value is None else str(self._value)

    def __repr__(self) -> str:
        """Format as TensorFlow does."""
        return f"Dimension({self._value})"

    def __reduce__(self) -> tuple[Any, tuple[int | None]]:
        """Pickle by size."""
        return Dimension, (self._value,)


def _no_fractions(left: str, right: str) -> TypeError:
    types = f"'{left}' and '{right}'"
    return TypeError(
        f"unsupported operand type(s) for /: {types}, please use // instead"
    )


def as_dimension(value: Any) -> Dimension:
    """Convert an integer or None to a `Dimension`."""
    return value if isinstance(value, Dimension) else Dimension(value)


def dimension_value(dimension: Any) -> Any:
    """Return the int or None of a `Dimension`; other values pass through."""
    return dimension.value if isinstance(dimension, Dimension) else dimension


def dimension_at_index(shape: TensorShape, index: int) -> Dimension:
    """Return dimension `index` of `shape`, unknown if the rank is."""
    if shape.dims_tuple is None:
        return Dimension(None)
    return Dimension(shape.dims_tuple[index])


class TensorShape:
    """The possibly partial shape of a tensor.

    Source: tensorflow python/framework/tensor_shape.py TensorShape, with the version
    1 behaviour: indexing and iteration give `Dimension`s.
    """

    __slots__ = ("__dict__", "__weakref__", "_dims")

    def __init__(self, dims: Any) -> None:
        """Make a shape from anything `as_dims` takes."""
        self._dims = as_dims(dims)

    @property
    def dims_tuple(self) -> Dims:
        """The shape as a plain tuple of int or None; None if the rank is unknown."""
        return self._dims

    @property
    def dims(self) -> list[Dimension] | None:
        """A list of `Dimension`s, or None if the rank is unknown."""
        return None if self._dims is None else [Dimension(d) for d in self._dims]

    @property
    def ndims(self) -> int | None:
        """The rank, or None if it is unknown."""
        return None if self._dims is None else len(self._dims)

    rank = ndims

    def __len__(self) -> int:
        """The rank.

        Raises:
            ValueError: It is unknown.
        """
        if self._dims is None:
            raise ValueError("Cannot take the length of shape with unknown rank.")
        return len(self._dims)

    def __bool__(self) -> bool:
        """Whether the rank is known."""
        return self._dims is not None

    def __iter__(self) -> Iterator[Dimension]:
        """Iterate over `Dimension`s.

        Raises:
            ValueError: The rank is unknown.
        """
        if self._dims is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return (Dimension(d) for d in self._dims)

    def __getitem__(self, key: Any) -> Any:
        """Return a `Dimension`, or a `TensorShape` for a slice."""
        if self._dims is not None:
            if isinstance(key, slice):
                return TensorShape(self._dims[key])
            return Dimension(self._dims[key])
        if not isinstance(key, slice):
            return Dimension(None)
        start = key.start if key.start is not None else 0
        stop = key.stop
        if key.step is not None:
            raise ValueError("Steps are not yet handled")
        if stop is None or start < 0 or stop < 0:
            return TensorShape(None)
        return TensorShape((None,) * max(0, stop - start))

    def num_elements(self) -> int | None:
        """The number of elements, or None if not fully known."""
        return num_elements(self._dims)

    def merge_with(self, other: Any) -> TensorShape:
        """Combine what both shapes know.

        Raises:
            ValueError: They are not compatible.
        """
        theirs = as_dims(other)
        try:
            return TensorShape(merge_dims(self._dims, theirs))
        except ValueError:
            raise ValueError(
                f"Shapes {self} and {TensorShape(theirs)} are not compatible"
            ) from None

    def concatenate(self, other: Any) -> TensorShape:
        """Append the dimensions of `other`."""
        theirs = as_dims(other)
        if self._dims is None or theirs is None:
            return TensorShape(None)
        return TensorShape(self._dims + theirs)

    def assert_same_rank(self, other: Any) -> None:
        """Raise `ValueError` if the ranks are known and differ."""
        theirs = TensorShape(other)
        if self.ndims is not None and theirs.ndims not in (None, self.ndims):
            raise ValueError(f"Shapes {self} and {theirs} must have the same rank")

    def assert_has_rank(self, rank: int | None) -> None:
        """Raise `ValueError` if the rank is known and not `rank`."""
        if self.ndims not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")

    def with_rank(self, rank: int) -> TensorShape:
        """Return this shape with the given rank.

        Raises:
            ValueError: It has another rank.
        """
        try:
            return self.merge_with(unknown_shape(rank))
        except ValueError:
            raise ValueError(f"Shape {self} must have rank {rank}") from None

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """Return this shape, whose rank must not be below `rank`."""
        if self.ndims is not None and self.ndims < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """Return this shape, whose rank must not be above `rank`."""
        if self.ndims is not None and self.ndims > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def is_compatible_with(self, other: Any) -> bool:
        """Whether an array could have both shapes."""
        return dims_compatible(self._dims, as_dims(other))

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raise `ValueError` unless an array could have both shapes."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are incompatible")

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """Return what both shapes know and agree on."""
        theirs = as_dims(other)
        if self._dims is None or theirs is None or len(self._dims) != len(theirs):
            return TensorShape(None)
        pairs = zip(self._dims, theirs, strict=True)
        return TensorShape(a if a == b else None for a, b in pairs)

    def most_specific_common_supertype(self, others: Any) -> TensorShape | None:
        """Return what all shapes know and agree on; None if one is no shape."""
        found = self
        for other in others:
            if not isinstance(other, TensorShape):
                return None
            found = found.most_specific_compatible_shape(other)
        return found

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every array of this shape also has the other, less known one."""
        is_shape = isinstance(other, TensorShape)
        return is_shape and is_refinement(self._dims, other.dims_tuple)

    def is_fully_defined(self) -> bool:
        """Whether every dimension is known."""
        return is_static(self._dims)

    def assert_is_fully_defined(self) -> None:
        """Raise `ValueError` unless every dimension is known."""
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    def as_list(self) -> list[int | None]:
        """Return a list of int or None.

        Raises:
            ValueError: The rank is unknown.
        """
        if self._dims is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._dims)

    def as_proto(self) -> TensorShapeProto:
        """Return the shape as a message."""
        return dims_to_proto(self._dims)

    def __add__(self, other: Any) -> TensorShape:
        """Append the dimensions of `other`."""
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        """Prepend the dimensions of `other`."""
        return TensorShape(other).concatenate(self)

    def __eq__(self, other: object) -> bool:
        """Equal if both know the same."""
        try:
            return self._dims == as_dims(other)
        except (TypeError, ValueError):
            return False

    def __hash__(self) -> int:
        """Hash of the known dimensions."""
        return hash(self._dims)

    def __str__(self) -> str:
        """Format as TensorFlow does: `(?, 3)`."""
        if self._dims is None:
            return "<unknown>"
        parts = ["?" if d is None else str(d) for d in self._dims]
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"

    def __repr__(self) -> str:
        """Format as TensorFlow does."""
        if self._dims is None:
            return "TensorShape(None)"
        inner = ", ".join(f"Dimension({d})" for d in self._dims)
        return f"TensorShape([{inner}])"

    def __reduce__(self) -> tuple[Any, tuple[list[Dimension] | None]]:
        """Pickle by dimensions."""
        return TensorShape, (self.dims,)


def as_shape(shape: Any) -> TensorShape:
    """Convert anything that describes a shape to a `TensorShape`."""
    return shape if isinstance(shape, TensorShape) else TensorShape(shape)


def unknown_shape(rank: int | None = None, **arguments: int | None) -> TensorShape:
    """Return a shape of which at most the rank is known; it was called `ndims`."""
    if rank is None:
        rank = arguments.pop("ndims", None)
    if arguments:
        raise TypeError(f"Unknown argument: {arguments}")
    return TensorShape(None if rank is None else (None,) * rank)


SCALAR: Final[Dims] = ()
