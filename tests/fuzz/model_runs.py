"""What must hold of a SavedModel that is loaded into a session and run.

It gives its answers, or an error of a documented class, within bounded time and memory.
The damage is to nodes, functions, signatures and collections of models that stay
well-formed, as nothing else gets as far as a run.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from google.protobuf.message import DecodeError

import metagraft.compat.v1 as tf
from metagraft import errors
from metagraft.graph.structure import flatten
from metagraft.proto import MetaGraphDef, SavedModel, SignatureDef, TensorInfo
from metagraft.saved_model.keys import INIT_OP_SIGNATURE_KEY
from metagraft.saved_model.loader import SavedModelLoader
from metagraft.saved_model.structured_values import CompositeSpec
from tests.fuzz import (
    damage_bytes,
    damage_models,
    damage_nodes,
    damage_parts,
    recorded_files,
)
from tests.fuzz.examination import DOCUMENTED, Outcome, Problem
from tests.fuzz.limits import TooSlow, limited
from tests.fuzz.recorded_files import Recorded

KINDS: Final = ("model_run",)
SECONDS: Final = 20.0
MEMORY_BYTES: Final = 2 << 30
WRONG_NAMES: Final = ("", "x", "no such:0", "x:y", ":0", "x:99", "^x")


@dataclass(frozen=True)
class ModelInput:
    """A damaged SavedModel.

    Attributes:
        kind: `model_run`.
        seed: The number that makes it again.
        origin: The recorded model that was damaged.
        damages: What was done to it.
        content: The bytes of its file.
    """

    kind: str
    seed: int
    origin: str
    damages: tuple[str, ...]
    content: bytes

    @property
    def suffix(self) -> str:
        """How a file of this kind is called where it is kept."""
        return ".saved_model.pb"

    def examine(self, folder: Path) -> Outcome:
        """Load it, beside the files that belong to it, and run its signatures."""
        with TemporaryDirectory(dir=folder) as work:
            write(self.origin, Path(work), self.content)
            return examine_model(Path(work))

    def __str__(self) -> str:
        """Say how to make it again."""
        done = ", ".join(self.damages)
        return (
            f"--kind={self.kind} --seed={self.seed} --count=1 ({self.origin}: {done})"
        )


def make(kind: str, seed: int) -> ModelInput:
    """Return the input of a kind that a number stands for."""
    rng = Random(f"{kind} {seed}")
    origin = rng.choice(sorted(models()))
    model = SavedModel.FromString(models()[origin].content)
    done = rng.choices(_DAMAGES, k=rng.choice((1, 1, 1, 2, 3)))
    for change in done:
        for meta_graph in model.meta_graphs:
            change(rng, meta_graph)
    names = tuple(change.__name__ for change in done)
    content = model.SerializeToString(deterministic=True)
    return ModelInput(kind, seed, origin, names, content)


@cache
def models() -> dict[str, Recorded]:
    """Return recorded SavedModels that can be changed, by name."""
    found = recorded_files.recorded("saved_model").items()
    return {name: each for name, each in found if each.name == "saved_model.pb"}


def write(origin: str, folder: Path, content: bytes) -> None:
    """Write a model with this content, and the files that belong to it."""
    recorded = models()[origin]
    for name, each in {**recorded.others, recorded.name: content}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(each)


def examine_model(folder: Path) -> Outcome:
    """Load the MetaGraphs of a model into sessions and run their signatures.

    Raises:
        Problem: It crashed, hung, took too much memory, or was refused without a clear
            reason.
    """
    logging.disable(logging.CRITICAL)
    try:
        with limited(SECONDS, MEMORY_BYTES), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _examine(folder)
    except TooSlow as slow:
        raise Problem(f"took more than {SECONDS} seconds") from slow
    finally:
        logging.disable(logging.NOTSET)


def _examine(folder: Path) -> Outcome:
    found: list[Exception] = []
    loader = _tried("reading", found, lambda: SavedModelLoader(folder))
    for meta_graph in loader.saved_model.meta_graphs if loader else ():
        tags = list(meta_graph.meta_info_def.tags)
        _load_and_run(loader, tags, found)
        _tried("loading objects", found, partial(_load_as_objects, folder, tags))
    return Outcome(found[0] if found else None)


def _load_and_run(
    loader: SavedModelLoader, tags: list[str], found: list[Exception]
) -> None:
    with tf.Session(graph=tf.Graph()) as session:
        loaded = _tried("loading", found, lambda: loader.load(session, tags))
        if loaded is not None:
            for key, signature in sorted(loaded.signature_def.items()):
                if key == INIT_OP_SIGNATURE_KEY:  # loading has run it
                    continue
                run = partial(_run, session, signature)
                _tried(f"running {key!r}", found, run)


def _load_as_objects(folder: Path, tags: list[str]) -> None:
    with tf.Graph().as_default():
        model = tf.saved_model.load_v2(folder, tags)
        for part in vars(model).values():
            for trace in getattr(part, "concrete_functions", ()):
                repr(trace)
                trace.captured_inputs  # noqa: B018 - may raise
                specs = flatten(trace.structured_input_signature)
                trace(*map(_value_of, filter(_is_spec, specs)))


def _is_spec(spec: Any) -> bool:
    return isinstance(spec, tf.TensorSpec | CompositeSpec)


def _value_of(spec: Any) -> Any:
    if isinstance(spec, CompositeSpec):
        return tf.sparse_placeholder(tf.float32)
    return tf.placeholder(spec.dtype, spec.shape)


def _run(session: Any, signature: SignatureDef) -> None:
    outputs = {key: _components(info) for key, info in signature.outputs.items()}
    names = [name for info in signature.inputs.values() for name in _components(info)]
    tensors = map(session.graph.get_tensor_by_name, names)
    feeds = {tensor: _fed(tensor) for tensor in tensors}
    for _ in range(2):  # the second run may be compiled
        for values in session.run(outputs, feeds).values():
            for value in values:
                np.asarray(value).tobytes()


def _components(info: TensorInfo) -> list[str]:
    """Return the names of the tensors that make an input or an output."""
    if info.HasField("coo_sparse"):
        return [value for _, value in info.coo_sparse.ListFields()]
    if info.HasField("composite_tensor"):
        return [each.name for each in info.composite_tensor.components]
    return [info.name]


def _fed(tensor: Any) -> Any:
    """Return what a tensor can be fed with: rows of zeros, or of one text."""
    dims = [3] if tensor.shape.ndims is None else tensor.shape.as_list()
    shape = [2 if size is None else min(size, 50) for size in dims]
    dtype = tensor.dtype.as_numpy_dtype
    return np.full(shape, b"a", object) if dtype is object else np.zeros(shape, dtype)


def _tried(action: str, found: list[Exception], call: Callable[[], Any]) -> Any:
    """Return what a call returns; append a good error to `found` and return nothing."""
    try:
        return call()
    except Exception as error:
        if type(error) not in DOCUMENTED and not isinstance(error, errors.OpError):
            raise Problem(
                f"{action} raised {type(error).__name__}, which is not documented: "
                f"{error}"
            ) from error
        if not str(error):
            raise Problem(f"{action} says nothing") from error
        found.append(error)
        return None


# -- damage to signatures --------------------------------------------------------------


def change_signature(rng: Random, meta: MetaGraphDef) -> None:
    """Give a tensor of a signature another name, type or shape."""
    infos = [
        info
        for _, signature in sorted(meta.signature_def.items())
        for part in (signature.inputs, signature.outputs)
        for _, info in sorted(part.items())
    ]
    if not infos:
        return
    info = rng.choice(infos)
    change = rng.choice(("name", "dtype", "shape", "sparse", "other"))
    if change == "name":
        info.name = rng.choice(WRONG_NAMES)
    elif change == "other":
        info.name = f"{_some_name(rng, meta)}:0"
    elif change == "dtype":
        info.dtype = rng.choice((0, 3, 7, 99, 101))
    elif change == "shape":
        info.tensor_shape.dim.add().size = rng.choice((-1, -7, 0, 1 << 62))
    else:
        info.coo_sparse.values_tensor_name = rng.choice(WRONG_NAMES)


def _some_name(rng: Random, meta: MetaGraphDef) -> str:
    names = [node.name for node in meta.graph_def.node]
    return rng.choice((*WRONG_NAMES, rng.choice(names) if names else ""))


def change_init_op(rng: Random, meta: MetaGraphDef) -> None:
    """Let another node, or none, prepare the model."""
    name = _some_name(rng, meta)
    if rng.random() < 0.5:
        info = meta.signature_def["__saved_model_init_op"].outputs
        info["__saved_model_init_op"].name = name
        return
    names = meta.collection_def["saved_model_main_op"].node_list.value
    names[:] = [name] * rng.choice((1, 1, 2))


def change_asset(rng: Random, meta: MetaGraphDef) -> None:
    """Name other files as assets, of other tensors."""
    asset = meta.asset_file_def.add()
    asset.filename = rng.choice(damage_models.ASSETS)
    asset.tensor_info.name = f"{_some_name(rng, meta)}{rng.choice(('', ':0'))}"


def change_objects(rng: Random, meta: MetaGraphDef) -> None:
    """Damage the tree of objects: its links, and what functions take and use."""
    tree = meta.object_graph_def
    if not tree.nodes or not tree.concrete_functions:
        return
    _, function = rng.choice(sorted(tree.concrete_functions.items()))
    number = rng.choice((-1, 0, 1, len(tree.nodes), 1 << 30))
    change = rng.choice(("bound", "link", "bytes", "bytes", "drop", "name"))
    if change == "bound":
        function.bound_inputs[:] = [*function.bound_inputs, number][-2:]
    elif change == "link":
        node = rng.choice(tree.nodes)
        node.children.add(node_id=number, local_name=rng.choice(WRONG_NAMES))
    elif change == "bytes":
        content = function.SerializeToString()
        damaged = rng.choice(damage_bytes.DAMAGES)(rng, content)
        with suppress(DecodeError):
            function.ParseFromString(damaged)
    elif change == "drop":
        del tree.nodes[rng.randrange(len(tree.nodes)) :]
    else:
        for node in tree.nodes:
            if node.WhichOneof("kind") == "function":
                node.function.concrete_functions.append(rng.choice(WRONG_NAMES))


_DAMAGES: Final = (
    change_objects,
    change_objects,
    *damage_nodes.DAMAGES,
    *damage_parts.DAMAGES,
    change_signature,
    change_signature,
    change_init_op,
    change_asset,
)
