"""Damage to sorted tables whose checksums are right: the work of a program, not a disk.

Checksums stop all other damage at once, so that nothing behind them would be tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from metagraft.formats.crc32c import crc32c, mask
from metagraft.formats.table.format import (
    FOOTER_BYTES,
    PLAIN,
    SNAPPY,
    TRAILER,
    BlockHandle,
    Footer,
)
from metagraft.formats.table.reader import TableReader, decode_block
from metagraft.formats.table.writer import TableWriter
from metagraft.formats.varint import encode_varint
from metagraft.proto import (
    BundleEntryProto,
    BundleHeaderProto,
    SavedTensorSlices,
)
from tests.fuzz import damage_bytes

Damage = Callable[[Random, bytes], bytes]
Entries = dict[bytes, bytes]

NUMBERS: Final = (0, 1, 2, 3, 7, 64, 1 << 20, 1 << 31, 1 << 40, 1 << 62, (1 << 63) - 1)
SIZES: Final = (*NUMBERS, -1, -2, -(1 << 63))
TYPES: Final = (0, 1, 2, 3, 7, 9, 10, 14, 20, 21, 22, 23, 29, 77, 101)


@dataclass
class _Table:
    """A table taken apart: its blocks as stored, and the one that lists them."""

    blocks: list[tuple[bytes, int]]
    index: Entries

    @classmethod
    def split(cls, content: bytes) -> _Table:
        footer = Footer.decode(content[-FOOTER_BYTES:])
        index = dict(decode_block(memoryview(_stored(content, footer.index))).items())
        handles = [BlockHandle.decode(value)[0] for value in index.values()]
        stored = [_stored(content, handle) for handle in handles]
        blocks = [(each[: -TRAILER.size], each[-TRAILER.size]) for each in stored]
        return cls(blocks, index)

    def join(self, change_index: Callable[[bytes], bytes] = bytes) -> bytes:
        """Return the file; `change_index` may alter the content of the index."""
        parts: list[bytes] = []
        keys = list(self.index)
        index: Entries = {}
        for key, (block, kind) in zip(keys, self.blocks, strict=False):
            index[key] = _append(parts, block, kind).encode()
        for key in keys[len(self.blocks) :]:
            index[key] = self.index[key]
        meta = _append(parts, bytes(4) + b"\1\0\0\0", PLAIN)
        handle = _append(parts, change_index(_block(index)), PLAIN)
        return b"".join(parts) + Footer(meta, handle).encode()


def _stored(content: bytes, handle: BlockHandle) -> bytes:
    end = handle.offset_bytes + handle.size_bytes + TRAILER.size
    return content[handle.offset_bytes : end]


def _append(parts: list[bytes], block: bytes, kind: int) -> BlockHandle:
    checksum = mask(crc32c(block + bytes([kind])))
    handle = BlockHandle(sum(map(len, parts)), len(block))
    parts.append(block + TRAILER.pack(kind, checksum))
    return handle


def _block(entries: Entries) -> bytes:
    """Return the content of a block, every key in full."""
    content = bytearray()
    for key, value in entries.items():
        content += b"\0" + encode_varint(len(key)) + encode_varint(len(value))
        content += key + value
    return bytes(content) + bytes(4) + b"\1\0\0\0"


def write_table(entries: Entries) -> bytes:
    """Return a table of entries, whose keys need not be those that they were."""
    parts: list[bytes] = []
    table = TableWriter(parts.append)
    for key in sorted(entries):
        table.add(key, entries[key])
    table.finish()
    return b"".join(parts)


def _entries(content: bytes) -> Entries:
    return dict(TableReader(content, "").items())


def _damaged(rng: Random, content: bytes) -> bytes:
    return rng.choice(damage_bytes.DAMAGES)(rng, content)


def change_block(rng: Random, content: bytes) -> bytes:
    """Damage the content of a block."""
    table = _Table.split(content)
    number = rng.randrange(len(table.blocks))
    block, kind = table.blocks[number]
    table.blocks[number] = _damaged(rng, block), kind
    return table.join()


def change_restarts(rng: Random, content: bytes) -> bytes:
    """Damage what follows the entries of a block."""
    table = _Table.split(content)
    number = rng.randrange(len(table.blocks))
    block, kind = table.blocks[number]
    start = max(0, len(block) - rng.randrange(1, 24))
    table.blocks[number] = block[:start] + _damaged(rng, block[start:]), kind
    return table.join()


def compressed(content: bytes) -> bytes:
    """Return a table with its blocks compressed."""
    table = _Table.split(content)
    blocks = [block for block, _ in table.blocks]
    table.blocks = [(snappy(Random(0), block), SNAPPY) for block in blocks]
    return table.join()


def compress(rng: Random, content: bytes) -> bytes:
    """Compress the blocks, and damage one of them unless `rng` spares it."""
    table = _Table.split(content)
    blocks = [snappy(rng, block) for block, _ in table.blocks]
    if rng.random() < 0.8:
        number = rng.randrange(len(blocks))
        blocks[number] = _damaged(rng, blocks[number])
        if rng.random() < 0.3:
            blocks[number] = encode_varint(rng.choice(NUMBERS)) + blocks[number][2:]
    table.blocks = [(block, SNAPPY) for block in blocks]
    return table.join()


def snappy(rng: Random, content: bytes) -> bytes:
    """Return content compressed: literals, and copies where bytes repeat."""
    compressed = bytearray(encode_varint(len(content)))
    position = 0
    while position < len(content):
        length = min(rng.randrange(4, 60), len(content) - position)
        found = content.rfind(content[position : position + length], 0, position)
        if found >= 0 and position - found < 1 << 16:
            compressed.append((length - 1) << 2 | 2)
            compressed += (position - found).to_bytes(2, "little")
        else:
            compressed.append((length - 1) << 2)
            compressed += content[position : position + length]
        position += length
    return bytes(compressed)


def change_handles(rng: Random, content: bytes) -> bytes:
    """Point the list of blocks to where none is, to itself, or twice to one."""
    table = _Table.split(content)
    index_at = sum(len(block) + TRAILER.size for block, _ in table.blocks) + 13
    handles = [
        BlockHandle(rng.choice((*NUMBERS, index_at)), rng.choice(NUMBERS)).encode(),
        BlockHandle(index_at, 30).encode(),
        *table.index.values(),
        rng.randbytes(3),
        b"",
    ]
    for number in range(rng.choice((1, 2, 1000))):
        table.index[b"\xff%05d" % number] = rng.choice(handles)
    return table.join()


def change_list(rng: Random, content: bytes) -> bytes:
    """Damage the content of the list of blocks."""
    return _Table.split(content).join(lambda index: _damaged(rng, index))


def change_footer(rng: Random, content: bytes) -> bytes:
    """Point the end of the file elsewhere."""
    sizes = (*NUMBERS, len(content), len(content) - 60)
    meta, index = (BlockHandle(rng.choice(sizes), rng.choice(sizes)) for _ in range(2))
    return content[:-FOOTER_BYTES] + Footer(meta, index).encode()[-FOOTER_BYTES:]


def change_values(rng: Random, content: bytes) -> bytes:
    """Damage the bytes of values."""
    entries = _entries(content)
    for key in rng.choices(sorted(entries), k=rng.choice((1, 1, 3))):
        entries[key] = _damaged(rng, entries[key])
    return write_table(entries)


def change_keys(rng: Random, content: bytes) -> bytes:
    """Drop, damage and exchange keys."""
    entries = _entries(content)
    for _ in range(rng.choice((1, 1, 3))):
        key = rng.choice(sorted(entries))
        value = entries.pop(key)
        entries[_damaged(rng, key)] = value
        if not entries:
            break
    return write_table(entries)


def swap_values(rng: Random, content: bytes) -> bytes:
    """Give a key the value of another one."""
    entries = _entries(content)
    first, second = rng.choices(sorted(entries), k=2)
    entries[first] = entries[second]
    return write_table(entries)


def change_entries(rng: Random, content: bytes) -> bytes:
    """Change fields of the entries of a bundle, or of its header."""
    entries = _entries(content)
    for key in rng.choices(sorted(entries), k=rng.choice((1, 1, 3))):
        if key:
            message = BundleEntryProto.FromString(entries[key])
            rng.choice(_CHANGES)(rng, message)
        else:
            message = BundleHeaderProto.FromString(entries[key])  # type: ignore[assignment]
            _change_header(rng, message)
        entries[key] = message.SerializeToString()
    return write_table(entries)


def _change_header(rng: Random, message: Any) -> None:
    message.num_shards = rng.choice((-1, 0, 1, 2, 5, 99999, (1 << 31) - 1))
    message.endianness = rng.choice((0, 1, 2))
    message.version.min_consumer = rng.choice((0, 0, 0, 2))


def _change_type(rng: Random, message: Any, field: str = "dtype") -> None:
    setattr(message, field, rng.choice(TYPES))


def _change_shape(rng: Random, message: Any) -> None:
    shape = message.shape
    shape.unknown_rank = rng.random() < 0.1
    for _ in range(rng.choice((0, 1, 1, 2, 70, 300))):
        shape.dim.add(size=rng.choice(SIZES))
    if len(shape.dim) and rng.random() < 0.5:
        shape.dim[rng.randrange(len(shape.dim))].size = rng.choice(SIZES)
        if rng.random() < 0.5:
            shape.dim.add(size=0)


def _change_place(rng: Random, message: Any) -> None:
    what = rng.choice(("offset", "size", "shard_id", "crc32c"))
    small = what in ("shard_id", "crc32c")
    choices = (-1, 0, 1, 2, 5, (1 << 31) - 1) if small else SIZES
    setattr(message, what, abs(rng.choice(choices)) if small else rng.choice(choices))


def _make_text(rng: Random, message: Any) -> None:
    """Make it a tensor of very many texts."""
    message.dtype = rng.choice((7, 21))
    del message.shape.dim[:]
    message.shape.dim.add(size=rng.choice(NUMBERS))
    message.shape.dim.add(size=rng.choice((1, 1, 1 << 30)))


def _change_slices(rng: Random, message: Any) -> None:
    for _ in range(rng.choice((1, 1, 2, 1000))):
        part = message.slices.add()
        for _ in range(rng.choice((len(message.shape.dim), 0, 1, 2))):
            extent = part.extent.add(start=rng.choice(SIZES[:5]))
            if rng.random() < 0.7:
                extent.length = rng.choice(SIZES)


_CHANGES: Final = (
    _change_type,
    _change_shape,
    _change_place,
    _make_text,
    _change_slices,
)


def change_slice_lists(rng: Random, content: bytes) -> bytes:
    """Change the list of a table of slices, or the elements of a slice."""
    entries = _entries(content)
    message = SavedTensorSlices.FromString(entries[b""])
    for tensor in rng.choices(message.meta.tensor, k=rng.choice((1, 2))):
        change = rng.choice(("type", "shape", "slice", "name"))
        if change == "type":
            _change_type(rng, tensor, "type")
        elif change == "shape":
            _change_shape(rng, tensor)
        elif change == "name":
            tensor.name = rng.choice(("", "x" * 3000, message.meta.tensor[0].name))
        else:
            holder = BundleEntryProto(shape=tensor.shape)
            _change_slices(rng, holder)
            tensor.slice.extend(holder.slices)
    entries[b""] = message.SerializeToString()
    return write_table(entries)


def change_elements(rng: Random, content: bytes) -> bytes:
    """Change the numbers of a slice: more, fewer, others, in another field."""
    entries = _entries(content)
    key = rng.choice([key for key in sorted(entries) if key])
    message = SavedTensorSlices.FromString(entries[key])
    tensor = message.data.data
    field = rng.choice(("float_val", "int_val", "string_val", "half_val", "bool_val"))
    values = getattr(tensor, field)
    if len(values) and rng.random() < 0.5:
        del values[rng.randrange(len(values)) :]
    elif field == "string_val":
        values.append(b"x" * rng.choice((0, 1, 100_000)))
    elif field == "bool_val":
        values.append(True)
    else:
        values.extend([rng.choice((0, 1, -1, 70_000))] * rng.choice((1, 2, 10_000)))
    entries[key] = message.SerializeToString()
    return write_table(entries)


OF_TABLES: Final[tuple[Damage, ...]] = (
    change_block,
    change_restarts,
    compress,
    change_handles,
    change_list,
    change_footer,
    change_values,
    change_keys,
    swap_values,
)
OF_BUNDLES: Final = (*OF_TABLES, change_entries, change_entries, change_entries)
OF_SLICES: Final = (
    *OF_TABLES,
    change_slice_lists,
    change_slice_lists,
    change_elements,
)
