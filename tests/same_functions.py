"""Compares graphs with functions: nodes as in `same_graph`, functions field for field.

TensorFlow numbers functions that it names itself through a process; the numbers are
replaced by their order in the graph.
"""

from __future__ import annotations

import re
from typing import Any

from metagraft.proto import graph_pb2
from tests.same_graph import differences

_NUMBERED = re.compile(
    r"\b\w*?(?:__(?:inference|forward)_\w+?|_(?:true|false|cond|body|branch\d+))_\d+"
    r"(?:_rewritten|_grad_\d+)*(?=\b|___)"
)
_NUMBER = re.compile(r"(?<=_)\d+(?=$|_rewritten|_grad_|_\d+$)")
_MADE_BY_LIBRARY = ("_Wrapper", "_Body")


def function_differences(
    expected: graph_pb2.GraphDef, found: graph_pb2.GraphDef
) -> str:
    """Return where graphs differ, their functions included; empty if nowhere."""
    expected, found = renumbered(expected), renumbered(found)
    lines = []
    theirs = {f.signature.name: f for f in expected.library.function}
    ours = {f.signature.name: f for f in found.library.function}
    for name in sorted(theirs.keys() | ours.keys()):
        if name not in ours or name not in theirs:
            where = "found" if name in ours else "expected"
            lines.append(f"function {name} is only in what is {where}")
            continue
        lines += _one_function(theirs[name], ours[name])
    gradients = [
        {g.function_name: g.gradient_func for g in graph.library.gradient}
        for graph in (expected, found)
    ]
    if gradients[0] != gradients[1]:
        lines.append(f"gradients expected {gradients[0]}, found {gradients[1]}")
    if expected.versions.min_consumer != found.versions.min_consumer:
        lines.append("min_consumer differs")
    for graph in (expected, found):
        graph.ClearField("library")  # compared above, in any order
    return "\n".join([*lines, *differences(expected, found).splitlines()])


def _one_function(expected: Any, found: Any) -> list[str]:
    name = expected.signature.name
    if name.endswith(_MADE_BY_LIBRARY):  # described in words of its own
        expected.signature.description = found.signature.description = ""
    for function in (expected, found):  # listed in the order of a set
        function.signature.control_output.sort()
    bodies = []
    for function in (expected, found):
        body = graph_pb2.GraphDef()
        body.node.extend(function.node_def)
        bodies.append(body)
    lines = [f"{name}: {line}" for line in differences(*bodies).splitlines()]
    for field in (
        "signature",
        "ret",
        "attr",
        "control_ret",
        "arg_attr",
        "resource_arg_unique_id",
    ):
        theirs, ours = getattr(expected, field), getattr(found, field)
        if theirs != ours:
            lines.append(f"{name}: {field} expected {theirs}, found {ours}")
    return lines


def renumbered(graph: graph_pb2.GraphDef) -> graph_pb2.GraphDef:
    """Return a graph with the numbers in function names replaced by their order."""
    text = str(graph)
    numbers = {
        int(number)
        for name in _NUMBERED.findall(text)
        for number in _NUMBER.findall(name)
    }
    order = {number: position for position, number in enumerate(sorted(numbers))}

    def renamed(name: re.Match[str]) -> str:
        return _NUMBER.sub(lambda number: f"N{order[int(number[0])]}", name[0])

    changed = _NUMBERED.sub(renamed, text)
    from google.protobuf import text_format

    result = graph_pb2.GraphDef()
    text_format.Parse(changed, result)
    return result
