"""`Graph`: operations, names, scopes and collections.

Source of the public behaviour: tensorflow python/framework/ops.py Graph.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

from metagraft.formats.names import as_text
from metagraft.graph import catalogue, graph_functions, graph_scopes, node_edges
from metagraft.graph.creation_stack import CreationStack, Marks, capture
from metagraft.graph.deprecated_ops import check_not_removed
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.file_remains import FileRemains
from metagraft.graph.full_types import add_full_type
from metagraft.graph.functions import FunctionLibrary, LibraryFunction
from metagraft.graph.graph_collections import Collections, GraphCollections
from metagraft.graph.graph_scopes import GraphScopes
from metagraft.graph.input_names import InputSpellings
from metagraft.graph.lookup import as_graph_element
from metagraft.graph.operation import Operation
from metagraft.graph.output_types import output_types
from metagraft.graph.run_permissions import RunPermissions
from metagraft.graph.scope_stacks import ScopeStacks
from metagraft.graph.shapes import Dims
from metagraft.graph.static_shapes import StaticShapes
from metagraft.graph.store import NodeStore, Survey
from metagraft.graph.tensor import Tensor
from metagraft.graph.unique_names import UniqueNames
from metagraft.proto import AttrValue, GraphDef, NodeDef, VersionDef

if TYPE_CHECKING:
    from metagraft.graph.catalogue import OpDef
    from metagraft.graph.function_captures import Captures

# The graph version that TensorFlow 2.21 writes and reads.
PRODUCER_VERSION: Final = 2474


class Graph(GraphScopes, GraphCollections, RunPermissions):
    """A dataflow graph.

    Operations are views of nodes stored in one `GraphDef`; they are made when first
    asked for. The same holds for shapes of imported nodes.
    """

    def __init__(self) -> None:
        """Make an empty graph."""
        self._lock = threading.RLock()
        self._store = NodeStore(PRODUCER_VERSION)
        self._ops: list[Operation | None] = []
        self._shapes = StaticShapes(self)
        self._types: list[tuple[DType, ...] | None] = []
        self._stacks: list[Marks] = []
        self._names = UniqueNames()
        self._scopes = ScopeStacks()
        self._collections = Collections()
        self._definitions: dict[str, OpDef] = {}
        self.input_spellings = InputSpellings()
        self._consumers: node_edges.Consumers | None = None
        self._unfeedable: set[Tensor] = set()
        self._unfetchable: set[Operation] = set()
        self._has_contexts = False
        self._seed: int | None = None
        self._changes = 0
        self.functions = FunctionLibrary(self._store.message.library)
        # What is known of variables behind resources that no handle here tells.
        self.handles: dict[Tensor, tuple[Dims, DType]] = {}
        # What the body of a function uses from graphs around it.
        self.outside: Captures | None = None
        # What imported files say of more than nodes, in fields of later releases.
        self.remains = FileRemains()
        # Whether imported nodes have frames, of loops that no context may tell of.
        self.has_imported_frames = False
        # (shape, reduced axes) -> (shape with the axes kept, repeats along each axis):
        # what gradients of sums computed with nodes once and then remember.
        self.reduced_shapes: dict[
            tuple[tuple[int, ...], tuple[int, ...]],
            tuple[tuple[int, ...], tuple[int, ...]],
        ] = {}

    def mutation_lock(self) -> AbstractContextManager[bool]:
        """Open a block in which no other thread changes the graph."""
        return self._lock

    # -- counters and flags ----------------------------------------------------------

    @property
    def version(self) -> int:
        """A number that grows whenever operations are added or changed."""
        return len(self._store) + self._changes

    def touch(self) -> None:
        """Note that an existing operation changed."""
        self._changes += 1

    @property
    def graph_def_versions(self) -> VersionDef:
        """The versions a copy of the graph is written with."""
        return self._store.message.versions

    @property
    def seed(self) -> int | None:
        """The graph-level random seed."""
        return self._seed

    @seed.setter
    def seed(self, seed: int | None) -> None:
        self._seed = seed

    @property
    def building_function(self) -> bool:
        """Whether this is the body of a function."""
        return self.outside is not None

    # -- adding operations -----------------------------------------------------------

    def create_op(
        self,
        op_type: str,
        inputs: Sequence[Tensor],
        dtypes: Sequence[Any] | None = None,
        input_types: Sequence[Any] | None = None,
        name: str | None = None,
        attrs: Mapping[str, AttrValue] | None = None,
        op_def: Any = None,
        compute_shapes: bool = True,
        compute_device: bool = True,
    ) -> Operation:
        """Add an operation, in the scopes that are open.

        Args:
            op_type: The op type.
            inputs: Data inputs, list arguments spread out.
            dtypes: Output types; by default those of the signature.
            input_types: Accepted for compatibility; types come from the signature.
            name: The name, made unique; with a slash at the end it is taken as it is.
            attrs: Attributes as messages; missing ones take the op's default.
            op_def: Accepted for compatibility; the catalogue has the signature.
            compute_shapes: Accepted for compatibility; shapes are always inferred.
            compute_device: Whether device scopes apply.

        Raises:
            ValueError: Input shapes do not fit, or the name is malformed.
            RuntimeError: The graph is finalized.
        """
        del input_types, op_def, compute_shapes
        self.check_not_finalized()
        if self.outside is not None:
            moved = self.outside.moved(op_type, inputs, dtypes, name, attrs or {})
            if moved is not None:
                return moved
        inputs = self._own(inputs)
        with self._lock:
            full_name = self._new_name(op_type, name)
            declared = None if dtypes is None else tuple(map(as_dtype, dtypes))
            return self._add_op(
                op_type, tuple(inputs), declared, full_name, attrs or {}, compute_device
            )

    def _own(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return the inputs of a new operation as tensors of this graph."""
        are_own = True
        for position, tensor in enumerate(inputs):
            if not isinstance(tensor, Tensor):
                raise TypeError(f"Input #{position} is not a tensor: {tensor!r}")
            if tensor.op.graph is not self:
                if self.outside is None:
                    raise ValueError(f"{tensor} is not from this graph.")
                are_own = False
        if are_own or self.outside is None:
            return inputs
        return [self.outside.tensor(tensor) for tensor in inputs]

    def _new_name(self, op_type: str, name: str | bytes | None) -> str:
        asked = op_type if name is None else name
        if isinstance(asked, bytes):
            asked = asked.decode()
        if asked[-1:] == "/":
            full_name = asked[:-1]
            self._names.mark(full_name)
        else:
            full_name = self.unique_name(asked)
        graph_scopes.check_op_name(full_name)
        if full_name in self._store.index:
            raise ValueError(f"Duplicate node name in graph: '{full_name}'")
        return full_name

    def _add_op(
        self,
        op_type: str,
        inputs: tuple[Tensor, ...],
        dtypes: tuple[DType, ...] | None,
        name: str,
        attrs: Mapping[str, AttrValue],
        compute_device: bool,
    ) -> Operation:
        scopes = self._scopes
        control: list[Operation] = []
        if scopes.control:
            control = scopes.control_inputs_for(tuple(t.op for t in inputs))
        edges = [t._as_node_def_input() for t in inputs]  # noqa: SLF001
        definition = self.definition_of(op_type)
        if definition is not None and definition.deprecated_at_producer_version:
            check_not_removed(definition, self.graph_def_versions.producer)
        op_id = len(self._store)
        node = self._store.add(name, op_type, edges)
        if control:
            self.input_spellings.add_control(op_id, node, control)
        try:
            self._store.fill_attrs(op_id, attrs, definition)
            add_full_type(node, definition)
            op = Operation(self, op_id, node, inputs, definition)
            self._ops.append(op)
            self._types.append(dtypes)
            # Inside: `capture`, this, `create_op`.
            self._stacks.append(capture(depth=3))
            self._shapes.append(op)
            if self._consumers is not None:
                self._consumers.add(op)
        except BaseException:
            self._forget(op_id)
            raise
        if self._has_contexts:
            graph_scopes.apply_context(self, op)
        if scopes.control:
            scopes.record(op)
        graph_scopes.apply_scopes(scopes, op, compute_device)
        return op

    def _forget(self, count: int) -> None:
        """Return to the first `count` operations."""
        self._store.truncate(count)
        for items in (self._ops, self._types, self._stacks):
            del items[count:]
        self._shapes.truncate(count)
        self.input_spellings.truncate(count)
        self._consumers = None
        self._changes += 1

    def adopt_nodes(
        self,
        graph_def: GraphDef,
        stack: Marks,
        names: Sequence[str],
        types: Sequence[tuple[DType, ...] | None],
        unshaped: Iterable[int],
        op_types: Sequence[str],
        placed: Iterable[int],
        varied: Iterable[int],
        size_bytes: int | None = None,
    ) -> range:
        """Append the nodes of a checked message and return their positions.

        Nothing is validated here: `import_graph_def` does that. Undo with `rollback`.

        Args:
            graph_def: Must not be used by the caller afterwards.
            stack: Where the program imports them.
            names: The nodes' names.
            types: The types of every node's outputs, None where not known.
            unshaped: Which of the nodes come without shapes.
            op_types: The nodes' op types.
            placed: Which of the nodes have a device.
            varied: Which of them may have attributes that differ from their defaults.
            size_bytes: How large the message is encoded, where that is known.
        """
        self.check_not_finalized()
        with self._lock:
            start = self._store.adopt(
                graph_def, names, op_types, placed, varied, size_bytes
            )
            count = len(names)
            self._ops.extend([None] * count)
            self._shapes.extend(count, (start + position for position in unshaped))
            self._types.extend(types)
            self._stacks.extend([stack] * count)
            self._consumers = None
            self._names.add_later(names)
            self.functions.rebind(self._store.message.library)
            return range(start, start + count)

    def rollback(self, count: int) -> None:
        """Forget all operations after the first `count`; names stay taken."""
        with self._lock:
            self._forget(count)

    # -- operations by position, name and edge ---------------------------------------

    def operation_at(self, position: int) -> Operation:
        """Return the operation at a position of the order of creation."""
        op = self._ops[position]
        if op is None:
            with self._lock:
                op = self._ops[position]
                if op is None:
                    op = Operation(self, position, self._store.nodes[position])
                    self._ops[position] = op
        return op

    def operation_named(self, name: str) -> Operation:
        """Return an operation by name.

        Raises:
            KeyError: There is none.
        """
        return self.operation_at(self._store.index[name])

    def has_operation(self, name: str) -> bool:
        """Whether there is an operation of this name."""
        return name in self._store.index

    @property
    def node_count(self) -> int:
        """The number of operations."""
        return len(self._store)

    @property
    def stored_nodes(self) -> Sequence[NodeDef]:
        """The nodes in storage form, for reading only."""
        return self._store.nodes

    @property
    def stored_message(self) -> GraphDef:
        """The graph in storage form, for reading only."""
        return self._store.message

    def operation_names(self) -> Collection[str]:
        """Return the names of all operations, without making objects of them."""
        return self._store.index.keys()

    @property
    def operations(self) -> list[Operation]:
        """All operations in the order they were made."""
        return self.get_operations()

    def num_operations(self) -> int:
        """Return how many operations there are."""
        return len(self._store)

    def get_operations(self) -> list[Operation]:
        """Return all operations in the order they were made."""
        return [self.operation_at(i) for i in range(len(self._store))]

    def get_operation_by_name(self, name: str) -> Operation:
        """Return the operation `name`.

        Raises:
            KeyError: There is none.
            ValueError: `name` names a tensor.
            TypeError: `name` is no text.
        """
        if not isinstance(name, str):
            raise TypeError(
                f"Operation names are strings (or similar), not {type(name).__name__}."
            )
        found = self.as_graph_element(name, allow_tensor=False)
        assert isinstance(found, Operation)
        return found

    def get_tensor_by_name(self, name: str) -> Tensor:
        """Return the tensor `name` (`operation:index`).

        Raises:
            KeyError: There is none.
            ValueError: `name` is malformed or names an operation.
            TypeError: `name` is no text.
        """
        if not isinstance(name, str):
            raise TypeError(
                f"Tensor names are strings (or similar), not {type(name).__name__}."
            )
        found = self.as_graph_element(name, allow_operation=False)
        assert isinstance(found, Tensor)
        return found

    def as_graph_element(
        self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True
    ) -> Tensor | Operation:
        """Return the tensor or operation that `obj` is or names.

        Raises:
            KeyError: The name is not in the graph.
            ValueError: `obj` is of another graph, or the name is malformed.
            TypeError: `obj` is of a wrong kind.
        """
        return as_graph_element(self, obj, allow_tensor, allow_operation)

    def resolve_inputs(self, node: NodeDef) -> tuple[Tensor, ...]:
        """Return the tensors that the data inputs of a stored node name."""
        return node_edges.resolve_inputs(self, node)

    def consumers_of(self, tensor: Tensor) -> list[Operation]:
        """Return the operations that take `tensor`, in order of creation."""
        return self._edges().of(tensor)

    def control_outputs_of(self, op: Operation) -> list[Operation]:
        """Return the operations with a control input from `op`."""
        return self._edges().after(op)

    def _edges(self) -> node_edges.Consumers:
        with self._lock:
            if self._consumers is None:
                self._consumers = node_edges.Consumers(self)
            return self._consumers

    def add_control_inputs(self, op: Operation, before: Sequence[Operation]) -> None:
        """Make `op` run after the operations `before`."""
        with self._lock:
            node = self._store.nodes[op.op_id]
            self.input_spellings.add_control(op.op_id, node, before)
            self._edges_changed()

    def remove_control_inputs(self, op: Operation) -> None:
        """Remove all control inputs of `op`."""
        with self._lock:
            node = self._store.nodes[op.op_id]
            self.input_spellings.remove_control(op.op_id, node)
            self._edges_changed()

    def replace_input(self, op: Operation, index: int, tensor: Tensor) -> None:
        """Replace data input `index` of `op` in storage."""
        with self._lock:
            node = self._store.nodes[op.op_id]
            self.input_spellings.replace(op.op_id, node, index, tensor.name)
            self._edges_changed()

    def extend_inputs(self, op: Operation, tensors: Sequence[Tensor]) -> None:
        """Give an operation more data inputs; its attributes are changed besides."""
        with self._lock:
            node = self._store.nodes[op.op_id]
            self.input_spellings.extend(op.op_id, node, [t.name for t in tensors])
            op._inputs = (*op.inputs, *tensors)  # noqa: SLF001 - a view made here
            self._edges_changed()

    def _edges_changed(self) -> None:
        self._consumers = None
        self._changes += 1

    def place_of(self, name: str) -> CreationStack:
        """Where the operation of that name was made.

        Raises:
            KeyError: There is none.
        """
        return self.creation_stack(self._store.index[name])

    def creation_stack(self, position: int) -> CreationStack:
        """Where the operation at a position was made."""
        return CreationStack(self._stacks[position])

    # -- signatures, types and shapes ------------------------------------------------

    def definition_of(self, op_type: str) -> OpDef | None:
        """Return the signature of an op type, or None if nobody declared it."""
        if self._definitions:
            return self._definitions.get(op_type) or catalogue.get(op_type)
        return catalogue.get(op_type)

    def copy_definitions(self, other: Graph) -> None:
        """Add the signatures that another graph was told of."""
        self._definitions.update(other._definitions)

    def forget_op(self, name: str) -> None:
        """Remove a signature that `declare_op` added."""
        self._definitions.pop(name, None)

    # -- functions, under TensorFlow's names ------------------------------------------

    @property
    def _functions(self) -> Mapping[str, LibraryFunction]:
        return graph_functions.functions_of(self.functions)

    def _is_function(self, name: str | bytes) -> bool:
        return as_text(name) in self.functions

    def _get_function(self, name: str | bytes) -> LibraryFunction | None:
        return self.functions.function(as_text(name))

    def _add_function(self, function: Any) -> None:
        graph_functions.add_function(self, function)

    def _add_function_recursive(self, function: Any, overwrite: bool = False) -> None:
        graph_functions.add_function_recursive(self, function, overwrite)

    def _remove_function(self, name: str | bytes) -> None:
        graph_functions.remove_function(self, as_text(name))

    def add_function_shapes(self, graph_def: GraphDef) -> None:
        """Write the static shapes of functions into a copy of the graph."""
        graph_functions.add_function_shapes(self.functions, graph_def)

    def declare_op(self, definition: OpDef) -> None:
        """Add a signature that the catalogue does not have."""
        if catalogue.get(definition.name) is None:
            self._definitions.setdefault(definition.name, definition)

    def output_dtypes(self, op: Operation) -> tuple[DType, ...]:
        """Return the type of every output of `op`."""
        found = self._types[op.op_id]
        if found is None:
            found = output_types(self, op)
            self._types[op.op_id] = found
        return found

    def output_dims(self, op: Operation) -> tuple[Dims, ...]:
        """Return the static shape of every output, inferred when first asked for."""
        return self._shapes.of(op)

    def merge_output_shape(self, op: Operation, index: int, dims: Dims) -> None:
        """Add what is known of the shape of one output.

        Raises:
            ValueError: It contradicts what was known.
        """
        self._shapes.merge(op, index, dims)

    def extend_outputs(
        self, op: Operation, dtypes: Sequence[DType], dims: Sequence[Dims]
    ) -> None:
        """Give an operation more outputs, after its attributes have been changed."""
        with self._lock:
            shapes = (*self.output_dims(op), *dims)
            self._types[op.op_id] = (*self.output_dtypes(op), *dtypes)
            op.extend_outputs(dtypes)
            self._shapes.replace(op, shapes)
            self._consumers = None
            self._changes += 1

    def infer_all_shapes(self) -> None:
        """Infer what is not yet inferred, so that storage holds every shape."""
        self._shapes.store_all()

    # -- messages --------------------------------------------------------------------

    def as_graph_def(
        self,
        from_version: int | None = None,
        add_shapes: bool = False,
        use_pybind11_proto: bool = False,
    ) -> GraphDef:
        """Return the graph as a message.

        Args:
            from_version: Only operations added after the graph had this version.
            add_shapes: Whether nodes carry `_output_shapes`.
            use_pybind11_proto: Accepted for compatibility; the message is the same.
        """
        del use_pybind11_proto
        with self._lock:
            if add_shapes:
                self.infer_all_shapes()
            copied = self._store.copy(add_shapes, from_version or 0)
            if add_shapes:
                self.add_function_shapes(copied)
            return copied

    def note_attr_change(self, op_id: int) -> None:
        """Note that an attribute of an existing operation changed."""
        self._store.varied.add(op_id)
        self.touch()

    def place(self, op_id: int, device: str) -> None:
        """Request a device, given as text, for an operation; "" for none."""
        self._store.place(op_id, device)

    def survey(self) -> Survey:
        """Return what an export asks of all operations."""
        with self._lock:
            return self._store.survey()

    # -- names and scopes ------------------------------------------------------------

    def control_dependencies(self, control_inputs: Any) -> AbstractContextManager[None]:
        """Open a block whose operations run after `control_inputs`."""
        return graph_scopes.control_dependencies(self, control_inputs)

    def as_default(self) -> AbstractContextManager[Graph]:
        """Make this the default graph of a block."""
        from metagraft.graph.defaults import default_graph

        return default_graph(self)

    def switch_to_thread_local(self) -> None:
        """Do nothing: open scopes always belong to the thread that opened them."""
