"""Print, PrintV2 and StringFormat; twin of `ops/printing.py`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.value_text import summarize, summarize_flat
from metagraft.ops.printing import PrintAttrs

_LOG_LEVELS: Final = {
    "log(info)": logging.INFO,
    "log(warning)": logging.WARNING,
    "log(error)": logging.ERROR,
}


def print_(attrs: PrintAttrs, tensor: Array, data: tuple[Array, ...]) -> tuple[Array]:
    """Write the values to the standard error stream, and hand on the tensor."""
    if attrs.may_print():
        shown = (f"[{summarize_flat(value, attrs.summarize)}]" for value in data)
        sys.stderr.write(attrs.message + "".join(shown) + "\n")
    return (tensor,)


def print_v2(attrs: Attrs, text: Array) -> tuple[()]:
    """Write a string to a stream, a log or the end of a file."""
    stream = attrs["output_stream"].decode()
    line = _text(text) + attrs["end"].decode()
    if stream in ("stdout", "stderr"):
        (sys.stdout if stream == "stdout" else sys.stderr).write(line)
    elif stream in _LOG_LEVELS:
        logging.getLogger("metagraft").log(_LOG_LEVELS[stream], "%s", _text(text))
    elif stream.startswith("file://"):
        with Path(stream.removeprefix("file://")).open("a", encoding="utf-8") as file:
            file.write(line)
    else:
        raise InvalidArgumentError(None, None, f"Unknown output stream: {stream}")
    return ()


def _text(value: Array) -> str:
    text: Any = np.asarray(value, object).reshape(())[()]
    return str(text.decode("utf-8", "backslashreplace"))


def string_format(attrs: Attrs, inputs: tuple[Array, ...]) -> tuple[Array]:
    """Put the values in the places of the template that the placeholder marks."""
    pieces = attrs["template"].split(attrs["placeholder"])
    if len(pieces) != len(inputs) + 1:
        raise InvalidArgumentError(
            None,
            None,
            f"num placeholders in template and num inputs must match:"
            f" {len(pieces) - 1} vs. {len(inputs)}",
        )
    limit = attrs["summarize"]
    shown = [
        summarize(value, limit).encode("utf-8", "surrogateescape") for value in inputs
    ]
    joined = pieces[0] + b"".join(
        text + piece for text, piece in zip(shown, pieces[1:], strict=True)
    )
    return (np.array(joined, object),)


KERNELS = {
    "Print": Kernel(print_, host=True),
    "PrintV2": Kernel(print_v2, host=True),
    "StringFormat": Kernel(string_format, host=True),
}
