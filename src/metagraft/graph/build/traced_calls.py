"""The `PartitionedCall` of a function that was traced.

Source: tensorflow python/eager/polymorphic_function/atomic_function.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from metagraft.graph.built_function import BuiltFunction, is_stateful
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.function_captures import copy_handle
from metagraft.graph.operation import Operation
from metagraft.graph.read_only_resources import mark_read_only_inputs
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.tensor import Tensor
from metagraft.proto import AttrValue

# What TensorFlow stores with every call: a `ConfigProto` of its own, for one CPU.
_CALL_CONFIG: Final = (
    b"\n\x07\n\x03CPU\x10\x01\n\x07\n\x03GPU\x10\x002\x02J\x008\x01"
    b"\x82\x01\x00\x92\x01\x02J\x00"
)


def add_call(function: BuiltFunction, inputs: Sequence[Tensor]) -> Operation:
    """Add a call of a function to the default graph, and the function where missing.

    Args:
        function: The function.
        inputs: Its arguments, captured ones last.
    """
    graph = get_default_graph()
    function.add_to_graph(graph)
    body = function.graph
    attrs = {
        "Tin": type_list(inputs),
        "Tout": type_list(function.outputs),
        "config_proto": AttrValue(s=_CALL_CONFIG),
        "executor_type": AttrValue(s=b""),
        "_collective_manager_ids": AttrValue(list=AttrValue.ListValue()),
        "f": AttrValue(),
    }
    attrs["f"].func.name = function.name
    compiled = function.definition.attr.get("_XlaMustCompile")
    if compiled is not None:
        attrs["_XlaMustCompile"] = compiled
    op_type = "StatefulPartitionedCall" if is_stateful(body) else "PartitionedCall"
    with control_dependencies(body.captured.control):
        made = graph.create_op(
            op_type, inputs, [t.dtype for t in function.outputs], op_type, attrs=attrs
        )
    mark_read_only_inputs(made, [body])
    for result, inside in zip(made.outputs, function.outputs, strict=True):
        result.set_shape(inside.shape)
        copy_handle(inside, result)
    return made


def type_list(tensors: Sequence[Tensor]) -> AttrValue:
    """Return the types of tensors as an attribute."""
    value = AttrValue()
    value.list.SetInParent()
    value.list.type.extend(t.dtype.base_dtype.as_datatype_enum for t in tensors)
    return value
