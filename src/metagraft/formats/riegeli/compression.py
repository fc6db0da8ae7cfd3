"""Decompression of the buffers in a chunk.

Output never outgrows what the file declares, whatever the compressed bytes say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from metagraft.formats import compressors
from metagraft.formats.table import snappy
from metagraft.formats.varint import decode_varint

NONE: Final = 0


def decompress(kind: int, data: memoryview, limit: int) -> bytes | memoryview:
    """Return the content of a buffer.

    Args:
        kind: The compression, as the chunk names it.
        data: The buffer; unless it is uncompressed, its decompressed size comes first.
        limit: How many bytes the content may have.

    Raises:
        ValueError: The buffer is damaged or holds more.
        UnimplementedError: The library for this compression is not installed.
    """
    if kind == NONE:
        return data
    if kind not in _DECOMPRESSORS:
        raise ValueError(f"there is no compression {kind:#04x}")
    declared, start = decode_varint(data, 0)
    if declared > limit:
        raise ValueError(f"declares {declared} bytes, there are at most {limit}")
    content = _DECOMPRESSORS[kind](data[start:], declared)
    if len(content) != declared:
        raise ValueError(f"declares {declared} bytes, holds {len(content)} or more")
    return content


def _brotli(data: memoryview, size: int) -> bytes:
    brotli = compressors.brotli()
    decompressor = brotli.Decompressor()
    pieces = []
    left = size + 1  # so that more than declared is noticed
    source = bytes(data)
    try:
        while left > 0 and not decompressor.is_finished():
            piece = decompressor.process(source, output_buffer_limit=left)
            if not piece and not source:
                raise ValueError("the Brotli stream is cut")
            source = b""
            pieces.append(piece)
            left -= len(piece)
    except brotli.error as error:
        raise ValueError(f"no Brotli stream: {error}") from error
    return b"".join(pieces)


def _zstd(data: memoryview, size: int) -> bytes:
    zstandard = compressors.zstandard()
    try:
        with zstandard.ZstdDecompressor().stream_reader(data) as stream:
            return stream.read(size + 1)
    except zstandard.ZstdError as error:
        raise ValueError(f"no Zstandard stream: {error}") from error


def _snappy(data: memoryview, _: int) -> bytes:
    return snappy.decompress(data)


_DECOMPRESSORS: Final[dict[int, Callable[[memoryview, int], bytes]]] = {
    ord("b"): _brotli,
    ord("z"): _zstd,
    ord("s"): _snappy,
}
