# ruff: noqa: N802, PT009 - a unittest.TestCase with the names that TensorFlow gave
"""Assertions on arrays and messages, which `tf.test.TestCase` adds to unittest's.

Source: tensorflow python/framework/test_util.py, python/util/protobuf/compare.py.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import ml_dtypes
import numpy as np
import numpy.typing as npt
from absl.testing import absltest
from google.protobuf.message import Message

from metagraft import errors
from metagraft.api.ragged_tensor import is_ragged
from metagraft.api.ragged_value import RaggedTensorValue
from metagraft.graph.conversion import is_tensor
from metagraft.graph.devices import canonical_name
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.graph import PRODUCER_VERSION
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor
from metagraft.meta_graph.producer import LEAST_CONSUMER
from metagraft.proto.coercion import as_message
from metagraft.proto.text import format_text, parse_text

__all__ = ["ArrayAssertions"]

Array = npt.NDArray[Any]
_SHOWN_ELEMENTS: Final = 10
# Relative and absolute tolerances by the less precise of two element types.
_NARROW: Final = {"float32": "float", "float16": "half", "bfloat16": "bfloat16"}


class ArrayAssertions(absltest.TestCase):
    """Assertions on what tensors hold; tensors are evaluated first."""

    def evaluate(self, tensors: Any) -> Any:
        """Return the values of tensors, in the structure they come in."""
        raise NotImplementedError("TestCase gives tensors their values")

    # -- closeness -------------------------------------------------------------------

    def assertAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: Any = None
    ) -> None:
        """Check arrays, or structures of them, element by element.

        Ragged tensors are compared as lists.

        Args:
            a: An array, a tensor, or lists and dictionaries of them.
            b: What `a` must be close to: |a - b| <= atol + rtol * |b|.
            rtol: Relative tolerance.
            atol: Absolute tolerance.
            msg: Text for the failure.

        Raises:
            ValueError: The structures differ.
        """
        if is_ragged(a) or is_ragged(b):
            self._check_ragged_ranks(a, b)
            a, b = self._nested(a), self._nested(b)
            self._check_lists_close(a, b, rtol, atol, "value", msg)
            return
        self._check_close(a, b, rtol, atol, "", msg)

    def _check_lists_close(
        self, a: Any, b: Any, rtol: float, atol: float, path: str, msg: Any
    ) -> None:
        self.assertEqual(isinstance(a, list), isinstance(b, list), f"{path}: {msg}")
        if not isinstance(a, list):
            self._check_arrays_close(np.asarray(a), np.asarray(b), rtol, atol, path)
            return
        self.assertEqual(len(a), len(b), f"Length differs for {path}")
        for index, (one, other) in enumerate(zip(a, b, strict=True)):
            place = f"{path}[{index}]"
            self._check_lists_close(one, other, rtol, atol, place, msg)

    def _check_ragged_ranks(self, a: Any, b: Any) -> None:
        """Check that ragged tensors have as many ragged axes; lists may have any."""
        if not isinstance(a, list) and not isinstance(b, list):
            ranks = [value.ragged_rank if is_ragged(value) else 0 for value in (a, b)]
            self.assertEqual(*ranks)

    def _check_close(
        self, a: Any, b: Any, rtol: float, atol: float, path: str, msg: Any
    ) -> None:
        a = a._asdict() if hasattr(a, "_asdict") else a
        b = b._asdict() if hasattr(b, "_asdict") else b
        if isinstance(a, Mapping) != isinstance(b, Mapping):
            raise ValueError(f"Can't compare dict to non-dict, a{path} vs b{path}.")
        if isinstance(a, Mapping):
            self.assertCountEqual(a, b, f"mismatched keys of a{path} and b{path}")
            for key in a:
                self._check_close(a[key], b[key], rtol, atol, f"{path}[{key}]", msg)
            return
        if isinstance(a, (list, tuple)) and not _is_rectangular(a):
            if len(a) != len(b):
                raise ValueError(
                    f"Mismatched length: a{path} has {len(a)} items, but b{path} has "
                    f"{len(b)} items."
                )
            for index, (one, other) in enumerate(zip(a, b, strict=True)):
                self._check_close(one, other, rtol, atol, f"{path}[{index}]", msg)
            return
        place = f"a{path} is different from b{path}. {msg or ''}"
        self._check_arrays_close(*self._arrays(a, b), rtol, atol, place)

    def _check_arrays_close(
        self, a: Array, b: Array, rtol: float, atol: float, msg: str
    ) -> None:
        self._check_same_shape(a, b, msg)
        a, b = _widened(a), _widened(b)
        if np.ndim(rtol) or np.ndim(atol):  # NumPy cannot tell such tolerances
            if not np.allclose(a, b, rtol, atol, equal_nan=True):
                self.fail(f"Not equal to tolerance rtol={rtol}, atol={atol}. {msg}")
            return
        np.testing.assert_allclose(a, b, rtol, atol, equal_nan=True, err_msg=msg)

    def assertNotAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: Any = None
    ) -> None:
        """Check that arrays are not close; arguments as of `assertAllClose`."""
        try:
            self.assertAllClose(a, b, rtol, atol)
        except AssertionError:
            return
        raise AssertionError(f"The two values are close at all elements. {msg or ''}")

    def assertAllCloseAccordingToType(
        self,
        a: Any,
        b: Any,
        rtol: float = 1e-6,
        atol: float = 1e-6,
        float_rtol: float = 1e-6,
        float_atol: float = 1e-6,
        half_rtol: float = 1e-3,
        half_atol: float = 1e-3,
        bfloat16_rtol: float = 1e-2,
        bfloat16_atol: float = 1e-2,
        msg: Any = None,
    ) -> None:
        """Check arrays with the tolerance of the less precise element type."""
        by_kind = {
            "float": (float_rtol, float_atol),
            "half": (half_rtol, half_atol),
            "bfloat16": (bfloat16_rtol, bfloat16_atol),
        }
        one, other = self._arrays(a, b)
        for name in {one.dtype.name, other.dtype.name} & set(_NARROW):
            least = by_kind[_NARROW[name]]
            rtol, atol = max(rtol, least[0]), max(atol, least[1])
        self.assertAllClose(one, other, rtol, atol, msg)

    def assertNear(self, f1: Any, f2: Any, err: float, msg: Any = None) -> None:
        """Check that two numbers differ by at most `err`."""
        f1, f2 = np.squeeze(f1), np.squeeze(f2)
        if f1 != f2 and not abs(f1 - f2) <= err:
            self.fail(self._formatMessage(msg, f"{f1} != {f2} +/- {err}"))

    def assertArrayNear(
        self, farray1: Any, farray2: Any, err: float, msg: Any = None
    ) -> None:
        """Check that the numbers of two lists differ by at most `err` each."""
        self.assertEqual(len(farray1), len(farray2), msg)
        for f1, f2 in zip(farray1, farray2, strict=True):
            self.assertNear(float(f1), float(f2), err, msg)

    def assertNDArrayNear(
        self, ndarray1: Any, ndarray2: Any, err: float, msg: Any = None
    ) -> None:
        """Check that the norm of the difference of two arrays is below `err`."""
        self.assertLess(np.linalg.norm(ndarray1 - ndarray2), err, msg)

    # -- equality and order ----------------------------------------------------------

    def assertAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        """Check that arrays are equal; NaN equals NaN, text its UTF-8 bytes.

        Lists that are no arrays are compared part by part, ragged tensors as lists.
        """
        if is_ragged(a) or is_ragged(b):
            self._check_ragged_ranks(a, b)
            self.assertEqual(self._nested(a), self._nested(b), msg)
            return
        if _is_ragged(a) or _is_ragged(b):
            self.assertEqual(len(a), len(b), msg)
            for one_part, other_part in zip(a, b, strict=True):
                self.assertAllEqual(one_part, other_part, msg)
            return
        one, other = self._arrays(a, b)
        self._check_same_shape(one, other, str(msg or ""))
        kinds = {one.dtype.kind, other.dtype.kind}
        if len(kinds) == 2 and kinds <= {"U", "S", "O"}:
            one, other = _as_bytes(one), _as_bytes(other)
        one, other = _widened(one), _widened(other)
        np.testing.assert_array_equal(one, other, err_msg=str(msg or ""))

    def assertNotAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
        """Check that arrays differ in shape or in an element."""
        try:
            self.assertAllEqual(a, b)
        except AssertionError:
            return
        raise AssertionError(f"The two values are equal at all elements. {msg or ''}")

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        """Check that every element is greater than a number."""
        a, comparison_target = self.evaluate_if_both_tensors(a, comparison_target)
        self.assertGreater(np.min(self._array(a)), comparison_target)

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        """Check that every element is less than a number."""
        a, comparison_target = self.evaluate_if_both_tensors(a, comparison_target)
        self.assertLess(np.max(self._array(a)), comparison_target)

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        """Check that every element is at least a number."""
        a, comparison_target = self.evaluate_if_both_tensors(a, comparison_target)
        self.assertGreaterEqual(np.min(self._array(a)), comparison_target)

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        """Check that every element is at most a number."""
        a, comparison_target = self.evaluate_if_both_tensors(a, comparison_target)
        self.assertLessEqual(np.max(self._array(a)), comparison_target)

    def assertAllInRange(
        self,
        target: Any,
        lower_bound: Any,
        upper_bound: Any,
        open_lower_bound: bool = False,
        open_upper_bound: bool = False,
    ) -> None:
        """Check that every element lies between two bounds, and none is NaN."""
        found = self._array(target)
        if found.dtype.kind not in "iuf" and as_dtype(found.dtype).name != "bfloat16":
            raise AssertionError(
                f"The value of {target} does not have an ordered numeric type, instead "
                f"it has type: {found.dtype}"
            )
        below = found <= lower_bound if open_lower_bound else found < lower_bound
        above = found >= upper_bound if open_upper_bound else found > upper_bound
        outside = np.atleast_1d(below | above | np.isnan(found))
        if outside.any():
            left = "(" if open_lower_bound else "["
            right = ")" if open_upper_bound else "]"
            raise AssertionError(
                f"{int(outside.sum())} of the {found.size} element(s) are outside the "
                f"range {left}{lower_bound}, {upper_bound}{right}, the first at "
                f"{np.argwhere(outside)[:_SHOWN_ELEMENTS].tolist()}: "
                f"{np.atleast_1d(found)[outside][:_SHOWN_ELEMENTS]}"
            )

    def assertAllInSet(self, target: Any, expected_set: Collection[Any]) -> None:
        """Check that every element is one of a set."""
        others = np.setdiff1d(self._array(target).ravel(), list(expected_set))
        if others.size:
            raise AssertionError(
                f"{others.size} unique element(s) are not in the set {expected_set}: "
                f"{others}"
            )

    # -- properties ------------------------------------------------------------------

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        """Check the element type of an array or tensor."""
        self.assertEqual(
            self._array(target).dtype, as_dtype(expected_dtype).numpy_dtype
        )

    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: Any = None) -> None:
        """Check that two arrays or tensors have the same (static) shape.

        Raises:
            TypeError: One is neither an array nor a tensor.
        """
        shapes = []
        for name, value in (("input_a", input_a), ("input_b", input_b)):
            if not isinstance(value, (np.ndarray, np.generic, Tensor)):
                raise TypeError(
                    f"{name} must be a Numpy ndarray, Numpy scalar, or a Tensor."
                    f"Instead received {type(value)}"
                )
            shapes.append(TensorShape(value.shape).as_list())
        self.assertEqual(shapes[0], shapes[1], msg)

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: Any = None) -> None:
        """Check that two devices, texts or `DeviceSpec`s, are the same."""
        self.assertEqual(canonical_name(device1), canonical_name(device2), msg)

    def assertStartsWith(
        self, actual: str, expected_start: str, msg: Any = None
    ) -> None:
        """Check how a text begins."""
        if not actual.startswith(expected_start):
            text = f"{actual!r} does not start with {expected_start!r}"
            self.fail(self._formatMessage(msg, text))

    def assertItemsEqual(self, first: Any, second: Any, msg: Any = None) -> None:
        """Check that two collections hold the same, in whatever order."""
        self.assertCountEqual(first, second, msg)

    def assertProtoEquals(
        self,
        expected_message_maybe_ascii: Any,
        validate_message: Any,
        msg: Any = None,
        relative_tolerance: float | None = None,
    ) -> None:
        """Check a message against another, or against one as text.

        Args:
            expected_message_maybe_ascii: The message, or its text.
            validate_message: What is checked.
            msg: Shown if they differ.
            relative_tolerance: How much numbers may differ, by the larger of both.

        Raises:
            TypeError: The first is neither a message nor text.
        """
        expected = expected_message_maybe_ascii
        cls = type(validate_message)
        if isinstance(expected, (str, bytes)):
            text = expected.decode() if isinstance(expected, bytes) else expected
            expected = parse_text(text, cls)
        elif isinstance(expected, Message):
            expected = as_message(expected, cls)
        else:
            raise TypeError(f"Can't compare protos of type {type(expected)} and {cls}.")
        wanted, found = format_text(expected), format_text(validate_message)
        if relative_tolerance is None or not _are_close(
            wanted, found, relative_tolerance
        ):
            self.assertEqual(wanted, found, msg)

    def assertProtoEqualsVersion(
        self,
        expected: str,
        actual: Any,
        producer: int = PRODUCER_VERSION,
        min_consumer: int = LEAST_CONSUMER,
        msg: Any = None,
    ) -> None:
        """Check a graph against text without its versions."""
        versions = f"producer: {producer} min_consumer: {min_consumer}"
        text = f"versions {{ {versions} }};\n{expected}"
        self.assertProtoEquals(text, actual, msg=msg)

    def evaluate_if_both_tensors(self, a: Any, b: Any) -> tuple[Any, Any]:
        """Return the values of two tensors, other values as they are."""
        if is_tensor(a) and is_tensor(b):
            first, second = self.evaluate((a, b))
            return first, second
        return a, b

    # -- errors ----------------------------------------------------------------------

    @contextmanager
    def assertRaisesWithPredicateMatch(  # type: ignore[override] # only in a block
        self, exception_type: Any, expected_err_re_or_predicate: Any
    ) -> Iterator[None]:
        """Check that a block raises an error that a pattern or a function accepts.

        Args:
            exception_type: The class of the error.
            expected_err_re_or_predicate: A pattern found in its message and the names
                of its operation, or a function of the error.
        """
        accepts: Callable[[Exception], Any] = expected_err_re_or_predicate
        if not callable(expected_err_re_or_predicate):
            pattern = expected_err_re_or_predicate

            def accepts(error: Exception) -> Any:
                return re.search(pattern, _searched_text(error))

        try:
            yield
        except Exception as error:
            if not isinstance(error, exception_type) or not accepts(error):
                raise AssertionError(
                    f"Exception of type {type(error)}: {error}"
                ) from error
        else:
            self.fail(f"{exception_type.__name__} not raised")

    def assertRaisesIncompatibleShapesError(
        self, exception_type: Any = errors.InvalidArgumentError
    ) -> Any:
        """Check that a block raises an error about shapes."""
        return self.assertRaisesWithPredicateMatch(
            exception_type,
            "Incompatible shapes|Dimensions must be equal|required broadcastable"
            " shapes",
        )

    def assertRaisesOpError(self, expected_err_re_or_predicate: Any) -> Any:
        """Check that a block raises an `OpError`; see the method above."""
        return self.assertRaisesWithPredicateMatch(
            errors.OpError, expected_err_re_or_predicate
        )

    # -- values ----------------------------------------------------------------------

    def _arrays(self, a: Any, b: Any) -> tuple[Array, Array]:
        """Return two values; those of tensors are of the same run."""
        a, b = self.evaluate_if_both_tensors(a, b)
        return self._array(a), self._array(b)

    def _array(self, value: Any) -> Array:
        found = self.evaluate(value) if is_tensor(value) else value
        if isinstance(found, (list, tuple)) and any(is_tensor(v) for v in found):
            found = self.evaluate(list(found))
        return np.asarray(found)

    def _nested(self, value: Any) -> Any:
        """Return a ragged tensor, a tensor or a list as nested lists."""
        is_value = isinstance(value, RaggedTensorValue)
        if not is_value and (is_ragged(value) or is_tensor(value)):
            value = self.evaluate(value)
        found = value
        if isinstance(found, RaggedTensorValue):
            return found.to_list()
        if isinstance(found, (list, tuple)):
            return [self._nested(item) for item in found]
        return found.tolist() if isinstance(found, np.ndarray) else found

    def _check_same_shape(self, a: Array, b: Array, msg: str) -> None:
        self.assertEqual(
            a.shape,
            b.shape,
            f"Shape mismatch: expected {a.shape}, got {b.shape}. {msg}",
        )


def _is_ragged(value: Any) -> bool:
    """Whether a list has parts of different shapes."""
    if not isinstance(value, list | tuple) or any(is_tensor(v) for v in value):
        return False
    try:
        np.array(value)
    except ValueError:
        return True
    return False


def _is_rectangular(value: Any) -> bool:
    """Whether a list can be one array of numbers."""
    if any(is_tensor(part) for part in value):
        return False
    try:
        return np.array(value).dtype != object
    except (TypeError, ValueError):
        return False


def _widened(array: Array) -> Array:
    """Return small floating-point types, which NumPy does not know, as float32."""
    try:
        is_small = ml_dtypes.finfo(array.dtype).bits < 32  # type: ignore[no-untyped-call]
    except ValueError:
        return array
    return array.astype(np.float32) if is_small else array


def _as_bytes(array: Array) -> Array:
    encoded = [v.encode() if isinstance(v, str) else v for v in array.ravel().tolist()]
    return np.array(encoded, dtype=object).reshape(array.shape)


def _searched_text(error: Exception) -> str:
    if not isinstance(error, errors.OpError):
        return str(error)
    return f"{error.message}\nCaused by: {getattr(error.op, 'name', '')}"


def _are_close(expected: str, found: str, tolerance: float) -> bool:
    """Whether two messages as text differ in numbers only, and these by little."""
    first, second = expected.split(), found.split()
    if len(first) != len(second):
        return False
    for a, b in zip(first, second, strict=True):
        if a != b:
            try:
                if not math.isclose(float(a), float(b), rel_tol=tolerance):
                    return False
            except ValueError:
                return False
    return True
