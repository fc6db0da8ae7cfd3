"""Graphs as text, good and bad, for the import of `GraphDef`s."""

from __future__ import annotations

# ruff: noqa: E501 - a node is a line

GRAPH_DEFS: dict[str, str] = {
    "unknown_input": """
node{name:"a" op:"Identity" input:"b" attr{key:"T" value{type:DT_FLOAT}}}
""",
    "bad_output": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"Identity" input:"p:1" attr{key:"T" value{type:DT_FLOAT}}}
""",
    "dup": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
""",
    "cycle": """
node{name:"a" op:"Identity" input:"b" attr{key:"T" value{type:DT_FLOAT}}}
node{name:"b" op:"Identity" input:"a" attr{key:"T" value{type:DT_FLOAT}}}
""",
    "control_first": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"Identity" input:"^p" input:"p" attr{key:"T" value{type:DT_FLOAT}}}
""",
    "self_control": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"Identity" input:"p" input:"^a" attr{key:"T" value{type:DT_FLOAT}}}
""",
    "self_loop": """
node{name:"a" op:"Identity" input:"a" attr{key:"T" value{type:DT_FLOAT}}}
""",
    "bad_name": """
node{name:"p q" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
""",
    "empty_name": """
node{name:"" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
""",
    "no_op": """
node{name:"x"}
""",
    "too_few": """
node{name:"a" op:"Identity" attr{key:"T" value{type:DT_FLOAT}}}
""",
    "too_many": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"Identity" input:"p" input:"p" attr{key:"T" value{type:DT_FLOAT}}}
""",
    "wrong_kind": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"Identity" input:"p" attr{key:"T" value{i:3}}}
""",
    "wrong_kind2": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"MatMul" input:"p" input:"p" attr{key:"T" value{type:DT_FLOAT}} attr{key:"transpose_a" value{i:3}}}
""",
    "not_allowed": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_STRING}}}
node{name:"a" op:"Neg" input:"p" attr{key:"T" value{type:DT_STRING}}}
""",
    "bad_string": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"BiasAdd" input:"p" input:"p" attr{key:"T" value{type:DT_FLOAT}} attr{key:"data_format" value{s:"XXXX"}}}
""",
    "minimum": """
node{name:"a" op:"AddN" attr{key:"T" value{type:DT_FLOAT}} attr{key:"N" value{i:0}}}
""",
    "missing_attr": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"Identity" input:"p"}
""",
    "missing_attrs": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"Cast" input:"p"}
""",
    "type_mismatch": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"Identity" input:"p" attr{key:"T" value{type:DT_INT32}}}
""",
    "ref_mismatch": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"Assign" input:"p" input:"p" attr{key:"T" value{type:DT_FLOAT}}}
""",
    "unknown_op": """
node{name:"x" op:"NoSuchOp"}
""",
    "min_consumer": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
versions{producer:10 min_consumer:9999}
""",
    "bad_consumer": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
versions{producer:10 bad_consumers:2474}
""",
    "new_producer": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
versions{producer:99999}
""",
    "no_versions": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
""",
    "old_producer": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
versions{producer:21}
""",
    "deprecated": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"BatchNormWithGlobalNormalization" input:"p" input:"p" input:"p" input:"p" input:"p" attr{key:"T" value{type:DT_FLOAT}} attr{key:"variance_epsilon" value{f:1}} attr{key:"scale_after_normalization" value{b:true}}}
versions{producer:2000}
""",
    "deprecated_old": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"BatchNormWithGlobalNormalization" input:"p" input:"p" input:"p" input:"p" input:"p" attr{key:"T" value{type:DT_FLOAT}} attr{key:"variance_epsilon" value{f:1}} attr{key:"scale_after_normalization" value{b:true}}}
versions{producer:8}
""",
    "coloc": """
node{name:"a" op:"NoOp" attr{key:"_class" value{list{s:"loc:@zz"}}}}
""",
    "coloc_other": """
node{name:"a" op:"NoOp" attr{key:"_class" value{list{s:"foo"}}}}
""",
    "shapes_bad": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"Identity" input:"p" attr{key:"T" value{type:DT_FLOAT}} attr{key:"_output_shapes" value{list{shape{} shape{}}}}}
