"""Programs with ops that few graphs have, and mistakes with them.

Each takes the module it calls `tf`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from tests.programs.functions import defun

_NAN, _INF = float("nan"), float("inf")
_MIXED = np.array([[1, -2, 0, _NAN], [_INF, -_INF, 5, -7]])
_TYPES = "bfloat16 float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32"


def _fetched(tf: ModuleType, fetches: list[Any]) -> list[Any]:
    with tf.Session() as session:
        return list(session.run(fetches))


def _summary(tf: ModuleType, value: Any, mode: int, **options: Any) -> Any:
    return tf.raw_ops.DebugNumericSummaryV2(
        input=value, tensor_debug_mode=mode, **{"tensor_id": 7, **options}
    )


def debug_summaries(tf: ModuleType) -> list[Any]:
    """What each mode asks, of every type."""
    values = [tf.cast(tf.constant(_MIXED), name) for name in _TYPES.split()[:4]]
    whole = np.array([[3, 0, 1], [0, 7, 9]])
    values += [tf.cast(tf.constant(whole), name) for name in _TYPES.split()[4:]]
    values += [
        tf.constant([True, False, True]),
        tf.zeros([0, 3]),
        tf.constant(-0.0),
        tf.zeros([1, 2, 3, 1, 1, 1, 1, 2]),
        tf.constant([-3, 4]),
    ]
    return _fetched(
        tf,
        [
            _summary(tf, value, mode, output_dtype=dtype)
            for value in values
            for mode in (2, 3, 4, 5, 8)
            for dtype in (tf.float32, tf.float64)
        ],
    )


def old_summaries(tf: ModuleType) -> list[Any]:
    """A summary of a tensor of numbers, and of strings."""
    return _fetched(
        tf,
        [
            tf.raw_ops.TensorSummary(
                tensor=value, description="d", labels=["l"], display_name="n"
            )
            for value in (tf.constant([[1.5, 2.0]]), tf.constant([b"a", b"b"]))
        ],
    )


def _batch(tf: ModuleType, *tensors: Any, **options: Any) -> Any:
    return tf.raw_ops.Batch(
        **{
            "in_tensors": [tf.constant(x) for x in tensors],
            "num_batch_threads": 1,
            "max_batch_size": 4,
            "batch_timeout_micros": 1000,
            "grad_timeout_micros": 10**6,
            **options,
        }
    )


def _rows(count: int) -> Any:
    return np.arange(2.0 * count, dtype=np.float32).reshape(count, 2)


def batches(tf: ModuleType) -> list[Any]:
    """Rows in a batch, filled up or not, and out of it."""
    fetches = []
    for options in ({}, {"allowed_batch_sizes": [2, 4]}):
        (x, y), index, number = _batch(tf, _rows(3), np.array([5, 6, 7]), **options)
        back = tf.raw_ops.Unbatch(
            batched_tensor=x * 2, batch_index=index, id=number, timeout_micros=10**6
        )
        fetches += [x, y, index[:, 1:], back]
    (x,), index, number = _batch(tf, _rows(2))
    fetches.append(
        tf.raw_ops.UnbatchGrad(
            original_input=x, batch_index=index, grad=x * 3, id=number
        )
    )
    return _fetched(tf, fetches)


def functions_on_batches(tf: ModuleType) -> list[Any]:
    """A function of a batch and of what is captured."""

    def compute(x: Any, offset: Any) -> Any:
        return x * 2 + offset, tf.abs(x)

    function: Any = defun(tf, tf.float32, tf.float32)(compute)
    function.add_to_graph(tf.get_default_graph())
    return _fetched(
        tf,
        [
            one
            for sizes in ([], [2, 4])
            for one in tf.raw_ops.BatchFunction(
                in_tensors=[tf.constant(_rows(3))],
                captured_tensors=[tf.constant(3.0)],
                f=function,
                num_batch_threads=1,
                max_batch_size=4,
                batch_timeout_micros=1000,
                allowed_batch_sizes=sizes,
                Tout=[tf.float32, tf.float32],
            )
        ],
    )


def anonymous_tables(tf: ModuleType) -> list[Any]:
    """Tables that only one run has."""
    ops, types = tf.raw_ops, {"key_dtype": tf.string, "value_dtype": tf.int64}
    keys = tf.constant(["a", "b"])
    fetches = []
    static = ops.AnonymousHashTable(**types)
    mutable = ops.AnonymousMutableHashTable(**types)
    rows = ops.AnonymousMutableHashTableOfTensors(**types, value_shape=[2])
    dense = ops.AnonymousMutableDenseHashTable(
        empty_key=tf.constant(""), deleted_key=tf.constant("$"), value_dtype=tf.int64
    )
    for table, values, other in (
        (static, [1, 2], -1),
        (mutable, [3, 4], -2),
        (rows, [[1, 2], [3, 4]], [0, -1]),
        (dense, [5, 6], -3),
    ):
        given = tf.constant(values, tf.int64)
        if table is static:
            fill = ops.InitializeTableV2(table_handle=table, keys=keys, values=given)
        else:
            fill = ops.LookupTableInsertV2(table_handle=table, keys=keys, values=given)
        with tf.control_dependencies([fill]):
            found = ops.LookupTableFindV2(
                table_handle=table,
                keys=tf.constant(["b", "c", "a"]),
                default_value=tf.constant(other, tf.int64),
            )
            fetches += [found, ops.LookupTableSizeV2(table_handle=table)]
    return _fetched(tf, fetches) + _fetched(
        tf, [ops.LookupTableSizeV2(table_handle=mutable)]
    )


def negative_sampling(tf: ModuleType) -> list[Any]:
    """Steps of word vectors, where only one word can be drawn; an old graph has it."""
    numbers = np.random.RandomState(2)
    graph = tf.Graph()
    with graph.as_default():
        for name in ("w_in", "w_out"):
            start = numbers.randn(3, 4).astype(np.float32)
            tf.Variable(start, name=name, use_resource=False)
        tf.constant([0, 1, 1, 2], name="examples")
        tf.constant([1, 0, 2, 2], name="labels")
        tf.constant(0.3, name="rate")
    old = graph.as_graph_def()
    old.versions.producer = 18
    node = old.node.add(name="step", op="NegTrain")
    node.input.extend(["w_in", "w_out", "examples", "labels", "rate"])
    node.attr["vocab_count"].list.i.extend([5, 0, 0])
    node.attr["num_negative_samples"].i = 2
    names = ["w_in/Assign", "w_out/Assign", "step", "w_in:0", "w_out:0"]
    *starts, step, w_in, w_out = tf.import_graph_def(old, return_elements=names)
    with tf.Session() as session:
        session.run(starts)
        session.run(step)
        return list(session.run([w_in, w_out]))


def shuffled_records(tf: ModuleType) -> list[Any]:
    """The records of a file, shuffled; when a second round begins is a race."""
    with tempfile.TemporaryDirectory() as folder:
        with tf.io.TFRecordWriter(f"{folder}/a.rec") as writer:
            for number in range(40):
                writer.write(b"%d" % number)
        batches = [
            tf.raw_ops.RecordInput(
                file_pattern=f"{folder}/*.rec", batch_size=20, file_random_seed=seed
            )
            for seed in (7, 301)
        ]
        with tf.Session() as session:
            return [session.run(one) for one in batches for _ in range(2)]


def _imported(tf: ModuleType, op_type: str, *operands: Any, **attrs: Any) -> Any:
    """Add an operation that only graphs have which ran."""
    graph = tf.Graph()
    with graph.as_default():
        names = [tf.constant(x, name=f"x{i}").op.name for i, x in enumerate(operands)]
    dumped = graph.as_graph_def()
    node = dumped.node.add(name="made", op=op_type, input=names)
    for name, value in attrs.items():
        if isinstance(value, list):
            node.attr[name].list.s.extend(one.encode() for one in value)
        elif name == "num_buckets":
            node.attr[name].i = value
        else:
            node.attr[name].type = value.as_datatype_enum
    return tf.import_graph_def(dumped, return_elements=["made:0"], name="")[0]


def _composed(tf: ModuleType, dtype: Any, *names: str) -> Any:
    x = np.array([-1.5, 0.25, 2.0], dtype.as_numpy_dtype)
    return _imported(tf, "_UnaryOpsComposition", x, T=dtype, op_names=list(names))


def rewritten(tf: ModuleType) -> list[Any]:
    """What optimizers put in place of nodes."""
    chains = (
        ("Abs", "Sqrt", "Neg"),
        ("Tanh", "Square", "Relu"),
        ("Elu", "Sigmoid", "Log", "Expm1"),
        ("Inv", "Round", "Rint", "Ceil", "Floor"),
    )
    fetches = [
        _composed(tf, dtype, *names)
        for names in chains
        for dtype in (tf.float32, tf.float64)
    ]
    x = np.array([-1.5, 300.0, 7.0])
    fetches += [
        _imported(tf, "_HostCast", x, SrcT=tf.float64, DstT=dtype)
        for dtype in (tf.uint8, tf.int32, tf.bool, tf.float16)
    ]
    whole = np.array([[5, -7], [123, 0]])
    for dtype in (tf.int64, tf.int8):
        given = whole.astype(dtype.as_numpy_dtype)
        name = "_TensorToHashBucketFast"
        fetches.append(_imported(tf, name, given, T=dtype, num_buckets=1000))
    return _fetched(tf, [*fetches, _imported(tf, "_EagerConst", x, T=tf.float64)])


def rewritten_branches(tf: ModuleType) -> list[Any]:
    """A branch as it is called before it is taken apart."""
    graph = tf.Graph()
    with graph.as_default():
        names = []
        for compute in (lambda x: x * 2, lambda x: x / 2):
            made: Any = defun(tf, tf.float32)(compute)
            made.add_to_graph(graph)
            names.append(made.name)
        tf.constant(3.0, name="x")
        for flag in (True, False):
            tf.constant(flag, name=f"is_{flag}")
    dumped = graph.as_graph_def()
    for flag in (True, False):
        node = dumped.node.add(name=f"if_{flag}", op="_If", input=[f"is_{flag}", "x"])
        node.attr["Tcond"].type = tf.bool.as_datatype_enum
        for name in ("Tin", "Tout"):
            node.attr[name].list.type.append(tf.float32.as_datatype_enum)
        for name, function in zip(("then_branch", "else_branch"), names, strict=True):
            node.attr[name].func.name = function
    wanted = ["if_True:0", "if_False:0"]
    return _fetched(tf, tf.import_graph_def(dumped, return_elements=wanted))


def groups_of_one(tf: ModuleType) -> list[Any]:
    """What a worker does together with nobody else."""
    ops, x = tf.raw_ops, tf.constant([[1.0, 2.0], [3.0, 4.0]])
    merge = {"merge_op": "Add", "final_op": "Div"}
    return _fetched(
        tf,
        [
            ops.CollectiveReduce(
                input=x,
                group_size=1,
                group_key=1,
                instance_key=1,
                subdiv_offsets=[0],
                **merge,
            ),
            ops.CollectiveReduceV2(
                input=x,
                group_size=1,
                group_key=2,
                instance_key=2,
                ordering_token=[],
                **merge,
            ),
            ops.CollectiveGather(
                input=x, group_size=1, group_key=3, instance_key=3, shape=[2, 2]
            ),
            ops.CollectiveGatherV2(
                input=x, group_size=1, group_key=4, instance_key=4, ordering_token=[]
            ),
            ops.CollectiveBcastSend(
                input=x, group_size=1, group_key=5, instance_key=5, shape=[2, 2]
            ),
            *ops.CollectiveAssignGroupV2(
                group_assignment=[[1, 2], [0, 3]], device_index=3, base_key=7
            ),
        ],
    )


RUNS: dict[str, Callable[[ModuleType], list[Any]]] = {
    run.__name__: run
    for run in (
        debug_summaries,
        old_summaries,
        batches,
        functions_on_batches,
        anonymous_tables,
        negative_sampling,
        shuffled_records,
        rewritten,
        rewritten_branches,
        groups_of_one,
    )
}
MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    "composed": lambda tf: _composed(tf, tf.float32, "Abs", "Softplus"),
    "debug_mode": lambda tf: _summary(tf, tf.constant(1.0), 7),
    "debug_number": lambda tf: _summary(tf, tf.constant(1.0), 2, tensor_id=2**24 + 1),
    "batch_size": lambda tf: _batch(tf, _rows(5))[1],
    "batch_scalar": lambda tf: _batch(tf, np.float32(1))[1],
    "no_records": lambda tf: tf.raw_ops.RecordInput(file_pattern="/nowhere/*.rec"),
    "batch_sizes": lambda tf: _batch(tf, _rows(2), allowed_batch_sizes=[2, 3])[1],
}
