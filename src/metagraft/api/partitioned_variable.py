"""Variables cut into pieces along one axis.

Source: tensorflow python/ops/variables.py PartitionedVariable,
python/ops/variable_scope.py _VariableStore._get_partitioned_variable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from metagraft.api.variables import SaveSliceInfo, Variable
from metagraft.graph.build import array
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor

if TYPE_CHECKING:
    from metagraft.api.variable_store import VariableRequest, VariableStore


class PartitionedVariable:
    """A list of variables that together are one; as a tensor, it is their whole."""

    def __init__(
        self,
        name: str,
        shape: Any,
        dtype: Any,
        variable_list: Sequence[Variable],
        partitions: Sequence[int],
    ) -> None:
        """Put variables together.

        Args:
            name: Name of the whole.
            shape: Shape of the whole.
            dtype: Element type.
            variable_list: The pieces; each knows which slice it holds.
            partitions: The number of pieces along every axis.

        Raises:
            TypeError, ValueError: An argument does not fit.
        """
        if not isinstance(variable_list, list | tuple):
            raise TypeError(f"variable_list is not a list or tuple: {variable_list}")
        if not isinstance(partitions, list | tuple):
            raise TypeError(f"partitions is not a list or tuple: {partitions}")
        if not all(p >= 1 for p in partitions):
            raise ValueError(f"partition values must be positive: {partitions}")
        if not variable_list:
            raise ValueError("variable_list may not be empty")
        shape = TensorShape(shape)
        if len(shape) != len(partitions):
            raise ValueError(f"len(shape) != len(partitions): {shape} vs. {partitions}")
        offsets = {id(v): _slice_of(v, shape).var_offset for v in variable_list}
        self._variable_list = sorted(variable_list, key=lambda v: offsets[id(v)])
        self._name = name
        self._shape = shape
        self._dtype = dtype
        self._partitions = partitions

    def __iter__(self) -> Iterator[Variable]:
        """Iterate over the pieces."""
        return iter(self._variable_list)

    def __len__(self) -> int:
        """The number of pieces."""
        if len(self._partition_axes()) > 1:
            raise ValueError(
                f"Cannot get a length for {len(self._partition_axes())} > 1 partition "
                "axes"
            )
        return len(self._variable_list)

    def _partition_axes(self) -> list[int]:
        cut = [i for i, count in enumerate(self._partitions) if count > 1]
        return cut or [0]

    def _partition_axis(self, task: str) -> int:
        axes = self._partition_axes()
        if len(axes) > 1:
            raise NotImplementedError(
                f"Cannot {task} along more than one dimension: {axes}.  Multi-axis "
                f"partition {task} is not supported"
            )
        return axes[0]

    @property
    def name(self) -> str:
        """The name of the whole."""
        return self._name

    @property
    def dtype(self) -> Any:
        """The element type."""
        return self._dtype

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole."""
        return self._shape

    def get_shape(self) -> TensorShape:
        """Return the shape of the whole."""
        return self._shape

    def _get_variable_list(self) -> list[Variable]:
        return self._variable_list

    def _get_partitions(self) -> Sequence[int]:
        return self._partitions

    def as_tensor(self) -> Tensor:
        """Return the whole as a tensor."""
        with control_dependencies(None):
            return self._concat()

    def _concat(self) -> Tensor:
        whole: Any = self._variable_list[0]
        if len(self._variable_list) > 1:
            axis = self._partition_axis("concatenate")
            with name_scope(f"{self._name}/ConcatPartitions/"):
                whole = array.concat(self._variable_list, axis)
        with name_scope(None):
            result: Tensor = array.identity(whole, name=self._name)
            return result

    def _to_graph_tensor(
        self, dtype: DType | None, name: str | None, as_ref: bool
    ) -> Tensor:
        del name  # the tensor has the name of the whole
        if dtype is not None and not dtype.is_compatible_with(as_dtype(self.dtype)):
            raise ValueError(
                f"Incompatible type conversion requested to type '{dtype.name}' for "
                f"variable of type '{self.dtype.name}'"
            )
        if as_ref:
            raise NotImplementedError(
                "PartitionedVariable doesn't support being used as a reference."
            )
        return self.as_tensor()

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> list[Any]:
        """Set the whole; returns what setting each piece returns."""
        return self._on_pieces(
            lambda piece, part: piece.assign(part, use_locking, name, read_value), value
        )

    def assign_add(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> list[Any]:
        """Add to the whole; returns what adding to each piece returns."""
        return self._on_pieces(
            lambda piece, part: piece.assign_add(part, use_locking, name, read_value),
            value,
        )

    def assign_sub(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> list[Any]:
        """Subtract from the whole; returns what doing so on each piece returns."""
        return self._on_pieces(
            lambda piece, part: piece.assign_sub(part, use_locking, name, read_value),
            value,
        )

    def _on_pieces(self, function: Callable[[Any, Any], Any], value: Any) -> list[Any]:
        axis = self._partition_axis("assign")
        if isinstance(value, list | PartitionedVariable):
            parts = list(value)
        else:
            sizes = [v.shape.as_list()[axis] for v in self._variable_list]
            parts = array.split(value, sizes, axis=axis)
        pieces = zip(self._variable_list, parts, strict=True)
        return [function(piece, part) for piece, part in pieces]


def _slice_of(variable: Variable, shape: TensorShape) -> SaveSliceInfo:
    info = variable._get_save_slice_info()  # noqa: SLF001 - TensorFlow's name for it
    if info is None:
        raise ValueError(
            f"All variables must have a save_slice_info available: {variable.name}"
        )
    if info.full_shape != shape.as_list():
        raise ValueError(
            f"All variables' full shapes must match shape: {shape}; but full shapes "
            f"were: {info.full_shape}"
        )
    return info


@dataclass(frozen=True, slots=True)
class PartitionInfo:
    """Which part of a whole an initializer is to fill.

    Attributes:
        full_shape: Shape of the whole.
        var_offset: Where the part begins.
    """

    full_shape: list[int]
    var_offset: list[int]

    def __post_init__(self) -> None:
        """Refuse a part that begins outside of the whole.

        Raises:
            ValueError: It does.
        """
        for offset, size in zip(self.var_offset, self.full_shape, strict=True):
            if not 0 <= offset < size:
                raise ValueError(
                    f"Expected 0 <= offset < shape but found offset={offset},"
                    f" shape={size} for var_offset={self.var_offset},"
                    f" full_shape={self.full_shape}"
                )

    def single_slice_dim(self, shape: Sequence[int]) -> int | None:
        """Return the axis along which a part of this shape is less than the whole.

        Raises:
            ValueError: There are several, or the part does not lie in the whole.
        """
        found = None
        for i, (size, whole) in enumerate(zip(shape, self.full_shape, strict=True)):
            if self.var_offset[i] + size > whole:
                raise ValueError(
                    f"With self.var_offset={self.var_offset}, a partition of "
                    f"shape={shape} would exceed self.full_shape={self.full_shape} in "
                    f"dimension {i}."
                )
            if size == whole:
                continue
            if found is not None:
                raise ValueError(
                    f"Cannot use single_slice_dim() with shape={shape} and "
                    f"self.full_shape={self.full_shape} since slice dim could be "
                    f"either dimension {i} or {found}."
                )
            found = i
        return found

    def single_offset(self, shape: Sequence[int]) -> int:
        """Return where the part begins along its one axis."""
        axis = self.single_slice_dim(shape)
        return 0 if axis is None else self.var_offset[axis]


# -- getting one -----------------------------------------------------------------------


def partitioned_variable(
    store: VariableStore, request: VariableRequest
) -> PartitionedVariable:
    """Return the partitioned variable asked for, made if need be.

    Raises:
        ValueError: See `get_variable`.
    """
    name = request.name
    if name in store.variables:
        raise ValueError(
            "A partitioner was provided, but an unpartitioned version of the variable "
            f"was found: {name}.  Perhaps a variable of the same name was already "
            "created without partitioning?"
        )
    shape = TensorShape(request.shape)
    if isinstance(request.initializer, Tensor):
        shape = shape.merge_with(request.initializer.shape)
    dtype = as_dtype(request.dtype)
    partitions = None
    if not request.reuse or request.partitioner is not None:
        partitions = _partitions(request.partitioner, shape, dtype)
    found: PartitionedVariable | None = store.partitioned.get(name)
    if found is not None:
        _check_found(found, request, shape, dtype, partitions)
        return found
    if request.reuse is True or partitions is None:
        raise ValueError(
            f"PartitionedVariable {name} does not exist, or was not created with "
            "tf.get_variable(). Did you mean to set reuse=False or reuse=tf.AUTO_REUSE "
            "in VarScope?"
        )
    return _made(store, replace(request, dtype=dtype), shape, partitions)


def _partitions(partitioner: Any, shape: TensorShape, dtype: DType) -> Sequence[int]:
    """Ask a partitioner, and check its answer."""
    if not shape.is_fully_defined():
        raise ValueError(
            "Shape of a new partitioned variable must be fully defined, but instead "
            f"was {shape}."
        )
    if len(shape) < 1:
        raise ValueError(
            f"A partitioned Variable must have rank at least 1, shape: {shape}"
        )
    counts = partitioner(shape=shape, dtype=dtype)
    if not isinstance(counts, Sequence):
        raise ValueError(  # noqa: TRY004 - TensorFlow's class
            f"Partitioner must return a sequence, but saw: {counts}"
        )
    if len(counts) != len(shape):
        raise ValueError(
            "Partitioner returned a partition list that does not match the Variable's "
            f"rank: {counts} vs. {shape}"
        )
    if any(count < 1 for count in counts):
        raise ValueError(
            f"Partitioner returned zero partitions for some axes: {counts}"
        )
    if sum(count > 1 for count in counts) > 1:
        raise ValueError(
            f"Can only slice a variable along one dimension: shape: {shape}, "
            f"partitioning: {counts}"
        )
    return counts


def _check_found(
    found: PartitionedVariable,
    request: VariableRequest,
    shape: TensorShape,
    dtype: DType,
    partitions: Sequence[int] | None,
) -> None:
    name = request.name
    if request.reuse is False:
        raise ValueError(
            f"Partitioned variable with name {name} already exists. Did you mean to "
            "set reuse=True or reuse=tf.AUTO_REUSE in VarScope?"
        )
    reused = f"Trying to reuse partitioned variable {name}, but specified"
    if not shape.is_compatible_with(found.shape):
        raise ValueError(f"{reused} shape {shape} and found shape {found.shape}.")
    if not dtype.is_compatible_with(found.dtype):
        raise ValueError(
            f"{reused} dtype {dtype.name} and found dtype {found.dtype.name}."
        )
    there = found._get_partitions()  # noqa: SLF001 - same module
    if partitions is not None and list(there) != list(partitions):
        raise ValueError(
            f"{reused} partitions {partitions} and found partitions {there}."
        )


def _slices(
    shape: Sequence[int], partitions: Sequence[int]
) -> Iterator[tuple[list[int], list[int]]]:
    """Offset and shape of every piece; the first pieces take what is left over."""
    axis = next((i for i, count in enumerate(partitions) if count > 1), 0)
    size, extra = divmod(shape[axis], partitions[axis])
    offset = [0] * len(shape)
    for i in range(partitions[axis]):
        piece = list(shape)
        piece[axis] = size + (1 if i < extra else 0)
        yield list(offset), piece
        offset[axis] += piece[axis]


def _made(
    store: VariableStore,
    request: VariableRequest,
    shape: TensorShape,
    partitions: Sequence[int],
) -> PartitionedVariable:
    name, sizes = request.name, [int(d) for d in shape]
    pieces = []
    for i, (offset, piece_shape) in enumerate(_slices(sizes, partitions)):
        piece_name = f"{name}/part_{i}"
        with name_scope(f"{piece_name}/PartitionedInitializer"):
            initializer, initial_shape = _piece_initializer(
                request, offset, piece_shape
            )
        with name_scope(None):
            piece = store.single(
                replace(
                    request,
                    name=piece_name,
                    shape=initial_shape,
                    initializer=initializer,
                    partition_info=PartitionInfo(sizes, offset),
                    partitioner=None,
                )
            )
        piece._set_save_slice_info(  # noqa: SLF001 - TensorFlow's name for it
            SaveSliceInfo(name, sizes, offset, piece_shape)
        )
        pieces.append(piece)
    whole = PartitionedVariable(name, shape, request.dtype, pieces, partitions)
    store.partitioned[name] = whole
    return whole


def _piece_initializer(
    request: VariableRequest, offset: list[int], shape: list[int]
) -> tuple[Any, list[int] | None]:
    """The initializer of one piece, and its shape unless it is a value."""
    initializer = request.initializer
    if initializer is None or callable(initializer):
        return initializer, shape
    if not isinstance(initializer, Tensor):
        initializer = convert_to_tensor(initializer, dtype=request.dtype)
    return array.slice_(initializer, offset, shape), None
