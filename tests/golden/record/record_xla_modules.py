"""Records SavedModels that JAX made, with what TensorFlow computes from them.

Usage: python -m tests.golden.record.record_xla_modules

The functions are converted by `jax2tf`, so each SavedModel has an `XlaCallModule`:
for batches of any size and several platforms, with functions of TensorFlow in it, in
order or not, and with state of its own. `modules.npz` has modules for
`tests/programs/xla_module_runs.py`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
import tensorflow as tf
from jax import export
from jax import numpy as jnp
from jax.experimental import jax2tf

# Modules say where their operations were made: no folders of this machine.
jax.config.update("jax_traceback_in_locations_limit", 0)
jax.config.update("jax_hlo_source_file_canonicalization_regex", ".*/")

FOLDER = Path(__file__).resolve().parent.parent / "xla_modules"
X = np.random.RandomState(3).randn(5, 3).astype(np.float32)
WEIGHTS = np.random.RandomState(4).randn(3, 2).astype(np.float32)
ANY_PLATFORM = ("cpu", "cuda", "tpu")


def layer(weights: Any, x: Any) -> Any:
    """Compute from weights and a batch of any size."""
    hidden = jnp.tanh(x @ weights)
    return {
        "hidden": hidden,
        "mean": jnp.sum(hidden) / x.shape[0],
        "order": jnp.argsort(x, axis=0),
        "rows": jnp.arange(x.shape[0]) * 2,
    }


def with_functions(weights: Any, x: Any) -> Any:
    """Call functions of TensorFlow inside."""
    doubled = jax2tf.call_tf(lambda a: tf.sin(a) * 2.0, call_tf_graph=True)(x)
    summed = jax2tf.call_tf(
        lambda a: tf.reduce_sum(a, 1),
        call_tf_graph=True,
        ordered=True,
        output_shape_dtype=jax.ShapeDtypeStruct((5,), np.float32),
    )(doubled @ weights)
    return {"doubled": jnp.cos(doubled), "summed": summed + 1}


def save(
    name: str, function: Callable[..., Any], rows: int | None, **options: Any
) -> Any:
    """Save a function with its weights as a model."""
    module = tf.Module()
    module.weights = tf.Variable(WEIGHTS)
    converted = jax2tf.convert(function, with_gradient=False, **options)

    @tf.function(
        autograph=False, input_signature=[tf.TensorSpec([rows, 3], tf.float32, "x")]
    )
    def call(x: Any) -> Any:
        return converted(module.weights, x)

    module.call = call
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": call})
    return call


def exported(
    function: Callable[..., Any],
    rows: str,
    *platforms: str,
    disabled: Sequence[str] = (),
) -> Any:
    """Return a module of a function of a batch and a matrix."""
    shape = export.symbolic_shape(rows)
    checks = [export.DisabledSafetyCheck.custom_call(name) for name in disabled]
    found = export.export(
        jax.jit(function), platforms=platforms, disabled_checks=checks
    )(
        jax.ShapeDtypeStruct(shape, np.float32),
        jax.ShapeDtypeStruct((3, 2), np.float32),
    )
    return np.frombuffer(found.mlir_module_serialized, np.uint8)


def main() -> None:
    """Write the models, the modules and the results."""
    batches = save(
        "layer",
        layer,
        None,
        polymorphic_shapes=[None, "(b, 3)"],
        native_serialization_platforms=ANY_PLATFORM,
    )
    results = {key: value.numpy() for key, value in batches(X).items()}
    np.savez_compressed(FOLDER / "results.npz", x=X, weights=WEIGHTS, **results)
    # TensorFlow 2.21 saves this but cannot run it: it knows no function to call.
    save("functions", with_functions, 5)

    def product(x: Any, y: Any) -> Any:
        return jnp.sin(x) @ y, x.shape[0] * jnp.ones((), jnp.float32)

    def factor(x: Any, y: Any) -> Any:
        return jnp.linalg.cholesky(x.T @ x + jnp.eye(3)), y.T @ y

    def unknown(x: Any, y: Any) -> Any:
        kind = jax.ShapeDtypeStruct(x.shape, x.dtype)
        return jax.ffi.ffi_call("no_such_target", kind)(x), y

    # TensorFlow 2.21 cannot run the last two: it knows neither of the functions.
    np.savez_compressed(
        FOLDER / "modules.npz",
        factor=exported(factor, "b, 3", "cpu"),
        unknown=exported(unknown, "4, 3", "cpu", disabled=["no_such_target"]),
        fixed=exported(product, "(4, 3)", "cpu"),
        rows=exported(product, "b, 3", "cpu"),
        even_rows=exported(product, "2*b, 3", "cpu"),
        any_platform=exported(product, "b, 3", *ANY_PLATFORM),
    )
    (FOLDER / "VERSION").write_text(f"tensorflow {tf.__version__}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
