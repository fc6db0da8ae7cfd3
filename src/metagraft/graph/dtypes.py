"""Element types of tensors: `DType` and its constants.

A dtype is named by its number in the `DataType` enum; a reference type, the output
type of a reference variable, is that number plus 100.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Any, Final

import ml_dtypes
import numpy as np

from metagraft.formats.element_types import NUMPY_DTYPES

_REF_OFFSET: Final = 100

# Names in the order of the enum's numbers. DO NOT CHANGE: the numbers are on disk.
_NAMES: Final = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    7: "string",
    8: "complex64",
    9: "int64",
    10: "bool",
    11: "qint8",
    12: "quint8",
    13: "qint32",
    14: "bfloat16",
    15: "qint16",
    16: "quint16",
    17: "uint16",
    18: "complex128",
    19: "float16",
    20: "resource",
    21: "variant",
    22: "uint32",
    23: "uint64",
    24: "float8_e5m2",
    25: "float8_e4m3fn",
    26: "float8_e4m3fnuz",
    27: "float8_e4m3b11fnuz",
    28: "float8_e5m2fnuz",
    29: "int4",
    30: "uint4",
    31: "int2",
    32: "uint2",
    33: "float4_e2m1fn",
}
_ALIASES: Final = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
}
_FLOATING: Final = frozenset({1, 2, 14, 19, 24, 25, 26, 27, 28, 33})
_COMPLEX: Final = frozenset({8, 18})
_QUANTIZED: Final = frozenset({11, 12, 13, 15, 16})
_UNSIGNED: Final = frozenset({4, 17, 22, 23, 30, 32})
_INTEGER: Final = frozenset({3, 4, 5, 6, 9, 17, 22, 23, 29, 30, 31, 32})
_IMAGE_TYPES: Final = frozenset({3, 4, 5, 6, 9, 10, 17, 22, 23})
_WITHOUT_SIZE: Final = frozenset({7, 20, 21})

# TF: does not count the types of few bits among the numbers.
_NUMERIC: Final = _QUANTIZED | {1, 2, 3, 4, 5, 6, 8, 9, 14, 17, 18, 19, 22, 23}
_KERNEL_NAMES: Final = {"float32": "float", "float64": "double", "float16": "half"}


class DType:
    """The element type of a tensor.

    Source: tensorflow python/framework/dtypes.py DType.
    """

    __slots__ = ("_base", "_name", "_numpy", "as_datatype_enum", "base_dtype")

    # Both are read several times for every node that is built.
    # The number in the `DataType` enum; messages want their own enum class.
    as_datatype_enum: Any
    # The type without reference; for itself, itself.
    base_dtype: DType

    def __init__(self, type_enum: int) -> None:
        """Make the dtype of a `DataType` number (a reference type is > 100)."""
        number = int(type_enum)
        base = number - _REF_OFFSET if number > _REF_OFFSET else number
        if base not in _NAMES:
            raise TypeError(f"{type_enum!r} is not a valid DataType number.")
        self.as_datatype_enum = number
        self._base = base
        self._name = _NAMES[base] + ("_ref" if number != base else "")
        self._numpy = NUMPY_DTYPES.get(base)

    @property
    def name(self) -> str:
        """The name, such as `float32` or `float32_ref`."""
        return self._name

    @property
    def as_numpy_dtype(self) -> Any:  # a NumPy scalar class, as in TensorFlow
        """The NumPy scalar type of the elements (`object` for strings)."""
        if self._numpy is None or self._numpy.hasobject:
            return object
        return self._numpy.type

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The `numpy.dtype` of host arrays of this type."""
        return np.dtype(object) if self._numpy is None else self._numpy

    @property
    def real_dtype(self) -> DType:
        """The type of the real part: itself unless complex."""
        return {8: float32, 18: float64}.get(self._base, self)

    @property
    def is_ref(self) -> builtins.bool:
        """Whether this is a reference type."""
        return self.as_datatype_enum > _REF_OFFSET

    @property
    def as_ref(self) -> DType:
        """The reference type of the same elements."""
        return _INTERNED[self._base + _REF_OFFSET]

    @property
    def is_bool(self) -> builtins.bool:
        """Whether the elements are booleans."""
        return self._base == 10

    @property
    def is_numpy_compatible(self) -> builtins.bool:
        """Whether NumPy arrays can hold the elements."""
        return self._base not in {20, 21}

    @property
    def is_integer(self) -> builtins.bool:
        """Whether the elements are integers (quantised types are not)."""
        return self._base in _INTEGER

    @property
    def is_floating(self) -> builtins.bool:
        """Whether the elements are real floating-point numbers."""
        return self._base in _FLOATING

    @property
    def is_complex(self) -> builtins.bool:
        """Whether the elements are complex."""
        return self._base in _COMPLEX

    @property
    def is_quantized(self) -> builtins.bool:
        """Whether this is one of the quantised types."""
        return self._base in _QUANTIZED

    @property
    def is_numeric(self) -> builtins.bool:
        """Whether the elements are numbers, quantised ones included."""
        return self._base in _NUMERIC

    def is_subtype_of(self, other: Any) -> builtins.bool:
        """Whether every element of this type is one of the other."""
        return self == other

    def most_specific_common_supertype(self, types: Iterable[Any]) -> DType | None:
        """Return this type if all others are it, too."""
        return self if all(self == other for other in types) else None

    @property
    def is_unsigned(self) -> builtins.bool:
        """Whether the elements are unsigned integers."""
        return self._base in _UNSIGNED

    @property
    def size(self) -> int:
        """Bytes of one element; 0 for strings, handles and variants."""
        if self._base in _WITHOUT_SIZE or self._numpy is None:
            return 0
        return self._numpy.itemsize

    @property
    def min(self) -> Any:  # a number of the type
        """The smallest value of the type.

        Raises:
            TypeError: The type has no order.
        """
        return self._limit("min")

    @property
    def max(self) -> Any:  # a number of the type
        """The largest value of the type.

        Raises:
            TypeError: The type has no order.
        """
        return self._limit("max")

    def _limit(self, end: str) -> Any:
        if self._base in _WITHOUT_SIZE - {7}:
            raise TypeError(f"Cannot find {end}imum value of {self}.")
        if self.is_quantized or self._base in {7, 8, 10, 18}:
            kind = "quantized type" if self.is_quantized else "type"
            raise TypeError(
                f"Cannot find {end}imum value of {self} with {kind} {self.base_dtype}."
            )
        # ml_dtypes describes NumPy's types and its own; it ships no types for these.
        describe: Any = ml_dtypes.finfo if self.is_floating else ml_dtypes.iinfo
        return getattr(describe(self.numpy_dtype), end)

    @property
    def limits(self) -> tuple[Any, Any]:
        """Zero and the largest value used for images of this type.

        Raises:
            ValueError: The type is none that images have.
        """
        if self._base in {1, 2}:
            return (0, 1)
        if self._base not in _IMAGE_TYPES:
            raise ValueError(f"{self} does not have defined limits.")
        return (0, True if self.is_bool else self.max)

    def is_compatible_with(self, other: Any) -> builtins.bool:
        """Whether a tensor of type `other` may stand where this type is expected."""
        other_type = as_dtype(other)
        return self.as_datatype_enum in (
            other_type.as_datatype_enum,
            other_type.base_dtype.as_datatype_enum,
        )

    def __eq__(self, other: object) -> builtins.bool:
        """Compare by number; anything that names a dtype may be compared."""
        if self is other:
            return True
        if not isinstance(other, DType):
            if other is None:
                return False
            try:
                other = as_dtype(other)
            except TypeError:
                return False
        return self.as_datatype_enum == other.as_datatype_enum

    def __hash__(self) -> int:
        """Hash by number."""
        return self.as_datatype_enum

    def __int__(self) -> int:
        """The number in the `DataType` enum."""
        return self.as_datatype_enum

    def __str__(self) -> str:
        """Format as TensorFlow does."""
        return f"<dtype: {self._name!r}>"

    def __repr__(self) -> str:
        """Format as TensorFlow does."""
        return f"tf.{self._name}"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        """Pickle by name."""
        return as_dtype, (self._name,)


