"""The name that a function gets from its content.

A function without a name of its own is called after its Python function and a hash of
its definition, so that the same body has the same name in every program. The hash is
that of TensorFlow, so that files of both hold the same names.

Source: tensorflow core/framework/function.cc FunctionDefHash, core/framework/
node_def_util.cc, attr_value_util.cc, op_def_util.cc, tsl/platform/hash.cc Hash64.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Final

from metagraft.formats.varint import encode_varint
from metagraft.graph.tensor_values import make_ndarray
from metagraft.proto import AttrValue, FunctionDef, NodeDef, OpDef, TensorProto

_MASK: Final = (1 << 64) - 1
_SEED: Final = 0xDECAFCAFFE
_MULTIPLIER: Final = 0xC6A4A7935BD1E995
_SHIFT: Final = 47
_GOLDEN: Final = 0x9E3779B97F4A7800


def name_with_hash(name: str, definition: FunctionDef) -> str:
    """Return `name` followed by a hash of a definition that has no name yet."""
    digest = function_hash(definition).to_bytes(8, "little")
    text = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return f"{name}_{text.replace('-', 'a').replace('_', 'A')}"


def function_hash(definition: FunctionDef) -> int:
    """Return the 64-bit hash of a definition."""
    seed = _signature_hash(definition.signature)
    seed = _attrs_hash(definition.attr, seed)
    seed = _combined(_nodes_hash(definition.node_def), seed)
    for mapping in (definition.ret, definition.control_ret):
        for key in sorted(mapping):
            seed = hash64(mapping[key].encode(), hash64(key.encode(), seed))
    return seed


def hash64(data: bytes, seed: int = _SEED) -> int:
    """Return the hash of some bytes."""
    value = seed ^ (len(data) * _MULTIPLIER & _MASK)
    whole = len(data) // 8 * 8
    for start in range(0, whole, 8):
        block = int.from_bytes(data[start : start + 8], "little")
        block = block * _MULTIPLIER & _MASK
        block ^= block >> _SHIFT
        block = block * _MULTIPLIER & _MASK
        value = (value ^ block) * _MULTIPLIER & _MASK
    if whole < len(data):
        value ^= int.from_bytes(data[whole:], "little")
        value = value * _MULTIPLIER & _MASK
    value ^= value >> _SHIFT
    value = value * _MULTIPLIER & _MASK
    return value ^ (value >> _SHIFT)


def _combined(a: int, b: int) -> int:
    return (a ^ (b + _GOLDEN + (a << 10 & _MASK) + (a >> 4))) & _MASK


def _message_hash(message: Any, seed: int = _SEED) -> int:  # any message
    return hash64(message.SerializeToString(deterministic=True), seed)


def _signature_hash(signature: OpDef) -> int:
    seed = _attr_defs_hash(signature.attr)
    for name in sorted(signature.control_output):
        seed = _combined(seed, hash64(name.encode()))
    rest = OpDef()
    rest.CopyFrom(signature)
    for field in ("attr", "control_output"):
        rest.ClearField(field)
    return _message_hash(rest, seed)


def _attr_defs_hash(attrs: Iterable[OpDef.AttrDef]) -> int:
    seed = _SEED
    for attr in sorted(attrs, key=lambda attr: attr.name):
        seed = hash64(attr.name.encode(), seed)
        seed = _combined(_message_hash(attr), seed)
    return seed


def _nodes_hash(nodes: Iterable[NodeDef]) -> int:
    seed = _SEED
    for node in sorted(nodes, key=lambda node: node.name):
        seed = hash64(node.name.encode(), seed)
        seed = _combined(_node_hash(node), seed)
    return seed


def _node_hash(node: NodeDef) -> int:
    seed = hash64(node.name.encode())
    seed = hash64(node.op.encode(), seed)
    seed = hash64(node.device.encode(), seed)
    data = [text for text in node.input if text[0] != "^"]
    control = sorted({text for text in node.input if text[0] == "^"})
    for text in (*data, *control):
        seed = hash64(text.encode(), seed)
    declared = {key: value for key, value in node.attr.items() if key[0] != "_"}
    return _attrs_hash(declared, seed)


def _attrs_hash(attrs: Mapping[str, AttrValue], seed: int) -> int:
    for key in sorted(attrs):
        seed = hash64(key.encode(), seed)
        seed = _combined(_attr_hash(attrs[key]), seed)
    return seed


def _attr_hash(value: AttrValue) -> int:
    kind = value.WhichOneof("value")
    if kind == "tensor":
        return _message_hash(_with_content(value.tensor))
    if kind == "func":
        return _attrs_hash(value.func.attr, hash64(value.func.name.encode()))
    return _message_hash(value)


def _with_content(tensor: TensorProto) -> TensorProto:
    """Return a tensor with its elements as bytes, as the hash takes them."""
    array = make_ndarray(tensor)
    if array.dtype == object:
        texts = [bytes(item) for item in array.ravel()]
        content = b"".join([*(encode_varint(len(text)) for text in texts), *texts])
    else:
        content = array.tobytes()
    packed = TensorProto(dtype=tensor.dtype, tensor_content=content)
    packed.tensor_shape.CopyFrom(tensor.tensor_shape)
    return packed
