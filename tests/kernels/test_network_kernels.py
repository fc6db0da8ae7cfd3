"""More kernels of neural networks against recorded values of TensorFlow's."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import InvalidArgumentError
from metagraft.kernels import kernel_for
from tests import kernel_cases
from tests.kernel_cases import Recorded

FOLDER = Path(__file__).parents[1] / "golden" / "network_kernels"
CASES = {path.stem: kernel_cases.load(path) for path in sorted(FOLDER.glob("*.npz"))}
EVERY_OP = sorted({(name, case.op) for name, cases in CASES.items() for case in cases})
FAMILIES = sorted({(name, c.family) for name, cases in CASES.items() for c in cases})
# One compilation for each family, of so many cases of each op.
COMPILED = 2
# The formulas are the same for all types.
NARROW = {"float64", "float16", "bfloat16"}

pytestmark = pytest.mark.golden


@pytest.mark.parametrize(("name", "op"), EVERY_OP)
def test_host_arrays(name: str, op: str) -> None:
    """On NumPy arrays every kernel gives TensorFlow's values in TensorFlow's types."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        found = [
            kernel_cases.difference(case, kernel_cases.run_on_host(case))
            for case in CASES[name]
            if case.op == op
        ]
    assert not list(filter(None, found)), "\n".join(filter(None, found))


@pytest.mark.parametrize(("name", "family"), FAMILIES)
def test_compiled_programs(name: str, family: str) -> None:
    """Compiled, the kernels of a family give TensorFlow's values."""
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        every = [c for c in CASES[name] if c.family == family and _is_compiled(c)]
        ops = {case.op for case in every}
        cases = [c for op in sorted(ops) for c in _some(every, op)]
        if not cases:
            pytest.skip("these run on the host")
        outputs = kernel_cases.run_compiled(cases)
        found = [
            kernel_cases.difference(case, output)
            for case, output in zip(cases, outputs, strict=True)
        ]
    assert not list(filter(None, found)), "\n".join(filter(None, found))


def _some(cases: list[Recorded], op: str) -> list[Recorded]:
    return [case for case in cases if case.op == op][:COMPILED]


def _is_compiled(case: Recorded) -> bool:
    kernel = kernel_for(case.op)
    kinds = {getattr(value, "dtype", None) for value in case.operands.values()}
    names = {kind.name for kind in kinds if kind is not None}
    return kernel is not None and not kernel.host and not names & NARROW


@pytest.mark.parametrize("is_training", [True, False])
def test_no_images_normalize_to_none(is_training: bool) -> None:
    """Moments of nothing are NaN, and nothing moves scale and offset: TensorFlow's."""
    with tf.Graph().as_default(), tf.Session() as session:
        image = tf.placeholder(tf.float32, [0, 3, 4, 2])
        scale, offset = tf.constant([1.0, 2.0]), tf.constant([0.5, 0.25])
        given = {} if is_training else {"mean": scale, "variance": scale}
        y, mean, variance = tf.nn.fused_batch_norm(
            image, scale, offset, is_training=is_training, **given
        )
        slopes = tf.gradients(y, [scale, offset])
        feeds = {image: np.zeros((0, 3, 4, 2))}
        mean, variance, *slopes = session.run([mean, variance, *slopes], feeds)
    assert np.isnan([mean, variance]).all()
    assert np.array(slopes).tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(("batch", "units"), [(0, 4), (2, 0)])
def test_a_cell_without_a_state_is_refused(batch: int, units: int) -> None:
    """There is a batch, and there are units."""
    with tf.Graph().as_default(), tf.Session() as session:
        state, peephole = tf.zeros([batch, units]), tf.zeros([units])
        made = tf.raw_ops.LSTMBlockCell(
            x=tf.zeros([batch, 3]),
            cs_prev=state,
            h_prev=state,
            w=tf.zeros([3 + units, 4 * units]),
            wci=peephole,
            wcf=peephole,
            wco=peephole,
            b=tf.zeros([4 * units]),
        )
        with pytest.raises(InvalidArgumentError, match=r"cs_prev_tensor is empty"):
            session.run(made.h)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_paths_that_are_next_to_impossible_add_nothing(dtype: str) -> None:
    """TensorFlow takes single numbers below the normal ones for 0; its score is 0."""
    with tf.Graph().as_default(), tf.Session() as session:
        found = tf.raw_ops.CTCBeamSearchDecoder(
            inputs=np.array([[[88, 0]], [[0, 88]]], dtype),
            sequence_length=[2],
            beam_width=1,
            top_paths=1,
        )
        assert session.run(found)[-1].tolist() == [[0]]
