"""The texts by which nodes name their inputs."""

from __future__ import annotations

import pytest

from metagraft.graph.input_names import node_of_input, split_input


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("x", ("", "x", "")),
        ("x:1", ("", "x", ":1")),
        ("^x", ("^", "x", "")),
        ("a/b:10", ("", "a/b", ":10")),
        ("x:", ("", "x", ":")),
    ],
)
def test_an_input_is_marker_node_and_port(text: str, parts: tuple[str, ...]) -> None:
    """An input is taken apart and joins to what it was."""
    assert split_input(text) == parts
    assert "".join(split_input(text)) == text
    assert node_of_input(text) == parts[1]
