"""`tensor[...]`: Python's slices, indices, `...`, new axes and masks as nodes.

Source: tensorflow python/ops/tensor_getitem_override.py.
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.masks import boolean_mask
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import Dimension
from metagraft.graph.tensor import Tensor

_INDEX_DTYPES: Final = (
    dtypes.int16,
    dtypes.int32,
    dtypes.int32.as_ref,
    dtypes.int64,
    dtypes.int64.as_ref,
)
_INDEX_ERROR: Final = (
    "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar"
    " tf.int32/tf.int64 tensors are valid indices"
)


@dataclass(slots=True)
class SliceArguments:
    """The operands and masks of a strided slice, entry by entry."""

    begin: list[Any] = field(default_factory=list)
    end: list[Any] = field(default_factory=list)
    strides: list[Any] = field(default_factory=list)
    masks: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            (
                "begin_mask",
                "end_mask",
                "shrink_axis_mask",
                "new_axis_mask",
                "ellipsis_mask",
            ),
            0,
        )
    )

    def _mark(self, mask: str) -> None:
        self.masks[mask] |= 1 << len(self.begin)

    def _append(self, begin: Any, end: Any, stride: Any) -> None:
        self.begin.append(begin)
        self.end.append(end)
        self.strides.append(stride)

    def add(self, entry: Any) -> None:
        """Add one entry of a specification.

        Raises:
            TypeError: It is nothing that selects.
        """
        if isinstance(entry, slice):
            self._add_slice(entry)
        elif entry is Ellipsis:
            self._mark("ellipsis_mask")
            self._append(0, 0, 1)
        elif entry is None:
            self._mark("new_axis_mask")
            self._append(0, 0, 1)
        else:
            self._add_index(entry)

    def _add_index(self, entry: Any) -> None:
        _check_index(entry)
        self._mark("shrink_axis_mask")
        stride: Any = 1
        if isinstance(entry, Tensor) and entry.dtype in (dtypes.int16, dtypes.int64):
            # `entry + 1` is built before the stride.
            end = entry + 1
            self._append(entry, end, constant(1, dtype=entry.dtype))
            return
        self._append(entry, entry + 1, stride)

    def _add_slice(self, entry: slice) -> None:
        dtype = _tensor_dtype(entry)
        begin = self._bound(entry.start, "begin_mask", dtype)
        end = self._bound(entry.stop, "end_mask", dtype)
        if _is_given(entry.step):
            _check_index(entry.step)
            stride = entry.step
        else:
            stride = 1 if dtype is None else constant(1, dtype=dtype)
        self._append(begin, end, stride)

    def _bound(self, bound: Any, mask: str, dtype: DType | None) -> Any:
        if _is_given(bound):
            _check_index(bound)
            return bound
        self._mark(mask)
        return 0 if dtype is None else constant(0, dtype=dtype)


def _is_given(bound: Any) -> bool:
    return bound is not None and not (
        isinstance(bound, Dimension) and bound.value is None
    )


def _tensor_dtype(entry: slice) -> DType | None:
    """The type that constants beside the tensors of a slice take."""
    found: DType | None = None
    for bound in (entry.start, entry.stop, entry.step):
        if not isinstance(bound, Tensor):
            continue
        if bound.dtype == dtypes.int64:
            found = dtypes.int64
        elif bound.dtype == dtypes.int32 and found != dtypes.int64:
            found = dtypes.int32
        elif bound.dtype == dtypes.int16 and found is None:
            found = dtypes.int16
    return found


def _check_index(index: Any) -> None:
    if isinstance(index, numbers.Integral | Dimension):
        return
    dtype = getattr(index, "dtype", None)
    if (
        dtype is None
        or as_dtype(dtype) not in _INDEX_DTYPES
        or (index.shape and len(index.shape) == 1)
    ):
        raise TypeError(f"{_INDEX_ERROR}, got {index!r}")


def _is_mask(slice_spec: Any) -> bool:
    if isinstance(slice_spec, bool):
        return True
    if isinstance(slice_spec, Tensor):
        return slice_spec.dtype == dtypes.bool
    return isinstance(slice_spec, np.ndarray) and slice_spec.dtype == np.bool_


def slice_tensor(tensor: Any, slice_spec: Any, variable: Any = None) -> Tensor:
    """Return what `tensor[slice_spec]` selects.

    Args:
        tensor: A tensor, or the value of `variable`.
        slice_spec: What is between the brackets.
        variable: The variable that `assign` of the result writes to.

    Raises:
        TypeError: An entry is no index, slice, `...` or None.
    """
    value = convert_to_tensor(tensor)
    if _is_mask(slice_spec):
        return boolean_mask(tensor=value, mask=slice_spec)
    entries: Sequence[Any] = (
        slice_spec if isinstance(slice_spec, list | tuple) else [slice_spec]
    )
    arguments = SliceArguments()
    for entry in entries:
        arguments.add(entry)
    values = [value, *arguments.begin, *arguments.end, *arguments.strides]
    with name_scope(None, "strided_slice", values) as scope:
        operands = _operands(arguments)
        result = array.strided_slice(value, *operands, name=scope, **arguments.masks)
        if variable is None:
            return result
        return SlicedVariable.of(result, variable, operands, arguments.masks, scope)


def _operands(arguments: SliceArguments) -> tuple[Tensor, Tensor, Tensor]:
    if not arguments.begin:
        empty = constant([], dtype=dtypes.int32)
        return empty, empty, empty
    begin = array.stack(arguments.begin)
    end = array.stack(arguments.end)
    strides = array.stack(arguments.strides)
    if dtypes.int64 not in (begin.dtype, end.dtype, strides.dtype):
        return begin, end, strides
    return _as_int64(begin), _as_int64(end), _as_int64(strides)


def _as_int64(tensor: Tensor) -> Tensor:
    if tensor.dtype == dtypes.int64:
        return tensor
    result: Tensor = op("Cast", x=tensor, DstT=dtypes.int64)
    return result


class SlicedVariable(Tensor):
    """A slice of a variable: a tensor that can also be assigned to."""

    __slots__ = ("_arguments", "_scope", "_variable")

    _variable: Any  # a variable of a layer above
    _arguments: dict[str, Any]
    _scope: str

    @classmethod
    def of(
        cls,
        tensor: Tensor,
        variable: Any,
        operands: tuple[Tensor, Tensor, Tensor],
        masks: dict[str, int],
        scope: str,
    ) -> SlicedVariable:
        """Return `tensor`, a slice of `variable`, with the method `assign`.

        It takes the place of `tensor` among the outputs of the operation, because
        tensors are told apart by identity.
        """
        sliced = cls(tensor.op, tensor.value_index, tensor.dtype)
        tensor.op.outputs[tensor.value_index] = sliced
        sliced._variable = variable
        begin, end, strides = operands
        sliced._arguments = {
            "begin": begin,
            "end": end,
            "strides": strides,
            **masks,
        }
        sliced._scope = scope
        return sliced

    def assign(self, value: Any, name: str | None = None) -> Any:
        """Write to the slice of the variable.

        Args:
            value: What is written; of the slice's shape.
            name: Name of the operation.

        Returns:
            The variable's value after the assignment, or the operation that assigns.
        """
        return self._variable._strided_slice_assign(  # noqa: SLF001 - its counterpart
            value=value,
            name=f"{self._scope}_assign" if name is None else name,
            **self._arguments,
        )
