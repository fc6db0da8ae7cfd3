"""`tf.mixed_precision.experimental`: scales of losses."""

from __future__ import annotations

from metagraft.compat.v1.mixed_precision import LOSS_SCALES
from metagraft.lazy_names import lazy_names

_NAMES = LOSS_SCALES
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
