"""Names moved into scopes and out of them."""

from __future__ import annotations

import pytest

from metagraft.graph.scope_names import prepend_name_scope, strip_name_scope

# What `ops.prepend_name_scope` and `ops.strip_name_scope` of TensorFlow give;
# tests/interop/test_scope_names.py asks it.
PREPENDED = [
    ("a", "s", "s/a"),
    ("a:0", "s", "s/a:0"),
    ("a", "s/", "s/a"),
    ("a/b", "s/t", "s/t/a/b"),
    ("^a", "s", "^s/a"),
    ("loc:@a", "s", "loc:@s/a"),
    (b"a", "s", "s/a"),
    ("a", "", "a"),
    ("^a", None, "^a"),
    ("", "s", "s/"),
]
STRIPPED = [
    ("s/a", "s", "a"),
    ("s/a:0", "s", "a:0"),
    ("s/a", "s/", "a"),
    ("s/t/a", "s", "t/a"),
    ("s//a", "s", "a"),
    ("^s/a", "s", "^a"),
    ("loc:@s/a", "s", "loc:@a"),
    (b"s/a", "s", "a"),
    ("s/a", "", "s/a"),
    ("^s/a", None, "^s/a"),
    ("t/a", "s", "t/a"),
    ("t/s/a", "s", "t/s/a"),
    ("s", "s", "s"),
]


@pytest.mark.parametrize(("name", "scope", "expected"), PREPENDED)
def test_prepend(name: str | bytes, scope: str | None, expected: str) -> None:
    """MG-193: the scope goes behind the marker."""
    assert prepend_name_scope(name, scope) == expected


@pytest.mark.parametrize(("name", "scope", "expected"), STRIPPED)
def test_strip(name: str | bytes, scope: str | None, expected: str) -> None:
    """MG-193, MG-042: and out from behind it, with the slashes that follow."""
    assert strip_name_scope(name, scope) == expected


def test_scopes_are_read_literally() -> None:
    """MG-043: a dot is a dot; TensorFlow takes it for any character."""
    assert strip_name_scope("axb/c", "a.b") == "axb/c"
    assert strip_name_scope("a.b/c", "a.b") == "c"
    assert strip_name_scope("hid2/a", "hid") == "hid2/a"
