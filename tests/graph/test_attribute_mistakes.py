"""Nodes with an attribute or an input that does not fit, beside TensorFlow's errors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import metagraft.compat.v1 as tf
from metagraft.graph import catalogue
from metagraft.kernels import families_of_kernels
from tests.programs.attribute_mistakes import Messages, graphs, reader, wide_graphs

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "attribute_mistakes"
ERRORS: dict[str, list[list[str]]] = json.loads(
    (GOLDEN / "errors.json").read_text(encoding="utf-8")
)
# Mistakes that are told in other words or at another time, each with its reason.
_LENGTHS = "lengths of lists are compared before the shapes in them"
OTHERWISE = {
    ("DecodeJxl", "channels -2"): "nothing is known of the op but its signature",
    ("ParseExample", "Nsparse 0"): _LENGTHS,
    ("ParseExampleV2", "Tdense empty"): _LENGTHS,
    ("ParseSingleExample", "dense_keys empty"): _LENGTHS,
    ("ResourceCountUpTo", "limit -2"): "the variable may be behind a function",
}

pytestmark = pytest.mark.golden


def outcome(graph: Any) -> tuple[str, str]:
    """Return class and message of the error of an import."""
    with tf.Graph().as_default():
        try:
            tf.import_graph_def(graph, name="")
        except Exception as error:  # noqa: BLE001 - any class is compared
            return type(error).__name__, str(error)
    return "", ""


def difference(op: str, row: list[str], graph: Any) -> str:
    """Return what is said otherwise than in TensorFlow; "" for nothing."""
    word, kind, message = row
    found, text = outcome(graph)
    text = re.sub(r" for 'n' \(op: .*", "", text, flags=re.DOTALL)
    if "\n" not in message:
        text = text.partition("\n")[0]
    if (found, text[:160]) == (kind, message):
        return ""
    return f"{op}, {word}: {found}: {text[:160]!r}, expected {kind}: {message!r}"


def differences(op: str) -> dict[tuple[str, str], str]:
    """Return all differences of an op."""
    definition = catalogue.get(op)
    assert definition is not None
    messages = Messages(tf.GraphDef, tf.AttrValue, tf.make_tensor_proto(1.0))
    wanted = {row[0]: row for row in ERRORS[op]}
    found = {
        (op, word): difference(op, wanted[word], graph)
        for word, graph in graphs(definition.to_proto(), messages)
        if word in wanted
    }
    return {key: text for key, text in found.items() if text}


@pytest.mark.parametrize("op", ERRORS)
def test_same_error(op: str) -> None:
    """MG-140: TensorFlow's class of error and its words."""
    found = differences(op)
    assert found.keys() == {key for key in OTHERWISE if key[0] == op}, "\n".join(
        found.values()
    )


NARROW: dict[str, list[list[str]]] = json.loads(
    (GOLDEN / "narrow.json").read_text(encoding="utf-8")
)


# Nothing can be fed for their handles, which is noticed first.
HANDLED = {"RaggedTensorFromVariant", "ResourceStridedSliceAssign", "WriteAudioSummary"}
NARROW_OPS = sorted((NARROW.keys() & families_of_kernels().keys()) - HANDLED)


@pytest.mark.parametrize("op", NARROW_OPS)
def test_numbers_of_32_bits(op: str) -> None:
    """What has more bits is refused where TensorFlow refuses it."""
    definition = catalogue.get(op)
    assert definition is not None
    messages = Messages(tf.GraphDef, tf.AttrValue, tf.make_tensor_proto(1.0))
    found: dict[str, str] = {}
    for name, graph in wide_graphs(definition.to_proto(), messages):
        if name in dict(NARROW[op]):
            found[name] = found.get(name) or reader(tf, graph)
    assert found == dict(NARROW[op])
