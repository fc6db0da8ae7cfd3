"""What is wrong with a node, in the words that TensorFlow uses and people search for.

Source: tensorflow core/framework/node_def_util.cc ValidateNodeDef,
core/framework/attr_value_util.cc AttrValueHasType, core/framework/op_def_util.cc
ValidateAttrValue and SummarizeOpDef.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice
from math import prod
from typing import Any, Final

from metagraft.graph.attrs import FIELDS
from metagraft.graph.catalogue import ArgDef, AttrDef, OpDef
from metagraft.graph.shapes import MOST_DIMENSIONS, dims_from_proto, show
from metagraft.proto import AttrValue, DataType, NodeDef, TensorShapeProto

_REF_OFFSET: Final = 100
_NUMBERS: Final = frozenset(DataType.values())
_ELEMENT_TYPES: Final = frozenset(n for n in _NUMBERS if 0 < n < _REF_OFFSET)
_LARGEST_INT64: Final = (1 << 63) - 1
_MOST_TYPES_SHOWN: Final = 20
_KINDS: Final = {field: kind for kind, field in FIELDS.items()}
_FLAGS: Final = (
    "is_commutative",
    "is_aggregate",
    "is_stateful",
    "allows_uninitialized_input",
)


def field_of(attr_type: str) -> str:
    """Return the field of `AttrValue` that holds attributes of a declared type."""
    return "list" if attr_type.startswith("list(") else FIELDS[attr_type]


def is_attr_type(attr_type: str) -> bool:
    """Whether a type that a signature gives an attribute is one of TensorFlow's."""
    is_list = attr_type.startswith("list(") and attr_type.endswith(")")
    return (attr_type[len("list(") : -1] if is_list else attr_type) in FIELDS


def check_attrs(node: NodeDef, definition: OpDef) -> None:
    """Check the attributes of a node with all care.

    Raises:
        ValueError: One is missing, of the wrong kind, or not allowed.
    """
    absent: list[str] = []
    for attr in definition.attrs:
        if attr.name not in node.attr:
            if not attr.has_default:
                absent.append(attr.name)
            continue
        value = node.attr[attr.name]
        problem = (
            _kind_problem(value, attr)
            or _content_problem(value, attr)
            or _limits_problem(value, attr)
        )
        if problem:
            raise ValueError(
                f"{problem}\n\t; NodeDef: {_show(node)}; {show_op(definition)}"
            )
    if absent:
        noun = "attr" if len(absent) == 1 else "attrs"
        names = "', '".join(sorted(absent))
        raise ValueError(
            f"NodeDef missing {noun} '{names}' from {show_op(definition)}; "
            f"NodeDef: {_show(node)}"
        )


def wrong_input_count(
    name: str, definition: OpDef | str, expected: Collection[int], given: int
) -> ValueError:
    """Return the error for a node with too many or too few inputs.

    Args:
        name: The node's name in the graph that it goes into.
        definition: Its signature, or the op type if there is none.
        expected: Type numbers of the inputs that it takes.
        given: How many it has.
    """
    types = ", ".join(map(type_name, islice(expected, _MOST_TYPES_SHOWN)))
    if len(expected) > _MOST_TYPES_SHOWN:
        types += f", ... ({len(expected)} in all)"
    op = definition if isinstance(definition, str) else show_op(definition)
    return ValueError(
        f"NodeDef expected inputs '{types}' do not match {given} inputs specified; "
        f"{op}; NodeDef: {{{{node {name}}}}}"
    )


def type_name(number: int) -> str:
    """Return the name that TensorFlow's C++ side has for a `DataType` number."""
    base = number - _REF_OFFSET if number > _REF_OFFSET else number
    if base not in _NUMBERS:
        return f"unknown dtype enum ({number})"
    name = DataType.Name(base).removeprefix("DT_").lower()
    return f"{name}_ref" if base != number else name


def is_element_type(number: int) -> bool:
    """Whether an attribute may hold a `DataType` number: a known one, no reference."""
    return number in _ELEMENT_TYPES


def shape_problem(shape: TensorShapeProto) -> str:
    """Return what is wrong with a shape in TensorFlow's words; "" for nothing."""
    if shape.unknown_rank:
        if len(shape.dim):
            return "An unknown shape must not have any dimensions set."
        return ""
    sizes = [dim.size for dim in shape.dim]
    if len(sizes) > MOST_DIMENSIONS:
        return f"Shape of {len(sizes)} dimensions has too many: {MOST_DIMENSIONS} fit"
    if any(size < -1 for size in sizes):
        return (
            f"Shape {_show_sizes(sizes)} has dimensions with values below -1 (where -1 "
            "means unknown)"
        )
    if prod(size for size in sizes if size > 0) > _LARGEST_INT64:
        return f"Shape {_show_sizes(sizes)} is too large (more than 2**63 - 1 entries)"
    return ""


def _show_sizes(sizes: Iterable[int]) -> str:
    return f"[{','.join(map(str, sizes))}]"