""",
    "shapes_inconsistent": """
node{name:"p" op:"Const" attr{key:"dtype" value{type:DT_FLOAT}} attr{key:"value" value{tensor{dtype:DT_FLOAT tensor_shape{} float_val:1}}}}
node{name:"a" op:"Identity" input:"p" attr{key:"T" value{type:DT_FLOAT}} attr{key:"_output_shapes" value{list{shape{dim{size:3}}}}}}
""",
    "unknown_attr": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"Identity" input:"p" attr{key:"T" value{type:DT_FLOAT}} attr{key:"foo" value{i:1}}}
""",
    "device_bad": """
node{name:"a" op:"NoOp" device:"bogus:::"}
""",
    "device_odd": """
node{name:"a" op:"NoOp" device:"/gpu:7"}
node{name:"b" op:"NoOp" device:"/job:x/cpu:*"}
""",
    "later": """
node{name:"a" op:"Identity" input:"p" attr{key:"T" value{type:DT_FLOAT}}}
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
""",
    "colon0": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"Identity" input:"p:0" attr{key:"T" value{type:DT_FLOAT}}}
""",
    "ctrl_order": """
node{name:"z" op:"NoOp"}
node{name:"y" op:"NoOp"}
node{name:"a" op:"NoOp" input:"^z" input:"^y" input:"^z"}
""",
    "bad_index": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"Identity" input:"p:x" attr{key:"T" value{type:DT_FLOAT}}}
""",
    "ctrl_only_unknown": """
node{name:"a" op:"NoOp" input:"^q"}
""",
    "coloc_dev": """
node{name:"a" op:"NoOp" device:"/cpu:0"}
node{name:"b" op:"NoOp" device:"/gpu:1" attr{key:"_class" value{list{s:"loc:@a"}}}}
node{name:"c" op:"NoOp" device:"/gpu:1" attr{key:"_class" value{list{s:"loc:@c"}}}}
node{name:"d" op:"NoOp" device:"/gpu:1" attr{key:"_class" value{list{s:"loc:@b"}}}}
""",
    "loop": """
node{name:"z" op:"Const" attr{key:"dtype" value{type:DT_INT32}} attr{key:"value" value{tensor{dtype:DT_INT32 tensor_shape{}}}}}
node{name:"e" op:"Enter" input:"z" attr{key:"T" value{type:DT_INT32}} attr{key:"frame_name" value{s:"f"}}}
node{name:"m" op:"Merge" input:"e" input:"n" attr{key:"T" value{type:DT_INT32}} attr{key:"N" value{i:2}}}
node{name:"l" op:"Less" input:"m" input:"k" attr{key:"T" value{type:DT_INT32}}}
node{name:"k" op:"Const" input:"^m" attr{key:"dtype" value{type:DT_INT32}} attr{key:"value" value{tensor{dtype:DT_INT32 tensor_shape{} int_val:3}}}}
node{name:"c" op:"LoopCond" input:"l"}
node{name:"s" op:"Switch" input:"m" input:"c" attr{key:"T" value{type:DT_INT32}}}
node{name:"x" op:"Exit" input:"s" attr{key:"T" value{type:DT_INT32}}}
node{name:"n" op:"NextIteration" input:"a" attr{key:"T" value{type:DT_INT32}}}
node{name:"a" op:"AddV2" input:"s:1" input:"o" attr{key:"T" value{type:DT_INT32}}}
node{name:"o" op:"Const" input:"^s" attr{key:"dtype" value{type:DT_INT32}} attr{key:"value" value{tensor{dtype:DT_INT32 tensor_shape{} int_val:1}}}}
versions{producer:1000}
""",
    "backwards": """
node{name:"d" op:"AddN" input:"c" input:"b:1" input:"^a" attr{key:"T" value{type:DT_FLOAT}} attr{key:"N" value{i:2}} attr{key:"_class" value{list{s:"loc:@a"}}}}
node{name:"c" op:"Identity" input:"b" device:"/cpu:0" attr{key:"T" value{type:DT_FLOAT}} attr{key:"_class" value{list{s:"loc:@a" s:"odd"}}}}
node{name:"b" op:"Split" input:"axis" input:"a" attr{key:"T" value{type:DT_FLOAT}} attr{key:"num_split" value{i:2}}}
node{name:"axis" op:"Const" attr{key:"dtype" value{type:DT_INT32}} attr{key:"value" value{tensor{dtype:DT_INT32 tensor_shape{}}}}}
node{name:"a" op:"Placeholder" device:"/gpu:3" attr{key:"dtype" value{type:DT_FLOAT}}}
""",
    "references": """
node{name:"v" op:"VariableV2" attr{key:"dtype" value{type:DT_FLOAT}} attr{key:"shape" value{shape{dim{size:2}}}}}
node{name:"r" op:"Identity" input:"v" attr{key:"T" value{type:DT_FLOAT}}}
node{name:"w" op:"Assign" input:"v" input:"r" attr{key:"T" value{type:DT_FLOAT}}}
node{name:"s" op:"RefSwitch" input:"w" input:"p" attr{key:"T" value{type:DT_FLOAT}}}
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_BOOL}}}
""",
    "lists_of_types": """
node{name:"q" op:"FIFOQueueV2" attr{key:"component_types" value{list{type:DT_FLOAT type:DT_STRING}}}}
node{name:"d" op:"QueueDequeueV2" input:"q" attr{key:"component_types" value{list{type:DT_FLOAT type:DT_STRING}}}}
node{name:"e" op:"QueueEnqueueV2" input:"q" input:"d" input:"d:1" attr{key:"Tcomponents" value{list{type:DT_FLOAT type:DT_STRING}}}}
node{name:"i" op:"IdentityN" input:"d:1" input:"d:0" attr{key:"T" value{list{type:DT_STRING type:DT_FLOAT}}}}
""",
    "list_too_short": """
node{name:"q" op:"FIFOQueueV2" attr{key:"component_types" value{list{}}}}
""",
    "list_of_wrong_kind": """
node{name:"q" op:"FIFOQueueV2" attr{key:"component_types" value{list{i:3}}}}
""",
    "function": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"c" op:"twice" input:"p"}