_INTERNED: Final[dict[int, DType]] = {
    number: DType(number) for base in _NAMES for number in (base, base + _REF_OFFSET)
}
for _dtype in _INTERNED.values():
    _dtype.base_dtype = _INTERNED[_dtype._base]  # noqa: SLF001 - same module
_BY_NAME: Final[dict[str, DType]] = {d.name: d for d in _INTERNED.values()}
_BY_NAME.update({alias: _BY_NAME[name] for alias, name in _ALIASES.items()})
_BY_NAME.update({f"{a}_ref": _BY_NAME[f"{n}_ref"] for a, n in _ALIASES.items()})

float32 = _BY_NAME["float32"]
float64 = _BY_NAME["float64"]
double = float64
int32 = _BY_NAME["int32"]
uint8 = _BY_NAME["uint8"]
int16 = _BY_NAME["int16"]
int8 = _BY_NAME["int8"]
string = _BY_NAME["string"]
complex64 = _BY_NAME["complex64"]
int64 = _BY_NAME["int64"]
bool = _BY_NAME["bool"]
qint8 = _BY_NAME["qint8"]
quint8 = _BY_NAME["quint8"]
qint32 = _BY_NAME["qint32"]
bfloat16 = _BY_NAME["bfloat16"]
qint16 = _BY_NAME["qint16"]
quint16 = _BY_NAME["quint16"]
uint16 = _BY_NAME["uint16"]
complex128 = _BY_NAME["complex128"]
float16 = _BY_NAME["float16"]
half = float16
resource = _BY_NAME["resource"]
variant = _BY_NAME["variant"]
uint32 = _BY_NAME["uint32"]
uint64 = _BY_NAME["uint64"]
float8_e5m2 = _BY_NAME["float8_e5m2"]
float8_e4m3fn = _BY_NAME["float8_e4m3fn"]
float8_e4m3fnuz = _BY_NAME["float8_e4m3fnuz"]
float8_e4m3b11fnuz = _BY_NAME["float8_e4m3b11fnuz"]
float8_e5m2fnuz = _BY_NAME["float8_e5m2fnuz"]
int2 = _BY_NAME["int2"]
uint2 = _BY_NAME["uint2"]
int4 = _BY_NAME["int4"]
uint4 = _BY_NAME["uint4"]
float4_e2m1fn = _BY_NAME["float4_e2m1fn"]

