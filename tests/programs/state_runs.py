"""Programs that run stacks, arrays and lists of old graphs, and what they give.

Each takes the module it calls `tf` and returns values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np


def error_of(tf: ModuleType, run: Callable[[], Any]) -> list[str]:
    """Return the class and the message of the error that a call ends with."""
    try:
        run()
    except tf.errors.OpError as error:
        text = error.message.partition("\n\t [[{{node ")[0]
        # TensorFlow tells first where the node was made.
        return [type(error).__name__, text.rpartition("\n")[2]]
    return ["no error"]


class _OldGraph:
    """A graph of an old release, node by node."""

    def __init__(self, tf: ModuleType) -> None:
        self._tf = tf
        self.graph_def = tf.GraphDef()
        self.graph_def.versions.producer = 10

    def add(self, op: str, inputs: Sequence[str] = (), **attrs: Any) -> str:
        """Append a node and return its name; types and values become attributes."""
        name = f"{op}_{len(self.graph_def.node)}"
        node = self.graph_def.node.add(name=name, op=op, input=inputs)
        for key, value in attrs.items():
            if isinstance(value, self._tf.DType):
                node.attr[key].type = value.as_datatype_enum
            elif isinstance(value, bool):
                node.attr[key].b = value
            elif isinstance(value, int):
                node.attr[key].i = value
            else:
                node.attr[key].s = value
        return name

    def constant(self, value: Any, dtype: Any) -> str:
        """Append a constant."""
        name = self.add("Const", dtype=self._tf.as_dtype(dtype))
        tensor = self._tf.make_tensor_proto(value, dtype)
        self.graph_def.node[-1].attr["value"].tensor.CopyFrom(tensor)
        return name

    def run(self, names: Sequence[str], session: Any = None) -> Any:
        """Return the values of some outputs, and their static shapes."""
        tf = self._tf
        found = tf.import_graph_def(
            self.graph_def,
            return_elements=[n if ":" in n else f"{n}:0" for n in names],
            name="",
        )
        shapes = [str(t.shape) for t in found]
        if session is not None:
            return [session.run(found), shapes]
        with tf.Session() as own:
            return [own.run(found), shapes]


def stacks_of_the_first_version(tf: ModuleType) -> Any:
    """What was pushed last comes first."""
    graph = _OldGraph(tf)
    stack = graph.add("Stack", elem_type=tf.float32, stack_name=b"s")
    first = graph.add(
        "StackPush", [stack, graph.constant(1.5, "float32")], T=tf.float32
    )
    value = graph.constant([2.0, 3.0], "float32")
    second = graph.add("StackPush", [stack, value, f"^{first}"], T=tf.float32)
    top = graph.add("StackPop", [stack, f"^{second}"], elem_type=tf.float32)
    below = graph.add("StackPop", [stack, f"^{top}"], elem_type=tf.float32)
    return graph.run([top, below, first])


def stack_closed(tf: ModuleType) -> Any:
    """A closed stack is gone."""
    graph = _OldGraph(tf)
    stack = graph.add("Stack", elem_type=tf.float32, stack_name=b"s")
    value = graph.constant(1.5, "float32")
    pushed = graph.add("StackPush", [stack, value], T=tf.float32)
    closed = graph.add("StackClose", [stack, f"^{pushed}"])
    after = graph.add("Identity", [value, f"^{closed}"], T=tf.float32)
    return graph.run([after])


def _old_array(tf: ModuleType, version: str) -> Any:
    graph = _OldGraph(tf)
    name = f"TensorArray{version}"
    size = graph.constant(3, "int32")
    array = graph.add(name, [size], dtype=tf.float32, clear_after_read=False)
    flow = graph.constant(0.0, "float32")
    for i in range(3):
        place = graph.constant(i, "int32")
        value = graph.constant([i + 0.5, 2.0 * i], "float32")
        flow = graph.add(
            f"TensorArrayWrite{version}", [array, place, value, flow], T=tf.float32
        )
    one = graph.constant(1, "int32")
    read = graph.add(f"TensorArrayRead{version}", [array, one, flow], dtype=tf.float32)
    which = graph.constant([2, 0], "int32")
    rows = graph.add(
        f"TensorArrayGather{version}", [array, which, flow], dtype=tf.float32
    )
    joined = graph.add(f"TensorArrayConcat{version}", [array, flow], dtype=tf.float32)
    count = graph.add(f"TensorArraySize{version}", [array, flow])
    return graph.run([read, rows, joined, f"{joined}:1", count])


def arrays_of_the_first_version(tf: ModuleType) -> Any:
    """Their handles are references."""
    return _old_array(tf, "")


def arrays_of_the_second_version(tf: ModuleType) -> Any:
    """Their handles are strings."""
    return _old_array(tf, "V2")


def _old_parts(tf: ModuleType, version: str) -> Any:
    graph = _OldGraph(tf)
    flow = graph.constant(0.0, "float32")
    rows = graph.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "float32")
    arrays = [
        graph.add(
            f"TensorArray{version}", [graph.constant(3, "int32")], dtype=tf.float32
        )
        for _ in range(2)
    ]
    places = graph.constant([2, 0, 1], "int32")
    scattered = graph.add(
        f"TensorArrayScatter{version}", [arrays[0], places, rows, flow], T=tf.float32
    )
    lengths = graph.constant([1, 0, 2], "int64")
    split = graph.add(
        f"TensorArraySplit{version}", [arrays[1], rows, lengths, flow], T=tf.float32
    )
    every = graph.constant([0, 1, 2], "int32")
    first = graph.add(
        f"TensorArrayGather{version}", [arrays[0], every, scattered], dtype=tf.float32
    )
    last = graph.add(
        f"TensorArrayRead{version}",
        [arrays[1], graph.constant(2, "int32"), split],
        dtype=tf.float32,
    )
    return graph.run([first, last])


def parts_of_arrays_of_the_first_version(tf: ModuleType) -> Any:
    """Scattered and split."""
    return _old_parts(tf, "")


def parts_of_arrays_of_the_second_version(tf: ModuleType) -> Any:
    """Scattered and split."""
    return _old_parts(tf, "V2")


def packed_arrays(tf: ModuleType) -> Any:
    """Unpacked into an array, packed again, and its gradients added up."""
    graph = _OldGraph(tf)
    flow = graph.constant(0.0, "float32")
    rows = graph.constant([[1.0, 2.0], [3.0, 4.0]], "float32")
    array = graph.add("TensorArray", [graph.constant(2, "int32")], dtype=tf.float32)
    unpacked = graph.add("TensorArrayUnpack", [array, rows, flow], T=tf.float32)
    gradients = graph.add("TensorArrayGrad", [array, unpacked], source=b"gradients")
    place = graph.constant(1, "int32")
    for _ in range(2):
        unpacked = graph.add(
            "TensorArrayWrite",
            [gradients, place, graph.constant([7.0, 8.0], "float32"), unpacked],
            T=tf.float32,
        )
    packed = graph.add("TensorArrayPack", [array, unpacked], dtype=tf.float32)
    summed = graph.add(
        "TensorArrayRead", [gradients, place, unpacked], dtype=tf.float32
    )
    return graph.run([packed, summed])


# -- lists -----------------------------------------------------------------------------


def _stacked(tf: ModuleType, handle: Any, dims: Any = -1) -> Any:
    return tf.raw_ops.TensorListStack(
        input_handle=handle, element_shape=tf.constant(dims), element_dtype=tf.float32
    )


def _list_of(tf: ModuleType, rows: Any) -> Any:
    return tf.raw_ops.TensorListFromTensor(
        tensor=tf.constant(rows, tf.float32), element_shape=tf.constant([2])
    )


def lists_scattered_and_joined(tf: ModuleType) -> Any:
    """Older forms of the ops, and what joins lists."""
    rows = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    scattered = tf.raw_ops.TensorListScatter(
        tensor=rows, indices=[3, 1], element_shape=tf.constant([2])
    )
    both = tf.raw_ops.TensorListConcatLists(
        input_a=_list_of(tf, [[1, 2]]),
        input_b=_list_of(tf, [[3, 4], [5, 6]]),
        element_dtype=tf.float32,
    )
    joined, lengths = tf.raw_ops.TensorListConcat(
        input_handle=both, element_dtype=tf.float32, element_shape=tf.TensorShape([2])
    )
    batch = tf.stack([_list_of(tf, [[1, 2]]), _list_of(tf, [[3, 4]])])
    pushed = tf.raw_ops.TensorListPushBackBatch(
        input_handles=batch, tensor=tf.constant([[7.0, 8.0], [9.0, 10.0]])
    )
    one, other = tf.unstack(pushed)
    fetches = [
        _stacked(tf, scattered, [2]),
        _stacked(tf, both),
        joined,
        lengths,
        _stacked(tf, one),
        _stacked(tf, other),
    ]
    with tf.Session() as session:
        return [session.run(fetches), [str(t.shape) for t in fetches]]


def gradients_of_old_lists(tf: ModuleType) -> Any:
    """Through the forms that scatter and concatenate."""
    rows = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    scattered = tf.raw_ops.TensorListScatter(
        tensor=rows, indices=[1, 0], element_shape=tf.constant([2])
    )
    joined, _ = tf.raw_ops.TensorListConcat(
        input_handle=scattered,
        element_dtype=tf.float32,
        element_shape=tf.TensorShape([2]),
    )
    loss = tf.reduce_sum(joined * [1.0, 2.0, 3.0, 4.0])
    with tf.Session() as session:
        return session.run(tf.gradients(loss, rows))


def list_mistakes(tf: ModuleType) -> Any:
    """Lists that do not fit together."""
    raw = tf.raw_ops
    pair = tf.stack([_list_of(tf, [[1, 2]]), _list_of(tf, [[3, 4]])])
    wrong = [[[1.0, 2.0]], [[1.0], [2.0]]]
    mistakes = [
        raw.TensorListPushBackBatch(
            input_handles=pair,
            tensor=tf.placeholder_with_default(value, [None, None]),
        )
        for value in wrong
    ]
    with tf.Session() as session:
        return [error_of(tf, lambda op=op: session.run(op.op)) for op in mistakes]


# -- maps ------------------------------------------------------------------------------


def maps_of_tensors(tf: ModuleType) -> Any:
    """Keys of any type to values, each change a new map."""
    raw = tf.raw_ops
    first = raw.TensorMapInsert(
        input_handle=raw.EmptyTensorMap(), key=tf.constant(3), value=[1.0, 2.0]
    )
    second = raw.TensorMapInsert(input_handle=first, key=tf.constant(5), value=[4.0])
    third = raw.TensorMapInsert(input_handle=second, key=tf.constant(3), value=[9.0])
    erased = raw.TensorMapErase(
        input_handle=third, key=tf.constant(3), value_dtype=tf.float32
    )
    looked_up = [
        raw.TensorMapLookup(input_handle=m, key=tf.constant(k), value_dtype=tf.float32)
        for m, k in ((first, 3), (second, 5), (third, 3))
    ]
    missing = raw.TensorMapLookup(
        input_handle=erased, key=tf.constant(3), value_dtype=tf.float32
    )
    fetches = [
        *looked_up,
        raw.TensorMapSize(input_handle=second),
        raw.TensorMapSize(input_handle=erased),
        raw.TensorMapHasKey(input_handle=erased, key=tf.constant(3)),
        raw.TensorMapHasKey(input_handle=erased, key=tf.constant(5)),
        raw.TensorMapStackKeys(input_handle=erased, key_dtype=tf.int32),
    ]
    with tf.Session() as session:
        found = session.run(fetches)
        return [found, error_of(tf, lambda: session.run(missing))]


def map_stages(tf: ModuleType) -> Any:
    """Values under keys, given in parts, taken in the order of the keys."""
    raw = tf.raw_ops
    key = tf.placeholder(tf.int64, [])
    dtypes = {"dtypes": [tf.float32, tf.int32], "shared_name": "m"}

    def put(indices: Any, *values: Any) -> Any:
        return raw.OrderedMapStage(key=key, indices=indices, values=values, **dtypes)

    whole = put([0, 1], tf.constant([1.0, 2.0]), tf.constant(7))
    half, rest = put([0], tf.constant(3.0)), put([1], tf.constant(8))
    size = raw.OrderedMapSize(**dtypes)
    incomplete = raw.OrderedMapIncompleteSize(**dtypes)
    found = []
    with tf.Session() as session:
        session.run(whole, {key: 9})
        session.run(half, {key: 4})
        found.append(session.run([size, incomplete]))
        found.append(error_of(tf, lambda: session.run(half, {key: 4})))
        session.run(rest, {key: 4})
        found.append(session.run([size, incomplete]))
        found.append(
            session.run(raw.OrderedMapPeek(key=key, indices=[0, 1], **dtypes), {key: 9})
        )
        found.append(session.run(raw.OrderedMapUnstageNoKey(indices=[0, 1], **dtypes)))
        found.append(
            session.run(
                raw.OrderedMapUnstage(key=key, indices=[0, 1], **dtypes), {key: 9}
            )
        )
        found.append(session.run([size, incomplete]))
        session.run(whole, {key: 1})
        session.run(raw.OrderedMapClear(**dtypes))
        found.append(session.run([size, incomplete]))
    return found


def unordered_map_stages(tf: ModuleType) -> Any:
    """The same without an order."""
    raw = tf.raw_ops
    common = {"dtypes": [tf.float32], "shared_name": "u"}
    key = tf.constant(2, tf.int64)
    put = raw.MapStage(key=key, indices=[0], values=[tf.constant([1.0, 2.0])], **common)
    sizes = [raw.MapSize(**common), raw.MapIncompleteSize(**common)]
    found = []
    with tf.Session() as session:
        session.run(put)
        found.append(error_of(tf, lambda: session.run(put)))
        found.append(session.run(sizes))
        found.append(session.run(raw.MapPeek(key=key, indices=[0], **common)))
        found.append(session.run(raw.MapUnstage(key=key, indices=[0], **common)))
        session.run(put)
        found.append(session.run(raw.MapUnstageNoKey(indices=[0], **common)))
        session.run(put)
        session.run(raw.MapClear(**common))
        found.append(session.run(sizes))
    return found


# -- barriers, handles, temporary variables -------------------------------------------


def barriers(tf: ModuleType) -> Any:
    """Elements in parts; those complete are taken as their keys came."""
    raw = tf.raw_ops
    handle = raw.Barrier(
        component_types=[tf.float32, tf.int32], shapes=[[], [2]], shared_name="b"
    )
    keys = tf.placeholder(tf.string, [None])

    def insert(index: int, values: Any) -> Any:
        return raw.BarrierInsertMany(
            handle=handle, keys=keys, values=values, component_index=index
        )

    numbers = insert(0, tf.constant([1.0, 2.0, 3.0]))
    pairs = insert(1, tf.constant([[5, 6], [7, 8]]))
    take = raw.BarrierTakeMany(
        handle=handle, num_elements=2, component_types=[tf.float32, tf.int32]
    )
    some = raw.BarrierTakeMany(
        handle=handle,
        num_elements=5,
        component_types=[tf.float32, tf.int32],
        allow_small_batch=True,
    )
    sizes = [
        raw.BarrierReadySize(handle=handle),
        raw.BarrierIncompleteSize(handle=handle),
    ]
    found = []
    with tf.Session() as session:
        session.run(numbers, {keys: ["a", "b", "c"]})
        found.append(session.run(sizes))
        session.run(pairs, {keys: ["c", "a"]})
        found.append(session.run(sizes))
        found.append(session.run(take))
        found.append(
            error_of(tf, lambda: session.run(numbers, {keys: ["b", "d", "e"]}))
        )
        found.append(error_of(tf, lambda: session.run(numbers, {keys: ["f", "g"]})))
        session.run(pairs, {keys: ["b", "x"]})
        session.run(raw.BarrierClose(handle=handle))
        found.append(session.run(sizes))
        found.append(error_of(tf, lambda: session.run(pairs, {keys: ["p", "q"]})))
        found.append(session.run(some))
        session.run(raw.BarrierClose(handle=handle, cancel_pending_enqueues=True))
        found.append(error_of(tf, lambda: session.run(take)))
    return found


def session_handles(tf: ModuleType) -> Any:
    """Values that stay in the session, behind handles."""
    with tf.Session() as session:
        product = tf.multiply(tf.constant(10.0), tf.constant([1.0, 5.0]))
        handle = session.run(tf.get_session_handle(product))
        kept = handle.eval()
        holder, tensor = tf.get_session_tensor(handle.handle, tf.float32)
        doubled = session.run(tensor * 2.0, {holder: handle.handle})
        x = tf.placeholder(tf.float32, [2])
        as_object = session.run(x + 1.0, {x: handle})
        deleted = tf.delete_session_tensor(handle.handle)
        session.run(deleted[1], {deleted[0]: handle.handle})
        gone = error_of(tf, lambda: session.run(tensor, {holder: str(handle.handle)}))[
            0
        ]
        return [kept, doubled, as_object, gone, type(handle).__name__]


def temporary_variables(tf: ModuleType) -> Any:
    """A variable that a run makes, changes and gives away."""
    raw = tf.raw_ops
    made = raw.TemporaryVariable(shape=[2], dtype=tf.float32, var_name="t")
    given = tf.assign(made, [1.0, 2.0])
    added = tf.assign_add(given, [10.0, 20.0])
    final = raw.DestroyTemporaryVariable(ref=added, var_name="t")
    with tf.Session() as session:
        return [session.run(final), session.run(final * 2.0)]


def temporary_variable_mistakes(tf: ModuleType) -> Any:
    """One name twice, another name, and a variable that is gone."""
    raw = tf.raw_ops

    def made(name: str) -> Any:
        return raw.TemporaryVariable(shape=[2], dtype=tf.float32, var_name=name)

    first, second, third = made("a"), made("b"), made("c")
    with tf.control_dependencies([made("a")]):
        twice = raw.DestroyTemporaryVariable(ref=first, var_name="a")
    other = raw.DestroyTemporaryVariable(ref=second, var_name="z")
    gone = raw.DestroyTemporaryVariable(ref=third, var_name="c")
    with tf.control_dependencies([gone]):
        again = raw.DestroyTemporaryVariable(ref=third, var_name="c")
    with tf.Session() as session:
        return [
            error_of(tf, lambda op=op: session.run(op))[0]
            for op in (twice, other, again)
        ]


def scatter_mistakes(tf: ModuleType) -> Any:
    """Indices and updates that do not fit a variable."""
    found = []
    for use_resource in (False, True):
        with tf.variable_scope("scope", reuse=False):
            start = np.arange(6.0).reshape(3, 2)
            name = f"v{use_resource}"
            v = tf.get_variable(name, initializer=start, use_resource=use_resource)
        indices, updates = tf.placeholder(tf.int32), tf.placeholder(tf.float64)
        slices = tf.scatter_nd_add(v, indices, updates)
        rows = tf.scatter_add(v, indices, updates)
        with tf.Session() as session:
            session.run(v.initializer)
            for op, where, shape in (
                (slices, [[-1], [0]], (2, 2)),
                (slices, [[0], [3]], (2, 2)),
                (slices, [[0, 2]], (1,)),
                (slices, [[0]], (2, 2)),
                (slices, [[0, 0, 0]], (1,)),
                (slices, [[1]], (1, 3)),
                (rows, [1, 5], (2, 2)),
                (rows, [[0]], (2, 2)),
            ):
                feeds = {indices: where, updates: np.ones(shape)}
                found.append(error_of(tf, lambda f=feeds, o=op: session.run(o, f)))
    return found


def sparse_accumulator_mistakes(tf: ModuleType) -> Any:
    """Slices that do not fit an accumulator, or what it has."""
    found = []
    for shape in (None, [2, 2, None]):
        accumulator = tf.SparseConditionalAccumulator(tf.float32, shape=shape)
        indices, dims = tf.placeholder(tf.int64), tf.placeholder(tf.int64)
        values = tf.placeholder(tf.float32)
        op = accumulator.apply_grad(indices, values, dims)
        with tf.Session() as session:
            session.run(op, {indices: [1], values: np.ones((1, 2, 3)), dims: [2, 2, 3]})
            for where, size, whole in (
                ([0, 1], (2, 2), [2, 2]),
                ([[0]], (1, 2), [2, 2, 3]),
                (0, (1, 2), [2, 2, 3]),
                ([0], (), [2, 2, 3]),
                ([0, 1], (1, 2, 3), [2, 2, 3]),
                ([0], (1, 3, 3), [2, 3, 3]),
            ):
                feeds = {indices: where, values: np.ones(size), dims: whole}
                found.append(error_of(tf, lambda f=feeds, o=op: session.run(o, f)))
    return found


def reference_selected(tf: ModuleType) -> Any:
    """The variable that an index names is changed."""
    variables = [tf.Variable(float(i), name=f"v{i}") for i in range(3)]
    refs = [v._ref() if hasattr(v, "_ref") else v for v in variables]
    chosen = tf.raw_ops.RefSelect(index=1, inputs=refs)
    changed = tf.raw_ops.AssignAdd(ref=chosen, value=5.0)
    with tf.Session() as session:
        session.run(tf.variables_initializer(variables))
        first = session.run(changed)
        return [first, session.run([v.value() for v in variables])]


def partial_runs(tf: ModuleType) -> Any:
    """A run in parts: what was fed and computed before is not asked for again."""
    a, b, c = (tf.placeholder(tf.float32, []) for _ in range(3))
    drawn = tf.random_uniform([], seed=3)
    first = a + b + 0.0 * drawn
    second = first * c + drawn - drawn
    with tf.Session() as session:
        handle = session.partial_run_setup([first, second], [a, b, c])
        found = [session.partial_run(handle, first, {a: 1.0, b: 2.0})]
        found.append(session.partial_run(handle, second, {c: 10.0}))
        other = session.partial_run_setup([first, second], [a, b, c])
        found.append(session.partial_run(other, first, {a: 3.0, b: 2.0}))
        again = error_of(tf, lambda: session.partial_run(other, first, {c: 1.0}))
        third = session.partial_run_setup([first], [a, b])
        fed = error_of(tf, lambda: session.partial_run(third, second, {a: 1.0}))
        return [found, again[0], fed[0]]


def synchronous_replicas(tf: ModuleType) -> Any:
    """Averages of two gradients are applied, dense and by rows, step after step."""
    table = tf.get_variable("table", initializer=[[1.0], [2.0], [3.0]])
    v = tf.get_variable("v", initializer=[2.0])
    optimizer = tf.train.SyncReplicasOptimizer(
        tf.train.GradientDescentOptimizer(0.5), 2, total_num_replicas=1
    )
    step = tf.train.get_or_create_global_step()
    x = tf.placeholder(tf.float32, [])
    rows = tf.nn.embedding_lookup(table, [0, 2])
    train_op = optimizer.minimize(tf.reduce_sum(rows * v) * x, global_step=step)
    hook = optimizer.make_session_run_hook(is_chief=True, num_tokens=1)
    hook.begin()
    initial = [tf.global_variables_initializer(), tf.local_variables_initializer()]
    found = []
    with tf.Session(config=tf.ConfigProto(operation_timeout_in_ms=20000)) as session:
        coordinator = tf.train.Coordinator()
        session.run(initial)
        hook.after_create_session(session, coordinator)
        for _ in range(3):
            # The second waits for a token, which comes after the update.
            for value in (0.5, 1.0):
                session.run(train_op, {x: value})
            found.append(session.run([table, v, step]))
        coordinator.request_stop()
        session.close()
    return found


RUNS: dict[str, Callable[[ModuleType], Any]] = {
    run.__name__: run
    for run in (
        stacks_of_the_first_version,
        stack_closed,
        arrays_of_the_first_version,
        arrays_of_the_second_version,
        parts_of_arrays_of_the_first_version,
        parts_of_arrays_of_the_second_version,
        packed_arrays,
        lists_scattered_and_joined,
        gradients_of_old_lists,
        list_mistakes,
        maps_of_tensors,
        map_stages,
        unordered_map_stages,
        barriers,
        session_handles,
        temporary_variables,
        temporary_variable_mistakes,
        scatter_mistakes,
        sparse_accumulator_mistakes,
        reference_selected,
        partial_runs,
        synchronous_replicas,
    )
}
