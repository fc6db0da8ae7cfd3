"""Numbers to text and back, on the host; twin of `ops/string_numbers.py`.

Source: tensorflow core/kernels/as_string_op.cc, core/kernels/string_to_number_op.cc.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError, UnimplementedError
from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.kernels.decimal_digits import Spans, read_decimals, read_integers
from metagraft.kernels.kernel import Array, Kernel

_FLAGS: Final = ("", " ", "+", "-", "0", "#")
_SPACE: Final = r"[ \t\n\v\f\r]*"
_DIGITS: Final = r"(?:\d+\.?\d*|\.\d+)"
_HEX_DIGITS: Final = r"0x(?:[\da-f]+\.?[\da-f]*|\.[\da-f]+)(?:p[+-]?\d+)?"
# Fewer are read one by one: NumPy would only cost time.
_LEAST_AT_ONCE: Final = 32
_FEW: Final = 4
# Of so many bytes Python reads a decimal as fast.
_SHORT: Final = 17
# Of so many bytes, or so few, whole numbers are read faster by NumPy's reader.
_LONG: Final = 14
_MANY: Final = 1024
# What plain numbers, with spaces between them, are made of.
_DECIMAL_BYTES: Final = b"0123456789+-.eE "
_INTEGER_BYTES: Final = b"0123456789- "
_MINUS: Final = ord("-")
_SPACE_BYTE: Final = ord(" ")
_WIDEST: Final = np.iinfo(np.int64)
_Texts = Sequence[bytes] | Spans
_INTEGER: Final = re.compile(rf"{_SPACE}([+-]?\d+){_SPACE}".encode())
_FLOAT: Final = re.compile(
    rf"{_SPACE}([+-]?)(?:({_DIGITS}(?:e[+-]?\d+)?)|({_HEX_DIGITS})|(inf(?:inity)?)"
    rf"|nan(?:\(\w*\))?){_SPACE}".encode(),
    re.IGNORECASE,
)


def as_string(attrs: Attrs, input: Array) -> tuple[Array]:
    dtype = as_dtype(attrs["T"])
    _check_attrs(attrs, dtype)
    if dtype.name == "variant":
        raise UnimplementedError(None, None, "AsString of variants is not supported.")
    texts: Array = np.fromiter(_shown(attrs, dtype, input), object, np.size(input))
    return (texts.reshape(np.shape(input)),)


def _shown(attrs: Attrs, dtype: DType, input: Array) -> Iterable[bytes]:
    """Return the text of every element."""
    items = np.ravel(input).tolist()
    if dtype.is_bool:
        return [b"true" if item else b"false" for item in items]
    flag: str = attrs["fill"].decode("latin-1")
    width, precision = attrs["width"], attrs["precision"]
    size = str(width) if width > -1 else ""
    places = f".{precision}" if precision > -1 else ""
    if dtype.name == "string":
        # A zero is no flag of strings.
        form = f"%{flag.replace('0', '')}{size}{places}s".encode()
        return [form % item for item in items]
    if dtype.is_integer:
        # Numbers without sign do not show one.
        signless = flag in {"+", " "} and dtype.is_unsigned
        return _at_once(f"%{'' if signless else flag}{size}d", items)
    kind = "g" if attrs["shortest"] else "e" if attrs["scientific"] else "f"
    form_of_numbers = f"%{flag}{size}{places}{kind}"
    if not dtype.is_complex and np.isfinite(input).all():
        return _at_once(form_of_numbers, items)
    return map(_float_shower(form_of_numbers, flag, size, dtype.is_complex), items)


def _at_once(form: str, items: list[Any]) -> list[bytes]:
    """Put numbers into a form, in half the time that one after the other takes."""
    return (f"{form}\0".encode() * len(items) % tuple(items)).split(b"\0")[:-1]


def _float_shower(
    form: str, flag: str, size: str, is_complex: bool
) -> Callable[[Any], bytes]:
    # Zeros do not fill what is no number.
    form_of_names = f"%{flag.replace('0', '').replace('#', '')}{size}s"

    def shown(number: float) -> str:
        if math.isfinite(number):
            return form % number
        negative = math.copysign(1, number) < 0
        sign = "-" if negative else flag if flag in {"+", " "} else ""
        return form_of_names % f"{sign}{'nan' if math.isnan(number) else 'inf'}"

    if is_complex:
        return lambda item: f"({shown(item.real)},{shown(item.imag)})".encode()
    return lambda item: shown(item).encode()


def _check_attrs(attrs: Attrs, dtype: DType) -> None:
    """Refuse what does not go together, in TensorFlow's order."""
    fill: bytes = attrs["fill"]
    scientific, shortest = attrs["scientific"], attrs["shortest"]
    if not (dtype.is_floating or dtype.is_complex or dtype.name == "string"):
        if scientific or shortest:
            raise _invalid(
                "scientific and shortest format not supported for datatype "
                f"{dtype.name}"
            )
        if attrs["precision"] >= 0:
            raise _invalid(f"precision not supported for datatype {dtype.name}")
    if len(fill) > 1:
        raise _invalid("Fill string must be one or fewer characters")
    if scientific and shortest:
        raise _invalid("Cannot select both scientific and shortest notation")
    if fill.decode("latin-1") not in _FLAGS:
        raise _invalid(f'Fill argument not supported: "{fill.decode("latin-1")}"')


