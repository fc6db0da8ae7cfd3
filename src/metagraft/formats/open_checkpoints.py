"""The checkpoints that one run reads, each opened once.

Graphs have a node for each device or even for each variable that restores. All of them
read the same index, which takes longer to decode than their own tensors to read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from metagraft.formats.checkpoint import TensorReader, open_checkpoint

_readers: ContextVar[dict[str, TensorReader] | None] = ContextVar(
    "open_checkpoints", default=None
)


@contextlib.contextmanager
def kept_open() -> Iterator[None]:
    """Let `opened` keep checkpoints open until the end."""
    readers: dict[str, TensorReader] = {}
    token = _readers.set(readers)
    try:
        yield
    finally:
        _readers.reset(token)
        for reader in readers.values():
            reader.close()


@contextlib.contextmanager
def opened(path: str) -> Iterator[TensorReader]:
    """Yield a reader of a checkpoint; after an error it is opened anew.

    Raises:
        OpError: As `open_checkpoint`.
    """
    readers = _readers.get()
    if readers is None:
        with open_checkpoint(path) as reader:
            yield reader
        return
    if path not in readers:
        readers[path] = open_checkpoint(path)
    try:
        yield readers[path]
    except BaseException:
        readers.pop(path).close()
        raise
