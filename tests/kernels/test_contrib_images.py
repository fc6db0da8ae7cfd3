"""Kernels of images in `tf.contrib` against values recorded from TensorFlow 1.15."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from metagraft.kernels import kernel_for

VALUES = np.load(
    Path(__file__).parents[1] / "golden" / "contrib_image_kernels" / "values.npz"
)
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}

pytestmark = pytest.mark.golden


def run(op: str, attrs: Any, operands: list[Any], *, compiled: bool) -> Any:
    """Run a kernel on NumPy arrays, or compiled."""
    kernel = kernel_for(op)
    assert kernel is not None
    if not compiled:
        return kernel.fn(attrs, *operands)
    fn = kernel.fn
    return jax.jit(lambda *given: fn(attrs, *given))(*operands)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_resampler(dtype: str, compiled: bool) -> None:
    """Images are read at points as TensorFlow reads them, and so are gradients."""

    def stored(name: str) -> Any:
        return VALUES[f"resampler.{dtype}.{name}"]

    data, warp, dy = (stored(name) for name in ("data", "warp", "grad_output"))
    with jax.enable_x64(True):
        (output,) = run("Resampler", {}, [data, warp], compiled=compiled)
        grads = run("ResamplerGrad", {}, [data, warp, dy], compiled=compiled)
    found = {"output": output, "grad_data": grads[0], "grad_warp": grads[1]}
    for name, value in found.items():
        assert value.dtype == dtype
        limits = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
        np.testing.assert_allclose(value, stored(name), **limits)


@pytest.mark.parametrize(
    ("valid", "top_k"), [(6, -1), (4, -1), (6, 3), (-1, -1), (0, -1)]
)
def test_bipartite_match(valid: int, top_k: int) -> None:
    """The closest pairs are TensorFlow's."""
    distances = VALUES["match.distances"]
    count = np.array([valid], np.float32)
    rows, columns = run(
        "BipartiteMatch", {"top_k": top_k}, [distances, count], compiled=False
    )
    np.testing.assert_array_equal(rows, VALUES[f"match.{valid}.{top_k}.rows"])
    np.testing.assert_array_equal(columns, VALUES[f"match.{valid}.{top_k}.columns"])
