"""Kernels of images against recorded values of TensorFlow's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from metagraft.kernels import image_crop, kernel_for, philox, resampling
from metagraft.ops.image_crop import CropAttrs
from tests import kernel_cases

VALUES = Path(__file__).parents[1] / "golden" / "image_kernels" / "values.npz"
CASES = kernel_cases.load(VALUES)


class Stream:
    """The stream of Philox that an operation's seeds stand for."""

    def __init__(self, attrs: dict[str, Any]) -> None:
        self._stream = philox.stream_of_seeds(attrs["seed"], attrs["seed2"])

    def reserve(self, _n_samples_128: int) -> tuple[Any, Any]:
        return self._stream


def outputs_of(case: kernel_cases.Recorded) -> tuple[Any, ...]:
    """Run a kernel on NumPy arrays, with the seeds of the case."""
    kernel = kernel_for(case.op)
    assert kernel is not None
    if not kernel.random:
        return kernel_cases.run_on_host(case)
    record = kernel_cases.record_of(case.op, case.attrs, case.operands)
    return kernel.fn(Stream(case.attrs), record, *case.operands.values())


@pytest.mark.golden
@pytest.mark.parametrize("op", sorted({case.op for case in CASES}))
def test_recorded_values(op: str) -> None:
    """Every kernel gives TensorFlow's numbers on NumPy arrays."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        found = [
            kernel_cases.difference(case, outputs_of(case))
            for case in CASES
            if case.op == op
        ]
    assert not list(filter(None, found)), "\n".join(filter(None, found))


def _is_traced(op: str) -> bool:
    kernel = kernel_for(op)
    return kernel is not None and not kernel.host and not kernel.random


def _one_of_each() -> list[kernel_cases.Recorded]:
    """Return a case for every op, type and set of attributes: compiling takes long."""
    found = {}
    for case in CASES:
        if _is_traced(case.op):
            kinds = [str(value.dtype) for value in case.operands.values()]
            found[case.op, str(case.attrs), str(kinds)] = case
    return list(found.values())


@pytest.mark.golden
@pytest.mark.parametrize("family", sorted({case.family for case in _one_of_each()}))
def test_compiled(family: str) -> None:
    """The same numbers in a compiled program."""
    cases = [case for case in _one_of_each() if case.family == family]
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        results = kernel_cases.run_compiled(cases)
        found = [
            kernel_cases.difference(case, result)
            for case, result in zip(cases, results, strict=True)
        ]
    assert not list(filter(None, found)), "\n".join(filter(None, found))


def _count_of(case: kernel_cases.Recorded) -> int:
    """Return how many images there are."""
    return int(next(iter(case.operands.values())).shape[0])


@pytest.mark.golden
def test_images_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same numbers where images are too large to be resized all at once."""
    monkeypatch.setattr(resampling, "_GROUP_ELEMENTS", 1)
    ops = {"ResizeArea", "ResizeBicubic", "ResizeBicubicGrad"}
    cases = [case for case in CASES if case.op in ops and _count_of(case) > 1]
    assert {case.op for case in cases} == ops
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        results = kernel_cases.run_compiled(cases)
        found = [
            kernel_cases.difference(case, result)
            for case, result in zip(cases, results, strict=True)
        ]
    assert not list(filter(None, found)), "\n".join(filter(None, found))


@pytest.mark.parametrize("depth", [3, 20])
def test_crops_are_cut_alike_on_the_host_and_in_programs(depth: int) -> None:
    """Every product and sum is rounded, and sums have one order: that of TensorFlow."""
    chance = np.random.default_rng(depth)
    image = chance.uniform(0, 255, (2, 9, 11, depth)).astype(np.float32)
    boxes = chance.uniform(-0.2, 1.2, (9, 4)).astype(np.float32)
    boxes[:2] = [0, 0, 1, 0.9], [1, 1, 1, 1]  # which are on pixels, not between
    which = chance.integers(0, 2, 9).astype(np.int32)
    grads = chance.uniform(0, 1, (9, 5, 4, depth)).astype(np.float32)
    grads[::2, ::2, ::3] = np.inf
    attrs = CropAttrs(is_nearest=False, extrapolation_value=-7.0, dtype=np.float32)

    def cut(image: Any, boxes: Any, which: Any) -> Any:
        (crops,) = image_crop.crop_and_resize(
            attrs, image, boxes, which, np.array([5, 4])
        )
        return crops

    def spread(grads: Any, boxes: Any, which: Any) -> Any:
        (total,) = image_crop.crop_and_resize_grad_image(
            attrs, grads, boxes, which, np.array(image.shape)
        )
        return total

    for function, first in ((cut, image), (spread, grads)):
        with jax.enable_x64(True):
            compiled = jax.jit(function)(first, boxes, which)
        with np.errstate(invalid="ignore"):
            expected = function(first, boxes, which)
        np.testing.assert_array_equal(compiled, expected)