QUANTIZED_DTYPES: Final = frozenset(
    d for d in _INTERNED.values() if d.base_dtype.as_datatype_enum in _QUANTIZED
)

# Quantised numbers live in plain integer arrays, so they are not found by NumPy type.
_BY_NUMPY: Final[dict[np.dtype[Any], DType]] = {
    NUMPY_DTYPES[number]: _INTERNED[number]
    for number in _NAMES
    if number not in _QUANTIZED and number not in {7, 20, 21} and number in NUMPY_DTYPES
}

# Whatever names a type: what is equal to a key does, as `True` is 1.
_BY_ANY: Final[dict[Any, DType]] = {
    **_INTERNED,
    **_BY_NAME,
    **{key.type: found for key, found in _BY_NUMPY.items()},
    np.longlong: _BY_NAME["int64"],
    np.ulonglong: _BY_NAME["uint64"],
    **dict.fromkeys((np.str_, np.bytes_, np.object_, object), string),
    float: float32,
    builtins.bool: bool,
}


def _of_record(found: np.dtype[Any]) -> DType | None:
    """The quantized type that is TensorFlow's record of one number of that name."""
    (name,) = found.names if found.names and len(found.names) == 1 else ("",)
    dtype = _BY_NAME.get(name)
    return dtype if dtype in QUANTIZED_DTYPES else None


def kernel_name(dtype: DType) -> str:
    """Return the name that errors of TensorFlow's kernels give a type: `float`."""
    return _KERNEL_NAMES.get(dtype.name, dtype.name)


def from_enum(number: int) -> DType:
    """Return the dtype of a `DataType` number.

    Raises:
        TypeError: There is no such type.
    """
    try:
        return _INTERNED[number]
    except KeyError:
        raise TypeError(f"{number!r} is not a valid DataType number.") from None


def as_dtype(type_value: Any) -> DType:
    """Convert a `DType`, `DataType` number, name or NumPy type to a `DType`.

    Raises:
        TypeError: `type_value` names no TensorFlow type.
    """
    if type(type_value) is DType:
        return type_value
    try:
        found = _BY_ANY.get(
            type_value.type if isinstance(type_value, np.dtype) else type_value
        )
    except TypeError:  # it has no hash
        found = None
    found = found or _of_other_object(type_value)
    if found is None:
        raise TypeError(
            f"Cannot convert the argument `type_value`: {type_value!r} to a TensorFlow"
            " DType."
        )
    return found


def _of_other_object(type_value: Any) -> DType | None:
    """The dtype of TensorFlow's own `DType`, or of something that has one of NumPy."""
    number = getattr(type_value, "as_datatype_enum", None)
    if isinstance(number, int):
        return from_enum(number)
    if isinstance(type_value, np.dtype):
        return _of_record(type_value)
    if not hasattr(type_value, "dtype"):
        return None
    try:
        return _BY_ANY.get(np.dtype(type_value.dtype).type)
    except (TypeError, ValueError):
        return None
