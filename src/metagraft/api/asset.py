"""`tf.saved_model.Asset`: a file that goes along with a model.

Source: tensorflow python/trackable/asset.py.
"""

from __future__ import annotations

import os
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.init_scope import init_scope
from metagraft.graph.scopes import device
from metagraft.graph.tensor import Tensor

__all__ = ["Asset"]


class Asset:
    """A file that goes along with a model; used as a tensor, it is the path."""

    def __init__(self, path: Any) -> None:
        """Take the path of a file, or a tensor with one."""
        value = os.fspath(path) if isinstance(path, os.PathLike) else path
        with init_scope(), device("CPU"):
            self._path: Tensor = convert_to_tensor(value, dtypes.string, "asset_path")

    @property
    def asset_path(self) -> Tensor:
        """The path, a string of shape `[]`."""
        return self._path

    def tracked(self) -> dict[str, Any]:
        """Return what belongs to it in checkpoints of objects: nothing."""
        return {}

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Tensor:
        """Return the path."""
        del name
        return convert_to_tensor(self._path, dtype)
