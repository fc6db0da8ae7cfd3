"""Damage to the nodes of a parsed MetaGraph: well-formed bytes, senseless graphs."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from metagraft.graph import catalogue
from metagraft.proto import AttrValue, MetaGraphDef, NodeDef, TensorProto

Damage = Callable[[Random, MetaGraphDef], None]

NAMES: Final = ("", "a b", "_x", "/", "x/", "\u00e4", "x:0", "^x", "x" * 5000, "a\nb")
NUMBERS: Final = (0, -1, 1, 2, 3, 7, 1 << 20, 1 << 31, 1 << 62, -(1 << 63))
TYPES: Final = (0, 1, 3, 7, 9, 10, 20, 21, 23, 33, 77, 99, 100, 101, 107, 120, 2**30)
PORTS: Final = (":0", ":1", ":99", ":-1", ":x", ":", ":1:1", f":{10**30}", ":\u0663")
DEVICES: Final = ("bogus:::", "/gpu:", "/job:a/job:b", "/gpu:99999999999", "\u00e4")
CLASSES: Final = (b"loc:@", b"loc:@no_such", b"\xff\xfe", b"", b"loc:@\xff")


def _node(rng: Random, meta: MetaGraphDef) -> NodeDef:
    nodes = meta.graph_def.node
    return rng.choice(nodes) if len(nodes) else nodes.add(name="new", op="NoOp")


def _attr(rng: Random, meta: MetaGraphDef, kind: str) -> AttrValue:
    """Return an attribute of a kind, or any node's new one if there is none."""
    nodes = list(meta.graph_def.node)
    rng.shuffle(nodes)
    for node in nodes[:40]:
        found = [name for name in sorted(node.attr) if node.attr[name].HasField(kind)]
        if found:
            return node.attr[rng.choice(found)]
    return _node(rng, meta).attr["extra"]


def drop_nodes(rng: Random, meta: MetaGraphDef) -> None:
    """Delete some nodes; others may take them as inputs."""
    nodes = meta.graph_def.node
    for _ in range(rng.randrange(1, 4)):
        if len(nodes):
            del nodes[rng.randrange(len(nodes))]


def duplicate_node(rng: Random, meta: MetaGraphDef) -> None:
    """Write a node twice."""
    meta.graph_def.node.add().CopyFrom(_node(rng, meta))


def shuffle_nodes(rng: Random, meta: MetaGraphDef) -> None:
    """Change the order of the nodes, which means nothing."""
    nodes = list(meta.graph_def.node)
    rng.shuffle(nodes)
    copies = [NodeDef.FromString(node.SerializeToString()) for node in nodes]
    del meta.graph_def.node[:]
    meta.graph_def.node.extend(copies)


def rename_node(rng: Random, meta: MetaGraphDef) -> None:
    """Give a node a name that is malformed or another's."""
    other = _node(rng, meta).name
    _node(rng, meta).name = rng.choice((*NAMES, other, other.upper(), f"{other}/x"))


def change_op(rng: Random, meta: MetaGraphDef) -> None:
    """Make a node one of another op, which may not exist."""
    every = sorted(catalogue.names())
    _node(rng, meta).op = rng.choice(
        ("", "NoSuchOp", "no such op", "\u00e4", rng.choice(every), rng.choice(every))
    )


def swap_ops(rng: Random, meta: MetaGraphDef) -> None:
    """Exchange the ops of two nodes."""
    first, second = _node(rng, meta), _node(rng, meta)
    first.op, second.op = second.op, first.op


def change_input(rng: Random, meta: MetaGraphDef) -> None:
    """Point an input to nothing, to another output, or to any other node."""
    node = _node(rng, meta)
    other = _node(rng, meta).name
    text = rng.choice(("no_such", "^no_such", "", "^", ":", "^:0", other, f"^{other}"))
    if rng.random() < 0.4:
        text = other + rng.choice(PORTS)
    if len(node.input) and rng.random() < 0.7:
        node.input[rng.randrange(len(node.input))] = text
    else:
        node.input.append(text)


def shuffle_inputs(rng: Random, meta: MetaGraphDef) -> None:
    """Exchange a node's inputs, control inputs too."""
    node = _node(rng, meta)
    inputs = list(node.input)
    rng.shuffle(inputs)
    node.input[:] = inputs


def drop_inputs(rng: Random, meta: MetaGraphDef) -> None:
    """Take inputs from a node."""
    node = _node(rng, meta)
    del node.input[rng.randrange(len(node.input) + 1) :]


def take_itself(rng: Random, meta: MetaGraphDef) -> None:
    """Make a node its own input."""
    node = _node(rng, meta)
    text = rng.choice((node.name, f"^{node.name}"))
    if len(node.input) and not text.startswith("^"):
        node.input[0] = text
    else:
        node.input.append(text)


