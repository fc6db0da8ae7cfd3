"""Programs with modules that JAX exported, and mistakes with them.

Each takes the module it calls `tf`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.functions import defun

_MODULES = Path(__file__).resolve().parent.parent / "golden/xla_modules/modules.npz"
_X = np.random.RandomState(5).randn(4, 3).astype(np.float32)
_Y = np.random.RandomState(6).randn(3, 2).astype(np.float32)


def call(
    tf: ModuleType, module: str | bytes, *args: Any, version: int = 9, **attrs: Any
) -> Any:
    """Add an operation that calls a module; its name or its bytes."""
    if isinstance(module, str):
        with np.load(_MODULES) as stored:
            module = stored[module].tobytes()
    attrs = {
        "version": version,
        "module": module,
        "Sout": [tf.TensorShape([None, 2]), tf.TensorShape([])],
        "Tout": [tf.float32, tf.float32],
        "platforms": ["CPU"],
        **attrs,
    }
    given = [tf.convert_to_tensor(arg) for arg in args or (_X, _Y)]
    return _op(tf, "XlaCallModule", "xla_call_module", args=given, **attrs)


def _op(tf: ModuleType, op_type: str, name: str, **arguments: Any) -> Any:
    if tf.__name__.startswith("metagraft"):
        return importlib.import_module("metagraft.graph.apply_op").op(
            op_type, **arguments
        )
    place = "tf2xla" if op_type == "XlaCallModule" else "jit"
    file = "gen_xla_ops" if op_type == "XlaCallModule" else "xla_ops"
    names = importlib.import_module(f"tensorflow.compiler.{place}.ops.{file}")
    return getattr(names, name)(**arguments)


def _results(tf: ModuleType, *fetches: Any) -> list[Any]:
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return [value for one in session.run(list(fetches)) for value in one]


def versions(tf: ModuleType) -> list[Any]:
    """Every version that TensorFlow still takes."""
    return _results(
        tf, *(call(tf, "rows", version=version) for version in range(4, 11))
    )


def sizes(tf: ModuleType) -> list[Any]:
    """Batches of several sizes, of modules for one and for all."""
    return _results(
        tf,
        call(tf, "fixed"),
        call(tf, "even_rows"),
        *(call(tf, "rows", _X[:rows], _Y) for rows in (1, 3)),
    )


def platforms(tf: ModuleType) -> list[Any]:
    """One of several platforms, or none of them."""
    several = ["CPU", "CUDA", "TPU"]
    return _results(
        tf,
        *(
            call(tf, "any_platform", platforms=[*several[i:], *several[:i]])
            for i in range(3)
        ),
        call(tf, "rows", platforms=["TPU"], disabled_checks=["platform"]),
    )


def unchecked(tf: ModuleType) -> list[Any]:
    """A batch that the module has not asked for, without its own check."""
    disabled = ["shape_assertions"]
    return _results(tf, call(tf, "even_rows", _X[:3], _Y, disabled_checks=disabled))


def launches(tf: ModuleType) -> list[Any]:
    """Functions that are compiled whole."""

    def compute(rows: Any, x: Any, y: Any) -> Any:
        return tf.matmul(tf.reshape(x, [rows, -1]), y), tf.reduce_sum(x)

    product: Any = defun(tf, tf.int32, tf.float32, tf.float32)(compute)
    product.add_to_graph(tf.get_default_graph())
    fetched = _op(
        tf,
        "XlaLaunch",
        "xla_launch",
        constants=[tf.constant(2)],
        args=[tf.constant(_X), tf.constant(np.concatenate([_Y, _Y]))],
        resources=[],
        Tresults=[tf.float32, tf.float32],
        function=product,
    )
    return _results(tf, fetched)


def launches_on_variables(tf: ModuleType) -> list[Any]:
    """A function that is compiled whole and changes a variable."""
    variable = tf.Variable([1.0, 2.0], use_resource=True)

    def compute(x: Any, handle: Any) -> Any:
        ops = tf.raw_ops
        added = ops.AssignAddVariableOp(resource=handle, value=x)
        with tf.control_dependencies([added]):
            return 2 * ops.ReadVariableOp(resource=handle, dtype=tf.float32)

    function: Any = defun(tf, tf.float32, tf.resource)(compute)
    function.add_to_graph(tf.get_default_graph())
    x = tf.constant([3.0, 4.0])
    common = {"Tresults": [tf.float32], "function": function}
    first = _op(
        tf,
        "XlaLaunch",
        "xla_launch",
        constants=[],
        args=[x],
        resources=[variable.handle],
        **common,
    )
    with tf.control_dependencies(list(first)):
        second = _op(
            tf,
            "XlaLaunchV2",
            "xla_launch_v2",
            args=[x, variable.handle],
            constants=[],
            resources=[1],
            **common,
        )
    return _results(tf, first, second)


RUNS: dict[str, Callable[[ModuleType], list[Any]]] = {
    run.__name__: run
    for run in (versions, sizes, platforms, unchecked, launches, launches_on_variables)
}
MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    "old_version": lambda tf: call(tf, "rows", version=3),
    "new_version": lambda tf: call(tf, "rows", version=11),
    "no_platforms": lambda tf: call(tf, "rows", platforms=[]),
    "dimensions": lambda tf: call(tf, "rows", dim_args_spec=["0.0"]),
    "shapes": lambda tf: call(tf, "rows", Sout=[tf.TensorShape([])]),
}
