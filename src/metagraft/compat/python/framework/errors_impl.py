"""`tensorflow.python.framework.errors_impl`: errors."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.compat.v1", "OpError"),
    **from_module(
        "metagraft.errors",
        "AbortedError AlreadyExistsError CancelledError DataLossError "
        "DeadlineExceededError FailedPreconditionError InternalError "
        "InvalidArgumentError NotFoundError OutOfRangeError PermissionDeniedError "
        "ResourceExhaustedError UnauthenticatedError UnavailableError "
        "UnimplementedError UnknownError error_code_from_exception_type "
        "exception_type_from_error_code",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
