"""Resource variables: a handle, and operations that read and write behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from typing import Any, NoReturn

from metagraft.api.variable_initial_value import (
    check_arguments,
    check_is_outside,
    guarded_initial_value,
    placed_with,
    with_trainable,
)
from metagraft.api.variables import (
    Variable,
    distribution_options,
)
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.context_messages import named_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.dtypes import DType
from metagraft.graph.graph import Graph
from metagraft.graph.init_scope import init_scope
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import (
    add_to_collections,
    colocate_with,
    control_dependencies,
    device,
    name_scope,
)
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor
from metagraft.proto import VariableDef


class ResourceVariable(Variable):
    """A variable that a resource handle names.

    What `assign` and its siblings return is one, too: it reads after the update.

    Source: tensorflow python/ops/resource_variable_ops.py ResourceVariable,
    _UnreadVariable.
    """

    _handle: Tensor
    _graph_element: Tensor
    _cached_value: Tensor | None
    _parent_op: Operation | None

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        collections: Sequence[Any] | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        dtype: Any = None,
        variable_def: VariableDef | None = None,
        import_scope: str | None = None,
        constraint: Callable[[Any], Any] | None = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> None:
        """Add a variable to the graph, or view one that a message describes."""
        self._parent_op = None
        self._validate_shape = validate_shape
        self._save_slice_info = None
        if variable_def is not None:
            if initial_value is not None:
                raise ValueError(
                    "The variable_def and initial_value args to `tf.Variable` are "
                    f"mutually exclusive, but got both: variable_def={variable_def},\n"
                    f"initial_value={initial_value}"
                )
            self._init_from_proto(variable_def, import_scope)
            return
        modes = distribution_options(synchronization, aggregation, trainable, name)
        self._synchronization, self._aggregation, self._trainable = modes
        listed = check_arguments(initial_value, collections, constraint)
        listed = with_trainable(listed, trainable=self._trainable)
        self._caching_device = caching_device
        self._constraint = constraint
        values = [] if callable(initial_value) else [initial_value]
        with init_scope():
            with name_scope(name, "Variable", values) as scope:
                self._add_handle(initial_value, dtype, shape, scope)
                self._add_operations(scope)
            add_to_collections(listed, self)

    def __deepcopy__(self, memo: Any) -> Any:
        """Refuse: a graph has a variable once."""
        raise NotImplementedError(
            "__deepcopy__() is only available when eager execution is enabled."
        )

    def _add_handle(
        self, initial_value: Any, dtype: Any, shape: Any, scope: str
    ) -> None:
        with placed_with(scope):
            with name_scope("Initializer"), device(None):
                is_made_here = callable(initial_value)
                if is_made_here:
                    initial_value = initial_value()
                initial = convert_to_tensor(
                    initial_value, name="initial_value", dtype=dtype
                )
            if not is_made_here:
                check_is_outside(
                    initial,
                    f"The `initial_value` passed to `tf.Variable` {scope} is from "
                    "inside a control-flow  construct, such as a loop or conditional. "
                    "When creating a `tf.Variable` inside a loop or conditional, use "
                    f"a lambda as the `initial_value`. Got: initial_value=({initial})",
                )
            if shape is None:
                shape = initial.shape
            elif not initial.shape.is_compatible_with(shape):
                raise ValueError(
                    "In this `tf.Variable` creation, the initial value's shape "
                    f"({initial.shape}) is not compatible with the explicitly supplied "
                    f"`shape` argument ({shape})."
                )
            self._handle = apply_op(
                "VarHandleOp",
                shape=shape,
                dtype=initial.dtype.base_dtype,
                shared_name=scope.rstrip("/"),
                debug_name=scope,
                name=scope,
            )
        self._initial_value = initial
        self._shape = TensorShape(shape)
        self._dtype = initial.dtype.base_dtype
        self._handle_name = self._handle.name

    def _add_operations(self, scope: str) -> None:
        initial = self._initial_value
        assert initial is not None
        with name_scope("IsInitialized"):
            apply_op("VarIsInitializedOp", resource=self._handle)
        with (
            name_scope("Assign") as assign_scope,
            colocate_with(None, ignore_existing=True),
            device(self._handle.device),
        ):
            self._initializer_op = apply_op(
                "AssignVariableOp",
                resource=self._handle,
                value=guarded_initial_value(scope, initial),
                name=assign_scope,
            )
        with name_scope("Read"):
            with device(self._handle.device):
                self._graph_element = self._read_node()
            self._cached_value = None
            if self._caching_device is not None:
                with (
                    colocate_with(None, ignore_existing=True),
                    device(self._caching_device),
                ):
                    self._cached_value = apply_op("Identity", input=self._graph_element)

    def _init_from_proto(
        self, variable_def: VariableDef, import_scope: str | None
    ) -> None:
        if not variable_def.is_resource:
            raise ValueError(
                "The `variable_def` you passed to `tf.Variable` is Trying to restore a "
                "TF 1.x Reference Variable as a TF 2.x ResourceVariable. This is "
                f"unsupported. Got variable_def={variable_def}"
            )

        def tensor(name: str) -> Tensor:
            return named_tensor(name, import_scope)

        self._handle = tensor(variable_def.variable_name)
        attrs = self._handle.op.attrs
        if "shape" not in attrs or "dtype" not in attrs:
            raise ValueError(
                f"{self._handle.name} is no variable but the output of a "
                f"{self._handle.op.type}"
            )
        self._shape = TensorShape(attrs["shape"])
        self._dtype = attrs["dtype"]
        self._handle_name = self._handle.name
        self._cached_value = None
        if variable_def.snapshot_name:
            snapshot = tensor(variable_def.snapshot_name)
            if snapshot.op.type != "ReadVariableOp":
                self._cached_value = snapshot
            while snapshot.op.type != "ReadVariableOp":
                if not snapshot.op.inputs:
                    raise ValueError(
                        f"{variable_def.snapshot_name} does not read a variable"
                    )
                snapshot = snapshot.op.inputs[0]
            self._graph_element = snapshot
        else:
            read = f"{self._handle.op.name}/Read/ReadVariableOp:0"
            self._graph_element = self.graph.get_tensor_by_name(read)
        self._adopt(variable_def, import_scope)

    # -- what it is ------------------------------------------------------------------

    @property
    def is_resource(self) -> bool:
        """True."""
        return True

    @property
    def gradient_source(self) -> Tensor:
        """The handle."""
        return self._handle

    @property
    def handle(self) -> Tensor:
        """The tensor of the resource handle."""
        return self._handle

    @property
    def name(self) -> str:
        """The name of the handle, or of the update that this reads after."""
        return self._handle_name if self._parent_op is None else self._parent_op.name

    @property
    def device(self) -> str:
        """The requested device."""
        return self._handle.device

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @property
    def op(self) -> Operation:
        """The VarHandleOp operation, or the update that this reads after."""
        return self._handle.op if self._parent_op is None else self._parent_op

    @property
    def graph(self) -> Graph:
        """The graph it is in."""
        return self._handle.graph

    @property
    def shape(self) -> TensorShape:
        """The static shape."""
        return self._shape

    @property
    def create(self) -> Operation:
        """The operation that sets it to its initial value."""
        return self._initializer_op

    def set_shape(self, shape: Any) -> None:
        """Add what is known of the static shape."""
        self._shape = self._shape.merge_with(shape)

    def _as_graph_element(self) -> Tensor:
        return self._graph_element

    def _to_graph_tensor(
        self, dtype: DType | None, name: str | None, as_ref: bool
    ) -> Tensor:
        del name  # the node is a read of the variable
        if dtype is not None and not dtype.is_compatible_with(self.dtype):
            raise ValueError(
                f"Incompatible type conversion requested to type {dtype.name} for "
                f"`tf.Variable of type {self.dtype.name}. (Variable: {self})"
            )
        if as_ref:
            return self.read_value().op.inputs[0]
        return self.value()

    def to_proto(self, export_scope: str | None = None) -> VariableDef | None:
        """Return the message that describes it, or None if it is not in the scope."""
        if export_scope is not None and not self._handle.name.startswith(export_scope):
            return None

        snapshot = self._cached_value
        if snapshot is None:
            snapshot = self._graph_element
        return self._described(self._handle, snapshot, export_scope)

    # -- reading -----------------------------------------------------------------------

    def _read_node(self) -> Tensor:
        read: Tensor = apply_op(
            "ReadVariableOp", resource=self._handle, dtype=self._dtype
        )
        return read

    def _read(self) -> Tensor:
        if self._parent_op is not None:
            with control_dependencies([self._parent_op]):
                return self._read_node()
        if self._caching_device is not None:
            with (
                colocate_with(None, ignore_existing=True),
                device(self._caching_device),
            ):
                return self._read_node()
        return self._read_node()

    def value(self) -> Tensor:
        """Return a tensor that reads it (the cached one, if there is a cache)."""
        if self._cached_value is not None:
            return self._cached_value
        if self._parent_op is not None:
            return self._read()
        with colocate_with(None, ignore_existing=True):
            return self._read()

    def read_value(self) -> Tensor:
        """Return a tensor that reads it."""
        if self._parent_op is not None:
            return self._read()
        with name_scope("Read"):
            value = self._read()
        same: Tensor = apply_op("Identity", input=value)
        return same

    def read_value_no_copy(self) -> Tensor:
        """Return a tensor that reads it, also after sparse reads, without a copy."""
        with name_scope("Read"):
            apply_op("DisableCopyOnRead", resource=self._handle)
            value = self._read()
        same: Tensor = apply_op("Identity", input=value)
        return same

    def eval(self, session: Any = None) -> Any:
        """Return the value in a session."""
        return self._graph_element.eval(session=session)

    def is_initialized(self, name: str | None = None) -> Tensor:
        """Return a tensor that says whether it has a value."""
        answer: Tensor = apply_op(
            "VarIsInitializedOp", resource=self._handle, name=name
        )
        return answer

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """Return rows of it."""
        with name_scope("Gather" if name is None else name) as scope:
            rows: Tensor = apply_op(
                "ResourceGather",
                resource=self._handle,
                indices=indices,
                dtype=self._dtype,
                name=scope,
            )
        return rows

    def gather_nd(self, indices: Any, name: str | None = None) -> Tensor:
        """Return slices of it."""
        with name_scope("GatherNd" if name is None else name) as scope:
            slices = apply_op(
                "ResourceGatherNd",
                resource=self._handle,
                indices=indices,
                dtype=self._dtype,
                name=scope,
            )
        same: Tensor = apply_op("Identity", input=slices)
        return same

    # -- writing -----------------------------------------------------------------------

    def _after_parent(self) -> AbstractContextManager[Any]:
        if self._parent_op is None:
            return nullcontext()
        return control_dependencies([self._parent_op])

    def _after_cache(self) -> AbstractContextManager[Any]:
        if self._cached_value is None:
            return nullcontext()
        return control_dependencies([self._cached_value])

    def _lazy_read(self, op: Operation) -> ResourceVariable:
        """Return a variable that reads after the update `op`."""
        read = None
        # Inside of a function nobody can fetch the variable itself.
        if not get_default_graph().building_function:
            with control_dependencies([op]):
                read = self._read_node()
        later = copy(self)
        later.__dict__.update(
            _parent_op=op,
            _graph_element=read,
            _cached_value=None,
            _caching_device=None,
        )
        return later

    def assign(
        self,
        value: Any,
        use_locking: bool | None = None,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Add an operation that sets it; returns a variable that reads after it.

        Raises:
            ValueError: The shapes do not fit.
        """
        del use_locking  # as in TensorFlow: resource variables lock by themselves
        with self._after_parent():
            tensor = convert_to_tensor(value, dtype=self.dtype)
            if not self._shape.is_compatible_with(tensor.shape):
                raise ValueError(
                    f"Cannot assign value to variable ' {self.name}': Shape mismatch."
                    f"The variable shape {self._shape}, and the assigned value shape "
                    f"{tensor.shape} are incompatible."
                )
            validate = self._validate_shape and self._shape.is_fully_defined()
            update = apply_op(
                "AssignVariableOp",
                resource=self._handle,
                value=tensor,
                validate_shape=validate,
                name=name,
            )
            return self._lazy_read(update) if read_value else update

    def assign_add(
        self,
        delta: Any,
        use_locking: bool | None = None,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Add an operation that adds to it; returns a variable that reads after it."""
        del use_locking  # as in TensorFlow: resource variables lock by themselves
        return self._add("AssignAddVariableOp", delta, name, read_value)

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool | None = None,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Add an operation that subtracts; returns a variable that reads after it."""
        del use_locking  # as in TensorFlow: resource variables lock by themselves
        return self._add("AssignSubVariableOp", delta, name, read_value)

    def _add(self, op_type: str, delta: Any, name: str | None, read_value: bool) -> Any:
        with self._after_parent():
            with self._after_cache():
                update = apply_op(
                    op_type,
                    resource=self._handle,
                    value=convert_to_tensor(delta, dtype=self.dtype),
                    name=name,
                )
            return self._lazy_read(update) if read_value else update

    def _scatter(
        self,
        combine: str,
        sparse_delta: IndexedSlices,
        use_locking: bool,
        name: str | None,
    ) -> ResourceVariable:
        del use_locking  # as in TensorFlow: resource variables lock by themselves
        if not isinstance(sparse_delta, IndexedSlices):
            raise TypeError(
                "Argument `sparse_delta` must be a `tf.IndexedSlices`. Received arg: "
                f"{sparse_delta}"
            )
        return self.scatter_rows(
            combine, sparse_delta.indices, sparse_delta.values, name
        )

    def scatter_rows(
        self, combine: str, indices: Any, updates: Any, name: str | None = None
    ) -> ResourceVariable:
        """Add `ResourceScatter<combine>`."""
        with self._after_parent():
            update = apply_op(
                f"ResourceScatter{combine}",
                resource=self._handle,
                indices=indices,
                updates=convert_to_tensor(updates, dtype=self.dtype),
                name=name,
            )
            return self._lazy_read(update)

    def _scatter_nd(
        self, combine: str, indices: Any, updates: Any, name: str | None
    ) -> ResourceVariable:
        with self._after_parent():
            update = apply_op(
                f"ResourceScatterNd{combine}",
                ref=self._handle,
                indices=indices,
                updates=convert_to_tensor(updates, dtype=self.dtype),
                name=name,
            )
            return self._lazy_read(update)

    def _strided_slice_assign(
        self, value: Any, name: str, **where: Any
    ) -> ResourceVariable:
        with self._after_parent(), self._after_cache():
            update = apply_op(
                "ResourceStridedSliceAssign",
                ref=self._handle,
                value=convert_to_tensor(value, dtype=self.dtype),
                name=name,
                **where,
            )
        return self._lazy_read(update)

    def count_up_to(self, limit: int) -> Tensor:
        """Return its value and add 1 to it, or fail at the limit."""
        count: Tensor = apply_op(
            "ResourceCountUpTo", resource=self._handle, limit=limit, T=self._dtype
        )
        return count

    def _refuse_in_place(self, other: Any) -> NoReturn:
        raise RuntimeError(
            "`variable += value` with `tf.Variable`s is not supported. Use "
            "`variable.assign_add(value)` to modify the variable, or `out = variable + "
            "value` if you need to get a new output Tensor."
        )

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = _refuse_in_place
