"""Random numbers against recorded ones of TensorFlow's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from metagraft.errors import InvalidArgumentError
from metagraft.graph.dtypes import as_dtype
from metagraft.kernels import distributions, kernel_for, philox, random, truncation

STORED = np.load(Path(__file__).parents[1] / "golden" / "random" / "values.npz")
CASES: list[dict[str, Any]] = json.loads(str(STORED["cases"]))
# Those that pass through logarithm, sine and cosine.
INEXACT = {
    "ParameterizedTruncatedNormal",
    "RandomGamma",
    "RandomStandardNormal",
    "StatefulStandardNormalV2",
    "StatefulTruncatedNormal",
    "StatelessParameterizedTruncatedNormal",
    "StatelessRandomGammaV2",
    "StatelessRandomGammaV3",
    "StatelessRandomNormal",
    "StatelessTruncatedNormal",
    "TruncatedNormal",
}
HOST_ONLY = {
    op for op in {case["op"] for case in CASES} if getattr(kernel_for(op), "host", True)
}
# Slow to compile, and the same samplers as those of other ops.
COMPILED_ELSEWHERE = {
    "StatelessRandomBinomial",
    "StatelessRandomGammaV2",
    "StatelessRandomGammaV3",
    "StatelessRandomPoisson",
}
TOLERANCE = {"float16": 1e-3, "bfloat16": 8e-3, "float32": 1e-6, "float64": 1e-14}


def unpacked() -> dict[str, Any]:
    """Return the recorded arrays by name."""
    places = json.loads(str(STORED["places"]))
    shapes = json.loads(str(STORED["shapes"]))
    flat = {kind: STORED[kind] for kind in {place[0] for place in places.values()}}
    return {
        name: flat[kind][start:end].reshape(shapes[name])
        for name, (kind, start, end) in places.items()
    }


VALUES = unpacked()


class Stream:
    """A random stream that keeps its counter."""

    def __init__(self, seed: int, seed2: int, xp: Any = np) -> None:
        self.key, self.counter = philox.stream_of_seeds(seed, seed2)
        self.xp = xp

    def reserve(self, blocks: int) -> tuple[Any, Any]:
        taken = self.xp.asarray(self.key), self.xp.asarray(self.counter)
        self.counter = np.asarray(philox.skip(self.counter, blocks))
        return taken


def attrs_of(case: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes as the kernel gets them."""
    attrs = dict(case["attrs"])
    for name in ("dtype", "output_dtype"):
        if name in attrs:
            attrs[name] = as_dtype(attrs[name])
    return attrs


def compare(drawn: Any, number: int, run: int, case: dict[str, Any]) -> None:
    """Check drawn values against the recorded ones."""
    expected = VALUES[f"{number}.run{run}"]
    where = f"case {number} {case['op']} {case['attrs']} run {run}"
    kind = case["attrs"].get("dtype") or case["attrs"].get("output_dtype")
    wanted = np.dtype(getattr(ml_dtypes, kind, kind)) if kind else expected.dtype
    assert drawn.dtype == wanted, where
    if case["op"] not in INEXACT:
        np.testing.assert_array_equal(drawn.astype(expected.dtype), expected, where)
        return
    tolerance = TOLERANCE[wanted.name]
    np.testing.assert_allclose(
        drawn.astype("float64"),
        expected.astype("float64"),
        rtol=tolerance,
        atol=tolerance,
        err_msg=where,
    )


@pytest.mark.golden
@pytest.mark.parametrize("op", sorted({case["op"] for case in CASES}))
def test_seeds_give_tensorflows_numbers(op: str) -> None:
    """Two successive runs on the host draw what TensorFlow drew."""
    for number, case in enumerate(CASES):
        if case["op"] != op:
            continue
        kernel = kernel_for(op)
        assert kernel is not None
        operands = {name: VALUES[f"{number}.{name}"] for name in case["operands"]}
        attrs = attrs_of(case)
        if "minval" in operands:
            attrs["Tout"] = attrs["dtype"] = as_dtype(operands["minval"].dtype)
        stream = [Stream(attrs["seed"], attrs["seed2"])] if kernel.random else []
        for run in range(2):
            *state, drawn = kernel.fn(*stream, attrs, *operands.values())
            operands.update(zip(kernel.updates, state, strict=True))
            compare(drawn, number, run, case)


@pytest.mark.golden
@pytest.mark.parametrize(
    "op",
    sorted({case["op"] for case in CASES} - HOST_ONLY - COMPILED_ELSEWHERE),
)
def test_compiled_programs_draw_the_same(op: str) -> None:
    """A compiled program draws what TensorFlow drew."""
    number, case = next(
        (number, case)
        for number, case in reversed(list(enumerate(CASES)))
        if case["op"] == op
    )
    kernel = kernel_for(op)
    assert kernel is not None
    operands = {name: VALUES[f"{number}.{name}"] for name in case["operands"]}
    attrs = attrs_of(case)
    if "minval" in operands:
        attrs["Tout"] = attrs["dtype"] = as_dtype(operands["minval"].dtype)
    traced = {n: v for n, v in operands.items() if n not in kernel.static}
    seeds = attrs.get("seed", 1), attrs.get("seed2", 0)
    key, counter = philox.stream_of_seeds(*seeds)

    def program(key: Any, counter: Any, arrays: dict[str, Any]) -> Any:
        class Traced:
            def reserve(self, _blocks: int) -> tuple[Any, Any]:
                return key, counter

        arguments = {**operands, **arrays}
        stream = [Traced()] if kernel.random else []
        return kernel.fn(*stream, attrs, *(arguments[name] for name in operands))

    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        *_, drawn = jax.jit(program)(key, counter, traced)
    compare(np.asarray(drawn), number, 0, case)


