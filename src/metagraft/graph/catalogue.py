"""The signatures of all of TensorFlow's ops, as data.

The resources in `data/` hold each op as an encoded `OpDef` message behind an index of
names. The first `get` unpacks a resource and reads its index; an op is decoded when it
is first asked for. Written by tools/build_op_catalogue.py; the layout is
docs/formats/op_catalogue.md.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, TypeAlias

from metagraft.graph.registered_ops import registered, registered_types
from metagraft.proto import AttrValue, FullTypeDef
from metagraft.proto import OpDef as OpDefMessage

AllowedValues: TypeAlias = tuple[int, ...] | tuple[bytes, ...]

_DATA: Final = Path(__file__).parent / "data"
_KERNELS: Final = ("cpu", "gpu", "xla")
# Its nodes have the type of no values; in a signature that is not to be seen.
_TYPED_WITHOUT_OUTPUTS: Final = frozenset({"MakeIterator"})


@dataclass(frozen=True, slots=True)
class ArgDef:
    """An input or output of an op.

    Attributes:
        name: Its name.
        type: Its `DataType` number, or 0 where an attribute tells the type.
        type_attr: The attribute that holds the type, or empty.
        number_attr: The attribute that holds how many tensors it stands for, or empty.
        type_list_attr: The attribute that holds the list of types, or empty.
        is_ref: Whether it is a reference to a variable's memory.
        is_list: Whether it stands for a list of tensors.
    """

    name: str
    type: int
    type_attr: str
    number_attr: str
    type_list_attr: str
    is_ref: bool
    is_list: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out once what is asked for every operation."""
        is_list = bool(self.number_attr or self.type_list_attr)
        object.__setattr__(self, "is_list", is_list)


@dataclass(frozen=True, slots=True)
class AttrDef:
    """An attribute of an op.

    Attributes:
        name: Its name.
        type: `type`, `int`, `float`, `bool`, `string`, `shape`, `tensor`, `func`, or
            `list(...)` of one of these.
        default: The value of a node that does not give one; not to be changed.
        has_default: Whether there is one.
        minimum: The least value of a number, or the least length of a list.
        allowed: The values of a type (`DataType` numbers) or a string (bytes), or None
            where every value is allowed.
    """

    name: str
    type: str
    default: AttrValue | None
    has_default: bool
    minimum: int | None
    allowed: AllowedValues | None


@dataclass(frozen=True, slots=True)
class OpDef:
    """The signature of an op.

    Attributes:
        name: The op type, as in `NodeDef.op`.
        inputs: Its inputs.
        outputs: Its outputs.
        full_types: The full types of its outputs, with attributes in the place of
            types; None if its nodes have none. Not to be changed.
        attrs: Its attributes.
        is_stateful: Whether it has state or effects.
        is_commutative: Whether its two inputs may be swapped.
        is_aggregate: Whether grouping its inputs differently changes nothing.
        allows_uninitialized_input: Whether a reference input may be uninitialised.
        is_distributed_communication: Whether it talks to other processes.
        deprecated_at_producer_version: The graph version from which on it is refused.
        deprecation_explanation: What to use in its place, or why it went; "" if not
            deprecated.
        origin: Where the signature is from: `tf-2.21.0`, `core-removed-before-2.21`,
            `contrib-1.15`, or `history-...` for older variants; `registered` if the
            program registered it, `file` if a file told it.
        gradient: What TensorFlow registers: `function`, `not_differentiable` or
            `none_registered`; empty where not known.
        kernels: For which of `cpu`, `gpu` and `xla` TensorFlow has an implementation.
        contrib_module: The module of contrib that registers it, or empty.
    """

    name: str
    inputs: tuple[ArgDef, ...]
    outputs: tuple[ArgDef, ...]
    full_types: tuple[FullTypeDef, ...] | None
    attrs: tuple[AttrDef, ...]
    is_stateful: bool
    is_commutative: bool
    is_aggregate: bool
    allows_uninitialized_input: bool
    is_distributed_communication: bool
    deprecated_at_producer_version: int | None
    deprecation_explanation: str
    origin: str
    gradient: str
    kernels: frozenset[str]
    contrib_module: str
    _encoded: bytes = field(repr=False, compare=False)

    def attr(self, name: str) -> AttrDef | None:
        """Return the attribute called `name`, or None."""
        for attr in self.attrs:
            if attr.name == name:
                return attr
        return None

    def to_proto(self) -> OpDefMessage:
        """Return the message as in op lists of MetaGraphs; the caller's to change."""
        return OpDefMessage.FromString(self._encoded)


def get(op_type: str) -> OpDef | None:
    """Return the signature of an op, or None if it is not TensorFlow's.

    One that the program registered counts as TensorFlow's.
    """
    found = registered(op_type)
    return _catalogue().get(op_type) if found is None else found.definition


