"""`metagraft.register_op`: signature, kernel and gradient of an op of one's own."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, Self

from google.protobuf.message import Message

from metagraft.gradients.registry import place_of_gradient
from metagraft.graph import catalogue, registered_ops
from metagraft.graph.catalogue import OpDef
from metagraft.graph.derived_definition import DerivedDefinitions
from metagraft.graph.function_body import CALLED
from metagraft.graph.graph import Graph
from metagraft.graph.import_explanations import is_attr_type
from metagraft.graph.import_signatures import definition_from_message
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    NOT_DIFFERENTIABLE,
    GradientRule,
    NoGradient,
    OpSpec,
    ShapeFunction,
    Shapes,
    spec_for,
)
from metagraft.graph.registered_ops import ORIGIN, RegisteredOp
from metagraft.graph.shapes import Dims, as_dims
from metagraft.graph.signature_text import format_signature
from metagraft.kernels import kernel_for
from metagraft.meta_graph.model_files import read_model
from metagraft.proto import DataType, GraphDef, MetaGraphDef
from metagraft.proto import OpDef as OpDefMessage
from metagraft.proto.coercion import as_message
from metagraft.proto.text import parse_text
from metagraft.runtime.registered_kernel import registered_kernel
from metagraft.runtime.state_ops import STATE_OPS

_CURRENT: Final = "tf-"  # how the origin of signatures of the current release begins


class Registration:
    """An op that is registered, until `unregister` or the end of a `with` block."""

    __slots__ = ("_op",)

    def __init__(self, op: RegisteredOp) -> None:
        """Hold an op that was registered."""
        self._op = op

    @property
    def op_type(self) -> str:
        """The op type."""
        return self._op.definition.name

    @property
    def op_def(self) -> OpDefMessage:
        """The signature."""
        return self._op.definition.to_proto()

    def unregister(self) -> None:
        """Take the op away; nothing happens if that was done."""
        if registered_ops.registered(self.op_type) is self._op:
            registered_ops.remove(self.op_type)

    def __enter__(self) -> Self:
        """Open a block in which the op is registered."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the op away."""
        self.unregister()

    def __repr__(self) -> str:
        """Show the signature."""
        return f"<Registration {format_signature(self.op_def)}>"


def register_op(
    op_def: Any,
    kernel: Callable[..., Any] | None = None,
    *,
    derived_from: Any = None,
    host: bool = False,
    static: Sequence[str] = (),
    shape: Callable[..., Sequence[Any]] | None = None,
    gradient: Callable[..., Any] | None = None,
    differentiable: bool = True,
) -> Registration:
    """Register an op: from now on it can be imported, built, run and differentiated.

    Register before the graphs that use the op are imported. The registration is the
    process's; what a session planned with an op that is taken away is planned again.

    Args:
        op_def: The signature: an `OpDef`, ours or TensorFlow's; its text (`name:
            "Zebra" input_arg {...} ...`); or the op type alone, of an op that is in the
            catalogue but has no kernel, or with `derived_from`.
        kernel: `kernel(attrs, *inputs)` returns the output, or a tuple of all outputs
            in their order. `attrs` maps names to Python values. An input is an array,
            or a tuple of arrays for an argument that is a list. Arrays are NumPy's or
            JAX's; `metagraft.array_namespace(*arrays)` returns the library that fits.
            Without a kernel the op can be built but not run.
        derived_from: Where the signature is taken from if `op_def` is an op type: a
            graph with nodes of it, as a `Graph`, `GraphDef`, `MetaGraphDef` or path.
            Inputs are called `input_0`, ..., and types are those that meet there.
        host: The kernel runs as it is, on NumPy arrays, and is never traced by JAX. So
            it may have effects, loop over elements, or make outputs whose shapes depend
            on values. The elements of string arrays are bytes objects.
        static: Inputs whose values the kernel must know while it is traced, such as
            shapes; these are always NumPy arrays.
        shape: `shape(attrs, inputs)` returns the shape of every output. `inputs` has
            the shapes of the inputs, as tuples with None for what is not known, None
            for an unknown rank; `inputs.value(i)` is a constant, `inputs.dtype(i)` a
            type.
            Without it nothing is known of the outputs' shapes.
        gradient: `gradient(op, *gradients)`, as for `tf.RegisterGradient`.
        differentiable: False if inputs never have gradients; only without `gradient`.

    Returns:
        What takes the op away again: at the end of a `with` block, or by `unregister`.

    Raises:
        ValueError: The op is registered, has a kernel or gradient already, or its
            signature is not valid, or cannot be derived.
        TypeError: An argument is of a wrong kind.
    """
    definition = _definition(op_def, derived_from)
    known = spec_for(definition.name)
    _check_free(definition)
    if gradient is not None or not differentiable:
        _check_no_gradient(definition.name, gradient is not None, differentiable)
    names = {arg.name for arg in definition.inputs}
    if not names.issuperset(static):
        raise ValueError(
            f"Op '{definition.name}': static names {sorted(set(static) - names)}, but "
            f"the inputs are {sorted(names)}."
        )
    frame = traceback.extract_stack(limit=2)[0]
    op = RegisteredOp(
        definition,
        OpSpec(
            name=definition.name,
            shape=_shape_function(shape, known),
            gradient=_gradient_rule(gradient, differentiable, known),
            source="registered by the program",
        ),
        None
        if kernel is None
        else registered_kernel(definition, kernel, host, tuple(static)),
        f"{frame.filename}:{frame.lineno}",
    )
    registered_ops.add(op)
    return Registration(op)


