"""Runs of single ops with operands of which the graph knows no shape and no value."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np

from metagraft.graph import catalogue
from metagraft.graph.catalogue import AttrDef, OpDef
from metagraft.graph.dtypes import as_dtype
from tests.programs.random_calls import (
    inferred_attributes,
    names,
    preferred_type,
    random_attribute,
)

RUNS: Final = 12
_TYPES: Final = (
    *("float32", "float64", "float16", "bfloat16", "complex64", "complex128"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("bool", "string"),
)
_RANKS: Final = (0, 0, 1, 1, 1, 2, 2, 2, 3, 4, 4, 5)
_SPECIAL: Final = (float("nan"), float("inf"), -float("inf"))
_FLOATS: Final = (0.0, -0.0, 0.5, 1.0, -1.0, 2.0, -2.5, 10.0, 0.1, 1e-3, *_SPECIAL)
_WHOLES: Final = (0, 0, 1, 1, 2, 2, 3, 4, 5, -1, -2, 7)
_COUNTS: Final = (0, 1, 2, 3, 5, 7, 200)
_TEXTS: Final = (b"", b"a", b"1", b"ab c", b"1.5", b"x,y")
# They need other nodes, other runs, a debugger or another compiler.
_APART: Final = re.compile(
    "Batch|Copy(Host)?|(Debug|Xla).*|(Ref)?(Enter|Exit|Merge|NextIteration|Switch)"
)


@dataclass(frozen=True)
class Run:
    """Attributes, and the operands of every argument."""

    attrs: dict[str, Any]
    operands: dict[str, list[np.ndarray]]


def run_names() -> set[str]:
    """Return the ops from values to values that keep nothing but seeds."""
    definitions = {name: catalogue.get(name) for name in names()}
    return {
        name
        for name, definition in definitions.items()
        if definition
        and (not definition.is_stateful or "seed" in map(_name_of, definition.attrs))
        and not _APART.fullmatch(name)
        and _types_of(definition) <= {*_TYPES}
        # Old handles are references to texts.
        and not any(arg.is_ref and arg.type for arg in definition.inputs)
    }


def _name_of(attr: AttrDef) -> str:
    return attr.name


def _types_of(definition: OpDef) -> set[str]:
    """Return the types of operands and results, of attributes the preferred one."""
    arguments = (*definition.inputs, *definition.outputs)
    return {as_dtype(arg.type).name for arg in arguments if arg.type} | {
        preferred_type(attr) for attr in definition.attrs if attr.type == "type"
    }


def _type(attr: AttrDef, chance: random.Random) -> str:
    allowed = [as_dtype(number).name for number in attr.allowed or ()] or _TYPES
    usual = [name for name in _TYPES if name in allowed]
    if not usual or chance.random() < 0.5:
        return preferred_type(attr)
    return chance.choice(usual)


def _values(dtype: str, dims: list[int], chance: random.Random) -> np.ndarray:
    count, kind = int(np.prod(dims)), as_dtype(dtype).as_numpy_dtype
    is_odd = chance.random() < 0.3

    def number() -> Any:
        if dtype == "string":
            return chance.choice(_TEXTS)
        if dtype == "bool":
            return chance.random() < 0.5
        if dtype.startswith("complex"):
            return complex(
                round(chance.uniform(-2, 2), 2), round(chance.uniform(-2, 2), 2)
            )
        if dtype.startswith("int"):
            return chance.choice(_WHOLES)
        if dtype.startswith("uint"):
            return chance.choice(_COUNTS)
        return chance.choice(_FLOATS) if is_odd else round(chance.uniform(-3, 3), 3)

    numbers = [number() for _ in range(count)]
    return np.array(numbers, object if dtype == "string" else kind).reshape(dims)


def random_runs(definition: OpDef) -> list[Run]:
    """Return runs of an op, the same ones every time."""
    chance = random.Random(f"runs of {definition.name}")
    inferred = inferred_attributes(definition)
    runs = []
    for _ in range(RUNS):
        types = {a.name: _type(a, chance) for a in definition.attrs if a.type == "type"}
        attrs: dict[str, Any] = {}
        for attr in definition.attrs:
            if attr.name in {"seed", "seed2"}:
                attrs[attr.name] = chance.choice([1, 2])
            elif attr.name not in inferred and not (
                attr.has_default and chance.random() < 0.8
            ):
                value = random_attribute(attr, chance)
                attrs[attr.name] = types.get(attr.name, value)
        count = chance.choice([1, 1, 2, 3])
        base = [chance.choice([1, 2, 2, 3, 4]) for _ in range(5)]
        same = chance.choice(_RANKS) if chance.random() < 0.4 else None
        operands = {}
        for arg in definition.inputs:
            dtype = types.get(arg.type_attr or "", "float32")
            dtype = as_dtype(arg.type).name if arg.type else dtype
            operands[arg.name] = [
                _values(dtype, _dims(base, same, chance), chance)
                for _ in range(count if arg.is_list else 1)
            ]
        given = {name: value for name, value in attrs.items() if value is not None}
        runs.append(Run(given, operands))
    return runs


def _dims(base: list[int], same: int | None, chance: random.Random) -> list[int]:
    is_same = same is not None and chance.random() < 0.8
    rank = same if is_same else chance.choice(_RANKS)
    return [
        base[i] if chance.random() < 0.85 else chance.randint(0, 4) for i in range(rank)
    ]


def plain_result(tf: ModuleType, definition: OpDef, run: Run) -> Any:
    """Return shapes with elements as JSON has them, or the class of the error."""
    found = result(tf, definition, run)
    if isinstance(found, str):
        return found
    return [[list(value.shape), _elements(value)] for value in found]


def _elements(value: np.ndarray) -> list[Any]:
    elements: list[Any] = value.reshape(-1).tolist()
    if value.dtype.kind == "c":
        elements = [
            part for element in elements for part in (element.real, element.imag)
        ]
    if value.dtype.kind in "OS":
        return [element.decode("latin-1") for element in elements]
    return [
        float(f"{element:.8g}") if isinstance(element, float) else element
        for element in elements
    ]


def result(tf: ModuleType, definition: OpDef, run: Run) -> Any:
    """Return the values, or the class of the error; "" where there is no kernel."""
    with tf.Graph().as_default(), tf.Session() as session:
        arguments: dict[str, Any] = {}
        try:
            for arg in definition.inputs:
                tensors = [
                    _tensor(tf, session, value, is_ref=arg.is_ref)
                    for value in run.operands[arg.name]
                ]
                arguments[arg.name] = tensors if arg.is_list else tensors[0]
            made = getattr(tf.raw_ops, definition.name)(**arguments, **run.attrs)
            found = session.run([] if made is None else made)
        except Exception as error:  # noqa: BLE001 - any class is compared
            return "" if "No OpKernel" in str(error) else type(error).__name__
        return [
            np.asarray(value) for value in tf.nest.flatten(found) if value is not None
        ]


def _tensor(tf: ModuleType, session: Any, value: np.ndarray, *, is_ref: bool) -> Any:
    if not is_ref:
        return tf.placeholder_with_default(value, None)
    variable = tf.Variable(value, use_resource=False, trainable=False)
    session.run(variable.initializer)
    return variable._ref()
