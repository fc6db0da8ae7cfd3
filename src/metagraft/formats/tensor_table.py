"""What readers of all formats tell of the tensors in a file."""

from __future__ import annotations

from abc import abstractmethod

from metagraft.formats.closing import ClosedAtExit
from metagraft.formats.names import encode_name
from metagraft.proto import DataType


class TensorTable(ClosedAtExit):
    """Tensors by name, with shapes and types."""

    __slots__ = ()

    @abstractmethod
    def keys(self) -> list[str]:
        """Return the names of all tensors, sorted."""

    @abstractmethod
    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a tensor."""

    @abstractmethod
    def dtype(self, name: str) -> int:
        """Return the `DataType` number of the elements of a tensor."""

    def variable_to_shape_map(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of all tensors by name."""
        return {name: self.shape(name) for name in self.keys()}

    def variable_to_dtype_map(self) -> dict[str, int]:
        """Return the `DataType` numbers of all tensors by name."""
        return {name: self.dtype(name) for name in self.keys()}

    def debug_string(self) -> bytes:
        """Return a line for each tensor: its name, type and shape."""
        return b"".join(
            debug_line(
                encode_name(name),
                self.dtype(name),
                self.shape(name),
                self._slice_count(name),
            )
            for name in self.keys()
        )

    def _slice_count(self, name: str) -> int:
        """Return in how many slices `debug_string` says that a tensor is stored."""
        return 1


def debug_line(
    key: bytes, data_type: int, shape: tuple[int, ...], slice_count: int = 1
) -> bytes:
    """Return the line that tells of a tensor, or of a part of one."""
    sizes = ",".join(map(str, shape))
    more = f", {slice_count} slices" if slice_count > 1 else ""
    return key + f" ({DataType.Name(data_type)}) [{sizes}]{more}\n".encode()
