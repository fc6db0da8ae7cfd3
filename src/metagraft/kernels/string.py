"""Strings, on the host; twin of `ops/string.py`."""

from __future__ import annotations

import re

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.kernel import Array, Kernel


def static_regex_full_match(attrs: Attrs, input: Array) -> tuple[Array]:
    return (_full_match(input, attrs["pattern"]),)


def regex_full_match(_: Attrs, input: Array, pattern: Array) -> tuple[Array]:
    return (_full_match(input, pattern.item()),)


def string_join(attrs: Attrs, inputs: tuple[Array, ...]) -> tuple[Array]:
    separator: bytes = attrs["separator"]
    shapes = {np.shape(array) for array in inputs} - {()}
    if len(shapes) > 1:
        raise InvalidArgumentError(
            None, None, f"Input shapes do not match: {', '.join(map(str, shapes))}"
        )
    (shape,) = shapes or {()}
    spread = [np.broadcast_to(array, shape).ravel() for array in inputs]
    joined = np.empty(spread[0].size if spread else 1, dtype=object)
    joined[:] = [separator.join(parts) for parts in zip(*spread, strict=True)]
    return (joined.reshape(shape),)


# TF: patterns are RE2's; those that Python reads differently are beyond this.
def _full_match(strings: Array, pattern: bytes) -> Array:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InvalidArgumentError(
            None, None, f"Invalid pattern: {pattern!r}, error: {error}"
        ) from error
    matches = [compiled.fullmatch(text) is not None for text in np.ravel(strings)]
    return np.array(matches, dtype=np.bool_).reshape(np.shape(strings))


KERNELS = {
    "RegexFullMatch": Kernel(regex_full_match, host=True),
    "StaticRegexFullMatch": Kernel(static_regex_full_match, host=True),
    "StringJoin": Kernel(string_join, host=True),
}
