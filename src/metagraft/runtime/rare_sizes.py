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

# So many are compiled at once; others when they have come so often. Of sizes, the more
# often, the more there are: none of a hundred is worth seconds of compiling.
_LENGTHS_MAX: Final = 2
_SIZES_MAX: Final = 4
_USES: Final = 16


class RareSizes:
    """Counts the sizes with which one segment runs."""

    __slots__ = ("_chosen", "_computed", "_is_of_loops", "_uses")

    def __init__(
        self, segment: Segment, inputs: Sequence[int], feeds: Sequence[int]
    ) -> None:
        """Remember which of the slots of `inputs` are not among the `feeds`."""
        self._is_of_loops = bool(segment.static_inputs) and any(
            isinstance(node.attrs, Loop) and node.attrs.needs_length
            for node in segment.nodes
        )
        self._computed = [i for i, slot in enumerate(inputs) if slot not in feeds]
        self._uses: dict[Any, int] = {}
        self._chosen: set[Any] = set()

    def include(self, shapes: Sequence[Any], static_key: Any) -> bool:
        """Whether to run on the host, with inputs of these shapes and static values."""
        if self._is_of_loops:
            key, at_once, enough = (shapes, static_key), _LENGTHS_MAX, _USES
        elif self._computed:
            key = tuple([shapes[index] for index in self._computed])
            at_once, enough = _SIZES_MAX, _USES * len(self._chosen)
        else:
            return False
        if key in self._chosen:
            return False
        uses = self._uses[key] = self._uses.get(key, 0) + 1
        if len(self._chosen) < at_once or uses > enough:
            self._chosen.add(key)
            return False
        return True