def close_cycle(rng: Random, meta: MetaGraphDef) -> None:
    """Let an early node wait for a late one."""
    nodes = meta.graph_def.node
    if len(nodes) > 1:
        early = nodes[rng.randrange(len(nodes) // 2)]
        late = nodes[rng.randrange(len(nodes) // 2, len(nodes))].name
        if len(early.input) and rng.random() < 0.5:
            early.input[0] = late
        else:
            early.input.append(f"^{late}")


def drop_attr(rng: Random, meta: MetaGraphDef) -> None:
    """Delete an attribute."""
    node = _node(rng, meta)
    if len(node.attr):
        del node.attr[rng.choice(sorted(node.attr))]


def change_kind(rng: Random, meta: MetaGraphDef) -> None:
    """Give an attribute a value of another kind."""
    node = _node(rng, meta)
    name = rng.choice([*sorted(node.attr), "extra", "", "T", "N", "value"])
    node.attr[name].CopyFrom(_any_value(rng))


def _any_value(rng: Random) -> AttrValue:
    value = AttrValue()
    rng.choice(_FILLS)(rng, value)
    return value


def _fill_scalar(rng: Random, value: AttrValue) -> None:
    match rng.randrange(6):
        case 0:
            value.s = rng.choice((b"", b"\xff", b"NHWC", b"x" * 1000))
        case 1:
            value.i = rng.choice(NUMBERS)
        case 2:
            value.f = rng.choice((0.0, float("nan"), float("inf"), -1e38))
        case 3:
            value.b = rng.random() < 0.5
        case 4:
            value.type = rng.choice(TYPES)
        case _:
            value.placeholder = "T"


def _fill_message(rng: Random, value: AttrValue) -> None:
    match rng.randrange(4):
        case 0:
            _fill_shape(rng, value.shape)
        case 1:
            _fill_tensor(rng, value.tensor)
        case 2:
            value.func.name = rng.choice(("", "no_such", "f"))


def _fill_list(rng: Random, value: AttrValue) -> None:
    value.list.SetInParent()
    for field, item in (
        ("i", rng.choice(NUMBERS)),
        ("type", rng.choice(TYPES)),
        ("s", b"\xff"),
        ("f", 1.0),
        ("b", True),
    ):
        if rng.random() < 0.3:
            getattr(value.list, field).extend([item] * rng.randrange(1, 5))


_FILLS: Final = (_fill_scalar, _fill_message, _fill_list)


def _fill_shape(rng: Random, shape: Any) -> None:
    if rng.random() < 0.1:
        shape.unknown_rank = True
    count = rng.choice((0, 1, 1, 2, 4, 255, 20_000))
    for size in rng.choices((-5, -1, 0, 1, 3, 1 << 31, 1 << 62), k=count):
        shape.dim.add(size=size)


def _fill_tensor(rng: Random, tensor: TensorProto) -> None:
    tensor.dtype = rng.choice(TYPES)
    _fill_shape(rng, tensor.tensor_shape)
    if rng.random() < 0.5:
        tensor.tensor_content = bytes(rng.randrange(40))
    tensor.float_val.extend([1.0] * rng.randrange(3))
    tensor.int_val.extend([-(1 << 31)] * rng.randrange(3))
    tensor.string_val.extend([b"\xff"] * rng.randrange(3))


def change_type(rng: Random, meta: MetaGraphDef) -> None:
    """Give a type attribute another number, known or not."""
    _attr(rng, meta, "type").type = rng.choice(TYPES)


def change_number(rng: Random, meta: MetaGraphDef) -> None:
    """Give a number attribute an extreme value: counts, axes, seeds."""
    _attr(rng, meta, "i").i = rng.choice(NUMBERS)


def change_string(rng: Random, meta: MetaGraphDef) -> None:
    """Give a string attribute other bytes."""
    _attr(rng, meta, "s").s = rng.choice((b"", b"\xff\xfe", b"VALID", b"NCHW", b"\0"))


def change_list(rng: Random, meta: MetaGraphDef) -> None:
    """Give a list attribute other items."""
    value = _attr(rng, meta, "list")
    value.Clear()
    _fill_list(rng, value)


def change_shape(rng: Random, meta: MetaGraphDef) -> None:
    """Give a shape attribute absurd dimensions."""
    value = _attr(rng, meta, "shape")
    value.Clear()
    _fill_shape(rng, value.shape)


def change_tensor(rng: Random, meta: MetaGraphDef) -> None:
    """Damage a constant: type, shape, content."""
    tensor = _attr(rng, meta, "tensor").tensor
    match rng.randrange(5):
        case 0:
            tensor.dtype = rng.choice(TYPES)
        case 1:
            tensor.tensor_shape.Clear()
            _fill_shape(rng, tensor.tensor_shape)
        case 2:
            tensor.tensor_content = tensor.tensor_content[:-1] or b"\0"
        case 3:
            tensor.tensor_content += b"\0" * rng.randrange(1, 9)
        case _:
            tensor.Clear()
            _fill_tensor(rng, tensor)


def change_output_shapes(rng: Random, meta: MetaGraphDef) -> None:
    """Store other shapes with a node."""
    value = _node(rng, meta).attr["_output_shapes"]
    value.Clear()
    value.list.SetInParent()
    for _ in range(rng.randrange(4)):
        _fill_shape(rng, value.list.shape.add())


def change_class(rng: Random, meta: MetaGraphDef) -> None:
    """Put a node together with one that does not exist, or with bytes."""
    node = _node(rng, meta)
    node.attr["_class"].list.s.append(rng.choice(CLASSES))


def change_device(rng: Random, meta: MetaGraphDef) -> None:
    """Give a node a malformed device."""
    _node(rng, meta).device = rng.choice(DEVICES)


DAMAGES: Final[tuple[Damage, ...]] = (
    drop_nodes,
    duplicate_node,
    shuffle_nodes,
    rename_node,
    change_op,
    swap_ops,
    change_input,
    shuffle_inputs,
    drop_inputs,
    take_itself,
    close_cycle,
    drop_attr,
    change_kind,
    change_type,
    change_number,
    change_string,
    change_list,
    change_shape,
    change_tensor,
    change_output_shapes,
    change_class,
    change_device,
)
