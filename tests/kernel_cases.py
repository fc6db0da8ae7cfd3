"""Kernels run on recorded operands, and their results compared with TensorFlow's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from metagraft.graph import catalogue
from metagraft.graph.attrs import Attrs, encode
from metagraft.graph.op_spec import spec_for
from metagraft.kernels import Kernel, kernel_for
from metagraft.proto import NodeDef

TOLERANCE = {
    "float64": 1e-12,
    "complex128": 1e-12,
    "float32": 2e-5,
    "complex64": 2e-5,
    "float16": 4e-3,
    "bfloat16": 3e-2,
}

# TensorFlow adds logarithms of doubles up in single precision here.
SINGLE = 2e-6


def dtype_of(name: str) -> np.dtype[Any]:
    """Return the type that a name stands for."""
    if name == "object":
        return np.dtype(object)
    return np.dtype(getattr(ml_dtypes, name, name))


@dataclass(frozen=True)
class Recorded:
    """One op with attributes, operands and what TensorFlow returned.

    Attributes:
        number: Its place in the file.
        family: The group it was recorded in.
        op: The op type.
        attrs: The attributes that differ from their default, and none of types.
        operands: Arrays, or lists of arrays.
        outputs: Arrays.
    """

    number: int
    family: str
    op: str
    attrs: dict[str, Any]
    operands: dict[str, Any]
    outputs: list[Any]

    def __str__(self) -> str:
        """Describe the case in one line."""
        kinds = {name: _describe(value) for name, value in self.operands.items()}
        return f"case {self.number}: {self.op} {self.attrs} of {kinds}"


def _describe(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_describe(item) for item in value) + "]"
    return f"{value.dtype.name}{list(value.shape)}"


def load(path: Path) -> list[Recorded]:
    """Return the cases of a file that `kernel_values.write` made."""
    stored = np.load(path)
    places = json.loads(str(stored["places"]))
    flat = {kind: stored[kind] for kind in {place[0] for place in places.values()}}

    def array(name: str, about: dict[str, Any]) -> Any:
        kind, start, end = places[name]
        values = flat[kind][start:end].reshape(about["shape"])
        return values.astype(dtype_of(about["dtype"]))

    cases = []
    for number, case in enumerate(json.loads(str(stored["cases"]))):
        operands = {
            name: [array(f"{number}.{name}.{i}", a) for i, a in enumerate(about)]
            if isinstance(about, list)
            else array(f"{number}.{name}.0", about)
            for name, about in case["operands"].items()
        }
        outputs = [array(f"{number}.{i}", a) for i, a in enumerate(case["outputs"])]
        cases.append(
            Recorded(
                number, case["family"], case["op"], case["attrs"], operands, outputs
            )
        )
    return cases


def record_of(op: str, attrs: dict[str, Any], operands: dict[str, Any]) -> Any:
    """Return the attributes as the kernel gets them."""
    definition = catalogue.get(op)
    assert definition is not None
    node = NodeDef(op=op, name="case")
    for declared in definition.attrs:
        if declared.name in attrs:
            given = attrs[declared.name]
            given = "string" if given == "object" else given  # as it is stored
            value = encode(given, declared.type, declared.name)
            node.attr[declared.name].CopyFrom(value)
    for arg in definition.inputs:
        operand = operands[arg.name]
        first = operand[0] if isinstance(operand, list) and operand else operand
        if arg.type_attr and arg.type_attr not in node.attr:
            value = encode(first.dtype, "type", arg.type_attr)
            node.attr[arg.type_attr].CopyFrom(value)
        if arg.type_list_attr and arg.type_list_attr not in node.attr:
            types = [item.dtype for item in operand]
            value = encode(types, "list(type)", arg.type_list_attr)
            node.attr[arg.type_list_attr].CopyFrom(value)
        if arg.number_attr:
            node.attr[arg.number_attr].CopyFrom(
                encode(len(operand), "int", arg.number_attr)
            )
    spec = spec_for(op)
    assert spec is not None
    values = Attrs(node, definition)
    return values if spec.attrs is None else spec.attrs(values)


def run_on_host(case: Recorded) -> tuple[Any, ...]:
    """Run a kernel on NumPy arrays."""
    kernel = kernel_for(case.op)
    assert kernel is not None, f"{case.op} has no kernel"
    record = record_of(case.op, case.attrs, case.operands)
    operands = [tuple(v) if isinstance(v, list) else v for v in case.operands.values()]
    with np.errstate(all="ignore"):
        return kernel.fn(*_stream(kernel), record, *operands)


def _stream(kernel: Kernel) -> tuple[None, ...]:
    """Return what comes first: no random numbers, as the recorded seeds say all."""
    return (None,) if kernel.random else ()


def run_compiled(cases: list[Recorded]) -> list[tuple[Any, ...]]:
    """Run kernels in one compiled program; static operands are known to it."""
    kernels = [kernel_for(case.op) for case in cases]
    records = [record_of(case.op, case.attrs, case.operands) for case in cases]
    traced = [
        {
            name: [jnp.asarray(v) for v in value]
            if isinstance(value, list)
            else jnp.asarray(value)
            for name, value in case.operands.items()
            if kernel is not None and name not in kernel.static
        }
        for case, kernel in zip(cases, kernels, strict=True)
    ]

    def program(arrays: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        results = []
        for case, kernel, record, given in zip(
            cases, kernels, records, arrays, strict=True
        ):
            assert kernel is not None, f"{case.op} has no kernel"
            operands = ({**case.operands, **given}[name] for name in case.operands)
            lists = (tuple(v) if isinstance(v, list) else v for v in operands)
            results.append(kernel.fn(*_stream(kernel), record, *lists))
        return results

    results: list[tuple[Any, ...]] = jax.jit(program)(traced)
    return results


def check_on_host(cases: list[Recorded]) -> None:
    """Ask that kernels give TensorFlow's values in its types on NumPy arrays."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        found = [difference(case, run_on_host(case)) for case in cases]
    assert not any(found), "\n".join(filter(None, found))


