"""Records of many files in random order, without end; twin of `ops/`.

Source: tensorflow core/kernels/record_input_op.cc, record_yielder.cc.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from metagraft.errors import InvalidArgumentError, NotFoundError
from metagraft.formats.folders import matching
from metagraft.formats.names import decode_name
from metagraft.formats.records import RecordReader
from metagraft.kernels.hashes import murmur_hash64
from metagraft.kernels.kernel import Array, Kernel, RunContext
from metagraft.kernels.mersenne_twister import MersenneTwister64

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

_CHUNK = 16  # records that are put into the buffer together


class _Yielder:
    """All records of all files, shuffled, again and again."""

    def __init__(self, attrs: Any) -> None:
        self._attrs = attrs
        self._pattern = decode_name(attrs["file_pattern"])
        self._random = MersenneTwister64(attrs["file_random_seed"])
        self._buffer: list[bytes] = []
        self._records = self._shuffled()
        self.lock = threading.Lock()

    def take(self, count: int) -> list[bytes]:
        """Return the next records."""
        return [next(self._records) for _ in range(count)]

    def _shuffled(self) -> Iterator[bytes]:
        epoch = 0
        while True:
            epoch += 1
            for chunk in self._chunks(self._names(epoch)):
                yield from self._exchanged(chunk)
            while self._buffer:
                yield self._buffer.pop()

    def _names(self, epoch: int) -> list[str]:
        """Return the names of the files in the order of an epoch.

        Raises:
            NotFoundError: There are none.
        """
        # TF: before they are shuffled they are in the order of their folder.
        names = sorted(matching(self._pattern))
        if not names:
            raise NotFoundError(None, None, f"Found no files at {self._pattern}")
        seed = self._attrs["file_random_seed"]
        hashed = murmur_hash64(struct.pack("<q", epoch), seed)
        MersenneTwister64(hashed).shuffle(names)
        ratio = self._attrs["file_shuffle_shift_ratio"]
        first = int(ratio * len(names)) if 0 <= ratio < 1 else 0
        return names[first:] + names[:first]

    def _chunks(self, names: list[str]) -> Iterator[list[bytes]]:
        """Yield the records of the files.

        # TF: threads read every n-th file each, at the same time; here one after the
        # other does.
        """
        threads = self._attrs["file_parallelism"]
        compression = self._attrs["compression_type"].decode()
        for thread in range(threads):
            chunk: list[bytes] = []
            for name in names[thread::threads]:
                reader = RecordReader(name, compression)
                try:
                    for record in reader:
                        chunk.append(record)
                        if len(chunk) >= _CHUNK:
                            yield chunk
                finally:
                    reader.close()
            yield chunk

    def _exchanged(self, chunk: list[bytes]) -> Iterator[bytes]:
        """Put records to random places of the buffer; yield some when it is full."""
        buffer = self._buffer
        while chunk:
            if len(buffer) >= self._attrs["file_buffer_size"]:
                yield buffer.pop()
            record = chunk.pop()
            place = self._random.word() % (len(buffer) + 1)
            if place == len(buffer):
                buffer.append(record)
            else:
                buffer.append(buffer[place])
                buffer[place] = record


def record_input(run: RunContext, op: Operation) -> tuple[Array]:
    attrs = op.attrs
    for name in ("file_buffer_size", "file_parallelism", "batch_size"):
        if attrs[name] <= 0:
            raise InvalidArgumentError(None, None, f"{name} must be positive")
    yielder: _Yielder = run.store.create_resource(
        "records", "localhost", op.name, lambda: _Yielder(attrs)
    )
    with yielder.lock:
        records = yielder.take(attrs["batch_size"])
    batch = np.empty(len(records), object)
    batch[:] = records
    return (batch,)


KERNELS = {"RecordInput": Kernel(record_input, host=True, on_run=True, files=True)}
