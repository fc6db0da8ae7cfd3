"""Assert and the checks for numbers; twin of `ops/checks.py`."""

from __future__ import annotations

import numpy as np

from metagraft.errors import AbortedError, InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.value_text import summarize_flat


def assert_(attrs: Attrs, condition: Array, data: tuple[Array, ...]) -> tuple[()]:
    if np.ndim(condition) != 0:
        raise InvalidArgumentError(
            None, None, f"In[0] should be a scalar: {list(np.shape(condition))}"
        )
    if not condition:
        limit = int(attrs["summarize"])
        parts = [f"[{summarize_flat(value, limit)}]" for value in data]
        raise InvalidArgumentError(None, None, "assertion failed: " + " ".join(parts))
    return ()


def check_numerics(attrs: Attrs, tensor: Array) -> tuple[Array]:
    return _checked(attrs, tensor, {"Inf": np.isinf(tensor), "NaN": np.isnan(tensor)})


def check_numerics_v2(attrs: Attrs, tensor: Array) -> tuple[Array]:
    found = {
        "-Inf": np.isneginf(tensor),
        "+Inf": np.isposinf(tensor),
        "NaN": np.isnan(tensor),
    }
    return _checked(attrs, tensor, found)


def abort(attrs: Attrs) -> tuple[()]:
    """Raise an error that says so.

    # TF: the process ends.
    """
    text = attrs["error_msg"].decode("utf-8", "backslashreplace")
    how = " without error" if attrs["exit_without_error"] else ""
    raise AbortedError(None, None, f"Abort_op asked to end the process{how}: {text}")


def _checked(attrs: Attrs, tensor: Array, found: dict[str, Array]) -> tuple[Array]:
    names = [name for name, places in found.items() if np.any(places)]
    if names:
        listed = " and ".join(
            [", ".join(names[:-1]), names[-1]] if len(names) > 1 else names
        )
        message = attrs["message"].decode("utf-8", "backslashreplace")
        raise InvalidArgumentError(
            None, None, f"{message} : Tensor had {listed} values"
        )
    return (tensor,)


KERNELS = {
    "Abort": Kernel(abort, host=True),
    "Assert": Kernel(assert_, host=True),
    "CheckNumerics": Kernel(check_numerics, host=True),
    "CheckNumericsV2": Kernel(check_numerics_v2, host=True),
}
