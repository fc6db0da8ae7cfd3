"""Adding a node from Python arguments: the one way by which functions build graphs.

Arguments are matched with the op's signature: inputs become tensors (constants are
named after the argument, inside the new node's scope), type and length attributes
follow from them, other attributes are encoded as declared.

Source: tensorflow python/framework/op_def_library.py.
"""

from __future__ import annotations

import re
from collections import namedtuple
from functools import cache
from typing import Any

from metagraft.errors import UnimplementedError
from metagraft.graph import catalogue
from metagraft.graph.argument_lists import split_by_argument
from metagraft.graph.attrs import encode
from metagraft.graph.catalogue import ArgDef, AttrDef, OpDef
from metagraft.graph.conversion import convert_n_to_tensor, convert_to_tensor
from metagraft.graph.defaults import (
    executing_eagerly,
    get_default_graph,
    graph_of,
)
from metagraft.graph.deprecated_ops import check_not_removed
from metagraft.graph.dtypes import DType, as_dtype, from_enum
from metagraft.graph.graph import Graph
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor
from metagraft.proto import AttrValue


def op(op_type: str, /, *, name: str | None = None, **arguments: Any) -> Any:
    """Add a node and return its outputs.

    Returns:
        The output tensor; a named tuple of tensors and lists, by output argument, if
        there are several; a list for one list-valued output; the operation if there is
        none.

    Raises:
        TypeError: An argument is missing, unknown or of a wrong type.
        ValueError: A value or the input shapes are not allowed.
    """
    made = apply_op(op_type, name=name, **arguments)
    definition = made.definition
    assert definition is not None
    return outputs_of(made, definition)


def apply_op(
    op_type: str, /, *, name: str | None = None, **arguments: Any
) -> Operation:
    """Add a node and return the operation; see `op`."""
    definition = catalogue.get(op_type)
    if definition is None:
        raise RuntimeError(f"Unrecognized Op name {op_type}")
    graph = _graph_for(definition, arguments)
    if graph is not get_default_graph():
        with graph.as_default():
            return apply_op(op_type, name=name, **arguments)
    if executing_eagerly():
        raise UnimplementedError(
            None,
            None,
            f"Eager execution of {op_type} is not built; open a graph with"
            " `with tf.Graph().as_default():`.",
        )
    if definition.deprecated_at_producer_version is not None:
        _check_not_removed(graph, definition, arguments)
    call = _Call(definition, arguments)
    asked = name or op_type
    if asked[-1] == "/" and asked[:-1] == graph.scopes.name_stack:
        call.bind()  # the caller has opened the scope
        return _create(graph, call, asked, call.references)
    with graph.name_scope(asked) as scope:
        call.bind()
        return _create(graph, call, scope, call.references)


def _check_not_removed(
    graph: Graph, definition: OpDef, arguments: dict[str, Any]
) -> None:
    """Refuse an op that is gone before its inputs are looked at, not its attributes."""
    inputs = {arg.name for arg in definition.inputs}
    missing = sorted(inputs - arguments.keys())
    if missing:
        raise TypeError(
            f"No argument for input {missing[0]} found in {definition.name}"
        )
    for key in sorted(arguments.keys() - inputs):
        declared = definition.attr(key)
        if declared is None:
            raise TypeError(
                f"{definition.name} got unexpected keyword arguments: {key}."
            )
        if arguments[key] is not None:
            encode(arguments[key], declared.type, key)
    try:
        check_not_removed(definition, graph.graph_def_versions.producer)
    except UnimplementedError as error:
        raise NotImplementedError(error.message) from error


def _graph_for(definition: OpDef, arguments: dict[str, Any]) -> Graph:
    values: list[Any] = []
    for arg in definition.inputs:
        value = arguments.get(arg.name)
        if isinstance(value, (list, tuple)):
            values.extend(value)
        else:
            values.append(value)
    return graph_of(values)