@pytest.mark.parametrize("share", [4, 500])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_truncation_in_large_arrays(
    dtype: str, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Groups that need more blocks get them, however few are gathered in a turn."""
    monkeypatch.setattr(distributions, "_GATHERED_SHARE", share)
    key, counter = np.array([3, 4], np.uint32), np.array([5, 6, 7, 8], np.uint32)
    kind = np.dtype(dtype)
    expected = distributions.truncated_normal(key, counter, (70, 300), kind)
    with jax.enable_x64(True):
        drawn = jax.jit(
            lambda key, counter: distributions.truncated_normal(
                key, counter, (70, 300), kind
            )
        )(key, counter)
    np.testing.assert_allclose(drawn, expected, rtol=2e-6, atol=1e-6)
    assert np.abs(expected).max() < 2


def test_the_counter_carries_into_higher_words() -> None:
    """Skipping past the end of a word adds one to the next."""
    last = np.array([0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 4], np.uint32)
    assert philox.skip(last, 1).tolist() == [0, 0, 0, 5]
    key = np.array([1, 2], np.uint32)
    index = np.arange(3, dtype=np.uint64)
    together = np.stack(philox.words(key, last, index), axis=1)
    for i in range(3):
        alone = philox.words(key, philox.skip(last, i), np.zeros(1, np.uint64))
        assert together[i].tolist() == [int(word[0]) for word in alone]


def test_the_cipher_agrees_with_its_authors() -> None:
    """The known answers of the Random123 library, philox4x32 with 10 rounds."""
    ones = np.full(4, 0xFFFFFFFF, np.uint32)
    index = np.zeros(1, np.uint64)
    words = philox.words(ones[:2], ones, index)
    assert [int(word[0]) for word in words] == [
        0x408F276D,
        0x41C83B0E,
        0xA20BC7C6,
        0x6D5451FD,
    ]
    zeros = np.zeros(4, np.uint32)
    words = philox.words(zeros[:2], zeros, index)
    assert [int(word[0]) for word in words] == [
        0x6627E8D5,
        0xE169C58D,
        0xBC57AC4C,
        0x9B00DBD8,
    ]


def test_an_empty_range_is_refused() -> None:
    """The error shows both bounds."""
    kernel = kernel_for("RandomUniformInt")
    assert kernel is not None
    attrs = {"Tout": as_dtype("int32")}
    bounds = np.int32(4), np.int32(4)
    with pytest.raises(InvalidArgumentError, match="Need minval < maxval, got 4 >= 4"):
        kernel.fn(Stream(1, 2), attrs, np.array([2]), *bounds)


def test_the_stream_decides_the_array_library() -> None:
    """A traced stream gives traced numbers, a host stream host numbers."""
    kernel = kernel_for("RandomUniform")
    assert kernel is not None
    attrs = {"dtype": as_dtype("float32")}
    with jax.enable_x64(True):
        (traced,) = kernel.fn(Stream(1, 2, jnp), attrs, np.array([2]))
    (host,) = kernel.fn(Stream(1, 2), attrs, np.array([2]))
    assert isinstance(traced, jax.Array)
    assert isinstance(host, np.ndarray)


@pytest.mark.parametrize("size", [2, 3, 300, 5000])
def test_rows_are_shuffled_alike_on_the_host_and_in_programs(size: int) -> None:
    """Swapped one by one, by sorting and in a loop of a program."""
    key, counter = np.array([3, size], np.uint32), np.zeros(4, np.uint32)
    rows = np.arange(size)
    shuffled = random.shuffled(key, counter, rows)
    with jax.enable_x64(True):
        compiled = jax.jit(random.shuffled)(key, counter, rows)
    np.testing.assert_array_equal(compiled, shuffled)
    draws = philox.draw(key, counter, size - 1, list, 4, np.dtype(np.uint32))
    swapped = rows.tolist()
    for place, draw in enumerate(draws.tolist()):
        other = place + draw % (size - place)
        swapped[place], swapped[other] = swapped[other], swapped[place]
    assert shuffled.tolist() == swapped


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("wanted", [3, 100])
def test_rows_of_truncated_numbers_are_scanned_alike(
    dtype: Any, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One by one in Python, row by row, and in a program."""
    chance = np.random.default_rng(wanted)
    means, low, high = (chance.uniform(0, 1, 90).astype(dtype) for _ in range(3))
    bounds = truncation.Bounds(means, means + dtype(0.5), low - dtype(1.6), high)

    def drawn() -> Any:
        key, counter = np.array([3, 4], np.uint32), np.zeros(4, np.uint32)
        stream = truncation.TruncatedStream(key, counter, np.dtype(dtype))
        return stream.take_rows(bounds, wanted, 90 * wanted - 2)

    expected = drawn()
    monkeypatch.setattr(truncation, "_ROW_NS", 1e12)
    np.testing.assert_array_equal(drawn(), expected)


@pytest.mark.parametrize("op", ["RandomBinomial", "RandomGammaV2", "RandomPoisson"])
def test_programs_draw_from_seeds_that_they_know(op: str) -> None:
    """Of parameters that come later nothing has to be known."""
    kernel = kernel_for(f"Stateless{op}")
    assert kernel is not None
    attrs = {"dtype": as_dtype("float32")}
    where = np.array([40, 3], np.int32), np.array([1, 2], np.int32)
    parameters = [np.float32([20.0, 0.5, 30.0])]
    if op == "RandomBinomial":
        parameters.append(np.float32([0.3, 0.5, 0.9]))

    def drawn(*parameters: Any) -> Any:
        return kernel.fn(attrs, *where, *parameters)[0]

    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        np.testing.assert_allclose(
            jax.jit(drawn)(*parameters), drawn(*parameters), rtol=1e-6
        )