def names() -> tuple[str, ...]:
    """Return the types of all ops, sorted."""
    added = registered_types()
    if added:
        return tuple(sorted({*_catalogue().names(), *added}))
    return _catalogue().names()


def history(op_type: str) -> tuple[OpDef, ...]:
    """Return earlier signatures of an op, oldest first, without the one of `get`."""
    return _history().get_all(op_type)


class _Resource:
    """Ops decoded on demand from one resource."""

    def __init__(self, path: Path) -> None:
        index, _, records = zlib.decompress(path.read_bytes()).partition(b"\n")
        self._index: dict[str, Any] = json.loads(index)
        self._records = records
        self._ends = list(accumulate(self._index["sizes"]))
        # In history a name occurs once for each variant; this finds its first.
        numbered = reversed(list(enumerate(self._index["names"])))
        self._first = {name: number for number, name in numbered}
        self._decoded: dict[str, OpDef] = {}
        self._args: dict[bytes, ArgDef] = {}
        self._attrs: dict[bytes, AttrDef] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(self._first)[::-1]

    def get(self, op_type: str) -> OpDef | None:
        found = self._decoded.get(op_type)
        if found is None:
            number = self._first.get(op_type)
            if number is None:
                return None
            found = self._decoded[op_type] = self._decode(number)
        return found

    def get_all(self, op_type: str) -> tuple[OpDef, ...]:
        number = self._first.get(op_type)
        if number is None:
            return ()
        op_types = self._index["names"]
        found = []
        while number < len(op_types) and op_types[number] == op_type:
            found.append(self._decode(number))
            number += 1
        return tuple(found)

    def _decode(self, number: int) -> OpDef:
        index = self._index
        end = self._ends[number]
        encoded = self._records[end - index["sizes"][number] : end]
        message = OpDefMessage.FromString(encoded)
        deprecated = message.HasField("deprecation")
        return OpDef(
            name=message.name,
            inputs=tuple([self._arg(arg) for arg in message.input_arg]),
            outputs=tuple([self._arg(arg) for arg in message.output_arg]),
            full_types=_full_types(message),
            attrs=tuple([self._attr(attr) for attr in message.attr]),
            is_stateful=message.is_stateful,
            is_commutative=message.is_commutative,
            is_aggregate=message.is_aggregate,
            allows_uninitialized_input=message.allows_uninitialized_input,
            is_distributed_communication=message.is_distributed_communication,
            deprecated_at_producer_version=(
                message.deprecation.version if deprecated else None
            ),
            deprecation_explanation=message.deprecation.explanation,
            origin=index["origins"][index["origin"][number]],
            gradient=index["gradients"][index["gradient"][number]],
            kernels=_kernels(index["kernels"][number]),
            contrib_module=index["contrib_modules"].get(message.name, ""),
            _encoded=encoded,
        )

    # Ops share their parts: of 14,000 arguments and attributes, 3,100 are distinct.

    def _arg(self, arg: OpDefMessage.ArgDef) -> ArgDef:
        encoded = arg.SerializeToString()
        found = self._args.get(encoded)
        if found is None:
            found = self._args[encoded] = ArgDef(
                arg.name,
                arg.type,
                arg.type_attr,
                arg.number_attr,
                arg.type_list_attr,
                arg.is_ref,
            )
        return found

    def _attr(self, attr: OpDefMessage.AttrDef) -> AttrDef:
        encoded = attr.SerializeToString()
        found = self._attrs.get(encoded)
        if found is None:
            found = self._attrs[encoded] = _attr_def(attr)
        return found


def _full_types(message: OpDefMessage) -> tuple[FullTypeDef, ...] | None:
    outputs = message.output_arg
    has_any = any(arg.HasField("experimental_full_type") for arg in outputs)
    if has_any or message.name in _TYPED_WITHOUT_OUTPUTS:
        return tuple(arg.experimental_full_type for arg in outputs)
    return None


def _attr_def(attr: OpDefMessage.AttrDef) -> AttrDef:
    has_default = attr.HasField("default_value")
    allowed: AllowedValues | None = None
    if attr.HasField("allowed_values"):
        values = attr.allowed_values.list
        allowed = tuple(values.type) or tuple(values.s)
    return AttrDef(
        attr.name,
        attr.type,
        attr.default_value if has_default else None,
        has_default,
        attr.minimum if attr.has_minimum else None,
        allowed,
    )


@cache
def _kernels(bits: int) -> frozenset[str]:
    return frozenset(kind for bit, kind in enumerate(_KERNELS) if bits >> bit & 1)


@cache
def _catalogue() -> _Resource:
    return _Resource(_DATA / "op_catalogue.bin")


@cache
def _history() -> _Resource:
    return _Resource(_DATA / "op_history.bin")
