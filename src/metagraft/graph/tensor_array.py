"""`TensorArray`: tensors written and read one by one, also by loops.

The array itself lives on the device behind a handle. What is done with it is ordered by
its flow: every write gives out a new one, and a new Python object that stands on it.

Source: tensorflow python/ops/tensor_array_ops.py _GraphTensorArray.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build.array import identity, shape
from metagraft.graph.build.math import cast, number_range
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import builds_control_flow_of_functions
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.flow import FlowCarrier
from metagraft.graph.scopes import (
    colocate_with,
    control_dependencies,
    device,
    name_scope,
)
from metagraft.graph.shapes import Dims, TensorShape, merge_dims
from metagraft.graph.tensor import Tensor


class Shared:
    """What the Python objects on all flows of one array know together."""

    __slots__ = ("element_dims", "place")

    def __init__(self, element_dims: Dims) -> None:
        """Start with what is known of the shape of the elements."""
        self.element_dims = element_dims
        self.place: Any = None


class TensorArray(FlowCarrier):
    """An array of tensors of one type, each written once.

    Args of the constructor:
        dtype: Type of the elements.
        size: The number of elements, unless `handle` is given.
        dynamic_size: Whether writes behind the end make it longer.
        clear_after_read: Whether an element can be read only once.
        tensor_array_name: Name of the array on the device.
        handle: The handle of an array that exists.
        flow: What orders this after what was done with that array.
        infer_shape: Whether all elements have the same shape.
        element_shape: What is known of their shape.
        colocate_with_first_write_call: Whether it is placed with what is first written.
        name: Name scope of the nodes.
    """

    def __new__(cls, *args: Any, **options: Any) -> TensorArray:
        """Choose the kind: where control flow is built as functions, a list."""
        # What is left out has its default; flow is the seventh argument.
        flow = args[6] if len(args) > 6 else options.get("flow")
        is_list = flow is not None and flow.dtype == dtypes.variant
        if cls is TensorArray and (is_list or builds_control_flow_of_functions()):
            from metagraft.graph.list_tensor_array import ListTensorArray

            return super().__new__(ListTensorArray)
        return super().__new__(cls)

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Tensor | None = None,
        flow: Tensor | None = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        """Add the operation that makes the array, or wrap a handle."""
        given = (tensor_array_name, size, element_shape, dynamic_size, clear_after_read)
        _check_arguments(handle, *given)
        self._dynamic_size = bool(dynamic_size)
        self._dtype = as_dtype(dtype).base_dtype
        self._colocates = colocate_with_first_write_call
        self._infer_shape = infer_shape
        self._size = size
        self._shared = Shared(TensorShape(element_shape).dims_tuple)
        with name_scope(name, "TensorArray", [handle, size, flow]) as scope:
            if handle is not None:
                if flow is None:
                    raise ValueError("flow must not be None if handle is not None.")
                self._handle, self._flow = handle, flow
                return
            clears = True if clear_after_read is None else clear_after_read
            arguments = {
                "dtype": self._dtype,
                "size": size,
                "element_shape": TensorShape(element_shape),
                "identical_element_shapes": infer_shape,
                "dynamic_size": self._dynamic_size,
                "clear_after_read": clears,
                "tensor_array_name": tensor_array_name or "",
            }
            if not self._colocates:
                made = apply_op("TensorArrayV3", name=scope, **arguments)
            else:
                with device(None), colocate_with(None, ignore_existing=True):
                    made = apply_op("TensorArrayV3", name=scope, **arguments)
            self._handle, self._flow = made

    # -- what it is --------------------------------------------------------------------

    @property
    def flow(self) -> Tensor:
        """What orders this after the operations that led to it."""
        return self._flow

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        return self._dtype

    @property
    def handle(self) -> Tensor | None:
        """The array on the device; None if it is a list."""
        return self._handle

    @property
    def element_shape(self) -> TensorShape:
        """What is known of the shape of the elements."""
        return TensorShape(self._shared.element_dims)

    @property
    def dynamic_size(self) -> bool:
        """Whether writes behind the end make it longer."""
        return self._dynamic_size

    def with_flow(self, flow: Tensor) -> TensorArray:
        """Return the same array on another flow."""
        other = self._on_flow(flow)
        other._dynamic_size = self._dynamic_size  # noqa: SLF001 - one of our own
        other._size = self._size  # noqa: SLF001 - one of our own
        other._shared = self._shared  # noqa: SLF001 - one of our own
        return other

    def _on_flow(self, flow: Tensor) -> TensorArray:
        if builds_control_flow_of_functions():
            raise NotImplementedError(
                "A TensorArray made before control flow was built as functions cannot "
                "be used there, as in a tf.function: make a new one inside."
            )
        return TensorArray(
            dtype=self._dtype,
            handle=self._handle,
            flow=flow,
            infer_shape=self._infer_shape,
            colocate_with_first_write_call=self._colocates,
        )

    def identity(self) -> TensorArray:
        """Return the same array, after the open control dependencies."""
        return self.with_flow(identity(self._flow))

    def _check_element(self, dims: Dims) -> None:
        known = self._shared.element_dims
        try:
            merged = merge_dims(known, dims)
        except ValueError:
            raise ValueError(
                f"Inconsistent shapes: saw {TensorShape(dims)} but expected "
                f"{TensorShape(known)} "
            ) from None
        if self._infer_shape:
            self._shared.element_dims = merged

    def _check_pieces(self, tensor: Tensor, lengths: Tensor) -> None:
        known = constant_value(lengths)
        if (
            tensor.dims is not None
            and known is not None
            and known.shape
            and known.max() == known.min()
        ):
            self._check_element((int(known[0]), *tensor.dims[1:]))

    @contextmanager
    def _placed_with(self, value: Tensor) -> Iterator[None]:
        if not self._colocates:
            yield
            return
        if self._shared.place is None:
            self._shared.place = value
        with colocate_with(self._shared.place):
            yield

    # -- gradients ---------------------------------------------------------------------

    def grad(
        self, source: str, flow: Tensor | None = None, name: str | None = None
    ) -> TensorArray:
        """Return the array of the gradients of the elements.

        Args:
            source: Which call of `gradients` it belongs to.
            flow: What comes before.
            name: Name of the operation.
        """
        flow = self._flow if flow is None else flow
        with (
            name_scope(name, "TensorArrayGrad", [self._handle]),
            colocate_with(self._handle),
        ):
            handle, _ = apply_op(
                "TensorArrayGradV3",
                handle=self._handle,
                flow_in=flow,
                source=source,
                name=name,
            )
            with control_dependencies([handle]):
                flow = identity(flow, name="gradient_flow")
            found = TensorArray(
                dtype=self._dtype,
                handle=handle,
                flow=flow,
                infer_shape=self._infer_shape,
                colocate_with_first_write_call=False,
            )
            found._shared.element_dims = self._shared.element_dims
            return found

    # -- elements one by one -----------------------------------------------------------

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """Return one element."""
        value: Tensor = apply_op(
            "TensorArrayReadV3",
            handle=self._handle,
            index=index,
            flow_in=self._flow,
            dtype=self._dtype,
            name=name,
        )
        value.set_shape(self.element_shape)
        return value

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Write one element."""
        with name_scope(name, "TensorArrayWrite", [self._handle, index, value]):
            tensor = convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
            self._check_element(tensor.dims)
            with self._placed_with(tensor):
                flow = apply_op(
                    "TensorArrayWriteV3",
                    handle=self._handle,
                    index=index,
                    value=tensor,
                    flow_in=self._flow,
                    name=name,
                )
            return self.with_flow(flow)

    # -- all elements ------------------------------------------------------------------

    def stack(self, name: str | None = None) -> Tensor:
        """Return all elements as one tensor, along a new first axis."""
        with (
            colocate_with(self._handle),
            name_scope(name, "TensorArrayStack", [self._handle]),
        ):
            value = self.gather(number_range(0, self.size()), name=name)
            dims = self._shared.element_dims
            if dims is not None and not self._dynamic_size and self._size is not None:
                size = self._size
                if isinstance(size, Tensor):
                    size = constant_value(size)
                value.set_shape([None if size is None else int(size), *dims])
            return value

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """Return some elements as one tensor, along a new first axis."""
        dims = self._shared.element_dims
        value: Tensor = apply_op(
            "TensorArrayGatherV3",
            handle=self._handle,
            indices=indices,
            flow_in=self._flow,
            dtype=self._dtype,
            element_shape=self.element_shape,
            name=name,
        )
        if dims is not None:
            value.set_shape([None, *dims])
        return value

    def concat(self, name: str | None = None) -> Tensor:
        """Return all elements behind each other, along their first axis."""
        dims = self._shared.element_dims
        rest = TensorShape(None if dims is None else dims[1:])
        value, _ = apply_op(
            "TensorArrayConcatV3",
            handle=self._handle,
            flow_in=self._flow,
            dtype=self._dtype,
            element_shape_except0=rest,
            name=name,
        )
        result: Tensor = value
        if dims is not None:
            first = None
            if self._infer_shape:
                size = constant_value(self.size())
                if size is not None and dims[0] is not None:
                    first = int(size) * dims[0]
            result.set_shape([first, *dims[1:]])
        return result

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Write the parts of a tensor along its first axis."""
        with name_scope(name, "TensorArrayUnstack", [self._handle, value]):
            count = shape(value)[0]
            return self.scatter(number_range(0, count), value, name=name)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Write the parts of a tensor along its first axis to given positions."""
        with name_scope(name, "TensorArrayScatter", [self._handle, value, indices]):
            tensor = convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
            self._check_element(None if tensor.dims is None else tensor.dims[1:])
            with self._placed_with(tensor):
                flow = apply_op(
                    "TensorArrayScatterV3",
                    handle=self._handle,
                    indices=indices,
                    value=tensor,
                    flow_in=self._flow,
                    name=name,
                )
            return self.with_flow(flow)

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """Write pieces of a tensor, of given lengths along its first axis."""
        with name_scope(name, "TensorArraySplit", [self._handle, value, lengths]):
            tensor = convert_to_tensor(value, dtype=self._dtype, name="value")
            with self._placed_with(tensor):
                wide = cast(lengths, dtypes.int64)
                self._check_pieces(tensor, wide)
                flow = apply_op(
                    "TensorArraySplitV3",
                    handle=self._handle,
                    value=tensor,
                    lengths=wide,
                    flow_in=self._flow,
                    name=name,
                )
            return self.with_flow(flow)

    def size(self, name: str | None = None) -> Tensor:
        """Return the number of elements."""
        if not self._dynamic_size and self._size is not None:
            return convert_to_tensor(self._size, dtype=dtypes.int32)
        size: Tensor = apply_op(
            "TensorArraySizeV3", handle=self._handle, flow_in=self._flow, name=name
        )
        return size

    def close(self, name: str | None = None) -> Any:
        """Return the operation that frees the array."""
        return apply_op("TensorArrayCloseV3", handle=self._handle, name=name)


def _check_arguments(
    handle: Any,
    tensor_array_name: Any,
    size: Any,
    element_shape: Any,
    dynamic_size: Any,
    clear_after_read: Any,
) -> None:
    """Refuse what contradicts itself.

    Raises:
        ValueError: Both a handle and what makes a new array are given, or neither.
        TypeError: The handle is no tensor.
    """
    if handle is None:
        if size is None:
            raise ValueError(
                "Argument `size` must be provided if handle is not provided."
            )
        return
    if tensor_array_name:
        raise ValueError(
            "Cannot provide both `handle` and `tensor_array_name` arguments at the "
            "same time."
        )
    if not isinstance(handle, Tensor):
        raise TypeError(
            f"Expected `handle` to be a Tensor, but got `{handle}` of type "
            f"`{type(handle)}` instead."
        )
    if size is not None:
        raise ValueError(
            "Cannot provide both a `handle` and `size` arguments at the same time."
        )
    others = {
        "element_shape": element_shape,
        "dynamic_size": dynamic_size,
        "clear_after_read": clear_after_read,
    }
    for name, value in others.items():
        if value is not None:
            raise ValueError(
                f"Cannot provide both `handle` and `{name}` arguments at the same time."
            )
