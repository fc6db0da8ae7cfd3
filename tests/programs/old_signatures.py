"""A graph for every signature that any op of TensorFlow ever had, as old files have it.

All attributes are written out, as TensorFlow has always done, and nothing says that the
graph is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from metagraft.graph import catalogue
from metagraft.graph.catalogue import ArgDef, AttrDef, OpDef
from metagraft.proto import AttrValue, DataType, GraphDef, NodeDef

NODE: Final = "old"
OLDEST_PRODUCER: Final = 1
NEW_PRODUCER: Final = 2000
_FLOAT: Final = 1
_IMAGE_AXES: Final = 4
_SCALAR_FIELDS: Final = {"int": "i", "float": "f", "bool": "b", "string": "s"}


def signatures() -> Iterator[tuple[str, OpDef]]:
    """Yield a name for each signature, and the signature; older ones of an op first."""
    for op_type in catalogue.names():
        for number, older in enumerate(catalogue.history(op_type)):
            yield f"{op_type}#{number}", older
        current = catalogue.get(op_type)
        assert current is not None
        yield op_type, current


def graph_of(definition: OpDef, producer: int = OLDEST_PRODUCER) -> GraphDef:
    """Return a graph with one node of a signature and what it takes as inputs."""
    graph_def = GraphDef()
    graph_def.versions.producer = producer
    node = NodeDef(name=NODE, op=definition.name)
    for attr in definition.attrs:
        node.attr[attr.name].CopyFrom(_value(attr))
    number = 0
    for arg in definition.inputs:
        for data_type in _types(arg, node):
            source = graph_def.node.add(name=f"in{number}")
            _fill_source(source, data_type, is_ref=arg.is_ref)
            node.input.append(source.name)
            number += 1
    graph_def.node.append(node)
    return graph_def


def _fill_source(source: NodeDef, data_type: int, *, is_ref: bool) -> None:
    source.op = "VariableV2" if is_ref else "Placeholder"
    source.attr["dtype"].type = data_type  # type: ignore[assignment]
    source.attr["shape"].shape.unknown_rank = True
    if is_ref:
        source.attr["container"].s = b""
        source.attr["shared_name"].s = b""


def _types(arg: ArgDef, node: NodeDef) -> list[int]:
    if arg.type_list_attr:
        return list(node.attr[arg.type_list_attr].list.type)
    data_type = node.attr[arg.type_attr].type if arg.type_attr else arg.type
    count = node.attr[arg.number_attr].i if arg.number_attr else 1
    return [data_type] * count


def _value(attr: AttrDef) -> AttrValue:
    if attr.default is not None:
        return attr.default
    value = AttrValue()
    if not attr.type.startswith("list("):
        _fill(value, attr.type, attr)
        return value
    value.list.SetInParent()
    inner = attr.type[len("list(") : -1]
    least = _IMAGE_AXES if attr.name in ("strides", "ksize") else 1
    for _ in range(max(attr.minimum or 0, least)):
        item = AttrValue()
        _fill(item, inner, attr)
        field = {**_SCALAR_FIELDS}.get(inner, inner)
        items: Any = getattr(value.list, field)
        items.append(getattr(item, field))
    return value


def _fill(value: AttrValue, kind: str, attr: AttrDef) -> None:
    allowed = attr.allowed or ()
    match kind:
        case "type":
            number = _FLOAT if not allowed or _FLOAT in allowed else allowed[0]
            value.type = number  # type: ignore[assignment]
        case "int":
            value.i = max(attr.minimum or 0, 1) if attr.type == "int" else 1
        case "string":
            value.s = allowed[0] if allowed else b"x"  # type: ignore[assignment]
        case "float":
            value.f = 0.5
        case "bool":
            value.b = False
        case "shape":
            value.shape.unknown_rank = True
        case "tensor":
            value.tensor.dtype = DataType.Value("DT_FLOAT")
            value.tensor.tensor_shape.SetInParent()
        case "func":
            value.func.name = "f"
