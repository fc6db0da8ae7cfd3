"""Which part of a larger variable a variable holds, for checkpoints."""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.graph.scope_names import prepend_name_scope, strip_name_scope
from metagraft.proto import SaveSliceInfoDef
from metagraft.proto.unknown_fields import unknown_fields


class SaveSliceInfo:
    """A slice of a variable that is saved under the name of the whole.

    Attributes:
        full_name: Name of the whole variable.
        full_shape: Its shape.
        var_offset: Where the slice begins in every dimension.
        var_shape: The shape of the slice.

    Source: tensorflow python/ops/variables.py Variable.SaveSliceInfo.
    """

    def __init__(
        self,
        full_name: str | None = None,
        full_shape: Sequence[int] | None = None,
        var_offset: Sequence[int] | None = None,
        var_shape: Sequence[int] | None = None,
        save_slice_info_def: SaveSliceInfoDef | None = None,
        import_scope: str | None = None,
    ) -> None:
        """Describe a slice, or read its description from a message."""
        self._unknown_fields = b""  # of later releases
        if save_slice_info_def is not None:
            message = save_slice_info_def
            self._unknown_fields = unknown_fields(message)
            full_name = prepend_name_scope(message.full_name, import_scope)
            full_shape = message.full_shape
            var_offset = message.var_offset
            var_shape = message.var_shape
        self.full_name = full_name
        self.full_shape = list(full_shape or ())
        self.var_offset = list(var_offset or ())
        self.var_shape = list(var_shape or ())

    @property
    def spec(self) -> str:
        """The slice as checkpoints of version 1 name it: `4 5 0,2:0,5`."""
        sizes = "".join(f"{size} " for size in self.full_shape)
        spans = zip(self.var_offset, self.var_shape, strict=True)
        return sizes + ":".join(f"{offset},{size}" for offset, size in spans)

    @classmethod
    def from_spec(cls, spec: str) -> SaveSliceInfo:
        """Read what `spec` gives.

        Raises:
            ValueError: The text is not of this form.
        """
        if not spec:
            return cls()
        sizes, separator, spans = spec.rpartition(" ")
        if not separator:
            raise ValueError(
                "Spec string must contain space-separated full_shape info, "
                f"got {spec!r}."
            )
        whole = "full_shape must be a sequence of integers"
        full_shape = [_integer(size, whole) for size in sizes.split()]
        var_offset, var_shape = [], []
        for span in spans.split(":"):
            offset, comma, size = span.partition(",")
            if not comma or "," in size:
                raise ValueError(
                    "Spec string must contain comma-separated pairs of offsets and "
                    f"shapes, got {spec!r}."
                )
            var_offset.append(_integer(offset, "var_offset must be an integer"))
            var_shape.append(_integer(size, "var_shape must be an integer"))
        return cls(full_shape=full_shape, var_offset=var_offset, var_shape=var_shape)

    def to_proto(self, export_scope: str | None = None) -> SaveSliceInfoDef | None:
        """Return the message, or None if the whole lies outside of the scope."""
        name = self.full_name or ""
        if export_scope is not None and not name.startswith(export_scope):
            return None
        described = SaveSliceInfoDef(
            full_name=strip_name_scope(name, export_scope),
            full_shape=self.full_shape,
            var_offset=self.var_offset,
            var_shape=self.var_shape,
        )
        described.MergeFromString(self._unknown_fields)
        return described


def _integer(text: str, wanted: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(
            f"Spec string {wanted}. Found '{text}', which is not an integer."
        ) from None