node{name:"d" op:"PartitionedCall" input:"c" attr{key:"Tin" value{list{type:DT_FLOAT}}} attr{key:"Tout" value{list{type:DT_FLOAT}}} attr{key:"f" value{func{name:"twice"}}}}
library{function{signature{name:"twice" input_arg{name:"x" type:DT_FLOAT} output_arg{name:"y" type:DT_FLOAT}} node_def{name:"add" op:"AddV2" input:"x" input:"x" attr{key:"T" value{type:DT_FLOAT}}} ret{key:"y" value:"add:z:0"}}}
versions{producer:500 min_consumer:12}
""",
    "function_wrong_type": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_INT32}}}
node{name:"c" op:"once" input:"p"}
library{function{signature{name:"once" input_arg{name:"x" type:DT_FLOAT} output_arg{name:"y" type:DT_FLOAT}} ret{key:"y" value:"x"}}}
""",
    "legacy_version": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
version: 8
""",
    "legacy_version_of_removed_op": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
node{name:"a" op:"BatchNormWithGlobalNormalization" input:"p" input:"p" input:"p" input:"p" input:"p" attr{key:"T" value{type:DT_FLOAT}} attr{key:"variance_epsilon" value{f:1}} attr{key:"scale_after_normalization" value{b:true}}}
version: 21
""",
    "both_versions": """
node{name:"p" op:"Placeholder" attr{key:"dtype" value{type:DT_FLOAT}}}
version: 8
versions{producer:21}
""",
}