def show_op(definition: OpDef) -> str:
    """Return a signature in one line."""
    inputs = ", ".join(_show_arg(arg) for arg in definition.inputs)
    outputs = ", ".join(_show_arg(arg) for arg in definition.outputs)
    parts = [f"name={definition.name}", f"signature={inputs} -> {outputs}"]
    parts += [f"attr={_show_attr(attr)}" for attr in definition.attrs]
    parts += [f"{flag}=true" for flag in _FLAGS if getattr(definition, flag)]
    return f"Op<{'; '.join(parts)}>"


def _show(node: NodeDef) -> str:
    return f"{{{{node {node.name}}}}}"


def _kind_problem(value: AttrValue, attr: AttrDef) -> str:
    wanted = attr.type
    inner = wanted[len("list(") : -1] if wanted.startswith("list(") else ""
    kind = value.WhichOneof("value")
    if kind == field_of(wanted):
        found = _list_kinds(value) if inner else set()
        if not found or found == {inner}:
            return ""
        given = f"list({', '.join(sorted(found))})"
    elif kind is None:
        if inner:  # nothing is the empty list
            return ""
        return (
            f"AttrValue missing value with expected type '{wanted}'\n\t for attr "
            f"'{attr.name}'"
        )
    else:
        given = _KINDS.get(kind, kind)
    return (
        f"AttrValue had value with type '{given}' when '{wanted}' expected\n\t for "
        f"attr '{attr.name}'"
    )


def _list_kinds(value: AttrValue) -> set[str]:
    return {kind for field, kind in _KINDS.items() if len(getattr(value.list, field))}


def _content_problem(value: AttrValue, attr: AttrDef) -> str:
    """Return what is wrong with element types and shapes."""
    if attr.type == "shape":
        return shape_problem(value.shape)
    if attr.type not in ("type", "list(type)"):
        return ""
    numbers = [value.type] if attr.type == "type" else value.list.type
    for number in numbers:
        if is_element_type(number):
            continue
        if number == 0:
            verb = "has" if attr.type == "type" else "contains"
            problem = f"AttrValue {verb} invalid DataType"
        elif number in _NUMBERS:
            problem = (
                f"AttrValue must not have reference type value of {type_name(number)}"
            )
        else:
            problem = f"AttrValue has invalid DataType enum: {number}"
        return f"{problem}\n\t for attr '{attr.name}'"
    return ""


def _limits_problem(value: AttrValue, attr: AttrDef) -> str:
    is_list = attr.type.startswith("list(")
    inner = attr.type[len("list(") : -1] if is_list else attr.type
    field = FIELDS[inner]
    contents = list(getattr(value.list, field)) if is_list else [getattr(value, field)]
    if attr.minimum is not None:
        if is_list and len(contents) < attr.minimum:
            return (
                f"Length for attr '{attr.name}' of {len(contents)} must be at least "
                f"minimum {attr.minimum}"
            )
        if not is_list and contents[0] < attr.minimum:
            return (
                f"Value for attr '{attr.name}' of {contents[0]} must be at least "
                f"minimum {attr.minimum}"
            )
    if attr.allowed is None:
        return ""
    for content in contents:
        if content not in attr.allowed:
            allowed = ", ".join(_show_value(choice) for choice in attr.allowed)
            return (
                f"Value for attr '{attr.name}' of {_show_value(content)} is not in the "
                f"list of allowed values: {allowed}"
            )
    return ""


def _show_value(value: int | bytes) -> str:
    if isinstance(value, bytes):
        return f'"{value.decode(errors="replace")}"'
    return type_name(value)


def _show_arg(arg: ArgDef) -> str:
    if arg.type_list_attr:
        kind = ""  # as in TensorFlow, which leaves the list out
    else:
        kind = arg.type_attr or type_name(arg.type)
        if arg.number_attr:
            kind = f"{arg.number_attr}*{kind}"
    return f"{arg.name}:Ref({kind})" if arg.is_ref else f"{arg.name}:{kind}"


def _show_attr(attr: AttrDef) -> str:
    text = f"{attr.name}:{attr.type}"
    if attr.default is not None:
        text += f",default={_show_default(attr.default)}"
    if attr.minimum is not None:
        text += f",min={attr.minimum}"
    if attr.allowed is not None:
        shown = [
            _show_value(choice) if isinstance(choice, bytes) else _enum_name(choice)
            for choice in attr.allowed
        ]
        text += f",allowed=[{', '.join(shown)}]"
    return text


def _enum_name(number: int) -> str:
    return DataType.Name(number) if number in _NUMBERS else str(number)


def _show_default(value: AttrValue) -> str:
    kind = value.WhichOneof("value")
    if kind is None:
        return "<missing>"
    if kind != "list":
        return _show_item(kind, getattr(value, kind))
    items = [
        _show_item(field, item)
        for field in _KINDS
        for item in getattr(value.list, field)
    ]
    return f"[{', '.join(items)}]"


# The items of an `AttrValue` have a type for each kind, hence `Any`.
def _show_item(kind: str, item: Any) -> str:
    match kind:
        case "s":
            return f'"{item.decode(errors="replace")}"'
        case "f":
            return f"{item:g}"
        case "b":
            return "true" if item else "false"
        case "type":
            return _enum_name(item)
        case "shape":
            return show(dims_from_proto(item)) if not item.unknown_rank else "<unknown>"
    return str(item).replace("\n", " ").strip()
