"""Questions about graphs whose answers TensorFlow gave: names, scopes, errors.

Each probe takes the module that programs call `tf` and returns what JSON can hold.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

Probe = Callable[[ModuleType], Any]


def failure(call: Callable[[], Any]) -> str:
    """Return the name of the class of error that `call` raises."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - the class is the answer
        return next(
            c.__name__
            for c in type(error).__mro__
            if c.__module__ in ("builtins", "metagraft.errors")
            or c.__module__.startswith("tensorflow.python.framework.errors")
        )
    return "no error"


def unique_names(tf: ModuleType) -> Any:
    g = tf.get_default_graph()
    names = [g.unique_name(n) for n in ("a", "a", "A", "a_1", "a", "b/c", "b")]
    names.append(g.unique_name("a", mark_as_used=False))
    names.append(g.unique_name("a"))
    with g.name_scope("s"):
        names += [g.unique_name("a"), g.unique_name("a")]
    return names


def name_scopes(tf: ModuleType) -> Any:
    found = []
    with tf.name_scope("a") as outer:
        found.append(outer)
        with tf.name_scope("b") as inner:
            found += [inner, tf.constant(1.0, name="x").name]
        with tf.name_scope("b") as again:
            found += [again, tf.constant(1.0, name="x").name]
        with tf.name_scope(outer):
            found.append(tf.constant(1.0, name="y").name)
        with tf.name_scope(None):
            found.append(tf.constant(1.0, name="z").name)
        with tf.name_scope("") as empty:
            found.append(empty)
        found.append(tf.get_default_graph().get_name_scope())
    with tf.name_scope("a") as later:
        found.append(later)
    with tf.name_scope(None, "default", [tf.constant(0.0)]) as default:
        found.append(default)
    return found


def scope_errors(tf: ModuleType) -> Any:
    g = tf.get_default_graph()

    def enter(name: Any) -> Callable[[], Any]:
        return lambda: g.name_scope(name).__enter__()

    return [
        failure(enter("_a")),
        failure(enter("a b")),
        failure(enter("a/b_c.d-e")),
        failure(lambda: tf.constant(1.0, name="1+1")),
        failure(lambda: tf.constant(1.0, name="ok.name")),
    ]


def lookups(tf: ModuleType) -> Any:
    g = tf.get_default_graph()
    c = tf.constant([1.0], name="c")
    other = tf.Graph()
    with other.as_default():
        foreign = tf.constant(1.0)
    return [
        g.get_tensor_by_name("c:0").name,
        g.get_operation_by_name("c").name,
        g.as_graph_element("c:0").name,
        g.as_graph_element(c.op).name,
        failure(lambda: g.get_tensor_by_name("c")),
        failure(lambda: g.get_tensor_by_name("c:1")),
        failure(lambda: g.get_tensor_by_name("d:0")),
        failure(lambda: g.get_tensor_by_name("c:x")),
        failure(lambda: g.get_tensor_by_name(3)),
        failure(lambda: g.get_operation_by_name("c:0")),
        failure(lambda: g.get_operation_by_name("d")),
        failure(lambda: g.get_operation_by_name(c)),
        failure(lambda: g.as_graph_element(foreign)),
        failure(lambda: g.as_graph_element(1.5)),
        failure(lambda: g.as_graph_element(c, allow_tensor=False)),
    ]


def control_inputs(tf: ModuleType) -> Any:
    a, b = tf.constant(1.0, name="a"), tf.constant(2.0, name="b")
    found = []
    with tf.control_dependencies([b, a]):
        c = tf.identity(a, name="c")
        found.append([op.name for op in c.op.control_inputs])
        d = tf.identity(c, name="d")
        found.append([op.name for op in d.op.control_inputs])
        with tf.control_dependencies([c]):
            e = tf.constant(1.0, name="e")
            found.append(sorted(op.name for op in e.op.control_inputs))
        with tf.control_dependencies(None):
            f = tf.constant(1.0, name="f")
            found.append([op.name for op in f.op.control_inputs])
    return found


