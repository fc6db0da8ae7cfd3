"""How much boxes overlap.

Source: tensorflow core/kernels/image/non_max_suppression_op.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array

__all__ = ["Boxes"]


class Boxes:
    """Boxes with their corners in order and their areas."""

    def __init__(self, boxes: Array) -> None:
        """Take `[n, 4]`: the corners of a diagonal, the vertical coordinate first."""
        # Also boxes of half precision are compared in single precision.
        y1, x1, y2, x2 = boxes.astype(np.float32, copy=False).T
        self.top, self.bottom = np.minimum(y1, y2), np.maximum(y1, y2)
        self.left, self.right = np.minimum(x1, x2), np.maximum(x1, x2)
        self.area = (self.bottom - self.top) * (self.right - self.left)
        self._has_empty = bool((self.area <= 0).any())
        self._zero = np.float32(0)

    def overlaps(self, one: Any, others: Array) -> Array:
        """Return intersection over union of boxes `one` with boxes `others`."""
        height = np.minimum(self.bottom[one], self.bottom[others])
        height -= np.maximum(self.top[one], self.top[others])
        width = np.minimum(self.right[one], self.right[others])
        width -= np.maximum(self.left[one], self.left[others])
        np.maximum(height, self._zero, out=height)
        np.maximum(width, self._zero, out=width)
        shared = np.multiply(height, width, out=height)
        area, areas = self.area[one], self.area[others]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            union = np.add(area, areas, out=width)
            union -= shared
            shared /= union
        if self._has_empty:
            shared[(area <= 0) | (areas <= 0)] = self._zero
        return shared
