"""Calls of single ops with operands of random shapes and values."""

from __future__ import annotations

import random
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np

from metagraft.graph import catalogue
from metagraft.graph.catalogue import AttrDef, OpDef
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.op_spec import spec_for
from metagraft.kernels import families_of_kernels

CALLS: Final = 25
_TYPES: Final = ("float32", "int32", "int64", "string", "bool", "uint8")
_RANKS: Final = (0, 0, 1, 1, 1, 2, 2, 3, 4, 4, 5)


@dataclass(frozen=True)
class Operand:
    """One operand: its type, what the graph knows of its shape, perhaps its value."""

    dtype: str
    dims: list[int | None] | None
    value: list[int] | None = None


@dataclass(frozen=True)
class Call:
    """Attributes, and the operands of every argument."""

    attrs: dict[str, Any]
    operands: dict[str, list[Operand]]


def preferred_type(attr: AttrDef) -> str:
    """Return a type that most ops take, if this one does."""
    allowed = [as_dtype(number).name for number in attr.allowed or ()] or _TYPES
    return next((name for name in _TYPES if name in allowed), allowed[0])


def random_attribute(attr: AttrDef, chance: random.Random) -> Any:
    """Return a random value; None for what an op can be built without."""
    least = attr.minimum or 0
    makers: dict[str, Any] = {
        "bool": lambda: chance.random() < 0.5,
        "float": lambda: chance.choice([1.0, 0.5, 0.0]),
        "int": lambda: max(least, chance.choice([0, 1, 1, 2, 3, 4])),
        "list(float)": lambda: [1.0] * chance.choice([1, 2, 4]),
        "list(int)": lambda: [
            chance.choice([1, 1, 2, 3])
            for _ in range(chance.choice([1, 2, 3, 4, 4, 5]))
        ],
        "list(shape)": lambda: [chance.choice([None, [], [2]])],
        "list(string)": lambda: ["a"],
        "list(type)": lambda: ["float32"] * chance.choice([1, 2]),
        "shape": lambda: chance.choice([None, [], [2], [None, 3], [2, 2]]),
        "string": lambda: chance.choice(
            [text.decode() for text in attr.allowed or [b"a"]]
        ),
        "type": lambda: preferred_type(attr),
    }
    return makers[attr.type]() if attr.type in makers else None


def _operand(dtype: str, base: list[int], chance: random.Random) -> Operand:
    """Return a random operand; most sizes are those of the others."""
    rank, kind = chance.choice(_RANKS), chance.random()
    dims: list[int | None] = [
        base[i] if chance.random() < 0.75 else chance.randint(0, 4) for i in range(rank)
    ]
    if kind < 0.1:
        return Operand(dtype, None)
    if kind < 0.25:
        return Operand(dtype, [None if chance.random() < 0.4 else d for d in dims])
    if dtype in {"int32", "int64"} and rank < 3 and kind < 0.8:
        count = int(np.prod(dims))
        values = [chance.choice([0, 1, 1, 2, 2, 3, 4, -1]) for _ in range(count)]
        return Operand(dtype, dims, values)
    return Operand(dtype, dims)


def inferred_attributes(definition: OpDef) -> set[str | None]:
    """Return the attributes that follow from the operands; with them None."""
    return {
        name
        for arg in definition.inputs
        for name in (arg.type_attr, arg.number_attr, arg.type_list_attr)
    }


def random_calls(definition: OpDef) -> list[Call]:
    """Return calls of an op, the same ones every time."""
    chance = random.Random(definition.name)
    attrs = {attr.name: attr for attr in definition.attrs}
    inferred = inferred_attributes(definition)
    calls = []
    for _ in range(CALLS):
        given = {
            attr.name: random_attribute(attr, chance)
            for attr in definition.attrs
            if attr.name not in inferred
            and not (attr.has_default and chance.random() < 0.8)
        }
        count = chance.choice([1, 1, 2, 3])
        base = [chance.choice([1, 2, 2, 3, 4]) for _ in range(5)]
        operands = {}
        for arg in definition.inputs:
            dtype = "float32"
            if arg.type_attr:
                dtype = preferred_type(attrs[arg.type_attr])
            elif arg.type:
                dtype = as_dtype(arg.type).name
            operands[arg.name] = [
                _operand(dtype, base, chance)
                for _ in range(count if arg.is_list else 1)
            ]
        calls.append(Call({k: v for k, v in given.items() if v is not None}, operands))
    return calls


def _tensor(tf: ModuleType, op: str, operand: Operand, *, is_ref: bool) -> Any:
    dims, is_known = operand.dims, operand.dims is not None and None not in operand.dims
    whole = tf.TensorShape(dims if is_known else None)
    if is_ref:
        return tf.raw_ops.TemporaryVariable(shape=whole, dtype=operand.dtype)
    if operand.dtype == "resource" and op.startswith("Resource"):
        return tf.raw_ops.VarHandleOp(shape=whole, dtype="float32")
    if operand.value is not None:
        return tf.constant(np.array(operand.value, operand.dtype).reshape(dims))
    return tf.placeholder(operand.dtype, dims)


def outcome(tf: ModuleType, definition: OpDef, call: Call) -> Any:
    """Return the shapes of the results, or the class of the error."""
    with tf.Graph().as_default():
        arguments: dict[str, Any] = {}
        for arg in definition.inputs:
            tensors = [
                _tensor(tf, definition.name, operand, is_ref=arg.is_ref)
                for operand in call.operands[arg.name]
            ]
            arguments[arg.name] = tensors if arg.is_list else tensors[0]
        try:
            made = getattr(tf.raw_ops, definition.name)(**arguments, **call.attrs)
        except Exception as error:  # noqa: BLE001 - any class is compared
            return type(error).__name__
        results = tf.nest.flatten([] if isinstance(made, tf.Operation) else made)
        return [None if t.shape.rank is None else t.shape.as_list() for t in results]


def names() -> set[str]:
    """Return the ops that have operands, a shape function and a kernel."""
    definitions = {name: catalogue.get(name) for name in families_of_kernels()}
    return {
        name
        for name, definition in definitions.items()
        if definition and definition.inputs and spec_for(name)
        if not name.startswith("_") and "Dataset" not in name
    }
