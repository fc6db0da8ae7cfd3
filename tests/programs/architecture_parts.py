"""What the architectures of `tests/programs/architectures_*.py` have in common.

A program states its inputs, what inference returns, its losses and its training steps
in collections, so that a stored MetaGraph tells all that is needed to run it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

INPUTS = "architecture_inputs"
OUTPUTS = "architecture_outputs"
LOSSES = "architecture_losses"
STEPS = "architecture_steps"
INITIAL = "architecture_initial"


def feed(
    tf: ModuleType, name: str, kind: str, shape: Sequence[int], *, batched: bool = True
) -> Any:
    """Make a placeholder and write down what is fed to it.

    Args:
        tf: The library.
        name: Of the placeholder.
        kind: `normal`, `uniform`, `training` (False in inference, else True), or a type
            and the number of its values, as in `int64:10`; of type `string`, serialized
            examples.
        shape: Of what is fed.
        batched: Whether the first dimension is left open.
    """
    stated = {"name": name, "kind": kind, "shape": list(shape)}
    tf.add_to_collection(INPUTS, json.dumps(stated, sort_keys=True))
    if kind == "training":
        return tf.placeholder_with_default(False, [], name=name)
    dtype = kind.split(":", 1)[0] if ":" in kind else "float32"
    known = [None, *shape[1:]] if batched and shape else list(shape)
    return tf.placeholder(getattr(tf, dtype), known, name=name)


def fed(stated: str, run: int) -> NDArray[np.generic] | bool:
    """Return what is fed to an input.

    Args:
        stated: What `feed` wrote down.
        run: 0 for inference, from 1 on for the steps of training.
    """
    wanted = json.loads(stated)
    kind, shape = wanted["kind"], wanted["shape"]
    if kind == "training":
        return run > 0
    seed = (zlib.crc32(wanted["name"].encode()) + run) % 2**32
    source = np.random.RandomState(seed)
    if kind == "normal":
        return np.asarray(source.standard_normal(shape), np.float32)
    if kind == "uniform":
        return np.asarray(source.uniform(size=shape), np.float32)
    dtype, limit = kind.split(":")
    drawn = source.randint(int(limit), size=shape)
    if dtype == "string":
        return np.array([_example(int(number)) for number in drawn], object)
    return drawn.astype(dtype)


def _example(number: int) -> bytes:
    """Return a serialized example; its features follow from a number."""
    from metagraft.proto import example_pb2

    example = example_pb2.Example()
    feature = example.features.feature
    if number % 3:
        feature["age"].float_list.value.append(number / 8)
    feature["job"].bytes_list.value.extend([b"cook", b"vet", b"smith"][: number % 4])
    feature["city"].bytes_list.value.append(b"city_%d" % (number % 5))
    return example.SerializeToString(deterministic=True)


def finish(
    tf: ModuleType, outputs: Sequence[Any], losses: Sequence[Any], *steps: Any
) -> None:
    """Put what a run fetches into collections."""
    for key, values in ((OUTPUTS, outputs), (LOSSES, losses), (STEPS, steps)):
        for value in values:
            tf.add_to_collection(key, value)


def initialize(tf: ModuleType) -> None:
    """Put the operation that gives all variables their values into its collection."""
    initial = tf.variables_initializer(tf.global_variables())
    tf.add_to_collection(INITIAL, initial)


def train(tf: ModuleType, optimizer: Any, loss: Any, **options: Any) -> Any:
    """Return a step that begins when the loss is known, after the collected updates."""
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies([*updates, loss]):
        return optimizer.minimize(loss, **options)


def results(tf: ModuleType, session: Any, n_steps: int) -> dict[str, Any]:
    """Initialise, infer, train; return outputs and losses.

    Returns:
        `output_<number>`, and `losses_<run>` of each round of all steps.
    """
    inputs = [stated.decode() for stated in map(_as_bytes, tf.get_collection(INPUTS))]
    outputs, losses = tf.get_collection(OUTPUTS), tf.get_collection(LOSSES)
    session.run(tf.get_collection(INITIAL))
    found = {
        f"output_{i}": value
        for i, value in enumerate(session.run(outputs, _feeds(inputs, 0)))
    }
    for run in range(1, n_steps + 1):
        for i, step in enumerate(tf.get_collection(STEPS)):
            values, _ = session.run([losses, step], _feeds(inputs, run))
            found[f"losses_{run}_{i}"] = np.array(values)
    return found


def _feeds(inputs: Sequence[str], run: int) -> dict[str, Any]:
    return {f"{json.loads(stated)['name']}:0": fed(stated, run) for stated in inputs}


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
