"""Kernels of ops on variables: traced programs give what the host gives."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metagraft.errors import InvalidArgumentError
from metagraft.graph import catalogue
from metagraft.graph.dtypes import resource
from metagraft.kernels import kernel_table
from metagraft.kernels.rows import updated_rows
from metagraft.kernels.state import KERNELS as STATE
from metagraft.kernels.training import KERNELS as TRAINING
from metagraft.kernels.variable_scatter import KERNELS as SCATTER

TABLE = np.arange(8, dtype=np.float32).reshape(4, 2) + 1
COUNTS = np.arange(8, dtype=np.int32).reshape(4, 2) - 3


def both(op_type: str, attrs: dict[str, Any], *operands: np.ndarray) -> list[Any]:
    """Run a kernel on the host and in a traced program, and compare."""
    function = kernel_table()[op_type].fn
    on_host = function(attrs, *operands)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        traced = jax.jit(lambda *args: function(attrs, *args))(
            *[jnp.asarray(operand) for operand in operands]
        )
    for host, program in zip(on_host, traced, strict=True):
        assert host.dtype == program.dtype, op_type
        np.testing.assert_allclose(host, program, rtol=1e-6, err_msg=op_type)
    return [np.asarray(result).tolist() for result in on_host]


@pytest.mark.parametrize(
    ("combine", "row"),
    [
        ("Update", [3.0, 3.0]),
        ("Add", [6.0, 7.0]),
        ("Sub", [-4.0, -3.0]),
        ("Mul", [6.0, 12.0]),
        ("Div", [1 / 6, 2 / 6]),
        ("Min", [1.0, 2.0]),
        ("Max", [3.0, 3.0]),
    ],
)
def test_scatter_into_rows(combine: str, row: list[float]) -> None:
    """A repeated index takes all its updates, the last assignment stays."""
    indices = np.array([0, 0], np.int32)
    updates = np.array([[2.0, 2.0], [3.0, 3.0]], np.float32)
    (result,) = both(f"Scatter{combine}", {}, TABLE, indices, updates)
    np.testing.assert_allclose(result[0], row, rtol=1e-6)
    assert result[1:] == TABLE[1:].tolist()
    (filled,) = both(f"ResourceScatter{combine}", {}, TABLE, indices[:1], updates[0, 0])
    assert filled[1:] == TABLE[1:].tolist()


def test_integers_divide_toward_zero() -> None:
    """-3 / 2 is -1, and 2 / -2 is -1."""
    divisors = np.array([[2, 2], [2, 2], [2, 2], [2, -2]], np.int32)
    rows = np.arange(4, dtype=np.int64)
    (result,) = both("ScatterDiv", {}, COUNTS, rows, divisors)
    assert result == [[-1, -1], [0, 0], [0, 1], [1, -2]]


def test_scatter_into_slices() -> None:
    """The last axis of the indices holds coordinates."""
    indices = np.array([[0, 1], [3, 0], [0, 1]], np.int32)
    updates = np.array([10.0, 20.0, 30.0], np.float32)
    (result,) = both("ScatterNdAdd", {}, TABLE, indices, updates)
    assert result == [[1.0, 42.0], [3.0, 4.0], [5.0, 6.0], [27.0, 8.0]]
    (result,) = both("ResourceScatterNdMax", {}, TABLE, indices[:, :1], TABLE[:3] * 2)
    assert result[0] == [10.0, 12.0]


@pytest.mark.parametrize("op_type", ["ScatterAdd", "ScatterNdAdd"])
def test_scatter_checks_shapes_and_indices(op_type: str) -> None:
    """Updates have the shape of what they change; indices lie in the variable."""
    function = SCATTER[op_type].fn
    indices = np.array([[4]], np.int32) if "Nd" in op_type else np.array([4], np.int32)
    outside = r"\[0\] = (4 is not in \[0, 4\)|\[4\] does not index into shape \[4,2\])"
    with pytest.raises(InvalidArgumentError, match=outside):
        function({}, TABLE, indices, TABLE[:1])
    with pytest.raises(InvalidArgumentError, match=r"\[1,1\]"):
        function({}, TABLE, indices, TABLE[:1, :1])


def test_an_index_outside_changes_nothing_in_a_program() -> None:
    """A traced program cannot raise; like TensorFlow's GPU kernels it drops the row."""
    indices = jnp.array([-1, 4, 1], jnp.int32)
    updates = jnp.ones((3, 2), jnp.float32)
    table = jnp.asarray(TABLE)
    (added,) = SCATTER["ScatterAdd"].fn({}, table, indices, updates)
    (moved,) = updated_rows(lambda t, u: (t[0] + u,), (table,), indices, updates)
    expected = TABLE + np.array([[0], [1], [0], [0]], np.float32)
    np.testing.assert_array_equal(added, expected)
    np.testing.assert_array_equal(moved, expected)


def test_repeated_rows_are_updated_in_order() -> None:
    """Each update of a row sees what the one before left."""
    indices = np.array([2, 0, 2, 2], np.int32)
    grads = np.array([[1.0, 1], [2, 2], [3, 3], [4, 4]], np.float32)

    def formula(rows: tuple[Any, ...], updates: Any) -> tuple[Any, ...]:
        return (rows[0] * rows[0] + updates,)

    host = updated_rows(formula, (TABLE,), indices, grads)[0]
    assert host[2, 0] == ((5.0**2 + 1) ** 2 + 3) ** 2 + 4
    assert host[0, 0] == 3.0
    traced = jax.jit(lambda t, i, u: updated_rows(formula, (t,), i, u)[0])(
        TABLE, indices, grads
    )
    np.testing.assert_array_equal(host, traced)
    nothing = updated_rows(formula, (TABLE,), indices[:0], grads[:0])[0]
    np.testing.assert_array_equal(nothing, TABLE)


def test_gathering_from_variables() -> None:
    """Rows, rows behind batch axes, and single elements."""
    rows = np.array([[3, 0]], np.int32)
    (result,) = both("ResourceGather", {"batch_dims": 0}, TABLE, rows)
    assert result == [[[7.0, 8.0], [1.0, 2.0]]]
    batch = np.array([[1], [0], [1], [0]], np.int32)
    (result,) = both("ResourceGather", {"batch_dims": 1}, TABLE, batch)
    assert result == [[2.0], [3.0], [6.0], [7.0]]
    (result,) = both("ResourceGatherNd", {}, TABLE, np.array([[3, 0]], np.int64))
    assert result == [7.0]
    with pytest.raises(InvalidArgumentError, match=r"= 4 is not in \[0, 4\)"):
        STATE["ResourceGather"].fn({"batch_dims": 0}, TABLE, np.array([4]))


def test_assignments_do_not_broadcast() -> None:
    """The message is TensorFlow's."""
    with pytest.raises(InvalidArgumentError, match="must be the same size"):
        STATE["AssignAdd"].fn({}, TABLE, TABLE[0])
    (less,) = both("AssignSub", {}, COUNTS, COUNTS)
    assert less == np.zeros((4, 2)).tolist()


@pytest.mark.parametrize("op_type", [*TRAINING, *SCATTER])
def test_kernels_know_their_variables(op_type: str) -> None:
    """The args a kernel updates are the catalogue's references or handles."""
    definition = catalogue.get(op_type)
    assert definition is not None
    handle = resource.as_datatype_enum
    expected = [a.name for a in definition.inputs if a.is_ref or a.type == handle]
    assert list(kernel_table()[op_type].updates) == expected