def unregister_op(op_type: str) -> None:
    """Take away an op that `register_op` registered.

    Args:
        op_type: The op type.

    Raises:
        KeyError: It is not registered.
    """
    registered_ops.remove(op_type)


# -- signatures ------------------------------------------------------------------------


def _definition(op_def: Any, derived_from: Any) -> OpDef:
    if isinstance(op_def, str) and not set(op_def) & set(':{ \n"'):
        if derived_from is None:
            return _catalogued(op_def)
        message = _derived(op_def, derived_from)
    elif derived_from is not None:
        raise ValueError("derived_from goes with an op type, not with a signature.")
    elif isinstance(op_def, str):
        try:
            message = parse_text(op_def, OpDefMessage)
        except ValueError as error:
            raise ValueError(f"The signature is {error}") from error
    else:
        message = as_message(op_def, OpDefMessage)
    _check_signature(message)
    return replace(definition_from_message(message), origin=ORIGIN)


def _catalogued(op_type: str) -> OpDef:
    known = catalogue.get(op_type)
    if known is None:
        raise ValueError(
            f"Op '{op_type}' is not in the catalogue; give its signature, or a graph "
            "that has nodes of it as derived_from."
        )
    return known


def _derived(op_type: str, source: Any) -> OpDefMessage:
    if isinstance(source, str | bytes | os.PathLike):
        meta_graph_defs = read_model(source).meta_graphs
    elif isinstance(source, Graph):
        meta_graph_defs = (MetaGraphDef(graph_def=source.as_graph_def()),)
    elif isinstance(source, Message) and source.DESCRIPTOR.name == "GraphDef":
        meta_graph_defs = (MetaGraphDef(graph_def=as_message(source, GraphDef)),)
    else:
        meta_graph_defs = (as_message(source, MetaGraphDef),)
    for meta_graph_def in meta_graph_defs:
        for listed in meta_graph_def.meta_info_def.stripped_op_list.op:
            if listed.name == op_type:
                return listed
    for meta_graph_def in meta_graph_defs:
        graph_def = meta_graph_def.graph_def
        for nodes in (
            graph_def.node,
            *(f.node_def for f in graph_def.library.function),
        ):
            if any(node.op == op_type for node in nodes):
                return DerivedDefinitions(nodes).derive(op_type)
    raise ValueError(f"derived_from has no node of type '{op_type}'.")


def _check_signature(message: OpDefMessage) -> None:
    if not message.name:
        raise ValueError("The signature has no name.")
    attrs = {attr.name: attr.type for attr in message.attr}
    shown = format_signature(message)
    for name, kind in attrs.items():
        if not is_attr_type(kind):
            raise ValueError(f"{shown}: attribute '{name}' has unknown type '{kind}'.")
    for arg in (*message.input_arg, *message.output_arg):
        wanted = {
            arg.type_attr: "type",
            arg.number_attr: "int",
            arg.type_list_attr: "list(type)",
        }
        for name, kind in wanted.items():
            if name and attrs.get(name) != kind:
                raise ValueError(
                    f"{shown}: '{arg.name}' refers to attribute '{name}', which is "
                    f"{attrs.get(name, 'missing')} and not {kind}."
                )
        has_type = arg.type != DataType.DT_INVALID
        if not (has_type or arg.type_attr or arg.type_list_attr):
            raise ValueError(
                f"{shown}: the type of '{arg.name}' is not known; give the signature "
                "with its type."
            )


def _check_free(definition: OpDef) -> None:
    """Check that nothing that is there already would be replaced."""
    name = definition.name
    if registered_ops.registered(name) is not None:
        return  # `add` says so, and where
    if kernel_for(name) is not None or name in STATE_OPS or name in CALLED:
        raise ValueError(f"Op '{name}' has a kernel already; it cannot be replaced.")
    catalogued = catalogue.get(name)
    if (
        catalogued is not None
        and catalogued.origin.startswith(_CURRENT)
        and (catalogued.inputs, catalogued.outputs)
        != (definition.inputs, definition.outputs)
    ):
        raise ValueError(
            f"Op '{name}' is TensorFlow's, with another signature: "
            f"{format_signature(catalogued.to_proto())}. Register it by its name."
        )


def _check_no_gradient(op_type: str, is_given: bool, differentiable: bool) -> None:
    if is_given and not differentiable:
        raise ValueError(
            f"Op '{op_type}': a gradient is given, and differentiable=False."
        )
    place = place_of_gradient(op_type)
    if place is not None and registered_ops.registered(op_type) is None:
        raise ValueError(f"Op '{op_type}' has a gradient already, from {place}.")


# -- meaning ---------------------------------------------------------------------------


def _shape_function(
    function: Callable[..., Sequence[Any]] | None, known: OpSpec | None
) -> ShapeFunction | None:
    if function is None:
        return None if known is None else known.shape

    def rule(attrs: Mapping[str, Any], inputs: Shapes) -> tuple[Dims, ...]:
        found = tuple(as_dims(shape) for shape in function(attrs, inputs))
        count = len(inputs.op.graph.output_dtypes(inputs.op))
        if len(found) != count:
            raise ValueError(
                f"The shape function gave {len(found)} shapes for {count} outputs"
            )
        return found

    return rule


def _gradient_rule(
    function: Callable[..., Any] | None, differentiable: bool, known: OpSpec | None
) -> GradientRule | NoGradient:
    if function is None:
        if not differentiable:
            return NOT_DIFFERENTIABLE
        return NO_RULE_YET if known is None else known.gradient

    def rule(_: Any, op: Any, *gradients: Any) -> Any:
        return function(op, *gradients)

    return rule
