"""Any scope of a program, cut out, grafted elsewhere and cut out again, is the same."""

from __future__ import annotations

import re
from typing import Any

import pytest

import metagraft
import metagraft.compat.v1 as tf
from metagraft.graph.apply_op import op
from metagraft.proto import MetaGraphDef
from tests import same_meta_graph
from tests.programs.every_program import PROGRAMS

NAMES = (
    "cond_captures",
    "cond_gradients",
    "cond_nested",
    "fold_gradients",
    "gradients_of_branch_in_loop",
    "gradients_of_loop_in_branch",
    "layers_batch_normalization_switched",
    "mlp",
    "partitioned_variables",
    "queue_runners",
    "resource_variables",
    "saver_chosen",
    "train_by_momentum",
    "while_gradients",
    "while_nested",
)
SHARED_NAME = re.compile(r'(key: "shared_name"\n\s+value \{\n\s+s: ")[^"]*')


def scopes_of(graph: Any) -> list[str]:
    """Return all name scopes of a graph."""
    found: dict[str, None] = {}
    for name in graph.operation_names():
        parts = name.split("/")[:-1]
        for count in range(1, len(parts) + 1):
            found["/".join(parts[:count])] = None
    return list(found)


def stand_in(entry: Any, name: str) -> Any:
    """Return a tensor that can be used in the place of an unbound input."""
    dtype = tf.as_dtype(entry.dtype)
    if dtype.is_ref:
        shape = tf.TensorShape(entry.shape)
        return op("VariableV2", shape=shape, dtype=dtype.base_dtype, name=name)
    return tf.placeholder(dtype, entry.shape, name=name)


def grafted_again(exported: Any, scope: str) -> tuple[MetaGraphDef, dict[str, str]]:
    """Import a part on stand-ins for its inputs and export it again.

    Returns:
        The second export, and the names of inputs in the first by those in the second.
    """
    graph = tf.Graph()
    mapped, renamed = {}, {}
    with graph.as_default():
        for number, entry in enumerate(exported.unbound_inputs):
            name = f"stand_in_{number}"
            if entry.is_control:
                mapped[entry.key] = tf.no_op(name=name)
            else:
                mapped[entry.key] = stand_in(entry, name)
            renamed[f"$unbound_inputs_{name}"] = entry.key.removeprefix("^")
    result = metagraft.import_meta_graph(
        exported.meta_graph_def, graph=graph, scope=scope, input_map=mapped
    )
    assert not result.report, str(result.report)
    again = metagraft.export_meta_graph(graph=graph, scope=f"{scope}/")
    return again.meta_graph_def, renamed


def compared(meta: MetaGraphDef, renamed: dict[str, str]) -> list[str]:
    """Return a MetaGraph as lines; the names of outside tensors are put back.

    Not compared are shapes, which follow from stand-ins, and names of resources.
    """
    plain = same_meta_graph.compared(meta)
    plain.ClearField("signature_def")
    for node in plain.graph_def.node:
        node.attr.pop("_output_shapes", None)
    text = "\n".join(same_meta_graph.lines(plain))
    text = SHARED_NAME.sub(r"\1", text)
    for new, old in sorted(renamed.items(), key=lambda row: -len(row[0])):
        text = re.sub(re.escape(new) + r"(?!\d)(:0)?", lambda _, o=old: o, text)
    text = re.sub(r"(\$unbound_inputs_[^\":\s]*):0", r"\1", text)
    return sorted(text.splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_every_scope(name: str) -> None:
    """MG-050, MG-052, MG-053, MG-099, MG-134, MG-157: scopes survive a journey."""
    with tf.Graph().as_default() as graph:
        PROGRAMS[name](tf)
    for scope in scopes_of(graph):
        exported = metagraft.export_meta_graph(graph=graph, scope=scope)
        again, renamed = grafted_again(exported, "elsewhere")
        first = compared(exported.meta_graph_def, {})
        second = compared(again, renamed)
        changed = [f"-{x}" for x in first if x not in second]
        changed += [f"+{x}" for x in second if x not in first]
        assert first == second, f"{scope}: {changed[:20]}"


def test_stand_in_type_is_recorded() -> None:
    """MG-050: types and shapes of inputs are in the file too, in a signature."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.int64, [None, 2], name="x")
        with tf.name_scope("s"):
            op("Identity", input=x, name="y")
        exported = metagraft.export_meta_graph(scope="s")
    (entry,) = exported.unbound_inputs
    assert (entry.name, entry.dtype, entry.shape) == ("x", "int64", (None, 2))
    described = exported.meta_graph_def.signature_def["unbound_inputs"].inputs[
        entry.key
    ]
    assert described.name == "$unbound_inputs_x:0"
    assert [dim.size for dim in described.tensor_shape.dim] == [-1, 2]
