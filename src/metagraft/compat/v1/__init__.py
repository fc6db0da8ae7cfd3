"""The `tensorflow.compat.v1` namespace: re-exports, each loaded on first use.

Change `import tensorflow.compat.v1 as tf` to `import metagraft.compat.v1 as tf`.
"""

from __future__ import annotations

from metagraft.api.ragged_dispatch import with_ragged
from metagraft.compat.v1.debugging import CHECKS, SHAPE_CHECKS
from metagraft.compat.v1.quantization import FAKE_QUANT, QUANTIZE
from metagraft.compat.v1.sparse import TOP_LEVEL as SPARSE
from metagraft.lazy_names import from_module, lazy_names

_GRAPH = "metagraft.graph"
_API = "metagraft.api"
_DTYPE_NAMES = (
    "float16 half float32 float64 double bfloat16 int8 int16 int32 int64 uint8 uint16"
    " uint32 uint64 bool string complex64 complex128 qint8 quint8 qint16 quint16 qint32"
    " resource variant"
).split()

_ARRAY_NAMES = {
    "array": (
        "bitcast broadcast_dynamic_shape broadcast_static_shape broadcast_to"
        " concat ensure_shape expand_dims eye fill guarantee_const identity"
        " identity_n invert_permutation matrix_transpose meshgrid newaxis"
        " one_hot ones ones_like pad parallel_stack rank reshape reverse"
        " reverse_sequence roll sequence_mask shape shape_n size split squeeze"
        " stack stop_gradient strided_slice tile transpose unstack zeros"
        " zeros_like"
    ),
    "op_libraries": "load_file_system_library load_library load_op_library",
    "constants": ("constant placeholder placeholder_with_default sparse_placeholder"),
    "gather": (
        "batch_gather boolean_mask gather gather_nd searchsorted sparse_mask"
        " unravel_index"
    ),
    "quantization": FAKE_QUANT,
    "quantize": f"{QUANTIZE} quantize_v2",
    "matrix_diag": "diag diag_part matrix_band_part matrix_diag matrix_set_diag",
    "repeat": ("repeat"),
    "space_depth": (
        "batch_to_space batch_to_space_nd depth_to_space extract_image_patches"
        " extract_volume_patches required_space_to_batch_paddings space_to_batch"
        " space_to_batch_nd space_to_depth"
    ),
    "unique": (
        "dynamic_partition dynamic_stitch scatter_nd setdiff1d"
        " tensor_scatter_nd_add tensor_scatter_nd_max tensor_scatter_nd_min"
        " tensor_scatter_nd_sub tensor_scatter_nd_update unique"
        " unique_with_counts"
    ),
}

