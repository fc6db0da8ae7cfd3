"""Records what TensorFlow's optimizer ops compute, dense and on rows.

Run in the interop environment: python -m tests.golden.record.record_training_ops
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tensorflow.compat.v1 as tf

OUT = Path(__file__).parents[1] / "training" / "ops.json"

# op type without prefixes -> (variables, scalars before the gradient, scalars after
# it, attribute sets, name of the gradient)
CASES: dict[str, dict[str, object]] = {
    "GradientDescent": {"vars": ["var"], "before": ["alpha"], "grad": "delta"},
    "Momentum": {
        "vars": ["var", "accum"],
        "before": ["lr"],
        "after": ["momentum"],
        "attrs": [{"use_nesterov": False}, {"use_nesterov": True}],
        "sparse": True,
    },
    "KerasMomentum": {
        "vars": ["var", "accum"],
        "before": ["lr"],
        "after": ["momentum"],
        "attrs": [{"use_nesterov": False}, {"use_nesterov": True}],
        "sparse": True,
    },
    "Adam": {
        "vars": ["var", "m", "v"],
        "before": ["beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon"],
        "attrs": [{"use_nesterov": False}, {"use_nesterov": True}],
    },
    "AdamWithAmsgrad": {
        "vars": ["var", "m", "v", "vhat"],
        "before": ["beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon"],
    },
    "AdaMax": {
        "vars": ["var", "m", "v"],
        "before": ["beta1_power", "lr", "beta1", "beta2", "epsilon"],
    },
    "RMSProp": {
        "vars": ["var", "ms", "mom"],
        "before": ["lr", "rho", "momentum", "epsilon"],
        "sparse": True,
    },
    "CenteredRMSProp": {
        "vars": ["var", "mg", "ms", "mom"],
        "before": ["lr", "rho", "momentum", "epsilon"],
        "sparse": True,
    },
    "Adagrad": {
        "vars": ["var", "accum"],
        "before": ["lr"],
        "attrs": [{"update_slots": True}, {"update_slots": False}],
        "sparse": True,
    },
    "AdagradV2": {
        "vars": ["var", "accum"],
        "before": ["lr", "epsilon"],
        "attrs": [{"update_slots": True}, {"update_slots": False}],
        "sparse": True,
    },
    "AdagradDA": {
        "vars": ["var", "gradient_accumulator", "gradient_squared_accumulator"],
        "before": [],
        "after": ["lr", "l1", "l2", "global_step"],
        "scalars": [{}, {"l1": 0.0}],
        "sparse": True,
    },
    "Adadelta": {
        "vars": ["var", "accum", "accum_update"],
        "before": ["lr", "rho", "epsilon"],
        "sparse": True,
    },
    "ProximalGradientDescent": {
        "vars": ["var"],
        "before": ["alpha", "l1", "l2"],
        "grad": "delta",
        "sparse_grad": "grad",
        "scalars": [{}, {"l1": 0.0}],
        "sparse": True,
    },
    "ProximalAdagrad": {
        "vars": ["var", "accum"],
        "before": ["lr", "l1", "l2"],
        "scalars": [{}, {"l1": 0.0}],
        "sparse": True,
    },
    "Ftrl": {
        "vars": ["var", "accum", "linear"],
        "before": [],
        "after": ["lr", "l1", "l2", "lr_power"],
        "attrs": [{"multiply_linear_by_lr": False}, {"multiply_linear_by_lr": True}],
        "scalars": [{}, {"lr_power": -0.3}],
        "sparse": True,
    },
    "FtrlV2": {
        "vars": ["var", "accum", "linear"],
        "before": [],
        "after": ["lr", "l1", "l2", "l2_shrinkage", "lr_power"],
        "attrs": [{"multiply_linear_by_lr": False}, {"multiply_linear_by_lr": True}],
        "scalars": [{}, {"lr_power": -0.3}],
        "sparse": True,
    },
    "AddSign": {
        "vars": ["var", "m"],
        "before": ["lr", "alpha", "sign_decay", "beta"],
    },
    "PowerSign": {
        "vars": ["var", "m"],
        "before": ["lr", "logbase", "sign_decay", "beta"],
    },
}
SCALARS = {
    "lr": 0.125,
    "alpha": 0.25,
    "momentum": 0.75,
    "rho": 0.875,
    "epsilon": 0.01,
    "beta1": 0.9,
    "beta2": 0.99,
    "beta1_power": 0.81,
    "beta2_power": 0.9801,
    "l1": 0.05,
    "l2": 0.02,
    "l2_shrinkage": 0.1,
    "lr_power": -0.5,
    "global_step": 3,
    "sign_decay": 0.5,
    "beta": 0.8,
    "logbase": 1.5,
}
# Slots that hold sums or averages of squares.
POSITIVE = {"v", "vhat", "ms", "accum", "accum_update", "gradient_squared_accumulator"}
SIGNED_ACCUM = {"Momentum", "KerasMomentum"}
WITHOUT_HALF = {"AdagradDA", "ProximalAdagrad", "ProximalGradientDescent"}
INDICES = [3, 0, 3, 2]


def _value(name: str, op: str, shape: list[int], rng: np.random.RandomState):
    value = rng.standard_normal(shape)
    if name in POSITIVE and not (name == "accum" and op in SIGNED_ACCUM):
        value = np.abs(value) + 0.5
    return np.round(value, 3)


def _run(op: str, case: dict, attrs: dict, change: dict, sparse: bool, dtype) -> dict:
    rng = np.random.RandomState(7)
    shape = [4, 3]
    values = {n: _value(n, op, shape, rng).astype(dtype) for n in case["vars"]}
    if op == "CenteredRMSProp":
        values["mg"] = (values["mg"] * 0.25).astype(dtype)
    grad = _value("grad", op, [len(INDICES), 3] if sparse else shape, rng).astype(dtype)
    grad_name = case.get("grad", "grad")
    if sparse:
        grad_name = case.get("sparse_grad", grad_name)
    scalars = {
        n: {**SCALARS, **change}[n] for n in [*case["before"], *case.get("after", [])]
    }
    with tf.Graph().as_default(), tf.Session() as session:
        variables = {n: tf.Variable(v, use_resource=True) for n, v in values.items()}
        feeds = {n: v.handle for n, v in variables.items()}
        for n, v in scalars.items():
            feeds[n] = tf.constant(v, tf.int64 if n == "global_step" else dtype)
        feeds[grad_name] = tf.constant(grad)
        if sparse:
            feeds["indices"] = tf.constant(INDICES, tf.int32)
        name = f"Resource{'Sparse' if sparse else ''}Apply{op}"
        update = getattr(tf.raw_ops, name)(**feeds, **attrs)
        session.run(tf.global_variables_initializer())
        session.run(update)
        results = session.run({n: v.read_value() for n, v in variables.items()})
    return {
        "op": f"{'Sparse' if sparse else ''}Apply{op}",
        "dtype": np.dtype(dtype).name,
        "attrs": attrs,
        "variables": {n: v.tolist() for n, v in values.items()},
        "before": {n: scalars[n] for n in case["before"]},
        "after": {n: scalars[n] for n in case.get("after", [])},
        "grad": grad.tolist(),
        "indices": INDICES if sparse else None,
        "results": {n: v.tolist() for n, v in results.items()},
    }


def main() -> None:
    """Write tests/golden/training/ops.json."""
    tf.disable_v2_behavior()
    records = []
    for op, case in CASES.items():
        for attrs in case.get("attrs", [{}]):
            for change in case.get("scalars", [{}]):
                for sparse in (False, True) if case.get("sparse") else (False,):
                    kinds = [np.float32, np.float64]
                    if not attrs.get("use_nesterov") and op not in WITHOUT_HALF:
                        kinds.append(np.float16)
                    records.extend(
                        _run(op, case, attrs, change, sparse, kind) for kind in kinds
                    )
    OUT.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(r) for r in records)
    OUT.write_text(f'{{"tensorflow": "{tf.__version__}", "records": [\n{lines}\n]}}\n')
    print(f"{OUT}: {len(records)} records")


if __name__ == "__main__":
    main()
