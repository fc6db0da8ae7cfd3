"""The formulas of the optimizer ops against recorded values of TensorFlow's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.rows import updated_rows
from metagraft.kernels.training import KERNELS

RECORDS = json.loads(
    (Path(__file__).parents[1] / "golden/training/ops.json").read_text()
)["records"]
TOLERANCE = {"float16": 4e-3, "float32": 2e-6, "float64": 1e-12}


def name_of(record: dict[str, Any]) -> str:
    """What a failure names."""
    attrs = "-".join(f"{k}={v}" for k, v in record["attrs"].items())
    changed = record["after"].get("lr_power", record["after"].get("l1", ""))
    return f"{record['op']}-{record['dtype']}-{attrs}-{changed}"


def operands_of(record: dict[str, Any]) -> list[np.ndarray]:
    """The operands in the order of the op's input args."""

    def scalar(name: str, value: float) -> np.ndarray:
        return np.array(value, "int64" if name == "global_step" else record["dtype"])

    operands = [np.array(v, record["dtype"]) for v in record["variables"].values()]
    operands += [scalar(n, v) for n, v in record["before"].items()]
    operands.append(np.array(record["grad"], record["dtype"]))
    if record["indices"] is not None:
        operands.append(np.array(record["indices"], "int32"))
    return operands + [scalar(n, v) for n, v in record["after"].items()]


@pytest.mark.parametrize("library", ["numpy", "jax"])
def test_formulas_compute_tensorflows_values(library: str) -> None:
    """Every optimizer op, dense and sparse, gives TensorFlow's new values."""
    seen: set[str] = set()
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        for record in RECORDS:
            kernel = KERNELS[f"Resource{record['op']}"]
            operands: list[Any] = operands_of(record)
            attrs = {"use_nesterov": False, "update_slots": True, **record["attrs"]}
            if library == "jax":
                if record["dtype"] != "float32" or record["op"] in seen:
                    continue  # one compilation each; the formulas are the same
                seen.add(record["op"])
                operands = [jnp.asarray(operand) for operand in operands]
            results = kernel.fn(attrs, *operands)
            expected = record["results"]
            assert kernel.updates == tuple(expected), name_of(record)
            for result, (slot, value) in zip(results, expected.items(), strict=True):
                assert result.dtype == record["dtype"], name_of(record)
                tolerance = TOLERANCE[record["dtype"]]
                np.testing.assert_allclose(
                    np.asarray(result, "float64"),
                    value,
                    rtol=tolerance,
                    atol=tolerance,
                    err_msg=f"{name_of(record)}: {slot}",
                )


def test_a_row_outside_the_table_is_refused() -> None:
    """An index past the end raises and names its place."""
    table = np.zeros((3, 2), np.float32)
    with pytest.raises(InvalidArgumentError, match=r"indices\[1\] = 3 .*\[0, 3\)"):
        updated_rows(
            lambda rows, grads: (rows[0] + grads,),
            (table,),
            np.array([0, 3], np.int32),
            np.ones((2, 2), np.float32),
        )


def test_operands_are_not_broadcast() -> None:
    """A gradient of another shape than its variable is refused."""
    zeros = np.zeros(3, np.float32)
    with pytest.raises(InvalidArgumentError, match=r"same shape\[3\] \[\]"):
        KERNELS["ApplyGradientDescent"].fn({}, zeros, np.float32(1), np.float32(1))