def devices(tf: ModuleType) -> Any:
    found = []
    with tf.device("/job:worker/task:1"):
        found.append(tf.constant(1.0).device)
        with tf.device("/gpu:0"):
            found.append(tf.constant(1.0).device)
            with tf.device("/job:ps"):
                found.append(tf.constant(1.0).device)
        with tf.device(None):
            found.append(tf.constant(1.0).device)
        with tf.device(lambda op: "/cpu:1" if op.type == "Const" else ""):
            found.append(tf.constant(1.0).device)
    found.append(failure(lambda: tf.device("/nonsense:1").__enter__()))
    return found


def colocation(tf: ModuleType) -> Any:
    with tf.device("/cpu:0"):
        a = tf.constant(1.0, name="a")
    b = tf.constant(1.0, name="b")
    with tf.colocate_with(a.op):
        c = tf.constant(1.0, name="c")
        with tf.colocate_with(b):
            d = tf.constant(1.0, name="d")
        with tf.colocate_with(b, ignore_existing=True):
            e = tf.constant(1.0, name="e")
    return [
        [x.op.device, [g.decode() for g in x.op.colocation_groups()]]
        for x in (a, b, c, d, e)
    ]


def collections(tf: ModuleType) -> Any:
    g = tf.get_default_graph()
    with tf.name_scope("s"):
        x = tf.constant(1.0, name="x")
    y = tf.constant(1.0, name="y")
    for value in (x, y, x, 3):
        tf.add_to_collection("k", value)
    tf.add_to_collections(["p", "q", "p"], y)
    g.get_collection_ref("r").append(1)
    found = [
        [getattr(v, "name", v) for v in tf.get_collection("k")],
        [v.name for v in tf.get_collection("k", scope="s")],
        tf.get_collection("none"),
        sorted(g.get_all_collection_keys()),
        len(tf.get_collection("p")),
        g.get_collection("r"),
    ]
    g.clear_collection("k")
    return [*found, tf.get_collection("k")]


def finalized(tf: ModuleType) -> Any:
    g = tf.get_default_graph()
    tf.constant(1.0)
    g.finalize()
    return [
        g.finalized,
        failure(lambda: tf.constant(1.0)),
        failure(lambda: g.add_to_collection("a", 1)),
    ]


def seeds(tf: ModuleType) -> Any:
    found = [tf.get_seed(None), tf.get_seed(7), tf.get_seed(0)]
    tf.set_random_seed(5)
    found += [tf.get_seed(None), tf.get_seed(None), tf.get_seed(3), tf.get_seed(None)]
    tf.set_random_seed(0)
    found += [tf.get_seed(0), tf.get_seed(2**31 + 5)]
    return found


def shapes(tf: ModuleType) -> Any:
    s = tf.TensorShape([None, 3])
    unknown = tf.TensorShape(None)
    return [
        str(s),
        repr(s),
        str(unknown),
        repr(unknown),
        str(tf.TensorShape([])),
        str(tf.TensorShape([2])),
        s.as_list(),
        s.ndims,
        unknown.ndims,
        s.num_elements(),
        tf.TensorShape([2, 3]).num_elements(),
        str(s.merge_with([2, None])),
        str(s.concatenate([4])),
        str(s[1:]),
        repr(s[0]),
        s.is_compatible_with([5, 3]),
        s.is_compatible_with([5, 4]),
        s.is_fully_defined(),
        str(unknown.with_rank(2)),
        str(unknown[1:3]),
        s == tf.TensorShape([None, 3]),
        bool(unknown),
        failure(lambda: s.merge_with([2, 4])),
        failure(lambda: unknown.as_list()),
        failure(lambda: s.assert_has_rank(3)),
        failure(lambda: s.with_rank_at_least(3)),
        failure(lambda: tf.TensorShape([-5])),
        failure(lambda: len(unknown)),
        failure(lambda: list(unknown)),
    ]