_NAMES = {
    **{name: f"{_GRAPH}.dtypes:{name}" for name in _DTYPE_NAMES},
    # Graphs, scopes and collections.
    "DType": f"{_GRAPH}.dtypes:DType",
    "QUANTIZED_DTYPES": f"{_GRAPH}.dtypes:QUANTIZED_DTYPES",
    "DeviceSpec": f"{_API}.device_spec:DeviceSpec",
    "Dimension": f"{_GRAPH}.shapes:Dimension",
    "Graph": f"{_GRAPH}.graph:Graph",
    "GraphKeys": f"{_GRAPH}.keys:GraphKeys",
    "IndexedSlices": f"{_GRAPH}.composite:IndexedSlices",
    "IndexedSlicesValue": f"{_GRAPH}.composite:IndexedSlicesValue",
    "Operation": f"{_GRAPH}.operation:Operation",
    "SparseTensor": f"{_GRAPH}.composite:SparseTensor",
    "SparseTensorValue": f"{_GRAPH}.composite:SparseTensorValue",
    "Tensor": f"{_GRAPH}.tensor:Tensor",
    "TensorShape": f"{_GRAPH}.shapes:TensorShape",
    "add_to_collection": f"{_GRAPH}.scopes:add_to_collection",
    "add_to_collections": f"{_GRAPH}.scopes:add_to_collections",
    "as_dtype": f"{_GRAPH}.dtypes:as_dtype",
    "colocate_with": f"{_GRAPH}.scopes:colocate_with",
    "container": f"{_GRAPH}.scopes:container",
    "control_dependencies": f"{_GRAPH}.scopes:control_dependencies",
    "convert_to_tensor": f"{_GRAPH}.conversion:convert_to_tensor",
    "convert_to_tensor_or_indexed_slices": (
        f"{_GRAPH}.conversion:convert_to_tensor_or_indexed_slices"
    ),
    "device": f"{_GRAPH}.scopes:device",
    "disable_eager_execution": f"{_GRAPH}.defaults:disable_eager_execution",
    "enable_eager_execution": f"{_GRAPH}.defaults:enable_eager_execution",
    "executing_eagerly": f"{_GRAPH}.defaults:executing_eagerly",
    "get_collection": f"{_GRAPH}.scopes:get_collection",
    "get_collection_ref": f"{_GRAPH}.scopes:get_collection_ref",
    "get_default_graph": f"{_GRAPH}.defaults:get_default_graph",
    "get_default_session": f"{_GRAPH}.defaults:get_default_session",
    "get_seed": f"{_GRAPH}.random_seed:get_seed",
    "get_static_value": f"{_GRAPH}.constant_value:constant_value",
    "import_graph_def": f"{_GRAPH}.import_graph_def:import_graph_def",
    "make_ndarray": f"{_GRAPH}.tensor_values:make_ndarray",
    "make_tensor_proto": f"{_GRAPH}.tensor_values:make_tensor_proto",
    "name_scope": f"{_GRAPH}.scopes:name_scope",
    "op_scope": f"{_GRAPH}.scopes:op_scope",
    "register_tensor_conversion_function": (
        f"{_GRAPH}.conversion:register_tensor_conversion_function"
    ),
    "reset_default_graph": f"{_GRAPH}.defaults:reset_default_graph",
    "set_random_seed": f"{_GRAPH}.random_seed:set_random_seed",
    # Branches and loops.
    "Assert": "metagraft.api.assertion:assert_",
    "case": "metagraft.api.case:case",
    "CriticalSection": f"{_API}.critical_section:CriticalSection",
    "cond": "metagraft.api.cond:cond",
    "while_loop": "metagraft.api.while_loop:while_loop",
    "TensorArray": "metagraft.graph.tensor_array:TensorArray",
    **{
        name: f"metagraft.api.functional:{name}"
        for name in ("foldl", "foldr", "map_fn", "scan")
    },
    # Arrays.
    **{
        name: f"metagraft.api.{module}:{name}"
        for module, names in _ARRAY_NAMES.items()
        for name in names.split()
    },
    "reverse_v2": "metagraft.api.array:reverse",
    "slice": "metagraft.api.array:slice_",
    **{
        f"tensor_scatter_{change}": f"metagraft.api.unique:tensor_scatter_nd_{change}"
        for change in ("add", "sub", "update")
    },
    **from_module(f"{_API}.python_functions", "numpy_function py_func py_function"),
    **from_module(
        f"{_API}.signal_fourier",
        "fft fft2d fft3d ifft ifft2d ifft3d",
    ),
    **{
        name: f"{_API}.signal_fourier:{name}_op"
        for name in ("fftnd", "ifftnd", "irfftnd", "rfftnd")
    },
    **from_module(f"{_API}.fingerprint", "fingerprint"),
    # Text.
    **from_module(
        f"{_API}.parsing",
        "decode_compressed decode_csv decode_json_example parse_example"
        " parse_single_example parse_single_sequence_example parse_tensor"
        " serialize_tensor",
    ),
    **from_module(
        f"{_API}.parsing_features",
        "FixedLenFeature FixedLenSequenceFeature SparseFeature VarLenFeature",
    ),
    **from_module(
        f"{_API}.strings",
        "as_string decode_base64 decode_raw encode_base64 reduce_join regex_replace"
        " string_join string_split string_strip string_to_hash_bucket"
        " string_to_hash_bucket_fast string_to_hash_bucket_strong string_to_number"
        " substr",
    ),
    # Sparse and ragged tensors.
    **SPARSE,
    "RaggedTensor": f"{_API}.ragged_tensor:RaggedTensor",
    "OptionalSpec": f"{_API}.optional:OptionalSpec",
    "RaggedTensorSpec": f"{_API}.ragged_spec:RaggedTensorSpec",
    **from_module(f"{_GRAPH}.type_spec", "IndexedSlicesSpec SparseTensorSpec TypeSpec"),
    **from_module(
        f"{_API}.type_specs",
        "NoneTensorSpec TensorArraySpec is_symbolic_tensor type_spec_from_value",
    ),
    **from_module(
        f"{_API}.single_ops",
        "approx_top_k check_pinned conv conv2d_backprop_filter_v2"
        " conv2d_backprop_input_v2 ragged_fill_empty_rows ragged_fill_empty_rows_grad",
    ),
    # Checks and prints.
    "Print": "metagraft.api.printing:print_through",
    "print": "metagraft.api.printing:print_",
    **from_module(f"{_API}.checks", CHECKS),
    **from_module(f"{_API}.shape_checks", SHAPE_CHECKS),
    **from_module(
        f"{_API}.numerics",
        "add_check_numerics_ops check_numerics verify_tensor_all_finite",
    ),
    # Random numbers and initial values.
    **from_module(
        f"{_API}.random",
        "multinomial random_crop random_gamma random_normal random_poisson "
        "random_shuffle random_uniform truncated_normal",
    ),
    **from_module(
        f"{_API}.initializers",
        "constant_initializer glorot_normal_initializer glorot_uniform_initializer "
        "ones_initializer orthogonal_initializer random_normal_initializer "
        "random_uniform_initializer truncated_normal_initializer "
        "uniform_unit_scaling_initializer variance_scaling_initializer "
        "zeros_initializer",
    ),
    # Messages.
    **{
        name: f"metagraft.proto:{name}"
        for name in (
            "AttrValue",
            "ConfigProto",
            "Event",
            "GPUOptions",
            "GraphDef",
            "GraphOptions",
            "HistogramProto",
            "LogMessage",
            "MetaGraphDef",
            "NameAttrList",
            "NodeDef",
            "OptimizerOptions",
            "RunMetadata",
            "RunOptions",
            "SessionLog",
            "Summary",
            "SummaryMetadata",
            "TensorInfo",
        )
    },
    # Mathematics.
    **from_module(
        f"{_API}.math",
        "abs acos acosh angle asin asinh atan atanh ceil conj cos cosh exp expm1 "
        "floor imag is_finite is_inf is_nan log log1p log_sigmoid logical_not "
        "negative real reciprocal rint round rsqrt sigmoid sign sin sinh sqrt square "
        "tan tanh",
    ),
    **from_module(
        f"{_API}.arithmetic",
        "accumulate_n add add_n atan2 complex div div_no_nan divide floor_div "
        "floordiv floormod maximum minimum mod multiply pow realdiv scalar_mul "
        "squared_difference subtract truediv truncatediv truncatemod",
    ),
    **from_module(
        f"{_API}.comparison",
        "equal greater greater_equal less less_equal logical_and logical_or "
        "logical_xor not_equal where where_v2",
    ),
    **from_module(
        f"{_API}.reductions",
        "arg_max arg_min argmax argmin count_nonzero reduce_all reduce_any "
        "reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum",
    ),
    **from_module(
        f"{_API}.segments",
        "segment_max segment_mean segment_min segment_prod segment_sum "
        "sparse_segment_mean sparse_segment_sqrt_n sparse_segment_sum "
        "unsorted_segment_max unsorted_segment_mean unsorted_segment_min "
        "unsorted_segment_prod unsorted_segment_sqrt_n unsorted_segment_sum",
    ),
    **from_module(
        f"{_API}.casts",
        "cast saturate_cast to_bfloat16 to_complex128 to_complex64 to_double to_float "
        "to_int32 to_int64",
    ),
    **from_module(
        f"{_API}.sequences",
        "cumprod cumsum linspace range",
    ),
    **from_module(
        f"{_API}.clip",
        "clip_by_average_norm clip_by_global_norm clip_by_norm clip_by_value "
        "global_norm",
    ),
    **from_module(
        f"{_API}.counting",
        "bincount histogram_fixed_width histogram_fixed_width_bins",
    ),
    **from_module(
        f"{_API}.matrix",
        "cross sparse_matmul tensordot",
    ),
    **{name: f"{_API}.einsum:{name}" for name in ("einsum").split()},
    **from_module(
        f"{_API}.linear_algebra",
        "cholesky_solve matrix_triangular_solve norm qr self_adjoint_eig "
        "self_adjoint_eigvals svd",
    ),
    **from_module(
        f"{_API}.linear_operators.dispatch",
        "cholesky matmul matrix_determinant matrix_diag_part matrix_inverse "
        "matrix_solve trace",
    ),
    **from_module(
        f"{_API}.special_math",
        "betainc digamma erf erfc igamma igammac lbeta lgamma polygamma zeta",
    ),
    "grad_pass_through": f"{_API}.recompute:grad_pass_through",
    "recompute_grad": f"{_API}.recompute:recompute_grad",
    "vectorized_map": f"{_API}.vectorized:vectorized_map",
    "random_index_shuffle": f"{_API}.stateless_distributions:random_index_shuffle",
    "timestamp": f"{_API}.environment:timestamp",
    "matrix_solve_ls": f"{_API}.least_squares:matrix_solve_ls",
    "matrix_square_root": f"{_API}.matrix_functions:sqrtm",
    "confusion_matrix": f"{_API}.confusion_matrix:confusion_matrix",
    **from_module(f"{_API}.sorting", "argsort sort"),
    "lin_space": f"{_API}.sequences:linspace",
    # Variables.
    **from_module(
        f"{_API}.variables", "Variable VariableAggregation VariableSynchronization"
    ),
    **from_module(
        f"{_API}.variable_scope",
        "AUTO_REUSE VariableScope get_local_variable get_variable get_variable_scope "
        "no_regularizer variable_op_scope variable_scope",
    ),
    **from_module(
        f"{_API}.partitioners",
        "create_partitioned_variables fixed_size_partitioner "
        "min_max_variable_partitioner variable_axis_size_partitioner",
    ),
    "GradientTape": f"{_API}.gradient_tape:GradientTape",
    "Module": f"{_API}.module:Module",
    "hessians": f"{_API}.hessians:hessians",
    "custom_gradient": f"{_API}.custom_gradient:custom_gradient",
    "make_template": f"{_API}.template:make_template",
    **from_module(
        f"{_API}.variable_creation",
        "disable_resource_variables enable_resource_variables "
        "resource_variables_enabled variable_creator_scope",
    ),
    **from_module(
        f"{_API}.variable_collections",
        "all_variables assert_variables_initialized global_variables "
        "global_variables_initializer initialize_all_tables initialize_all_variables "
        "initialize_local_variables initialize_variables local_variables "
        "local_variables_initializer model_variables moving_average_variables "
        "report_uninitialized_variables tables_initializer trainable_variables "
        "variables_initializer",
    ),
    **from_module(
        f"{_API}.state",
        "assign assign_add assign_sub batch_scatter_update count_up_to "
        "is_variable_initialized scatter_add scatter_div scatter_max scatter_min "
        "scatter_mul scatter_nd_add scatter_nd_sub scatter_nd_update scatter_sub "
        "scatter_update",
    ),
    **from_module(
        f"{_API}.session_tensors",
        "delete_session_tensor get_session_handle get_session_tensor",
    ),
    # Queues and readers.
    **from_module(
        f"{_API}.accumulators",
        "ConditionalAccumulator ConditionalAccumulatorBase "
        "SparseConditionalAccumulator",
    ),
    **from_module(
        f"{_API}.queues",
        "FIFOQueue PaddingFIFOQueue PriorityQueue QueueBase RandomShuffleQueue",
    ),
    **from_module(
        f"{_API}.readers",
        "FixedLengthRecordReader IdentityReader LMDBReader ReaderBase TFRecordReader "
        "TextLineReader WholeFileReader matching_files read_file write_file",
    ),
    # Gradients.
    **from_module(
        "metagraft.gradients",
        "AggregationMethod RegisterGradient UnconnectedGradients gradients no_gradient",
    ),
    "NoGradient": "metagraft.gradients:no_gradient",
    "NotDifferentiable": "metagraft.gradients:no_gradient",
    # Order.
    **from_module("metagraft.graph.build.control_flow", "group no_op"),
    "init_scope": f"{_GRAPH}.init_scope:init_scope",
    "tuple": "metagraft.graph.build.control_flow:tuple_",
    # Behaviour.
    **from_module(
        f"{_API}.behaviour",
        "control_flow_v2_enabled disable_control_flow_v2 disable_tensor_equality "
        "disable_v2_behavior disable_v2_tensorshape enable_control_flow_v2 "
        "enable_tensor_equality enable_v2_behavior enable_v2_tensorshape",
    ),
    "TensorSpec": f"{_GRAPH}.tensor_spec:TensorSpec",
    "function": "metagraft.api.traced_functions:function",
    "wrap_function": "metagraft.api.wrapped_functions:wrap_function",
    "switch_case": "metagraft.api.switch_case:switch_case",
    "executing_eagerly_outside_functions": (
        f"{_GRAPH}.defaults:executing_eagerly_outside_functions"
    ),
    "is_tensor": f"{_GRAPH}.conversion:is_tensor",
    # Programs: flags, start, log.
    "app": f"{_API}.app",
    "flags": f"{_API}.flags",
    "get_logger": f"{_API}.logging:get_logger",
    "logging": f"{_API}.logging",
    "resource_loader": f"{_API}.resource_loader",
    # Running.
    "InteractiveSession": "metagraft.runtime.session:InteractiveSession",
    "Session": "metagraft.runtime.session:Session",
    # Versions.
    "GRAPH_DEF_VERSION": f"{_GRAPH}.graph:PRODUCER_VERSION",
    "GRAPH_DEF_VERSION_MIN_CONSUMER": "metagraft.meta_graph.producer:LEAST_CONSUMER",
    "GRAPH_DEF_VERSION_MIN_PRODUCER": "metagraft.meta_graph.producer:LEAST_PRODUCER",
    **dict.fromkeys(
        ("COMPILER_VERSION", "__compiler_version__"),
        "metagraft.meta_graph.producer:COMPILER_VERSION",
    ),
    **dict.fromkeys(
        ("VERSION", "__version__"), "metagraft.meta_graph.producer:TENSORFLOW_VERSION"
    ),
    **dict.fromkeys(
        ("GIT_VERSION", "__git_version__"),
        "metagraft.meta_graph.producer:TENSORFLOW_GIT_VERSION",
    ),
    **from_module(f"{_API}.build_flags", "CXX11_ABI_FLAG CXX_VERSION MONOLITHIC_BUILD"),
    "__cxx11_abi_flag__": f"{_API}.build_flags:CXX11_ABI_FLAG",
    "__cxx_version__": f"{_API}.build_flags:CXX_VERSION",
    "__monolithic_build__": f"{_API}.build_flags:MONOLITHIC_BUILD",
    **from_module("metagraft.graph.shapes", "dimension_at_index dimension_value"),
    "nondifferentiable_batch_function": f"{_API}.batch_functions:batch_function",
    # Namespaces.
    "OpError": "metagraft.errors:OpError",
    "errors": "metagraft.errors",
    **{
        name: f"metagraft.compat.v1.{name}"
        for name in (
            "audio",
            "autograph",
            "bitwise",
            "compat",
            "config",
            "debugging",
            "distributions",
            "gfile",
            "initializers",
            "layers",
            "graph_util",
            "image",
            "io",
            "linalg",
            "lookup",
            "losses",
            "manip",
            "math",
            "metrics",
            "mixed_precision",
            "nest",
            "nn",
            "profiler",
            "python_io",
            "queue",
            "quantization",
            "ragged",
            "random",
            "raw_ops",
            "saved_model",
            "sets",
            "sparse",
            "signal",
            "spectral",
            "strings",
            "sysconfig",
            "summary",
            "test",
            "train",
            "types",
            "user_ops",
            "version",
            "xla",
            "experimental",
            "dtypes",
        )
    },
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES, with_ragged)
