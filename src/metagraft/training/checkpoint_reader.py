"""Looking into a checkpoint without a graph.

Source: tensorflow python/training/py_checkpoint_reader.py and checkpoint_utils.py.
"""

from __future__ import annotations

import os
from typing import Any

from metagraft.errors import NotFoundError
from metagraft.formats import checkpoint_paths, files
from metagraft.formats.bundle.recovery import index_state, read_through_saves
from metagraft.formats.checkpoint import open_checkpoint
from metagraft.graph.dtypes import DType, from_enum
from metagraft.training import checkpoint_management


class CheckpointReader:
    """The tensors of a checkpoint; `NewCheckpointReader` in TensorFlow.

    Pieces of a partitioned variable appear as the whole.
    """

    def __init__(self, filepattern: str | bytes | os.PathLike[str]) -> None:
        """Open a checkpoint.

        Args:
            filepattern: Prefix of its files; of shards of format V1 their name with
                `?` for the digits.

        Raises:
            NotFoundError: There is no checkpoint of this prefix.
            DataLossError: Its index is damaged.
        """
        prefix = checkpoint_paths.prefix_of(os.fsdecode(filepattern))
        self._opened_at = index_state(prefix)
        self._bundle = open_checkpoint(prefix)

    @property
    def prefix(self) -> str:
        """What the names of its files start with."""
        return self._bundle.prefix

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """Return the shapes of all tensors by name."""
        shapes = self._bundle.variable_to_shape_map()
        return {name: list(shape) for name, shape in shapes.items()}

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        """Return the element types of all tensors by name."""
        numbers = self._bundle.variable_to_dtype_map()
        return {name: from_enum(number) for name, number in numbers.items()}

    def has_tensor(self, tensor_str: str | bytes) -> bool:
        """Return whether there is a tensor of that name."""
        return self._bundle.has(_as_text(tensor_str))

    def get_tensor(self, tensor_str: str | bytes) -> Any:
        """Return a tensor as an array; a scalar as a NumPy scalar or bytes.

        Raises:
            NotFoundError: There is no tensor of that name.
        """
        name = _as_text(tensor_str)
        if not self._bundle.has(name):
            raise NotFoundError(None, None, f"Key {name} not found in checkpoint")
        is_open = True

        def read() -> Any:
            nonlocal is_open
            if not is_open:
                self._opened_at = index_state(self.prefix)
                self._bundle = open_checkpoint(self.prefix)
            is_open = False  # for the next time
            return self._read(name)

        return read_through_saves(self.prefix, read, self._opened_at)

    def _read(self, name: str) -> Any:
        with self._bundle:  # keeps no file open; the next read opens them again
            return self._bundle.read(name)[()]

    def debug_string(self) -> bytes:
        """Return names, types and shapes, a line each.

        Each slice of a partitioned tensor has a line, under the key in the file; of
        format V1 such a tensor has one line, which counts them.
        """
        return self._bundle.debug_string()


def load_checkpoint(ckpt_dir_or_file: str | os.PathLike[str]) -> CheckpointReader:
    """Return a reader of a checkpoint, or of the newest one of a folder.

    Raises:
        ValueError: The folder has no checkpoint.
        NotFoundError: There is no checkpoint of this prefix.
    """
    path = os.fspath(ckpt_dir_or_file)
    if files.is_folder(path):
        newest = checkpoint_management.latest_checkpoint(path)
        if newest is None:
            raise ValueError(
                "Couldn't find 'checkpoint' file or checkpoints in given directory "
                f"{path}"
            )
        path = newest
    return CheckpointReader(path)


def load_variable(ckpt_dir_or_file: str | os.PathLike[str], name: str) -> Any:
    """Return a tensor of a checkpoint; `:0` at the end of its name does not matter."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def list_variables(
    ckpt_dir_or_file: str | os.PathLike[str],
) -> list[tuple[str, list[int]]]:
    """Return names and shapes of the tensors of a checkpoint, sorted by name."""
    shapes = load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map()
    return sorted(shapes.items())


def _as_text(name: str | bytes) -> str:
    if isinstance(name, bytes):
        return name.decode()
    if isinstance(name, str):
        return name
    raise TypeError(f"Expected binary or unicode string, got {name!r}")
