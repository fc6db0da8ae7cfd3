"""Initializers that give the variables of a loaded model the values in its checkpoint.

Which variable has which name there is read from the nodes of the model's saver, or from
its function that restores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from metagraft.api.variables import Variable
from metagraft.errors import UnimplementedError
from metagraft.graph import catalogue
from metagraft.graph.apply_op import op
from metagraft.graph.input_names import node_of_input
from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import add_to_collection, name_scope
from metagraft.graph.tensor_values import make_ndarray
from metagraft.proto import FunctionDef, MetaGraphDef, NodeDef, VariableDef
from metagraft.training.native_meta_graph_import import Import
from metagraft.training.recovery.nodes import Nodes
from metagraft.training.recovery.savers import savers_in
from metagraft.training.saveables import saveable_objects, saveables_by_name

_CALLS: Final = ("PartitionedCall", "StatefulPartitionedCall")
_TABLE_IMPORT: Final = "LookupTableImportV2"
_ASSIGNING: Final = ("AssignVariableOp", _TABLE_IMPORT)
_SETTING: Final = (*_ASSIGNING, "RestoreV2")
_MAX_STEPS: Final = 10


@dataclass(frozen=True, slots=True)
class StoredVariable:
    """A variable of a model and where its checkpoint has it.

    Attributes:
        node: The name of its node in the file.
        key: The name of its tensor in the checkpoint.
        slice_spec: Which part of that tensor it is; empty for all of it.
    """

    node: str
    key: str
    slice_spec: str = ""


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table of a model and where its checkpoint has it.

    Attributes:
        node: The name of the node that gives its handle, in the file.
        keys: The name of the tensor with its keys in the checkpoint.
        values: The same for its values.
    """

    node: str
    keys: str
    values: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What the checkpoint of a model has.

    Attributes:
        variables: The variables.
        tables: The tables whose content may change.
    """

    variables: list[StoredVariable] = field(default_factory=list)
    tables: list[StoredTable] = field(default_factory=list)


def stored_state(meta_graph_def: MetaGraphDef) -> Stored:
    """Return the variables and tables that the saver of a MetaGraph restores.

    Raises:
        UnimplementedError: It restores something else, too, or is not of a form that
            TensorFlow gives savers.
    """
    name = meta_graph_def.saver_def.restore_op_name
    if not name:
        return Stored()
    nodes = Nodes(meta_graph_def.graph_def)
    restore = nodes.by_name.get(node_of_input(name))
    if restore is not None and restore.op in _CALLS:
        functions = meta_graph_def.graph_def.library.function
        by_name = {function.signature.name: function for function in functions}
        function = by_name.get(restore.attr["f"].func.name, FunctionDef())
        found = _by_function(restore, function)
        others = {n.op for n in function.node_def if not _is_known(n)}
        settings = [n.name for n in function.node_def if n.op in _ASSIGNING]
        if len(settings) != len(found.variables) + len(found.tables):
            others |= set(settings)
        is_understood = bool(function.node_def)  # a model may have no variables
    else:
        savers = [s for s in savers_in(nodes) if s.saver_def.restore_op_name == name]
        found = Stored(
            [
                StoredVariable(saved.variable, saved.name, saved.slice_spec)
                for saver in savers
                for saved in saver.tensors
            ]
        )
        keys = {stored.key for stored in found.variables}
        others = {key for saver in savers for key in saver.names - keys}
        is_understood = bool(found.variables)
    if others or not is_understood:
        what = f" ({', '.join(sorted(others))})" if others else ""
        raise UnimplementedError(
            None,
            None,
            f"The saver '{name}' restores something unknown{what}; load the model with "
            "`tf.saved_model.load(session, tags, folder)`.",
        )
    return found


def _is_known(node: NodeDef) -> bool:
    """Return whether a node of a restoring function sets what is known, or nothing."""
    definition = catalogue.get(node.op)
    is_pure = definition is not None and not definition.is_stateful
    return is_pure or node.op in _SETTING


def add_initializers(
    model: Import, stored: list[StoredVariable], prefix: str
) -> list[Variable]:
    """Make the values in a checkpoint the initial values of a model's variables.

    Args:
        model: The model; in the default graph.
        stored: Its variables.
        prefix: Its checkpoint.

    Returns:
        The variables, in the order of `stored`; all are global variables.
    """
    graph = model.graph
    if not stored:
        return []
    operations = [graph.get_operation_by_name(model.names[s.node]) for s in stored]
    dtypes = [operation.get_attr("dtype") for operation in operations]
    with name_scope("restored"):
        values = op(
            "RestoreV2",
            prefix=prefix,
            tensor_names=[s.key for s in stored],
            shape_and_slices=[s.slice_spec for s in stored],
            dtypes=dtypes,
        )
        return [
            _initialized(model.variables.get(s.node), operation, value)
            for s, operation, value in zip(stored, operations, values, strict=True)
        ]


def add_table_initializers(
    model: Import, stored: list[StoredTable], prefix: str
) -> None:
    """Let `tf.tables_initializer` fill the tables of a model from a checkpoint.

    Args:
        model: The model; in the default graph.
        stored: Its tables.
        prefix: Its checkpoint.
    """
    for table in stored:
        node = model.graph.get_operation_by_name(model.names[table.node])
        with name_scope("restored"):
            dtypes = [node.get_attr(name) for name in ("key_dtype", "value_dtype")]
            keys, values = op(
                "RestoreV2",
                prefix=prefix,
                tensor_names=[table.keys, table.values],
                shape_and_slices=["", ""],
                dtypes=dtypes,
            )
            filled = op(
                _TABLE_IMPORT, table_handle=node.outputs[0], keys=keys, values=values
            )
        add_to_collection(GraphKeys.TABLE_INITIALIZERS, filled)


def _initialized(known: Any, operation: Any, value: Any) -> Variable:
    """Return a variable whose initializer assigns a value."""
    if known is not None:
        (saveable,) = saveable_objects(saveables_by_name([known]))
        known._initializer_op = saveable.restore([value], None)  # noqa: SLF001
        return known
    (handle,) = operation.outputs
    shape = operation.get_attr("shape")
    value = op("Identity", input=value)
    value.set_shape(shape)
    assign = op("AssignVariableOp", resource=handle, value=value)
    dtype = operation.get_attr("dtype")
    made = Variable.from_proto(
        VariableDef(
            variable_name=handle.name,
            initializer_name=assign.name,
            initial_value_name=value.name,
            snapshot_name=op("ReadVariableOp", resource=handle, dtype=dtype).name,
            is_resource=True,
        )
    )
    add_to_collection(GraphKeys.GLOBAL_VARIABLES, made)
    return made


def _by_function(call: NodeDef, function: FunctionDef) -> Stored:
    """Return what a function sets to what it reads from a checkpoint."""
    arguments = [arg.name for arg in function.signature.input_arg]
    given = dict(zip(arguments, call.input, strict=False))
    body = {node.name: node for node in function.node_def}
    found = Stored()
    for node in function.node_def:
        handle = given.get(node.input[0]) if node.input else None
        if handle is None or node.op not in _SETTING:
            continue
        keys = [_key_of(text, body) for text in node.input[1:] if text[0] != "^"]
        match keys:
            case [str(key)] if node.op != _TABLE_IMPORT:
                found.variables.append(StoredVariable(node_of_input(handle), key))
            case [str(key), str(values)] if node.op == _TABLE_IMPORT:
                found.tables.append(StoredTable(node_of_input(handle), key, values))
    return found


def _key_of(source: str, body: Mapping[str, NodeDef]) -> str | None:
    """Return the name in the checkpoint of what a node of a function takes."""
    for _ in range(_MAX_STEPS):
        name, _, port = source.partition(":")
        node = body.get(name)
        if node is None:
            return None
        if node.op == "RestoreV2":
            names = body.get(node.input[1].partition(":")[0])
            if names is None or names.op != "Const":
                return None
            number = int(port.rpartition(":")[2] or 0)
            found = make_ndarray(names.attr["value"].tensor).ravel()
            return found[number].decode() if number < len(found) else None
        if node.op != "Identity":
            return None
        source = node.input[0]
    return None