def _create(
    graph: Graph, call: _Call, scope: str, references: list[Tensor]
) -> Operation:
    if references:
        with graph.colocate_with(references[0]):
            return _create(graph, call, scope, references[1:])
    return graph.create_op(
        call.definition.name,
        call.inputs,
        call.output_types(),
        name=scope,
        attrs=call.messages,
    )


def outputs_of(made: Operation, definition: OpDef) -> Any:
    """Return the outputs of an operation, structured by the op's output arguments."""
    outputs = made.outputs
    if not definition.outputs:
        return made
    if len(definition.outputs) == 1 and not definition.outputs[0].is_list:
        return outputs[0]
    structured = [
        part if arg.is_list else part[0]
        for arg, part in split_by_argument(outputs, definition.outputs, made.attrs)
    ]
    if len(structured) == 1:
        return structured[0]
    return _record(definition.name, tuple(arg.name for arg in definition.outputs))(
        *structured
    )


@cache
def _record(op_type: str, names: tuple[str, ...]) -> Any:
    """Return the class of an op's outputs, as users see it."""
    # A program's op may name its outputs and itself as it likes.
    return namedtuple(re.sub(r"\W", "_", op_type), names, rename=True)


def python_name(op_type: str) -> str:
    """Return the name of the Python function of an op: `QueueSizeV2`, queue_size_v2."""
    apart = re.sub(r"([A-Z\d]+)([A-Z][a-z])", r"\1_\2", op_type)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", apart).lower()


@cache
def _type_message(dtype: DType) -> AttrValue:
    return AttrValue(type=dtype.as_datatype_enum)


