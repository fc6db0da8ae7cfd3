"""Every error class: TensorFlow's status codes as exceptions.

The classes and codes are those of `tf.errors`; each also derives from the built-in
exception that a Python program would expect, where one fits without surprise:

| class | also a |
|---|---|
| `InvalidArgumentError`, `DataLossError` | `ValueError` |
| `NotFoundError` | `KeyError` |
| `PermissionDeniedError` | `PermissionError` |
| `DeadlineExceededError` | `TimeoutError` |
| `ResourceExhaustedError` | `MemoryError` |
| `UnimplementedError` | `NotImplementedError` |
| `OutOfRangeError` | `EOFError` (`IndexError` would silently end Python loops) |
| `FailedPreconditionError`, `InternalError` | `RuntimeError` |

Code without an operation at hand raises `InvalidArgumentError(None, None, "message")`.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metagraft.proto import NodeDef

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class OperatorNotAllowedInGraphError(TypeError):
    """A Python operator, such as `bool`, was used on a value that only a run knows."""


class OpError(Exception):
    """An operation failed; the base of all errors with a status code."""

    def __init__(
        self,
        node_def: NodeDef | None,
        op: Any,  # an Operation: a layer above this one
        message: str,
        error_code: int,
        payloads: Mapping[str, object] | None = None,
        /,
    ) -> None:
        """Describe a failure.

        Args:
            node_def: The node that failed, if known.
            op: The operation that failed, if known.
            message: What went wrong.
            error_code: One of the codes of this module.
            payloads: Details for programs.
        """
        super().__init__(message)
        self._node_def = node_def
        self._op = op
        self._message = message
        self._error_code = error_code
        self._experimental_payloads = {} if payloads is None else payloads

    @property
    def message(self) -> str:
        """What went wrong, without the place where the operation was made."""
        return self._message

    @property
    def op(self) -> Any:
        """The operation that failed, or None."""
        return self._op

    @property
    def node_def(self) -> NodeDef | None:
        """The node that failed, or None."""
        return self._node_def

    @property
    def error_code(self) -> int:
        """The status code."""
        return self._error_code

    @property
    def experimental_payloads(self) -> Mapping[str, object]:
        """Details for programs."""
        return self._experimental_payloads

    def __str__(self) -> str:
        """Return the message and, for a known operation, where it was made."""
        if self._op is None:
            return self._message
        frames = "".join(traceback.format_list(self._op.traceback or []))
        return (
            f"{self._message}\n\nOriginal stack trace for {self._op.name!r}:\n{frames}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the operation, which belongs to a graph of this process."""
        state = (self._node_def, self._message, self._error_code)
        return _unpickle, (type(self), *state, dict(self._experimental_payloads))


def _unpickle(
    cls: type[OpError],
    node_def: NodeDef | None,
    message: str,
    error_code: int,
    payloads: Mapping[str, object],
) -> OpError:
    error = cls.__new__(cls)
    OpError.__init__(error, node_def, None, message, error_code, payloads)
    return error


class CancelledError(OpError):
    """An operation was cancelled, for instance by closing its session."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, CANCELLED, *args)


class UnknownError(OpError):
    """An error of a kind that has no code of its own."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, UNKNOWN, *args)


class InvalidArgumentError(OpError, ValueError):
    """An operation or a function received an argument it cannot take."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, INVALID_ARGUMENT, *args)


class DeadlineExceededError(OpError, TimeoutError):
    """A time limit passed before the operation completed."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, DEADLINE_EXCEEDED, *args)


class NotFoundError(OpError, KeyError):
    """A requested entity, such as a file or a tensor, does not exist."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, NOT_FOUND, *args)


class AlreadyExistsError(OpError):
    """An entity to be made exists already."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, ALREADY_EXISTS, *args)


class PermissionDeniedError(OpError, PermissionError):
    """The caller may not do what it asked for."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, PERMISSION_DENIED, *args)


class UnauthenticatedError(OpError):
    """The request carries no valid credentials."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, UNAUTHENTICATED, *args)


class ResourceExhaustedError(OpError, MemoryError):
    """Memory, or another limited resource, is used up."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, RESOURCE_EXHAUSTED, *args)


class FailedPreconditionError(OpError, RuntimeError):
    """The state does not allow it, such as reading an uninitialised variable."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, FAILED_PRECONDITION, *args)


class AbortedError(OpError):
    """An operation was given up, for instance because of a conflict."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, ABORTED, *args)


class OutOfRangeError(OpError, EOFError):
    """An operation went past the valid range, such as the end of its input."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, OUT_OF_RANGE, *args)


class UnimplementedError(OpError, NotImplementedError):
    """An operation, or this form of it, is not supported."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, UNIMPLEMENTED, *args)


class InternalError(OpError, RuntimeError):
    """An invariant does not hold: a bug here or beneath."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, INTERNAL, *args)


class UnavailableError(OpError):
    """A service is not reachable now; trying again may help."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, UNAVAILABLE, *args)


class DataLossError(OpError, ValueError):
    """Stored data are damaged or cut off."""

    def __init__(
        self, node_def: NodeDef | None, op: Any, message: str, *args: Any
    ) -> None:
        """Describe the failure; the arguments are those of `OpError`."""
        super().__init__(node_def, op, message, DATA_LOSS, *args)


class RestoreError(InvalidArgumentError):
    """A checkpoint and the variables to restore do not fit; nothing was restored.

    Attributes:
        report: Everything that does not fit, a `RestoreReport`; None once pickled.
    """

    report: Any = None  # of a layer above this one


_CLASS_OF_CODE: dict[int, type[OpError]] = {
    CANCELLED: CancelledError,
    UNKNOWN: UnknownError,
    INVALID_ARGUMENT: InvalidArgumentError,
    DEADLINE_EXCEEDED: DeadlineExceededError,
    NOT_FOUND: NotFoundError,
    ALREADY_EXISTS: AlreadyExistsError,
    PERMISSION_DENIED: PermissionDeniedError,
    UNAUTHENTICATED: UnauthenticatedError,
    RESOURCE_EXHAUSTED: ResourceExhaustedError,
    FAILED_PRECONDITION: FailedPreconditionError,
    ABORTED: AbortedError,
    OUT_OF_RANGE: OutOfRangeError,
    UNIMPLEMENTED: UnimplementedError,
    INTERNAL: InternalError,
    UNAVAILABLE: UnavailableError,
    DATA_LOSS: DataLossError,
}
_CODE_OF_CLASS = {cls: code for code, cls in _CLASS_OF_CODE.items()}


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """Return the class of the errors with a status code.

    Raises:
        KeyError: There is no such code, or it is `OK`.
    """
    return _CLASS_OF_CODE[error_code]


def error_code_from_exception_type(cls: type[BaseException]) -> int:
    """Return the status code of an error class or of the class it derives from.

    # TF: for any other class TensorFlow warns and returns an exception object; this
    # returns the code `UNKNOWN`.
    """
    for base in cls.__mro__:
        if base in _CODE_OF_CLASS:
            return _CODE_OF_CLASS[base]
    return UNKNOWN


class raise_exception_on_not_ok_status:  # noqa: N801 - TensorFlow's name
    """A block around calls of TensorFlow's C interface, which took its status.

    Nothing here has that interface; errors are raised where they happen.
    """

    def __enter__(self) -> None:
        """Return no status."""

    def __exit__(self, *exc_info: object) -> None:
        """Let errors through."""