def string_to_number(attrs: Attrs, string_tensor: Array) -> tuple[Array]:
    dtype = as_dtype(attrs["out_type"])
    texts = np.ravel(string_tensor).tolist()
    numbers, wrong = read_numbers(texts, dtype)
    if wrong is not None:
        raise _invalid(
            "StringToNumberOp could not correctly convert string: "
            + texts[wrong].decode("utf-8", "backslashreplace")
        )
    return (numbers.reshape(np.shape(string_tensor)),)


def read_numbers(texts: Sequence[bytes], dtype: DType) -> tuple[Array, int | None]:
    """Read texts as numbers of a type; tell which is the first that is none."""
    if len(texts) < _FEW:
        numbers = np.zeros(len(texts), dtype.as_numpy_dtype)
        return _read_rest(numbers, range(len(texts)), texts)
    wide: Array | None
    if dtype.is_floating:
        if (wide := _python_floats(texts, _SHORT)) is not None:
            return _narrowed(wide, np.bool_(1), texts, dtype)
    else:
        shortest = _LONG if len(texts) >= _MANY else 0
        if (wide := _plain_integers(texts, shortest)) is not None:
            return _narrowed(wide, np.bool_(1), texts, dtype)
    if len(texts) < _LEAST_AT_ONCE:
        numbers = np.zeros(len(texts), dtype.as_numpy_dtype)
        return _read_rest(numbers, range(len(texts)), texts)
    return read_spans(Spans.of(texts), dtype)


def read_spans(texts: Spans, dtype: DType) -> tuple[Array, int | None]:
    """Read texts that lie in the same bytes as `read_numbers` does."""
    read = read_decimals if dtype.is_floating else read_integers
    return _narrowed(*read(texts), texts, dtype)


def _python_floats(texts: Sequence[bytes], longest: float = math.inf) -> Array | None:
    """Read decimals with Python; None if some may be none, or most are longer."""
    joined = b" ".join(texts)
    if len(joined) > longest * len(texts) or joined.translate(None, _DECIMAL_BYTES):
        return None
    try:
        return np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        return None


def _plain_integers(texts: Sequence[bytes], shortest: int = 0) -> Array | None:
    """Read whole numbers; None if some may be none, too large or with spaces.

    None, too, if most are shorter than `shortest`.
    """
    joined = b" ".join((b"", *texts))
    if len(joined) < shortest * len(texts) or joined.translate(None, _INTEGER_BYTES):
        return None
    if joined.count(b" ") > len(texts) or b"  " in joined or joined[-1:] in b" -":
        return None
    if b"-" in joined:
        content = np.frombuffer(joined, np.uint8)
        at = (content == _MINUS).nonzero()[0]
        # In front of each is a space, and a digit follows.
        if (content[at + 1] <= _MINUS).any() or (content[at - 1] != _SPACE_BYTE).any():
            return None
    numbers = np.fromstring(joined, np.int64, sep=" ")
    # What is too large becomes one of these.
    is_extreme = (numbers == _WIDEST.max) | (numbers == _WIDEST.min)
    return None if is_extreme.any() else numbers


