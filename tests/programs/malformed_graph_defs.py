"""Graphs with one mistake in their structure each, for the import of `GraphDef`s.

`graph_defs.py` has the mistakes whose words are compared too; here it is their class,
and that nothing crashes.
"""

from __future__ import annotations

# ruff: noqa: E501, ISC003 - a node is a line
from typing import Final

P: Final = 'node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}\n'
AXIS: Final = (
    'node{name:"axis" op:"Const" attr{key:"dtype" value{type:DT_INT32}} '
    'attr{key:"value" value{tensor{dtype:DT_INT32 tensor_shape{}}}}}\n'
)
CALL: Final = (
    'node{name:"c" op:"PartitionedCall" input:"p" '
    'attr{key:"Tin" value{list{type:DT_FLOAT}}} '
    'attr{key:"Tout" value{list{type:DT_FLOAT}}} attr{key:"f" value{func{name:"f"}}}}\n'
)


def node(op: str, inputs: str = "", **attrs: str) -> str:
    """Return a node named "a" of an op; inputs by spaces, attributes as text."""
    fields = [f'input:"{name}"' for name in inputs.split()]
    fields += [f'attr{{key:"{k}" value{{{v}}}}}' for k, v in attrs.items()]
    return f'node{{name:"a" op:"{op}" {" ".join(fields)}}}\n'


def const(tensor: str, dtype: str = "DT_FLOAT") -> str:
    """Return a constant named "a"."""
    return node("Const", dtype=f"type:{dtype}", value=f"tensor{{{tensor}}}")


def function(name: str, body: str, ret: str, y: str = "DT_FLOAT") -> str:
    """Return a function of one float with a body of nodes."""
    return (
        f'function{{signature{{name:"{name}" input_arg{{name:"x" type:DT_FLOAT}} '
        f'output_arg{{name:"y" type:{y}}}}} {body} ret{{key:"y" value:"{ret}"}}}}\n'
    )


def call_in(name: str) -> str:
    """Return a node "n" of a body that calls a function."""
    return f'node_def{{name:"n" op:"{name}" input:"x"}}'


FLOAT: Final = "type:DT_FLOAT"
HUGE: Final = 1 << 62

