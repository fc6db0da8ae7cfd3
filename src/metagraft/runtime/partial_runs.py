"""Runs in parts: each part is fed and fetches some of what was named at the start.

A part runs by itself. What operations with state or effects gave in earlier parts is
fed to later ones, so that they run once.

Source: tensorflow core/common_runtime/direct_session.cc PRun.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from metagraft.errors import InvalidArgumentError
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor
from metagraft.runtime.order import needed_operations

if TYPE_CHECKING:
    from collections.abc import Collection

_HANDLES: Final = frozenset({"resource", "variant"})
_PLACEHOLDERS: Final = frozenset({"Placeholder", "PlaceholderV2"})


class PartialRun:
    """What is still to be fed and fetched, and what is known."""

    def __init__(
        self, fetches: Iterable[Tensor | Operation], feeds: Iterable[Tensor]
    ) -> None:
        """Begin a run of which nothing has run yet."""
        self._fetches = dict.fromkeys(fetches, False)
        self._feeds = dict.fromkeys(feeds, False)
        self._values: dict[Tensor, Any] = {}

    def take(
        self, fetches: Sequence[Tensor | Operation], feeds: Mapping[Tensor, Any]
    ) -> list[Tensor]:
        """Note what a part fetches and is fed.

        Returns:
            What it has to compute besides, for later parts.

        Raises:
            InvalidArgumentError: It was not named, was had before, or cannot be
                computed yet.
        """
        for tensor in feeds:
            _check(self._feeds, tensor, tensor.name, "feed", "fed")
        for fetch in fetches:
            _check(self._fetches, fetch, fetch.name, "fetch", "fetched")
        known = {**self._values, **feeds}
        sources = [f.op if isinstance(f, Tensor) else f for f in fetches]
        needed = needed_operations(
            [
                op
                for f, op in zip(fetches, sources, strict=True)
                if not (isinstance(f, Tensor) and f in known)
            ],
            known,
        )
        for op in needed:
            # A placeholder that this run will never be fed is refused by the run.
            if op.type in _PLACEHOLDERS and op.outputs[0] in self._feeds:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"Fetch {op.outputs[0].name} can't be computed from the feeds that "
                    "have been fed so far.",
                )
        self._values = known
        self._feeds.update(dict.fromkeys(feeds, True))
        self._fetches.update(dict.fromkeys(fetches, True))
        return _lasting(needed, known)

    def fed(self) -> dict[Tensor, Any]:
        """Return all values that are known."""
        return dict(self._values)

    @property
    def is_over(self) -> bool:
        """Whether all has been fed and fetched."""
        return all(self._feeds.values()) and all(self._fetches.values())

    def keep(self, tensors: Sequence[Tensor], values: Sequence[Any]) -> None:
        """Remember what a part has computed."""
        self._values.update(zip(tensors, values, strict=True))


def _check(
    stated: Mapping[Any, bool], item: Any, name: str, noun: str, done: str
) -> None:
    if item not in stated:
        raise InvalidArgumentError(
            None, None, f"The {noun} {name} was not specified in partial_run_setup."
        )
    if stated[item]:
        raise InvalidArgumentError(
            None, None, f"The {noun} {name} has already been {done}."
        )


def _lasting(needed: Iterable[Operation], known: Collection[Tensor]) -> list[Tensor]:
    """Return what operations with state give, as far as it can be fed."""
    return [
        tensor
        for op in needed
        if _has_state(op) and op.type not in _PLACEHOLDERS
        for tensor in op.outputs
        if tensor not in known and not _is_handle(tensor, op)
    ]


def _has_state(op: Operation) -> bool:
    definition = op.definition
    if definition is not None and definition.is_stateful:
        return True
    return any(tensor.dtype.is_ref for tensor in op.inputs)


def _is_handle(tensor: Tensor, op: Operation) -> bool:
    """Whether later parts need the tensor itself: what it stands for may change."""
    is_variable = tensor.dtype.is_ref and not op.inputs
    return is_variable or tensor.dtype.base_dtype.name in _HANDLES
