"""The parts of a checkpoint that one run writes, before they are joined.

The nodes of a sharded saver name the parts after the checkpoint alone: `m_temp/part-`
and a number. Two processes that save under one prefix would write into each other's
parts. So each run writes them to a folder of its own, `m_temp.tempstate<number>`, which
it holds (`in_use.py`), and its merge takes them from there. What is not merged when the
run ends gets the names that the nodes gave.

Parts are written at the same time, each by a thread of its own, while the run goes on.
Shards of version 1 are not merged. They stay under temporary names until the last one
is complete, and are renamed together.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from metagraft.errors import OpError
from metagraft.formats import files
from metagraft.formats.bundle.format import index_path, shard_path
from metagraft.formats.folder_lock import folder_lock
from metagraft.formats.in_use import make_held_folder, remove_held_folder
from metagraft.formats.leftovers import remove_leftovers

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

# What all parts of a checkpoint share, and the rest of the name.
_PART: Final = re.compile(
    r"(?:(?=s3://)(.*\.part)(-\d{5,}-of-\d{5,}))|(.*_temp[^/]*)(/part-\d{5,}-of-\d{5,})",
    re.DOTALL,
)
_SHARD: Final = re.compile(r"(.*)-\d{5,}-of-\d{5,}", re.DOTALL)


class _Group:
    """The parts of one checkpoint: where they are, and the rests of their names."""

    def __init__(self, name: str) -> None:
        self.where = files.temporary_name(name)
        self.rests: list[str] = []
        self._descriptor: int | None = None
        self._folder = files.local_path(self.where)
        if self._folder is not None:
            with files.translated(name):
                self._descriptor = make_held_folder(self._folder)

    def release(self) -> None:
        """Remove what is there."""
        for rest in self.rests:
            part = self.where + rest
            for path in (index_path(part), shard_path(part, 0, 1)):
                with contextlib.suppress(OpError):
                    files.remove(path)
        if self._folder is not None:
            remove_held_folder(self._folder, self._descriptor)


class Staging:
    """What one run has written and not yet joined."""

    def __init__(self) -> None:
        """Start without anything."""
        self._groups: dict[str, _Group] = {}
        self._shards: dict[str, files.AtomicFile] = {}
        self._writes: list[Future[None]] = []
        self._executor: ThreadPoolExecutor | None = None

    def start(self, write: Callable[[], None]) -> None:
        """Let another thread write a part."""
        if self._executor is None:
            from concurrent.futures import ThreadPoolExecutor

            self._executor = ThreadPoolExecutor(os.cpu_count(), "checkpoint-part")
        self._writes.append(self._executor.submit(write))

    def wait(self) -> None:
        """Wait until all parts are written.

        Raises:
            OpError: One could not be written.
        """
        writes, self._writes = self._writes, []
        for write in writes:
            write.result()

    def part(self, prefix: str) -> str:
        """Return where to write what the nodes call `prefix`."""
        found = _PART.fullmatch(prefix)
        if found is None:
            return prefix
        name, rest = (each for each in found.groups() if each is not None)
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = _Group(name)
        if rest not in group.rests:
            group.rests.append(rest)
        return group.where + rest

    def written(self, prefix: str) -> str:
        """Return where this run has written what the nodes call `prefix`."""
        return self.part(prefix) if self._has(prefix) else prefix

    def _has(self, prefix: str) -> bool:
        found = _PART.fullmatch(prefix)
        if found is None:
            return False
        name, rest = (each for each in found.groups() if each is not None)
        return name in self._groups and rest in self._groups[name].rests

    def forget(self, prefixes: Iterable[str]) -> None:
        """Forget parts that have been merged."""
        for prefix in prefixes:
            for name, group in [*self._groups.items()]:
                if prefix.startswith(name):
                    rest = prefix[len(name) :]
                    group.rests = [each for each in group.rests if each != rest]
                if not group.rests:
                    self._groups.pop(name).release()

    def add_shard(self, path: str, file: files.AtomicFile) -> None:
        """Take a complete shard of version 1, still under its temporary name."""
        before = self._shards.pop(path, None)
        if before is not None:
            before.discard()
        self._shards[path] = file

    def publish_shards(self, basename: str | None = None) -> None:
        """Give shards of version 1 their names.

        Args:
            basename: Of which checkpoint; None for all.

        Raises:
            OpError: A file cannot be renamed.
        """
        by_base: dict[str, list[str]] = {}
        for path in sorted(self._shards):
            by_base.setdefault(_base_of(path), []).append(path)
        for base, paths in by_base.items():
            if basename in (None, base):
                with folder_lock(base):
                    for path in paths:
                        self._shards[path].commit()
                        del self._shards[path]
                    remove_leftovers(base)

    def publish(self) -> None:
        """Give everything that is left the names that the nodes gave.

        Raises:
            OpError: A part could not be written, or a file cannot be renamed.
        """
        self.wait()
        self.publish_shards()
        for name, group in self._groups.items():
            with folder_lock(name):
                for rest in group.rests:
                    _move(group.where + rest, name + rest)

    def discard(self) -> None:
        """Remove what is left."""
        if self._executor is not None:
            self._executor.shutdown()
        for file in self._shards.values():
            file.discard()
        for group in self._groups.values():
            group.release()
        self._shards.clear()
        self._groups.clear()


_current: ContextVar[Staging | None] = ContextVar("staging", default=None)


def staging() -> Staging | None:
    """Return what the run that is going on has written; None outside of runs."""
    return _current.get()


@contextlib.contextmanager
def staged() -> Iterator[None]:
    """Let the parts that a run writes be its own.

    Raises:
        OpError: What is left at the end cannot be renamed.
    """
    found = Staging()
    token = _current.set(found)
    try:
        yield
        found.publish()
    finally:
        _current.reset(token)
        found.discard()


def is_shard(path: str) -> bool:
    """Return whether a file of version 1 is one of several, by its name."""
    return _SHARD.fullmatch(path) is not None


def _base_of(path: str) -> str:
    found = _SHARD.fullmatch(path)
    return path if found is None else found[1]


def _move(source: str, target: str) -> None:
    """Rename a part; its index last."""
    if not files.exists(index_path(source)):
        return
    files.make_folders(target.rpartition("/")[0])
    files.rename(shard_path(source, 0, 1), shard_path(target, 0, 1))
    files.rename(index_path(source), index_path(target))
