"""Running single ops with TensorFlow, and storing what they took and returned."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from tests.golden.record.tensorflow_v1 import load


class Case(NamedTuple):
    """One op with attributes and operands; a list of arrays is a list operand.

    Operands named in `constants` (`name.1` in lists) are not fed: the kernel wants to
    see constants. Those in `computed` are sums of what is fed: the kernel writes its
    result over them. Of those that are `shapeless` the graph knows no shapes, so that
    it is the kernel that looks at them.
    """

    family: str
    op: str
    attrs: dict[str, Any]
    operands: dict[str, Any]
    constants: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()
    shapeless: bool = False


# What functions call arguments of ops that they do not call by their names.
RENAMED = {
    "dim": "axis",
    "e": "y",
    "input": "condition",
    "reduction_indices": "axis",
    "split_dim": "axis",
    "t": "x",
}


def _add(op: str, arguments: dict[str, Any]) -> Any:
    """Add a node; ops that TensorFlow keeps to itself are in no module."""
    if hasattr(load().raw_ops, op):
        function = getattr(load().raw_ops, op)
        known = inspect.signature(function).parameters
        named = {
            name if name in known else RENAMED[name]: value
            for name, value in arguments.items()
        }
        return function(**named)
    from tensorflow.python.framework import op_def_library, op_def_registry

    definition = op_def_registry.get(op)
    inferred = {arg.number_attr for arg in definition.input_arg}
    inferred |= {arg.type_list_attr for arg in definition.input_arg}
    for attr in definition.attr:
        is_free = attr.name not in arguments and attr.name not in inferred
        if attr.HasField("default_value") and is_free:
            kind = attr.default_value.WhichOneof("value")
            value = getattr(attr.default_value, kind)
            arguments[attr.name] = list(value.i) if kind == "list" else value
    return op_def_library.apply_op(op, name=op.lstrip("_"), **arguments)


def run(case: Case) -> list[Any]:
    """Return the outputs of one op."""
    tf = load()
    with tf.Graph().as_default(), tf.Session() as session:
        allow_deprecated(case.op)
        # Fed, not constant: what folds constants is not always the kernel.
        feeds: dict[Any, Any] = {}

        def fed(value: Any) -> Any:
            kind = value.dtype.names[0] if value.dtype.names else value.dtype
            shape = None if case.shapeless else value.shape
            tensor = tf.placeholder(tf.as_dtype(kind), shape)
            feeds[tensor] = np.array(value)  # some ops write to their operands
            return tensor

        def computed(value: Any) -> Any:
            plain = fed(_plain(value)) + np.zeros_like(_plain(value))
            kind = value.dtype.names
            return tf.bitcast(plain, tf.as_dtype(kind[0])) if kind else plain

        def given(name: str, value: Any) -> Any:
            if isinstance(value, list):
                return [given(f"{name}.{i}", item) for i, item in enumerate(value)]
            if name in case.constants:
                return tf.constant(value)
            return computed(value) if name in case.computed else fed(value)

        named = {name: given(name, value) for name, value in case.operands.items()}
        result = _add(case.op, {**named, **case.attrs})
        tensors = tf.nest.flatten(result)
        values = session.run(tensors, feeds)
        # NumPy would make a type of its own of each length of text.
        return [np.array(v, object) if isinstance(v, bytes) else v for v in values]


def allow_deprecated(op: str) -> None:
    """Let the default graph have an op of old graphs: be as old as these."""
    from tensorflow.python.framework import op_def_registry

    tf = load()
    version = op_def_registry.get(op).deprecation.version
    if version:
        old = tf.GraphDef()
        old.versions.producer = version - 1
        tf.import_graph_def(old)


def has_kernel(case: Case) -> bool:
    """Whether TensorFlow's CPU has a kernel for these types."""
    tf = load()
    try:
        run(case)
    except (TypeError, tf.errors.NotFoundError, tf.errors.UnimplementedError):
        return False
    except tf.errors.InvalidArgumentError as error:
        if "No OpKernel" in str(error):
            return False
        raise
    return True


def _plain(value: Any) -> Any:
    """Return an array, of plain integers if TensorFlow's type is a quantized one."""
    array = np.asarray(value)
    return array.view(array.dtype[0]) if array.dtype.names else array


def _storable(value: Any) -> Any:
    array = _plain(value)
    if array.dtype == np.dtype(object):
        return np.array([bytes(item) for item in array.reshape(-1)])
    is_short = array.dtype == ml_dtypes.bfloat16 or array.dtype.name.startswith(
        "float8"
    )
    return array.astype(np.float32) if is_short else array


def _description(value: Any) -> Any:
    if isinstance(value, list):
        return [_description(item) for item in value]
    array = _plain(value)
    return {"dtype": array.dtype.name, "shape": list(array.shape)}


def _is_dtype(value: Any) -> bool:
    return isinstance(value, (np.dtype, type))


def write(path: Path, cases: Iterable[Case]) -> None:
    """Run the cases and write them with their outputs, as one compressed file."""
    tf = load()
    arrays: dict[str, Any] = {}
    index = []
    for number, case in enumerate(cases):
        outputs = run(case)
        for name, value in case.operands.items():
            items: Sequence[Any] = value if isinstance(value, list) else [value]
            for place, item in enumerate(items):
                arrays[f"{number}.{name}.{place}"] = _storable(item)
        for place, value in enumerate(outputs):
            arrays[f"{number}.{place}"] = _storable(value)
        index.append(
            {
                "family": case.family,
                "op": case.op,
                "attrs": {
                    name: np.dtype(value).name if _is_dtype(value) else value
                    for name, value in case.attrs.items()
                },
                "operands": {n: _description(v) for n, v in case.operands.items()},
                "outputs": [_description(v) for v in outputs],
            }
        )
    path.parent.mkdir(exist_ok=True)
    version = f"tensorflow {tf.__version__}\n"
    (path.parent / "VERSION").write_text(version, encoding="utf-8")
    np.savez_compressed(path, cases=np.array(json.dumps(index)), **packed(arrays))
    print(f"{path.name}: {len(index)} cases")


def packed(arrays: dict[str, Any]) -> dict[str, Any]:
    """Return one array a dtype: thousands of small files in an archive are slow."""
    parts: dict[str, list[Any]] = {}
    places: dict[str, list[Any]] = {}
    for name, array in arrays.items():
        kind = array.dtype.kind if array.dtype.kind == "S" else array.dtype.name
        done = parts.setdefault(kind, [])
        start = sum(part.size for part in done)
        places[name] = [kind, start, start + array.size]
        done.append(array.reshape(-1))
    joined = {kind: np.concatenate(found) for kind, found in parts.items()}
    return {"places": np.array(json.dumps(places)), **joined}
