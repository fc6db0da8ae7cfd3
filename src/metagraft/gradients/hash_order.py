"""The order in which TensorFlow finds operations that it keeps in a hash table.

The walk of a tape starts with the operations that nothing else depends on, in the order
of the table that holds them. That order shows in the names of nodes, so it is followed
here: new elements stand before all others unless their bucket has some already, and
when the table grows its elements are put into the new buckets one after the other.

Source: libstdc++ bits/hashtable.h, _M_insert_bucket_begin and _M_rehash_aux;
src/c++11/hashtable_c++0x.cc.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

__all__ = ["hash_table_order"]

# How many buckets there are; whenever they are as many as the elements, the next number
# is taken. TF: above the last one the order is that of a table which stops growing.
_SIZES: Final = (13, 29, 59, 127, 257, 541, 1109, 2357, 5087, 10273, 20753, 42043)


def hash_table_order(keys: Iterable[int]) -> list[int]:
    """Return different numbers in the order of a table that they were put into."""
    sizes = list(_SIZES)
    table = _Table(sizes.pop(0))
    for count, key in enumerate(keys):
        if count == table.size and sizes:
            table = _grown(table, sizes.pop(0))
        table.insert(key)
    return table.order()


class _Table:
    """Buckets, newest first, each with its elements, newest first."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._buckets: dict[int, list[int]] = {}  # both kept oldest first

    def insert(self, key: int) -> None:
        self._buckets.setdefault(key % self.size, []).append(key)

    def order(self) -> list[int]:
        return [key for each in reversed(self._buckets.values()) for key in each[::-1]]


def _grown(table: _Table, size: int) -> _Table:
    grown = _Table(size)
    for key in table.order():
        grown.insert(key)
    return grown
