import pickle
from dataclasses import dataclass
from traceback import FrameSummary

import pytest

import metagraft.compat.v1 as tf
from metagraft import errors
from metagraft.proto import Code, NodeDef

# Status codes as TensorFlow names them: error_codes.proto.
CODES = {
    name: number
    for name, number in Code.items()
    if not name.startswith("DO_NOT_USE") and number != 0
}
BUILTINS = {
    errors.InvalidArgumentError: ValueError,
    errors.DataLossError: ValueError,
    errors.NotFoundError: KeyError,
    errors.PermissionDeniedError: PermissionError,
    errors.DeadlineExceededError: TimeoutError,
    errors.ResourceExhaustedError: MemoryError,
    errors.UnimplementedError: NotImplementedError,
    errors.OutOfRangeError: EOFError,
    errors.FailedPreconditionError: RuntimeError,
    errors.InternalError: RuntimeError,
}


@dataclass
class Operation:
    name: str = "conv"
    traceback: tuple[FrameSummary, ...] = (FrameSummary("model.py", 3, "build"),)


@pytest.mark.parametrize("name", sorted(CODES))
def test_every_code_has_its_class(name: str) -> None:
    """Each of the 16 codes is a constant with a class named after it, both ways."""
    code = CODES[name]
    assert getattr(errors, name) == code
    cls = errors.exception_type_from_error_code(code)
    assert cls.__name__ == name.title().replace("_", "") + "Error"
    assert errors.error_code_from_exception_type(cls) == code
    error = cls(None, None, "it's broken")
    assert error.error_code == code
    assert str(error) == error.message == "it's broken"
    assert (error.op, error.node_def, error.experimental_payloads) == (None, None, {})


def test_there_are_16_classes() -> None:
    """Nothing is missing from the hierarchy and nothing is extra."""
    assert len(CODES) == 16
    assert set(errors.OpError.__subclasses__()) == {
        errors.exception_type_from_error_code(code) for code in CODES.values()
    }


@pytest.mark.parametrize("cls", BUILTINS, ids=lambda cls: cls.__name__)
def test_builtin_handlers_catch(cls: type[errors.OpError]) -> None:
    """A program that knows only built-in exceptions can catch them."""
    with pytest.raises(BUILTINS[cls], match=r"^broken$"):
        raise cls(None, None, "broken")


def test_message_shows_where_the_operation_was_made() -> None:
    """With an operation, the text continues with its stack, as in TensorFlow."""
    node = NodeDef(name="conv", op="Conv2D")
    error = errors.InvalidArgumentError(node, Operation(), "broken", {"k": b"v"})
    assert str(error).splitlines()[:4] == [
        "broken",
        "",
        "Original stack trace for 'conv':",
        '  File "model.py", line 3, in build',
    ]
    assert (error.message, error.node_def, error.op.name) == ("broken", node, "conv")
    assert error.experimental_payloads == {"k": b"v"}


def test_errors_cross_processes() -> None:
    """Pickling keeps everything but the operation."""
    node = NodeDef(name="conv", op="Conv2D")
    error = errors.DeadlineExceededError(node, Operation(), "late", {"k": "v"})
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is errors.DeadlineExceededError
    assert (copy.message, copy.error_code, copy.node_def) == ("late", 4, node)
    assert (copy.experimental_payloads, copy.op) == ({"k": "v"}, None)


def test_codes_of_other_classes() -> None:
    """Subclasses have the code of their base; foreign classes are unknown."""

    class Special(errors.AbortedError):
        pass

    assert errors.error_code_from_exception_type(Special) == errors.ABORTED
    assert errors.error_code_from_exception_type(OSError) == errors.UNKNOWN
    with pytest.raises(KeyError):
        errors.exception_type_from_error_code(errors.OK)


def test_op_error_is_also_at_the_top() -> None:
    """Programs catch `tf.OpError`."""
    assert tf.OpError is errors.OpError
