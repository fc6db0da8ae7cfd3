"""The methods of variables that update parts of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from metagraft.graph.composite import IndexedSlices


class ScatterUpdates(ABC):
    """Updates of rows (`scatter_...`) and of slices (`scatter_nd_...`).

    Each adds one operation. A reference variable returns its reference output, a
    resource variable a variable that reads after it; the latter ignores `use_locking`,
    as in TensorFlow, because it locks by itself.
    """

    @abstractmethod
    def _scatter(
        self,
        combine: str,
        sparse_delta: IndexedSlices,
        use_locking: bool,
        name: str | None,
    ) -> Any:
        """Add `Scatter<combine>`."""

    @abstractmethod
    def _scatter_nd(
        self, combine: str, indices: Any, updates: Any, name: str | None
    ) -> Any:
        """Add `ScatterNd<combine>`."""

    def scatter_add(
        self,
        sparse_delta: IndexedSlices,
        use_locking: bool = False,
        name: str | None = None,
    ) -> Any:
        """Add slices to rows."""
        return self._scatter("Add", sparse_delta, use_locking, name)

    def scatter_sub(
        self,
        sparse_delta: IndexedSlices,
        use_locking: bool = False,
        name: str | None = None,
    ) -> Any:
        """Subtract slices from rows."""
        return self._scatter("Sub", sparse_delta, use_locking, name)

    def scatter_mul(
        self,
        sparse_delta: IndexedSlices,
        use_locking: bool = False,
        name: str | None = None,
    ) -> Any:
        """Multiply rows by slices."""
        return self._scatter("Mul", sparse_delta, use_locking, name)

    def scatter_div(
        self,
        sparse_delta: IndexedSlices,
        use_locking: bool = False,
        name: str | None = None,
    ) -> Any:
        """Divide rows by slices."""
        return self._scatter("Div", sparse_delta, use_locking, name)

    def scatter_min(
        self,
        sparse_delta: IndexedSlices,
        use_locking: bool = False,
        name: str | None = None,
    ) -> Any:
        """Take the minimum of rows and slices."""
        return self._scatter("Min", sparse_delta, use_locking, name)

    def scatter_max(
        self,
        sparse_delta: IndexedSlices,
        use_locking: bool = False,
        name: str | None = None,
    ) -> Any:
        """Take the maximum of rows and slices."""
        return self._scatter("Max", sparse_delta, use_locking, name)

    def scatter_update(
        self,
        sparse_delta: IndexedSlices,
        use_locking: bool = False,
        name: str | None = None,
    ) -> Any:
        """Replace rows by slices."""
        return self._scatter("Update", sparse_delta, use_locking, name)

    def batch_scatter_update(
        self,
        sparse_delta: IndexedSlices,
        use_locking: bool = False,
        name: str | None = None,
    ) -> Any:
        """Replace rows of every batch entry by slices."""
        from metagraft.api.state import batch_scatter_update

        return batch_scatter_update(
            self, sparse_delta.indices, sparse_delta.values, use_locking, name
        )

    def scatter_nd_add(
        self, indices: Any, updates: Any, name: str | None = None
    ) -> Any:
        """Add to slices."""
        return self._scatter_nd("Add", indices, updates, name)

    def scatter_nd_sub(
        self, indices: Any, updates: Any, name: str | None = None
    ) -> Any:
        """Subtract from slices."""
        return self._scatter_nd("Sub", indices, updates, name)

    def scatter_nd_update(
        self, indices: Any, updates: Any, name: str | None = None
    ) -> Any:
        """Replace slices."""
        return self._scatter_nd("Update", indices, updates, name)

    def scatter_nd_min(
        self, indices: Any, updates: Any, name: str | None = None
    ) -> Any:
        """Take the minimum of slices and updates."""
        return self._scatter_nd("Min", indices, updates, name)

    def scatter_nd_max(
        self, indices: Any, updates: Any, name: str | None = None
    ) -> Any:
        """Take the maximum of slices and updates."""
        return self._scatter_nd("Max", indices, updates, name)