MALFORMED: Final[dict[str, str]] = {
    # counts
    "split_into_minus_one": P
    + AXIS
    + node("Split", "axis p", T=FLOAT, num_split="i:-1"),
    "split_into_zero": P + AXIS + node("Split", "axis p", T=FLOAT, num_split="i:0"),
    "split_into_very_many": P
    + AXIS
    + node("Split", "axis p", T=FLOAT, num_split=f"i:{HUGE}"),
    "unpack_very_many": P + node("Unpack", "p", T=FLOAT, num=f"i:{HUGE}"),
    "unpack_minus_one": P + node("Unpack", "p", T=FLOAT, num="i:-1"),
    "add_very_many": P + node("AddN", "p p", T=FLOAT, N=f"i:{HUGE}"),
    "add_too_many": P + node("AddN", "p p", T=FLOAT, N="i:3"),
    "add_negative": P + node("AddN", "p p", T=FLOAT, N="i:-5"),
    "pack_none": node("Pack", "", T=FLOAT, N="i:0"),
    "count_of_wrong_kind": P + node("AddN", "p p", T=FLOAT, N='s:"2"'),
    "identity_n_of_too_few": P
    + node("IdentityN", "p", T="list{type:[DT_FLOAT,DT_INT32]}"),
    "identity_n_of_none": node("IdentityN", "", T="list{}"),
    # types
    "type_zero": P + node("Identity", "p", T="type:DT_INVALID"),
    "type_unknown": P + node("Identity", "p", T="type:77"),
    "type_very_large": P + node("Identity", "p", T="type:1073741824"),
    "type_of_reference": P + node("Identity", "p", T="type:DT_FLOAT_REF"),
    "placeholder_of_no_type": node("Placeholder", dtype="type:DT_INVALID"),
    "placeholder_of_unknown_type": node("Placeholder", dtype="type:77"),
    "placeholder_of_reference": node("Placeholder", dtype="type:DT_FLOAT_REF"),
    "cast_to_unknown": P + node("Cast", "p", SrcT=FLOAT, DstT="type:99"),
    "list_of_unknown_types": P + node("IdentityN", "p", T="list{type:77}"),
    "queue_of_unknown_type": node("FIFOQueueV2", component_types="list{type:77}"),
    "type_not_allowed": P + node("BitwiseAnd", "p p", T=FLOAT),
    "type_of_list_mismatch": P + node("IdentityN", "p", T="list{type:DT_INT32}"),
    # shapes
    "shape_negative": node("Placeholder", dtype=FLOAT, shape="shape{dim{size:-5}}"),
    "shape_huge": node(
        "Placeholder", dtype=FLOAT, shape=f"shape{{dim{{size:{HUGE}}}}}"
    ),
    "shape_product_huge": node(
        "Placeholder",
        dtype=FLOAT,
        shape=f"shape{{dim{{size:{HUGE}}} dim{{size:{HUGE}}}}}",
    ),
    "shape_of_300": node(
        "Placeholder", dtype=FLOAT, shape="shape{" + "dim{size:1} " * 300 + "}"
    ),
    "shape_of_unknown_rank_and_dims": node(
        "Placeholder", dtype=FLOAT, shape="shape{unknown_rank:true dim{size:3}}"
    ),
    "variable_negative": node("VariableV2", dtype=FLOAT, shape="shape{dim{size:-7}}"),
    "output_shape_negative": P
    + node("Identity", "p", T=FLOAT, _output_shapes="list{shape{dim{size:-5}}}"),
    "output_shapes_of_wrong_kind": P
    + node("Identity", "p", T=FLOAT, _output_shapes="i:3"),
    "matmul_of_vectors": node("Placeholder", dtype=FLOAT, shape="shape{dim{size:3}}")
    + 'node{name:"b" op:"MatMul" input:"a" input:"a" attr{key:"T" value{type:DT_FLOAT}}}',
    # constants
    "const_without_value": node("Const", dtype=FLOAT),
    "const_of_other_type": const("dtype:DT_INT32 tensor_shape{} int_val:1"),
    "const_of_no_type": const("tensor_shape{} float_val:1"),
    "const_of_unknown_type": const("dtype:77 tensor_shape{}", "77"),
    "const_of_resource": const("dtype:DT_RESOURCE tensor_shape{}", "DT_RESOURCE"),
    "const_of_negative_shape": const("dtype:DT_FLOAT tensor_shape{dim{size:-2}}"),
    "const_of_unknown_rank": const("dtype:DT_FLOAT tensor_shape{unknown_rank:true}"),
    "const_of_huge_shape": const(f"dtype:DT_FLOAT tensor_shape{{dim{{size:{HUGE}}}}}"),
    "const_of_huge_product": const(
        f"dtype:DT_FLOAT tensor_shape{{dim{{size:{HUGE}}} dim{{size:{HUGE}}}}} float_val:1"
    ),
    "const_of_300_dims": const(
        "dtype:DT_FLOAT tensor_shape{" + "dim{size:1} " * 300 + "}"
    ),
    "const_with_too_short_content": const(
        'dtype:DT_FLOAT tensor_shape{dim{size:2}} tensor_content:"\\001\\002"'
    ),
    "const_with_too_many_values": const(
        "dtype:DT_FLOAT tensor_shape{dim{size:1}} float_val:1 float_val:2"
    ),
    "reshape_by_bad_const": P
    + 'node{name:"s" op:"Const" attr{key:"dtype" value{type:DT_INT32}} attr{key:"value" '
    'value{tensor{dtype:DT_INT32 tensor_shape{dim{size:2}} tensor_content:"\\001"}}}}\n'
    + node("Reshape", "p s", T=FLOAT, Tshape="type:DT_INT32"),
    # attributes
    "attr_without_value": P + node("Identity", "p", T=""),
    "attr_is_placeholder": P + node("Identity", "p", T='placeholder:"T"'),
    "bool_as_number": P + node("MatMul", "p p", T=FLOAT, transpose_b="i:1"),
    "string_as_bytes": P + node("BiasAdd", "p p", T=FLOAT, data_format='s:"\\377"'),
    "list_as_number": P
    + node(
        "MaxPool", "p", T=FLOAT, ksize="i:1", strides="list{i:1}", padding='s:"SAME"'
    ),
    "list_of_two_kinds": P + node("IdentityN", "p", T="list{type:DT_FLOAT i:3}"),
    "func_as_string": P
    + node("PartitionedCall", "p", Tin="list{type:DT_FLOAT}", Tout="list{}", f='s:"f"'),
    "empty_attr_name": P + node("Identity", "p", T=FLOAT, **{"": "i:1"}),
    # inputs
    "input_empty": node("Identity", "", T=FLOAT).replace("attr{", 'input:"" attr{', 1),
    "input_only_caret": P + node("Identity", "p ^", T=FLOAT),
    "input_only_colon": P + node("Identity", ":", T=FLOAT),
    "input_with_port_of_control": P + node("Identity", "p ^p:0", T=FLOAT),
    "input_negative_port": P + node("Identity", "p:-1", T=FLOAT),
    "input_huge_port": P + node("Identity", f"p:{10**25}", T=FLOAT),
    "input_two_colons": P + node("Identity", "p:0:0", T=FLOAT),
    "input_spaces": P + node("Identity", "p", T=FLOAT).replace('"p"', '" p"'),
    "input_of_no_op": 'node{name:"q" op:"NoOp"}\n' + node("Identity", "q", T=FLOAT),
    "control_twice": P + node("Identity", "p ^p ^p", T=FLOAT),
    "three_in_a_cycle": 'node{name:"x" op:"NoOp" input:"^z"}'
    'node{name:"y" op:"NoOp" input:"^x"} node{name:"z" op:"NoOp" input:"^y"}',
    "merge_without_loop": P
    + 'node{name:"m" op:"Merge" input:"p" input:"i" attr{key:"T" value{type:DT_FLOAT}} '
    'attr{key:"N" value{i:2}}}\nnode{name:"i" op:"Identity" input:"m" '
    'attr{key:"T" value{type:DT_FLOAT}}}',
    # names, devices, companions
    "name_with_umlaut": 'node{name:"\\303\\244" op:"NoOp"}',
    "name_with_newline": 'node{name:"x\\ny" op:"NoOp"}',
    "name_of_slash": 'node{name:"/x" op:"NoOp"}',
    "name_ends_with_slash": 'node{name:"x/" op:"NoOp"}',
    "name_with_colon": 'node{name:"x:0" op:"NoOp"}',
    "name_of_underscore": 'node{name:"_x" op:"NoOp"}',
    "op_with_spaces": 'node{name:"x" op:"No Op"}',
    "device_without_number": 'node{name:"x" op:"NoOp" device:"/gpu:"}',
    "device_of_two_jobs": 'node{name:"x" op:"NoOp" device:"/job:a/job:b"}',
    "device_with_huge_number": 'node{name:"x" op:"NoOp" device:"/gpu:99999999999"}',
    "class_of_wrong_kind": 'node{name:"x" op:"NoOp" attr{key:"_class" value{s:"loc:@x"}}}',
    "class_of_itself": 'node{name:"x" op:"NoOp" attr{key:"_class" value{list{s:"loc:@x"}}}}',
    "class_of_nothing": 'node{name:"x" op:"NoOp" attr{key:"_class" value{list{s:"loc:@"}}}}',
    "class_of_numbers": 'node{name:"x" op:"NoOp" attr{key:"_class" value{list{i:3}}}}',
    "class_of_nothing_at_all": 'node{name:"x" op:"NoOp" attr{key:"_class" value{list{}}}}',
    "device_of_companion": 'node{name:"w" op:"NoOp"} node{name:"x" op:"NoOp" device:"bogus:::" '
    'attr{key:"_class" value{list{s:"loc:@w"}}}}',
    # stored shapes
    "output_shapes_too_few": P
    + node("Identity", "p", T=FLOAT, _output_shapes="list{}"),
    "output_shapes_without_value": P
    + node("Identity", "p", T=FLOAT, _output_shapes=""),
    "output_shapes_of_numbers": P
    + node("Identity", "p", T=FLOAT, _output_shapes="list{i:3}"),
    "output_shapes_too_many": P
    + node(
        "Identity",
        "p",
        T=FLOAT,
        _output_shapes="list{shape{unknown_rank:true} shape{dim{size:-5}}}",
    ),
    "output_shapes_inconsistent_and_too_many": const(
        "dtype:DT_FLOAT tensor_shape{}"
    ).replace(
        "op:", 'attr{key:"_output_shapes" value{list{shape{dim{size:2}} shape{}}}} op:'
    ),
    # attributes with defaults
    "shape_without_value": node("Placeholder", dtype=FLOAT, shape=""),
    "bool_without_value": P + node("MatMul", "p p", T=FLOAT, transpose_a=""),
    "list_of_wrong_kind_of_default": P
    + node(
        "Conv2D",
        "p p",
        T=FLOAT,
        strides="list{i:[1,1,1,1]}",
        padding='s:"SAME"',
        dilations='list{s:"1"}',
    ),
    "unknown_rank_and_negative": const(
        "dtype:DT_FLOAT tensor_shape{unknown_rank:true dim{size:-3}}"
    ),
    # functions
    "call_of_missing": P + CALL,
    "function_calls_itself": P
    + 'node{name:"c" op:"f" input:"p"}'
    + "library{"
    + function("f", call_in("f"), "n:y:0")
    + "}",
    "functions_call_each_other": P
    + 'node{name:"c" op:"f" input:"p"}'
    + "library{"
    + function("f", call_in("g"), "n:y:0")
    + function("g", call_in("f"), "n:y:0")
    + "}",
    "function_calls_missing": P
    + 'node{name:"c" op:"f" input:"p"}'
    + "library{"
    + function("f", call_in("g"), "n:y:0")
    + "}",
    "function_twice": "library{"
    + function("f", "", "x")
    + function("f", "", "x")
    + "}",
    "functions_of_one_name": "library{"
    + function("f", "", "x")
    + function("f", call_in("Identity"), "n:output:0")
    + "}",
    "function_named_as_op": "library{" + function("Identity", "", "x") + "}",
    "function_without_name": "library{" + function("", "", "x") + "}",
    "function_returns_nothing": P
    + 'node{name:"c" op:"f" input:"p"}'
    + 'library{function{signature{name:"f" input_arg{name:"x" type:DT_FLOAT} '
    'output_arg{name:"y" type:DT_FLOAT}}}}',
    "function_returns_unknown": P
    + 'node{name:"c" op:"f" input:"p"}'
    + "library{"
    + function("f", "", "nothing:0")
    + "}",
    "function_of_unknown_type": P
    + 'node{name:"c" op:"f" input:"p"}'
    + "library{"
    + function("f", "", "x", "77")
    + "}",
    "function_of_too_few_inputs": 'node{name:"c" op:"f"}'
    + "library{"
    + function("f", "", "x")
    + "}",
    "gradient_of_missing": 'library{gradient{function_name:"f" gradient_func:"g"}}',
    # versions
    "producer_negative": P + "versions{producer:-5}",
    "producer_largest": P + "versions{producer:2147483647}",
    "min_consumer_largest": P + "versions{producer:1 min_consumer:2147483647}",
    "min_consumer_negative": P + "versions{producer:1 min_consumer:-1}",
    "min_consumer_above_producer": P + "versions{producer:10 min_consumer:20}",
    "legacy_version": P + "version: 21",
    "legacy_version_negative": P + "version: -4",
}
"""Name of the mistake -> the graph as text."""
