"""`tf.Print` and `tf.print`.

Source: tensorflow python/ops/logging_ops.py.
"""

from __future__ import annotations

import logging
import os
import pprint
import random
import sys
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.composite import CompositeTensor, SparseTensor
from metagraft.graph.conversion import is_tensor
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor

__all__ = ["print_", "print_through"]


def print_through(
    input_: Any,
    data: Sequence[Any],
    message: str | None = None,
    first_n: int | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Return `input_`; a run that computes it prints `data` (`tf.Print`).

    Args:
        input_: A tensor.
        data: Tensors that are printed.
        message: What is printed before them.
        first_n: How many times this prints; always by default.
        summarize: How many elements of each tensor; 3 by default.
        name: Name of the operation.
    """
    result: Tensor = op(
        "Print",
        input=input_,
        data=data,
        message=message,
        first_n=first_n,
        summarize=summarize,
        name=name,
    )
    return result


def _stream_name(stream: Any) -> str:
    if isinstance(stream, str) and stream.startswith("file://"):
        return stream
    names = (
        (sys.stdout, "stdout"),
        (sys.stderr, "stderr"),
        (logging.INFO, "log(info)"),
        (logging.info, "log(info)"),
        (logging.WARNING, "log(warning)"),
        (logging.warning, "log(warning)"),
        (logging.ERROR, "log(error)"),
        (logging.error, "log(error)"),
    )
    for known, name in names:
        if stream is known or stream == known:
            return name
    raise ValueError(
        f"Unsupported output stream, logging level, or file.{stream}. Supported streams"
        " are sys.stdout, sys.stderr, tf.logging.info, tf.logging.warning,"
        " tf.logging.error. File needs to be in the form of 'file://<filepath>'."
    )


def _placeholder_for(text: str) -> str:
    """A marker that does not occur in `text`: TensorFlow's, drawn the same way."""
    placeholder = "{}"
    digits = random.Random(5)
    while placeholder in text:
        placeholder += str(digits.randint(0, 9))
    return placeholder


def _mapped(value: Any, change: Any) -> Any:
    """Change the leaves of nested lists, tuples and dictionaries."""
    if isinstance(value, dict):
        items = ((key, _mapped(value[key], change)) for key in sorted(value))
        return OrderedDict(items) if isinstance(value, OrderedDict) else dict(items)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_mapped(item, change) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(_mapped(item, change) for item in value)
    return change(value)


class _Template:
    """The text of one `tf.print`, with a marker for every tensor."""

    def __init__(self, inputs: Sequence[Any]) -> None:
        def without_tensors(leaf: Any) -> Any:
            return "" if is_tensor(leaf) else leaf

        plain = (pprint.pformat(_mapped(value, without_tensors)) for value in inputs)
        self.placeholder = _placeholder_for(" ".join(plain))
        self.tensors: list[Any] = []
        self._parts = [self._part(value) for value in inputs]

    def _part(self, value: Any) -> str:
        marked = _mapped(value, self._mark)
        return value if isinstance(value, str) else pprint.pformat(marked)

    def _mark(self, leaf: Any) -> Any:
        mark = self.placeholder
        if isinstance(leaf, SparseTensor):
            self.tensors += [leaf.indices, leaf.values, leaf.dense_shape]
            return f"SparseTensor(indices={mark}, values={mark}, shape={mark})"
        if is_tensor(leaf):
            self.tensors.append(leaf)
            return mark
        return leaf

    def text(self, sep: str) -> str:
        joined = sep.join(self._parts)
        return joined.replace(f"'{self.placeholder}'", self.placeholder)


def _formatted(*, inputs: list[Any], **options: Any) -> Any:
    if not any(isinstance(value, CompositeTensor) for value in inputs):
        return op("StringFormat", inputs=inputs, **options)
    from metagraft.api.ragged_strings import string_format

    return string_format(inputs=inputs, **options)


def _is_text(value: Any) -> bool:
    if not is_tensor(value) or isinstance(value, SparseTensor):
        return False
    return value.shape.ndims == 0 and value.dtype == dtypes.string


def print_(
    *inputs: Any,
    output_stream: Any = None,
    summarize: int = 3,
    sep: str = " ",
    end: str = os.linesep,
    name: str | None = None,
) -> Operation:
    """Add an operation that prints values when it runs (`tf.print`).

    Args:
        *inputs: Tensors and Python values, also nested.
        output_stream: `sys.stderr` (the default), `sys.stdout`, a level of `logging`
            or `file://` and a path.
        summarize: How many elements at each end of every axis; all if -1.
        sep: What is between the values.
        end: What comes last.
        name: Name of the operation.

    Raises:
        ValueError: The stream is none of these.
    """
    stream = _stream_name(sys.stderr if output_stream is None else output_stream)
    first = inputs[0] if len(inputs) == 1 else None
    text: Any
    if _is_text(first):
        text = first
    else:
        template = _Template(inputs)
        text = _formatted(
            template=template.text(sep),
            inputs=template.tensors,
            placeholder=template.placeholder,
            summarize=summarize,
            name=f"{name}_format" if name else None,
        )
    printed: Operation = op(
        "PrintV2", input=text, output_stream=stream, end=end, name=name
    )
    return printed
