"""What must hold for any input: a clear error and no change, or a graph that works."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from google.protobuf.message import DecodeError

import metagraft
import metagraft.compat.v1 as tf
from metagraft import errors
from metagraft.graph import import_graph_def
from metagraft.graph.constant_value import constant_value
from metagraft.graph.graph import Graph
from metagraft.meta_graph import importer
from metagraft.meta_graph.files import read_meta_graph_file
from metagraft.proto import MetaGraphDef
from tests import same_meta_graph
from tests.fuzz.limits import TooSlow, limited

SECONDS: Final = 20.0
MEMORY_BYTES: Final = 1 << 30
# The classes of the documented errors, exactly: a subclass such as UnicodeDecodeError
# or RecursionError was not raised on purpose.
DOCUMENTED: Final = (
    ValueError,
    TypeError,
    KeyError,
    OSError,
    RuntimeError,
    DecodeError,
    errors.NotFoundError,
    errors.UnimplementedError,
    errors.FailedPreconditionError,
    errors.InvalidArgumentError,
)
# `tf.gradients` also says so where an op has no gradient.
NO_GRADIENT: Final = (*DOCUMENTED, LookupError, NotImplementedError)
# What is wrong with no particular node.
PLACES: Final = re.compile(
    "version|cycle|saver|collection|function|Node '|unbound inputs|signature|message"
    "|device spec",
    re.IGNORECASE,
)


class Problem(AssertionError):  # noqa: N818 - not of a program
    """An input did what no input may do."""


@dataclass
class Outcome:
    """What became of an input: refused at import with `error`, or accepted."""

    error: BaseException | None = None

    @property
    def word(self) -> str:
        """Return one word for statistics."""
        return "accepted" if self.error is None else type(self.error).__name__


def examine(source: MetaGraphDef | Path, *, as_large: bool = False) -> Outcome:
    """Import a MetaGraph and use it in all ways that need no run.

    Args:
        source: The message, or the file.
        as_large: Whether shapes are only inferred when asked for, as of large files.

    Raises:
        Problem: It crashed, hung, took too much memory, left half a graph behind, or
            was refused without a clear reason.
    """
    logging.disable(logging.CRITICAL)
    check = _unchecked if as_large else import_graph_def.check_shapes
    try:
        with (
            limited(SECONDS, MEMORY_BYTES),
            patch.object(import_graph_def, "check_shapes", check),
        ):
            return _examine(source)
    except TooSlow as slow:
        raise Problem(f"took more than {SECONDS} seconds") from slow
    finally:
        logging.disable(logging.NOTSET)


def _unchecked(graph: Graph, positions: range) -> None:
    """Do what the import does with the shapes of large files."""
    del graph, positions


def _examine(source: MetaGraphDef | Path) -> Outcome:
    names = _names(source)
    graph = _graph_before()
    before = _state(graph)
    error = _error_of(
        graph, "native import", names, lambda: metagraft.import_meta_graph(source)
    )
    if error is None:
        with graph.as_default():
            _export_natively(graph)
    elif _state(graph) != before:
        raise Problem(f"natively refused, but the graph changed: {error}") from error
    graph = _graph_before()
    error = _error_of(
        graph, "import", names, lambda: tf.train.import_meta_graph(source)
    )
    if error is None:
        with graph.as_default():
            _use(graph)
    elif _state(graph) != before:
        raise Problem(f"refused, but the graph changed: {error}") from error
    return Outcome(error)


def _graph_before() -> Graph:
    with tf.Graph().as_default() as graph:
        tf.constant(1.0, name="here/before")
        tf.add_to_collection("here", "before")
        tf.add_to_collection("train_op", "before")
    return graph


def _error_of(
    graph: Graph, action: str, names: set[str], call: Callable[[], object]
) -> Exception | None:
    """Return the error that a call raises, once it is found to be a good one."""
    with graph.as_default():
        try:
            call()
        # Any error is an answer; `_check_error` judges it.
        except Exception as error:  # noqa: BLE001
            _check_error(action, error, DOCUMENTED, names)
            return error
    return None


def _export_natively(graph: Graph) -> None:
    names = set(graph.operation_names())
    scope = max(names, key=len).partition("/")[0]
    for options in ({}, {"strip_default_attrs": True}, {"scope": scope}):
        try:
            metagraft.export_meta_graph(graph=graph, **options)
        except Exception as error:  # noqa: BLE001 - judged here
            _check_error(f"native export with {options}", error, DOCUMENTED, names)


def _state(graph: Graph) -> tuple[bytes, str]:
    collections = {
        key: [str(item) for item in graph.get_collection(key)]
        for key in graph.get_all_collection_keys()
    }
    graph_def = graph.as_graph_def()
    if not graph_def.library.ListFields():
        graph_def.ClearField("library")  # empty or absent means the same
    return graph_def.SerializeToString(deterministic=True), repr(collections)


def _names(source: MetaGraphDef | Path) -> set[str]:
    if not isinstance(source, MetaGraphDef):
        try:
            parsed = read_meta_graph_file(source)
        except OSError:
            return {source.name}
        return {source.name, *_names(parsed)}
    return {
        *(node.name for node in source.graph_def.node),
        *source.collection_def,
        *(f.signature.name for f in source.graph_def.library.function),
    } - {""}


def _check_error(
    action: str, error: Exception, allowed: tuple[type[Exception], ...], names: Any
) -> None:
    if type(error) not in allowed:
        raise Problem(
            f"{action} raised {type(error).__name__}, which is not documented: {error}"
        ) from error
    text = str(error)
    if action == "gradients":  # of the graph, not of a file
        return
    if not PLACES.search(text) and not any(name in text for name in names):
        raise Problem(
            f"{action} raised {type(error).__name__} that names nothing: {text[:300]}"
        ) from error


# -- using what was imported -----------------------------------------------------------


def _use(graph: Graph) -> None:
    names = set(graph.operation_names())

    @contextmanager
    def may_refuse(
        action: str, allowed: tuple[type[Exception], ...] = DOCUMENTED
    ) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - judged here
            _check_error(action, error, allowed, names)

    operations = graph.get_operations()
    for op in operations:
        with may_refuse(f"showing {op.name}"):
            _look_at(op)
    with may_refuse("as_graph_def"):
        graph.as_graph_def()
    _check_export(graph, may_refuse)
    with may_refuse("gradients", NO_GRADIENT):
        _differentiate(operations)


def _look_at(op: Any) -> None:
    str(op)
    repr(op)
    tuple(op.inputs)
    list(op.control_inputs)
    op.colocation_groups()
    for name in op.attrs:
        op.get_attr(name) if name != "_output_shapes" else None
    for tensor in op.outputs:
        tensor.shape.as_proto()
        str(tensor)
        repr(tensor)
        tensor.consumers()
        constant_value(tensor)


def _check_export(graph: Graph, may_refuse: Callable[..., Any]) -> None:
    exported = None
    with may_refuse("export"):
        exported = tf.train.export_meta_graph(graph=graph)
    for options in (
        {"strip_default_attrs": True},
        {"clear_devices": True},
        {"clear_extraneous_savers": True},
        {"export_scope": graph.get_operations()[-1].name.partition("/")[0]},
    ):
        with may_refuse(f"export with {options}"):
            tf.train.export_meta_graph(graph=graph, **options)
    if exported is None:
        return
    with tf.Graph().as_default() as again:
        try:
            importer.import_scoped_meta_graph(exported)
            second = tf.train.export_meta_graph(graph=again)
        except Exception as error:
            raise Problem(f"what was exported is refused: {error!r}") from error
    if _encoded(second) != _encoded(exported):
        difference = same_meta_graph.differences(exported, second)
        raise Problem(f"a second export differs from the first: {difference[:3000]}")


def _encoded(meta: MetaGraphDef) -> bytes:
    compared = MetaGraphDef()
    compared.CopyFrom(meta)
    # Definitions without names make a new saver at import, whose nodes are new.
    compared.collection_def.pop("savers", None)
    return compared.SerializeToString(deterministic=True)


def _differentiate(operations: list[Any]) -> None:
    sources = [
        tensor
        for op in operations
        if op.type in ("Placeholder", "VariableV2", "ReadVariableOp")
        for tensor in op.outputs
        if tensor.dtype.is_floating
    ]
    results = [t for op in operations for t in op.outputs if t.dtype.is_floating]
    if sources and results:
        tf.gradients(results[-1], sources)
