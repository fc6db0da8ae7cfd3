"""Patterns in strings, on the host; twin of `ops/regular_expressions.py`.

Source: tensorflow core/kernels/regex_replace_op.cc; re2/re2.cc.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.re2_syntax import compiled

_GROUP: Final = re.compile(r"\\(\d)")
_STEP: Final = re.compile(r"\\(\d|\\)|[^\\]+", re.DOTALL)


def static_regex_full_match(attrs: Attrs, input: Array) -> tuple[Array]:
    return (_full_match(input, attrs["pattern"]),)


def regex_full_match(_: Attrs, input: Array, pattern: Array) -> tuple[Array]:
    return (_full_match(input, _scalar(pattern, "Pattern")),)


def static_regex_replace(attrs: Attrs, input: Array) -> tuple[Array]:
    every = attrs["replace_global"]
    return (_replaced(input, attrs["pattern"], attrs["rewrite"], every=every),)


def regex_replace(
    attrs: Attrs, input: Array, pattern: Array, rewrite: Array
) -> tuple[Array]:
    every = attrs["replace_global"]
    old, new = _scalar(pattern, "Pattern"), _scalar(rewrite, "Rewrite")
    return (_replaced(input, old, new, every=every),)


def _scalar(array: Array, name: str) -> bytes:
    if np.ndim(array):
        raise InvalidArgumentError(
            None, None, f"{name} must be scalar, but received {show(array.shape)}"
        )
    text: bytes = array.item()
    return text


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _full_match(strings: Array, pattern: bytes) -> Array:
    search = compiled(pattern)
    matches = [search.fullmatch(_text(item)) is not None for item in np.ravel(strings)]
    return np.array(matches, dtype=np.bool_).reshape(np.shape(strings))


def _replaced(strings: Array, pattern: bytes, rewrite: bytes, *, every: bool) -> Array:
    search, new = compiled(pattern), _text(rewrite)
    replace = _every_replaced if every else _first_replaced
    # A group that the pattern does not have: nothing is replaced.
    named = max(map(int, _GROUP.findall(new)), default=0)
    texts = np.empty(np.size(strings), dtype=object)
    for place, item in enumerate(np.ravel(strings)):
        if named > search.groups:
            texts[place] = item
        else:
            text = replace(search, _text(item), new)
            texts[place] = text.encode("utf-8", "surrogateescape")
    return texts.reshape(np.shape(strings))


def _first_replaced(search: re.Pattern[str], text: str, new: str) -> str:
    match = search.search(text)
    if match is None:
        return text
    written, is_valid = _rewritten(match, new)
    if not is_valid:
        return text
    return text[: match.start()] + written + text[match.end() :]


def _every_replaced(search: re.Pattern[str], text: str, new: str) -> str:
    out: list[str] = []
    at, last_end = 0, -1
    while at <= len(text):
        match = search.search(text, at)
        if match is None:
            break
        out.append(text[at : match.start()])
        at = match.end()
        # Nothing is not matched where the last match ended.
        if match.start() == match.end() == last_end:
            out.append(text[at : at + 1])
            at += 1
            continue
        # What a wrong rewrite says before it goes wrong counts.
        out.append(_rewritten(match, new)[0])
        last_end = at
    return "".join(out) + text[at:]


def _rewritten(match: re.Match[str], new: str) -> tuple[str, bool]:
    r"""Fill in the groups `\\0` to `\\9`; say whether all of `new` was understood."""
    out: list[str] = []
    at = 0
    while at < len(new):
        step = _STEP.match(new, at)
        if step is None:
            return "".join(out), False
        if step[1] is None:
            out.append(step[0])
        else:
            out.append("\\" if step[1] == "\\" else match[int(step[1])] or "")
        at = step.end()
    return "".join(out), True


KERNELS = {
    "RegexFullMatch": Kernel(regex_full_match, host=True),
    "RegexReplace": Kernel(regex_replace, host=True),
    "StaticRegexFullMatch": Kernel(static_regex_full_match, host=True),
    "StaticRegexReplace": Kernel(static_regex_replace, host=True),
}
