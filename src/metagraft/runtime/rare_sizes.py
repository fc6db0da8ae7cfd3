"""Which sizes and lengths a segment is not worth compiling for yet.

A segment is compiled for the shapes of its inputs. Those of the feeds are
`program.py`'s concern; others follow from data: a mask chooses another number of rows
in nearly every run, and a loop turns another number of times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.runtime.control_flow import Loop
from metagraft.runtime.segments import Segment

# So many are compiled at once. Other lengths follow when they have come so often, other
# sizes when their runs on the host have taken as long as compiling them would.
_LENGTHS_MAX: Final = 2
_LENGTH_USES: Final = 16
_SIZES_MAX: Final = 4


class RareSizes:
    """Adds up what the sizes that one segment runs with cost on the host.

    Attributes:
        compile_seconds: What compiling it took the last time.
    """

    __slots__ = ("_chosen", "_computed", "_is_of_loops", "_spent", "compile_seconds")

    def __init__(
        self, segment: Segment, inputs: Sequence[int], feeds: Sequence[int]
    ) -> None:
        """Remember which of the slots of `inputs` are not among the `feeds`."""
        self._is_of_loops = bool(segment.static_inputs) and any(
            isinstance(node.attrs, Loop) and node.attrs.needs_length
            for node in segment.nodes
        )
        self._computed = [i for i, slot in enumerate(inputs) if slot not in feeds]
        self._spent: dict[Any, float] = {}
        self._chosen: set[Any] = set()
        self.compile_seconds = 0.0

    def include(self, shapes: Sequence[Any], static_key: Any) -> bool:
        """Whether to run on the host, with inputs of these shapes and static values."""
        if not self._is_of_loops and not self._computed:
            return False
        key = self._key(shapes, static_key)
        if key in self._chosen:
            return False
        at_once, enough = _SIZES_MAX, self.compile_seconds
        if self._is_of_loops:
            at_once, enough = _LENGTHS_MAX, _LENGTH_USES
        if len(self._chosen) < at_once or self._spent.get(key, 0.0) >= enough:
            self._chosen.add(key)
            return False
        return True

    def add(self, shapes: Sequence[Any], static_key: Any, seconds: float) -> None:
        """Count a run on the host."""
        key = self._key(shapes, static_key)
        cost = 1.0 if self._is_of_loops else seconds
        self._spent[key] = self._spent.get(key, 0.0) + cost

    def _key(self, shapes: Sequence[Any], static_key: Any) -> Any:
        if self._is_of_loops:
            return shapes, static_key
        return tuple([shapes[index] for index in self._computed])
