"""Neural network kernels against recorded values of TensorFlow's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from metagraft.errors import InvalidArgumentError
from metagraft.graph import catalogue
from metagraft.graph.attrs import Attrs, encode
from metagraft.graph.op_spec import spec_for
from metagraft.kernels import kernel_for
from metagraft.proto import NodeDef

VALUES = np.load(Path(__file__).parents[1] / "golden" / "nn_kernels" / "values.npz")
CASES: list[dict[str, Any]] = json.loads(str(VALUES["cases"]))
TOLERANCE = {"float64": 1e-12, "float32": 2e-5, "float16": 4e-3, "bfloat16": 3e-2}


def dtype_of(name: str) -> np.dtype[Any]:
    """Return the type that a name stands for."""
    return np.dtype(getattr(ml_dtypes, name, name))


def record_of(op: str, attrs: dict[str, Any], operands: dict[str, Any]) -> Any:
    """Return the attributes as the kernel gets them."""
    definition = catalogue.get(op)
    assert definition is not None
    node = NodeDef(op=op, name="case")
    for declared in definition.attrs:
        if declared.name in attrs:
            value = encode(attrs[declared.name], declared.type, declared.name)
            node.attr[declared.name].CopyFrom(value)
    for arg in definition.inputs:
        if arg.type_attr and arg.type_attr not in node.attr:
            value = encode(operands[arg.name].dtype, "type", arg.type_attr)
            node.attr[arg.type_attr].CopyFrom(value)
    spec = spec_for(op)
    assert spec is not None
    values = Attrs(node, definition)
    return values if spec.attrs is None else spec.attrs(values)


def run(op: str, attrs: dict[str, Any], operands: dict[str, Any], xp: Any) -> Any:
    """Run a kernel on host arrays, or compiled if `xp` is `jax.numpy`."""
    kernel = kernel_for(op)
    assert kernel is not None
    record = record_of(op, attrs, operands)
    if xp is np:
        return kernel.fn(record, *operands.values())
    known = {name: operands[name] for name in kernel.static}
    traced = {n: jnp.asarray(v) for n, v in operands.items() if n not in known}

    def program(arrays: dict[str, Any]) -> Any:
        return kernel.fn(record, *({**known, **arrays}[name] for name in operands))

    return jax.jit(program)(traced)


def cases(wanted: str) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
    """Yield the recorded cases of an op with their operands."""
    for number, case in enumerate(CASES):
        if case["op"] == wanted:
            operands = {
                name: VALUES[f"{number}.{name}"].astype(dtype_of(dtype))
                for name, dtype in case["operands"].items()
            }
            yield number, case, operands


@pytest.mark.golden
@pytest.mark.parametrize("library", ["numpy", "jax"])
@pytest.mark.parametrize("op", sorted({case["op"] for case in CASES}))
def test_kernels_compute_tensorflows_values(op: str, library: str) -> None:
    """Every kernel gives TensorFlow's values in TensorFlow's types."""
    xp = np if library == "numpy" else jnp
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        for number, case, operands in cases(op):
            kinds = set(case["operands"].values())
            if library == "jax" and kinds & {"float64", "float16", "bfloat16"}:
                continue  # one compilation each; the formulas are the same
            outputs = run(op, case["attrs"], operands, xp)
            assert len(outputs) == len(case["outputs"])
            for place, (output, kind) in enumerate(
                zip(outputs, case["outputs"], strict=True)
            ):
                where = f"case {number} {op} {case['attrs']} output {place}"
                assert output.dtype == dtype_of(kind), where
                if not np.size(output):
                    continue  # reserved space: TensorFlow's versions differ
                tolerance = TOLERANCE.get(kind, 0)
                np.testing.assert_allclose(
                    np.asarray(output).astype("float64"),
                    VALUES[f"{number}.{place}"].astype("float64"),
                    rtol=tolerance,
                    atol=tolerance,
                    err_msg=where,
                )


def test_a_gradient_of_the_wrong_shape_is_refused() -> None:
    """The error names the size expected and the size found."""
    attrs = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    operands = {
        "input_sizes": np.array([1, 3, 3, 1], np.int32),
        "filter": np.ones((2, 2, 1, 1), np.float32),
        "out_backprop": np.ones((1, 4, 3, 1), np.float32),
    }
    with pytest.raises(InvalidArgumentError, match="actual = 4, computed = 3"):
        run("Conv2DBackpropInput", attrs, operands, np)


def test_a_label_that_is_no_class_is_refused_or_nan() -> None:
    """It raises where values are seen and gives NaN in a compiled program."""
    operands = {
        "features": np.zeros((2, 3), np.float32),
        "labels": np.array([1, 3], np.int32),
    }
    op = "SparseSoftmaxCrossEntropyWithLogits"
    with pytest.raises(InvalidArgumentError, match=r"value of 3 .*\[0, 3\)"):
        run(op, {}, operands, np)
    loss, backprop = run(op, {}, operands, jnp)
    assert np.isnan(loss).tolist() == [False, True]
    assert np.isnan(backprop).all(axis=1).tolist() == [False, True]