class _Call:
    """One call of an op: arguments on the way to inputs and attributes."""

    __slots__ = (
        "arguments",
        "definition",
        "inferred",
        "inputs",
        "messages",
        "references",
        "source",
    )

    def __init__(self, definition: OpDef, arguments: dict[str, Any]) -> None:
        self.definition = definition
        self.arguments = arguments
        self.inputs: list[Tensor] = []
        self.references: list[Tensor] = []
        # Attributes that follow from inputs: a DType, a list of them, or a length.
        self.inferred: dict[str, Any] = {}
        self.source: dict[str, str] = {}
        self.messages: dict[str, AttrValue] = {}

    @property
    def _op(self) -> str:
        return self.definition.name

    def bind(self) -> None:
        """Turn all arguments into inputs and attributes.

        If an input is refused, an attribute that is none of its kind counts first, as
        TensorFlow's functions look at those before they convert anything.
        """
        try:
            self._bind_inputs()
        except (TypeError, ValueError):
            self._check_kinds()
            raise
        self._bind_attributes()

    # -- inputs ----------------------------------------------------------------------

    def _bind_inputs(self) -> None:
        for arg in self.definition.inputs:
            key = arg.name if arg.name in self.arguments else f"{arg.name}_"
            if key not in self.arguments:
                raise TypeError(f"No argument for input {arg.name} found in {self._op}")
            value = self.arguments.pop(key)
            if type(value) is Tensor and self._takes(arg, value.dtype.base_dtype):
                self.inputs.append(value)
                continue
            if arg.is_list:
                tensors = self._convert_list(arg, value)
            else:
                tensors = [self._convert_one(arg, value)]
            self._infer(arg, tensors)
            if arg.is_ref and not all(t.dtype.is_ref for t in tensors):
                raise TypeError(
                    f"'{self._op}' Op requires that input '{arg.name}' be a mutable"
                    " tensor (e.g.: a tf.Variable)"
                )
            self.inputs.extend(tensors)
            if arg.is_ref:
                self.references += tensors[:1]  # the first of a list stands for it

    def _takes(self, arg: ArgDef, dtype: DType) -> bool:
        """Whether a tensor of that type may be bound as it is; the common case."""
        if arg.is_ref or arg.is_list:
            return False
        if arg.type:
            return dtype.as_datatype_enum == arg.type
        known = self.inferred.get(arg.type_attr)
        if known is None:
            self._infer_type(arg, dtype)
            return True
        return known is dtype

    def _convert_one(self, arg: ArgDef, value: Any) -> Tensor:
        dtype = self._known_type(arg)
        if type(value) is Tensor and dtype is None:
            return value
        try:
            if dtype is not None:
                return convert_to_tensor(value, dtype, arg.name, as_ref=arg.is_ref)
            return self._convert_with_default(arg, value)
        except TypeError as error:
            if dtype is None:
                raise
            raise TypeError(
                f"Expected {dtype.name} passed to parameter '{arg.name}' of op"
                f" '{self._op}', got {value!r} of type '{type(value).__name__}'"
                f" instead. Error: {error}"
            ) from error
        except ValueError as error:
            raise self._mismatch(arg, value, error) from error

    def _known_type(self, arg: ArgDef) -> DType | None:
        if arg.type:
            return from_enum(arg.type)
        found: DType | None = self.inferred.get(arg.type_attr)
        return found

    def _convert_with_default(self, arg: ArgDef, value: Any) -> Tensor:
        declared = self.definition.attr(arg.type_attr)
        default = None
        if declared is not None and declared.has_default and declared.default:
            default = from_enum(declared.default.type)
        if default is not None and declared is not None and declared.allowed:
            try:
                tensor = convert_to_tensor(value, None, arg.name, as_ref=arg.is_ref)
            except TypeError:
                pass
            else:
                if int(tensor.dtype.base_dtype) in declared.allowed:
                    return tensor
        return convert_to_tensor(
            value, None, arg.name, preferred_dtype=default, as_ref=arg.is_ref
        )

    def _mismatch(self, arg: ArgDef, value: Any, error: Exception) -> Exception:
        try:
            observed = convert_to_tensor(value, as_ref=arg.is_ref).dtype.name
        except ValueError:
            return ValueError(
                f"Tried to convert '{arg.name}' to a tensor and failed. Error: {error}"
            )
        prefix = (
            f"Input '{arg.name}' of '{self._op}' Op has type {observed} that does not"
            " match"
        )
        if arg.type:
            return TypeError(f"{prefix} expected type of {from_enum(arg.type).name}.")
        expected = self.inferred.get(arg.type_attr)
        if expected is None:
            return error
        return TypeError(
            f"{prefix} type {expected.name} of argument '{self.source[arg.type_attr]}'."
        )

    def _convert_list(self, arg: ArgDef, values: Any) -> list[Tensor]:
        if not isinstance(values, (list, tuple)):
            # TF: checks lists of one type in the function of the op, others below it.
            is_uniform = bool(arg.number_attr)
            name = python_name(self._op) if is_uniform else self._op
            shown = repr(values) if is_uniform else str(values)
            raise TypeError(
                f"Expected list for '{arg.name}' argument to '{name}' Op, not {shown}."
            )
        dtype = self._known_type(arg)
        default = None
        if arg.number_attr and dtype is None:
            tensor = next((v for v in values if isinstance(v, Tensor)), None)
            dtype = None if tensor is None else tensor.dtype
            declared = self.definition.attr(arg.type_attr)
            if dtype is None and declared is not None and declared.default:
                default = from_enum(declared.default.type)
        if dtype is not None and not arg.is_ref:
            dtype = dtype.base_dtype
        try:
            tensors = convert_n_to_tensor(
                values, dtype, arg.name, default, as_ref=arg.is_ref
            )
        except (TypeError, ValueError) as error:
            raise self._list_mismatch(arg, values, dtype) from error
        if arg.number_attr and len({t.dtype.base_dtype for t in tensors}) > 1:
            raise self._list_mismatch(arg, values, dtype)
        return tensors

    def _list_mismatch(
        self, arg: ArgDef, values: Any, dtype: DType | None
    ) -> TypeError:
        observed = []
        for value in values:
            try:
                found = convert_to_tensor(value, as_ref=arg.is_ref)
                observed.append(found.dtype.base_dtype.name)
            except (TypeError, ValueError):
                observed.append("<NOT CONVERTIBLE TO TENSOR>")
        prefix = (
            f"Tensors in list passed to '{arg.name}' of '{self._op}' Op have types"
            f" [{', '.join(observed)}]"
        )
        if not arg.number_attr:
            return TypeError(f"{prefix} that are invalid. Tensors: {values}")
        if arg.type and dtype is not None:
            return TypeError(f"{prefix} that do not match expected type {dtype.name}.")
        if arg.type_attr in self.inferred and dtype is not None:
            return TypeError(
                f"{prefix} that do not match type {dtype.name} inferred from earlier"
                " arguments."
            )
        return TypeError(f"{prefix} that don't all match.")

    # -- attributes that follow from inputs ------------------------------------------

    def _infer(self, arg: ArgDef, tensors: list[Tensor]) -> None:
        types = [t.dtype.base_dtype for t in tensors]
        if arg.number_attr:
            self._infer_length(arg, len(tensors))
            if arg.type_attr:
                if types:
                    self._infer_type(arg, types[0])
                elif arg.type_attr not in self.inferred:
                    self._require_default_type(arg)
        elif arg.type_attr:
            self._infer_type(arg, types[0])
        elif arg.type_list_attr:
            self._infer_type_list(arg, types)

    def _infer_length(self, arg: ArgDef, length: int) -> None:
        key = arg.number_attr
        known = self.inferred.get(key)
        if known is None:
            declared = self.definition.attr(key)
            minimum = None if declared is None else declared.minimum
            if minimum is not None and length < minimum:
                raise ValueError(
                    f"List argument '{arg.name}' to '{self._op}' Op with length"
                    f" {length} shorter than minimum length {minimum}."
                )
            self.inferred[key] = length
            self.source[key] = arg.name
        elif known != length:
            raise ValueError(
                f"List argument '{arg.name}' to '{self._op}' Op with length {length}"
                f" must match length {known} of argument '{self.source[key]}'."
            )

    def _infer_type(self, arg: ArgDef, dtype: DType) -> None:
        key = arg.type_attr
        known = self.inferred.get(key)
        if known is None:
            self._check_allowed(arg.name, key, dtype)
            self.inferred[key] = dtype
            self.source[key] = arg.name
        elif known is not dtype:
            raise TypeError(
                f"Input '{arg.name}' of '{self._op}' Op has type {dtype.name} that does"
                f" not match type {known.name} of argument '{self.source[key]}'."
            )

    def _infer_type_list(self, arg: ArgDef, types: list[DType]) -> None:
        key = arg.type_list_attr
        known = self.inferred.get(key)
        if known is None:
            for dtype in types:
                self._check_allowed(arg.name, key, dtype)
            self.inferred[key] = types
            self.source[key] = arg.name
        elif known != types:
            raise TypeError(
                f"Input '{arg.name}' of '{self._op}' Op has type list of"
                f" {', '.join(t.name for t in types)} that does not match type list"
                f" {', '.join(t.name for t in known)} of argument"
                f" '{self.source[key]}'."
            )

    def _check_allowed(self, input_name: str, key: str, dtype: DType) -> None:
        declared = self.definition.attr(key)
        allowed = None if declared is None else declared.allowed
        if allowed and dtype.as_datatype_enum not in allowed:
            names = ", ".join(from_enum(int(n)).name for n in allowed)
            raise TypeError(
                f"Value passed to parameter '{input_name}' has DataType {dtype.name}"
                f" not in list of allowed values: {names}"
            )

    def _require_default_type(self, arg: ArgDef) -> None:
        declared = self.definition.attr(arg.type_attr)
        if declared is None or not declared.has_default:
            raise TypeError(
                "Don't know how to infer type variable from empty input list passed to"
                f" input '{arg.name}' of '{self._op}' Op."
            )

    # -- the other attributes ----------------------------------------------------------

    def _bind_attributes(self) -> None:
        """Encode inferred and given attributes.

        Attributes that are neither keep the op's default, which the graph fills in.
        """
        for key in self.inferred:
            self._encode_inferred(key)
        for declared in self.definition.attrs:
            key = declared.name
            if key in self.inferred:
                continue
            value, is_given = None, False
            if self.arguments:
                given = key if key in self.arguments else f"{key}_"
                # None is a default, or the shape of unknown rank, or refused.
                is_given = given in self.arguments and not declared.has_default
                value = self.arguments.pop(given, None)
            if value is not None or is_given:
                self.messages[key] = self._encoded(declared, value)
            elif not declared.has_default:
                raise TypeError(f"No argument found for attr {key} for {self._op}")
        if self.arguments:
            names = ", ".join(sorted(self.arguments))
            raise TypeError(f"{self._op} got unexpected keyword arguments: {names}.")

    def _check_kinds(self) -> None:
        """Refuse attributes whose values are not of the kind that they have to be.

        Raises:
            TypeError: One is not.
        """
        for declared in sorted(self.definition.attrs, key=lambda a: a.has_default):
            key = declared.name
            given = key if key in self.arguments else f"{key}_"
            value = self.arguments.get(given)
            if value is None and (declared.has_default or given not in self.arguments):
                continue
            self._check_list(declared, value)
            encode(value, declared.type, key)

    def _check_list(self, declared: AttrDef, value: Any) -> None:
        if declared.type.startswith("list(") and not isinstance(value, (list, tuple)):
            raise TypeError(
                f"Expected list for '{declared.name}' argument to"
                f" '{python_name(self._op)}' Op, not {value!r}."
            )

    def output_types(self) -> list[DType] | None:
        """Types of the outputs if inputs determine them simply, else None."""
        found: list[DType] = []
        for arg in self.definition.outputs:
            if arg.is_list:
                return None
            dtype = (
                from_enum(arg.type) if arg.type else self.inferred.get(arg.type_attr)
            )
            if dtype is None:
                return None
            found.append(dtype.as_ref if arg.is_ref else dtype)
        return found

    def _encode_inferred(self, key: str) -> None:
        value = self.inferred[key]
        if self.arguments and self.arguments.pop(key, None) is not None:
            raise TypeError(
                f"Should not specify value for inferred attr '{key}' for {self._op}."
            )
        if isinstance(value, DType):
            self.messages[key] = _type_message(value)
        elif isinstance(value, int):
            self.messages[key] = AttrValue(i=value)
        else:
            declared = self.definition.attr(key)
            minimum = None if declared is None else declared.minimum
            if minimum is not None and len(value) < minimum:
                raise self._too_short(key, len(value), minimum)
            message = AttrValue()
            message.list.SetInParent()
            message.list.type.extend(t.as_datatype_enum for t in value)
            self.messages[key] = message

    def _encoded(self, declared: AttrDef, value: Any) -> AttrValue:
        self._check_list(declared, value)
        message = encode(value, declared.type, declared.name)
        if declared.type == "type" and declared.allowed:
            self._check_allowed(
                declared.name, declared.name, as_dtype(value).base_dtype
            )
        elif declared.type == "list(type)" and declared.allowed:
            for item in value:
                self._check_allowed(
                    declared.name, declared.name, as_dtype(item).base_dtype
                )
        elif declared.type == "string" and declared.allowed:
            self._check_text(declared, message.s)
        if declared.minimum is None:
            return message
        if declared.type == "int" and message.i < declared.minimum:
            raise ValueError(
                f"Attr '{declared.name}' of '{self._op}' Op passed {message.i} less"
                f" than minimum {declared.minimum}."
            )
        if declared.type.startswith("list(") and len(value) < declared.minimum:
            raise self._too_short(declared.name, len(value), declared.minimum)
        return message

    def _too_short(self, key: str, length: int, minimum: int) -> ValueError:
        return ValueError(
            f"Attr '{key}' of '{self._op}' Op passed list of length {length} less than"
            f" minimum {minimum}."
        )

    def _check_text(self, declared: AttrDef, text: bytes) -> None:
        allowed = declared.allowed or ()
        if text not in allowed:
            names = '", "'.join(
                a.decode() if isinstance(a, bytes) else str(a) for a in allowed
            )
            raise ValueError(
                f"Attr '{declared.name}' of '{self._op}' Op passed string"
                f" '{text.decode()}' not in: \"{names}\"."
            )