def _narrowed(
    wide: Array, right: Array, texts: _Texts, dtype: DType
) -> tuple[Array, int | None]:
    """Give numbers their type; those that are not right or not certain are read."""
    kind = dtype.as_numpy_dtype
    with np.errstate(over="ignore"):
        numbers = wide.astype(kind)
        rest = (~(right & _is_certain(wide, kind))).nonzero()[0]
        if rest.size >= _LEAST_AT_ONCE:
            read = _python_floats if dtype.is_floating else _plain_integers
            again = read([texts[place] for place in rest.tolist()])
            if again is not None:
                numbers[rest] = again.astype(kind)
                rest = rest[~_is_certain(again, kind)]
    return _read_rest(numbers, rest.tolist(), texts)


def _read_rest(
    numbers: Array, places: Iterable[int], texts: _Texts
) -> tuple[Array, int | None]:
    """Read texts one by one."""
    parse = _parsed_float if numbers.dtype.kind == "f" else _parsed_integer
    known: dict[bytes, Any] = {}  # what is no decimal is often the same: nan
    for place in places:
        text = texts[place]
        if text not in known:
            known[text] = parse(text, numbers.dtype.type)
        if known[text] is None:
            return numbers, place
        numbers[place] = known[text]
    return numbers, None


def _is_certain(wide: Array, dtype: Any) -> Array:
    """Tell which numbers become those of a type without being rounded twice."""
    if wide.dtype == dtype:
        return np.ones(wide.shape, bool)
    if wide.dtype == np.int64:
        limits = np.iinfo(dtype)
        # Numbers without sign take none, not even that of zero.
        least = limits.min or 1
        return (wide >= least) & (wide.astype(dtype) == wide)
    # Rounded twice, from the decimal to a double and then on: wrong for doubles that
    # lie half-way, and for numbers that are close to none or to infinity.
    low = wide.view(np.uint64) & np.uint64(0x1FFFFFFF)
    size = np.abs(wide)
    far = (size < np.finfo(dtype).tiny) | (size > np.finfo(dtype).max)
    return (low != 0x10000000) & ~(far & (size > 0))


def _parsed_integer(text: bytes, dtype: Any) -> int | None:
    match = _INTEGER.fullmatch(text)
    limits = np.iinfo(dtype)
    # Numbers without sign take none, not even that of zero.
    if match is None or (limits.min == 0 and match[1].startswith(b"-")):
        return None
    number = int(match[1])
    return number if limits.min <= number <= limits.max else None


def _parsed_float(text: bytes, dtype: Any) -> Any:
    match = _FLOAT.fullmatch(text)
    if match is None:
        return None
    sign, decimal, hexadecimal, infinite = match.groups()
    if decimal:
        magnitude = _rounded(decimal.decode(), dtype)
    elif hexadecimal:
        magnitude = _of_hexadecimal(hexadecimal.decode(), dtype)
    else:
        magnitude = dtype(math.inf if infinite else math.nan)
    return -magnitude if sign == b"-" else magnitude


def _of_hexadecimal(text: str, dtype: Any) -> Any:
    try:
        number = float.fromhex(text)
    except OverflowError:
        number = math.inf
    with np.errstate(over="ignore"):
        return dtype(number)


def _rounded(text: str, dtype: Any) -> Any:
    """Return the number nearest to a decimal, which is rounded once."""
    wide = float(text)
    with np.errstate(over="ignore"):
        near = dtype(wide)
    if float(near) == wide or not math.isfinite(float(near)):
        return near
    other = np.nextafter(near, dtype(math.inf if wide > float(near) else 0))
    if float(near) + float(other) != 2 * wide:
        return near
    # As a double it lies half-way; which side the decimal itself is on decides.
    exact, middle = Fraction(text), Fraction(wide)
    if exact == middle:
        return near
    return max(near, other) if exact > middle else min(near, other)


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "AsString": Kernel(as_string, host=True),
    "StringToNumber": Kernel(string_to_number, host=True),
}
