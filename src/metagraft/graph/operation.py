"""An `Operation`: a view of one node of a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from metagraft.graph import catalogue
from metagraft.graph.attrs import Attrs, decode
from metagraft.graph.dtypes import DType
from metagraft.graph.op_spec import spec_for
from metagraft.graph.scope_names import COLOCATION
from metagraft.graph.shapes import Dims, dims_to_proto
from metagraft.graph.tensor import Tensor
from metagraft.proto import AttrValue, FullTypeDef, FullTypeId, NodeDef
from metagraft.proto import OpDef as OpDefProto

if TYPE_CHECKING:
    from metagraft.graph.control_flow_context import ControlFlowContext
    from metagraft.graph.graph import Graph

OUTPUT_SHAPES = "_output_shapes"


class Operation:
    """One node of a graph. `NodeDef` is its storage; this object only reads it.

    Source: tensorflow python/framework/ops.py Operation.
    """

    __slots__ = (
        "__dict__",  # for what programs note on operations
        "__weakref__",
        "_attrs",
        "_control_flow_context",
        "_control_inputs",
        "_definition",
        "_graph",
        "_id",
        "_inputs",
        "_node",
        "_outputs",
        "_record",
    )

    def __init__(
        self,
        graph: Graph,
        op_id: int,
        node: NodeDef,
        inputs: tuple[Tensor, ...] | None = None,
        definition: catalogue.OpDef | None = None,
    ) -> None:
        """View node `op_id` of `graph`; used by `Graph`.

        Args:
            graph: The graph.
            op_id: Which of its nodes.
            node: The node in storage.
            inputs: What it takes, if that is known already.
            definition: Its signature, if that is known already.
        """
        self._graph = graph
        self._id = op_id
        self._node = node
        self._inputs = inputs
        self._control_inputs: list[Operation] | None = None
        self._outputs: list[Tensor] | None = None
        self._attrs: Attrs | None = None
        self._definition = definition
        self._record: Any = None
        self._control_flow_context: ControlFlowContext | None = None

    # -- what it is ----------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """The graph that holds this operation."""
        return self._graph

    @property
    def op_id(self) -> int:
        """Position in the graph's order of creation."""
        return self._id

    @property
    def _id_value(self) -> int:
        return self._id

    @property
    def name(self) -> str:
        """The full name."""
        return self._node.name

    @property
    def type(self) -> str:
        """The op type, such as `MatMul`."""
        return self._node.op

    @property
    def device(self) -> str:
        """The requested device; empty if none."""
        return self._node.device

    @property
    def node_def(self) -> NodeDef:
        """A copy of the stored node, inputs as told, without inferred shapes."""
        node = NodeDef()
        node.CopyFrom(self._node)
        told = self._graph.input_spellings.told.get(self._id)
        if told is not None:
            node.input[:] = told
        node.attr.pop(OUTPUT_SHAPES, None)
        return node

    @property
    def definition(self) -> catalogue.OpDef | None:
        """The signature of the op type, or None if it is not known."""
        if self._definition is None:
            self._definition = self._graph.definition_of(self._node.op)
        return self._definition

    @property
    def op_def(self) -> OpDefProto | None:
        """The signature of the op type as a message, or None if it is not known."""
        definition = self.definition
        return None if definition is None else definition.to_proto()

    @property
    def is_stateful(self) -> bool:
        """Whether the op type has state or effects."""
        definition = self.definition
        return definition is None or definition.is_stateful

    _is_stateful = is_stateful

    # -- edges ---------------------------------------------------------------------

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The tensors it takes, list arguments spread out."""
        if self._inputs is None:
            self._inputs = self._graph.resolve_inputs(self._node)
        return self._inputs

    @property
    def control_inputs(self) -> list[Operation]:
        """The operations that run before it without giving it data, as they came."""
        if self._control_inputs is None:
            graph = self._graph
            told = graph.input_spellings.told.get(self._id, self._node.input)
            self._control_inputs = [
                graph.operation_named(text[1:])
                for text in dict.fromkeys(told)
                if text[0] == "^"
            ]
        return list(self._control_inputs)

    @property
    def _control_outputs(self) -> list[Operation]:
        return self._graph.control_outputs_of(self)

    @property
    def outputs(self) -> list[Tensor]:
        """The tensors it makes."""
        if self._outputs is None:
            dtypes = self._graph.output_dtypes(self)
            self._outputs = [Tensor(self, i, d) for i, d in enumerate(dtypes)]
        return self._outputs

    def extend_outputs(self, dtypes: Sequence[DType]) -> None:
        """Append outputs; used by `Graph.extend_outputs`."""
        outputs = self.outputs
        start = len(outputs)
        outputs.extend(Tensor(self, start + i, d) for i, d in enumerate(dtypes))

    @property
    def output_dims(self) -> Sequence[Dims]:
        """The static shape of every output."""
        return self._graph.output_dims(self)

    def values(self) -> tuple[Tensor, ...]:
        """Return the outputs."""
        return tuple(self.outputs)

    # -- attributes ----------------------------------------------------------------

    @property
    def attrs(self) -> Mapping[str, Any]:
        """Attributes as Python values, defaults filled in."""
        if self._attrs is None:
            self._attrs = Attrs(self._node, self.definition)
        return self._attrs

    @property
    def record(self) -> Any:
        """Attributes as the op's spec reads them; a mapping without a reader."""
        if self._record is None:
            spec = spec_for(self.type)
            self._record = (
                self.attrs
                if spec is None or spec.attrs is None
                else spec.attrs(self.attrs)
            )
        return self._record

    def get_attr(self, name: str) -> Any:
        """Return one attribute as a Python value.

        Shapes come as `TensorShapeProto`, as in TensorFlow; types as `DType`.

        Raises:
            ValueError: There is no such attribute.
        """
        value: AttrValue | None = None
        if name in self._node.attr and name != OUTPUT_SHAPES:
            value = self._node.attr[name]
        else:
            definition = self.definition
            declared = definition.attr(name) if definition is not None else None
            if declared is not None and declared.has_default:
                value = declared.default
        if value is None:
            raise ValueError(f"Operation '{self.name}' has no attr named '{name}'.")
        kind = value.WhichOneof("value")
        if kind == "shape":
            return value.shape
        try:
            decoded = decode(value)
        except TypeError as error:
            raise TypeError(
                f"Attribute '{name}' of node '{self.name}': {error}"
            ) from error
        if kind == "list" and len(value.list.shape):
            return [dims_to_proto(d) for d in decoded]
        return decoded

    def experimental_set_type(self, type_proto: Any) -> None:
        """Set the full types of the outputs, which only files tell of.

        Args:
            type_proto: A `FullTypeDef`, a product of one type for every output.

        Raises:
            ValueError: It is another type than a product.
        """
        self._graph.check_not_finalized()
        given = FullTypeDef.FromString(type_proto.SerializeToString())
        if given.type_id not in (FullTypeId.TFT_UNSET, FullTypeId.TFT_PRODUCT):
            raise ValueError(
                f"error setting the type of {self.name}: expected TFT_UNSET or "
                f"TFT_PRODUCT, got {given.type_id}"
            )
        self._node.experimental_type.CopyFrom(given)
        self._graph.note_attr_change(self._id)

    def _set_attr(self, name: str, value: AttrValue) -> None:
        self._graph.check_not_finalized()
        self._node.attr[name].CopyFrom(value)
        self._attrs = None
        self._record = None
        self._graph.note_attr_change(self._id)

    def _clear_attr(self, name: str) -> None:
        self._node.attr.pop(name, None)
        self._attrs = None
        self._record = None
        self._graph.note_attr_change(self._id)

    def _set_device(self, device: Any) -> None:
        from metagraft.graph.devices import device_text

        self._graph.place(self._id, device_text(device))

    def _set_device_from_string(self, device: str) -> None:
        self._graph.place(self._id, device)

    def colocation_groups(self) -> list[bytes]:
        """The `loc:@name` entries; by default the operation's own."""
        entries = (
            self._node.attr["_class"].list.s if "_class" in self._node.attr else ()
        )
        groups = [e for e in entries if e.startswith(COLOCATION)]
        return groups or [COLOCATION + self.name.encode()]

    def _add_control_input(self, op: Operation) -> None:
        self._add_control_inputs([op])

    def _add_control_inputs(self, ops: Sequence[Operation]) -> None:
        for op in ops:
            if not isinstance(op, Operation):
                raise TypeError(f"op must be an Operation: {op!r}")
            if op.graph is not self._graph:
                raise ValueError(f"{op.name} must be of the same graph as {self.name}")
        self._graph.add_control_inputs(self, ops)
        self._control_inputs = None

    def _remove_all_control_inputs(self) -> None:
        self._graph.remove_control_inputs(self)
        self._control_inputs = None

    def _update_input(self, index: int, tensor: Tensor) -> None:
        """Replace data input `index`."""
        inputs = list(self.inputs)
        inputs[index] = tensor
        self._graph.replace_input(self, index, tensor)
        self._inputs = tuple(inputs)

    def _get_control_flow_context(self) -> ControlFlowContext | None:
        """The branch or loop it belongs to."""
        return self._control_flow_context

    def _set_control_flow_context(self, context: ControlFlowContext | None) -> None:
        self._control_flow_context = context

    # -- where it comes from, and running it -----------------------------------------

    @property
    def traceback(self) -> list[tuple[str, int, str, str]]:
        """Where it was made: (file, line, function, source line), outermost first."""
        return self._graph.creation_stack(self._id).format()

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Run this operation in a session.

        Raises:
            ValueError: There is no session, or it is for another graph.
        """
        from metagraft.graph.defaults import session_for

        session_for(session, self.graph, "execute operation").run(self, feed_dict)

    def __str__(self) -> str:
        """Show the node as text."""
        return str(self.node_def)

    def __repr__(self) -> str:
        """Format as TensorFlow does."""
        return f"<tf.Operation '{self.name}' type={self.type}>"