def dimensions(tf: ModuleType) -> Any:
    d, unknown = tf.Dimension(6), tf.Dimension(None)
    return [
        repr(d), str(unknown), (d * 2).value, (d // 4).value, (2 + d).value,
        (d + unknown).value, d == 6, d == unknown, d != 5, d < 7, d > unknown,
        (d % 4).value, (d - 1).value, int(d), bool(unknown), bool(tf.Dimension(0)),
        failure(lambda: d / 2), failure(lambda: tf.Dimension("x")),
        failure(lambda: tf.Dimension(-1)), failure(lambda: tf.Dimension(2.5)),
    ]  # fmt: skip


def dtypes(tf: ModuleType) -> Any:
    kinds = [tf.float32, tf.float16, tf.int8, tf.bool, tf.string, tf.complex64]
    found: list[Any] = [
        [t.name, str(t), repr(t), t.as_datatype_enum, t.size, t.is_floating,
         t.is_integer, t.is_complex, t.is_unsigned, t.real_dtype.name]
        for t in kinds
    ]  # fmt: skip
    converted = ["float", np.float32, "int64", np.dtype("uint8"), 9, float, bool]
    found += [tf.as_dtype(c).name for c in converted]
    found += [tf.as_dtype("float32_ref").name, tf.float32 == "float32"]
    found += [
        failure(lambda: tf.as_dtype(int)),
        failure(lambda: tf.as_dtype("no")),
        failure(lambda: tf.as_dtype(1000)),
    ]
    found += [float(tf.float16.max), int(tf.int32.min), list(tf.uint8.limits)]
    return found


def constant_messages(tf: ModuleType) -> Any:
    values: list[tuple[Any, Any, Any]] = [
        (1, None, None), (1.5, None, None), ([1, 2], None, None), (2**40, None, None),
        ([1.5, 2], None, None), (True, None, None), ([True, False], None, None),
        ("text", None, None), ([b"a", "b"], None, None), (1 + 2j, None, None),
        ([[1], [2]], "int64", None), (3, "float32", None), (0.0, "float32", [2, 3]),
        (np.arange(3), None, None), (np.float64(2.0), None, None), ([], None, None),
        (np.array([1.5, 2.0], np.float16), None, None), (1.5, "bfloat16", None),
        (np.array(["x", "yz"]), None, None), ([1, 2], "uint8", None),
        ([0.5], "float16", None), (np.zeros([0, 3], np.int32), None, None),
        ([1 + 1j, 2], "complex64", None), (7, "uint64", None), (7, "half", None),
    ]  # fmt: skip
    return [
        tf.make_tensor_proto(v, dtype=t, shape=s).SerializeToString().hex()
        for v, t, s in values
    ]


def constant_errors(tf: ModuleType) -> Any:
    return [
        failure(lambda: tf.constant(None)),
        failure(lambda: tf.constant(1.5, tf.int32)),
        failure(lambda: tf.constant("a", tf.float32)),
        failure(lambda: tf.constant([1, [2]])),
        failure(lambda: tf.constant([1, 2, 3], shape=[2])),
        failure(lambda: tf.constant(1, tf.string)),
        failure(lambda: tf.constant(2**40, tf.int32)),
        failure(lambda: tf.constant([1, "a"])),
        failure(lambda: tf.constant(object())),
        failure(lambda: tf.constant(1, dtype="no")),
    ]


def conversions(tf: ModuleType) -> Any:
    x = tf.placeholder(tf.float32, [2], name="x")
    packed = tf.convert_to_tensor([x, [1.0, 2.0]])
    nested = tf.convert_to_tensor([[x[0], 1.0], [2.0, x[1]]], name="n")
    shape = tf.convert_to_tensor(tf.TensorShape([2, 3]))
    dimension = tf.convert_to_tensor(tf.Dimension(4))
    preferred = tf.convert_to_tensor(1, preferred_dtype=tf.float64)
    return [
        [t.name, t.dtype.name, str(t.shape)]
        for t in (packed, nested, shape, dimension, preferred)
    ] + [
        failure(lambda: tf.convert_to_tensor(x, tf.int32)),
        failure(lambda: tf.convert_to_tensor(tf.TensorShape([None]))),
        failure(lambda: tf.convert_to_tensor([x, "a"])),
    ]


def tensors(tf: ModuleType) -> Any:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.placeholder(tf.int32, name="y")
    found = [str(x), repr(x), str(y), repr(y), repr(x.op), x.op.type, x.value_index]
    x.set_shape([2, None])
    found += [str(x.shape), failure(lambda: x.set_shape([3, 3]))]
    z = tf.add(x, 1.0, name="z")
    found += [[c.name for c in x.consumers()], [i.name for i in z.op.inputs]]
    found += [
        failure(lambda: bool(x)), failure(lambda: list(y)), failure(lambda: x.eval()),
        failure(lambda: z.op.get_attr("none")), z.op.get_attr("T").name,
        failure(lambda: tf.matmul(x, tf.constant([[1.0, 2.0]]))),
        failure(lambda: x + tf.constant(1)), failure(lambda: tf.add(x, "a")),
    ]  # fmt: skip
    return found


def references(tf: ModuleType) -> Any:
    x, y = tf.constant(1.0, name="x"), tf.constant(2.0, name="y")
    v = tf.Variable(1.0, name="v", use_resource=False)
    kept = {x.ref(): "x", v.ref(): "v"}
    return [
        [kept.get(one.ref()) for one in (x, y, v)],
        [x.ref() == x.ref(), x.ref() == y.ref(), x.ref() == v.ref()],
        [x.experimental_ref() == x.ref(), x.ref().deref() is x, v.ref().deref() is v],
        [repr(x.ref()), x.ref() == None],  # noqa: E711 - the comparison is asked for
        failure(lambda: x.ref() == x),
    ]


class _Described:
    """An object that describes the memory of an array."""

    def __init__(self, values: Any) -> None:
        self._array = np.array(values)
        self.__array_interface__ = self._array.__array_interface__


def described_arrays(tf: ModuleType) -> Any:
    found = [tf.constant(_Described(v)) for v in ([1, 2], [1.5], [True], [b"ab", b"c"])]
    found.append(tf.constant(_Described([1, 2]), tf.float32, [2, 2]))
    return [[t.dtype.name, t.shape.as_list()] for t in found]


def static_values(tf: ModuleType) -> Any:
    array = np.ones(2)
    return [
        tf.get_static_value(array) is array,
        tf.get_static_value("hi"),
        tf.get_static_value(3),
        tf.get_static_value(None),
        tf.get_static_value(tf.Variable(1.0)),
    ]


def crossed_devices(tf: ModuleType) -> Any:
    g = tf.get_default_graph()
    outer, inner = g.device("/cpu:1"), g.device("/cpu:2")
    outer.__enter__()
    inner.__enter__()
    return failure(lambda: outer.__exit__(None, None, None))


def users_of_sparse_tensors(tf: ModuleType) -> Any:
    """Which operations use a part of a sparse tensor: each once."""
    sparse = tf.SparseTensor([[0, 0]], [1.0], [2, 2])
    tf.sparse.reduce_sum(sparse)
    tf.identity(sparse.values)
    tf.sparse.to_dense(sparse)
    return sorted(operation.type for operation in sparse.consumers())


PROBES: tuple[Probe, ...] = (
    references,
    described_arrays,
    static_values,
    crossed_devices,
    unique_names,
    name_scopes,
    scope_errors,
    lookups,
    control_inputs,
    devices,
    colocation,
    collections,
    finalized,
    seeds,
    shapes,
    dimensions,
    dtypes,
    constant_messages,
    constant_errors,
    conversions,
    tensors,
    users_of_sparse_tensors,
)
