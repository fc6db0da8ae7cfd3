"""Damage to everything but the nodes: functions, versions, collections, the saver."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from metagraft.proto import (
    CollectionDef,
    CondContextDef,
    FunctionDef,
    MetaGraphDef,
    WhileContextDef,
)
from tests.fuzz import damage_bytes
from tests.fuzz.damage_nodes import NAMES, NUMBERS, TYPES

Damage = Callable[[Random, MetaGraphDef], None]

KEYS: Final = (
    "variables",
    "trainable_variables",
    "queue_runners",
    "savers",
    "cond_context",
    "while_context",
    "train_op",
    "unbound_inputs",
    "local_variables",
    "global_step",
    "",
)
# protobuf's own limit is 100.
DEPTHS: Final = (2, 30, 90, 120)


def _collection(rng: Random, meta: MetaGraphDef) -> CollectionDef:
    keys = sorted(meta.collection_def)
    return meta.collection_def[rng.choice(keys or KEYS)]


def change_collection_kind(rng: Random, meta: MetaGraphDef) -> None:
    """Store a collection in another way than its own."""
    definition = meta.collection_def[rng.choice(KEYS)]
    definition.Clear()
    match rng.randrange(6):
        case 0:
            definition.node_list.value.append(rng.choice((*NAMES, "no_such:0")))
        case 1:
            definition.bytes_list.value.append(rng.randbytes(rng.randrange(20)))
        case 2:
            definition.int64_list.value.append(rng.choice(NUMBERS))
        case 3:
            definition.float_list.value.append(float("nan"))
        case 4:
            definition.any_list.value.add(type_url="x/no.Such", value=b"\xff")


def damage_elements(rng: Random, meta: MetaGraphDef) -> None:
    """Damage the bytes of one element: a variable, a runner, a context."""
    definition = _collection(rng, meta)
    values = definition.bytes_list.value
    if len(values):
        position = rng.randrange(len(values))
        damage = rng.choice(damage_bytes.DAMAGES)
        values[position] = damage(rng, values[position])


def swap_collections(rng: Random, meta: MetaGraphDef) -> None:
    """Give a collection the content of another."""
    source = CollectionDef()
    source.CopyFrom(_collection(rng, meta))
    meta.collection_def[rng.choice(KEYS)].CopyFrom(source)


def rename_in_collection(rng: Random, meta: MetaGraphDef) -> None:
    """Let a collection name a node that does not exist."""
    names = _collection(rng, meta).node_list.value
    if len(names):
        names[rng.randrange(len(names))] = rng.choice((*NAMES, "no_such:0", "x:y"))


def nest_contexts(rng: Random, meta: MetaGraphDef) -> None:
    """Put contexts into contexts, deeply."""
    depth = rng.choice(DEPTHS)
    if rng.random() < 0.5:
        loop = WhileContextDef(context_name="w")
        for _ in range(depth):
            outer = WhileContextDef(context_name="w")
            outer.nested_contexts.add().while_ctxt.CopyFrom(loop)
            loop = outer
        key, message = "while_context", loop.SerializeToString()
    else:
        cond = CondContextDef(context_name="c")
        for _ in range(depth):
            around = CondContextDef(context_name="c")
            around.nested_contexts.add().cond_ctxt.CopyFrom(cond)
            cond = around
        key, message = "cond_context", cond.SerializeToString()
    definition = meta.collection_def[key]
    if definition.WhichOneof("kind") != "bytes_list":
        definition.Clear()
    definition.bytes_list.value.append(message)


def add_functions(rng: Random, meta: MetaGraphDef) -> None:
    """Add functions that call themselves or each other, or nothing that exists."""
    names = ["f", "g"][: rng.randrange(1, 3)]
    for name, callee in zip(names, reversed(names), strict=True):
        function = FunctionDef()
        function.signature.name = name
        function.signature.input_arg.add(name="x", type=rng.choice((1, 1, *TYPES)))
        function.signature.output_arg.add(name="y", type=rng.choice((1, 1, *TYPES)))
        op = rng.choice((callee, "no_such", "PartitionedCall", "Identity"))
        node = function.node_def.add(name="n", op=op)
        node.input.append(rng.choice(("x", "n", "q", "n:y:0", "")))
        node.attr["f"].func.name = callee
        function.ret["y"] = rng.choice(("n:y:0", "n:output:0", "x", "no_such", ""))
        meta.graph_def.library.function.add().CopyFrom(function)
    caller = meta.graph_def.node.add(name="caller", op=rng.choice((*names, "no")))
    if len(meta.graph_def.node):
        caller.input.append(meta.graph_def.node[0].name)
    if rng.random() < 0.3:
        meta.graph_def.library.gradient.add(function_name="f", gradient_func="g")


def damage_function(rng: Random, meta: MetaGraphDef) -> None:
    """Damage one function of the library: its name, its body, what it returns."""
    functions = meta.graph_def.library.function
    if not len(functions):
        add_functions(rng, meta)
    function = rng.choice(functions)
    match rng.randrange(5):
        case 0:
            function.signature.name = rng.choice((*NAMES, "Add", "MatMul"))
        case 1:
            functions.add().CopyFrom(function)
        case 2:
            function.ret.clear()
        case 3:
            del function.node_def[:]
        case _:
            del functions[:]


def change_versions(rng: Random, meta: MetaGraphDef) -> None:
    """Ask for extreme versions."""
    graph_def = meta.graph_def
    extremes = (0, 1, -1, 21, 100_000, (1 << 31) - 1, -(1 << 31))
    graph_def.versions.producer = rng.choice(extremes)
    if rng.random() < 0.5:
        graph_def.versions.min_consumer = rng.choice(extremes)
    if rng.random() < 0.3:
        graph_def.versions.bad_consumers.append(rng.choice((2474, 5, -1)))
    if rng.random() < 0.3:
        graph_def.ClearField("versions")
        graph_def.version = rng.choice(extremes)
    info = meta.meta_info_def
    info.tensorflow_version = rng.choice(("", "unknown", "1.8", "9.9.9.9", "\u00e4"))


def change_saver(rng: Random, meta: MetaGraphDef) -> None:
    """Ask for a saver that cannot be."""
    saver = meta.saver_def
    saver.save_tensor_name = rng.choice((*NAMES, "save/control_dependency:0"))
    saver.restore_op_name = rng.choice((*NAMES, "save/restore_all"))
    saver.filename_tensor_name = rng.choice((*NAMES, "save/Const:0"))
    saver.version = rng.choice((0, 1, 2, 77))
    saver.max_to_keep = rng.choice((0, -1, (1 << 31) - 1))


def damage_op_list(rng: Random, meta: MetaGraphDef) -> None:
    """Damage the signatures that came with the file, or add one."""
    ops = meta.meta_info_def.stripped_op_list.op
    if not len(ops) or rng.random() < 0.3:
        ops.add(name=rng.choice(("NoSuchOp", "", "Const")))
    op = rng.choice(ops)
    match rng.randrange(5):
        case 0:
            op.attr.add(name="T", type=rng.choice(("", "bogus", "list(", "list(type)")))
        case 1:
            op.output_arg.add(name="y", number_attr="N", type_attr="no_such")
        case 2:
            op.input_arg.add(name="x", type=rng.choice(TYPES))
        case 3:
            op.attr.add(name="N", type="int", has_minimum=True, minimum=1 << 62)
        case _:
            del op.attr[:]
    if len(meta.graph_def.node) and rng.random() < 0.5:
        rng.choice(meta.graph_def.node).op = op.name


def add_unknown_fields(rng: Random, meta: MetaGraphDef) -> None:
    """Add fields that nobody knows, here and in a node."""
    field = b"\xfa\xff\x03\x03abc"  # number 8191, three bytes
    meta.MergeFromString(field)
    if len(meta.graph_def.node):
        rng.choice(meta.graph_def.node).MergeFromString(field)


DAMAGES: Final[tuple[Damage, ...]] = (
    change_collection_kind,
    damage_elements,
    swap_collections,
    rename_in_collection,
    nest_contexts,
    add_functions,
    damage_function,
    change_versions,
    change_saver,
    damage_op_list,
    add_unknown_fields,
)