def check_compiled(cases: list[Recorded]) -> None:
    """Ask that kernels in one compiled program give TensorFlow's values."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        pairs = zip(cases, run_compiled(cases), strict=True)
        found = [difference(case, outputs) for case, outputs in pairs]
    assert not any(found), "\n".join(filter(None, found))


def _tolerance(op: str, dtype: np.dtype[Any]) -> float:
    tolerance = TOLERANCE.get(dtype.name, 0)
    is_single = op.startswith("CTC") and dtype.kind == "f"
    return max(tolerance, SINGLE) if is_single else tolerance


def difference(case: Recorded, outputs: tuple[Any, ...]) -> str:
    """Return how outputs differ from TensorFlow's; empty if they agree."""
    if len(outputs) != len(case.outputs):
        return f"{case}: {len(outputs)} outputs, expected {len(case.outputs)}"
    for place, (found, expected) in enumerate(zip(outputs, case.outputs, strict=True)):
        if place and {"compute_v", "compute_uv"} & case.attrs.keys():
            continue  # not asked for; what stands there means nothing
        if found.dtype != expected.dtype:
            return f"{case}: output {place} is {found.dtype}, expected {expected.dtype}"
        if tuple(found.shape) != tuple(expected.shape):
            return f"{case}: output {place} is {found.shape}, not {expected.shape}"
        if expected.dtype == object:
            if found.tolist() != expected.tolist():
                return f"{case}: output {place} is\n  {found}, expected\n  {expected}"
            continue
        if values_differ(
            np.asarray(found), expected, _tolerance(case.op, expected.dtype)
        ):
            return f"{case}: output {place} is\n  {found}, expected\n  {expected}"
    return ""


def values_differ(found: Any, expected: Any, tolerance: float) -> bool:
    """Whether numbers are not close; of complex ones either part may be NaN."""
    if expected.dtype.kind in "biu":
        return not np.array_equal(found, expected)
    is_complex = expected.dtype.kind == "c"
    wide = np.complex128 if is_complex else np.float64
    left, right = (np.atleast_1d(x.astype(wide, order="C")) for x in (found, expected))
    if is_complex:
        left, right = (x.view(np.float64) for x in (left, right))
    limits = {"rtol": tolerance, "atol": tolerance}
    return not np.allclose(left, right, **limits, equal_nan=True)
