"""Training passes between TensorFlow and Metagraft in both directions."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests import training_runs
from tests.programs import models

TOLERANCE = 1e-4  # relative, at every step
OUTPUTS = {
    "mlp": "body/prediction:0",
    "convnet": "body/logits/BiasAdd:0",
    "embedding": "body/dense_1/BiasAdd:0",
}


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("model", training_runs.MODELS)
def test_metagraft_goes_on_from_tensorflow(
    model: str, *, as_text: bool, tmp_path: Path, tf: ModuleType, mg: ModuleType
) -> None:
    """What TensorFlow saved trains on alike in both, dropout included."""
    prefix = tmp_path / "model"
    training_runs.start(tf, model, prefix, as_text=as_text)
    expected = training_runs.go_on(tf, model, prefix)
    found = training_runs.go_on(mg, model, prefix)
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE)


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("model", training_runs.MODELS)
def test_tensorflow_goes_on_from_metagraft(
    model: str, *, as_text: bool, tmp_path: Path, tf: ModuleType, mg: ModuleType
) -> None:
    """What Metagraft saved trains on alike in both, dropout included."""
    prefix = tmp_path / "model"
    training_runs.start(mg, model, prefix, as_text=as_text)
    expected = training_runs.go_on(tf, model, prefix)
    found = training_runs.go_on(mg, model, prefix)
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE)


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("model", OUTPUTS)
def test_tensorflow_imports_a_scope(
    model: str, *, as_text: bool, tmp_path: Path, tf: ModuleType, mg: ModuleType
) -> None:
    """The scope that Metagraft exports computes the same as a part in TensorFlow."""
    prefix, part = tmp_path / "model", tmp_path / "part.meta"
    training_runs.start(mg, model, prefix)
    with mg.Graph().as_default() as graph, mg.Session() as session:
        saver = mg.train.import_meta_graph(f"{prefix}.meta")
        saver.restore(session, str(prefix))
        feeds = models.feeds(model, 0) | (
            {"keep_prob:0": 1.0} if model == "convnet" else {}
        )
        feeds = {
            name: value
            for name, value in feeds.items()
            if name not in ("y:0", "labels:0")
        }
        expected = session.run(OUTPUTS[model], feeds)
        mg.train.export_meta_graph(
            str(part), graph=graph, export_scope="body/", as_text=as_text
        )

    with tf.Graph().as_default(), tf.Session() as session:
        inputs = {
            f"$unbound_inputs_{name}": tf.constant(value, tf.as_dtype(_dtype(value)))
            for name, value in feeds.items()
        }
        tf.train.import_meta_graph(
            str(part),
            import_scope="part",
            input_map={key.removesuffix(":0"): value for key, value in inputs.items()},
        )
        variables = tf.global_variables(scope="part/")
        tf.train.Saver(
            {v.op.name.replace("part/", "body/", 1): v for v in variables}
        ).restore(session, str(prefix))
        found = session.run(OUTPUTS[model].replace("body/", "part/", 1))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def _dtype(value: object) -> np.dtype[np.generic]:
    """Return the type of a fed value; plain numbers are `float32`."""
    return value.dtype if isinstance(value, np.ndarray) else np.dtype(np.float32)
